//! Which format and encoding a scraper gets, by its Accept and Accept-Encoding headers.
//!
//! The rules are those of Prometheus's own libraries (`expfmt.Negotiate`): clauses in order of their quality, the first
//! one that names a format we have wins, text 0.0.4 where none does.

/// An exposition format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Prometheus text format 0.0.4.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Format {
    /// The format for an Accept header.
    #[must_use]
    pub fn negotiate(accept: Option<&str>) -> Self {
        let mut clauses: Vec<(f32, Self)> = accept.unwrap_or_default().split(',').filter_map(clause).collect();
        // Stable: among equals the first one named wins.
        clauses.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        clauses.first().map_or(Self::Text, |(_, format)| *format)
    }

    /// The Content-Type of an answer in this format. Prometheus 3 refuses a scrape without a proper one.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// One clause: its quality and the format it names, if we have it and it is acceptable at all.
fn clause(text: &str) -> Option<(f32, Format)> {
    let mut parts = text.split(';').map(str::trim);
    let media = parts.next()?;
    let (mut quality, mut version) = (1.0_f32, None);
    for (name, value) in parts.filter_map(|part| part.split_once('=')) {
        match name.trim() {
            "q" => quality = value.trim().parse().ok()?,
            "version" => version = Some(value.trim().trim_matches('"')),
            _ => {}
        }
    }
    let format = match (media, version) {
        ("application/openmetrics-text", Some("1.0.0")) => Format::OpenMetrics,
        ("text/plain", None | Some("0.0.4" | "1.0.0")) | ("*/*" | "text/*", _) => Format::Text,
        _ => return None,
    };
    (quality > 0.0).then_some((quality, format))
}

/// Whether the scraper takes gzip.
#[must_use]
pub fn accepts_gzip(accept_encoding: Option<&str>) -> bool {
    accept_encoding.unwrap_or_default().split(',').any(|clause| {
        let (coding, parameters) = clause.split_once(';').unwrap_or((clause, ""));
        let quality = parameters.trim().strip_prefix("q=").map_or(Some(1.0_f32), |q| q.trim().parse().ok());
        matches!(coding.trim(), "gzip" | "*") && quality.is_some_and(|quality| quality > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_real_scrapers() {
        let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        let prometheus_2 = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let victoria = "text/plain;version=0.0.4;q=1,*/*;q=0.1";
        assert_eq!(Format::negotiate(Some(prometheus_3)), Format::OpenMetrics);
        assert_eq!(Format::negotiate(Some(prometheus_2)), Format::OpenMetrics);
        assert_eq!(Format::negotiate(Some(victoria)), Format::Text);
        assert_eq!(Format::negotiate(Some("text/html,*/*")), Format::Text);
        assert_eq!(Format::negotiate(None), Format::Text);
        assert_eq!(Format::negotiate(Some("application/openmetrics-text;version=1.0.0;q=0")), Format::Text);
        assert_eq!(Format::negotiate(Some("application/openmetrics-text")), Format::Text);
    }

    #[test]
    fn gzip() {
        assert!(accepts_gzip(Some("gzip")) && accepts_gzip(Some("deflate, gzip;q=0.5")) && accepts_gzip(Some("*")));
        assert!(!accepts_gzip(None) && !accepts_gzip(Some("identity")) && !accepts_gzip(Some("gzip;q=0")));
    }
}
