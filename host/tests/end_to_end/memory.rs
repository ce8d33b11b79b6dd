//! The exporter's heap.

use pve_sim::Spec;

use harness::{Setup, thread_heaps};

/// `heap.c` is linked into the exporter, not into this test: the test's own threads do have heaps, so `thread_heaps` finds them.
#[tokio::test(flavor = "multi_thread")]
async fn all_threads_share_one_heap() {
    let setup = Setup::start(Spec::default(), &[]).await;
    setup.scrape().await;
    let resources = setup.exporter.resources();
    assert!(resources.threads > 4, "{resources:?}");
    assert_eq!(resources.thread_heaps, 0);
    assert!(thread_heaps(std::process::id()) > 0);
}
