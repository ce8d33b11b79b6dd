//! Reading the folders again.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::changes::Changes;
use super::folder::{self, Candidate};
use super::loader::{LastAnswers, Loader};
use super::{Catalog, Known, KnownFile};
use crate::collector::{Collector, CollectorSet};

impl Catalog {
    /// Reads the folders again. Blocks, for seconds if something large must be compiled; scrapes continue meanwhile.
    pub fn reload(&self, answers: &dyn LastAnswers) -> Changes {
        let mut known = self.known.lock();
        let before = self.serving();
        let mut changes = Changes::default();
        for folder in &self.folders {
            match folder::read(folder, self.loader.limits.component_bytes) {
                Ok(content) => {
                    known.unreadable.remove(folder);
                    known.files.retain(|path, _| path.parent() != Some(folder) || content.contains_key(path));
                    for (path, candidate) in content {
                        self.consider(&mut known, &path, candidate, answers, &mut changes);
                    }
                }
                // Vanished or locked for a while: nothing is known of its files, so their collectors keep serving.
                Err(error) => {
                    let reason = error.to_string();
                    if known.unreadable.insert(folder.clone(), reason.clone()).as_ref() != Some(&reason) {
                        changes.unreadable.push((folder.clone(), reason));
                    }
                }
            }
        }
        self.serve(&mut known);
        known.reloaded = Some(SystemTime::now());
        changes.compare(&before, &self.serving());
        changes
    }

    /// Makes the next reload retry refused files even if they are unchanged: on a busy machine a compilation or a trial may have
    /// hit its limit.
    pub fn reconsider(&self) {
        for file in self.known.lock().files.values_mut().filter(|file| file.refusal.is_some()) {
            file.stamp = None;
        }
    }

    /// Decides on one file: unchanged, loaded, or refused.
    fn consider(
        &self,
        known: &mut Known,
        path: &Path,
        candidate: Result<Candidate, String>,
        answers: &dyn LastAnswers,
        changes: &mut Changes,
    ) {
        let stamp = candidate.as_ref().ok().map(|candidate| candidate.stamp.clone());
        let file = known.files.get(path);
        if let (Some(file), Some(stamp)) = (file, &stamp)
            && file.stamp.as_ref() == Some(stamp)
        {
            changes.still_refused.extend(file.refusal.clone().map(|reason| (path.to_owned(), reason)));
            return;
        }
        let old = file.and_then(|file| file.serving.clone());
        let old_refusal = file.and_then(|file| file.refusal.clone());
        let mut conflict = false;
        let loaded = candidate.and_then(|candidate| {
            let collector = Arc::new(self.loader.load(path, &candidate, answers)?);
            self.fits(known, path, &collector).inspect_err(|_| conflict = true)?;
            Ok(collector)
        });
        let file = match loaded {
            Ok(collector) => KnownFile { stamp, serving: Some(collector), refusal: None },
            Err(reason) => {
                let reported = old_refusal.as_ref() == Some(&reason);
                let refusals = if reported { &mut changes.still_refused } else { &mut changes.refused };
                refusals.push((path.to_owned(), reason.clone()));
                // A revoked grant is revoked, whatever else is wrong with the new version.
                let grant = stamp.as_ref().map(|stamp| &stamp.grant);
                let serving = old.filter(|old| grant.is_none_or(|grant| Loader::still_granted(old, grant.as_ref())));
                // Another collector has the name or a metric: it may be gone by the next reload, with this file unchanged.
                KnownFile { stamp: stamp.filter(|_| !conflict), serving, refusal: Some(reason) }
            }
        };
        known.files.insert(path.to_owned(), file);
    }

    /// Whether a collector's name and metrics are free among all others, apart from itself and the built-in it shadows.
    fn fits(&self, known: &Known, path: &Path, collector: &Arc<Collector>) -> Result<(), String> {
        let mut others = CollectorSet::default();
        let files =
            known.files.iter().filter(|(other, _)| *other != path).filter_map(|(_, file)| file.serving.as_ref());
        for other in files {
            // They fitted together before; a conflict among them is not this collector's.
            let _ = others.add(Arc::clone(other));
        }
        for builtin in &self.builtins {
            if builtin.name() != collector.name() && others.get(builtin.name()).is_none() {
                let _ = others.add(Arc::clone(builtin));
            }
        }
        others.add(Arc::clone(collector)).map_err(|conflict| conflict.to_string())
    }

    /// Swaps in the folders' collectors, then each built-in that none of them shadows.
    pub(super) fn serve(&self, known: &mut Known) {
        let mut set = CollectorSet::default();
        for collector in known.files.values().filter_map(|file| file.serving.as_ref()) {
            if let Err(conflict) = set.add(Arc::clone(collector)) {
                tracing::error!(collector = collector.name(), %conflict, "an accepted collector does not fit");
            }
        }
        known.displaced.clear();
        for builtin in &self.builtins {
            if set.get(builtin.name()).is_none()
                && let Err(conflict) = set.add(Arc::clone(builtin))
            {
                known.displaced.insert(builtin.name().to_owned(), conflict.to_string());
            }
        }
        self.serving.store(Arc::new(set));
    }
}
