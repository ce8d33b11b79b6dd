//! A collector that can run: a component, its checked manifest, and the terms it runs under.

mod collection;
mod health;
mod set;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

pub use collection::{Collection, CollectionError};
pub use health::{ClusterId, Health};
pub use set::{CollectorSet, Conflict};

use crate::budget::{ByteBudget, Purpose};
use crate::contract::{FetchErrorKind, Input};
use crate::limits::Limits;
use crate::request::Place;
use crate::sandbox::{CollectorLog, Component, LoadError, Sandbox, Slot};
use crate::schema::{ManifestError, Schema};
use crate::text;

/// A call that takes this long and outlasts the scrape is to blame itself.
const FAIR_CHANCE: Duration = Duration::from_secs(1);

/// Where a component comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Embedded in the binary.
    Builtin,
    /// A file in a collectors folder.
    File(PathBuf),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Builtin => f.write_str("built-in"),
            Self::File(path) => write!(f, "{}", text::path(path)),
        }
    }
}

/// Why a component does not become a collector.
#[derive(Debug, thiserror::Error)]
pub enum CollectorError {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

#[derive(Debug)]
pub struct Collector {
    pub origin: Origin,
    pub schema: Arc<Schema>,
    pub limits: Limits,
    /// The operator's settings, passed to each call.
    pub settings: Vec<(String, String)>,
    pub health: Health,
    /// Bounds its concurrent calls.
    pub calls: Arc<Semaphore>,
    /// Holds the memory of its calls, rows and kept rows.
    budget: Arc<ByteBudget>,
    /// What of it kept rows may hold; the rest is for calls.
    kept: Arc<ByteBudget>,
    component: Component,
    log: CollectorLog,
}

impl Collector {
    /// Loads a component and checks its manifest. Blocks: compiling takes from 0.05 s to seconds.
    pub fn load(sandbox: &Sandbox, bytes: &[u8], origin: Origin, limits: Limits) -> Result<Self, CollectorError> {
        let log = CollectorLog::new(&origin.to_string());
        Self::load_logging_to(&log, sandbox, bytes, origin, limits)
    }

    /// Like [`load`](Self::load); `log` receives what `describe` logs.
    pub fn load_logging_to(
        log: &CollectorLog,
        sandbox: &Sandbox,
        bytes: &[u8],
        origin: Origin,
        limits: Limits,
    ) -> Result<Self, CollectorError> {
        let component = Component::load(sandbox, bytes, &limits)?;
        let budget = sandbox.budget().child(Purpose::Collector, limits.collector_bytes);
        let schema = Schema::check(component.describe(&limits, log, &budget)?, &limits)?;
        Ok(Self::assemble(component, Arc::new(schema), origin, limits, Vec::new()))
    }

    /// The same version with other limits and settings. Its health starts anew: what it could not do, it may be able to now.
    #[must_use]
    pub fn under(&self, limits: Limits, settings: Vec<(String, String)>) -> Self {
        Self::assemble(self.component.clone(), Arc::clone(&self.schema), self.origin.clone(), limits, settings)
    }

    fn assemble(
        component: Component,
        schema: Arc<Schema>,
        origin: Origin,
        limits: Limits,
        settings: Vec<(String, String)>,
    ) -> Self {
        Self {
            origin,
            calls: Arc::new(Semaphore::new(limits.concurrency)),
            budget: component.sandbox().budget().child(Purpose::Collector, limits.collector_bytes),
            kept: ByteBudget::root(Purpose::Collector, limits.collector_bytes / 2),
            limits,
            settings,
            health: Health::default(),
            component,
            log: CollectorLog::new(&schema.name),
            schema,
        }
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.schema.name
    }

    /// Counts the rows kept for later scrapes, over all clusters.
    #[must_use]
    pub fn kept(&self) -> &Arc<ByteBudget> {
        &self.kept
    }

