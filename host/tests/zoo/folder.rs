//! A folder of collectors as operators and attackers leave it: what is taken in, what is refused, and that what served
//! before goes on serving.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pve_exporter::api::Place;
use pve_exporter::registry::{Catalog, Changes, Collector, Loader, NoTrial, Standing, builtins};
use pve_exporter::sandbox::{Limits, Sandbox};
use tempfile::TempDir;

use crate::forge::{Forge, forge, table};
use crate::support::{built, limits};

/// A catalog with one built-in collector and one folder.
struct Shop {
    folder: TempDir,
    catalog: Catalog,
}

impl Shop {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::new(2, Limits::default().memory, None).unwrap();
        let loader = Loader { sandbox, compiler: None, limits: limits(), max_memory: 128 << 20 };
        let (_, bytes) = builtins().iter().find(|(name, _)| *name == "node-status").unwrap();
        let builtin = Arc::new(loader.load_builtin(bytes, Vec::new()).unwrap());
        Self { catalog: Catalog::new(loader, vec![builtin], vec![folder.path().to_owned()]), folder }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn put(&self, file: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(file), content).unwrap();
    }

    fn remove(&self, file: &str) {
        std::fs::remove_file(self.path(file)).unwrap();
    }

    fn reload(&self) -> Changes {
        self.catalog.reload(&NoTrial)
    }

    /// The reason why the file is refused now.
    fn refusal(&self, file: &str) -> String {
        let reload = self.reload();
        let path = self.path(file);
        let entries = self.catalog.entries();
        let found = entries.iter().find(|entry| entry.origin == pve_exporter::registry::Origin::File(path.clone()));
        found.and_then(|entry| entry.refusal.clone()).unwrap_or_else(|| panic!("{file} is not refused: {reload:?}"))
    }

    fn serving(&self) -> Vec<String> {
        self.catalog
            .serving()
            .iter()
            .map(|collector| format!("{} {}", collector.name(), collector.schema.version))
            .collect()
    }

    fn collector(&self, name: &str) -> Arc<Collector> {
        Arc::clone(self.catalog.serving().get(name).unwrap())
    }
}

const BUILTIN: &str = "node-status 0.1.0";
const ALLOW: &str = "allow: [\"/cluster/status\"]\n";

/// A collector that asks for one path, in this version.
fn version(name: &str, version: &str) -> Forge {
    forge(name).requests(&["/cluster/status"]).manifest(|manifest| manifest.version = version.to_owned())
}

#[test]
fn nothing_serves_without_its_grant() {
    let shop = Shop::open();
    shop.put("zfs.wasm", version("zfs", "1.0.0").build());
    let refusal = shop.refusal("zfs.wasm");
    assert!(
        refusal.starts_with("there is no grant file; if it is to be trusted with this, write zfs.yml:\n"),
        "{refusal}"
    );
    let (_, lines) = refusal.split_once(":\n").unwrap();
    assert_eq!(shop.serving(), [BUILTIN]);

    // What the refusal says to write is what makes it serve.
    shop.put("zfs.yml", lines);
    assert_eq!(shop.reload().loaded.len(), 1);
    assert_eq!(shop.serving(), [BUILTIN, "zfs 1.0.0"]);
    assert!(shop.reload().is_empty(), "nothing changed");

    // For another digest it does not.
    shop.put("zfs.wasm", version("zfs", "1.0.1").build());
    let refusal = shop.refusal("zfs.wasm");
    assert!(
        refusal.contains("its sha256 is ") && refusal.contains("if this version is to be trusted, write: sha256: "),
        "{refusal}"
    );
    assert_eq!(shop.serving(), [BUILTIN, "zfs 1.0.0"]);

    // The grant file taken away is the grant taken away.
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
        ("allow: [\"/cluster/status\"]\nlimits: {memory: 1GiB}", "a slot has 134217728"),
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

    // Once it serves, a file that can't be understood changes nothing, and one that allows less ends it.
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
            "asks for more than is granted; add to its grant file: allow: [\"/nodes/{node}/qemu/{vmid}/agent/get-users\"]",
        ),
        (version("zfs", "2.0.0").requests(&["/access/users"]).build(), "no grant allows that"),
        (whole[..whole.len() / 2].to_vec(), "does not compile"),
        (Vec::new(), "the file is empty"),
        (version("other", "2.0.0").build(), "the collector is named other; name the file other.wasm"),
        (
            version("zfs", "2.0.0").piece("describe", "(loop $a (br $a)) (unreachable)").build(),
            "are allowed (limits: cpu)",
        ),
        (built("panics"), "named zoo-panics"),
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

