//! What a call has of WASI: no files, no network, a clock that shows the scrape's time, and output that goes to the log.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::io::AsyncWrite;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};
use wasmtime_wasi::{HostWallClock, WasiCtx, WasiCtxBuilder, async_trait};

use super::log::LogBudget;
use crate::contract::LogLevel;

/// Streams, pollables and other resources that one call may hold at once.
const RESOURCES: usize = 256;
/// Random bytes per host call.
const RANDOM_BYTES: u64 = 64 * 1024;
/// Bytes a guest may write before it checks again.
const WRITE_BYTES: usize = 4096;

/// A call's WASI state, made at its first WASI call: the built-ins never need it.
pub(super) struct Wasi {
    pub(super) context: WasiCtx,
    pub(super) table: ResourceTable,
    /// Nanoseconds slept so far.
    pub(super) slept: u64,
}

impl Wasi {
    pub(super) fn new(now: Duration, log: &Arc<Mutex<LogBudget>>) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES);
        let context = WasiCtxBuilder::new()
            .stdout(LogStream { log: Arc::clone(log), level: LogLevel::Info })
            .stderr(LogStream { log: Arc::clone(log), level: LogLevel::Warn })
            .wall_clock(Frozen(now))
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .max_random_size(RANDOM_BYTES)
            .build();
        Self { context, table, slept: 0 }
    }
}

/// A clock that shows the scrape's time.
struct Frozen(Duration);

impl HostWallClock for Frozen {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}

/// Standard output or error: each line is a log line, within the call's budget.
struct LogStream {
    log: Arc<Mutex<LogBudget>>,
    level: LogLevel,
}

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // For WASI 0.3; only 0.2 is linked.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Lines { log: Arc::clone(&self.log), level: self.level, line: Vec::new() })
    }
}

/// Splits what is written into lines. The excess of a long line is dropped rather than refused: most guests panic on a failed
/// write.
struct Lines {
    log: Arc<Mutex<LogBudget>>,
    level: LogLevel,
    line: Vec<u8>,
}

impl Lines {
    fn end_line(&mut self) {
        if !self.line.is_empty() {
            self.log.lock().line(self.level, &String::from_utf8_lossy(&self.line));
            self.line.clear();
        }
    }
}

#[async_trait]
impl Pollable for Lines {
    async fn ready(&mut self) {}
}

impl OutputStream for Lines {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let room = self.log.lock().message_bytes();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = part.strip_suffix(b"\n").map_or((part, false), |text| (text, true));
            let kept = room.saturating_sub(self.line.len()).min(text.len());
            self.line.extend_from_slice(text.get(..kept).unwrap_or_default());
            if ends {
                self.end_line();
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES)
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.end_line();
    }
}
