//! Grant files: a component serves only with its grant, and no version gets more than was granted.

use pve_collector::contract::Kind;
use pve_exporter::request::Place;
use sha2::{Digest as _, Sha256};

use super::shop::{ALLOW, BUILTIN, Shop, version};
use harness::{table, zoo_component};

#[test]
fn nothing_serves_without_its_grant() {
    let shop = Shop::open();
    shop.put("zfs.wasm", version("zfs", "1.0.0").build());
    let refusal = shop.refusal("zfs.wasm");
    assert!(
        refusal.starts_with("there is no grant file; if you trust the collector with this, write zfs.yml:\n"),
        "{refusal}"
    );
    let (_, lines) = refusal.split_once(":\n").unwrap();
    assert_eq!(shop.serving(), [BUILTIN]);

    // The grant that the refusal suggests is sufficient.
    shop.put("zfs.yml", lines);
    assert_eq!(shop.reload().loaded.len(), 1);
    assert_eq!(shop.serving(), [BUILTIN, "zfs 1.0.0"]);
    assert!(shop.reload().is_empty(), "nothing changed");

    // A grant for another digest is not.
    shop.put("zfs.wasm", version("zfs", "1.0.1").build());
    let refusal = shop.refusal("zfs.wasm");
    assert!(
        refusal.contains("its sha256 is ") && refusal.contains("if you trust this version, write: sha256: "),
        "{refusal}"
    );
    assert_eq!(shop.serving(), [BUILTIN, "zfs 1.0.0"]);

    // Removing the grant file revokes the grant.
    shop.remove("zfs.yml");
    assert_eq!(shop.reload().removed, ["zfs"]);
    assert_eq!(shop.serving(), [BUILTIN]);
}

#[test]
fn a_grant_that_can_not_be_understood_grants_nothing_new() {
    let shop = Shop::open();
    shop.put("zfs.wasm", version("zfs", "1.0.0").build());
    for (grant, words) in [
        ("alow: [\"/cluster/status\"]", "zfs.yml:1:1: alow is not a key of a grant"),
        ("allow: \"/cluster/status\"", "zfs.yml:1:8: allow must be a list"),
        ("allow: [\"/cluster/*\"]", "the character '*'"),
        ("allow: [\"/cluster\"]", "add to its grant file: allow: [\"/cluster/status\"]"),
        ("allow: [\"/cluster/status\"]\nlimits: {cpu: 100 bananas}", "cpu: write a time"),
        ("allow: [\"/cluster/status\"]\nlimits: {memory: 1GiB}", "at most 134217728 are allowed"),
        ("allow: [\"/cluster/status\"]\nlimits: {memory: 18446744073709551615}", "memory"),
        ("allow: [\"/cluster/status\"]\nlimits: {memory: 64KiB}", "65536 are allowed (limits: memory)"),
        ("allow: [\"/cluster/status\"]\nsha256: 1234", "zfs.yml:2:9: sha256 must be 64 hexadecimal digits"),
        ("allow: [\"/cluster/status\"]\nallow: []", "zfs.yml:2:1: allow appears twice"),
        ("&a [*a, *a]", "zfs.yml:1:5: an alias (*) without its anchor"),
        ("\0", "zfs.yml: is UTF-16 or binary"),
    ] {
        shop.put("zfs.yml", grant);
        let refusal = shop.refusal("zfs.wasm");
        assert!(refusal.contains(words), "{grant}: {refusal}");
        assert_eq!(shop.serving(), [BUILTIN], "{grant}");
    }
    shop.put("zfs.yml", b"\xff\xfe");
    assert!(shop.refusal("zfs.wasm").starts_with("zfs.yml: is UTF-16 or binary, not UTF-8"));
    shop.put("zfs.yml", "# x\n".repeat(20_000));
    assert!(shop.refusal("zfs.wasm").contains("zfs.yml: is larger than 65536 bytes"));

    // Once it serves, an invalid grant file changes nothing, and one that allows less stops it.
    shop.put("zfs.yml", ALLOW);
    shop.reload();
    assert_eq!(shop.serving(), [BUILTIN, "zfs 1.0.0"]);
    shop.put("zfs.yml", "allow: [");
    let refusal = shop.refusal("zfs.wasm");
    assert!(refusal.starts_with("zfs.yml:1:8: a bracket is not closed"), "{refusal}");
    let fate = "; the previous version keeps serving, with the limits it had before the grant file became invalid";
    assert!(refusal.ends_with(fate), "{refusal}");
    assert_eq!(shop.serving(), [BUILTIN, "zfs 1.0.0"]);
    shop.put("zfs.yml", "allow: []");
    let refusal = shop.refusal("zfs.wasm");
    assert!(
        refusal.ends_with("; the version that served has stopped, because the grant does not cover it"),
        "{refusal}"
    );
    assert_eq!(shop.serving(), [BUILTIN]);
}

