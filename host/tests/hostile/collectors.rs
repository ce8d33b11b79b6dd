//! Components that try to take the machine from the exporter (each forged here), in its collectors folder.

use harness::{Exposition, Forge, forge, row, table};
use pve_collector::contract::{Kind, Request, Value};

use super::siege::Siege;
use crate::zoo::compiling::branches;

/// The cluster does not have these paths, so that there is no last answer to try a new version on: what is refused then never serves.
const GUEST: &str = "/nodes/{node}/{type}/{vmid}/hostile";
const NODE: &str = "/nodes/{node}/hostile";
/// Some 4 MB per call, which 300 guests make 1.2 GB of.
const ROWS: usize = 4000;

fn optional(path: &str, max_age_seconds: u32) -> Request {
    Request { path: path.to_owned(), max_age_seconds, optional: true }
}

fn once_per_guest(name: &str) -> Forge {
    forge(name).manifest(|manifest| manifest.requests = vec![optional(GUEST, 0)])
}

fn grant(path: &str) -> String {
    format!("allow: [\"{path}\"]\n")
}

/// Rows with a label of a kilobyte.
fn large_rows(value: Value) -> Vec<pve_collector::contract::Row> {
    vec![row(0, &[&"x".repeat(1000)], &[value]); ROWS]
}

/// How many places failed for this reason.
fn failed(exposition: &Exposition, collector: &str, reason: &str) -> f64 {
    let places = exposition.samples("pve_exporter_collector_failed_places");
    let (collector, reason) = (format!("collector=\"{collector}\""), format!("reason=\"{reason}\""));
    let those = places.iter().filter(|sample| sample.contains(&collector) && sample.contains(&reason));
    those.map(|sample| sample.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()).sum()
}

/// Installs a collector, which must load, and scrapes three times: nothing of the others is lost. Returns the first scrape.
async fn install(siege: &Siege, name: &str, bytes: Vec<u8>, path: &str) -> Exposition {
    siege.put(&format!("{name}.yml"), grant(path));
    siege.put(&format!("{name}.wasm"), bytes);
    let changes = siege.reload().await;
    assert!(changes.contains(&format!("loaded {name} ")), "{changes}");
    let first = siege.scrape("60").await;
    siege.assert_complete(&first, name);
    for _ in 0..2 {
        siege.assert_complete(&siege.scrape("60").await, name);
    }
    first
}

