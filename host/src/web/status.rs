//! The page at `/`: what runs, what was scraped last, and what is wrong, for people.
//!
//! Rendered on the server, readable without scripts, on a phone, in light and dark; nothing is loaded from elsewhere, and
//! every text that comes from a component, a file or a cluster is escaped.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::State;
use axum::response::{Html, IntoResponse as _, Response};

use crate::app::App;
use crate::catalog::{CatalogEntry, Standing};
use crate::contract;
use crate::scrape::{Cluster, CollectorReport, Report};

const STYLE: &str = include_str!("status.css");

/// `GET /`.
pub(super) async fn page(State(app): State<Arc<App>>) -> Response {
    app.metrics.answered("status", 200);
    let mut html = String::with_capacity(16 * 1024);
    head(&app, &mut html);
    let clusters = app.scraper.clusters.all();
    collectors(&app, &clusters, &mut html);
    for cluster in &clusters {
        describe(cluster, &mut html);
    }
    if clusters.is_empty() {
        html.push_str("<h2>Clusters</h2><p>None scraped yet. A module with a <code>target</code> is scraped at <a href=\"/metrics\">/metrics</a>, any cluster at <code>/pve?target=</code>.</p>");
    }
    html.push_str("</main></body></html>\n");
    Html(html).into_response()
}

fn head(app: &App, html: &mut String) {
    let _ = write!(
        html,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>pve-exporter</title>\
         <style>{STYLE}</style></head><body><main><h1>pve-exporter</h1>\
         <p>Prometheus exporter for Proxmox VE, version {} ({}), collector contract {}.</p>\
         <p class=\"links\"><a href=\"/metrics\">/metrics</a> <a href=\"/pve\">/pve</a> \
         <a href=\"/-/healthy\">/-/healthy</a> <a href=\"/-/ready\">/-/ready</a></p>",
        env!("CARGO_PKG_VERSION"),
        env!("PVE_EXPORTER_REVISION"),
        contract::VERSION
    );
    let catalog = &app.catalog;
    for (folder, reason) in catalog.unreadable() {
        let (folder, reason) = (folder.display().to_string(), Escaped(&reason));
        let _ = write!(
            html,
            "<p class=\"bad\">The folder <code>{}</code> can’t be read: {reason}. Its collectors go on serving.</p>",
            Escaped(&folder)
        );
    }
}

/// Every collector of the catalog, with what its last calls used, over all clusters.
fn collectors(app: &App, clusters: &[Arc<Cluster>], html: &mut String) {
    let reports: Vec<Arc<Report>> = clusters.iter().filter_map(|cluster| Some(cluster.last()?.1)).collect();
    let catalog = &app.catalog;
    html.push_str("<h2>Collectors</h2>");
    if !catalog.folders().is_empty() {
        let folders: Vec<String> = catalog
            .folders()
            .iter()
            .map(|folder| format!("<code>{}</code>", Escaped(&folder.display().to_string())))
            .collect();
        let when = catalog.reloaded().map_or_else(|| "not yet read".to_owned(), |at| format!("read {}", ago(at)));
        let _ = write!(html, "<p>Folders: {} ({when}).</p>", folders.join(", "));
    }
    html.push_str("<div class=\"scroll\"><table><thead><tr><th>Name</th><th>State</th><th class=\"wide\">Version</th><th class=\"wide\">Origin</th><th class=\"wide\">SHA-256</th><th class=\"n\">Series</th><th class=\"n\">ms</th><th class=\"n\">MiB</th></tr></thead><tbody>");
    for entry in catalog.entries() {
        row(&entry, &reports, html);
    }
    html.push_str("</tbody></table></div>");
}

