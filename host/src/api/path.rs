//! Request paths: the templates collectors name, and what becomes of them when placeholders are bound.
//!
//! A template comes from a component whose author nobody knows, a node or storage name from the cluster. Both are
//! checked here, once, so that a [`Path`] can only ever be a GET below the API root that the template's reader expects:
//! as many segments as the template, each filled whole and percent-encoded, nothing that climbs, no other host.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::place::{GuestType, Place};

/// Longest template in bytes. The longest path the API has is under 100.
const MAX_TEMPLATE: usize = 512;

/// Every byte but RFC 3986's unreserved ones is percent-encoded in a bound placeholder.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Path segments behind which a console or a migration tunnel opens: whoever holds the ticket is on the guest's screen.
const CONSOLES: [&str; 9] = [
    "vncproxy",
    "vncwebsocket",
    "vncshell",
    "termproxy",
    "spiceproxy",
    "spiceshell",
    "mtunnel",
    "mtunnelwebsocket",
    "monitor",
];

/// Which placeholders a template has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Placeholders {
    /// `{node}`
    pub node: bool,
    /// `{type}`
    pub guest_type: bool,
    /// `{vmid}`
    pub vmid: bool,
    /// `{storage}`
    pub storage: bool,
}

impl Placeholders {
    /// Those of both: what a collector's place is made of, over all its requests.
    pub fn union(self, other: Self) -> Self {
        Self {
            node: self.node || other.node,
            guest_type: self.guest_type || other.guest_type,
            vmid: self.vmid || other.vmid,
            storage: self.storage || other.storage,
        }
    }

    /// True when there is none: the request is made once a cluster.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placeholder {
    Node,
    Type,
    Vmid,
    Storage,
}

impl Placeholder {
    fn parse(segment: &str) -> Option<Self> {
        match segment {
            "{node}" => Some(Self::Node),
            "{type}" => Some(Self::Type),
            "{vmid}" => Some(Self::Vmid),
            "{storage}" => Some(Self::Storage),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(Box<str>),
    Bound(Placeholder),
}

/// A checked request path with placeholders: `/nodes/{node}/qemu?full=1`.
#[derive(Debug, Clone)]
pub struct Template {
    text: Arc<str>,
    segments: Box<[Segment]>,
    /// The fixed query string, without `?`.
    query: Option<Box<str>>,
    placeholders: Placeholders,
}

/// Why a text is no request path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("request path \"{}\": {problem}", .path.escape_debug())]
pub struct TemplateError {
    path: String,
    problem: String,
}

/// Why a template can't be bound to a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// The place lacks a value the template needs.
    #[error("{template}: no {placeholder} to bind")]
    Unbound {
        /// The template.
        template: Arc<str>,
        /// With its braces.
        placeholder: &'static str,
    },
    /// The value would not be one segment: empty, `.` or `..`.
    #[error("{template}: \"{value}\" can't stand for {placeholder}")]
    NotASegment {
        /// The template.
        template: Arc<str>,
        /// With its braces.
        placeholder: &'static str,
        /// What the cluster calls it.
        value: String,
    },
    /// The template is for guests of the other type.
    #[error("{template} is for the other type of guest, not {guest_type}")]
    OtherType {
        /// The template.
        template: Arc<str>,
        /// The place's.
        guest_type: GuestType,
    },
}

impl Template {
    /// Check a path as a manifest, a grant file or the host itself names it.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Self::check(text).map_err(|problem| {
            // A hostile component's path may be megabytes long; enough of it to be recognised goes into the message.
            TemplateError { path: text.chars().take(MAX_TEMPLATE).collect(), problem }
        })
    }

    fn check(text: &str) -> Result<Self, String> {
        if text.len() > MAX_TEMPLATE {
            return Err(format!("longer than {MAX_TEMPLATE} bytes"));
        }
        let Some(rest) = text.strip_prefix('/') else {
            return Err("must begin with /, below the API root /api2/json".to_owned());
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
        let segments = path.split('/').map(parse_segment).collect::<Result<Vec<_>, _>>()?;
        let placeholders = check_placeholders(&segments)?;
        Ok(Self { text: text.into(), segments: segments.into(), query, placeholders })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Which placeholders it has.
    pub fn placeholders(&self) -> Placeholders {
        self.placeholders
    }

    /// The type of guest a literal `/qemu/{vmid}` or `/lxc/{vmid}` restricts it to.
    pub fn fixed_guest_type(&self) -> Option<GuestType> {
        let vmid = self.segments.iter().position(|s| *s == Segment::Bound(Placeholder::Vmid))?;
        match self.segments.get(vmid.checked_sub(1)?)? {
            Segment::Literal(text) => GuestType::parse(text),
            Segment::Bound(_) => None,
        }
    }

    /// Why no collector gets this path by a wildcard: the reason, or `None` where it may be granted like any other.
    pub fn denied(&self) -> Option<&'static str> {
        let literal = |segment: &Segment| match segment {
            Segment::Literal(text) => Some(text.to_string()),
            Segment::Bound(_) => None,
        };
        let literals: Vec<String> = self.segments.iter().filter_map(literal).collect();
        if literals.first().is_some_and(|first| first == "access") {
            return Some("below /access are users, tokens and permissions");
        }
        if literals.iter().any(|segment| segment == "agent") {
            return Some("the guest agent runs commands and reads files inside guests");
        }
        if literals.iter().any(|segment| CONSOLES.contains(&segment.as_str())) {
            return Some("it opens a console or a tunnel");
        }
        if literals.iter().any(|segment| segment == "file-restore") {
            return Some("it reads files out of backups");
        }
        None
    }

    /// Fill the placeholders. Place members that the template has no placeholder for are ignored.
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

    /// `localhost` in `/nodes/localhost/status`: the entry node under the name that always works.
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

fn parse_segment(segment: &str) -> Result<Segment, String> {
    if let Some(placeholder) = Placeholder::parse(segment) {
        return Ok(Segment::Bound(placeholder));
    }
    if segment.is_empty() {
        return Err("has an empty segment (// or a / at the end)".to_owned());
    }
    if matches!(segment, "." | "..") {
        return Err(format!("must not contain the segment {segment}"));
    }
    if segment.contains(['{', '}']) {
        return Err(format!(
            "{segment} is no placeholder: {{node}}, {{type}}, {{vmid}} and {{storage}} are, each as a whole segment"
        ));
    }
    // No literal segment of the API needs an escape, and without them there is only one way to write a path.
    if segment.contains('%') {
        return Err(format!("{segment} must be written without percent-encoding"));
    }
    let allowed =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | ':' | '@' | '+' | ',' | '=');
    match segment.chars().find(|&c| !allowed(c)) {
        Some(bad) => Err(format!("contains the character {bad:?}")),
        None => Ok(Segment::Literal(segment.into())),
    }
}

