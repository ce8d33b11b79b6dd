//! The layers of the host: a module imports only what docs/development.md allows, and no two files import each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

type Graph = BTreeMap<String, BTreeSet<String>>;

#[test]
fn modules_import_what_the_table_allows() {
    let allowed = table();
    let found = modules(&sources());
    for (module, imports) in &found {
        let allowed = allowed.get(module).unwrap_or_else(|| panic!("docs/development.md does not list {module}"));
        let extra: Vec<&String> = imports.difference(allowed).collect();
        let unused: Vec<&String> = allowed.difference(imports).collect();
        assert!(extra.is_empty(), "{module} must not import {extra:?}");
        assert!(unused.is_empty(), "docs/development.md allows {module} to import {unused:?}, which it does not");
    }
    assert_eq!(allowed.keys().collect::<Vec<_>>(), found.keys().collect::<Vec<_>>());
}

#[test]
fn modules_have_no_cycle() {
    assert_eq!(cycle(&modules(&sources())), None);
}

#[test]
fn files_have_no_cycle() {
    assert_eq!(cycle(&files(&sources())), None);
}

#[test]
fn generated_bindings_are_named_in_one_file() {
    for (path, text) in sources() {
        assert_eq!(text.contains("bindgen!"), path == Path::new("sandbox/v0_1.rs"), "{}", path.display());
    }
}

#[test]
fn cycles_and_imports_are_found() {
    let graph = |edges: &[(&str, &str)]| {
        let mut graph = Graph::new();
        for (from, to) in edges {
            graph.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        graph
    };
    assert_eq!(cycle(&graph(&[("a", "b"), ("b", "c"), ("a", "c")])), None);
    assert_eq!(cycle(&graph(&[("a", "b"), ("b", "c"), ("c", "b")])).unwrap(), ["b", "c", "b"]);
    let text = "use super::{one::A, two::{B, C}};\nfn f() { crate::three::d(); super::four::e() }\n";
    let expected = ["super::one::A", "super::two::B", "super::two::C", "crate::three", "super::four"];
    assert_eq!(paths(text), expected.map(str::to_owned).into());
}

/// The table of modules in docs/development.md: `| module | owns | may import |`.
fn table() -> Graph {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = std::fs::read_to_string(root.join("docs/development.md")).unwrap();
    let code = |cell: &str| -> BTreeSet<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let rows = text.lines().skip_while(|line| !line.starts_with("| Module | Owns | May import |")).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
            (code(cells[0]).into_iter().next().unwrap(), code(cells[2]))
        })
        .collect()
}

/// Every file of `host/src` without its tests and comments, by path.
fn sources() -> BTreeMap<PathBuf, String> {
    fn read(folder: &Path, root: &Path, found: &mut BTreeMap<PathBuf, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, root, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]").next().unwrap();
                let code = |line: &&str| !line.trim_start().starts_with("//");
                let text = text.lines().filter(code).collect::<Vec<_>>().join("\n");
                found.insert(path.strip_prefix(root).unwrap().to_owned(), text);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    read(&root, &root, &mut found);
    // The binary uses the library like any other crate; lib.rs only declares the modules.
    found.retain(|path, _| path != Path::new("main.rs") && path != Path::new("lib.rs"));
    found
}

/// What `use` declarations and paths in code name below `crate` and `super`.
fn paths(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("use ") {
        let is_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let (tree, next) = after.split_once(';').unwrap_or((after, ""));
        if !is_word && (tree.starts_with("crate::") || tree.starts_with("super::")) {
            expand("", &tree.split_whitespace().collect::<Vec<_>>().join(" "), &mut found);
            rest = next;
        } else {
            rest = after;
        }
    }
    for prefix in ["crate::", "super::"] {
        for (at, _) in text.match_indices(prefix) {
            let name: String =
                text[at + prefix.len()..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let module = text[at + prefix.len() + name.len()..].starts_with("::");
            let in_use = text[..at].ends_with("use ");
            if module && !in_use && name.starts_with(|c: char| c.is_ascii_lowercase()) {
                found.insert(format!("{prefix}{name}"));
            }
        }
    }
    found
}

/// Writes out the braces of a `use` tree.
fn expand(prefix: &str, tree: &str, found: &mut BTreeSet<String>) {
    let Some((head, inner)) = tree.split_once('{') else {
        found.insert(format!("{prefix}{}", tree.split(" as ").next().unwrap().trim()));
        return;
    };
    let (inner, _) = inner.rsplit_once('}').unwrap();
    let (mut depth, mut start) = (0, 0);
    for (at, c) in inner.char_indices().chain([(inner.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = inner[start..at].trim();
                if !part.is_empty() {
                    expand(&format!("{prefix}{}", head.trim()), part, found);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

fn module_of(path: &Path) -> String {
    let first = path.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

fn modules(sources: &BTreeMap<PathBuf, String>) -> Graph {
    let mut graph = Graph::new();
    for (path, text) in sources {
        let module = module_of(path);
        let imports = graph.entry(module.clone()).or_default();
        for import in paths(text).iter().filter_map(|path| path.strip_prefix("crate::")) {
            let name = import.split("::").next().unwrap();
            if name != module {
                imports.insert(name.to_owned());
            }
        }
    }
    graph
}

/// The files of each module and what they import of each other.
fn files(sources: &BTreeMap<PathBuf, String>) -> Graph {
    let mut graph = Graph::new();
    let name = |path: &Path| path.to_str().unwrap().to_owned();
    for (path, text) in sources {
        let folder = path.parent().unwrap();
        let imports = graph.entry(name(path)).or_default();
        for import in paths(text) {
            let own = format!("crate::{}::", module_of(path));
            let Some(item) = import.strip_prefix("super::").or_else(|| import.strip_prefix(&own)) else { continue };
            let first = item.split("::").next().unwrap();
            // A file of a folder, or what the folder's mod.rs defines.
            let file = [folder.join(format!("{first}.rs")), folder.join("mod.rs")];
            if let Some(file) = file.iter().find(|file| sources.contains_key(*file)).filter(|file| *file != path) {
                imports.insert(name(file));
            }
        }
    }
    graph
}

/// A cycle, if there is one: its first member stands at both ends.
fn cycle(graph: &Graph) -> Option<Vec<String>> {
    fn visit(node: &str, graph: &Graph, path: &mut Vec<String>, done: &mut BTreeSet<String>) -> Option<Vec<String>> {
        if let Some(at) = path.iter().position(|seen| seen == node) {
            let mut cycle = path[at..].to_vec();
            cycle.push(node.to_owned());
            return Some(cycle);
        }
        if done.contains(node) {
            return None;
        }
        path.push(node.to_owned());
        for next in graph.get(node).into_iter().flatten() {
            if let Some(cycle) = visit(next, graph, path, done) {
                return Some(cycle);
            }
        }
        path.pop();
        done.insert(node.to_owned());
        None
    }
    let mut done = BTreeSet::new();
    graph.keys().find_map(|node| visit(node, graph, &mut Vec::new(), &mut done))
}
