//! Golden expositions through the sandbox: every case in fixtures/NAME must make the component of the built-in NAME produce
//! exactly the bytes in its `expected.prom`.
//!
//! The crate of each collector holds the native run and the SDK's renderer against the same files, so three independent
//! paths agree. `UPDATE_GOLDEN=1 cargo test` in those crates rewrites the files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pve_collector::{contract, testing::Case};
use pve_exporter::catalog::builtins;
use pve_exporter::collector::{Collector, Origin};
use pve_exporter::exposition::{Encoder, Format};
use pve_exporter::limits::Limits;
use pve_exporter::request::Place;
use pve_exporter::sandbox::{Capacity, Sandbox};
use pve_exporter::schema::{self, Collected};

/// The component of a built-in; from another folder if the environment names one (`make test-debian-std`).
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

/// The folders in fixtures/ that contain cases, by name.
fn fixtures() -> BTreeMap<String, Vec<PathBuf>> {
    let mut fixtures = BTreeMap::new();
    for folder in folders(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures"))) {
        let cases: Vec<_> = folders(&folder).into_iter().filter(|case| case.join("expected.prom").exists()).collect();
        if !cases.is_empty() {
            fixtures.insert(folder.file_name().unwrap().to_str().unwrap().to_owned(), cases);
        }
    }
    fixtures
}

fn folders(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
}

fn requests(collector: &Collector) -> Vec<contract::Request> {
    let request = |request: &schema::Request| contract::Request {
        path: request.template.to_string(),
        max_age_seconds: request.max_age_seconds,
        optional: request.optional,
    };
    collector.schema.requests.iter().map(request).collect()
}

fn run(collector: &Collector, case: &Case) -> String {
    let requests = requests(collector);
    let mut batches = Vec::new();
    for place in case.places(&requests) {
        let Ok(input) = case.input(&requests, &place) else { continue };
        let answers: Vec<_> =
            input.responses.iter().map(|response| response.as_deref().map_err(|error| (*error).into())).collect();
        let collection = collector.collect(input.now_unix_seconds, &Place::from(&place), &answers);
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

#[test]
fn built_ins_produce_the_golden_files() {
    let fixtures = fixtures();
    let built_ins: BTreeSet<&str> = builtins().iter().map(|(name, _)| *name).collect();
    assert_eq!(fixtures.keys().map(String::as_str).collect::<BTreeSet<_>>(), built_ins, "folders in fixtures/");
    for (name, cases) in &fixtures {
        assert!(cases.len() >= 5, "{name} has {} cases", cases.len());
        let mut collector = load(name);
        for directory in cases {
            let case = Case::read(directory);
            collector.settings = case.input::<contract::Request>(&[], &contract::Place::default()).unwrap().settings;
            let expected = std::fs::read_to_string(directory.join("expected.prom")).unwrap();
            assert_eq!(run(&collector, &case), expected, "{}", directory.display());
        }
    }
}

/// Built-ins import nothing from the host except the log.
#[test]
fn built_ins_import_nothing_but_log() {
    for (name, _) in builtins() {
        assert_eq!(load(name).component().facts().imports, ["pve:collector/types@0.1.0", "log"], "{name}");
    }
}
