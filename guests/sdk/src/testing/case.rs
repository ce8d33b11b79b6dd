//! A set of answers and what a collector makes of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use super::{
    collected::{Collected, Collection},
    places,
};
use crate::{Collector, FetchError, Input, Output, Place, Request, contract, describe, log::capture};

/// The scrape's time where a case does not say: 2026-03-20 14:19:15 UTC.
const NOW: u64 = 1_774_016_355;

/// Answers, settings and a time to run a collector on.
///
/// `Zfs` in the examples is the collector of the [module's documentation](super).
///
/// ```
/// use pve_collector::testing::Case;
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs;
///
/// let collected = Case::new()
///     .answer("/nodes/node01/disks/zfs", r#"[{"name":"rpool","health":"ONLINE"},{"name":"backup"}]"#)
///     .setting("skip", "backup")
///     .collect::<Zfs>();
/// assert_eq!(collected.rows().count(), 1);
/// assert_eq!(collected.log(), "node01: info: backup is skipped\n");
/// ```
#[derive(Clone, Debug)]
pub struct Case {
    pub(super) answers: BTreeMap<String, Result<String, FetchError>>,
    settings: Vec<(String, String)>,
    now: u64,
    /// Files of a case directory that are no part of a case.
    pub(super) strange: Vec<PathBuf>,
    /// Bodies that the host would not take from the API either, and why.
    pub(super) malformed: Vec<(PathBuf, String)>,
}

impl Default for Case {
    fn default() -> Self {
        Self::new()
    }
}

impl Case {
    /// No answers yet.
    ///
    /// ```
    /// use pve_collector::testing::Case;
    /// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
    /// use zfs::Zfs;
    ///
    /// let collected = Case::new().collect::<Zfs>();
    /// assert!(collected.collections.is_empty()); // no answers of a node, so no nodes
    /// ```
    pub fn new() -> Self {
        Self { answers: BTreeMap::new(), settings: Vec::new(), now: NOW, strange: Vec::new(), malformed: Vec::new() }
    }

    /// The answer of a path: the JSON text of its `data` member, without the envelope.
    ///
    /// ```
    /// use pve_collector::testing::Case;
    /// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
    /// use zfs::Zfs;
    ///
    /// let collected = Case::new()
    ///     .answer("/nodes/node01/disks/zfs", "[]")
    ///     .answer("/nodes/node02/disks/zfs", r#"[{"name":"rpool"}]"#)
    ///     .collect::<Zfs>();
    /// assert_eq!(collected.rows().map(|row| &row.labels[0]).collect::<Vec<_>>(), ["node02"]);
    /// ```
    #[must_use]
    pub fn answer(mut self, path: &str, data: impl Into<String>) -> Self {
        self.answers.insert(path.to_owned(), Ok(data.into()));
        self
    }

    /// A request that failed.
    ///
    /// ```
    /// use pve_collector::{FetchError, testing::Case};
    /// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
    /// use zfs::Zfs;
    ///
    /// let collected = Case::new()
    ///     .answer("/nodes/node01/disks/zfs", r#"[{"name":"rpool"}]"#)
    ///     .failed("/nodes/node02/disks/zfs", FetchError::TimedOut)
    ///     .collect::<Zfs>();
    /// assert_eq!(collected.failures(), ["not collected: /nodes/node02/disks/zfs has no answer: timed-out"]);
    /// assert_eq!(collected.rows().count(), 1); // node01's
    /// ```
    #[must_use]
    pub fn failed(mut self, path: &str, error: FetchError) -> Self {
        self.answers.insert(path.to_owned(), Err(error));
        self
    }