    /// What its calls, rows and kept rows may occupy.
    #[must_use]
    pub fn budget(&self) -> &Arc<ByteBudget> {
        &self.budget
    }

    #[must_use]
    pub fn component(&self) -> &Component {
        &self.component
    }

    /// Waits for a slot of the sandbox to run a call in.
    pub async fn slot(&self) -> Slot {
        match self.origin {
            Origin::Builtin => self.component.sandbox().slot().await,
            Origin::File(_) => self.component.sandbox().third_party_slot().await,
        }
    }

    /// Records how a call for a cluster went; one that was still running at `deadline` is a breakdown if it had a fair chance.
    pub fn record(&self, cluster: ClusterId, collection: &Collection, deadline: Instant) {
        let outcome = match &collection.outcome {
            Err(CollectionError::Call(error)) if error.is_breakdown() => error.to_string(),
            _ if Instant::now() > deadline && collection.usage.wall >= FAIR_CHANCE => {
                "its calls outlast the scrape".to_owned()
            }
            // Neither a success nor the component's breakdown.
            Err(CollectionError::Call(_)) => return,
            Ok(_) | Err(CollectionError::Output(_)) => return self.health.succeeded(cluster),
        };
        if let Some(length) = self.health.broke_down(cluster) {
            tracing::warn!(collector = self.name(), "quarantined for {} s: {outcome}", length.as_secs());
        }
    }

    /// Runs it for one place and checks what it returns. Blocks; hold a slot.
    #[must_use]
    pub fn collect(&self, now: u64, place: &Place, answers: &[Result<&str, FetchErrorKind>]) -> Collection {
        let input = Input { now_unix_seconds: now, place, settings: &self.settings, answers };
        self.collect_logging_to(&self.log, &input)
    }

    /// Like [`collect`](Self::collect), with the caller's settings and log.
    #[must_use]
    pub fn collect_logging_to(&self, log: &CollectorLog, input: &Input<'_>) -> Collection {
        let (output, usage) = self.component.collect(input, &self.limits, log, &self.budget);
        Collection::new(output, usage, &self.schema, &self.limits, &self.budget)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::OverBudget;
    use crate::catalog::builtins;
    use crate::contract::FailureKind;
    use crate::sandbox::{CallError, Capacity, Usage};
    use crate::text::Foreign;

    fn failed(error: CallError) -> Collection {
        Collection {
            outcome: Err(error.into()),
            rejections: Default::default(),
            warnings: Vec::new(),
            usage: Usage::default(),
            used: Vec::new(),
        }
    }

    #[test]
    fn only_a_success_ends_a_row_of_breakdowns() {
        let limits = Limits::default();
        let sandbox = Sandbox::new(Capacity { slots: 1, max_memory: limits.memory }, None).unwrap();
        let (_, component) = builtins().iter().find(|(name, _)| *name == "version").unwrap();
        let collector = Collector::load(&sandbox, component, Origin::Builtin, limits).unwrap();
        let (cluster, in_time) = (ClusterId::unique(), Instant::now() + Duration::from_secs(600));
        let record = |collection: &Collection| collector.record(cluster, collection, in_time);
        let trap = || failed(CallError::Trap(Foreign::new("unreachable")));
        let misunderstood = failed(CallError::Failed { kind: FailureKind::Malformed, message: Foreign::new("?") });
        let shortage = failed(OverBudget { purpose: Purpose::Process, limit: 1 }.into());
        let answer = r#"{"version":"9.0.3","release":"9.0","repoid":"abc"}"#;
        let success = collector.collect(0, &Place::cluster(), &[Ok(answer)]);
        assert!(success.outcome.is_ok());

        for collection in [trap(), trap(), success, trap(), misunderstood, trap(), shortage] {
            record(&collection);
            assert_eq!(collector.health.quarantined(cluster), None);
        }
        record(&trap());
        assert!(collector.health.quarantined(cluster).is_some());
    }
}
