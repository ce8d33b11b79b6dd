//! The page at `/`: what runs, what was scraped last, and what is wrong.
//!
//! Rendered on the server, readable without scripts, on a phone, in light and dark; it loads nothing. `maud` escapes every text
//! from a component, a file or a cluster.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::State;
use axum::response::Html;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::site::Site;
use crate::app::App;
use crate::catalog::{CatalogEntry, Standing};
use crate::contract;
use crate::scrape::{Cluster, CollectorReport, Node, Report};
use crate::text::{self, Lines};

pub(super) const STYLE: &str = include_str!("status_page.css");

/// Errors shown per node; a node with a thousand guests can have as many.
const ERRORS_SHOWN: usize = 5;

/// `GET /`.
pub(super) async fn page(State(site): State<Site>) -> Html<String> {
    let app = &site.app;
    let clusters = app.scraper.clusters.all();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                title { "pve-exporter" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (heading())
                    (warnings(&site))
                    (unreadable_folders(app))
                    (collectors(app, &clusters))
                    @for cluster in &clusters { (cluster_section(cluster)) }
                    @if clusters.is_empty() { (no_clusters()) }
                }
            }
        }
    };
    // Control and bidirectional characters of foreign text, which HTML does not escape.
    Html(Lines(page.into_string()).to_string())
}

fn heading() -> Markup {
    html! {
        h1 { "pve-exporter" }
        p {
            "Prometheus exporter for Proxmox VE, version " (env!("CARGO_PKG_VERSION"))
            " (" (env!("PVE_EXPORTER_REVISION")) "), collector contract " (contract::VERSION) "."
        }
        p class="links" {
            @for path in ["/metrics", "/pve", "/-/healthy", "/-/ready"] { a href=(path) { (path) } " " }
        }
    }
}

/// What the configuration says that may not be meant.
fn warnings(site: &Site) -> Markup {
    html! {
        @for notice in &site.app.config.load().notices {
            p class="bad" { (notice) }
        }
        @for notice in site.web.notices() {
            p class="bad" { (notice) }
        }
    }
}

fn unreadable_folders(app: &App) -> Markup {
    html! {
        @for (folder, reason) in app.catalog.unreadable() {
            p class="bad" {
                "The folder " code { (text::path(&folder)) } " can’t be read: " (reason) ". Its collectors keep serving."
            }
        }
    }
}

/// Every collector of the catalog, with what its last calls used, over all clusters.
fn collectors(app: &App, clusters: &[Arc<Cluster>]) -> Markup {
    let reports: Vec<Arc<Report>> = clusters.iter().filter_map(|cluster| Some(cluster.last()?.1)).collect();
    html! {
        h2 { "Collectors" }
        (folders(app))
        div class="scroll" {
            table {
                thead {
                    tr {
                        th { "Name" }
                        th { "State" }
                        @for wide in ["Version", "Origin", "SHA-256"] { th class="wide" { (wide) } }
                        @for number in ["Series", "ms", "MiB"] { th class="n" { (number) } }
                    }
                }
                tbody {
                    @for entry in app.catalog.entries() { (collector_rows(&entry, &reports)) }
                }
            }
        }
    }
}

fn folders(app: &App) -> Markup {
    let folders = app.catalog.folders();
    let when = app.catalog.reloaded().map_or_else(|| "not yet read".to_owned(), |at| format!("read {}", ago(at)));
    html! {
        @if !folders.is_empty() {
            p {
                "Folders: "
                @for (position, folder) in folders.iter().enumerate() {
                    @if position > 0 { ", " }
                    code { (text::path(folder)) }
                }
                " (" (when) ")."
            }
        }
    }
}

