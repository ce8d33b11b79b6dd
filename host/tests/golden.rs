//! Golden expositions through the sandbox: for every fixture a built-in gives, as a component, the bytes that the same code
//! gives natively and that stand in `expected.prom`.
//!
//! Three independent paths must agree: the native run with the SDK's renderer, the component with the host's check and
//! encoder, and the file. `UPDATE_GOLDEN=1 cargo test` in the collectors' crates rewrites the files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pve_collector::{Collector as Guest, FetchError, contract, testing::Case};
use pve_exporter::catalog::builtins;
use pve_exporter::collector::{Collector, Origin};
use pve_exporter::contract::FetchErrorKind;
use pve_exporter::exposition::{Encoder, Format};
use pve_exporter::limits::Limits;
use pve_exporter::request::{GuestType, Place};
use pve_exporter::sandbox::{Capacity, Sandbox};
use pve_exporter::schema::Collected;

/// The component of a built-in; from another folder where the environment names one (`make test-debian-std`).
fn component(name: &str) -> Vec<u8> {
    match std::env::var_os("PVE_EXPORTER_TEST_COMPONENTS") {
        Some(folder) => std::fs::read(PathBuf::from(folder).join(format!("{name}.wasm"))).unwrap(),
        None => builtins().iter().find(|(builtin, _)| *builtin == name).unwrap().1.to_vec(),
    }
}

fn load(name: &str) -> Collector {
    let sandbox = Sandbox::new(Capacity { slots: 4, max_memory: Limits::default().memory }, None).unwrap();
    Collector::load(&sandbox, &component(name), Origin::Builtin, Limits::default()).unwrap()
}

fn check<C: Guest>() {
    let name = C::PACKAGE.name;
    let mut collector = load(name);
    let cases = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures")).join(name);
    let mut compared = 0;
    for entry in std::fs::read_dir(cases).unwrap() {
        let directory = entry.unwrap().path();
        if !directory.is_dir() {
            continue;
        }
        let expected = std::fs::read_to_string(directory.join("expected.prom")).unwrap();
        let case = Case::read(&directory);
        let native = case.collect::<C>();
        collector.settings = case.input(&[], &contract::Place::default()).unwrap().settings;
        let sandboxed = run::<C>(&collector, &case, native.collections.iter().map(|collection| &collection.place));
        assert_eq!(native.exposition(), expected, "natively: {}", directory.display());
        assert_eq!(sandboxed, expected, "in the sandbox: {}", directory.display());
        compared += 1;
    }
    assert!(compared >= 5, "{name} has {compared} fixtures");
}

fn run<'a, C: Guest>(collector: &Collector, case: &Case, places: impl Iterator<Item = &'a contract::Place>) -> String {
    let mut batches = Vec::new();
    for place in places {
        let Ok(input) = case.input(C::REQUESTS, place) else { continue };
        let place = Place {
            node: input.place.node.as_deref().map(Into::into),
            guest_type: input.place.guest_type.and_then(|guest| GuestType::parse(guest.as_str())),
            vmid: input.place.vmid,
            storage: input.place.storage.as_deref().map(Into::into),
        };
        let responses: Vec<_> =
            input.responses.iter().map(|response| response.as_deref().map_err(|error| kind(*error))).collect();
        let collection = collector.collect(input.now_unix_seconds, &place, &responses);
        assert!(collection.rejections.is_empty(), "{:?}", collection.rejections);
        if let Ok(rows) = collection.outcome {
            batches.push(rows);
        }
    }
    let (collected, rejections) = Collected::join(Arc::clone(&collector.schema), batches);
    assert!(rejections.is_empty(), "{rejections:?}");
    let mut encoder = Encoder::new(Format::Text, 4096);
    collected.encode(&mut encoder);
    assert_eq!(encoder.series(), collected.series());
    String::from_utf8(encoder.finish()).unwrap()
}

fn kind(error: FetchError) -> FetchErrorKind {
    match error {
        FetchError::Forbidden => FetchErrorKind::Forbidden,
        FetchError::NotFound => FetchErrorKind::NotFound,
        FetchError::TimedOut => FetchErrorKind::TimedOut,
        FetchError::Unavailable => FetchErrorKind::Unavailable,
        FetchError::TooLarge => FetchErrorKind::TooLarge,
        FetchError::Malformed => FetchErrorKind::Malformed,
    }
}

#[test]
fn node_status() {
    check::<node_status::NodeStatus>();
}

#[test]
fn vm_pressure() {
    check::<vm_pressure::VmPressure>();
}

#[test]
fn ha_status() {
    check::<ha_status::HaStatus>();
}

#[test]
fn physical_disk() {
    check::<physical_disk::PhysicalDisk>();
}

#[test]
fn lxc_pressure() {
    check::<lxc_pressure::LxcPressure>();
}

#[test]
fn status() {
    check::<status_collector::Status>();
}

#[test]
fn version() {
    check::<version_collector::Version>();
}

#[test]
fn node() {
    check::<node_collector::Node>();
}

#[test]
fn cluster() {
    check::<cluster_collector::Cluster>();
}

#[test]
fn resources() {
    check::<resources_collector::Resources>();
}

#[test]
fn backup_info() {
    check::<backup_info_collector::BackupInfo>();
}

#[test]
fn qdevice() {
    check::<qdevice_collector::Qdevice>();
}

#[test]
fn config() {
    check::<config_collector::Config>();
}

#[test]
fn replication() {
    check::<replication_collector::Replication>();
}

#[test]
fn subscription() {
    check::<subscription_collector::Subscription>();
}

/// The built-ins need nothing of the host but the log.
#[test]
fn built_ins_import_nothing_but_log() {
    for (name, _) in builtins() {
        assert_eq!(load(name).component().facts().imports, ["pve:collector/types@0.1.0", "log"], "{name}");
    }
}
