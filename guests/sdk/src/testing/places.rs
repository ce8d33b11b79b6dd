//! Which places a collector is called for: its request templates matched against the paths that have answers.

use std::collections::BTreeSet;

use crate::{GuestType, Place, Request, contract};

/// A request that answers are matched against: a collector's constant or an entry of a manifest.
///
/// ```
/// use pve_collector::{Collector, describe, testing::Requested};
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs;
///
/// fn required_paths<R: Requested>(requests: &[R]) -> Vec<&str> {
///     requests.iter().filter(|request| !request.is_optional()).map(|request| request.path()).collect()
/// }
///
/// assert_eq!(required_paths(Zfs::REQUESTS), required_paths(&describe::<Zfs>().requests));
/// ```
pub trait Requested {
    /// The path with its placeholders.
    fn path(&self) -> &str;

    /// Whether `collect` is called even if this request has no answer.
    fn is_optional(&self) -> bool;
}

impl Requested for Request {
    fn path(&self) -> &str {
        self.path
    }

    fn is_optional(&self) -> bool {
        self.optional
    }
}

impl Requested for contract::Request {
    fn path(&self) -> &str {
        &self.path
    }

    fn is_optional(&self) -> bool {
        self.optional
    }
}

/// The places of a collector with these requests, in order: every binding of all its placeholders that the path of some
/// answer shows. Without placeholders there is one place, the cluster.
pub(super) fn places<'a, R: Requested>(
    requests: &[R],
    paths: impl Iterator<Item = &'a str> + Clone,
) -> BTreeSet<Place> {
    if all_placeholders(requests).is_empty() {
        return BTreeSet::from([Place::default()]);
    }
    placing(requests).into_iter().flat_map(|template| paths.clone().filter_map(|path| bind(template, path))).collect()
}

/// The templates whose answers decide where a collector is called: those with all of its placeholders.
pub(super) fn placing<R: Requested>(requests: &[R]) -> Vec<&str> {
    let all = all_placeholders(requests);
    let templates = requests.iter().map(Requested::path);
    templates.filter(|template| placeholders(template).collect::<BTreeSet<_>>() == all).collect()
}

fn all_placeholders<R: Requested>(requests: &[R]) -> BTreeSet<&str> {
    requests.iter().flat_map(|request| placeholders(request.path())).collect()
}

/// Whether one of the requests is for this path, at whatever place.
pub(super) fn requested<R: Requested>(requests: &[R], path: &str) -> bool {
    requests.iter().any(|request| bind(request.path(), path).is_some())
}

/// The path of a request at a place, as cases spell it: names replace the placeholders as they are, without
/// percent-encoding.
///
/// ```
/// use pve_collector::{Place, testing::path_at};
///
/// let place = Place { node: Some("node01".to_owned()), storage: Some("nfs".to_owned()), ..Place::default() };
/// let path = path_at("/nodes/{node}/storage/{storage}/status", &place);
/// assert_eq!(path, "/nodes/node01/storage/nfs/status");
/// ```
pub fn path_at(template: &str, place: &Place) -> String {
    let fill = |segment: &str| match segment {
        "{node}" => place.node.clone().unwrap_or_default(),
        "{type}" => place.guest_type.map(|guest| guest.as_str().to_owned()).unwrap_or_default(),
        "{vmid}" => place.vmid.map(|vmid| vmid.to_string()).unwrap_or_default(),
        "{storage}" => place.storage.clone().unwrap_or_default(),
        literal => literal.to_owned(),
    };
    template.split('/').map(fill).collect::<Vec<_>>().join("/")
}

fn placeholders(template: &str) -> impl Iterator<Item = &str> {
    template.split('/').filter(|segment| segment.starts_with('{'))
}

/// The place at which `template` is `path`, if there is one.
fn bind(template: &str, path: &str) -> Option<Place> {
    let mut place = Place::default();
    let mut segments = path.split('/');
    for wanted in template.split('/') {
        let segment = segments.next()?;
        match wanted {
            "{node}" => place.node = Some(segment.to_owned()),
            "{type}" => {
                place.guest_type = Some(match segment {
                    "qemu" => GuestType::Qemu,
                    "lxc" => GuestType::Lxc,
                    _ => return None,
                })
            }
            "{vmid}" => place.vmid = Some(segment.parse().ok()?),
            "{storage}" => place.storage = Some(segment.to_owned()),
            literal if literal == segment => {}
            _ => return None,
        }
    }
    segments.next().is_none().then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_binds_its_placeholders_and_comes_back() {
        for (template, path, name) in [
            ("/nodes/{node}/{type}/{vmid}/config", "/nodes/node01/lxc/210/config", "node01/lxc/210"),
            ("/nodes/{node}/storage/{storage}/status", "/nodes/a/storage/nfs/status", "a/nfs"),
            ("/nodes/{node}/qemu?full=1", "/nodes/node01/qemu?full=1", "node01"),
            ("/cluster/status", "/cluster/status", "cluster"),
        ] {
            let place = bind(template, path).unwrap();
            assert_eq!((path_at(template, &place).as_str(), place.to_string().as_str()), (path, name));
        }
    }

    #[test]
    fn other_paths_do_not_bind() {
        for path in ["/nodes/node01/disks/210/config", "/nodes/node01/qemu/x/config", "/nodes/node01/qemu/210"] {
            assert_eq!(bind("/nodes/{node}/{type}/{vmid}/config", path), None, "{path}");
        }
    }

    #[test]
    fn a_shared_request_makes_no_places_of_its_own() {
        let requests = ["/nodes/{node}/status", "/nodes/{node}/qemu/{vmid}/config"].map(Request::get);
        let paths = ["/nodes/node01/status", "/nodes/node02/status", "/nodes/node01/qemu/7/config"];
        let places = places(&requests, paths.into_iter());
        assert_eq!(places.into_iter().map(|place| place.vmid).collect::<Vec<_>>(), [Some(7)]);
    }
}
