//! Tasks under way, each with a tag that survives a panic.

use std::collections::HashMap;
use std::future::Future;

use tokio::task::{Id, JoinError, JoinSet};

/// Tasks that all are aborted when this is dropped.
pub(super) struct Running<K, T> {
    tasks: JoinSet<T>,
    tags: HashMap<Id, K>,
}

impl<K, T: Send + 'static> Running<K, T> {
    pub(super) fn new() -> Self {
        Self { tasks: JoinSet::new(), tags: HashMap::new() }
    }

    pub(super) fn spawn(&mut self, tag: K, task: impl Future<Output = T> + Send + 'static) {
        self.tags.insert(self.tasks.spawn(task).id(), tag);
    }

    /// The tags of the tasks that have not finished.
    pub(super) fn tags(&self) -> impl Iterator<Item = &K> {
        self.tags.values()
    }

    /// The next task to finish: its tag, and its result or how it panicked. `None` once all have finished.
    pub(super) async fn next(&mut self) -> Option<(K, Result<T, JoinError>)> {
        loop {
            let (id, result) = match self.tasks.join_next_with_id().await? {
                Ok((id, result)) => (id, Ok(result)),
                Err(error) => (error.id(), Err(error)),
            };
            // Every task has its tag.
            if let Some(tag) = self.tags.remove(&id) {
                return Some((tag, result));
            }
        }
    }

    /// Aborts the tasks that have not finished and returns their tags.
    pub(super) fn abort(self) -> impl Iterator<Item = K> {
        self.tags.into_values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_reported_under_its_tag() {
        let mut running = Running::new();
        running.spawn("good", async { 7 });
        running.spawn("bad", async { panic!("a defect") });
        let mut results = HashMap::new();
        while let Some((tag, result)) = running.next().await {
            results.insert(tag, result);
        }
        assert_eq!(results["good"].as_ref().unwrap(), &7);
        assert!(results["bad"].as_ref().unwrap_err().is_panic());
        assert_eq!(results.len(), 2);
    }

    #[tokio::test]
    async fn what_has_not_finished_is_known() {
        let mut running = Running::new();
        running.spawn("done", async {});
        running.spawn("endless", std::future::pending());
        assert_eq!(running.next().await.map(|(tag, _)| tag), Some("done"));
        assert_eq!(running.abort().collect::<Vec<_>>(), ["endless"]);
    }
}
