//! Reading the folders again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::changes::Changes;
use super::folder::{self, Candidate};
use super::loader::LastAnswers;
use super::permit::Permit;
use super::{Catalog, Known, KnownFile};
use crate::collector::{Collector, CollectorSet};
use crate::trust;

impl Catalog {
    /// Reads the folders again. Blocks, for seconds if something large must be compiled; scrapes continue meanwhile. What has a
    /// grant serves before anything without one is looked at.
    pub fn reload(&self, answers: &dyn LastAnswers) -> Changes {
        let mut known = self.known.lock();
        let before = self.serving();
        let (mut changes, mut ungranted) = (Changes::default(), Vec::new());
        for folder in &self.folders {
            match folder::read(folder, self.loader.limits.component_bytes) {
                Ok(content) => {
                    known.unreadable.remove(folder);
                    known.note_exposed(folder, content.keys(), &mut changes);
                    known.files.retain(|path, _| path.parent() != Some(folder) || content.contains_key(path));
                    for (path, candidate) in content {
                        if candidate.as_ref().is_ok_and(|candidate| candidate.stamp.grant.is_none()) {
                            known.revoke(&path);
                            ungranted.push((path, candidate));
                        } else {
                            self.consider(&mut known, &path, candidate, answers, &mut changes);
                        }
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
        for (path, candidate) in ungranted {
            self.consider(&mut known, &path, candidate, answers, &mut changes);
        }
        known.reloaded = Some(SystemTime::now());
        changes.compare(&before, &self.serving());
        changes
    }

    /// Makes the next reload retry refused files even if they are unchanged: on a busy machine a compilation or a trial may have
    /// hit its limit. Without a grant nothing is compiled again.
    pub fn reconsider(&self) {
        let granted = |file: &&mut KnownFile| file.stamp.as_ref().is_some_and(|stamp| stamp.grant.is_some());
        for file in self.known.lock().files.values_mut().filter(|file| file.refusal.is_some()).filter(granted) {
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
        let permit = stamp.as_ref().map(|stamp| Permit::new(path, stamp, &self.loader.limits, self.loader.max_memory));
        // What the grant no longer covers stops, and what it limits is limited, whatever else is wrong with the new version.
        let before = file.and_then(|file| file.serving.clone());
        let old = match &permit {
            Some(permit) => before.as_ref().and_then(|serving| permit.keep(serving)),
            None => before.clone(),
        };
        let old_refusal = file.and_then(|file| file.refusal.clone());
        let mut conflict = false;
        let loaded = candidate.and_then(|candidate| {
            let permit = permit.as_ref().unwrap_or(&Permit::Missing);
            let collector = Arc::new(self.loader.load(path, &candidate, permit, answers)?);
            self.fits(known, path, &collector).inspect_err(|_| conflict = true)?;
            Ok(collector)
        });
        let file = match loaded {
            Ok(collector) => KnownFile { stamp, serving: Some(collector), refusal: None },
            Err(reason) => {
                let reported = old_refusal.is_some_and(|old| old.starts_with(&reason));
                let reason = reason + fate(before.as_ref(), old.as_ref(), permit.as_ref());
                let refusals = if reported { &mut changes.still_refused } else { &mut changes.refused };
                refusals.push((path.to_owned(), reason.clone()));
                // Another collector has the name or a metric: it may be gone by the next reload, with this file unchanged.
                KnownFile { stamp: stamp.filter(|_| !conflict), serving: old, refusal: Some(reason) }
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

impl Known {
    /// Stops what serves from a file whose grant is gone.
    fn revoke(&mut self, path: &Path) {
        if let Some(file) = self.files.get_mut(path) {
            file.serving = None;
        }
    }

    /// Notes what other users can change in a folder: they decide what collectors may see.
    fn note_exposed<'a>(
        &mut self,
        folder: &Path,
        components: impl Iterator<Item = &'a PathBuf>,
        changes: &mut Changes,
    ) {
        let files = components.flat_map(|path| [path.clone(), path.with_extension("yml")]);
        for path in std::iter::once(folder.to_owned()).chain(files) {
            let exposure = trust::changeable(&path);
            let known = match exposure {
                Some(exposure) => self.exposed.insert(path.clone(), exposure),
                None => self.exposed.remove(&path),
            };
            if let Some(exposure) = exposure.filter(|exposure| known != Some(*exposure)) {
                changes.exposed.push((path, exposure));
            }
        }
    }
}

/// What became of the version that served before a file was refused, as the end of the reason.
fn fate(before: Option<&Arc<Collector>>, now: Option<&Arc<Collector>>, permit: Option<&Permit>) -> &'static str {
    match (before, now, permit) {
        (None, ..) | (_, _, Some(Permit::Missing)) => "",
        (Some(_), None, _) => "; the version that served has stopped, because the grant does not cover it",
        (Some(_), Some(_), Some(Permit::Invalid(_))) => {
            "; the previous version keeps serving, with the limits it had before the grant file became invalid"
        }
        (Some(_), Some(_), _) => "; the previous version keeps serving",
    }
}
