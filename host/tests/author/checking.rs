//! `collector check`.

use pve_collector::contract::Kind;

use super::support::{Bench, sample};
use harness::{forge, table};

#[test]
fn a_good_component() {
    let bench = Bench::new();
    bench.write("sample.wasm", sample("sample").build());
    bench.write("fixtures/one/nodes/node01/disks/zfs.json", "{\"data\":[]}");
    bench.write("fixtures/one/nodes/node01/netstat.error", "not-found\n");
    bench.golden("check", &["check", "sample.wasm"]);
    bench.golden("check-fixtures", &["check", "sample.wasm", "--fixtures", "fixtures", "--nodes", "32"]);
    bench.golden("check-json", &["check", "sample.wasm", "--json", "--fixtures", "fixtures", "--guests", "50"]);
}

#[test]
fn what_reviewers_say() {
    let bench = Bench::new();
    let tables = vec![table(
        &["poolName", "instance"],
        &[("zfs_size_mb", Kind::Gauge), ("pve_backups_total", Kind::Gauge), ("pve_age_days", Kind::Gauge)],
    )];
    let requests =
        ["/nodes/{node}/disks/smart", "/nodes/{node}/{type}/{vmid}/config", "/nodes/{node}/qemu/{vmid}/agent/info"];
    bench.write("lints.wasm", forge("lints").tables(tables).requests(&requests).build());
    bench.golden("check-lints", &["check", "lints.wasm"]);
    bench.golden("check-strict", &["check", "lints.wasm", "--strict"]);
    bench.write("idle.wasm", forge("idle").build());
    bench.golden("check-idle", &["check", "idle.wasm"]);
}

#[test]
fn what_the_host_refuses() {
    let bench = Bench::new();
    let tables = vec![table(&["a", "a"], &[("pve_errors", Kind::Counter), ("up", Kind::Gauge)]), table(&[], &[])];
    let wrong = forge("sample").tables(tables).requests(&["/nodes/../access", "nodes"]);
    bench.write("manifest.wasm", wrong.manifest(|manifest| manifest.name = "Wrong Name".to_owned()).build());
    let taken = vec![table(&["id"], &[("pve_node_load1", Kind::Gauge)])];
    bench.write("owner.wasm", forge("owner").tables(taken).requests(&["/access/users"]).build());
    bench.write("version.wasm", forge("sample").piece("version", "0.2.0").build());
    bench.write("core.wasm", b"\0asm\x01\0\0\0");
    for name in ["manifest", "owner", "version", "core"] {
        bench.golden(&format!("check-{name}"), &["check", &format!("{name}.wasm")]);
    }
    bench.golden("check-version-json", &["check", "version.wasm", "--json"]);
}
