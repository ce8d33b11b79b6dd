//! Which places a collector runs for in a case: its request templates held against the paths there are answers for.

use std::collections::BTreeSet;

use super::error::AuthorError;
use super::fixture::Case;
use crate::request::{GuestType, Place, Template};
use crate::schema::Schema;

/// The places, in order: every binding of all placeholders that the path of some answer shows. Without placeholders it is
/// one, the cluster.
pub(super) fn places(schema: &Schema, case: &Case) -> BTreeSet<Place> {
    if schema.placeholders.is_empty() {
        return BTreeSet::from([Place::cluster()]);
    }
    placing(schema).flat_map(|template| case.answers.keys().filter_map(|path| bind(template, path))).collect()
}

/// The requests whose answers show where a collector is called: those with all of its placeholders.
pub(super) fn placing(schema: &Schema) -> impl Iterator<Item = &Template> {
    let templates = schema.requests.iter().map(|request| &request.template);
    templates.filter(|template| template.placeholders() == schema.placeholders)
}

/// Every answer must be one that some request asks for: a misspelt path would be a test of nothing.
pub(super) fn check_declared(schema: &Schema, case: &Case) -> Result<(), AuthorError> {
    let asked = |path: &str| schema.requests.iter().any(|request| bind(&request.template, path).is_some());
    match case.answers.iter().find(|(path, _)| !asked(path)) {
        Some((path, (file, _))) => Err(AuthorError::Undeclared {
            path: file.clone(),
            collector: schema.name.clone(),
            asked: path.clone(),
            requests: schema.requests.iter().map(|request| request.template.to_string()).collect(),
        }),
        None => Ok(()),
    }
}

/// A template's path at a place as it stands in file names: names are put in as they are, not percent-encoded.
pub(super) fn path_at(template: &Template, place: &Place) -> String {
    let fill = |segment: &str| match segment {
        "{node}" => place.node.as_deref().unwrap_or_default().to_owned(),
        "{type}" => place.guest_type.map(GuestType::as_str).unwrap_or_default().to_owned(),
        "{vmid}" => place.vmid.map(|vmid| vmid.to_string()).unwrap_or_default(),
        "{storage}" => place.storage.as_deref().unwrap_or_default().to_owned(),
        literal => literal.to_owned(),
    };
    template.as_str().split('/').map(fill).collect::<Vec<_>>().join("/")
}

/// As the SDK's tests write a place: `node01`, `node01/qemu/112`, `node01/local-zfs`, `cluster`.
pub(super) fn place_name(place: &Place) -> String {
    place.to_string().replacen("/storage/", "/", usize::from(place.storage.is_some()))
}

/// The bindings under which `template` is `path`, if there are any.
fn bind(template: &Template, path: &str) -> Option<Place> {
    let mut place = Place::cluster();
    let (mut wanted, mut found) = (template.as_str().split('/'), path.split('/'));
    loop {
        let (wanted, segment) = match (wanted.next(), found.next()) {
            (None, None) => break,
            (wanted, segment) => (wanted?, segment?),
        };
        match wanted {
            "{node}" => place.node = Some(segment.into()),
            "{type}" => place.guest_type = Some(GuestType::parse(segment)?),
            "{vmid}" => place.vmid = Some(segment.parse().ok()?),
            "{storage}" => place.storage = Some(segment.into()),
            literal if literal == segment => {}
            _ => return None,
        }
    }
    Some(place)
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
            let template = Template::parse(template).unwrap();
            let place = bind(&template, path).unwrap();
            assert_eq!((path_at(&template, &place).as_str(), place_name(&place).as_str()), (path, name));
        }
    }

    #[test]
    fn other_paths_do_not_bind() {
        let template = Template::parse("/nodes/{node}/{type}/{vmid}/config").unwrap();
        for path in ["/nodes/node01/disks/210/config", "/nodes/node01/qemu/x/config", "/nodes/node01/qemu/210"] {
            assert_eq!(bind(&template, path), None, "{path}");
        }
    }
}
