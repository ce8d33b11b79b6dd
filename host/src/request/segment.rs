//! The syntax of request templates: what a segment may be, and where placeholders may appear.

use super::place::GuestType;

/// The placeholders of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Placeholders {
    pub node: bool,
    pub guest_type: bool,
    pub vmid: bool,
    pub storage: bool,
}

impl Placeholders {
    /// A collector's place has the placeholders of all its requests.
    pub fn union(self, other: Self) -> Self {
        Self {
            node: self.node || other.node,
            guest_type: self.guest_type || other.guest_type,
            vmid: self.vmid || other.vmid,
            storage: self.storage || other.storage,
        }
    }

    /// No placeholders: the request is made once per cluster.
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
    /// A literal or a placeholder.
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
                "{segment} is not a placeholder; the placeholders are {{node}}, {{type}}, {{vmid}} and {{storage}}, each a whole segment"
            ));
        }
        // No literal segment of the API needs escapes, and without them a path has only one spelling.
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
        return Err("the query string must not contain placeholders".to_owned());
    }
    for pair in query.split('&') {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(format!("the query string must be key=value pairs, found \"{pair}\""));
        };
        if key.is_empty() || !key.chars().all(allowed) || !value.chars().all(allowed) {
            return Err(format!("the query string has an invalid character in \"{pair}\""));
        }
    }
    Ok(query.into())
}

/// Each placeholder appears once, where the API has its kind of name, after those it depends on. Anywhere else, a storage named
/// `agent` could turn a harmless template into a denied path.
pub(super) fn check_placeholders(segments: &[Segment]) -> Result<Placeholders, String> {
    let mut found = Placeholders::default();
    let mut previous: Option<&Segment> = None;
    for segment in segments {
        if let Segment::Bound(placeholder) = segment {
            let before = match previous {
                Some(Segment::Literal(text)) => text,
                _ => "",
            };
            let (name, seen, in_place, rule) = match placeholder {
                Placeholder::Node => ("{node}", &mut found.node, before == "nodes", "follow /nodes/"),
                Placeholder::Storage => {
                    ("{storage}", &mut found.storage, found.node && before == "storage", "follow {node} and /storage/")
                }
                Placeholder::Type => {
                    let node = previous == Some(&Segment::Bound(Placeholder::Node));
                    ("{type}", &mut found.guest_type, node, "follow {node}")
                }
                Placeholder::Vmid => {
                    let typed =
                        previous == Some(&Segment::Bound(Placeholder::Type)) || GuestType::parse(before).is_some();
                    ("{vmid}", &mut found.vmid, found.node && typed, "follow {node} and {type}, /qemu/ or /lxc/")
                }
            };
            if *seen {
                return Err(format!("{name} appears twice"));
            }
            if !in_place {
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
