//! The page at `/`: what runs, what was scraped last, and what is wrong, for people.
//!
//! Rendered on the server, readable without scripts; every text that comes from a component or a cluster is escaped.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::State;
use axum::response::{Html, IntoResponse as _, Response};

use super::server::App;
use crate::scrape::Cluster;

const STYLE: &str = "
:root{color-scheme:light dark;--line:#8884;--bad:#c0392b;--good:#2e8b57}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.35rem .8rem .35rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td.number,th.number{text-align:right}code{font-size:.9em;overflow-wrap:anywhere}
.bad{color:var(--bad)}.good{color:var(--good)}
";

/// `GET /`.
pub(super) async fn page(State(app): State<Arc<App>>) -> Response {
    app.metrics.answered("status", 200);
    let mut html = String::from("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">");
    html.push_str("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>pve-exporter</title>");
    let _ = write!(html, "<style>{STYLE}</style></head><body><h1>pve-exporter</h1>");
    let _ = write!(
        html,
        "<p>Version {} ({}), collector contract {}.</p>\
         <p><a href=\"/metrics\">/metrics</a> · <a href=\"/pve?target=1.2.3.4\">/pve?target=1.2.3.4</a> · \
         <a href=\"/-/healthy\">/-/healthy</a> · <a href=\"/-/ready\">/-/ready</a></p>",
        env!("CARGO_PKG_VERSION"),
        env!("PVE_EXPORTER_REVISION"),
        crate::sandbox::contract::VERSION
    );
    collectors(&app, &mut html);
    for cluster in app.scraper.clusters.all() {
        describe(&cluster, &mut html);
    }
    html.push_str("</body></html>");
    Html(html).into_response()
}

fn collectors(app: &App, html: &mut String) {
    html.push_str("<h2>Collectors</h2><div class=\"scroll\"><table><tr><th>Name</th><th>Version</th><th>Origin</th><th>SHA-256</th><th>What it gives</th></tr>");
    for collector in app.scraper.catalog().serving().iter() {
        let digest = &collector.component().facts().digest;
        let _ = write!(
            html,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td><code title=\"{digest}\">{}</code></td><td>{}</td></tr>",
            Escaped(collector.name()),
            Escaped(&collector.schema.version),
            Escaped(&collector.origin.to_string()),
            digest.get(..12).unwrap_or(digest),
            Escaped(&collector.schema.description)
        );
    }
    html.push_str("</table></div>");
}

fn describe(cluster: &Cluster, html: &mut String) {
    let _ = write!(html, "<h2>{} (module {})</h2>", Escaped(&cluster.targets.to_string()), Escaped(&cluster.module));
    let Some((at, report)) = cluster.last() else {
        html.push_str("<p>Not scraped yet.</p>");
        return;
    };
    let ago = SystemTime::now().duration_since(at).map_or(0, |ago| ago.as_secs());
    let _ = write!(html, "<p>Scraped {ago} s ago in {} ms.</p>", report.duration.as_millis());
    if let Some(error) = &report.discovery_error {
        let _ = write!(html, "<p class=\"bad\">The API does not answer: {}</p>", Escaped(&error.to_string()));
    }
    if !report.nodes.is_empty() {
        html.push_str("<p>Nodes: ");
        for node in &report.nodes {
            let class = if node.online { "good" } else { "bad" };
            let state = if node.online { "online" } else { "offline" };
            let _ = write!(html, "<span class=\"{class}\">{} {state}</span> ", Escaped(&node.name));
        }
        html.push_str("</p>");
    }
    html.push_str("<div class=\"scroll\"><table><tr><th>Collector</th><th class=\"number\">Places</th><th class=\"number\">Failed</th><th class=\"number\">Series</th><th class=\"number\">CPU ms</th><th class=\"number\">Memory KiB</th></tr>");
    for (name, account) in &report.collectors {
        let class = if account.success() { "good" } else { "bad" };
        let _ = write!(
            html,
            "<tr><td class=\"{class}\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{:.1}</td><td class=\"number\">{}</td></tr>",
            Escaped(name),
            account.places,
            account.failures.len(),
            account.series,
            account.cpu.as_secs_f64() * 1000.0,
            account.memory / 1024
        );
    }
    html.push_str("</table></div>");
    let failures: Vec<_> = report.failures().collect();
    if !failures.is_empty() {
        html.push_str("<h3>Not collected</h3><div class=\"scroll\"><table><tr><th>Collector</th><th>Place</th><th>Reason</th><th>Detail</th></tr>");
        for (collector, failure) in failures {
            let _ = write!(
                html,
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                Escaped(collector),
                Escaped(&failure.place.to_string()),
                failure.reason,
                Escaped(&failure.detail)
            );
        }
        html.push_str("</table></div>");
    }
}

/// Text as HTML text or attribute value.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}