#[test]
fn what_is_no_component_is_refused_and_stops_nothing() {
    let shop = Shop::open();
    shop.put("zfs.yml", ALLOW);
    shop.put("zfs.wasm", version("zfs", "1.0.0").build());
    std::fs::create_dir(shop.path("folder.wasm")).unwrap();
    std::os::unix::fs::symlink("loop.wasm", shop.path("loop.wasm")).unwrap();
    std::os::unix::fs::symlink("/nowhere", shop.path("dangling.wasm")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", shop.path("zero.wasm")).unwrap();
    named_pipe(&shop.path("pipe.wasm"));
    shop.put("grantpipe.wasm", version("grantpipe", "1.0.0").build());
    named_pipe(&shop.path("grantpipe.yml"));
    shop.put("text.wasm", "(component)");
    shop.put("core.wasm", b"\0asm\x01\0\0\0");
    shop.put(".wasm", "hidden");
    shop.put("notes.txt", "not a component");
    shop.put("ZFS.WASM", "not a component either");
    for (file, words) in [
        ("folder.wasm", "can't be read: it is a folder"),
        ("loop.wasm", "can't be read: "),
        ("zero.wasm", "can't be read: it is no regular file"),
        ("pipe.wasm", "can't be read: it is no regular file"),
        ("grantpipe.wasm", "grantpipe.yml: can't be read: it is no regular file"),
        ("text.wasm", "is not WebAssembly"),
        ("core.wasm", "core WebAssembly module"),
    ] {
        let refusal = shop.refusal(file);
        assert!(refusal.contains(words), "{file}: {refusal}");
    }
    assert_eq!(shop.serving(), [BUILTIN, "zfs 1.0.0"]);
    let entries = shop.catalog.entries();
    assert!(!entries.iter().any(|entry| ["dangling", "notes", "ZFS"].contains(&entry.name.as_str())), "{entries:?}");
}

fn named_pipe(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn a_folder_that_vanishes_takes_nothing_with_it() {
    let shop = Shop::open();
    shop.put("zfs.yml", ALLOW);
    shop.put("zfs.wasm", version("zfs", "1.0.0").build());
    shop.reload();
    let away = shop.folder.path().with_extension("away");
    std::fs::rename(shop.folder.path(), &away).unwrap();
    assert_eq!(shop.reload().unreadable.len(), 1);
    assert_eq!(shop.serving(), [BUILTIN, "zfs 1.0.0"]);
    assert_eq!(shop.catalog.unreadable().len(), 1);
    // Said once.
    assert!(shop.reload().unreadable.is_empty());
    std::fs::rename(&away, shop.folder.path()).unwrap();
    assert!(shop.reload().is_empty());
    assert!(shop.catalog.unreadable().is_empty());
    // The file gone is the collector gone.
    shop.remove("zfs.wasm");
    assert_eq!(shop.reload().removed, ["zfs"]);
}

#[test]
fn a_shadow_gives_way_to_the_built_in_when_it_is_removed() {
    let shop = Shop::open();
    let shadow = version("node-status", "9.9.9")
        .tables(vec![table(&[], &[("pve_node_load1", pve_collector::contract::Kind::Gauge)])]);
    shop.put("node-status.wasm", shadow.build());
    shop.refusal("node-status.wasm");
    assert_eq!(shop.serving(), [BUILTIN]);
    shop.put("node-status.yml", ALLOW);
    shop.reload();
    assert_eq!(shop.serving(), ["node-status 9.9.9"]);
    let standings: Vec<Standing> = shop.catalog.entries().iter().map(|entry| entry.standing).collect();
    assert!(standings.contains(&Standing::Shadowed) && standings.contains(&Standing::Serving), "{standings:?}");
    shop.remove("node-status.wasm");
    shop.reload();
    assert_eq!(shop.serving(), [BUILTIN]);
}

#[test]
fn a_metric_has_one_owner() {
    let shop = Shop::open();
    let gauge = |metric: &str| table(&["node"], &[(metric, pve_collector::contract::Kind::Gauge)]);
    shop.put("thief.yml", ALLOW);
    shop.put("thief.wasm", version("thief", "1.0.0").tables(vec![gauge("pve_node_load1")]).build());
    assert_eq!(shop.refusal("thief.wasm"), "the metric pve_node_load1 belongs to the collector node-status");

    // Between two files the first keeps it.
    for name in ["a", "b"] {
        shop.put(&format!("{name}.yml"), ALLOW);
        shop.put(&format!("{name}.wasm"), version(name, "1.0.0").tables(vec![gauge("pve_shared")]).build());
    }
    assert_eq!(shop.refusal("b.wasm"), "the metric pve_shared belongs to the collector a");
    assert_eq!(shop.serving(), ["a 1.0.0", BUILTIN]);
}

/// What was refused for another's sake is refused no longer when the other is gone.
#[test]
fn a_metric_that_is_free_again_can_be_had() {
    let shop = Shop::open();
    for name in ["a", "b"] {
        shop.put(&format!("{name}.yml"), ALLOW);
        let gauge = table(&["node"], &[("pve_shared", pve_collector::contract::Kind::Gauge)]);
        shop.put(&format!("{name}.wasm"), version(name, "1.0.0").tables(vec![gauge]).build());
    }
    shop.reload();
    shop.remove("a.wasm");
    shop.reload();
    assert_eq!(shop.serving(), ["b 1.0.0", BUILTIN]);
}

#[test]
fn three_breakdowns_are_quarantine_until_a_new_version() {
    let shop = Shop::open();
    let broken = |version_of: &str| version("moody", version_of).piece("collect", "(unreachable)").build();
    shop.put("moody.yml", ALLOW);
    shop.put("moody.wasm", broken("1.0.0"));
    shop.reload();
    let standing = || shop.catalog.entries().iter().find(|entry| entry.name == "moody").unwrap().standing;
    for _ in 0..3 {
        assert_eq!(standing(), Standing::Serving);
        assert_eq!(
            shop.collector("moody").collect(0, &Place::cluster(), &[Ok("[]")]).outcome.unwrap_err().reason(),
            "trap"
        );
    }
    assert_eq!(standing(), Standing::Quarantined);
    assert!(shop.collector("moody").health.quarantined().is_some());
    // A reload of the same file changes nothing.
    shop.reload();
    assert_eq!(standing(), Standing::Quarantined);
    shop.put("moody.wasm", broken("1.0.1"));
    shop.reload();
    assert_eq!((standing(), shop.serving()[0].as_str()), (Standing::Serving, "moody 1.0.1"));
    // Data that is not understood is not a breakdown.
    let failing = version("moody", "1.0.2").gives(Err(pve_collector::contract::Failure::Malformed("no".into())));
    shop.put("moody.wasm", failing.build());
    shop.reload();
    for _ in 0..5 {
        assert!(shop.collector("moody").collect(0, &Place::cluster(), &[Ok("[]")]).outcome.is_err());
    }
    assert_eq!(standing(), Standing::Serving);
}

/// Reloads hold no slot: neither may find the pool full.
#[test]
fn a_reload_needs_no_slot_that_a_scrape_has() {
    let sandbox = Sandbox::new(1, Limits::default().memory, None).unwrap();
    let load =
        |bytes: &[u8]| Collector::load(&sandbox, bytes, pve_exporter::registry::Origin::Builtin, Limits::default());
    let busy = load(&version("busy", "1.0.0").piece("collect", "(loop $a (br $a)) (unreachable)").build()).unwrap();
    std::thread::scope(|scope| {
        let busy = scope.spawn(|| busy.collect(0, &Place::cluster(), &[Ok("[]")]));
        while !busy.is_finished() {
            load(&version("zfs", "1.0.0").build()).unwrap();
        }
        assert_eq!(busy.join().unwrap().outcome.unwrap_err().reason(), "cpu_limit");
    });
}
