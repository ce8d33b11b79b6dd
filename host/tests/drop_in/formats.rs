//! The format of a response: the peer has one, ours is negotiated, as far as the format can represent the metrics.

use pve_sim::{Sim, Spec};

use super::exposition::{Exposition, parse};
use super::peer;
use harness::{Exporter, client, configure};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Content type and exposition for a scraper that prefers OpenMetrics, as Prometheus does.
async fn scrape(exporter: &Exporter, path: &str) -> (String, Exposition) {
    let accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
    let answer = client().get(exporter.url(path)).header("Accept", accept).send().await.unwrap();
    let content_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
    let format = if content_type == OPEN_METRICS { "openmetrics" } else { "text" };
    let body = answer.text().await.unwrap();
    let read = parse(&[(format, &body)]).remove(0).unwrap_or_else(|error| panic!("{path} as {format}: {error}"));
    (content_type, read)
}

/// In OpenMetrics the counter `pve_disk_read_bytes_total` belongs to the family `pve_disk_read_bytes`, which is the name of
/// a deprecated gauge. With both, the response is in the text format, because a strict parser would refuse OpenMetrics.
#[tokio::test(flavor = "multi_thread")]
async fn open_metrics_where_it_holds_all() {
    if !peer::available() {
        return;
    }
    let sim = Sim::start(Spec { guests: 12, ..Spec::default() }).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let config = configure(&sim, directory.path());
    let with = Exporter::start(&config, &[]);
    let without = Exporter::start(&config, &["--collectors.setting", "resources.deprecated=0"]);
    for path in ["/pve".to_owned(), format!("/pve?target={}&nodes=all", sim.addr()), "/metrics".to_owned()] {
        let (content_type, text) = scrape(&with, &path).await;
        assert_eq!(content_type, "text/plain; version=0.0.4; charset=utf-8", "{path}");
        let (content_type, open) = scrape(&without, &path).await;
        assert_eq!(content_type, OPEN_METRICS, "{path}");
        // The same samples, except for the four gauges and the exporter's own metrics.
        let gauges = ["network_transmit", "network_receive", "disk_write", "disk_read"];
        let gone = gauges.map(|name| format!("pve_{name}_bytes"));
        let samples = |exposition: Exposition| -> Vec<_> {
            let ours = |name: &String| name.starts_with("pve_") && !name.starts_with("pve_exporter_");
            exposition
                .samples
                .into_iter()
                .filter(|(series, _)| ours(&series.name) && !gone.contains(&series.name))
                .collect()
        };
        let (text, open) = (samples(text), samples(open));
        assert!(text.len() > 500, "{path}: {}", text.len());
        assert_eq!(text, open, "{path}");
    }
}
