//! Types that read Proxmox VE's loose JSON and never fail.
//!
//! The API is Perl: a number that was ever used as a string is sent as a string, a boolean is 0, 1, "0", "1" or "", and any
//! member may be null, "N/A" or missing. These types take whatever value stands there and are `None` where it is not what
//! they are for, so one odd member costs itself and nothing else. Give each `#[serde(default)]` for the missing one.
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

use std::{borrow::Cow, fmt, marker::PhantomData, ops::Deref};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

/// A number, or a string that holds one in JSON's notation, blanks around it allowed. Never NaN or infinite.
///
/// `null`, `""`, `"N/A"`, `"nan"`, `true`, lists and objects are `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Number(pub Option<f64>);

/// A string as it stands (borrowed where JSON has no escapes), or the digits of a number. Anything else is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text<'a>(pub Option<Cow<'a, str>>);

impl Text<'_> {
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
        let number = match deserializer.deserialize_any(ScalarVisitor)? {
            // serde_json's own parser, not `str::parse`: a second one would be a fifth of a small component.
            Scalar::Text(text) => serde_json::from_str(text.trim()).ok(),
            Scalar::Unsigned(number) => Some(number as f64),
            Scalar::Signed(number) => Some(number as f64),
            Scalar::Float(number) => Some(number),
            Scalar::Bool(_) | Scalar::None => None,
        };
        Ok(Self(number.filter(|number| number.is_finite())))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match deserializer.deserialize_any(ScalarVisitor)? {
            Scalar::Text(text) => Some(text),
            Scalar::Unsigned(number) => Some(number.to_string().into()),
            Scalar::Signed(number) => Some(number.to_string().into()),
            Scalar::Float(number) => Some(format!("{number:?}").into()),
            Scalar::Bool(_) | Scalar::None => None,
        }))
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match deserializer.deserialize_any(ScalarVisitor)? {
            Scalar::Bool(flag) => Some(flag),
            Scalar::Unsigned(0) => Some(false),
            Scalar::Unsigned(1) => Some(true),
            Scalar::Text(text) => match &*text {
                "1" => Some(true),
                "0" | "" => Some(false),
                _ => None,
            },
            _ => None,
        }))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(PhantomData)).map(Self)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData)).map(Self)
    }
}

/// A JSON value as far as it has no members; lists and objects are `None`, as null is.
enum Scalar<'a> {
    None,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(Cow<'a, str>),
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::None)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Bool(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Scalar::Unsigned(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Signed(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Float(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        skip_list(list)?;
        Ok(Scalar::None)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        skip_object(object)?;
        Ok(Scalar::None)
    }
}

fn skip_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<(), A::Error> {
    while list.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn skip_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<(), A::Error> {
    while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

/// The visitor methods for null, booleans, numbers and strings, all of which give the same.
macro_rules! scalars_give {
    ($value:expr) => {
        scalars_give!($value; visit_bool(bool) visit_u64(u64) visit_i64(i64) visit_f64(f64) visit_str(&str));

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any value")
        }
    };
    ($value:expr; $($method:ident($scalar:ty))*) => {
        $(fn $method<E>(self, _: $scalar) -> Result<Self::Value, E> {
            Ok($value)
        })*
    };
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Option<T>;

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(object)).map(Some)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        skip_list(list)?;
        Ok(None)
    }

    scalars_give!(None);
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            elements.push(element);
        }
        Ok(elements)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        skip_object(object)?;
        Ok(Vec::new())
    }

    scalars_give!(Vec::new());
}
