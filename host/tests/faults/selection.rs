//! Names for sets of series, as rows of the table use them.

use std::fmt;

use super::series::Series;

/// Collectors that request something of each node or guest.
pub(super) const PER_NODE: &[&str] =
    &["config", "lxc-pressure", "node-status", "physical-disk", "replication", "subscription", "vm-pressure"];

/// The series to which all of this applies.
#[derive(Debug, Clone, Default)]
pub(super) struct Selection {
    /// Empty: all.
    collectors: Vec<&'static str>,
    families: Vec<&'static str>,
    except: Vec<&'static str>,
    node: Option<&'static str>,
    label: Option<&'static str>,
    unlike: Option<&'static str>,
    words: Option<&'static str>,
}

pub(super) fn everything() -> Selection {
    Selection { words: Some("everything"), ..Selection::default() }
}

/// All series of some collectors.
pub(super) fn all_of(collectors: &[&'static str]) -> Selection {
    Selection { collectors: collectors.to_vec(), ..Selection::default() }
}

/// The series of some metrics.
pub(super) fn metrics(families: &[&'static str]) -> Selection {
    Selection { families: families.to_vec(), ..Selection::default() }
}

/// What the API of a node says about itself and its guests.
pub(super) fn api_of(node: &'static str) -> Selection {
    Selection { words: Some("all per-node collectors"), ..all_of(PER_NODE).of(node) }
}

impl Selection {
    /// Those about this node.
    pub(super) fn of(self, node: &'static str) -> Self {
        Self { node: Some(node), ..self }
    }

    /// Those with this label and value: `id="qemu/100"`.
    pub(super) fn with(self, label: &'static str) -> Self {
        Self { label: Some(label), ..self }
    }

    /// Those without this label and value.
    pub(super) fn without(self, label: &'static str) -> Self {
        Self { unlike: Some(label), ..self }
    }

    /// All but these metrics.
    pub(super) fn except(self, families: &[&'static str]) -> Self {
        Self { except: families.to_vec(), ..self }
    }

    pub(super) fn selects(&self, name: &str, series: &Series) -> bool {
        let listed = |list: &[&str], text: &str| list.is_empty() || list.contains(&text);
        listed(&self.collectors, &series.collector)
            && listed(&self.families, &series.family)
            && !self.except.contains(&series.family.as_str())
            && self.node.is_none_or(|node| node == series.node)
            && self.label.is_none_or(|label| name.contains(label))
            && self.unlike.is_none_or(|label| !name.contains(label))
    }
}

/// As in the table: code spans, except for words.
impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = if self.collectors.is_empty() { &self.families } else { &self.collectors };
        match self.words {
            Some(words) => f.write_str(words)?,
            None => f.write_str(&code(list))?,
        }
        if let Some(node) = self.node {
            write!(f, " of {node}")?;
        }
        if let Some(label) = self.label {
            write!(f, " with `{label}`")?;
        }
        if let Some(label) = self.unlike {
            write!(f, " without `{label}`")?;
        }
        if !self.except.is_empty() {
            write!(f, " except {}", code(&self.except))?;
        }
        Ok(())
    }
}

pub(super) fn code(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
