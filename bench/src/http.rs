//! A GET over a fresh connection, timed from the first byte sent to the last one received.
//!
//! HTTP/1.0, so that the end of the answer is the end of the connection, for gunicorn as for us; and no library whose own
//! work would be part of the figures.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

/// Longer than any scrape measured here, the peer's of 10,000 guests included.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a scraper says of itself.
#[derive(Clone, Copy)]
pub(crate) enum Scraper {
    /// Text, uncompressed: the one answer that both exporters give.
    Plain,
    /// As Prometheus 3 asks: OpenMetrics, gzip.
    Prometheus,
}

impl Scraper {
    fn headers(self) -> &'static str {
        match self {
            Self::Plain => "Accept: text/plain;version=0.0.4\r\n",
            Self::Prometheus => {
                "Accept: application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2\r\n\
                 Accept-Encoding: gzip\r\n"
            }
        }
    }
}

/// An answer with status 200.
pub(crate) struct Answer {
    pub(crate) body: Vec<u8>,
    pub(crate) time: Duration,
}

impl Answer {
    pub(crate) fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.body).context("the answer is not UTF-8")
    }
}

/// Scrapes with Prometheus's default time-out of 10 s in the header; the peer knows nothing of it.
pub(crate) fn scrape(address: SocketAddr, path: &str, scraper: Scraper) -> Result<Answer> {
    let headers = format!("X-Prometheus-Scrape-Timeout-Seconds: 10\r\n{}", scraper.headers());
    exchange(address, "GET", path, &headers)
}

/// For the simulator's control interface.
pub(crate) fn post(address: SocketAddr, path: &str) -> Result<Answer> {
    exchange(address, "POST", path, "Content-Length: 0\r\n")
}

fn exchange(address: SocketAddr, method: &str, path: &str, headers: &str) -> Result<Answer> {
    let start = Instant::now();
    let mut stream = TcpStream::connect(address).with_context(|| format!("nobody listens at {address}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    write!(stream, "{method} {path} HTTP/1.0\r\nHost: {address}\r\n{headers}\r\n")?;
    let mut answer = Vec::with_capacity(1 << 20);
    stream.read_to_end(&mut answer).with_context(|| format!("{path}: the answer does not end"))?;
    let time = start.elapsed();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
    let Some(end) = end else { bail!("{path}: no HTTP answer of {} bytes", answer.len()) };
    let body = answer.split_off(end + 4);
    let head = String::from_utf8_lossy(&answer);
    let status = head.split(' ').nth(1).unwrap_or_default();
    ensure!(status == "200", "{path}: {status} {}", String::from_utf8_lossy(body.get(..300).unwrap_or(&body)));
    Ok(Answer { body, time })
}
