//! Links lead somewhere, and the README stays short.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::pages::{all, prose, read, root};

/// What a reader with three minutes gets through.
const README_LINES: usize = 250;
/// A picture must not make a checkout or a page slow.
const PICTURE_BYTES: u64 = 200 * 1024;

/// The anchors of a page, as the usual forges make them from headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for heading in prose(text).filter(|line| line.starts_with('#')) {
        let title = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let repeated = (0..).map(|n| if n == 0 { anchor.clone() } else { format!("{anchor}-{n}") });
        let _ = repeated.into_iter().find(|anchor| anchors.insert(anchor.clone()));
    }
    anchors
}

/// The targets of a page's links and pictures.
fn targets(text: &str) -> Vec<String> {
    let links = prose(text).flat_map(|line| line.split("](").skip(1));
    links.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())).collect()
}

/// `docs/collectors/../metrics.md` is `docs/metrics.md`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => assert!(normal.pop(), "{} leaves the repository", path.display()),
            other => normal.push(other),
        }
    }
    normal
}

#[test]
fn every_link_and_anchor_resolves() {
    let mut wrong = Vec::new();
    let mut linked = BTreeSet::new();
    let mut followed = 0;
    for page in all() {
        let text = read(&page);
        for target in targets(&text).iter().filter(|target| !target.contains("://")) {
            followed += 1;
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let folder = Path::new(&page).parent().unwrap();
            let file = if path.is_empty() { PathBuf::from(&page) } else { normal(&folder.join(path)) };
            if !root().join(&file).exists() {
                wrong.push(format!("{page}: {target}: there is no {}", file.display()));
            } else if !anchor.is_empty() && !anchors(&read(file.to_str().unwrap())).contains(anchor) {
                wrong.push(format!("{page}: {target}: {} has no such heading", file.display()));
            }
            if file != Path::new(&page) {
                linked.insert(file);
            }
        }
    }
    for page in all().iter().filter(|page| *page != "README.md") {
        let example = Path::new(page).parent().unwrap();
        if !linked.contains(Path::new(page)) && !linked.contains(example) {
            wrong.push(format!("no page links to {page}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(followed > 100, "{followed} links found");
}

#[test]
fn the_readme_is_short() {
    let lines = read("README.md").lines().count();
    assert!(lines <= README_LINES, "README.md has {lines} lines, {README_LINES} are allowed: move something to docs/");
}

#[test]
fn pictures_are_small() {
    let pictures: Vec<_> = std::fs::read_dir(root().join("docs/images")).unwrap().map(Result::unwrap).collect();
    assert!(!pictures.is_empty());
    for picture in pictures {
        let bytes = picture.metadata().unwrap().len();
        assert!(bytes <= PICTURE_BYTES, "{} has {bytes} bytes", picture.path().display());
    }
}
