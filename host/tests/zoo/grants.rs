//! Attempts to circumvent grants: paths that mean something other than they seem to, in manifests, in grant files, and
//! through names in the cluster.

use pve_exporter::catalog::Grant;
use pve_exporter::collector::{Collector, Origin};
use pve_exporter::request::{GuestType, Place, Template};

use super::support::{Animal, Outcome, animal, limits, sandbox, show};
use harness::forge;

/// Invalid request paths, with the reason.
const BYPASSES: &[(&str, &str)] = &[
    ("", "must start with /"),
    ("/", "empty segment"),
    ("nodes", "must start with /"),
    ("https://evil.example/api2/json/nodes", "must start with /"),
    ("//evil.example/nodes", "empty segment"),
    ("/nodes//status", "empty segment"),
    ("/nodes/", "empty segment"),
    ("/../access/users", "the segment .."),
    ("/nodes/../access/users", "the segment .."),
    ("/nodes/{node}/..", "the segment .."),
    ("/nodes/./status", "the segment ."),
    ("/nodes/%2e%2e/access/users", "without percent-encoding"),
    ("/nodes/..%2faccess/users", "without percent-encoding"),
    ("/nodes/%252e%252e/access", "without percent-encoding"),
    ("/%61ccess/users", "without percent-encoding"),
    ("/nodes/..;/access/users", "the character ';'"),
    ("/nodes\\..\\access", "the character '\\\\'"),
    ("/nodes/{node}/status#/access", "must not have a fragment"),
    ("/nodes/{node}/status HTTP/1.1", "the character ' '"),
    ("/nodes\r\nX-Evil: 1", "the character '\\r'"),
    ("/nodes\0", "the character '\\0'"),
    ("/nodes\t", "the character '\\t'"),
    ("/nödes", "the character 'ö'"),
    ("/nodes/\u{ff0e}\u{ff0e}/access", "the character"),
    ("/nodes/*", "the character '*'"),
    ("/nodes/[a-z]", "the character '['"),
    ("/nodes/{node}/status?", "key=value pairs"),
    ("/nodes?full", "key=value pairs"),
    ("/nodes?full=1&&x=2", "key=value pairs"),
    ("/nodes?=1", "the query string has an invalid character in"),
    ("/nodes?a=1?b=2", "the query string has an invalid character in"),
    ("/nodes?a=%26b=1", "the query string has an invalid character in"),
    ("/nodes?a={node}", "the query string must not contain placeholders"),
    ("/nodes?a=1;b=2", "the query string has an invalid character in"),
    ("/nodes?a=b=c", "the query string has an invalid character in"),
    ("/{node}/status", "{node} must follow /nodes/"),
    ("/cluster/{node}", "{node} must follow /nodes/"),
    ("/nodes/{node}/{node}", "{node} appears twice"),
    ("/nodes/{node}/nodes/{node}", "{node} appears twice"),
    ("/nodes/x{node}", "each a whole segment"),
    ("/nodes/{node}{storage}", "each a whole segment"),
    ("/nodes/{ node }", "the character ' '"),
    ("/nodes/{NODE}", "each a whole segment"),
    ("/nodes/{}", "each a whole segment"),
    ("/nodes/{{node}}", "each a whole segment"),
    ("/storage/{storage}", "{storage} must follow {node} and /storage/"),
    ("/nodes/{node}/{storage}", "{storage} must follow {node} and /storage/"),
    ("/nodes/{node}/{vmid}/config", "{vmid} must follow"),
    ("/nodes/{node}/qemu/x/{vmid}", "{vmid} must follow"),
    ("/nodes/{node}/{type}/status", "{type} must be followed by {vmid}"),
    ("/cluster/{type}/{vmid}", "{type} must follow {node}"),
];

