//! What a collector reads: its place, its settings and, in `answers`, the answers to its requests.

mod answers;

use std::{fmt, str::FromStr};

use crate::{
    Request,
    contract::{self, Failure, GuestType},
};

/// The input of one call of [`Collector::collect`](crate::Collector::collect).
///
/// ```
/// use pve_collector::{Failure, GuestType, Input, Request, lenient::Number};
/// # use pve_collector::{Place, testing::Case};
/// use serde::Deserialize;
///
/// const CONFIG: Request = Request::get("/nodes/{node}/{type}/{vmid}/config").max_age(300);
///
/// #[derive(Deserialize)]
/// struct Config {
///     #[serde(default)]
///     cores: Number,
/// }
///
/// /// `qemu/112 on node01 has 4 cores`
/// fn sentence(input: &Input) -> Result<String, Failure> {
///     let config: Config = input.object(CONFIG)?;
///     let kind = input.guest_type().map(GuestType::as_str).unwrap_or_default();
///     let vmid = input.vmid().unwrap_or_default();
///     Ok(format!("{kind}/{vmid} on {} has {} cores", input.node(), config.cores.0.unwrap_or(1.0)))
/// }
/// # let place = Place {
/// #     node: Some("node01".to_owned()),
/// #     guest_type: Some(GuestType::Qemu),
/// #     vmid: Some(112),
/// #     storage: None,
/// # };
/// # let case = Case::new().answer("/nodes/node01/qemu/112/config", r#"{"cores":"4"}"#);
/// # let input = Input::new(case.input(&[CONFIG], &place).unwrap(), &[CONFIG]);
/// # assert_eq!(sentence(&input)?, "qemu/112 on node01 has 4 cores");
/// # Ok::<(), Failure>(())
/// ```
#[derive(Clone, Debug)]
pub struct Input {
    input: contract::Input,
    requests: &'static [Request],
}

impl Input {
    /// The input of a collector with these requests. The host and the test harness construct it; collectors only read it.
    ///
    /// ```
    /// use pve_collector::{Collector, Input, Output, Place, testing::Case};
    /// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
    /// use zfs::Zfs; // from the documentation of `testing`
    ///
    /// let case = Case::new().answer("/nodes/node01/disks/zfs", r#"[{"name":"rpool"}]"#);
    /// let place = Place { node: Some("node01".to_owned()), ..Place::default() };
    /// let input = Input::new(case.input(Zfs::REQUESTS, &place).unwrap(), Zfs::REQUESTS);
    /// let mut output = Output::default();
    /// Zfs::collect(&input, &mut output)?;
    /// assert_eq!(output.rows[0].labels, ["node01", "rpool"]);
    /// # Ok::<(), pve_collector::Failure>(())
    /// ```
    pub fn new(input: contract::Input, requests: &'static [Request]) -> Self {
        Self { input, requests }
    }

    /// The bare node name (`node01`); empty if no request has `{node}`.
    pub fn node(&self) -> &str {
        self.input.place.node.as_deref().unwrap_or_default()
    }

    /// The value of `{type}`, if a request has it.
    pub fn guest_type(&self) -> Option<GuestType> {
        self.input.place.guest_type
    }

    /// The value of `{vmid}`, if a request has it.
    pub fn vmid(&self) -> Option<u32> {
        self.input.place.vmid
    }

    /// The storage's name; empty if no request has `{storage}`.
    ///
    /// ```
    /// use pve_collector::Input;
    /// # use pve_collector::{Place, testing::Case};
    ///
    /// /// The storage's id in other metrics.
    /// fn id(input: &Input) -> String {
    ///     format!("storage/{}/{}", input.node(), input.storage())
    /// }
    /// # let place = Place { node: Some("node01".into()), storage: Some("local-zfs".into()), ..Place::default() };
    /// # let input = Input::new(Case::new().input::<pve_collector::Request>(&[], &place).unwrap(), &[]);
    /// # assert_eq!(id(&input), "storage/node01/local-zfs");
    /// ```
    pub fn storage(&self) -> &str {
        self.input.place.storage.as_deref().unwrap_or_default()
    }

    /// The time of the scrape, in seconds since 1970-01-01 UTC.
    ///
    /// ```
    /// use pve_collector::{Input, lenient::Number};
    /// # use pve_collector::{Place, testing::Case};
    ///
    /// /// Seconds until a certificate expires, from its notafter; negative if it has expired.
    /// fn remaining(input: &Input, notafter: Number) -> Option<f64> {
    ///     notafter.0.map(|end| end - input.now() as f64)
    /// }
    /// # let input = Case::new().now(1_774_016_355).input::<pve_collector::Request>(&[], &Place::default()).unwrap();
    /// # assert_eq!(remaining(&Input::new(input, &[]), Number(Some(1_774_016_000.0))), Some(-355.0));
    /// ```
    pub fn now(&self) -> u64 {
        self.input.now_unix_seconds
    }

    /// The operator's setting with this name; the first if there are several.
    ///
    /// ```
    /// use pve_collector::Input;
    /// # use pve_collector::{Place, testing::Case};
    ///
    /// /// The setting `exclude`: names of storages, separated by commas.
    /// fn is_excluded(input: &Input) -> bool {
    ///     input.setting("exclude").is_some_and(|names| names.split(',').any(|name| name.trim() == input.storage()))
    /// }
    /// # let place = Place { node: Some("node01".into()), storage: Some("iso".into()), ..Place::default() };
    /// # let input = |case: Case| Input::new(case.input::<pve_collector::Request>(&[], &place).unwrap(), &[]);
    /// # assert!(is_excluded(&input(Case::new().setting("exclude", "templates, iso"))));
    /// # assert!(!is_excluded(&input(Case::new())));
    /// ```
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.input.settings.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The operator's setting with this name, parsed as a `T`; `default` if there is none.
    ///
    /// ```
    /// use pve_collector::{Failure, Input};
    /// # use pve_collector::{Place, testing::Case};
    ///
    /// /// Counts snapshots older than this many days.
    /// fn max_age_days(input: &Input) -> Result<u32, Failure> {
    ///     input.setting_or("max-age-days", 30)
    /// }
    /// # let input = |case: Case| Input::new(case.input::<pve_collector::Request>(&[], &Place::default()).unwrap(), &[]);
    ///
    /// assert_eq!(max_age_days(&input(Case::new()))?, 30);
    /// assert_eq!(max_age_days(&input(Case::new().setting("max-age-days", "7")))?, 7);
    /// let failure = max_age_days(&input(Case::new().setting("max-age-days", "a week"))).unwrap_err();
    /// assert_eq!(
    ///     failure.to_string(),
    ///     "settings: setting max-age-days is \"a week\": invalid digit found in string"
    /// );
    /// # Ok::<(), Failure>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Failure::Settings`] if the text is not a `T`.
    pub fn setting_or<T: FromStr>(&self, name: &str, default: T) -> Result<T, Failure>
    where
        T::Err: fmt::Display,
    {
        let Some(value) = self.setting(name) else { return Ok(default) };
        value.parse().map_err(|error| Failure::Settings(format!("setting {name} is {value:?}: {error}")))
    }
}
