//! Requests over a new connection, timed from connecting to the last byte received.
//!
//! HTTP/1.0, so both exporters end the response by closing the connection. Not through a library, whose work would be part of
//! the measurement.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

/// Longer than any scrape measured here, including the peer's scrape of 10,000 guests.
const READ_TIMEOUT: Duration = Duration::from_secs(120);

/// Headers of a scraper.
#[derive(Clone, Copy)]
pub(crate) enum Scraper {
    /// Uncompressed text, which both exporters support.
    Plain,
    /// As sent by Prometheus 3: OpenMetrics and gzip.
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

/// A response with status 200.
pub(crate) struct Response {
    pub(crate) body: Vec<u8>,
    pub(crate) time: Duration,
}

impl Response {
    pub(crate) fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.body).context("the response is not UTF-8")
    }
}

/// Scrapes with Prometheus's default timeout of 10 s in the header, which the peer ignores.
pub(crate) fn scrape(address: SocketAddr, path: &str, scraper: Scraper) -> Result<Response> {
    let headers = format!("X-Prometheus-Scrape-Timeout-Seconds: 10\r\n{}", scraper.headers());
    exchange(address, "GET", path, &headers)
}

/// For the simulator's control interface.
pub(crate) fn post(address: SocketAddr, path: &str) -> Result<Response> {
    exchange(address, "POST", path, "Content-Length: 0\r\n")
}

fn exchange(address: SocketAddr, method: &str, path: &str, headers: &str) -> Result<Response> {
    let start = Instant::now();
    let mut stream = TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
    stream.set_read_timeout(Some(READ_TIMEOUT))?;
    stream.set_nodelay(true)?;
    write!(stream, "{method} {path} HTTP/1.0\r\nHost: {address}\r\n{headers}\r\n")?;
    let mut response = Vec::with_capacity(1 << 20);
    stream.read_to_end(&mut response).with_context(|| format!("{path}: cannot read the response"))?;
    let time = start.elapsed();
    let end = response.windows(4).position(|window| window == b"\r\n\r\n");
    let Some(end) = end else { bail!("{path}: not an HTTP response ({} bytes)", response.len()) };
    let body = response.split_off(end + 4);
    let head = String::from_utf8_lossy(&response);
    let status = head.split(' ').nth(1).unwrap_or_default();
    ensure!(status == "200", "{path}: {status} {}", String::from_utf8_lossy(body.get(..300).unwrap_or(&body)));
    Ok(Response { body, time })
}
