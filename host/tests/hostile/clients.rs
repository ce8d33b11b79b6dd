//! What clients can do: deadlines that nobody can meet, and targets that do not exist.

use harness::client;

use super::siege::Siege;

/// A client with a deadline of a millisecond shares its run with nobody.
#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_has_passed_is_the_clients_own() {
    let siege = Siege::begin(&[]).await;
    let url = siege.setup.exporter.url("/metrics");
    let hasty = tokio::spawn(async move {
        let client = client();
        for _ in 0..200 {
            let request = client.get(&url).header("x-prometheus-scrape-timeout-seconds", "0.001");
            request.send().await.unwrap().text().await.unwrap();
        }
    });
    let mut scrapes = 0;
    while !hasty.is_finished() || scrapes < 3 {
        siege.assert_complete(&siege.scrape("60").await, "next to hasty clients");
        scrapes += 1;
    }
    hasty.await.unwrap();
    siege.end("deadlines of a millisecond", &[]).await;
}

/// A thousand targets that do not exist push out no configured cluster, and the log stays short.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_targets_that_do_not_exist() {
    let siege = Siege::begin(&[]).await;
    let before = siege.setup.exporter.log().len();
    let client = client();
    for target in 0..1000 {
        // Nothing listens there.
        let url = siege.setup.exporter.url(&format!("/pve?target=127.0.{}.{}:1", target / 250, target % 250 + 1));
        assert_ne!(client.get(url).send().await.unwrap().status(), 404);
    }
    let log = siege.setup.exporter.log().len() - before;
    assert!(log < 200_000, "{log} bytes of log");
    siege.end("1,000 targets", &[]).await;
}