    /// A setting of the operator.
    ///
    /// ```
    /// use pve_collector::testing::Case;
    /// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
    /// use zfs::Zfs;
    ///
    /// let case = Case::new().answer("/nodes/node01/disks/zfs", r#"[{"name":"rpool"},{"name":"backup"}]"#);
    /// assert_eq!(case.collect::<Zfs>().rows().count(), 2);
    /// assert_eq!(case.setting("skip", "backup").collect::<Zfs>().rows().count(), 1);
    /// ```
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The scrape's time in seconds since 1970-01-01 UTC.
    ///
    /// ```
    /// use pve_collector::{
    ///     Collector, Failure, Input, Output, Package, Request, Table, lenient::Number, tables, testing::Case,
    /// };
    /// use serde::Deserialize;
    ///
    /// const SUBSCRIPTION: Request = Request::get("/nodes/{node}/subscription").max_age(3600);
    ///
    /// tables! {
    ///     /// A node's subscription.
    ///     Subscription(node) {
    ///         gauge unchecked "pve_subscription_unchecked_seconds" "Seconds since the last check, from checktime.";
    ///     }
    /// }
    ///
    /// #[derive(Deserialize)]
    /// struct Answer {
    ///     #[serde(default)]
    ///     checktime: Number,
    /// }
    ///
    /// struct Subscriptions;
    ///
    /// impl Collector for Subscriptions {
    ///     const PACKAGE: Package = pve_collector::package!();
    ///     const REQUESTS: &'static [Request] = &[SUBSCRIPTION];
    ///     const TABLES: &'static [Table] = TABLES;
    ///
    ///     fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
    ///         let answer: Answer = input.object(SUBSCRIPTION)?;
    ///         let unchecked = answer.checktime.0.map(|checked| input.now() as f64 - checked);
    ///         output.push(Subscription { node: input.node().to_owned(), unchecked });
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let case = Case::new().answer("/nodes/node01/subscription", r#"{"checktime":1774000000}"#).now(1_774_003_600);
    /// let exposition = case.collect::<Subscriptions>().exposition();
    /// assert!(exposition.ends_with("pve_subscription_unchecked_seconds{node=\"node01\"} 3600\n"));
    /// ```
    #[must_use]
    pub fn now(mut self, unix_seconds: u64) -> Self {
        self.now = unix_seconds;
        self
    }

    /// The answer of a path as a document, for tests that change it.
    ///
    /// ```
    /// use pve_collector::testing::Case;
    /// use serde_json::json;
    /// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
    /// use zfs::Zfs;
    ///
    /// const POOLS: &str = "/nodes/node01/disks/zfs";
    ///
    /// let case = Case::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/degraded"));
    /// let mut pools = case.document(POOLS);
    /// pools[0]["size"] = json!("N/A");
    /// let exposition = case.answer(POOLS, pools.to_string()).collect::<Zfs>().exposition();
    /// assert!(!exposition.contains("pve_zfs_pool_size_bytes{node=\"node01\",pool=\"rpool\"}"));
    /// assert!(exposition.contains("pve_zfs_pool_free_bytes{node=\"node01\",pool=\"rpool\"}"));
    /// ```
    ///
    /// # Panics
    ///
    /// Where the path has no answer, or one that is no JSON.
    pub fn document(&self, path: &str) -> serde_json::Value {
        let answer = self.answers.get(path).and_then(|answer| answer.as_deref().ok());
        let data = answer.unwrap_or_else(|| panic!("the case has no answer for {path}"));
        serde_json::from_str(data).unwrap_or_else(|error| panic!("the answer for {path} is no JSON: {error}"))
    }

    /// Runs a collector for every place there are answers for, in their order. A place whose required answer is missing
    /// is not collected, as in the host; a path without any answer counts as [`FetchError::NotFound`].
    ///
    /// ```
    /// use pve_collector::{FetchError, testing::Case};
    /// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
    /// use zfs::Zfs;
    ///
    /// let collected = Case::new()
    ///     .answer("/nodes/node02/disks/zfs", r#"[{"name":"rpool"}]"#)
    ///     .failed("/nodes/node01/disks/zfs", FetchError::Forbidden)
    ///     .collect::<Zfs>();
    /// let places = collected.collections.iter().map(|collection| collection.place_name());
    /// assert_eq!(places.collect::<Vec<_>>(), ["node01", "node02"]);
    /// ```
    pub fn collect<C: Collector>(&self) -> Collected {
        let collections = self.places(C::REQUESTS).into_iter().map(|place| self.collect_place::<C>(place)).collect();
        Collected { manifest: describe::<C>(), collections }
    }

    /// The places that a collector with these requests runs for, in order: one for each binding of all its placeholders that
    /// appears in the path of an answer. Without placeholders the only place is the cluster.
    ///
    /// ```
    /// use pve_collector::{Collector, testing::Case};
    /// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
    /// use zfs::Zfs;
    ///
    /// let case = Case::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/degraded"));
    /// let nodes = case.places(Zfs::REQUESTS).into_iter().filter_map(|place| place.node);
    /// assert_eq!(nodes.collect::<Vec<_>>(), ["node01", "node02"]);
    /// ```
    pub fn places(&self, requests: &[Request]) -> BTreeSet<Place> {
        places::places(requests, self.answers.keys().map(String::as_str))
    }

    /// What the host would hand to a collector with these requests at a place; or the path of the first required answer
    /// that is missing, and why.
    ///
    /// ```
    /// use pve_collector::{Collector, Input, Output, Place, testing::Case};
    /// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
    /// use zfs::Zfs;
    ///
    /// // For what runs a collector by itself, as a benchmark:
    /// let case = Case::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/degraded"));
    /// let node = |name: &str| Place { node: Some(name.to_owned()), ..Place::default() };
    /// let input = case.input(Zfs::REQUESTS, &node("node01")).unwrap();
    /// let mut output = Output::default();
    /// Zfs::collect(&Input::new(input, Zfs::REQUESTS), &mut output).unwrap();
    /// assert_eq!(output.rows.len(), 2);
    ///
    /// let (path, error) = case.input(Zfs::REQUESTS, &node("node02")).unwrap_err();
    /// assert_eq!(format!("{path}: {error}"), "/nodes/node02/disks/zfs: timed-out");
    /// ```
    pub fn input(&self, requests: &[Request], place: &Place) -> Result<contract::Input, (String, FetchError)> {
        let mut responses = Vec::new();
        for request in requests {
            let path = places::path_at(*request, place);
            let response = self.answers.get(&path).cloned().unwrap_or(Err(FetchError::NotFound));
            match response {
                Err(error) if !request.optional => return Err((path, error)),
                response => responses.push(response),
            }
        }
        Ok(contract::Input {
            now_unix_seconds: self.now,
            place: place.clone(),
            settings: self.settings.clone(),
            responses,
        })
    }

    fn collect_place<C: Collector>(&self, place: Place) -> Collection {
        let input = match self.input(C::REQUESTS, &place) {
            Ok(input) => input,
            Err((path, error)) => return Collection::not_collected(place, &path, error),
        };
        let mut output = Output::default();
        let (result, log) = capture(|| C::collect(&Input::new(input, C::REQUESTS), &mut output));
        match result {
            Ok(()) => Collection { place, output, failure: None, log },
            Err(failure) => Collection { place, output: Output::default(), failure: Some(failure.to_string()), log },
        }
    }
}
