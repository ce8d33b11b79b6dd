//! What a call receives.

use std::fmt;

/// The input of one call. Collectors read it through [`crate::Input`].
///
/// ```
/// use pve_collector::{Collector, Input, Output, Place, contract};
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs;
///
/// let input = contract::Input {
///     now_unix_seconds: 1_774_016_355,
///     place: Place { node: Some("node01".to_owned()), ..Place::default() },
///     settings: vec![("skip".to_owned(), "backup".to_owned())],
///     responses: vec![Ok(r#"[{"name":"rpool","size":3999587221504}]"#.to_owned())],
/// };
/// let mut output = Output::default();
/// Zfs::collect(&Input::new(input, Zfs::REQUESTS), &mut output)?;
/// assert_eq!(output.rows[0].labels, ["node01", "rpool"]);
/// # Ok::<(), pve_collector::Failure>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Time of the scrape, seconds since 1970-01-01 UTC.
    pub now_unix_seconds: u64,
    /// The values of the placeholders.
    pub place: Place,
    /// The operator's settings, in the order of the file.
    pub settings: Vec<(String, String)>,
    /// One entry per request: the JSON text of the answer's `data` member, or why there is none.
    pub responses: Vec<Result<String, FetchError>>,
}

/// The values of the placeholders; `None` for those that no request of the collector has.
///
/// ```
/// use pve_collector::{Place, testing::Case};
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs;
///
/// let collected = Case::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/degraded")).collect::<Zfs>();
/// let node02 = Place { node: Some("node02".to_owned()), ..Place::default() };
/// let there = collected.collections.iter().find(|collection| collection.place == node02).unwrap();
/// assert!(there.failure.as_deref().unwrap().ends_with("has no answer: timed-out"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// `{node}`: the bare node name, such as `node01`.
    pub node: Option<String>,
    /// `{type}`.
    pub guest_type: Option<GuestType>,
    /// `{vmid}`.
    pub vmid: Option<u32>,
    /// `{storage}`.
    pub storage: Option<String>,
}

/// `node01`, `node01/qemu/112`, `node01/local-zfs` or `cluster`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { node, guest_type, vmid, storage } = self;
        let parts = [
            node.clone(),
            guest_type.map(|guest| guest.as_str().to_owned()),
            vmid.map(|vmid| vmid.to_string()),
            storage.clone(),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        if parts.is_empty() { f.write_str("cluster") } else { f.write_str(&parts.join("/")) }
    }
}

/// The value of `{type}`.
///
/// ```
/// use pve_collector::{GuestType, Input};
/// # use pve_collector::{Place, testing::Case};
///
/// /// Whether the guest may have an agent: containers have none.
/// fn may_have_agent(input: &Input) -> bool {
///     input.guest_type() == Some(GuestType::Qemu)
/// }
/// # let place = Place { guest_type: Some(GuestType::Lxc), vmid: Some(210), ..Place::default() };
/// # assert!(!may_have_agent(&Input::new(Case::new().input::<pve_collector::Request>(&[], &place).unwrap(), &[])));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GuestType {
    /// A virtual machine.
    Qemu,
    /// A container.
    Lxc,
}

impl GuestType {
    /// As in paths and ids: `qemu` or `lxc`.
    ///
    /// ```
    /// use pve_collector::GuestType;
    ///
    /// /// The guest's id in other metrics.
    /// fn id(guest_type: GuestType, vmid: u32) -> String {
    ///     format!("{}/{vmid}", guest_type.as_str())
    /// }
    ///
    /// assert_eq!(id(GuestType::Qemu, 112), "qemu/112");
    /// assert_eq!(id(GuestType::Lxc, 210), "lxc/210");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Qemu => "qemu",
            Self::Lxc => "lxc",
        }
    }

    /// The case with this number in the WIT file. The bindings only pass numbers that the component model has checked.
    #[cfg(target_arch = "wasm32")]
    pub(crate) const fn _lift(case: u8) -> Self {
        match case {
            0 => Self::Qemu,
            _ => Self::Lxc,
        }
    }
}

/// Why a request has no answer.
///
/// ```
/// use pve_collector::{FetchError, Input, Output, Request};
/// # use pve_collector::{Place, testing::Case};
///
/// const QDEVICE: Request = Request::get("/cluster/config/qdevice").optional();
///
/// fn qdevice<'a>(input: &'a Input, output: &mut Output) -> Option<&'a str> {
///     match input.response(QDEVICE) {
///         Ok(answer) => Some(answer),
///         // Not a cluster, or one without a quorum device.
///         Err(FetchError::NotFound) => None,
///         Err(error) => {
///             output.warn(format!("quorum device unknown: {error}"));
///             None
///         }
///     }
/// }
/// # let input = Case::new().failed("/cluster/config/qdevice", FetchError::Forbidden);
/// # let input = Input::new(input.input(&[QDEVICE], &Place::default()).unwrap(), &[QDEVICE]);
/// # let mut output = Output::default();
/// # assert_eq!(qdevice(&input, &mut output), None);
/// # assert_eq!(output.warnings, ["quorum device unknown: forbidden"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchError {
    /// 401 or 403: the exporter's token lacks a privilege.
    Forbidden,
    /// 404 or 501: this version of Proxmox VE does not have the path, or the object is gone.
    NotFound,
    /// No answer in time.
    TimedOut,
    /// The API or the node behind it could not be reached, or returned a server error.
    Unavailable,
    /// The answer is larger than the host accepts.
    TooLarge,
    /// Not JSON, no `data` member, or `data` is null.
    Malformed,
}

impl FetchError {
    /// Every case, in the order of the WIT file.
    ///
    /// ```
    /// use pve_collector::{FetchError, testing::Case};
    /// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
    /// use zfs::Zfs;
    ///
    /// for error in FetchError::ALL {
    ///     let collected = Case::new().failed("/nodes/node01/disks/zfs", error).collect::<Zfs>();
    ///     assert_eq!(collected.rows().count(), 0, "{error}");
    /// }
    /// ```
    pub const ALL: [Self; 6] =
        [Self::Forbidden, Self::NotFound, Self::TimedOut, Self::Unavailable, Self::TooLarge, Self::Malformed];

    /// The name in the WIT file, such as `timed-out`.
    ///
    /// ```
    /// use pve_collector::FetchError;
    ///
    /// // What a file `….error` of a case directory may contain:
    /// assert_eq!(
    ///     FetchError::ALL.map(FetchError::as_str),
    ///     ["forbidden", "not-found", "timed-out", "unavailable", "too-large", "malformed"]
    /// );
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::NotFound => "not-found",
            Self::TimedOut => "timed-out",
            Self::Unavailable => "unavailable",
            Self::TooLarge => "too-large",
            Self::Malformed => "malformed",
        }
    }

    /// The case with this number in the WIT file; see [`GuestType::_lift`].
    #[cfg(target_arch = "wasm32")]
    pub(crate) const fn _lift(case: u8) -> Self {
        match case {
            0 => Self::Forbidden,
            1 => Self::NotFound,
            2 => Self::TimedOut,
            3 => Self::Unavailable,
            4 => Self::TooLarge,
            _ => Self::Malformed,
        }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
