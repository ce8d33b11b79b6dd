//! The catalog: all collectors, where they come from, and which of them serve.
//!
//! A reload reads the folders and takes each changed component through every check: digest, grant, compile, describe, names, a
//! trial on the last answers. Those that pass are swapped in together; the others are refused with a reason, and their
//! previous versions keep serving.

mod builtin;
mod changes;
mod entry;
mod folder;
mod grant;
mod grant_file;
mod grant_writer;
mod loader;
mod permit;
mod reload;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use parking_lot::Mutex;

pub use builtin::{builtin_names, builtin_settings, builtins};
pub use changes::{Changes, UNCHANGED};
pub use entry::{CatalogEntry, Standing};
pub use grant::{Grant, Refusal};
pub use grant_file::GrantError;
pub use grant_writer::GrantUpdate;
pub use loader::{LastAnswers, Loader, NoAnswers};

use crate::collector::{Collector, CollectorSet};
use crate::trust::Exposure;
use folder::Stamp;

#[derive(Debug)]
pub struct Catalog {
    loader: Loader,
    folders: Vec<PathBuf>,
    builtins: Vec<Arc<Collector>>,
    serving: ArcSwap<CollectorSet>,
    known: Mutex<Known>,
}

/// What is known of files and folders. Its lock serialises reloads.
#[derive(Debug, Default)]
struct Known {
    files: BTreeMap<PathBuf, KnownFile>,
    /// Folders that can't be listed, and why.
    unreadable: BTreeMap<PathBuf, String>,
    /// Built-ins that a folder's collector keeps out, and why.
    displaced: BTreeMap<String, String>,
    /// Folders and files that other users can change.
    exposed: BTreeMap<PathBuf, Exposure>,
    reloaded: Option<SystemTime>,
}

#[derive(Debug)]
struct KnownFile {
    /// `None`: considered again by the next reload.
    stamp: Option<Stamp>,
    serving: Option<Arc<Collector>>,
    /// Why the file as it is now is refused.
    refusal: Option<String>,
}

impl Catalog {
    /// The built-ins only; [`reload`](Self::reload) adds the folders.
    #[must_use]
    pub fn new(loader: Loader, builtins: Vec<Arc<Collector>>, folders: Vec<PathBuf>) -> Self {
        let catalog = Self { loader, folders, builtins, serving: ArcSwap::default(), known: Mutex::default() };
        catalog.serve(&mut catalog.known.lock());
        catalog
    }

    /// The collectors that serve now.
    #[must_use]
    pub fn serving(&self) -> Arc<CollectorSet> {
        self.serving.load_full()
    }

    #[must_use]
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// When the folders were last read.
    #[must_use]
    pub fn reloaded(&self) -> Option<SystemTime> {
        self.known.lock().reloaded
    }

    /// Folders that can't be listed, and why.
    #[must_use]
    pub fn unreadable(&self) -> BTreeMap<PathBuf, String> {
        self.known.lock().unreadable.clone()
    }
}
