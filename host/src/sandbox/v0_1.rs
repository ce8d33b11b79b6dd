//! Version 0.1 of the contract: generated bindings, and their conversion to and from the host's own types.
//!
//! Nothing outside this file names a generated type. A later version gets a file like this one, from its own directory of
//! `wit`.

use wasmtime::Store;
use wasmtime::component::{HasSelf, InstancePre, Linker};

use super::call::CallError;
use super::state::HostState;
use crate::contract::{
    FailureKind, FetchErrorKind, Input, KindDecl, LogLevel, Manifest, MetricDecl, Output, RequestDecl, Row, TableDecl,
    Value,
};
use crate::request::GuestType;
use crate::text::{Foreign, shorten};

#[allow(missing_docs, unreachable_pub, reason = "generated code, documented in wit/collector.wit")]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "collector",
        // An answer's JSON goes from the fetch buffer into the guest's memory in one copy.
        ownership: Borrowing { duplicate_if_necessary: false },
    });
}

use bindings::pve::collector::types;
use bindings::{Collector, CollectorImports, CollectorPre};

/// A component of this version, its imports satisfied.
#[derive(Clone)]
pub(super) struct Prepared(CollectorPre<HostState>);

/// What `collect` returned, and the bytes that lifting it took.
pub(super) struct Returned {
    pub(super) output: Result<Output, CallError>,
    pub(super) lifted_bytes: usize,
}

pub(super) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    Collector::add_to_linker::<_, HasSelf<HostState>>(linker, |state| state)
}

impl Prepared {
    pub(super) fn new(pre: InstancePre<HostState>) -> wasmtime::Result<Self> {
        CollectorPre::new(pre).map(Self)
    }

    pub(super) fn describe(&self, store: &mut Store<HostState>) -> wasmtime::Result<Manifest> {
        let collector = self.0.instantiate(&mut *store)?;
        collector.call_describe(store).map(manifest)
    }

    /// Runs `collect`; a failure that the collector returns keeps `message_bytes` of its message.
    pub(super) fn collect(
        &self,
        store: &mut Store<HostState>,
        input: &Input<'_>,
        message_bytes: usize,
    ) -> wasmtime::Result<Returned> {
        let collector = self.0.instantiate(&mut *store)?;
        let settings: Vec<(&str, &str)> = input.settings.iter().map(|(key, value)| (&**key, &**value)).collect();
        let responses: Vec<Result<&str, types::FetchError>> =
            input.answers.iter().map(|answer| answer.map_err(fetch_error)).collect();
        let place = input.place;
        let input = types::Input {
            now_unix_seconds: input.now_unix_seconds,
            place: types::Place {
                node: place.node.as_deref(),
                guest_type: place.guest_type.map(guest_type),
                vmid: place.vmid,
                storage: place.storage.as_deref(),
            },
            settings: &settings,
            responses: &responses,
        };
        Ok(match collector.call_collect(store, input)? {
            Ok(returned) => {
                let (output, lifted_bytes) = output(returned);
                Returned { output: Ok(output), lifted_bytes }
            }
            Err(failure) => Returned { lifted_bytes: 0, output: Err(failed(failure, message_bytes)) },
        })
    }
}

// The interface of the types has no functions.
impl types::Host for HostState {}

impl CollectorImports for HostState {
    fn log(&mut self, level: types::Level, message: String) {
        let level = match level {
            types::Level::Debug => LogLevel::Debug,
            types::Level::Info => LogLevel::Info,
            types::Level::Warn => LogLevel::Warn,
            types::Level::Error => LogLevel::Error,
        };
        self.log.lock().line(level, &message);
    }
}

fn manifest(manifest: types::Manifest) -> Manifest {
    let request = |request: types::Request| RequestDecl {
        path: request.path,
        max_age_seconds: request.max_age_seconds,
        optional: request.optional,
    };
    let metric = |metric: types::Metric| MetricDecl { name: metric.name, help: metric.help, kind: kind(metric.kind) };
    let table = |table: types::Table| TableDecl {
        label_names: table.label_names,
        metrics: table.metrics.into_iter().map(metric).collect(),
    };
    Manifest {
        name: manifest.name,
        version: manifest.version,
        description: manifest.description,
        requests: manifest.requests.into_iter().map(request).collect(),
        tables: manifest.tables.into_iter().map(table).collect(),
    }
}

fn kind(kind: types::Kind) -> KindDecl {
    match kind {
        types::Kind::Gauge => KindDecl::Gauge,
        types::Kind::Counter => KindDecl::Counter,
        types::Kind::Info => KindDecl::Info,
        types::Kind::StateSet(types::StateSet { label, states }) => KindDecl::StateSet { label, states },
    }
}

/// Converts the output and returns what lifting it took of `lifted-bytes`: wasmtime charges a list by the size of its elements
/// and a string by its length, and does not report what it charged.
///
/// The vectors' elements have the layout of ours, so `collect` reuses their allocations.
fn output(output: types::Output) -> (Output, usize) {
    let texts = |texts: &[String]| size_of_val(texts) + texts.iter().map(String::len).sum::<usize>();
    let value = |value: types::Value| match value {
        types::Value::Absent => Value::Absent,
        types::Value::Number(number) => Value::Number(number),
        types::Value::State(state) => Value::State(state),
    };
    let mut lifted_bytes = size_of_val(output.rows.as_slice()) + texts(&output.warnings);
    let row = |row: types::Row| {
        lifted_bytes += texts(&row.labels) + size_of_val(row.values.as_slice());
        Row { table: row.table, labels: row.labels, values: row.values.into_iter().map(value).collect() }
    };
    let rows = output.rows.into_iter().map(row).collect();
    (Output { rows, warnings: output.warnings }, lifted_bytes)
}

fn failed(failure: types::Failure, message_bytes: usize) -> CallError {
    let (kind, message) = match failure {
        types::Failure::Malformed(message) => (FailureKind::Malformed, message),
        types::Failure::Settings(message) => (FailureKind::Settings, message),
        types::Failure::Other(message) => (FailureKind::Other, message),
    };
    CallError::Failed { kind, message: Foreign::new(shorten(&message, message_bytes)) }
}

fn guest_type(guest_type: GuestType) -> types::GuestType {
    match guest_type {
        GuestType::Qemu => types::GuestType::Qemu,
        GuestType::Lxc => types::GuestType::Lxc,
    }
}

fn fetch_error(kind: FetchErrorKind) -> types::FetchError {
    match kind {
        FetchErrorKind::Forbidden => types::FetchError::Forbidden,
        FetchErrorKind::NotFound => types::FetchError::NotFound,
        FetchErrorKind::TimedOut => types::FetchError::TimedOut,
        FetchErrorKind::Unavailable => types::FetchError::Unavailable,
        FetchErrorKind::TooLarge => types::FetchError::TooLarge,
        FetchErrorKind::Malformed => types::FetchError::Malformed,
    }
}
