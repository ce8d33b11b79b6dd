//! A set of answers to run a collector on.

use std::collections::BTreeMap;

use crate::FetchError;

/// The default time of the scrape: 2026-03-20 14:19:15 UTC.
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
    pub(super) settings: Vec<(String, String)>,
    pub(super) now: u64,
}

impl Default for Case {
    fn default() -> Self {
        Self::new()
    }
}

impl Case {
    /// A case without answers.
    ///
    /// ```
    /// use pve_collector::testing::Case;
    /// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
    /// use zfs::Zfs;
    ///
    /// let collected = Case::new().collect::<Zfs>();
    /// assert!(collected.collections.is_empty()); // no answer of a node, so no nodes
    /// ```
    pub fn new() -> Self {
        Self { answers: BTreeMap::new(), settings: Vec::new(), now: NOW }
    }

    /// Adds the answer for a path: the JSON text of its `data` member, without the envelope.
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

    /// Adds a request that failed.
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

    /// Adds a setting of the operator.
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

    /// Sets the time of the scrape, in seconds since 1970-01-01 UTC.
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

    /// The answer for a path as a document, for tests that change it.
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
    /// If the path has no answer, or one that is not JSON.
    pub fn document(&self, path: &str) -> serde_json::Value {
        let answer = self.answers.get(path).and_then(|answer| answer.as_deref().ok());
        let data = answer.unwrap_or_else(|| panic!("the case has no answer for {path}"));
        serde_json::from_str(data).unwrap_or_else(|error| panic!("the answer for {path} is not JSON: {error}"))
    }

    /// The paths that have an answer or a failure, in order.
    ///
    /// ```
    /// use pve_collector::{FetchError, testing::Case};
    ///
    /// let case = Case::new().answer("/version", "{}").failed("/cluster/status", FetchError::TimedOut);
    /// assert_eq!(case.paths().collect::<Vec<_>>(), ["/cluster/status", "/version"]);
    /// ```
    pub fn paths(&self) -> impl Iterator<Item = &str> + Clone {
        self.answers.keys().map(String::as_str)
    }
}