/// Installs it in an exporter of its own; all its places fail for this reason.
async fn fails(name: &str, forge: Forge, path: &str, reason: &str) {
    let siege = Siege::begin(&[]).await;
    let exposition = install(&siege, name, forge.build(), path).await;
    let places = failed(&exposition, name, reason);
    assert!(places > 0.0, "{name}: {:?}", exposition.samples("pve_exporter_collector_failed_places"));
    siege.end(name, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_label_names_for_many_metrics_are_refused() {
    let metrics: Vec<String> = (0..512).map(|metric| format!("pve_long_{metric}")).collect();
    let metrics: Vec<(&str, Kind)> = metrics.iter().map(|name| (name.as_str(), Kind::Gauge)).collect();
    let siege = Siege::begin(&[]).await;
    for (name, bytes, words) in
        [("long", 500_000, "is not a label name"), ("longer", 8_000_000, "the manifest is larger than")]
    {
        let bytes = forge(name).tables(vec![table(&[&"a".repeat(bytes)], &metrics)]).build();
        siege.put(&format!("{name}.wasm"), bytes);
        // Without a grant, and then with one.
        let changes = siege.reload().await;
        assert!(changes.contains(words) && changes.len() < 4096, "{changes}");
        siege.put(&format!("{name}.yml"), "allow: []\n");
        let changes = siege.reload().await;
        assert!(changes.contains(words) && changes.len() < 4096, "{changes}");
    }
    siege.end("long label names", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_without_values_are_not_held() {
    let siege = Siege::begin(&[]).await;
    let bytes = once_per_guest("absent").rows(large_rows(Value::Absent)).build();
    let exposition = install(&siege, "absent", bytes, GUEST).await;
    assert_eq!(exposition.value("pve_exporter_collector_success{collector=\"absent\"}"), Some(1.0));
    assert_eq!(exposition.samples("pve_absent"), Vec::<&str>::new());
    let rows = exposition.value("pve_exporter_collector_rows{collector=\"absent\"}");
    assert_eq!(rows, Some((300 * ROWS) as f64));
    siege.end("rows without values", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn label_bytes_count_before_they_are_copied() {
    let labels: Vec<String> = (100..160).map(|label| format!("{}{label}", "a".repeat(190))).collect();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let metrics = ["pve_a", "pve_b", "pve_c", "pve_d"].map(|name| (name, Kind::Gauge));
    let wide = once_per_guest("wide").tables(vec![table(&labels, &metrics)]);
    let short = vec![row(0, &["x"; 60], &[Value::Number(1.0); 4]); ROWS];
    fails("wide", wide.rows(short), GUEST, "exposition_bytes_limit").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_many_places_count_together() {
    let large = once_per_guest("large").rows(large_rows(Value::Number(1.0)));
    fails("large", large, GUEST, "exposition_bytes_limit").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_rows_count_too() {
    let requests = vec![optional(GUEST, 86_400)];
    let kept = forge("kept").manifest(|manifest| manifest.requests = requests).rows(large_rows(Value::Number(1.0)));
    fails("kept", kept, GUEST, "exposition_bytes_limit").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn linear_memory_is_bounded() {
    let bomb = once_per_guest("bomb").piece(
        "collect",
        "(loop $again (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (unreachable)",
    );
    fails("bomb", bomb, GUEST, "memory_limit").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memories_are_not_taken_from_the_built_ins() {
    let memories = |name: &str, more: usize| {
        let more = "(core instance (instantiate $more))".repeat(more);
        once_per_guest(name)
            .piece("outside", &format!("(core module $more (memory 1)) {more}"))
            .piece("collect", &spin(3_000_000))
    };
    let siege = Siege::begin(&[]).await;
    siege.put("four.yml", grant(GUEST));
    siege.put("four.wasm", memories("four", 3).build());
    let changes = siege.reload().await;
    assert!(changes.contains("memories"), "{changes}");
    siege.put("other.yml", grant(GUEST));
    siege.put("other.wasm", memories("other", 1).build());
    let exposition = install(&siege, "two", memories("two", 1).build(), GUEST).await;
    for collector in ["two", "other"] {
        let success = exposition.value(&format!("pve_exporter_collector_success{{collector=\"{collector}\"}}"));
        assert_eq!(success, Some(1.0), "{collector}");
    }
    siege.end("components with several memories", &[]).await;
}

/// Code that takes this many rounds of a loop.
fn spin(rounds: u64) -> String {
    format!(
        "(local $round i64) (loop $again (local.set $round (i64.add (local.get $round) (i64.const 1)))
         (br_if $again (i64.lt_u (local.get $round) (i64.const {rounds})))) (global.get $output)"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn cpu_time_within_the_limit_of_a_call_is_bounded_in_a_scrape() {
    let siege = Siege::begin(&["--sandbox.limit", "scrape-cpu=1s"]).await;
    let hog = |name: &str| once_per_guest(name).piece("collect", &spin(100_000_000)).build();
    siege.put("other.yml", grant(GUEST));
    siege.put("other.wasm", hog("other"));
    let exposition = install(&siege, "hog", hog("hog"), GUEST).await;
    for collector in ["hog", "other"] {
        assert!(failed(&exposition, collector, "scrape_cpu_limit") > 100.0, "{collector}");
    }
    siege.end("two collectors that use their CPU time", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_calls_end() {
    let requests = vec![optional(NODE, 0)];
    let endless = forge("endless")
        .manifest(|manifest| manifest.requests = requests)
        .piece("collect", "(loop $again (br $again)) (unreachable)");
    fails("endless", endless, NODE, "cpu_limit").await;
}

/// Components that take as long to compile as they may, in the folder when the exporter starts.
#[tokio::test(flavor = "multi_thread")]
async fn compile_bombs_do_not_delay_the_start() {
    let folder = tempfile::tempdir().unwrap();
    for bomb in ["granted", "other"] {
        std::fs::write(folder.path().join(format!("{bomb}.wasm")), branches()).unwrap();
    }
    std::fs::write(folder.path().join("granted.yml"), "allow: []\n").unwrap();
    let folder = folder.path().to_str().unwrap();
    let cache = tempfile::tempdir().unwrap();
    let cache = cache.path().to_str().unwrap();
    let arguments =
        ["--collectors.directory", folder, "--sandbox.limit", "compile-time=4s", "--sandbox.cache-directory", cache];
    let siege = Siege::begin(&arguments).await;
    let position = |log: &str, file: &str| {
        log.lines().position(|line| line.contains("message=\"refused: ") && line.contains(file))
    };
    let [granted, other] = ["/granted.wasm", "/other.wasm"]
        .map(|file| harness::wait_for(file, || position(&siege.setup.exporter.log(), file)));
    let log = siege.setup.exporter.log();
    let listening = log.lines().position(|line| line.contains("message=listening")).unwrap();
    assert!(listening < granted && granted < other, "{log}");
    siege.end("compile bombs at the start", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_exports_make_a_short_error() {
    let siege = Siege::begin(&[]).await;
    let exports: String =
        (0..20_000).map(|export| format!("(export \"export-number-{export}\" (func $describe))")).collect();
    let bytes = wat::parse_str(format!(
        "(component (core module $m (func (export \"f\"))) (core instance $m (instantiate $m))
         (func $describe (canon lift (core func $m \"f\"))) {exports})"
    ));
    siege.put("exports.wasm", bytes.unwrap());
    siege.put("exports.yml", "allow: []\n");
    let changes = siege.reload().await;
    assert!(changes.contains("exports.wasm") && changes.len() < 4096, "{} bytes: {:.300}", changes.len(), changes);
    siege.end("20,000 exports", &[]).await;
}
