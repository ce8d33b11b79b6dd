//! The body of a scrape in the format and encoding that the scraper accepts.
//!
//! Scrapers that share a scrape share its body: it is encoded and compressed once per format and encoding, off the async workers,
//! and exists once however many clients are slow to read it.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, OnceLock, Weak};

use axum::body::Body;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use parking_lot::Mutex;
use tokio::sync::{OnceCell, Semaphore};

use super::refusal::HttpRefusal;
use crate::budget::{ByteBudget, Reservation};
use crate::exposition::{Encoder, Format, accepts_gzip};
use crate::scrape::Scrape;
use crate::telemetry::Metrics;

/// Bodies that are encoded at once, at most. Each needs memory for its whole text, however small it is in the end.
const ENCODED_AT_ONCE: usize = 4;
/// The report and the exporter's own metrics.
const OVERHEAD: usize = 64 * 1024;

/// A smaller body is not worth compressing: it fits into a few packets.
const GZIP_FROM: usize = 2048;

#[derive(Debug)]
pub(super) struct Renderer {
    metrics: Arc<Metrics>,
    /// The bodies of scrapes that are being rendered.
    shared: Mutex<Vec<(Weak<Scrape>, Weak<Bodies>)>>,
    turns: Arc<Semaphore>,
    budget: Arc<ByteBudget>,
}

/// What to render.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub(super) scrape: Option<Arc<Scrape>>,
    /// Whether the exporter's own metrics follow.
    pub(super) own: bool,
}

/// The bodies of one scrape.
#[derive(Debug, Default)]
struct Bodies {
    clashes: OnceLock<bool>,
    by_variant: Mutex<HashMap<Variant, Arc<OnceCell<Rendered>>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Variant {
    own: bool,
    format: Format,
    gzip: bool,
}

#[derive(Debug, Clone)]
struct Rendered {
    body: Bytes,
    gzip: bool,
}

/// A body that counts against the budget until the last client has read it.
struct Budgeted {
    body: Vec<u8>,
    _reservation: Reservation,
}

impl AsRef<[u8]> for Budgeted {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

impl Renderer {
    pub(super) fn new(metrics: Arc<Metrics>, budget: Arc<ByteBudget>) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            metrics,
            shared: Mutex::default(),
            turns: Arc::new(Semaphore::new(processors.min(ENCODED_AT_ONCE))),
            budget,
        }
    }

    pub(super) async fn render(&self, headers: &HeaderMap, content: Content) -> Result<Response, HttpRefusal> {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let bodies = content.scrape.as_ref().map_or_else(Arc::default, |scrape| self.bodies(scrape));
        let mut format = Format::negotiate(header(header::ACCEPT));
        let clashes = || content.scrape.as_ref().is_some_and(|scrape| scrape.clashes_in_open_metrics());
        if format == Format::OpenMetrics && *bodies.clashes.get_or_init(clashes) {
            format = Format::Text;
        }
        let variant = Variant { own: content.own, format, gzip: accepts_gzip(header(header::ACCEPT_ENCODING)) };
        let cell = bodies.cell(variant);
        let rendered = cell.get_or_try_init(|| self.encode(content, variant)).await?.clone();
        let content_type = (header::CONTENT_TYPE, format.content_type());
        let body = Body::from(rendered.body);
        Ok(if rendered.gzip {
            ([content_type, (header::CONTENT_ENCODING, "gzip")], body).into_response()
        } else {
            ([content_type], body).into_response()
        })
    }

    fn bodies(&self, scrape: &Arc<Scrape>) -> Arc<Bodies> {
        let mut shared = self.shared.lock();
        shared.retain(|(_, bodies)| bodies.strong_count() > 0);
        let known = shared.iter().find(|(known, _)| std::ptr::eq(known.as_ptr(), Arc::as_ptr(scrape)));
        if let Some(bodies) = known.and_then(|(_, bodies)| bodies.upgrade()) {
            return bodies;
        }
        let bodies = Arc::<Bodies>::default();
        shared.push((Arc::downgrade(scrape), Arc::downgrade(&bodies)));
        bodies
    }

