//! Types that read Proxmox VE's loose JSON and never fail.
//!
//! The API is Perl: a number that was ever used as a string is sent as a string, a boolean is 0, 1, "0", "1" or "",
//! and any member may be null, "N/A" or missing. These types take whatever value stands there and are `None` where it
//! is not what they are for, so one odd member costs itself and nothing else. `#[serde(default)]` is for missing ones.
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

mod visit;

use std::{borrow::Cow, ops::Deref};

use serde::{Deserialize, Deserializer};
use visit::{ListVisitor, ObjectVisitor, ScalarVisitor};

/// A number, or a string that holds one in JSON's notation, blanks around it allowed. Never NaN or infinite.
///
/// `null`, `""`, `"N/A"`, `"nan"`, `true`, lists and objects are `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Number(pub Option<f64>);

/// A string as it stands (borrowed where JSON has no escapes), or the digits of a number. Anything else is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text<'a>(pub Option<Cow<'a, str>>);

impl Text<'_> {
    /// The empty text, for `#[serde(default = "Text::empty")]`: a missing member is "", and `None` remains for null and
    /// what else is no text.
    pub const fn empty() -> Self {
        Self(Some(Cow::Borrowed("")))
    }

    /// The text, if there is one.
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The text; empty if there is none.
    pub fn or_empty(&self) -> &str {
        self.as_str().unwrap_or_default()
    }

    /// The text without blanks around it, as a label value; empty if there is none.
    pub fn label(&self) -> String {
        self.or_empty().trim().to_owned()
    }
}

/// A boolean: `true`, 1 and "1" are true; `false`, 0, "0" and "" (Perl's false as a string) are false. Anything else,
/// `null` too, is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flag(pub Option<bool>);

/// A `T` from a JSON object; any other value is `None`. `T`'s own members should be lenient: what they can't read makes
/// the whole answer unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object<T>(pub Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

/// The elements of a JSON list; any other value is an empty list. The same holds for `T` as for [`Object`].
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a, T: Deserialize<'a>>(json: &'a str) -> T {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn numbers() {
        for (json, number) in [
            ("1.74", Some(1.74)),
            ("-5", Some(-5.0)),
            ("18446744073709551615", Some(18_446_744_073_709_551_615.0)),
            (r#""1.74""#, Some(1.74)),
            (r#"" 7200 ""#, Some(7200.0)),
            (r#""1e3""#, Some(1000.0)),
            (r#""\u0031""#, Some(1.0)),
            (r#""nan""#, None),
            (r#""NaN""#, None),
            (r#""inf""#, None),
            (r#""1e999""#, None),
            (r#""0x10""#, None),
            (r#""1 2""#, None),
            (r#""""#, None),
            (r#""N/A""#, None),
            (r#""null""#, None),
            ("null", None),
            ("true", None),
            ("[1]", None),
            (r#"{"value":1}"#, None),
        ] {
            assert_eq!(read::<Number>(json), Number(number), "{json}");
        }
    }

    #[test]
    fn texts() {
        for (json, text) in [
            (r#""node01""#, Some("node01")),
            (r#""""#, Some("")),
            (r#""tab\t""#, Some("tab\t")),
            ("112", Some("112")),
            ("-1", Some("-1")),
            ("0.5", Some("0.5")),
            ("true", None),
            ("null", None),
            (r#"["a"]"#, None),
            ("{}", None),
        ] {
            assert_eq!(read::<Text>(json).as_str(), text, "{json}");
        }
        assert!(matches!(read(r#""node01""#), Text(Some(Cow::Borrowed("node01")))));
        assert_eq!(read::<Text>(r#""ATA     ""#).label(), "ATA");
    }

    #[test]
    fn flags() {
        for (json, flag) in [
            ("1", Some(true)),
            ("true", Some(true)),
            (r#""1""#, Some(true)),
            ("0", Some(false)),
            ("false", Some(false)),
            (r#""0""#, Some(false)),
            (r#""""#, Some(false)),
            ("2", None),
            ("-1", None),
            ("1.0", None),
            (r#""yes""#, None),
            ("null", None),
            ("[]", None),
        ] {
            assert_eq!(read::<Flag>(json), Flag(flag), "{json}");
        }
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default)]
    struct Pair {
        a: Number,
        b: Number,
    }

    #[test]
    fn objects_are_not_read_from_lists() {
        assert_eq!(
            read::<Object<Pair>>(r#"{"b":"2","c":[{}]}"#),
            Object(Some(Pair { a: Number(None), b: Number(Some(2.0)) }))
        );
        for json in ["[1,2]", "null", "1", "-1", "1.5", r#""{}""#, "true", "[[]]"] {
            assert_eq!(read::<Object<Pair>>(json), Object(None), "{json}");
        }
    }

    #[test]
    fn lists_keep_positions() {
        assert_eq!(read::<List<Number>>(r#"["1",null,3]"#).0, [Number(Some(1.0)), Number(None), Number(Some(3.0))]);
        for json in ["{}", r#"{"0":1}"#, "null", "1", r#""[1]""#, "false"] {
            assert!(read::<List<Number>>(json).is_empty(), "{json}");
        }
    }
}
