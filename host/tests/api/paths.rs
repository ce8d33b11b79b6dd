//! Path templates and binding them to places.

use proptest::prelude::*;
use pve_exporter::request::{GuestType, Place, Placeholders, Template};

fn template(text: &str) -> Template {
    Template::parse(text).map_err(|error| error.to_string()).unwrap()
}

fn problem(text: &str) -> String {
    Template::parse(text).map(|template| template.to_string()).unwrap_err().to_string()
}

const GOOD: [&str; 8] = [
    "/version",
    "/cluster/ha/status/current",
    "/nodes/{node}/status",
    "/nodes/{node}/qemu?full=1",
    "/nodes/{node}/{type}/{vmid}/config",
    "/nodes/{node}/lxc/{vmid}/status/current",
    "/nodes/{node}/storage/{storage}/status",
    "/nodes/{node}/disks/list?include-partitions=1&type=unused",
];

#[test]
fn bad_templates_say_why() {
    let cases = [
        ("", "must start with /"),
        ("version", "must start with /"),
        ("https://evil/version", "must start with /"),
        ("//evil/version", "empty segment"),
        ("/", "empty segment"),
        ("/version/", "empty segment"),
        ("/nodes//status", "empty segment"),
        ("/nodes/../access/users", "must not contain the segment .."),
        ("/nodes/./status", "must not contain the segment ."),
        ("/nodes/%2e%2e/access", "without percent-encoding"),
        ("/nodes%2faccess", "without percent-encoding"),
        ("/nodes\\..\\access", "contains the character '\\\\'"),
        ("/version#x", "must not have a fragment"),
        ("/version x", "contains the character ' '"),
        ("/version\r\nHost: evil", "contains the character '\\r'"),
        ("/versiön", "contains the character 'ö'"),
        ("/nodes/{Node}/status", "is not a placeholder"),
        ("/nodes/{node}x/status", "is not a placeholder"),
        ("/nodes/{name}", "is not a placeholder"),
        ("/nodes/{node/status", "is not a placeholder"),
        ("/{node}/status", "{node} must follow /nodes/"),
        ("/nodes/{node}/nodes/{node}", "{node} appears twice"),
        ("/nodes/x/storage/{storage}", "{storage} must follow {node} and /storage/"),
        ("/nodes/{node}/{storage}", "{storage} must follow {node} and /storage/"),
        ("/nodes/{node}/{type}", "{type} must be followed by {vmid}"),
        ("/nodes/{node}/x/{type}/{vmid}", "{type} must follow {node}"),
        ("/nodes/{node}/{vmid}", "{vmid} must follow {node} and {type}, /qemu/ or /lxc/"),
        ("/nodes/x/qemu/{vmid}", "{vmid} must follow {node}"),
        ("/nodes/{node}/qemu?vmid={vmid}", "the query string must not contain placeholders"),
        ("/version?", "must be key=value pairs"),
        ("/version?full", "must be key=value pairs"),
        ("/version?=1", "the query string has an invalid character in"),
        ("/version?a=1&", "must be key=value pairs"),
        ("/version?a=%2f", "the query string has an invalid character in"),
        ("/version?a=1?b=2", "the query string has an invalid character in"),
        ("/version@evil;x", "contains the character ';'"),
    ];
    for (text, words) in cases {
        let problem = problem(text);
        assert!(problem.contains(words), "{problem} does not say {words}");
        assert!(!problem.contains(['\r', '\n']));
    }
    // An error shows at most 300 characters of the path.
    for filler in ["x", "\u{10ffff}", "\""] {
        let problem = problem(&format!("/{}", filler.repeat(512)));
        assert!(problem.ends_with("longer than 512 bytes"), "{problem}");
        assert!(problem.chars().count() < 300, "{problem}");
    }
}

#[test]
fn placeholders_and_guest_types() {
    for text in GOOD {
        assert_eq!(template(text).as_str(), text);
    }
    let all = template(GOOD[4]).placeholders().union(template(GOOD[6]).placeholders());
    assert_eq!(all, Placeholders { node: true, guest_type: true, vmid: true, storage: true });
    assert!(template(GOOD[0]).placeholders().is_empty());
    assert_eq!(template(GOOD[4]).fixed_guest_type(), None);
    assert_eq!(template(GOOD[5]).fixed_guest_type(), Some(GuestType::Lxc));
    assert_eq!(template("/nodes/{node}/qemu").fixed_guest_type(), None);
}

