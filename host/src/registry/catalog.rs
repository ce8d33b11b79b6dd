//! The catalog: every collector that is known, where it comes from, and which of them serve.
//!
//! A reload reads the folders and takes each component that changed through the whole way: digest, compile, describe,
//! grant, names, a trial on the last answers. What passes is swapped in with all others at once; what fails is refused with
//! its reason, and the version before it goes on serving.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use super::changes::Changes;
use super::collector::{Collector, Origin};
use super::folder::{self, Candidate, Stamp};
use super::loader::{Loader, Trial};
use super::set::CollectorSet;

/// All collectors.
#[derive(Debug)]
pub struct Catalog {
    loader: Loader,
    folders: Vec<PathBuf>,
    builtins: Vec<Arc<Collector>>,
    serving: ArcSwap<CollectorSet>,
    shelf: Mutex<Shelf>,
}

/// What is known of files and folders. The lock on it makes reloads follow one another.
#[derive(Debug, Default)]
struct Shelf {
    files: BTreeMap<PathBuf, Book>,
    /// Folders that could not be listed, and why.
    unreadable: BTreeMap<PathBuf, String>,
    /// Built-ins that could not come back, and why.
    displaced: BTreeMap<String, String>,
    reloaded: Option<SystemTime>,
}

/// One file of a folder.
#[derive(Debug)]
struct Book {
    stamp: Option<Stamp>,
    serving: Option<Arc<Collector>>,
    refusal: Option<String>,
}

/// A line of the catalog, for people.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Name, where it is known; else the file's.
    pub name: String,
    /// Where it comes from.
    pub origin: Origin,
    /// The collector, if one of this origin is loaded.
    pub collector: Option<Arc<Collector>>,
    /// What it does.
    pub standing: Standing,
    /// Why the file as it is now is refused, where it is; an older version may serve.
    pub refusal: Option<String>,
}

/// What a collector does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is called.
    Serving,
    /// A component of a folder has its name.
    Shadowed,
    /// It broke down too often and is left alone for a while.
    Quarantined,
    /// Nothing of this origin serves.
    Refused,
}

impl std::fmt::Display for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Serving => "serving",
            Self::Shadowed => "shadowed",
            Self::Quarantined => "quarantined",
            Self::Refused => "refused",
        })
    }
}

impl Catalog {
    /// The built-ins alone; `reload` adds the folders.
    #[must_use]
    pub fn new(loader: Loader, builtins: Vec<Arc<Collector>>, folders: Vec<PathBuf>) -> Self {
        let catalog =
            Self { loader, folders, builtins, serving: ArcSwap::default(), shelf: Mutex::new(Shelf::default()) };
        catalog.serve(&mut catalog.shelf.lock());
        catalog
    }

    /// The collectors that serve now.
    #[must_use]
    pub fn serving(&self) -> Arc<CollectorSet> {
        self.serving.load_full()
    }

    /// The folders that are read.
    #[must_use]
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// When the folders were last read.
    #[must_use]
    pub fn reloaded(&self) -> Option<SystemTime> {
        self.shelf.lock().reloaded
    }

    /// Reads the folders again. Blocks, for seconds where something large must be compiled; scrapes go on meanwhile.
    pub fn reload(&self, trial: &dyn Trial) -> Changes {
        let mut shelf = self.shelf.lock();
        let before = self.serving();
        let mut changes = Changes::default();
        for folder in &self.folders {
            match folder::read(folder, self.loader.limits.component_bytes) {
                Ok(content) => {
                    shelf.unreadable.remove(folder);
                    shelf.files.retain(|path, _| path.parent() != Some(folder) || content.contains_key(path));
                    for (path, candidate) in content {
                        self.consider(&mut shelf, &path, candidate, trial, &mut changes);
                    }
                }
                // Vanished or locked for a while: nothing is known of its files, so they go on serving.
                Err(error) => {
                    let reason = error.to_string();
                    if shelf.unreadable.insert(folder.clone(), reason.clone()).as_ref() != Some(&reason) {
                        changes.unreadable.push((folder.clone(), reason));
                    }
                }
            }
        }
        self.serve(&mut shelf);
        shelf.reloaded = Some(SystemTime::now());
        changes.compare(&before, &self.serving());
        changes
    }

    /// Has the next reload consider again what is refused now, though it is as it was: on a busy machine a compilation or a trial
    /// may have run into its limit.
    pub fn reconsider(&self) {
        for book in self.shelf.lock().files.values_mut().filter(|book| book.refusal.is_some()) {
            book.stamp = None;
        }
    }