fn pinned(bytes: &[u8]) -> String {
    format!("sha256: {}\n{ALLOW}", hex::encode(Sha256::digest(bytes)))
}

/// The digest counts for what serves as well as for what is new.
#[test]
fn a_grant_for_another_digest_stops_the_one_it_was_for() {
    let shop = Shop::open();
    let (old, new) = (version("zfs", "1.0.0").build(), version("zfs", "1.0.1").build());
    shop.put("zfs.wasm", &old);
    shop.put("zfs.yml", pinned(&old));
    shop.reload();
    assert_eq!(shop.serving(), [BUILTIN, "zfs 1.0.0"]);
    // The new file is not granted yet, so the old version serves on.
    shop.put("zfs.wasm", &new);
    let refusal = shop.refusal("zfs.wasm");
    assert!(refusal.ends_with("; the previous version keeps serving"), "{refusal}");
    assert_eq!(shop.serving(), [BUILTIN, "zfs 1.0.0"]);
    shop.put("zfs.yml", pinned(&new));
    shop.reload();
    assert_eq!(shop.serving(), [BUILTIN, "zfs 1.0.1"]);
    // Granted to a file that is not there: nothing serves.
    shop.put("zfs.yml", pinned(&old));
    let refusal = shop.refusal("zfs.wasm");
    assert!(refusal.contains("its sha256 is ") && refusal.contains("has stopped"), "{refusal}");
    assert_eq!(shop.serving(), [BUILTIN]);
    // The same with a component that is broken otherwise.
    shop.put("zfs.yml", pinned(&new));
    shop.reload();
    shop.put("zfs.wasm", "broken");
    shop.refusal("zfs.wasm");
    assert_eq!(shop.serving(), [BUILTIN, "zfs 1.0.1"]);
    shop.put("zfs.yml", pinned(b"broken"));
    shop.refusal("zfs.wasm");
    assert_eq!(shop.serving(), [BUILTIN]);
}

/// Limits and settings are the grant's as it is now, whatever else is refused.
#[test]
fn tightened_limits_hold_at_once() {
    let shop = Shop::open();
    shop.put("zfs.wasm", version("zfs", "1.0.0").build());
    shop.put("zfs.yml", format!("{ALLOW}limits: {{rows: 500}}\nsettings: {{a: 1}}\n"));
    shop.reload();
    let state = || {
        let collector = shop.collector("zfs");
        (collector.schema.version.clone(), collector.limits.rows, collector.settings.clone())
    };
    let setting = |value: &str| vec![("a".to_owned(), value.to_owned())];
    assert_eq!(state(), ("1.0.0".to_owned(), 500, setting("1")));
    // With a new version that is refused.
    shop.put("zfs.wasm", "broken");
    shop.put("zfs.yml", format!("{ALLOW}limits: {{rows: 5}}\nsettings: {{a: 2}}\n"));
    shop.refusal("zfs.wasm");
    assert_eq!(state(), ("1.0.0".to_owned(), 5, setting("2")));
    // With a grant that can't be understood, those before it stay.
    shop.put("zfs.yml", format!("{ALLOW}limits: {{rows: 50}}\nsetings: {{}}\n"));
    shop.refusal("zfs.wasm");
    assert_eq!(state(), ("1.0.0".to_owned(), 5, setting("2")));
    // A file that has become too large for its grant does not serve.
    shop.put("zfs.yml", format!("{ALLOW}limits: {{component-bytes: 10}}\n"));
    shop.refusal("zfs.wasm");
    assert_eq!(shop.serving(), [BUILTIN]);
}

