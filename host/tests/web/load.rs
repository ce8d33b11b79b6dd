//! 200 scrapers of 20 clusters, half of which fail in every way in turn, next to clients that never read and half-open connections.

use std::time::Duration;

use harness::load::{End, Load};

/// Scrapes of each scraper; with the pauses between them the load lasts for about half a minute.
const SCRAPES: usize = 12;
/// Peak memory of the process.
const MEMORY_KIB: u64 = 400 << 10;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_but_what_must_be() {
    let load = Load::start(&mut harness::command()).await;
    load.run(End::Scrapes(SCRAPES), Duration::from_secs(3600), |_| {}).await;
    let tally = &load.tally;
    // Every scrape of a healthy cluster is complete, and every scrape of a failing one has a response.
    assert_eq!(tally.losses(), [""; 0]);
    assert_eq!(tally.scrapes(), ((100 * SCRAPES) as u64, (100 * SCRAPES) as u64));
    assert!(tally.incomplete() > 0, "the faults had no effect");
    assert!(tally.health_checks().0 > 0);
    let (slow_readers, half_open) = tally.closed();
    assert!(slow_readers >= 20 && half_open >= 100, "{tally:?}");
    let peak = load.resources().peak_kib;
    assert!(peak < MEMORY_KIB, "{peak} KiB");
    // Faults leave nothing behind.
    load.settle().await;
    let log = load.exporter.log();
    assert!(!log.contains("panicked") && !log.contains("Too many open files"), "{log}");
    assert!(load.exporter.terminate().success());
}