    /// One file as it was found: unchanged, taken in, or refused.
    fn consider(
        &self,
        shelf: &mut Shelf,
        path: &Path,
        candidate: Result<Candidate, String>,
        trial: &dyn Trial,
        changes: &mut Changes,
    ) {
        let stamp = candidate.as_ref().ok().map(|candidate| candidate.stamp.clone());
        let book = shelf.files.get(path);
        if let (Some(book), Some(stamp)) = (book, &stamp)
            && book.stamp.as_ref() == Some(stamp)
        {
            changes.still_refused.extend(book.refusal.clone().map(|reason| (path.to_owned(), reason)));
            return;
        }
        let old = book.and_then(|book| book.serving.clone());
        let old_refusal = book.and_then(|book| book.refusal.clone());
        let mut conflict = false;
        let loaded = candidate.and_then(|candidate| {
            let collector = Arc::new(self.loader.load(path, &candidate, trial)?);
            self.fits(shelf, path, &collector).inspect_err(|_| conflict = true)?;
            Ok(collector)
        });
        let book = match loaded {
            Ok(collector) => Book { stamp, serving: Some(collector), refusal: None },
            Err(reason) => {
                let said = old_refusal.as_ref() == Some(&reason);
                let refusals = if said { &mut changes.still_refused } else { &mut changes.refused };
                refusals.push((path.to_owned(), reason.clone()));
                // A grant that was taken back is taken back, whatever else is wrong with the new version.
                let grant = stamp.as_ref().map(|stamp| &stamp.grant);
                let serving = old.filter(|old| grant.is_none_or(|grant| Loader::still_granted(old, grant.as_ref())));
                // Another collector's name or metric: it may be gone by the next reload, though this file is as it was.
                Book { stamp: stamp.filter(|_| !conflict), serving, refusal: Some(reason) }
            }
        };
        shelf.files.insert(path.to_owned(), book);
    }

    /// Whether a collector's name and metrics are free among all others, itself and the built-in it shadows left out.
    fn fits(&self, shelf: &Shelf, path: &Path, collector: &Arc<Collector>) -> Result<(), String> {
        let mut others = CollectorSet::default();
        let files =
            shelf.files.iter().filter(|(other, _)| *other != path).filter_map(|(_, book)| book.serving.as_ref());
        for other in files {
            // They fitted together before; what they say of each other is not this collector's business.
            let _ = others.add(Arc::clone(other));
        }
        for builtin in &self.builtins {
            if builtin.name() != collector.name() && others.get(builtin.name()).is_none() {
                let _ = others.add(Arc::clone(builtin));
            }
        }
        others.add(Arc::clone(collector)).map_err(|conflict| conflict.to_string())
    }

    /// Swaps in what the shelf holds: first the folders' collectors, then each built-in that none of them shadows.
    fn serve(&self, shelf: &mut Shelf) {
        let mut set = CollectorSet::default();
        for collector in shelf.files.values().filter_map(|book| book.serving.as_ref()) {
            if let Err(conflict) = set.add(Arc::clone(collector)) {
                tracing::error!(collector = collector.name(), %conflict, "a collector that was accepted does not fit");
            }
        }
        shelf.displaced.clear();
        for builtin in &self.builtins {
            if set.get(builtin.name()).is_none()
                && let Err(conflict) = set.add(Arc::clone(builtin))
            {
                shelf.displaced.insert(builtin.name().to_owned(), conflict.to_string());
            }
        }
        self.serving.store(Arc::new(set));
    }

    /// Every collector and file, by name.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let shelf = self.shelf.lock();
        let serving = self.serving();
        let standing = |collector: &Arc<Collector>| match serving.get(collector.name()) {
            Some(other) if Arc::ptr_eq(other, collector) => {
                if collector.health.quarantined().is_some() {
                    Standing::Quarantined
                } else {
                    Standing::Serving
                }
            }
            Some(_) => Standing::Shadowed,
            None => Standing::Refused,
        };
        let builtins = self.builtins.iter().map(|collector| Entry {
            name: collector.name().to_owned(),
            origin: Origin::Builtin,
            collector: Some(Arc::clone(collector)),
            standing: standing(collector),
            refusal: shelf.displaced.get(collector.name()).cloned(),
        });
        let files = shelf.files.iter().map(|(path, book)| Entry {
            name: book.serving.as_ref().map_or_else(|| file_name(path), |collector| collector.name().to_owned()),
            origin: Origin::File(path.clone()),
            collector: book.serving.clone(),
            standing: book.serving.as_ref().map_or(Standing::Refused, standing),
            refusal: book.refusal.clone(),
        });
        let mut entries: Vec<Entry> = builtins.chain(files).collect();
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        entries
    }

    /// Folders that can't be listed, and why.
    #[must_use]
    pub fn unreadable(&self) -> BTreeMap<PathBuf, String> {
        self.shelf.lock().unreadable.clone()
    }
}

fn file_name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
