//! Answers kept for requests that may be some seconds old (`max-age-seconds`): what is expensive to ask and changes slowly.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::plan::Fetch;
use crate::api::{Answer, Path};

/// One cluster's kept answers.
#[derive(Debug, Default)]
pub(super) struct Cache {
    kept: Mutex<HashMap<Path, Kept>>,
}

#[derive(Debug)]
struct Kept {
    answer: Answer,
    fetched: Instant,
    max_age: Duration,
}

impl Cache {
    /// An answer that is young enough for this request.
    pub(super) fn get(&self, fetch: &Fetch) -> Option<Answer> {
        let max_age = Duration::from_secs(fetch.max_age_seconds.into());
        let kept = self.kept.lock();
        let kept = kept.get(&fetch.path)?;
        (kept.fetched.elapsed() < max_age).then(|| kept.answer.clone())
    }

    /// Keeps an answer, where the request allows it to be older than now.
    pub(super) fn put(&self, fetch: &Fetch, answer: &Answer) {
        if fetch.max_age_seconds > 0 {
            let max_age = Duration::from_secs(fetch.max_age_seconds.into());
            let kept = Kept { answer: answer.clone(), fetched: Instant::now(), max_age };
            self.kept.lock().insert(fetch.path.clone(), kept);
        }
    }

    /// Forgets what is too old to be of use, such as answers for guests that are gone.
    pub(super) fn sweep(&self) {
        self.kept.lock().retain(|_, kept| kept.fetched.elapsed() < kept.max_age);
    }
}
