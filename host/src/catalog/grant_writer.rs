//! Writes grant files: a new one for a component, or the changes that a new version needs in an operator's own.

use std::fmt::Write as _;
use std::ops::Range;

use super::grant::Grant;
use super::grant_file::GrantError;
use crate::request::Template;
use crate::schema::Schema;
use crate::yaml::{self, Entry, Node, Value};

/// A grant file that was updated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantUpdate {
    /// The file with its settings, limits and comments, and what the version needs besides.
    pub text: String,
    /// Paths that it allows and the version does not request.
    pub unused: Vec<String>,
}

impl Grant {
    /// A grant file for all requests of a manifest, pinned to a digest. Paths that are denied by default are comments, which the
    /// operator can uncomment.
    #[must_use]
    pub fn write(schema: &Schema, digest: &str) -> String {
        let mut text = format!("# What {} {} may see and use.\nsha256: {digest}\n", schema.name, schema.version);
        let asked: Vec<&Template> = schema.requests.iter().map(|request| &request.template).collect();
        text.push_str(if asked.is_empty() { "allow: []\n" } else { "allow:\n" });
        text.push_str(&lines(&asked, "  "));
        text.push_str("settings: {}\nlimits: {}\n");
        text
    }

    /// Changes an operator's grant file for a version of a component: the digest, if it has one, and the paths that it lacks. All
    /// else stays as it is.
    pub fn update(text: &str, schema: &Schema, digest: &str) -> Result<GrantUpdate, GrantError> {
        let asked: Vec<&Template> = schema.requests.iter().map(|request| &request.template).collect();
        update(text, &asked, digest)
    }
}

fn update(text: &str, asked: &[&Template], digest: &str) -> Result<GrantUpdate, GrantError> {
    let grant = Grant::parse(text)?;
    // One that is denied by default may be there as a comment.
    let lacks = |asked: &&Template| !grant.allow.contains(asked) && !text.contains(&commented(asked));
    let missing: Vec<&Template> = asked.iter().copied().filter(lacks).collect();
    let unused = grant.allow.iter().filter(|allowed| !asked.contains(allowed)).map(ToString::to_string).collect();

    let entries = match yaml::parse(text)?.value {
        Value::Mapping(entries) => entries,
        _ => Vec::new(),
    };
    let mut changes = allow(text, &entries, &missing);
    if grant.sha256.as_deref().is_some_and(|granted| granted != digest)
        && let Some(pin) = entries.iter().find(|entry| entry.key == "sha256")
    {
        changes.push((pin.value.span.clone(), digest.to_owned()));
    }
    let text = apply(text, changes);

    // An alias or a document in braces may have no place for a line.
    let mut wanted = grant;
    wanted.sha256 = wanted.sha256.map(|_| digest.to_owned());
    wanted.allow.extend(missing.into_iter().filter(|template| template.denied().is_none()).cloned());
    match Grant::parse(&text) {
        Ok(updated) if updated == wanted => Ok(GrantUpdate { text, unused }),
        _ => Err(GrantError::by_hand()),
    }
}

/// A part of the text and what takes its place.
type Change = (Range<usize>, String);

/// The changes that add paths to `allow`.
fn allow(text: &str, entries: &[Entry], missing: &[&Template]) -> Vec<Change> {
    let insert = |at: usize, what: String| vec![(at..at, what)];
    if missing.is_empty() {
        return Vec::new();
    }
    let Some(entry) = entries.iter().find(|entry| entry.key == "allow") else {
        let line_feed = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        return insert(text.len(), format!("{line_feed}allow:\n{}", lines(missing, "  ")));
    };
    let span = &entry.value.span;
    let items = match &entry.value.value {
        Value::List(items) => items.as_slice(),
        _ => &[],
    };
    if text.get(span.clone()).is_some_and(|list| list.starts_with('[')) {
        return in_brackets(text, span, items.last(), missing);
    }
    let Some(last) = items.last() else {
        // The line may end in a comment.
        let at = end_of_line(text, start_of_line(text, entry.at.line));
        return insert(at, format!("\n{}", lines(missing, "  ").trim_end()));
    };
    let indentation = " ".repeat(column_of_dash(text, last.span.start));
    insert(end_of_line(text, last.span.end), format!("\n{}", lines(missing, &indentation).trim_end()))
}

/// Paths go in front of the closing bracket, comments below its line.
fn in_brackets(text: &str, span: &Range<usize>, last: Option<&Node>, missing: &[&Template]) -> Vec<Change> {
    let (denied, plain): (Vec<&Template>, Vec<&Template>) =
        missing.iter().partition(|template| template.denied().is_some());
    let paths: Vec<String> = plain.iter().map(|template| format!("\"{template}\"")).collect();
    let paths = paths.join(", ");
    let mut changes = match last {
        _ if paths.is_empty() => Vec::new(),
        Some(last) => vec![(last.span.end..last.span.end, format!(", {paths}"))],
        None => vec![(span.start + 1..span.start + 1, paths)],
    };
    if !denied.is_empty() {
        let at = end_of_line(text, span.end);
        changes.push((at..at, format!("\n{}", lines(&denied, "").trim_end())));
    }
    changes
}