fn collector_rows(entry: &CatalogEntry, reports: &[Arc<Report>]) -> Markup {
    let class = match entry.standing {
        Standing::Serving => "good",
        Standing::Shadowed => "dim",
        Standing::Quarantined | Standing::Refused => "bad",
    };
    let schema = entry.collector.as_ref().map(|collector| &collector.schema);
    let digest = entry.collector.as_ref().map_or("", |collector| collector.component().facts().digest.as_str());
    let serves = entry.standing == Standing::Serving;
    let accounts: Vec<&CollectorReport> =
        reports.iter().filter(|_| serves).filter_map(|report| report.collectors.get(&entry.name)).collect();
    html! {
        tr {
            td { b title=(schema.map_or("", |schema| &schema.description)) { (entry.name) } }
            td class=(class) { (entry.standing) }
            td class="wide" { (schema.map_or("", |schema| &schema.version)) }
            td class="wide" { (entry.origin) }
            td class="wide" { code title=(digest) { (digest.get(..12).unwrap_or(digest)) } }
            (usage(&accounts))
        }
        @if let Some(refusal) = &entry.refusal {
            tr { td colspan="8" class="bad more" { pre { (refusal.trim_end()) } } }
        }
        @for (reason, (places, first)) in failures(&accounts) {
            tr {
                td colspan="8" class="bad more" {
                    (reason) ", " (places) (if places == 1 { " place: " } else { " places, the first: " }) (first)
                }
            }
        }
    }
}

fn usage(accounts: &[&CollectorReport]) -> Markup {
    if accounts.is_empty() {
        return html! { td {} td {} td {} };
    }
    let series: u64 = accounts.iter().map(|account| account.series).sum();
    let milliseconds: f64 = accounts.iter().map(|account| account.wall.as_secs_f64() * 1000.0).sum();
    let memory = accounts.iter().map(|account| account.memory).max().unwrap_or_default();
    html! {
        td class="n" { (series) }
        td class="n" { (format!("{milliseconds:.1}")) }
        td class="n" { (format!("{:.1}", mebibytes(memory))) }
    }
}

/// For each reason the number of places, and the first with its cause.
fn failures(accounts: &[&CollectorReport]) -> BTreeMap<&'static str, (usize, String)> {
    let mut failures: BTreeMap<&str, (usize, String)> = BTreeMap::new();
    for failure in accounts.iter().flat_map(|account| &account.failures) {
        let first = || (0, format!("{}: {}", failure.place, failure.cause));
        failures.entry(failure.cause.reason().as_str()).or_insert_with(first).0 += 1;
    }
    failures
}

fn no_clusters() -> Markup {
    html! {
        h2 { "Clusters" }
        p {
            "None scraped yet. A module with a " code { "target" } " is scraped at " a href="/metrics" { "/metrics" }
            ", any cluster at " code { "/pve?target=" } "."
        }
    }
}

fn cluster_section(cluster: &Cluster) -> Markup {
    html! {
        h2 { (cluster.targets) " " small { "module " (cluster.module) } }
        @if let Some((at, report)) = cluster.last() {
            p { "Last scraped " (ago(at)) ", in " (report.duration.as_millis()) " ms." }
            @if let Some(error) = &report.discovery_error {
                p class="bad" { "The API does not answer: " (error) }
            }
            @if !report.nodes.is_empty() { (nodes(&report)) }
        } @else {
            p { "Not scraped yet." }
        }
    }
}

fn nodes(report: &Report) -> Markup {
    html! {
        div class="scroll" {
            table {
                thead { tr { th { "Node" } th { "State" } th { "Last errors" } } }
                tbody {
                    @for node in &report.nodes { (node_row(node, report)) }
                }
            }
        }
    }
}

fn node_row(node: &Node, report: &Report) -> Markup {
    let (class, state) = if node.online { ("good", "online") } else { ("bad", "offline, skipped") };
    // The same failed request is a failure of each collector that needs it.
    let mut details: Vec<String> = report
        .failures()
        .filter(|(_, failure)| failure.place.node.as_deref() == Some(&*node.name))
        .map(|(_, failure)| failure.cause.to_string())
        .collect();
    details.sort_unstable();
    details.dedup();
    let more = details.len().saturating_sub(ERRORS_SHOWN);
    html! {
        tr {
            td { (node.name) }
            td class=(class) { (state) }
            td {
                @for detail in details.iter().take(ERRORS_SHOWN) { div { (detail) } }
                @if more > 0 { div { "and " (more) " more" } }
            }
        }
    }
}

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
