//! A collector that uses everything in the contract: each kind, optional requests, settings, guests as places.

use pve_collector::{
    Collector, Failure, FetchError, GuestType, Input, Kind, Output, Package, Request, State, Table, Value, describe,
    lenient::{Number, Text},
    log, states, tables,
    testing::Case,
};
use serde::Deserialize;

const CONFIG: Request = Request::get("/nodes/{node}/{type}/{vmid}/config").max_age(60);
const VERSION: Request = Request::get("/version").optional();

states! {
    /// Whether a guest starts with its node.
    pub Onboot { Yes = "yes", No = "no" }
}

tables! {
    /// A guest.
    Guest(id) {
        gauge cores "pve_guest_cores" "Cores.";
        counter starts "pve_guest_starts_total" "Starts.";
        state onboot: Onboot("onboot") "pve_guest_onboot" "Whether it starts with its node.";
    }
    /// The release.
    Release(id, kind as "type") {
        info "pve_guest_release_info" "Release.";
        gauge "pve_guest_seen" "Always 1.";
    }
}

#[derive(Deserialize)]
struct Config<'a> {
    #[serde(default)]
    cores: Number,
    #[serde(borrow, default)]
    onboot: Text<'a>,
}

struct Guests;

impl Collector for Guests {
    const PACKAGE: Package = Package { name: "guests", version: "1.2.3", description: "Guests." };
    const REQUESTS: &'static [Request] = &[CONFIG, VERSION];
    const TABLES: &'static [Table] = TABLES;

    fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
        let config: Config = input.object(CONFIG)?;
        let kind = input.guest_type().map(GuestType::as_str).unwrap_or_default();
        let id = format!("{kind}/{}", input.vmid().unwrap_or_default());
        let starts = input.setting_or("starts", 0.0)?;
        let onboot = config.onboot.as_str().map_or(State::Absent, State::named);
        output.push(Guest { id: id.clone(), cores: config.cores.0, starts: Some(starts), onboot });
        match input.response(VERSION) {
            Ok(_) => output.push(Release { id, kind: kind.to_owned() }),
            Err(error) => log::info(&format!("no version: {error}")),
        }
        Ok(())
    }
}

pve_collector::export!(Guests);

#[test]
fn the_manifest_is_what_was_declared() {
    let manifest = describe::<Guests>();
    assert_eq!((manifest.name.as_str(), manifest.version.as_str()), ("guests", "1.2.3"));
    assert_eq!(manifest.requests[0].max_age_seconds, 60);
    assert!(manifest.requests[1].optional);
    assert_eq!(manifest.tables[1].label_names, ["id", "type"]);
    assert_eq!(TABLES[0].metrics[1].kind, Kind::Counter);
    assert_eq!(TABLES[0].metrics[2].kind, Kind::StateSet { label: "onboot", states: &["yes", "no"] });
    assert_eq!(TABLES[1].metrics.map_kinds(), [Kind::Info, Kind::Gauge]);
}

trait MapKinds {
    fn map_kinds(&self) -> Vec<Kind>;
}

impl MapKinds for [pve_collector::Metric] {
    fn map_kinds(&self) -> Vec<Kind> {
        self.iter().map(|metric| metric.kind).collect()
    }
}

#[test]
fn each_guest_is_a_place() {
    let collected = Case::new()
        .answer("/nodes/node01/qemu/112/config", r#"{"cores":"4","onboot":"yes"}"#)
        .answer("/nodes/node01/lxc/210/config", r#"{"onboot":"later"}"#)
        .answer("/version", r#"{"release":"9.1"}"#)
        .collect::<Guests>();
    assert_eq!(collected.violations(), Vec::<String>::new());
    assert_eq!(
        collected.exposition(),
        r#"# HELP pve_guest_cores Cores.
# TYPE pve_guest_cores gauge
pve_guest_cores{id="qemu/112"} 4
# HELP pve_guest_starts_total Starts.
# TYPE pve_guest_starts_total counter
pve_guest_starts_total{id="qemu/112"} 0
pve_guest_starts_total{id="lxc/210"} 0
# HELP pve_guest_onboot Whether it starts with its node.
# TYPE pve_guest_onboot gauge
pve_guest_onboot{id="qemu/112",onboot="yes"} 1
pve_guest_onboot{id="qemu/112",onboot="no"} 0
pve_guest_onboot{id="lxc/210",onboot="yes"} 0
pve_guest_onboot{id="lxc/210",onboot="no"} 0
# HELP pve_guest_release_info Release.
# TYPE pve_guest_release_info gauge
pve_guest_release_info{id="qemu/112",type="qemu"} 1
pve_guest_release_info{id="lxc/210",type="lxc"} 1
# HELP pve_guest_seen Always 1.
# TYPE pve_guest_seen gauge
pve_guest_seen{id="qemu/112",type="qemu"} 1
pve_guest_seen{id="lxc/210",type="lxc"} 1
"#
    );
}

#[test]
fn an_optional_answer_may_be_missing_and_a_required_one_may_not() {
    let case = Case::new().answer("/nodes/node01/qemu/1/config", "{}").failed("/version", FetchError::TimedOut);
    let collected = case.failed("/nodes/node01/qemu/2/config", FetchError::Forbidden).collect::<Guests>();
    assert_eq!(
        collected.log(),
        "node01/qemu/1: info: no version: timed-out\n\
         node01/qemu/2: failed: not collected: /nodes/node01/qemu/2/config has no answer: forbidden\n"
    );
    let rows: Vec<_> = collected.rows().collect();
    assert_eq!(rows[0].values, [Value::Absent, Value::Number(0.0), Value::Absent]);
}

#[test]
fn settings_are_read_and_checked() {
    let case = Case::new().answer("/nodes/node01/qemu/1/config", "{}");
    let collected = case.clone().setting("starts", "3").collect::<Guests>();
    assert!(collected.exposition().contains("pve_guest_starts_total{id=\"qemu/1\"} 3\n"));
    let collected = case.clone().setting("starts", "many").collect::<Guests>();
    assert_eq!(collected.failures(), ["settings: setting starts is \"many\": invalid float literal"]);
    let collected = case.setting("starts", "-1").collect::<Guests>();
    assert_eq!(collected.violations(), ["pve_guest_starts_total is a counter with the value -1"]);
}

#[test]
fn an_answer_that_is_not_an_object_fails_its_place() {
    for data in ["[]", "[4]", "7", "\"\"", "{\"cores\":1", "{} {}", ""] {
        let collected = Case::new().answer("/nodes/node01/qemu/1/config", data).collect::<Guests>();
        let failures = collected.failures();
        assert!(
            failures[0].starts_with("malformed: answer of /nodes/{node}/{type}/{vmid}/config not understood: "),
            "{data}: {failures:?}"
        );
    }
}
