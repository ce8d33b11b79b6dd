//! Grant files: a component serves only with its grant, and no version gets more than was granted.

use pve_exporter::request::Place;

use super::shop::{ALLOW, BUILTIN, Shop, version};
use harness::zoo_component;

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
        ("alow: [\"/cluster/status\"]", "unknown field `alow`"),
        ("allow: \"/cluster/status\"", "zfs.yml: "),
        ("allow: [\"/cluster/*\"]", "the character '*'"),
        ("allow: [\"/cluster\"]", "add to its grant file: allow: [\"/cluster/status\"]"),
        ("allow: [\"/cluster/status\"]\nlimits: {cpu: 100 bananas}", "cpu: write a time"),
        ("allow: [\"/cluster/status\"]\nlimits: {memory: 1GiB}", "at most 134217728 are allowed"),
        ("allow: [\"/cluster/status\"]\nlimits: {memory: 18446744073709551615}", "memory"),
        ("allow: [\"/cluster/status\"]\nlimits: {memory: 64KiB}", "65536 are allowed (limits: memory)"),
        ("allow: [\"/cluster/status\"]\nsha256: 1234", "is not 64 hexadecimal digits"),
        ("allow: [\"/cluster/status\"]\nallow: []", "duplicate"),
        ("&a [*a, *a]", "zfs.yml: "),
        ("\0", "zfs.yml: "),
    ] {
        shop.put("zfs.yml", grant);
        let refusal = shop.refusal("zfs.wasm");
        assert!(refusal.contains(words), "{grant}: {refusal}");
        assert_eq!(shop.serving(), [BUILTIN], "{grant}");
    }
    shop.put("zfs.yml", b"\xff\xfe");
    assert!(shop.refusal("zfs.wasm").contains("zfs.yml: can't be read"));
    shop.put("zfs.yml", "# x\n".repeat(20_000));
    assert!(shop.refusal("zfs.wasm").contains("longer than 65536 bytes"));

    // Once it serves, an invalid grant file changes nothing, and one that allows less stops it.
    shop.put("zfs.yml", ALLOW);
    shop.reload();
    assert_eq!(shop.serving(), [BUILTIN, "zfs 1.0.0"]);
    shop.put("zfs.yml", "allow: [");
    shop.refusal("zfs.wasm");
    assert_eq!(shop.serving(), [BUILTIN, "zfs 1.0.0"]);
    shop.put("zfs.yml", "allow: []");
    shop.refusal("zfs.wasm");
    assert_eq!(shop.serving(), [BUILTIN]);
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
