//! A collectors folder as operators and attackers leave it: what is loaded, what is refused, and that a refused file leaves
//! the serving version alone.

use std::path::Path;

use std::time::{Duration, Instant};

use pve_collector::contract::Kind;
use pve_exporter::catalog::{LastAnswers, Standing};
use pve_exporter::collector::{ClusterId, Collector, Origin};
use pve_exporter::contract::{FetchErrorKind, PlaceAnswers};
use pve_exporter::limits::Limits;
use pve_exporter::reason::Reason;
use pve_exporter::request::Place;
use pve_exporter::sandbox::{Capacity, Sandbox};
use pve_exporter::schema::Schema;

use super::shop::{ALLOW, BUILTIN, Shop, version};
use harness::table;

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
        ("folder.wasm", "can't be read: it is a directory"),
        ("loop.wasm", "can't be read: "),
        ("zero.wasm", "can't be read: not a regular file"),
        ("pipe.wasm", "can't be read: not a regular file"),
        ("grantpipe.wasm", "grantpipe.yml: can't be read: not a regular file"),
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

/// Returns an answer for trial runs.
struct Answered;

impl LastAnswers for Answered {
    fn last_answers(&self, _: &Schema) -> Option<PlaceAnswers> {
        Some(PlaceAnswers { place: Place::cluster(), answers: vec![Err(FetchErrorKind::TimedOut)] })
    }
}

#[test]
fn what_was_refused_is_considered_again_when_somebody_asks() {
    let shop = Shop::open();
    shop.put("zfs.yml", ALLOW);
    shop.put("zfs.wasm", version("zfs", "1.0.0").piece("collect", "(unreachable)").build());
    let refused = shop.catalog.reload(&Answered).refused;
    assert!(refused[0].1.starts_with("the trial on the last answers of cluster failed: trapped"), "{refused:?}");
    // An unchanged file is not loaded again, although it would pass without an answer to try it on.
    assert_eq!(shop.reload().still_refused, refused);
    assert_eq!(shop.serving(), [BUILTIN]);
    shop.catalog.reconsider();
    assert_eq!(shop.catalog.reload(&Answered).still_refused, refused);
    shop.catalog.reconsider();
    assert_eq!(shop.reload().loaded.len(), 1);
    assert_eq!(shop.serving(), [BUILTIN, "zfs 1.0.0"]);
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
    // Reported once.
    assert!(shop.reload().unreadable.is_empty());
    std::fs::rename(&away, shop.folder.path()).unwrap();
    assert!(shop.reload().is_empty());
    assert!(shop.catalog.unreadable().is_empty());
    // Removing the file removes the collector.
    shop.remove("zfs.wasm");
    assert_eq!(shop.reload().removed, ["zfs"]);
}

#[test]
fn a_shadow_gives_way_to_the_built_in_when_it_is_removed() {
    let shop = Shop::open();
    let shadow = version("node-status", "9.9.9").tables(vec![table(&[], &[("pve_node_load1", Kind::Gauge)])]);
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
    let gauge = |metric: &str| table(&["node"], &[(metric, Kind::Gauge)]);
    shop.put("thief.yml", ALLOW);
    shop.put("thief.wasm", version("thief", "1.0.0").tables(vec![gauge("pve_node_load1")]).build());
    assert_eq!(shop.refusal("thief.wasm"), "the metric pve_node_load1 belongs to the collector node-status");

    // Of two files, the first keeps the name.
    for name in ["a", "b"] {
        shop.put(&format!("{name}.yml"), ALLOW);
        shop.put(&format!("{name}.wasm"), version(name, "1.0.0").tables(vec![gauge("pve_shared")]).build());
    }
    assert_eq!(shop.refusal("b.wasm"), "the metric pve_shared belongs to the collector a");
    assert_eq!(shop.serving(), ["a 1.0.0", BUILTIN]);
}

/// A collector that was refused because of another one is loaded when that one is gone.
#[test]
fn a_metric_that_is_free_again_can_be_had() {
    let shop = Shop::open();
    for name in ["a", "b"] {
        shop.put(&format!("{name}.yml"), ALLOW);
        let gauge = table(&["node"], &[("pve_shared", Kind::Gauge)]);
        shop.put(&format!("{name}.wasm"), version(name, "1.0.0").tables(vec![gauge]).build());
    }
    shop.reload();
    shop.remove("a.wasm");
    shop.reload();
    assert_eq!(shop.serving(), ["b 1.0.0", BUILTIN]);
}