fn end_of_line(text: &str, from: usize) -> usize {
    text.get(from..).and_then(|rest| rest.find('\n')).map_or(text.len(), |at| from + at)
}

/// Lines are counted from 1.
fn start_of_line(text: &str, line: usize) -> usize {
    text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum()
}

/// Where the `-` before an item is in its line.
fn column_of_dash(text: &str, item: usize) -> usize {
    let line = text.get(..item).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
    line.rfind('-').unwrap_or_default()
}

/// A line for each path.
fn lines(templates: &[&Template], indentation: &str) -> String {
    let mut text = String::new();
    for template in templates {
        let _ = match template.denied() {
            Some(reason) => {
                writeln!(text, "{indentation}# denied by default: {reason}\n{indentation}{}", commented(template))
            }
            None => writeln!(text, "{indentation}- \"{template}\""),
        };
    }
    text
}

fn commented(template: &Template) -> String {
    format!("# - \"{template}\"")
}

/// The text with all changes, which do not overlap.
fn apply(text: &str, mut changes: Vec<Change>) -> String {
    changes.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    let mut text = text.to_owned();
    for (range, replacement) in changes {
        text.replace_range(range, &replacement);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn updated(text: &str, asked: &[&str]) -> Result<GrantUpdate, String> {
        let asked: Vec<Template> = asked.iter().map(|path| Template::parse(path).unwrap()).collect();
        let asked: Vec<&Template> = asked.iter().collect();
        update(text, &asked, &"b".repeat(64)).map_err(|error| error.to_string())
    }

    #[test]
    fn an_update_keeps_what_the_operator_wrote() {
        let old = format!(
            "# Reviewed by us.\nsha256: {}  # 1.0.0\nallow:\n    - \"/version\" # harmless\n    # not this one\n\nsettings: {{a: 1}} # ours\nlimits:\n  cpu: 1s\n",
            "a".repeat(64)
        );
        let new = updated(&old, &["/version", "/cluster/status", "/nodes/{node}/scan/nfs?server=x"]).unwrap();
        assert_eq!(
            new.text,
            format!(
                "# Reviewed by us.\nsha256: {}  # 1.0.0\nallow:\n    - \"/version\" # harmless\n    - \"/cluster/status\"\n    \
                 # denied by default: it makes the node connect to other hosts\n    # - \"/nodes/{{node}}/scan/nfs?server=x\"\n    \
                 # not this one\n\nsettings: {{a: 1}} # ours\nlimits:\n  cpu: 1s\n",
                "b".repeat(64)
            )
        );
        // Once is enough, and the comment is remembered.
        let again = updated(&new.text, &["/version", "/nodes/{node}/scan/nfs?server=x"]).unwrap();
        assert_eq!((again.text, again.unused), (new.text, vec!["/cluster/status".to_owned()]));
    }

    #[test]
    fn lists_in_every_style() {
        for (old, new) in [
            ("", "allow:\n  - \"/version\"\n"),
            ("settings: {}", "settings: {}\nallow:\n  - \"/version\"\n"),
            ("allow: []\nlimits: {}\n", "allow: [\"/version\"]\nlimits: {}\n"),
            ("allow: # none\nlimits: {}\n", "allow: # none\n  - \"/version\"\nlimits: {}\n"),
            ("allow: [/cluster/status]", "allow: [/cluster/status, \"/version\"]"),
            ("allow: [\n  '/cluster/status',\n]\n", "allow: [\n  '/cluster/status', \"/version\",\n]\n"),
            ("allow:\n- /cluster/status", "allow:\n- /cluster/status\n- \"/version\""),
            ("{allow: []}", "{allow: [\"/version\"]}"),
        ] {
            let asked = ["/version", "/cluster/status"];
            let asked = if old.contains("/cluster") { &asked[..] } else { &asked[..1] };
            assert_eq!(updated(old, asked).map(|update| update.text).as_deref(), Ok(new), "{old}");
        }
        assert_eq!(
            updated("allow: [/version]\nlimits: {}\n", &["/version", "/nodes/{node}/report"]).unwrap().text,
            "allow: [/version]\n# denied by default: it shows the whole configuration\n# - \"/nodes/{node}/report\"\nlimits: {}\n"
        );
        let error = updated("{settings: {}}", &["/version"]).unwrap_err();
        assert!(error.contains("by hand"), "{error}");
    }
}
