//! Animals with their expected outcomes, and the healthy collector that runs after each.

use std::sync::Arc;
use std::time::Duration;

use harness::{repository, zoo_component};
use node_status::NodeStatus;
use pve_collector::{Collector as _, testing::Case};
use pve_exporter::catalog::builtins;
use pve_exporter::collector::{Collector, Origin};
use pve_exporter::exposition::{Encoder, Format};
use pve_exporter::limits::Limits;
use pve_exporter::reason::Reason;
use pve_exporter::request::Place;
use pve_exporter::sandbox::{Capacity, Sandbox};
use pve_exporter::schema::{Collected, Rejections, Rows};

/// The CPU limit of animals that are to exceed it: low, so that they do so soon.
const CPU: Duration = Duration::from_millis(250);
/// The CPU limit of all others: more than any of them needs, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(5);
pub(crate) const MEMORY: usize = 64 << 20;

pub(crate) fn limits() -> Limits {
    Limits { cpu: PATIENCE, memory: MEMORY, ..Limits::default() }
}

/// A sandbox with one slot: if an animal kept it, no other could run.
pub(crate) fn sandbox() -> Sandbox {
    Sandbox::new(Capacity { slots: 1, max_memory: Limits::default().memory }, None).unwrap()
}

/// The expected outcome of an animal.
#[derive(Clone)]
pub(crate) enum Outcome {
    /// Loading fails with an error that contains this text.
    Refused(&'static str),
    /// The call fails for this reason with an error that contains this text.
    Fails(&'static str, &'static str),
    /// The number of rows that are kept, and of those that are lost, by reason.
    Gives(usize, &'static [(&'static str, u64)]),
}

/// A component of the zoo.
#[derive(Clone)]
pub(crate) struct Animal {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) limits: Limits,
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) outcome: Outcome,
}

pub(crate) fn animal(name: &str, bytes: Vec<u8>, outcome: Outcome) -> Animal {
    let to_run_out = match outcome {
        Outcome::Refused(words) | Outcome::Fails(_, words) => words.contains("(limits: cpu)"),
        Outcome::Gives(..) => false,
    };
    let cpu = if to_run_out { CPU } else { PATIENCE };
    Animal { name: name.to_owned(), bytes, limits: Limits { cpu, ..limits() }, settings: Vec::new(), outcome }
}

impl Animal {
    pub(crate) fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    /// Runs it in `sandbox` and returns how the outcome differs from the expected one.
    pub(crate) fn check(&self, sandbox: &Sandbox) -> Result<(), String> {
        let differs = |what: &str| Err(format!("{}: {what}", self.name));
        let mut collector = match Collector::load(sandbox, &self.bytes, Origin::Builtin, self.limits.clone()) {
            Ok(collector) => collector,
            Err(error) => {
                return match self.outcome {
                    Outcome::Refused(words) => self.says(&error.to_string(), words),
                    _ => differs(&format!("refused: {error}")),
                };
            }
        };
        collector.settings.clone_from(&self.settings);
        let collection = collector.collect(1_763_000_000, &Place::cluster(), &[]);
        // The epoch ticks every 10 ms, but the machine may be busy: this finds calls that ignore the limit for seconds.
        let usage = collection.usage;
        let early = matches!(&collection.outcome, Err(error) if error.reason() == Reason::CpuLimit)
            && usage.cpu < self.limits.cpu;
        if early || usage.cpu > self.limits.cpu + Duration::from_secs(1) || usage.memory > self.limits.memory {
            return differs(&format!("used {usage:?}"));
        }
        match (&self.outcome, collection.outcome) {
            (Outcome::Fails(reason, words), Err(error)) if [*reason, "stalled"].contains(&error.reason().as_str()) => {
                self.says(&error.to_string(), words)
            }
            (Outcome::Gives(rows, lost), Ok(kept)) => {
                let (kept_rows, mut rejections) = (kept.rows(), collection.rejections);
                rejections.merge(expose(&collector, vec![kept]).2);
                let found: Vec<(&str, u64)> = rejections.iter().map(|(reason, count, _)| (reason, count)).collect();
                let right = kept_rows == *rows && found == *lost;
                if right { Ok(()) } else { differs(&format!("{kept_rows} rows, {rejections:?}")) }
            }
            (_, Err(error)) => differs(&format!("fails: {}: {error}", error.reason())),
            (_, Ok(rows)) => differs(&format!("gives {} rows, {:?}", rows.rows(), collection.rejections)),
        }
    }

