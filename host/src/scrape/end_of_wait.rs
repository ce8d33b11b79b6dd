//! The moment from which a scrape no longer waits for nodes that hang: when it has everything else.

use tokio::sync::watch;

/// Shared by a scrape and its requests to nodes that hang.
#[derive(Debug, Clone)]
pub(super) struct EndOfWait(watch::Sender<bool>);

impl EndOfWait {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    pub(super) fn set(&self) {
        self.0.send_replace(true);
    }

    /// Waits until it is set.
    pub(super) async fn reached(&self) {
        // The sender is in `self`, so this only ends when it is set.
        let _ = self.0.subscribe().wait_for(|set| *set).await;
    }
}
