//! Types that read Proxmox VE's loose JSON and never fail.
//!
//! The API is written in Perl: a number that was ever used as a string is sent as a string, a boolean is 0, 1, "0", "1" or
//! "", and any member may be null, "N/A" or missing. These types accept any value and are `None` for values they can't
//! represent, so an odd member costs only itself. `#[serde(default)]` covers missing ones.
//!
//! ```
//! use pve_collector::lenient::{Flag, List, Number, Object, Text};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Disk<'a> {
//!     #[serde(borrow, default)]
//!     devpath: Text<'a>,
//!     #[serde(default)]
//!     wearout: Number,
//!     #[serde(default)]
//!     gpt: Flag,
//!     #[serde(borrow, default, rename = "osdid-list")]
//!     osds: List<Text<'a>>,
//! }
//!
//! let disk: Disk = serde_json::from_str(r#"{"devpath":"/dev/sda","wearout":"N/A","gpt":"","osdid-list":["9",10]}"#)?;
//! assert_eq!(disk.devpath.as_str(), Some("/dev/sda"));
//! assert_eq!(disk.wearout, Number(None));
//! assert_eq!(disk.gpt, Flag(Some(false)));
//! assert_eq!(disk.osds.iter().map(Text::or_empty).collect::<Vec<_>>(), ["9", "10"]);
//! # Ok::<(), serde_json::Error>(())
//! ```

#[cfg(test)]
mod tests;
mod visit;

use std::{borrow::Cow, ops::Deref};

use serde::{Deserialize, Deserializer};
use visit::{ListVisitor, ObjectVisitor, ScalarVisitor};

/// A number, or a string with a number in JSON's notation, with or without spaces around it. Never NaN or infinite.
///
/// `null`, `""`, `"N/A"`, `"nan"`, `true`, lists and objects are `None`.
///
/// ```
/// use pve_collector::lenient::Number;
///
/// let wearouts: Vec<Number> = serde_json::from_str(r#"[97, "98", "N/A", null]"#)?;
/// assert_eq!(wearouts.iter().filter_map(|wearout| wearout.0).collect::<Vec<_>>(), [97.0, 98.0]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Number(pub Option<f64>);

/// A string (borrowed unless the JSON has escapes), or the digits of a number. Anything else is `None`.
///
/// ```
/// use pve_collector::lenient::Text;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Disk<'a> {
///     #[serde(borrow, default)]
///     vendor: Text<'a>,
///     #[serde(borrow, default)]
///     osdid: Text<'a>,
///     #[serde(borrow, default)]
///     used: Text<'a>,
/// }
///
/// let disk: Disk = serde_json::from_str(r#"{"vendor":"ATA     ","osdid":-1}"#)?;
/// assert_eq!(disk.vendor.as_str(), Some("ATA     "));
/// assert_eq!(disk.vendor.label(), "ATA");
/// assert_eq!(disk.osdid.or_empty(), "-1");
/// assert_eq!(disk.used, Text(None));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text<'a>(pub Option<Cow<'a, str>>);