    fn says(&self, text: &str, words: &str) -> Result<(), String> {
        // The text appears in logs and in responses of one line per item.
        if text.chars().any(char::is_control) {
            return Err(format!("{}: breaks lines: {text:?}", self.name));
        }
        // On a very busy machine, a call ends when ten times its CPU limit has passed by the wall clock.
        let stalled = self.limits.cpu == CPU && text.contains("no result after");
        if stalled || text.contains(words) { Ok(()) } else { Err(format!("{}: {text}", self.name)) }
    }
}

/// The text and OpenMetrics expositions of the rows of several calls, and the duplicates among them.
pub(crate) fn expose(collector: &Collector, batches: Vec<Arc<Rows>>) -> (String, String, Rejections) {
    let (collected, rejections) = Collected::join(Arc::clone(&collector.schema), batches);
    let [text, open] = [Format::Text, Format::OpenMetrics].map(|format| {
        let mut encoder = Encoder::new(format, 4096);
        collected.encode(&mut encoder);
        assert_eq!(encoder.series(), collected.series());
        String::from_utf8(encoder.finish()).unwrap()
    });
    (text, open, rejections)
}

/// Runs animals one after the other, and the healthy collector after each.
pub(crate) fn show(animals: &[Animal]) {
    let sandbox = sandbox();
    let healthy = Healthy::new(&sandbox);
    let mut wrong = Vec::new();
    for animal in animals {
        wrong.extend(animal.check(&sandbox).err());
        healthy.check(&animal.name);
    }
    assert!(wrong.is_empty(), "{} of {} animals:\n{}", wrong.len(), animals.len(), wrong.join("\n"));
    println!("{} animals", animals.len());
}

/// A built-in collector with fixed answers, which must return the same bytes whatever ran before it.
pub(crate) struct Healthy {
    collector: Collector,
    case: Case,
    expected: String,
}

impl Healthy {
    pub(crate) fn new(sandbox: &Sandbox) -> Self {
        let (_, bytes) = builtins().iter().find(|(name, _)| *name == "node-status").unwrap();
        let folder = repository().join("fixtures/node-status/pve9-efi");
        Self {
            collector: Collector::load(sandbox, bytes, Origin::Builtin, Limits::default()).unwrap(),
            case: Case::read(&folder),
            expected: std::fs::read_to_string(folder.join("expected.prom")).unwrap(),
        }
    }

    /// Calls it for every place and compares the exposition.
    pub(crate) fn check(&self, after: &str) {
        let mut batches = Vec::new();
        for native in &self.case.collect::<NodeStatus>().collections {
            let input = self.case.input(NodeStatus::REQUESTS, &native.place).unwrap();
            let responses: Vec<_> = input.responses.iter().map(|response| Ok(response.as_deref().unwrap())).collect();
            let place = Place { node: native.place.node.as_deref().map(Into::into), ..Place::cluster() };
            let collection = self.collector.collect(input.now_unix_seconds, &place, &responses);
            assert!(collection.rejections.is_empty(), "after {after}: {:?}", collection.rejections);
            batches.push(collection.outcome.unwrap_or_else(|error| panic!("after {after}: {error}")));
        }
        let (text, _, rejections) = expose(&self.collector, batches);
        assert!(rejections.is_empty(), "after {after}: {rejections:?}");
        assert_eq!(text, self.expected, "after {after}");
    }
}

/// An animal with several behaviours, of which `case` selects one.
pub(crate) fn built_case(component: &str, case: &str, outcome: Outcome) -> Animal {
    let mut animal = animal(&format!("{component}: {case}"), zoo_component(component), outcome);
    animal.settings.push(("case".to_owned(), case.to_owned()));
    animal
}
