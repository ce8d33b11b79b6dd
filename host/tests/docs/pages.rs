//! The documentation as data: pages, tables and code.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A row of a table with its cells.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) file: String,
    pub(crate) heading: String,
    pub(crate) cells: Vec<String>,
}

impl Row {
    /// Whether a cell has this text as a code span.
    pub(super) fn says(&self, cell: usize, code: &str) -> bool {
        self.code(cell).contains(&code)
    }

    /// The code spans of a cell, in order.
    pub(crate) fn code(&self, cell: usize) -> Vec<&str> {
        self.cells.get(cell).map(|cell| cell.split('`').skip(1).step_by(2).collect()).unwrap_or_default()
    }
}

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(super) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The Markdown files of the root and of `docs`, relative to the root.
pub(super) fn all() -> Vec<String> {
    let mut pages = Vec::new();
    let mut directories = vec![String::new(), "docs/".to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(root().join(&directory)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{directory}{}", entry.file_name().to_str().unwrap());
            if path.ends_with(".md") {
                pages.push(path);
            } else if !directory.is_empty() && entry.file_type().unwrap().is_dir() && !path.ends_with("node_modules") {
                directories.push(format!("{path}/"));
            }
        }
    }
    pages.sort();
    assert!(pages.iter().any(|page| page == "README.md") && pages.len() > 12, "{pages:?}");
    pages
}

/// The lines of a page outside code blocks.
pub(super) fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !inside && !fence
    })
}

/// All rows of all tables.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for file in all() {
        let mut heading = String::new();
        for line in prose(&read(&file)) {
            if line.starts_with('#') {
                heading = line.trim_start_matches('#').trim().to_owned();
            } else if let Some(inner) = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |")) {
                let cells = inner.split(" | ").map(|cell| cell.trim().to_owned()).collect();
                rows.push(Row { file: file.clone(), heading: heading.clone(), cells });
            }
        }
    }
    rows
}

/// The rows below a heading of a page.
pub(super) fn under(file: &str, heading: &str) -> Vec<Row> {
    let rows: Vec<Row> = rows().into_iter().filter(|row| row.file == file && row.heading == heading).collect();
    assert!(!rows.is_empty(), "{file} has no table below {heading}");
    rows
}

/// The code blocks in this language below a heading of a page, up to the next heading of its level.
pub(super) fn blocks(file: &str, heading: &str, language: &str) -> Vec<String> {
    let text = read(file);
    let section = text.split(&format!("\n## {heading}\n")).nth(1).and_then(|rest| rest.split("\n## ").next());
    let section = section.unwrap_or_else(|| panic!("{file} has no section {heading}"));
    let fence = format!("```{language}\n");
    section.split(&fence).skip(1).map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

/// The only code block in this language below a heading of a page.
pub(super) fn block(file: &str, heading: &str, language: &str) -> String {
    let mut blocks = blocks(file, heading, language);
    assert_eq!(blocks.len(), 1, "{file}: {heading}");
    blocks.remove(0)
}

/// Everything in code spans and code blocks.
pub(super) fn code(text: &str) -> Vec<String> {
    let blocks = text.split("```").skip(1).step_by(2).map(str::to_owned);
    let spans = prose(text).flat_map(|line| line.split('`').skip(1).step_by(2)).map(str::to_owned);
    blocks.chain(spans).collect()
}

/// The words in a text that begin with `prefix`; the prefix alone is none.
pub(super) fn words(text: &str, prefix: &str, belongs: impl Fn(char) -> bool) -> BTreeSet<String> {
    let word = |(at, _): (usize, &str)| text[at..].chars().take_while(|c| belongs(*c)).collect::<String>();
    text.match_indices(prefix).map(word).filter(|word| !word.ends_with('_')).collect()
}