fn check_query(query: &str) -> Result<Box<str>, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | ':' | ',' | '/');
    if query.contains(['{', '}']) {
        return Err("placeholders can't stand in the query string".to_owned());
    }
    for pair in query.split('&') {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(format!("the query string must be key=value pairs, found \"{pair}\""));
        };
        if key.is_empty() || !key.chars().all(allowed) || !value.chars().all(allowed) {
            return Err(format!("the query string has a character it must not have in \"{pair}\""));
        }
    }
    Ok(query.into())
}

/// A placeholder stands where the API has its kind of name, once, with those it depends on. Anywhere else a storage
/// that somebody named `agent` could turn an innocent template into a forbidden path.
fn check_placeholders(segments: &[Segment]) -> Result<Placeholders, String> {
    let mut found = Placeholders::default();
    let mut previous: Option<&Segment> = None;
    for segment in segments {
        if let Segment::Bound(placeholder) = segment {
            let before = match previous {
                Some(Segment::Literal(text)) => text,
                _ => "",
            };
            let (name, seen, stands_right, rule) = match placeholder {
                Placeholder::Node => ("{node}", &mut found.node, before == "nodes", "stand behind /nodes/"),
                Placeholder::Storage => (
                    "{storage}",
                    &mut found.storage,
                    found.node && before == "storage",
                    "stand behind {node} and /storage/",
                ),
                Placeholder::Type => {
                    let node = previous == Some(&Segment::Bound(Placeholder::Node));
                    ("{type}", &mut found.guest_type, node, "stand behind {node}")
                }
                Placeholder::Vmid => {
                    let typed =
                        previous == Some(&Segment::Bound(Placeholder::Type)) || GuestType::parse(before).is_some();
                    ("{vmid}", &mut found.vmid, found.node && typed, "stand behind {node} and {type}, /qemu/ or /lxc/")
                }
            };
            if *seen {
                return Err(format!("{name} stands in it twice"));
            }
            if !stands_right {
                return Err(format!("{name} must {rule}"));
            }
            *seen = true;
        }
        previous = Some(segment);
    }
    if found.guest_type && !found.vmid {
        return Err("{type} must be followed by {vmid}".to_owned());
    }
    Ok(found)
}

/// A path ready to be asked, below the API root and percent-encoded. Two are equal when they are the same GET, whatever
/// templates they come from.
#[derive(Debug, Clone)]
pub struct Path {
    text: Arc<str>,
    template: Arc<str>,
    node: Option<Arc<str>>,
}

impl Path {
    /// With the query string: `/nodes/node01/qemu?full=1`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The node whose workers it keeps busy; `None` for paths the entry node answers itself.
    pub fn node(&self) -> Option<&str> {
        self.node.as_deref()
    }

    /// The template it was bound from: bounded in number, so fit for metric labels.
    pub fn template(&self) -> &str {
        &self.template
    }

    pub(super) fn node_name(&self) -> Option<&Arc<str>> {
        self.node.as_ref()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Path {}

impl Hash for Path {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl Ord for Path {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl PartialOrd for Path {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
