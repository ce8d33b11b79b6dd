//! Requests to the API.

use std::time::Duration;

use prometheus::{HistogramVec, IntCounterVec, Result};

use super::definitions::Definitions;

/// From an answer out of the entry node's memory (5 ms) to a timeout of pveproxy (30 s).
const BUCKETS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

#[derive(Debug)]
pub(super) struct RequestMetrics {
    requests: IntCounterVec,
    duration: HistogramVec,
}

impl RequestMetrics {
    pub(super) fn new(define: &Definitions<'_>) -> Result<Self> {
        Ok(Self {
            requests: define.counters(
                "pve_exporter_api_requests_total",
                "Requests to the Proxmox VE API, by path template and HTTP status (or timed_out, connect, tls, body).",
                &["path", "status"],
            )?,
            duration: define.histograms(
                "pve_exporter_api_request_duration_seconds",
                "Duration of requests to the Proxmox VE API, to the end of the body.",
                &BUCKETS,
                &["path"],
            )?,
        })
    }

    pub(super) fn observe(&self, path: &str, status: &str, duration: Duration) {
        self.requests.with_label_values(&[path, known_status(status)]).inc();
        self.duration.with_label_values(&[path]).observe(duration.as_secs_f64());
    }
}

/// Statuses that pveproxy and proxies in front of it send; any other number is counted by its class, so that a server can't make up
/// series.
fn known_status(status: &str) -> &str {
    const KNOWN: [&str; 21] = [
        "200", "301", "302", "307", "308", "400", "401", "403", "404", "405", "408", "413", "429", "500", "501", "502",
        "503", "504", "595", "596", "599",
    ];
    let is_number = status.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || KNOWN.contains(&status) {
        return status;
    }
    match status.as_bytes().first() {
        Some(b'1') => "1xx",
        Some(b'2') => "2xx",
        Some(b'3') => "3xx",
        Some(b'4') => "4xx",
        Some(b'5') => "5xx",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_can_not_make_up_statuses() {
        let labels: std::collections::HashSet<String> =
            (0..70_000).map(|status: u32| known_status(&status.to_string()).to_owned()).collect();
        assert!(labels.len() < 30, "{labels:?}");
        assert_eq!(["200", "299", "596", "timed_out"].map(known_status), ["200", "2xx", "596", "timed_out"]);
    }
}
