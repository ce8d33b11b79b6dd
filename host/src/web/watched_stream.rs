//! A stream and a response body that tell the connection's [`Exchange`] what happens.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::exchange::{Exchange, Sending};

/// How much of a body is handed over at a time. What is handed over is buffered, so it should be little: the rest shows whether the
/// client reads.
const CHUNK: usize = 64 << 10;

/// A stream that reports when bytes arrive, and when the client does not read.
pub(super) struct WatchedStream<S> {
    stream: S,
    exchange: Arc<Exchange>,
    /// Whether bytes that arrive belong to a request. In HTTP/2 they need not.
    requests_only: bool,
}

impl<S> WatchedStream<S> {
    pub(super) fn http1(stream: S, exchange: Arc<Exchange>) -> Self {
        Self { stream, exchange, requests_only: true }
    }

    pub(super) fn http2(stream: S, exchange: Arc<Exchange>) -> Self {
        Self { stream, exchange, requests_only: false }
    }

    fn written<T>(&self, result: Poll<T>) -> Poll<T> {
        if result.is_pending() {
            self.exchange.blocked();
        }
        result
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WatchedStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if self.requests_only && buffer.filled().len() > before {
            self.exchange.bytes_arrived();
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WatchedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.written(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(cx);
        if result.is_ready() {
            self.exchange.flushed();
        }
        self.written(result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.written(result)
    }
}

/// A response body that counts as being sent until it is dropped.
pub(super) struct WatchedBody {
    body: axum::body::Body,
    /// What is left of the current frame.
    rest: Bytes,
    _sending: Sending,
}

impl WatchedBody {
    pub(super) fn new(body: axum::body::Body, exchange: &Arc<Exchange>) -> Self {
        Self { body, rest: Bytes::new(), _sending: exchange.send() }
    }
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if self.rest.is_empty() {
            match std::task::ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                end => return Poll::Ready(end),
            }
        }
        let length = self.rest.len().min(CHUNK);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.len() as u64;
        let mut hint = self.body.size_hint();
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + rest);
        }
        hint.set_lower(hint.lower() + rest);
        hint
    }
}