impl Text<'_> {
    /// The empty text, for `#[serde(default = "Text::empty")]`: a missing member is "", while null and other values that are
    /// not text are `None`.
    ///
    /// ```
    /// use pve_collector::lenient::Text;
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize)]
    /// struct Job<'a> {
    ///     #[serde(borrow, default = "Text::empty")]
    ///     comment: Text<'a>,
    /// }
    ///
    /// let missing: Job = serde_json::from_str("{}")?;
    /// assert_eq!(missing.comment.as_str(), Some(""));
    /// let null: Job = serde_json::from_str(r#"{"comment":null}"#)?;
    /// assert_eq!(null.comment.as_str(), None);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub const fn empty() -> Self {
        Self(Some(Cow::Borrowed("")))
    }

    /// The text, if there is one.
    ///
    /// ```
    /// use pve_collector::{State, lenient::Text, states};
    ///
    /// states! {
    ///     /// The requested state of a service.
    ///     pub Wanted { Started = "started", Stopped = "stopped" }
    /// }
    ///
    /// let state: Text = serde_json::from_str(r#""started""#)?;
    /// assert_eq!(state.as_str().map_or(State::Absent, State::named), State::Is(Wanted::Started));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The text; empty if there is none.
    ///
    /// ```
    /// use pve_collector::lenient::Text;
    ///
    /// /// The size in a disk's configuration, such as `local-zfs:vm-112-disk-0,size=32G`.
    /// fn size<'a>(disk: &'a Text) -> Option<&'a str> {
    ///     disk.or_empty().split(',').find_map(|word| word.strip_prefix("size="))
    /// }
    ///
    /// assert_eq!(size(&Text(Some("local-zfs:vm-112-disk-0,size=32G".into()))), Some("32G"));
    /// assert_eq!(size(&Text(None)), None);
    /// ```
    pub fn or_empty(&self) -> &str {
        self.as_str().unwrap_or_default()
    }

    /// The text without spaces around it, as a label value; empty if there is none.
    ///
    /// ```
    /// use pve_collector::{Output, lenient::Text, tables};
    ///
    /// tables! {
    ///     /// Facts about a disk.
    ///     DiskInfo(devpath, model) {
    ///         info "pve_disk_info" "Model of the disk.";
    ///     }
    /// }
    ///
    /// let model: Text = serde_json::from_str(r#""ST18000NM000J-2TV103  ""#)?;
    /// let mut output = Output::default();
    /// output.push(DiskInfo { devpath: "/dev/sdc".to_owned(), model: model.label() });
    /// assert_eq!(output.rows[0].labels, ["/dev/sdc", "ST18000NM000J-2TV103"]);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn label(&self) -> String {
        self.or_empty().trim().to_owned()
    }
}

/// A boolean: `true`, 1 and "1" are true; `false`, 0, "0" and "" (Perl's false as a string) are false. Anything else,
/// including `null`, is `None`.
///
/// ```
/// use pve_collector::lenient::Flag;
///
/// let templates: Vec<Flag> = serde_json::from_str(r#"[1, "1", true, "", 0, "yes", null]"#)?;
/// let values = templates.iter().map(|template| template.0.map(f64::from)).collect::<Vec<_>>();
/// assert_eq!(values, [Some(1.0), Some(1.0), Some(1.0), Some(0.0), Some(0.0), None, None]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flag(pub Option<bool>);

/// A `T` from a JSON object; any other value is `None`. The members of `T` should be lenient too: if one of them fails to
/// read, so does the whole answer.
///
/// ```
/// use pve_collector::lenient::{Number, Object};
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Status {
///     #[serde(default)]
///     rootfs: Object<Space>,
///     #[serde(default)]
///     swap: Object<Space>,
/// }
///
/// #[derive(Deserialize)]
/// struct Space {
///     #[serde(default)]
///     free: Number,
/// }
///
/// // A node without swap:
/// let status: Status = serde_json::from_str(r#"{"rootfs":{"free":84510961664},"swap":""}"#)?;
/// assert_eq!(status.rootfs.0.and_then(|space| space.free.0), Some(84510961664.0));
/// assert!(status.swap.0.is_none());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object<T>(pub Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

/// The elements of a JSON list; any other value is an empty list. `T` should be lenient, as for [`Object`].
///
/// ```
/// use pve_collector::lenient::{List, Text};
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Disk<'a> {
///     #[serde(borrow, default, rename = "osdid-list")]
///     osds: List<Text<'a>>,
/// }
///
/// for (answer, osds) in [
///     (r#"{"osdid-list":["9","10"]}"#, &["osd.9", "osd.10"][..]),
///     (r#"{"osdid-list":null}"#, &[]),
///     ("{}", &[]),
/// ] {
///     let disk: Disk = serde_json::from_str(answer)?;
///     let names = disk.osds.iter().map(|osd| format!("osd.{}", osd.or_empty()));
///     assert_eq!(names.collect::<Vec<_>>(), osds);
/// }
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T>(pub Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor).map(|scalar| Self(scalar.into_number()))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor).map(|scalar| Self(scalar.into_text()))
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor).map(|scalar| Self(scalar.into_flag()))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor::new()).map(Self)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor::new()).map(Self)
    }
}