#[test]
fn folders_that_others_can_change_are_reported() {
    use std::os::unix::fs::PermissionsExt as _;
    let shop = Shop::open();
    shop.put("zfs.wasm", version("zfs", "1.0.0").build());
    shop.put("zfs.yml", ALLOW);
    let mode = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let exposed = || -> Vec<String> {
        let changes = shop.reload();
        changes.exposed.iter().map(|(path, exposure)| format!("{} {exposure}", path.display())).collect()
    };
    for file in ["zfs.wasm", "zfs.yml"] {
        mode(&shop.path(file), 0o644);
    }
    assert_eq!(exposed(), [""; 0]);
    mode(shop.folder.path(), 0o777);
    mode(&shop.path("zfs.yml"), 0o666);
    let folder = format!("{} can be changed by other users (mode 0777)", shop.folder.path().display());
    let grant = format!("{} can be changed by other users (mode 0666)", shop.path("zfs.yml").display());
    assert_eq!(exposed(), [folder, grant]);
    // Once.
    assert_eq!(exposed(), [""; 0]);
}

/// What a component says can't control a terminal, forge a line or fill a page.
#[test]
fn foreign_text_is_escaped_and_short() {
    let shop = Shop::open();
    let hostile = "\u{1b}]0;owned\u{7}\nrefused /etc/passwd: forged\r\u{202e}\u{9b}31m";
    shop.put("zfs.yml", ALLOW);
    for (component, what) in [
        (version("zfs", hostile).build(), "version"),
        (version(hostile, "1.0.0").build(), "name"),
        (version("zfs", "1.0.0").requests(&[hostile]).build(), "request"),
        (version("zfs", "1.0.0").tables(vec![table(&[hostile], &[("pve_x", Kind::Gauge)])]).build(), "label"),
        (version("zfs", "1.0.0").tables(vec![table(&["a"], &[(hostile, Kind::Gauge)])]).build(), "metric"),
        (thousands_of_exports(), "exports"),
    ] {
        shop.put("zfs.wasm", component);
        let refusal = shop.refusal("zfs.wasm");
        let clean = !refusal.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}');
        assert!(clean && !refusal.contains("\nrefused /etc"), "{what}: {refusal:?}");
        assert!(refusal.len() < 8000, "{what}: {} bytes", refusal.len());
    }
}

#[test]
fn a_version_that_asks_for_more_does_not_take_over() {
    let shop = Shop::open();
    shop.put("zfs.yml", ALLOW);
    shop.put("zfs.wasm", version("zfs", "1.0.0").build());
    shop.reload();
    let greedy = version("zfs", "2.0.0").requests(&["/cluster/status", "/nodes/{node}/qemu/{vmid}/agent/get-users"]);
    let whole = greedy.build();
    for (bytes, words) in [
        (
            whole.clone(),
            "the collector requests more than is allowed; add to its grant file: allow: [\"/nodes/{node}/qemu/{vmid}/agent/get-users\"]",
        ),
        (version("zfs", "2.0.0").requests(&["/access/users"]).build(), "which no grant can allow"),
        (whole[..whole.len() / 2].to_vec(), "does not compile"),
        (Vec::new(), "the file is empty"),
        (version("other", "2.0.0").build(), "the collector is named other; name the file other.wasm"),
        (
            version("zfs", "2.0.0").piece("describe", "(loop $a (br $a)) (unreachable)").build(),
            "are allowed (limits: cpu)",
        ),
        (zoo_component("panics"), "named zoo-panics"),
    ] {
        shop.put("zfs.wasm", bytes);
        let refusal = shop.refusal("zfs.wasm");
        assert!(refusal.contains(words), "{words}: {refusal}");
        assert_eq!(shop.serving(), [BUILTIN, "zfs 1.0.0"], "{words}");
        let rows = shop.collector("zfs").collect(0, &Place::cluster(), &[Ok("[]")]).outcome.unwrap();
        assert_eq!(rows.rows(), 1);
    }
    shop.put("zfs.wasm", version("zfs", "2.0.0").build());
    assert_eq!(shop.reload().refused, []);
    assert_eq!(shop.serving(), [BUILTIN, "zfs 2.0.0"]);
}

fn thousands_of_exports() -> Vec<u8> {
    let exports: String = (0..20_000).map(|n| format!("(export \"export-number-{n}\" (func $f))")).collect();
    let text = format!(
        "(component (core module $m (func (export \"f\"))) (core instance $i (instantiate $m)) \
         (func $f (canon lift (core func $i \"f\"))) {exports})"
    );
    wat::parse_str(text).unwrap()
}
