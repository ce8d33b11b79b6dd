//! The findings of `collector check` as a page for people.

use std::fmt::Write as _;

use super::arguments::CheckArguments;
use super::counted;
use super::findings::{Finding, Findings, RequestLoad, Severity};
use super::series::SeriesEstimate;

impl Findings {
    pub(super) fn page(&self, arguments: &CheckArguments) -> String {
        let mut page = String::new();
        for Finding { severity, rule, message } in &self.findings {
            let severity = if *severity == Severity::Error { "error" } else { "warning" };
            let _ = writeln!(page, "{severity:7}  {rule}: {message}");
        }
        if self.name.is_some() {
            let CheckArguments { nodes, guests, storages, .. } = arguments;
            let gap = if self.findings.is_empty() { "" } else { "\n" };
            let _ =
                writeln!(page, "{gap}in a cluster of {nodes} nodes, {guests} guests and {storages} storages per node:");
        }
        for RequestLoad { path, requests_per_scrape, max_age_seconds, privilege } in &self.requests {
            let often = match max_age_seconds {
                0 => "per scrape".to_owned(),
                seconds => format!("every {seconds} s"),
            };
            let what = if *requests_per_scrape == 1 { "request" } else { "requests" };
            let _ = writeln!(page, "  {requests_per_scrape:>7} {what} {often}: {path} ({privilege})");
        }
        for SeriesEstimate { labels, rows_per_place, series } in self.series.iter().flatten() {
            let (labels, rows) = (labels.join(", "), counted(*rows_per_place, "row"));
            let _ = writeln!(page, "  {series:>7} series of {{{labels}}}, with {rows} at the largest place");
        }
        if self.name.is_some() && self.series.is_none() {
            page.push_str("  series: unknown without --fixtures\n");
        }
        let of = |severity| self.findings.iter().filter(|finding| finding.severity == severity).count();
        let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
        let _ = writeln!(page, "\n{}: {}, {}", self.file, counted(errors, "error"), counted(warnings, "warning"));
        page
    }
}
