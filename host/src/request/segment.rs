//! The grammar of request templates: what a segment may be, and where placeholders may stand.

use super::place::GuestType;

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
pub(super) enum Placeholder {
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
pub(super) enum Segment {
    Literal(Box<str>),
    Bound(Placeholder),
}

impl Segment {
    /// A literal, or one whole placeholder.
    pub(super) fn parse(segment: &str) -> Result<Self, String> {
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
}

pub(super) fn check_query(query: &str) -> Result<Box<str>, String> {
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
pub(super) fn check_placeholders(segments: &[Segment]) -> Result<Placeholders, String> {
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