/// Runs `moody` once for a cluster, as a scrape does.
fn call(shop: &Shop, cluster: ClusterId) -> Result<(), Reason> {
    let (collector, in_time) = (shop.collector("moody"), Instant::now() + Duration::from_secs(600));
    let collection = collector.collect(0, &Place::cluster(), &[Ok("[]")]);
    collector.record(cluster, &collection, in_time);
    collection.outcome.map(drop).map_err(|error| error.reason())
}

#[test]
fn three_breakdowns_are_quarantine_until_a_new_version() {
    let shop = Shop::open();
    let broken = |version_of: &str| version("moody", version_of).piece("collect", "(unreachable)").build();
    shop.put("moody.yml", ALLOW);
    shop.put("moody.wasm", broken("1.0.0"));
    shop.reload();
    let standing = || shop.catalog.entries().iter().find(|entry| entry.name == "moody").unwrap().standing;
    let cluster = ClusterId::unique();
    for _ in 0..3 {
        assert_eq!(standing(), Standing::Serving);
        assert_eq!(call(&shop, cluster), Err(Reason::Trap));
    }
    assert_eq!(standing(), Standing::Quarantined);
    assert!(shop.collector("moody").health.quarantined(cluster).is_some());
    assert!(shop.collector("moody").health.quarantined(ClusterId::unique()).is_none());
    // A reload of the same file changes nothing.
    shop.reload();
    assert_eq!(standing(), Standing::Quarantined);
    shop.put("moody.wasm", broken("1.0.1"));
    shop.reload();
    assert_eq!((standing(), shop.serving()[0].as_str()), (Standing::Serving, "moody 1.0.1"));
    // Reporting malformed answers does not put a collector into quarantine.
    let failing = version("moody", "1.0.2").gives(Err(pve_collector::contract::Failure::Malformed("no".into())));
    shop.put("moody.wasm", failing.build());
    shop.reload();
    for _ in 0..5 {
        assert_eq!(call(&shop, cluster), Err(Reason::MalformedAnswer));
    }
    assert_eq!(standing(), Standing::Serving);
}

/// Reloads hold no slot: neither they nor scrapes may find the pool full.
#[test]
fn a_reload_needs_no_slot_that_a_scrape_has() {
    let sandbox = Sandbox::new(Capacity { slots: 1, max_memory: Limits::default().memory }, None).unwrap();
    let load = |bytes: &[u8]| Collector::load(&sandbox, bytes, Origin::Builtin, Limits::default());
    let busy = load(&version("busy", "1.0.0").piece("collect", "(loop $a (br $a)) (unreachable)").build()).unwrap();
    std::thread::scope(|scope| {
        let busy = scope.spawn(|| busy.collect(0, &Place::cluster(), &[Ok("[]")]));
        while !busy.is_finished() {
            load(&version("zfs", "1.0.0").build()).unwrap();
        }
        // On a very busy machine, ten times the CPU limit pass by the wall clock first.
        let reason = busy.join().unwrap().outcome.unwrap_err().reason().as_str();
        assert!(["cpu_limit", "stalled"].contains(&reason), "{reason}");
    });
}

/// What has no grant costs nothing again: its refusal stays until the file or its grant changes, whoever requests a reload.
#[test]
fn nothing_without_a_grant_is_compiled_twice() {
    let shop = Shop::open();
    shop.put("zfs.wasm", version("zfs", "1.0.0").piece("describe", "(unreachable)").build());
    let refusal = shop.refusal("zfs.wasm");
    assert!(refusal.starts_with("describe: trapped"), "{refusal}");
    shop.catalog.reconsider();
    assert_eq!(shop.reload().still_refused.len(), 1);
    // With one it is tried again, and again when somebody asks.
    shop.put("zfs.yml", ALLOW);
    assert_eq!(shop.reload().still_refused.len() + shop.reload().refused.len(), 1);
    shop.put("zfs.wasm", version("zfs", "1.0.0").build());
    assert_eq!(shop.reload().loaded.len(), 1);
    assert_eq!(shop.serving(), [BUILTIN, "zfs 1.0.0"]);
}
