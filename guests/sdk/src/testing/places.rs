//! Which places a collector runs for: its request templates held against the paths there are answers for.

use std::collections::BTreeSet;

use crate::{GuestType, Place, Request};

/// The places of a collector with these requests, in order: every binding of all of its placeholders that the path of
/// some answer shows. Without placeholders it is one place, the cluster.
pub(super) fn places<'a>(requests: &[Request], paths: impl Iterator<Item = &'a str> + Clone) -> BTreeSet<Place> {
    if wanted(requests).is_empty() {
        return BTreeSet::from([Place::default()]);
    }
    placing(requests).into_iter().flat_map(|request| paths.clone().filter_map(|path| bind(request, path))).collect()
}

/// The requests whose answers show where a collector is called: those with all of its placeholders.
pub(super) fn placing(requests: &[Request]) -> Vec<&'static str> {
    let wanted = wanted(requests);
    let paths = requests.iter().map(|request| request.path);
    paths.filter(|path| placeholders(path).collect::<BTreeSet<_>>() == wanted).collect()
}

/// All placeholders of a collector's requests.
fn wanted(requests: &[Request]) -> BTreeSet<&'static str> {
    requests.iter().flat_map(|request| placeholders(request.path)).collect()
}

/// Whether some request is for this path, at whatever place.
pub(super) fn asks(requests: &[Request], path: &str) -> bool {
    requests.iter().any(|request| bind(request.path, path).is_some())
}

/// The path of a request at a place. Names are put in as they are: fixtures have none that need percent-encoding.
pub(super) fn path_at(request: Request, place: &Place) -> String {
    let fill = |segment: &str| match segment {
        "{node}" => place.node.clone().unwrap_or_default(),
        "{type}" => place.guest_type.map(|guest| guest.as_str().to_owned()).unwrap_or_default(),
        "{vmid}" => place.vmid.map(|vmid| vmid.to_string()).unwrap_or_default(),
        "{storage}" => place.storage.clone().unwrap_or_default(),
        literal => literal.to_owned(),
    };
    request.path.split('/').map(fill).collect::<Vec<_>>().join("/")
}

fn placeholders(template: &str) -> impl Iterator<Item = &str> {
    template.split('/').filter(|segment| segment.starts_with('{'))
}

/// The bindings under which `template` is `path`, if there are any.
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
    fn binds_each_placeholder() {
        let place = bind("/nodes/{node}/{type}/{vmid}/config", "/nodes/node01/lxc/210/config").unwrap();
        assert_eq!(
            place,
            Place { node: Some("node01".into()), guest_type: Some(GuestType::Lxc), vmid: Some(210), storage: None }
        );
        assert_eq!(path_at(Request::get("/nodes/{node}/{type}/{vmid}/config"), &place), "/nodes/node01/lxc/210/config");
    }

    #[test]
    fn takes_no_other_path() {
        for path in ["/nodes/node01/disks/210/config", "/nodes/node01/qemu/x/config", "/nodes/node01/qemu/210"] {
            assert_eq!(bind("/nodes/{node}/{type}/{vmid}/config", path), None, "{path}");
        }
    }

    #[test]
    fn a_shared_request_makes_no_places_of_its_own() {
        let requests = [Request::get("/nodes/{node}/status"), Request::get("/nodes/{node}/qemu/{vmid}/config")];
        let paths = ["/nodes/node01/status", "/nodes/node02/status", "/nodes/node01/qemu/7/config"];
        let places = places(&requests, paths.into_iter());
        assert_eq!(places.into_iter().map(|place| place.vmid).collect::<Vec<_>>(), [Some(7)]);
    }
}
