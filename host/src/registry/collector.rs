//! A collector that serves: a component, its checked manifest, and the terms it runs under.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::health::Health;
use super::losses::{Budget, Rejections};
use super::rows::Rows;
use super::schema::{ManifestError, Schema};
use crate::api::{FetchErrorKind, GuestType, Place};
use crate::sandbox::{CallError, CollectorLog, Component, Limits, LoadError, Sandbox, Usage, contract, shorten};

/// Where a component comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It is part of the binary.
    Builtin,
    /// A file of a collectors folder.
    File(PathBuf),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Builtin => f.write_str("built-in"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Why a component does not become a collector.
#[derive(Debug, thiserror::Error)]
pub enum CollectorError {
    /// It does not load.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Its manifest breaks the contract.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

/// A collector that serves.
#[derive(Debug)]
pub struct Collector {
    /// Where it comes from.
    pub origin: Origin,
    /// What it promises.
    pub schema: Arc<Schema>,
    /// What it may use.
    pub limits: Limits,
    /// The operator's settings, handed to each call.
    pub settings: Vec<(String, String)>,
    /// How its calls have gone.
    pub health: Health,
    /// Its calls at once.
    pub calls: Arc<Semaphore>,
    component: Component,
    log: CollectorLog,
}

/// What one call came to.
#[derive(Debug)]
pub struct Collection {
    /// The rows, or why there are none.
    pub outcome: Result<Arc<Rows>, CollectionError>,
    /// What was lost of the rows.
    pub rejections: Rejections,
    /// Warnings the collector gave: those kept, shortened.
    pub warnings: Vec<String>,
    /// What the call used.
    pub usage: Usage,
    /// The same against each limit, from 0 to 1.
    pub used: Vec<(&'static str, f64)>,
}

/// Why a call gave no rows.
#[derive(Debug, thiserror::Error)]
pub enum CollectionError {
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// It gave more than it may.
    #[error(transparent)]
    Budget(#[from] Budget),
}

impl CollectionError {
    /// The reason as a label value.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Call(error) => error.reason(),
            Self::Budget(budget) => budget.reason(),
        }
    }
}

impl Collector {
    /// Loads a component and checks its manifest. Blocks: compiling takes from 0.05 s to seconds.
    pub fn load(sandbox: &Sandbox, bytes: &[u8], origin: Origin, limits: Limits) -> Result<Self, CollectorError> {
        let component = Component::load(sandbox, bytes, &limits)?;
        let manifest = component.describe(&limits, &CollectorLog::new(&origin.to_string()))?;
        let schema = Schema::check(manifest, &limits)?;
        let log = CollectorLog::new(&schema.name);
        Ok(Self {
            origin,
            schema: Arc::new(schema),
            calls: Arc::new(Semaphore::new(limits.concurrency)),
            limits,
            settings: Vec::new(),
            health: Health::default(),
            component,
            log,
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.schema.name
    }

    /// The component it runs.
    #[must_use]
    pub fn component(&self) -> &Component {
        &self.component
    }

    /// Runs it for one place and checks what it gives. Blocks; hold a slot of the sandbox.
    #[must_use]
    pub fn collect(&self, now: u64, place: &Place, responses: &[Result<&str, FetchErrorKind>]) -> Collection {
        let settings: Vec<(&str, &str)> = self.settings.iter().map(|(key, value)| (&**key, &**value)).collect();
        let responses: Vec<Result<&str, contract::FetchError>> =
            responses.iter().map(|response| response.map_err(fetch_error)).collect();
        let input = contract::Input {
            now_unix_seconds: now,
            place: contract::Place {
                node: place.node.as_deref(),
                guest_type: place.guest_type.map(guest_type),
                vmid: place.vmid,
                storage: place.storage.as_deref(),
            },
            settings: &settings,
            responses: &responses,
        };
        let (result, usage) = self.component.collect(input, place.to_string(), &self.limits, &self.log);
        let mut used = vec![
            ("cpu", usage.cpu.as_secs_f64() / self.limits.cpu.as_secs_f64()),
            ("memory", ratio(usage.memory, self.limits.memory)),
        ];
        let (rows, warnings) = match result {
            Ok(contract::Output { rows, warnings }) => {
                self.health.well();
                (rows, warnings)
            }
            Err(error) => {
                if error.is_breakdown()
                    && let Some(length) = self.health.broke_down()
                {
                    tracing::warn!(collector = self.name(), "in quarantine for {} s: {error}", length.as_secs());
                }
                return Collection {
                    outcome: Err(error.into()),
                    rejections: Rejections::default(),
                    warnings: Vec::new(),
                    usage,
                    used,
                };
            }
        };
        used.extend([
            ("lifted-bytes", ratio(lifted_bytes(&rows), self.limits.lifted_bytes)),
            ("rows", ratio(rows.len(), self.limits.rows)),
            ("warnings", ratio(warnings.len(), self.limits.warnings)),
        ]);
        let warnings = warnings
            .iter()
            .take(self.limits.warnings)
            .map(|warning| shorten(warning, self.limits.message_bytes).to_owned())
            .collect();
        match Rows::check(rows, &self.schema, &self.limits) {
            Ok((rows, rejections)) => {
                used.push(("series", ratio(rows.series(), self.limits.series)));
                Collection { outcome: Ok(Arc::new(rows)), rejections, warnings, usage, used }
            }
            Err(budget) => {
                Collection { outcome: Err(budget.into()), rejections: Rejections::default(), warnings, usage, used }
            }
        }
    }
}

fn guest_type(guest_type: GuestType) -> contract::GuestType {
    match guest_type {
        GuestType::Qemu => contract::GuestType::Qemu,
        GuestType::Lxc => contract::GuestType::Lxc,
    }
}

fn fetch_error(kind: FetchErrorKind) -> contract::FetchError {
    match kind {
        FetchErrorKind::Forbidden => contract::FetchError::Forbidden,
        FetchErrorKind::NotFound => contract::FetchError::NotFound,
        FetchErrorKind::TimedOut => contract::FetchError::TimedOut,
        FetchErrorKind::Unavailable => contract::FetchError::Unavailable,
        FetchErrorKind::TooLarge => contract::FetchError::TooLarge,
        FetchErrorKind::Malformed => contract::FetchError::Malformed,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio for people; bytes and rows are far below 2^53")]
fn ratio(used: usize, limit: usize) -> f64 {
    used as f64 / limit.max(1) as f64
}

/// What wasmtime counted for these rows when it lifted them: lists by the size of their elements, strings by their length.
fn lifted_bytes(rows: &[contract::Row]) -> usize {
    let of_row = |row: &contract::Row| {
        size_of_val(row)
            + size_of_val(row.labels.as_slice())
            + size_of_val(row.values.as_slice())
            + row.labels.iter().map(String::len).sum::<usize>()
    };
    rows.iter().map(of_row).sum()
}