#[test]
fn a_path_that_means_another_is_refused_wherever_it_stands() {
    let mut wrong = Vec::new();
    for (path, words) in BYPASSES {
        let says =
            |text: String, whose: &str| (!text.contains(words)).then(|| format!("{path:?} in a {whose}: {text}"));
        wrong.extend(
            Template::parse(path).map_or_else(|error| says(error.to_string(), "template"), |_| Some((*path).into())),
        );
        let quoted = serde_json::to_string(&[path]).unwrap();
        let text = Grant::parse(&format!("allow: {quoted}"))
            .map_or_else(|error| error.to_string(), |grant| format!("{grant:?}"));
        wrong.extend(says(text, "grant"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let animals: Vec<Animal> = BYPASSES
        .iter()
        .map(|(path, words)| {
            animal(&format!("asks for {path:?}"), forge("x").requests(&[path]).build(), Outcome::Refused(words))
        })
        .collect();
    show(&animals);
}

fn check(asked: &[&str], allowed: &[&str]) -> Result<(), String> {
    let bytes = forge("asks").requests(asked).build();
    let collector = Collector::load(&sandbox(), &bytes, Origin::Builtin, limits()).unwrap();
    let grant = Grant::parse(&format!("allow: {}", serde_json::to_string(allowed).unwrap())).unwrap();
    grant.check_requests(&collector.schema).map_err(|refusal| refusal.to_string())
}

/// No grant allows access to users, tokens and permissions.
#[test]
fn access_is_nobodys() {
    for path in ["/access", "/access/users", "/access/ticket", "/access/users?full=1", "/access?x=1"] {
        let error = check(&[path], &[path]).unwrap_err();
        assert!(error.contains("which no grant can allow"), "{path}: {error}");
    }
    // To Proxmox VE, whose paths are case-sensitive, this is another path, which it answers with 501.
    assert_eq!(check(&["/Access/users"], &["/Access/users"]), Ok(()));
    assert!(check(&["/Access/users"], &["/access/users"]).is_err());
}

/// A grant matches a path exactly: not a shorter or longer one, nor one that some server treats as the same.
#[test]
fn a_grant_is_for_exactly_its_paths() {
    const GRANTED: &str = "/nodes/{node}/status";
    assert_eq!(check(&[GRANTED], &[GRANTED]), Ok(()));
    for asked in [
        "/nodes",
        "/nodes/{node}",
        "/nodes/{node}/Status",
        "/nodes/{node}/status/x",
        "/nodes/{node}/status?x=1",
        "/nodes/{node}/status.",
        "/nodes/{node}/status,",
        "/nodes/localhost/status",
        "/nodes/node01/status",
        "/nodes/{node}/qemu/{vmid}/agent/get-fsinfo",
        "/nodes/{node}/qemu/{vmid}/agent/file-read?file=/etc/shadow",
        "/nodes/{node}/qemu/{vmid}/vncproxy",
        "/nodes/{node}/termproxy",
        "/cluster/status",
    ] {
        let error = check(&[GRANTED, asked], &[GRANTED]).unwrap_err();
        assert_eq!(
            error,
            format!("the collector requests more than is allowed; add to its grant file: allow: [\"{asked}\"]")
        );
        // By its exact path even the guest agent can be had.
        assert_eq!(check(&[GRANTED, asked], &[GRANTED, asked]), Ok(()));
    }
    // The types of guests are distinct, and the query string is part of the path.
    assert!(check(&["/nodes/{node}/{type}/{vmid}/config"], &["/nodes/{node}/qemu/{vmid}/config"]).is_err());
    assert!(check(&["/nodes/{node}/qemu?full=1"], &["/nodes/{node}/qemu"]).is_err());
    assert!(
        check(&["/cluster/status", "/cluster/ha/status"], &[])
            .unwrap_err()
            .contains("[\"/cluster/status\", \"/cluster/ha/status\"]")
    );
}

/// A generated grant file lists what is denied by default only in a comment.
#[test]
fn a_written_grant_does_not_give_away_what_is_denied() {
    let paths = [
        "/nodes/{node}/status",
        "/nodes/{node}/qemu/{vmid}/agent/get-fsinfo",
        "/nodes/{node}/qemu/{vmid}/monitor",
        "/nodes/{node}/storage/{storage}/file-restore/list",
        "/access/users",
    ];
    let bytes = forge("asks").requests(&paths).build();
    let collector = Collector::load(&sandbox(), &bytes, Origin::Builtin, limits()).unwrap();
    let text = Grant::write(&collector.schema, &"0".repeat(64));
    assert_eq!(Grant::parse(&text).unwrap().allow, [Template::parse(paths[0]).unwrap()], "{text}");
    for path in &paths[1..] {
        assert!(text.contains(&format!("  # - \"{path}\"")), "{text}");
    }
}

/// The manifest's texts appear in a generated grant file, but can't become keys in it.
#[test]
fn a_version_can_not_write_its_own_grant() {
    let hostile = "1.0\nallow: [\"/nodes/{node}/config\"]\n# ";
    let bytes =
        forge("asks").requests(&["/cluster/status"]).manifest(|manifest| manifest.version = hostile.to_owned()).build();
    match Collector::load(&sandbox(), &bytes, Origin::Builtin, limits()) {
        Err(error) => assert!(error.to_string().contains("version"), "{error}"),
        Ok(collector) => {
            let text = Grant::write(&collector.schema, &"0".repeat(64));
            let allowed = Grant::parse(&text).map(|grant| grant.allow);
            assert_eq!(allowed, Ok(vec![Template::parse("/cluster/status").unwrap()]), "{text}");
        }
    }
}

/// Whoever may create a storage in the cluster chooses its name freely.
#[test]
fn no_name_of_the_cluster_widens_a_path() {
    let template = Template::parse("/nodes/{node}/storage/{storage}/status").unwrap();
    let names = [
        "../../access/users",
        "..%2f..%2faccess",
        "a/b",
        "a\\b",
        "a?b=c",
        "a#b",
        "a%2fb",
        "a&b",
        "a;b",
        "a b",
        "a\r\nb",
        "a\0b",
        "ü",
        "{node}",
        "...",
        "%2e%2e",
        ".%2e",
        "a:b@c",
    ];
    for name in names {
        let place = Place { node: Some(name.into()), storage: Some(name.into()), ..Place::cluster() };
        let path = template.bind(&place).unwrap().as_str().to_owned();
        assert_eq!(path.split('/').count(), 6, "{name:?}: {path}");
        assert!(path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-._~%".contains(&byte)), "{name:?}: {path}");
        let segments: Vec<&str> = path.split('/').collect();
        assert!(!segments.iter().any(|segment| matches!(*segment, "." | "..")), "{name:?}: {path}");
        let decoded = percent_encoding::percent_decode_str(segments[2]).decode_utf8().unwrap();
        assert_eq!(decoded, name);
    }
    for name in ["", ".", ".."] {
        let place = Place { node: Some(name.into()), storage: Some("local".into()), ..Place::cluster() };
        assert!(template.bind(&place).is_err(), "{name:?}");
    }
    // A template for virtual machines can't be bound to a container.
    let template = Template::parse("/nodes/{node}/qemu/{vmid}/config").unwrap();
    let place = Place { node: Some("a".into()), guest_type: Some(GuestType::Lxc), vmid: Some(100), ..Place::cluster() };
    assert!(template.bind(&place).is_err());
}
