//! Animals, what must become of them, and the healthy collector that runs after each.

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

/// What those may use that are to run into the limit: little, so that they do so soon.
const CPU: Duration = Duration::from_millis(250);
/// What all others may use: more than any needs, so that a busy machine changes no outcome.
const PATIENCE: Duration = Duration::from_secs(5);
pub(crate) const MEMORY: usize = 64 << 20;

pub(crate) fn limits() -> Limits {
    Limits { cpu: PATIENCE, memory: MEMORY, ..Limits::default() }
}

/// One slot: an animal that kept it would be the last to run.
pub(crate) fn sandbox() -> Sandbox {
    Sandbox::new(Capacity { slots: 1, max_memory: Limits::default().memory }, None).unwrap()
}

/// What must become of an animal.
#[derive(Clone)]
pub(crate) enum Outcome {
    /// It does not load, with these words.
    Refused(&'static str),
    /// Its call fails for this reason, with these words.
    Fails(&'static str, &'static str),
    /// This many rows are kept, and these are lost: reason, number.
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

    /// Runs in `sandbox` and says how it differs from what must become of it.
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
        // Logs and answers of several lines hold it.
        if text.chars().any(char::is_control) {
            return Err(format!("{}: breaks lines: {text:?}", self.name));
        }
        // Where the machine is so busy that ten times the CPU limit pass by the wall clock first, that is what ends a call.
        let stalled = self.limits.cpu == CPU && text.contains("no answer after");
        if stalled || text.contains(words) { Ok(()) } else { Err(format!("{}: {text}", self.name)) }
    }
}

/// The text and OpenMetrics expositions of some calls' rows, and the duplicates among them.
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

/// Runs animals one after the other, a healthy collector after each.
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

/// A built-in collector on answers it knows, which must give the same bytes whatever ran before it.
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

    /// One call, complete.
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

/// An animal that does several things; `case` says which.
pub(crate) fn built_case(component: &str, case: &str, outcome: Outcome) -> Animal {
    let mut animal = animal(&format!("{component}: {case}"), zoo_component(component), outcome);
    animal.settings.push(("case".to_owned(), case.to_owned()));
    animal
}
