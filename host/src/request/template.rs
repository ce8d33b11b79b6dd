//! Request templates and their binding to places.
//!
//! Templates come from untrusted components, node and storage names from the cluster. Both are checked here, once, so that a
//! [`Path`] is always the GET below the API root that a reader of the template expects: it has the template's
//! segments, each placeholder replaced by one percent-encoded segment, without `..` and without another host.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::path::Path;
use super::place::{GuestType, Place};
use super::segment::{Placeholder, Placeholders, Segment, check_placeholders, check_query};

/// Maximum length of a template in bytes. The API's longest path has less than 100.
const MAX_TEMPLATE: usize = 512;

/// Characters of a refused template in the error.
const SHOWN: usize = 120;

/// Every byte except RFC 3986's unreserved characters is percent-encoded in the value of a placeholder.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A checked request path with placeholders: `/nodes/{node}/qemu?full=1`.
#[derive(Debug, Clone)]
pub struct Template {
    text: Arc<str>,
    segments: Box<[Segment]>,
    /// The query string without `?`.
    query: Option<Box<str>>,
    placeholders: Placeholders,
}

/// Why text is not a request path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("request path \"{path}\": {problem}")]
pub struct TemplateError {
    /// Escaped and shortened.
    path: String,
    problem: String,
}

impl TemplateError {
    /// Without the path: "must start with /".
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

/// Why a template can't be bound to a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// The place lacks a value for a placeholder (with its braces).
    #[error("{template}: the place has no {placeholder}")]
    Unbound { template: Arc<str>, placeholder: &'static str },
    /// The value is not a segment: empty, `.` or `..`.
    #[error("{template}: \"{value}\" is not valid for {placeholder}")]
    NotASegment { template: Arc<str>, placeholder: &'static str, value: String },
    /// The place is a guest of the other type.
    #[error("{template} is for the other type of guest, not {guest_type}")]
    OtherType { template: Arc<str>, guest_type: GuestType },
}

impl Template {
    /// Checks a path from a manifest, a grant file or the host itself.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Self::check(text).map_err(|problem| {
            // A hostile component's path may be megabytes long, and the problem must not be cut off.
            let mut escaped = text.escape_debug();
            let mut path: String = escaped.by_ref().take(SHOWN).collect();
            if escaped.next().is_some() {
                path.push('…');
            }
            TemplateError { path, problem }
        })
    }

    fn check(text: &str) -> Result<Self, String> {
        if text.len() > MAX_TEMPLATE {
            return Err(format!("longer than {MAX_TEMPLATE} bytes"));
        }
        let Some(rest) = text.strip_prefix('/') else {
            return Err("must start with /, below the API root /api2/json".to_owned());
        };
        if let Some(bad) = text.chars().find(|c| !c.is_ascii_graphic()) {
            return Err(format!("contains the character {bad:?}"));
        }
        if text.contains('#') {
            return Err("must not have a fragment (#)".to_owned());
        }
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(check_query(query)?)),
            None => (rest, None),
        };
        let segments = path.split('/').map(Segment::parse).collect::<Result<Vec<_>, _>>()?;
        let placeholders = check_placeholders(&segments)?;
        Ok(Self { text: text.into(), segments: segments.into(), query, placeholders })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn placeholders(&self) -> Placeholders {
        self.placeholders
    }

    /// The type of guest that `/qemu/{vmid}` or `/lxc/{vmid}` restricts it to.
    pub fn fixed_guest_type(&self) -> Option<GuestType> {
        let vmid = self.segments.iter().position(|s| *s == Segment::Bound(Placeholder::Vmid))?;
        match self.segments.get(vmid.checked_sub(1)?)? {
            Segment::Literal(text) => GuestType::parse(text),
            Segment::Bound(_) => None,
        }
    }

    /// Why no grant may allow this path; `None` if one may.
    pub fn forbidden(&self) -> Option<&'static str> {
        match self.segments.first() {
            Some(Segment::Literal(first)) if **first == *"access" => {
                Some("the paths below /access expose users, tokens and permissions")
            }
            _ => None,
        }
    }

    /// Why a generated grant does not allow this path; `None` if it does.
    pub fn denied(&self) -> Option<&'static str> {
        self.forbidden().or_else(|| super::denied::reason(&self.segments))
    }

    /// Replaces the placeholders. Members of the place without a placeholder are ignored.
    pub fn bind(&self, place: &Place) -> Result<Path, BindError> {
        if let (Some(fixed), Some(actual)) = (self.fixed_guest_type(), place.guest_type)
            && fixed != actual
        {
            return Err(BindError::OtherType { template: self.text.clone(), guest_type: actual });
        }
        let mut text = String::with_capacity(self.text.len() + 16);
        for segment in &self.segments {
            text.push('/');
            match segment {
                Segment::Literal(literal) => text.push_str(literal),
                Segment::Bound(Placeholder::Node) => self.push(&mut text, "{node}", place.node.as_deref())?,
                Segment::Bound(Placeholder::Storage) => self.push(&mut text, "{storage}", place.storage.as_deref())?,
                Segment::Bound(Placeholder::Type) => {
                    self.push(&mut text, "{type}", place.guest_type.map(GuestType::as_str))?;
                }
                Segment::Bound(Placeholder::Vmid) => {
                    let vmid = place.vmid.map(|vmid| vmid.to_string());
                    self.push(&mut text, "{vmid}", vmid.as_deref())?;
                }
            }
        }
        if let Some(query) = &self.query {
            text.push('?');
            text.push_str(query);
        }
        let node = if self.placeholders.node { place.node.clone() } else { self.literal_node() };
        Ok(Path { text: text.into(), template: self.text.clone(), node })
    }

    fn push(&self, text: &mut String, placeholder: &'static str, value: Option<&str>) -> Result<(), BindError> {
        let Some(value) = value else {
            return Err(BindError::Unbound { template: self.text.clone(), placeholder });
        };
        if matches!(value, "" | "." | "..") {
            return Err(BindError::NotASegment { template: self.text.clone(), placeholder, value: value.to_owned() });
        }
        text.extend(utf8_percent_encode(value, SEGMENT));
        Ok(())
    }

    /// `localhost` in `/nodes/localhost/status`, the name that always means the entry node.
    fn literal_node(&self) -> Option<Arc<str>> {
        match (self.segments.first()?, self.segments.get(1)?) {
            (Segment::Literal(nodes), Segment::Literal(node)) if **nodes == *"nodes" => Some(node.as_ref().into()),
            _ => None,
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Template {}

impl Hash for Template {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}
