//! The body of a scrape in the format and encoding that the scraper accepts.

use std::io::Write as _;

use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::exposition::{Encoder, Format, accepts_gzip};
use crate::scrape::Scrape;
use crate::telemetry::Metrics;

/// A smaller body is not worth compressing: it fits into a few packets.
const GZIP_FROM: usize = 2048;

/// A scrape, the exporter's own metrics, or one after the other.
pub(super) fn render(headers: &HeaderMap, scrape: Option<&Scrape>, own: Option<&Metrics>) -> Response {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let mut format = Format::negotiate(header(header::ACCEPT));
    if scrape.is_some_and(Scrape::clashes_in_open_metrics) {
        format = Format::Text;
    }
    let body = encode(format, scrape, own);
    let content_type = (header::CONTENT_TYPE, format.content_type());
    if accepts_gzip(header(header::ACCEPT_ENCODING))
        && body.len() >= GZIP_FROM
        && let Ok(compressed) = gzip(&body)
    {
        return ([content_type, (header::CONTENT_ENCODING, "gzip")], compressed).into_response();
    }
    ([content_type], body).into_response()
}

fn encode(format: Format, scrape: Option<&Scrape>, own: Option<&Metrics>) -> Vec<u8> {
    let mut encoder = Encoder::new(format, 64 * 1024);
    if let Some(scrape) = scrape {
        scrape.encode(&mut encoder);
    }
    if let Some(own) = own {
        own.encode(&mut encoder);
    }
    encoder.finish()
}

fn gzip(body: &[u8]) -> std::io::Result<Vec<u8>> {
    // Level 1 compresses 6 times, level 6 compresses 10 times and takes several times the CPU time.
    let mut gzip = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    gzip.write_all(body)?;
    gzip.finish()
}
