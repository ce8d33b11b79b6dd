//! The public items in a crate's source, and their examples.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Sources by their path below `src`.
pub(super) type Sources = BTreeMap<PathBuf, String>;

/// A public item, with the visible lines of its examples.
pub(super) struct Item {
    pub(super) path: PathBuf,
    /// The type or trait whose member it is.
    pub(super) owner: Option<String>,
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) example: Vec<String>,
}

/// Reads all sources in `root`.
pub(super) fn read(root: &Path, below: &Path, sources: &mut Sources) {
    for entry in fs::read_dir(root.join(below)).into_iter().flatten().flatten() {
        let path = below.join(entry.file_name());
        if entry.path().is_dir() {
            read(root, &path, sources);
        } else if let Ok(source) = fs::read_to_string(entry.path()) {
            sources.insert(path, source);
        }
    }
}

impl Item {
    pub(super) fn title(&self) -> String {
        let Self { owner, kind, name, .. } = self;
        owner.as_ref().map_or_else(|| format!("{kind} {name}"), |owner| format!("{kind} {owner}::{name}"))
    }

    /// Whether the example uses a member with this name.
    pub(super) fn shows(&self, member: &str) -> bool {
        let ways = [".", "::", "fn ", "const "].map(|way| format!("{way}{member}"));
        let ends = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
        let mut lines = self.example.iter();
        lines.any(|line| ways.iter().any(|way| line.split(way.as_str()).skip(1).any(ends)))
    }
}

/// All public items; the docs of a module are those in its own file.
pub(super) fn items(sources: &Sources) -> Vec<Item> {
    let (mut items, mut hidden) = (Vec::new(), Vec::new());
    for (path, source) in sources {
        scan(path, source, &mut items, &mut hidden);
    }
    items.retain(|item| !hidden.iter().any(|module| item.path.with_extension("").starts_with(module)));
    for item in items.iter_mut().filter(|item| item.kind == "mod") {
        let module = inside(&item.path, &item.name);
        let source = sources.get(&module.with_extension("rs")).or_else(|| sources.get(&module.join("mod.rs")));
        item.example.extend(example(inner_docs(source)));
    }
    let root = PathBuf::from("lib.rs");
    let example = example(inner_docs(sources.get(&root)));
    items.push(Item { path: root, owner: None, kind: "crate", name: "itself".to_owned(), example });
    items
}

/// Adds the public items of one file to `items`, and its modules that are hidden from the documentation to `hidden`.
fn scan(path: &Path, source: &str, items: &mut Vec<Item>, hidden: &mut Vec<PathBuf>) {
    let mut owner: Option<(String, bool)> = None;
    let (mut docs, mut attributes) = (Vec::new(), String::new());
    for line in source.lines() {
        let text = line.trim_start();
        if let Some(doc) = text.strip_prefix("///") {
            docs.push(doc);
            continue;
        }
        let open = !attributes.is_empty() && !attributes.ends_with(']');
        if text.starts_with("#[") || open {
            attributes.push_str(text);
            continue;
        }
        if text.starts_with("//") {
            continue;
        }
        let member = line.len() - text.len() == 4;
        let found = match &owner {
            None if attributes.contains("macro_export") => {
                line.strip_prefix("macro_rules! ").map(|rest| ("macro", rest))
            }
            Some((_, true)) if member => declared(text),
            Some(_) if member => text.strip_prefix("pub ").and_then(declared),
            _ => line.strip_prefix("pub ").and_then(declared),
        };
        let is_hidden = attributes.contains("doc(hidden)");
        if let Some((kind, rest)) = found {
            let name = word(rest).to_owned();
            if is_hidden && kind == "mod" {
                hidden.push(inside(path, &name));
            } else if kind == "mod" && !text.ends_with(';') && !is_hidden {
                // Reported, since its items are not seen.
                items.push(Item { path: path.to_owned(), owner: None, kind: "inline mod", name, example: Vec::new() });
            } else if !is_hidden {
                let owner = owner.as_ref().filter(|_| member).map(|(owner, _)| owner.clone());
                items.push(Item { path: path.to_owned(), owner, kind, name, example: example(docs.drain(..)) });
            }
        }
        if let Some(rest) = line.strip_prefix("impl").filter(|_| !line.contains(" for ")) {
            owner = Some((word(after_generics(rest)).to_owned(), false));
        } else if let Some(rest) = line.strip_prefix("pub trait ").filter(|_| !is_hidden) {
            owner = Some((word(rest).to_owned(), true));
        } else if line == "}" {
            owner = None;
        }
        docs.clear();
        attributes.clear();
    }
}

/// The kind of the item that a line declares, and the text from its name on.
fn declared(line: &str) -> Option<(&'static str, &str)> {
    let functions = ["fn", "const fn", "async fn", "unsafe fn"].map(|start| (start, "fn"));
    let others = ["struct", "enum", "union", "trait", "mod", "type", "const", "static"].map(|kind| (kind, kind));
    let mut all = functions.into_iter().chain(others);
    all.find_map(|(start, kind)| Some((kind, line.strip_prefix(start)?.strip_prefix(' ')?)))
}

/// The text after the `<…>` that it may begin with.
fn after_generics(text: &str) -> &str {
    let mut depth = 0;
    let name = text.trim_start_matches(|c: char| {
        let was = depth;
        depth += i32::from(c == '<') - i32::from(c == '>');
        was > 0 || depth > 0
    });
    name.trim_start()
}

fn word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// The path of a module that is declared in the file `path`, without `.rs`.
fn inside(path: &Path, module: &str) -> PathBuf {
    let stem = path.with_extension("");
    let sibling = stem.ends_with("lib") || stem.ends_with("mod");
    if sibling { stem.with_file_name(module) } else { stem.join(module) }
}

fn inner_docs(source: Option<&String>) -> impl Iterator<Item = &str> {
    source.into_iter().flat_map(|source| source.lines()).filter_map(|line| line.strip_prefix("//!"))
}

/// The lines of the examples that compile, except those that rustdoc hides.
fn example<'a>(docs: impl Iterator<Item = &'a str>) -> Vec<String> {
    let (mut inside, mut counts) = (false, false);
    let mut lines = Vec::new();
    for line in docs.map(str::trim) {
        if let Some(info) = line.strip_prefix("```") {
            inside = !inside;
            counts = inside && ["", "rust", "no_run", "should_panic"].contains(&info);
        } else if counts && !line.is_empty() && line != "#" && !line.starts_with("# ") {
            lines.push(line.to_owned());
        }
    }
    lines
}