fn row(entry: &CatalogEntry, reports: &[Arc<Report>], html: &mut String) {
    let class = match entry.standing {
        Standing::Serving => "good",
        Standing::Shadowed => "dim",
        Standing::Quarantined | Standing::Refused => "bad",
    };
    let (version, digest) = entry.collector.as_ref().map_or(("", ""), |collector| {
        (collector.schema.version.as_str(), collector.component().facts().digest.as_str())
    });
    let description = entry.collector.as_ref().map_or("", |collector| collector.schema.description.as_str());
    let _ = write!(
        html,
        "<tr><td><b title=\"{}\">{}</b></td><td class=\"{class}\">{}</td><td class=\"wide\">{}</td><td class=\"wide\">{}</td><td class=\"wide\"><code title=\"{digest}\">{}</code></td>",
        Escaped(description),
        Escaped(&entry.name),
        entry.standing,
        Escaped(version),
        Escaped(&entry.origin.to_string()),
        digest.get(..12).unwrap_or(digest)
    );
    let serves = entry.standing == Standing::Serving;
    let accounts: Vec<&CollectorReport> =
        reports.iter().filter(|_| serves).filter_map(|report| report.collectors.get(&entry.name)).collect();
    if accounts.is_empty() {
        html.push_str("<td></td><td></td><td></td></tr>");
    } else {
        let series: u64 = accounts.iter().map(|account| account.series).sum();
        let milliseconds: f64 = accounts.iter().map(|account| account.wall.as_secs_f64() * 1000.0).sum();
        let memory = accounts.iter().map(|account| account.memory).max().unwrap_or_default();
        let _ = write!(
            html,
            "<td class=\"n\">{series}</td><td class=\"n\">{milliseconds:.1}</td><td class=\"n\">{:.1}</td></tr>",
            mebibytes(memory)
        );
    }
    if let Some(refusal) = &entry.refusal {
        let _ = write!(
            html,
            "<tr><td colspan=\"8\" class=\"bad more\"><pre>{}</pre></td></tr>",
            Escaped(refusal.trim_end())
        );
    }
    let mut failures: BTreeMap<&str, (usize, String)> = BTreeMap::new();
    for failure in accounts.iter().flat_map(|account| &account.failures) {
        let said = || format!("{}: {}", failure.place, failure.cause);
        failures.entry(failure.cause.reason().as_str()).or_insert_with(|| (0, said())).0 += 1;
    }
    for (reason, (places, first)) in failures {
        let _ = write!(
            html,
            "<tr><td colspan=\"8\" class=\"bad more\">{reason}, {places} {}: {}</td></tr>",
            if places == 1 { "place" } else { "places, the first" },
            Escaped(&first)
        );
    }
}

fn describe(cluster: &Cluster, html: &mut String) {
    let _ = write!(
        html,
        "<h2>{} <small>module {}</small></h2>",
        Escaped(&cluster.targets.to_string()),
        Escaped(&cluster.module)
    );
    let Some((at, report)) = cluster.last() else {
        html.push_str("<p>Not scraped yet.</p>");
        return;
    };
    let _ = write!(html, "<p>Last scraped {}, in {} ms.</p>", ago(at), report.duration.as_millis());
    if let Some(error) = &report.discovery_error {
        let _ = write!(html, "<p class=\"bad\">The API does not answer: {}</p>", Escaped(&error.to_string()));
    }
    if report.nodes.is_empty() {
        return;
    }
    html.push_str(
        "<div class=\"scroll\"><table><thead><tr><th>Node</th><th>State</th><th>Last errors</th></tr></thead><tbody>",
    );
    for node in &report.nodes {
        let (class, state) = if node.online { ("good", "online") } else { ("bad", "offline, not asked") };
        let _ = write!(html, "<tr><td>{}</td><td class=\"{class}\">{state}</td><td>", Escaped(&node.name));
        // The same failed request is a failure of each collector that needs it.
        let mut details: Vec<String> = report
            .failures()
            .filter(|(_, failure)| failure.place.node.as_deref() == Some(&*node.name))
            .map(|(_, failure)| failure.cause.to_string())
            .collect();
        details.sort_unstable();
        details.dedup();
        let more = details.len().saturating_sub(ERRORS_SHOWN);
        for detail in details.iter().take(ERRORS_SHOWN) {
            let _ = write!(html, "<div>{}</div>", Escaped(detail));
        }
        if more > 0 {
            let _ = write!(html, "<div>and {more} more</div>");
        }
        html.push_str("</td></tr>");
    }
    html.push_str("</tbody></table></div>");
}

/// Errors shown of one node; a node with a thousand guests can have as many.
const ERRORS_SHOWN: usize = 5;

fn ago(at: SystemTime) -> String {
    match SystemTime::now().duration_since(at).map_or(0, |ago| ago.as_secs()) {
        seconds @ 0..120 => format!("{seconds} s ago"),
        seconds @ 120..7200 => format!("{} min ago", seconds / 60),
        seconds => format!("{} h ago", seconds / 3600),
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn mebibytes(bytes: usize) -> f64 {
    bytes as f64 / 1_048_576.0
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