    async fn encode(&self, content: Content, variant: Variant) -> Result<Rendered, HttpRefusal> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| HttpRefusal::ShuttingDown)?;
        let text = content.scrape.as_ref().map_or(0, |scrape| scrape.text_size()) + OVERHEAD;
        let compressed = if variant.gzip { compressed_capacity(text) } else { 0 };
        let mut reservation = self.budget.reserve(text + compressed)?;
        let metrics = Arc::clone(&self.metrics);
        let encoded = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            encode(&content, variant, &metrics)
        });
        let (body, gzip) = encoded.await.map_err(|_| HttpRefusal::Encoding)?;
        reservation.grow(body.len().saturating_sub(reservation.bytes()))?;
        reservation.shrink_to(body.len());
        Ok(Rendered { body: Bytes::from_owner(Budgeted { body, _reservation: reservation }), gzip })
    }
}

impl Bodies {
    fn cell(&self, variant: Variant) -> Arc<OnceCell<Rendered>> {
        Arc::clone(self.by_variant.lock().entry(variant).or_default())
    }
}

/// The body, and whether it is compressed.
fn encode(content: &Content, variant: Variant, metrics: &Metrics) -> (Vec<u8>, bool) {
    let mut encoder = Encoder::new(variant.format, OVERHEAD);
    if let Some(scrape) = &content.scrape {
        scrape.encode(&mut encoder);
    }
    if variant.own {
        metrics.encode(&mut encoder);
    }
    let mut body = encoder.finish();
    if variant.gzip
        && body.len() >= GZIP_FROM
        && let Ok(compressed) = gzip(&body)
    {
        return (compressed, true);
    }
    body.shrink_to_fit();
    (body, false)
}

fn gzip(body: &[u8]) -> std::io::Result<Vec<u8>> {
    // Level 1 compresses 6 times, level 6 compresses 10 times and takes several times the CPU time.
    let mut gzip = GzEncoder::new(Vec::with_capacity(compressed_capacity(body.len())), Compression::fast());
    gzip.write_all(body)?;
    let mut compressed = gzip.finish()?;
    compressed.shrink_to_fit();
    Ok(compressed)
}

fn compressed_capacity(text: usize) -> usize {
    text / 4
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::budget::{Budgets, Purpose};
    use crate::scrape::Report;

    fn renderer(budget: usize) -> Renderer {
        let metrics = Metrics::new(Budgets::new(1 << 30)).unwrap();
        Renderer::new(Arc::new(metrics), ByteBudget::root(Purpose::Responses, budget))
    }

    fn scrape() -> Arc<Scrape> {
        Arc::new(Scrape { collected: Vec::new(), report: Arc::new(Report::default()) })
    }

    fn headers(encoding: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(encoding))])
    }

    async fn body(renderer: &Renderer, scrape: &Arc<Scrape>, encoding: &'static str) -> Bytes {
        let content = Content { scrape: Some(Arc::clone(scrape)), own: true };
        let response = renderer.render(&headers(encoding), content).await.unwrap();
        axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap()
    }

    #[tokio::test]
    async fn a_scrape_has_one_body_per_format_and_encoding() {
        let (renderer, scrape) = (renderer(usize::MAX), scrape());
        // Held as long as a request for it is in progress.
        let _bodies = renderer.bodies(&scrape);
        let (first, second) = (body(&renderer, &scrape, "gzip").await, body(&renderer, &scrape, "gzip").await);
        let plain = body(&renderer, &scrape, "identity").await;
        assert!(std::ptr::eq(first.as_ptr(), second.as_ptr()) && plain.len() > first.len());
        let other = body(&renderer, &self::scrape(), "gzip").await;
        assert!(!std::ptr::eq(first.as_ptr(), other.as_ptr()));
    }

    #[tokio::test]
    async fn bodies_count_until_they_are_dropped() {
        let (renderer, scrape) = (renderer(1 << 20), scrape());
        let kept = body(&renderer, &scrape, "identity").await;
        assert_eq!(renderer.budget.used(), kept.len());
        drop(kept);
        assert_eq!(renderer.budget.used(), 0);
    }

    #[tokio::test]
    async fn a_body_beyond_the_budget_is_refused() {
        let content = Content { scrape: None, own: true };
        let refused = renderer(100).render(&headers("identity"), content).await;
        assert!(matches!(refused, Err(HttpRefusal::OverBudget(_))));
    }
}