#[test]
fn binding() {
    let guest = Place::guest("pve1", GuestType::Qemu, 100);
    let bind = |text: &str, place: &Place| template(text).bind(place).map(|path| path.as_str().to_owned());
    assert_eq!(bind(GOOD[4], &guest).unwrap(), "/nodes/pve1/qemu/100/config");
    assert_eq!(bind(GOOD[3], &guest).unwrap(), "/nodes/pve1/qemu?full=1");
    assert_eq!(bind(GOOD[0], &guest).unwrap(), "/version");
    let odd = Place::storage("a/b?c#d e", "ü%2f..");
    assert_eq!(bind(GOOD[6], &odd).unwrap(), "/nodes/a%2Fb%3Fc%23d%20e/storage/%C3%BC%252f../status");

    let text = |text: &str, place: &Place| bind(text, place).unwrap_err().to_string();
    assert_eq!(
        text(GOOD[5], &guest),
        "/nodes/{node}/lxc/{vmid}/status/current is for the other type of guest, not qemu"
    );
    assert_eq!(text(GOOD[2], &Place::cluster()), "/nodes/{node}/status: the place has no {node}");
    for bad in ["", ".", ".."] {
        assert_eq!(
            text(GOOD[2], &Place::node(bad)),
            format!("/nodes/{{node}}/status: \"{bad}\" is not valid for {{node}}")
        );
    }
}

#[test]
fn paths_know_their_node_and_template() {
    let path = template(GOOD[2]).bind(&Place::node("pve1")).unwrap();
    assert_eq!((path.node(), path.template()), (Some("pve1"), GOOD[2]));
    assert_eq!(template("/nodes/localhost/status").bind(&Place::cluster()).unwrap().node(), Some("localhost"));
    assert_eq!(template("/nodes").bind(&Place::node("pve1")).unwrap().node(), None);
    // The same request, whichever template it comes from.
    let guest = Place::guest("pve1", GuestType::Lxc, 100);
    let (one, other) = ("/nodes/{node}/lxc/{vmid}/config", "/nodes/{node}/{type}/{vmid}/config");
    assert_eq!(template(one).bind(&guest).unwrap(), template(other).bind(&guest).unwrap());
}

#[test]
fn places_for_people() {
    let shown = [
        (Place::cluster(), "cluster"),
        (Place::node("node01"), "node01"),
        (Place::guest("node01", GuestType::Qemu, 100), "node01/qemu/100"),
        (Place::storage("node01", "local"), "node01/storage/local"),
    ];
    for (place, text) in shown {
        assert_eq!(place.to_string(), text);
    }
}

#[test]
fn what_no_wildcard_grants() {
    let denied = [
        "/access/users",
        "/access",
        "/nodes/{node}/qemu/{vmid}/agent/get-osinfo",
        "/nodes/{node}/{type}/{vmid}/vncproxy",
        "/nodes/{node}/lxc/{vmid}/termproxy",
        "/nodes/{node}/vncwebsocket?port=5900",
        "/nodes/{node}/qemu/100/spiceproxy",
        "/nodes/{node}/storage/{storage}/file-restore/list",
    ];
    for text in denied {
        assert!(template(text).denied().is_some(), "{text}");
    }
    for text in GOOD {
        assert_eq!(template(text).denied(), None, "{text}");
    }
}

/// The segments of the path, and the query string.
fn split(path: &str) -> (Vec<&str>, Option<&str>) {
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    (path.split('/').collect(), query)
}

proptest! {
    #[test]
    fn whatever_is_bound_the_path_keeps_its_shape(
        node in "\\PC{0,12}|[./%?#\\\\ {}]{0,6}|\\.{1,3}",
        storage in any::<String>(),
        vmid in any::<u32>(),
        lxc in any::<bool>(),
        index in 0..GOOD.len(),
    ) {
        let template = template(GOOD[index]);
        let guest_type = if lxc { GuestType::Lxc } else { GuestType::Qemu };
        let place = Place {
            node: Some(node.into()),
            guest_type: Some(guest_type),
            vmid: Some(vmid),
            storage: Some(storage.into()),
        };
        let Ok(path) = template.bind(&place) else { return Ok(()) };
        let (wanted, wanted_query) = split(template.as_str());
        let (segments, query) = split(path.as_str());
        prop_assert_eq!(query, wanted_query);
        prop_assert_eq!(segments.len(), wanted.len());
        for (segment, wanted) in segments.iter().zip(wanted).skip(1) {
            prop_assert!(!matches!(*segment, "" | "." | ".."));
            prop_assert!(segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)));
            let placeholder = wanted.starts_with('{');
            prop_assert!(placeholder || *segment == wanted);
        }
        // A URL parser reads the same path.
        let url = reqwest::Url::parse(&format!("https://pve1:8006/api2/json{path}")).unwrap();
        let below = format!("/api2/json{}", path.as_str().split('?').next().unwrap());
        prop_assert_eq!((url.host_str(), url.path(), url.fragment()), (Some("pve1"), below.as_str(), None));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "/\\PC{0,40}|/[a-z./%?#&={}]{0,40}") {
        if let Ok(template) = Template::parse(&text) {
            prop_assert!(!text.contains("//") && !text.contains("/..") && !text.contains('#') && !text.contains('%'));
            prop_assert_eq!(template.as_str(), text);
        }
    }
}
