//! What a connection is doing, and until when it may.
//!
//! A connection waits for a request, has requests being handled, or sends responses. Handling has the scrape's deadline; everything
//! else has one here, so a client that says nothing, says it slowly, or never reads is disconnected. The state is also what
//! [`Admission`](super::admission) looks at to make room: a connection without a request in it can be closed at no loss.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// How long a client may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For the TLS handshake and the header of a request.
    pub read: Duration,
    /// From one request to the next.
    pub idle: Duration,
    /// To read a response.
    pub write: Duration,
}

/// Why the exporter closed a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closed {
    ReadTimeout,
    IdleTimeout,
    WriteTimeout,
    /// Another client needed the room.
    Evicted,
    /// There is no room.
    Limit,
    ClientLimit,
    Handshake,
}

impl Closed {
    /// The label `reason`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::ReadTimeout => "read_timeout",
            Self::IdleTimeout => "idle_timeout",
            Self::WriteTimeout => "write_timeout",
            Self::Evicted => "evicted",
            Self::Limit => "limit",
            Self::ClientLimit => "client_limit",
            Self::Handshake => "handshake",
        }
    }
}

/// The state of one connection.
#[derive(Debug)]
pub(super) struct Exchange {
    timeouts: Timeouts,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    /// When the connection began to wait for a request.
    waiting_since: Instant,
    /// When the first byte of the next request arrived.
    reading_since: Option<Instant>,
    /// Whether there has been a request.
    used: bool,
    handling: usize,
    /// When each response began to be sent.
    sending: BTreeMap<u64, Instant>,
    next: u64,
    evicted: bool,
}

impl State {
    fn is_waiting(&self) -> bool {
        self.handling == 0 && self.sending.is_empty()
    }

    fn wait_again(&mut self) {
        if self.is_waiting() {
            self.waiting_since = Instant::now();
            self.reading_since = None;
        }
    }

    fn deadline(&self, timeouts: &Timeouts) -> Option<(Instant, Closed)> {
        if self.evicted {
            return Some((self.waiting_since, Closed::Evicted));
        }
        if let Some(oldest) = self.sending.values().min() {
            return Some((*oldest + timeouts.write, Closed::WriteTimeout));
        }
        if self.handling > 0 {
            return None;
        }
        if !self.used {
            return Some((self.waiting_since + timeouts.read, Closed::ReadTimeout));
        }
        let idle = (self.waiting_since + timeouts.idle, Closed::IdleTimeout);
        Some(self.reading_since.map_or(idle, |since| (since + timeouts.read, Closed::ReadTimeout)))
    }
}

impl Exchange {
    pub(super) fn new(timeouts: Timeouts) -> Arc<Self> {
        let state = State {
            waiting_since: Instant::now(),
            reading_since: None,
            used: false,
            handling: 0,
            sending: BTreeMap::new(),
            next: 0,
            evicted: false,
        };
        Arc::new(Self { timeouts, state: Mutex::new(state), changed: Notify::new() })
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state.lock());
        self.changed.notify_one();
        result
    }

    /// Bytes have arrived that belong to a request, if none is being handled.
    pub(super) fn bytes_arrived(&self) {
        self.change(|state| {
            if state.is_waiting() && state.reading_since.is_none() {
                state.reading_since = Some(Instant::now());
            }
        });
    }

    /// A request is being handled until the guard is dropped.
    pub(super) fn handle(self: &Arc<Self>) -> impl Drop + Send + use<> {
        self.change(|state| {
            state.used = true;
            state.handling += 1;
        });
        Handling(Arc::clone(self))
    }

    /// A response is being sent until the guard is dropped.
    pub(super) fn send(self: &Arc<Self>) -> Sending {
        let number = self.change(|state| {
            state.next += 1;
            let number = state.next;
            state.sending.insert(number, Instant::now());
            number
        });
        Sending { exchange: Arc::clone(self), number }
    }

    /// Since when the connection waits for a request; used ones come last. `None` while there is one in it.
    pub(super) fn waiting(&self) -> Option<(bool, Instant)> {
        let state = self.state.lock();
        state.is_waiting().then_some((state.used, state.waiting_since))
    }

    /// Whether no request ever came.
    pub(super) fn is_unused(&self) -> bool {
        !self.state.lock().used
    }

    /// Closes the connection, unless a request has come in.
    pub(super) fn evict(&self) -> bool {
        self.change(|state| {
            state.evicted = state.is_waiting();
            state.evicted
        })
    }

    /// Resolves once the connection is to be closed.
    pub(super) async fn expired(&self) -> Closed {
        loop {
            let deadline = self.state.lock().deadline(&self.timeouts);
            match deadline {
                None => self.changed.notified().await,
                Some((at, closed)) => {
                    tokio::select! {
                        () = sleep_until(at) => return closed,
                        () = self.changed.notified() => {}
                    }
                }
            }
        }
    }
}

struct Handling(Arc<Exchange>);

impl Drop for Handling {
    fn drop(&mut self) {
        self.0.change(|state| {
            state.handling = state.handling.saturating_sub(1);
            state.wait_again();
        });
    }
}

#[derive(Debug)]
pub(super) struct Sending {
    exchange: Arc<Exchange>,
    number: u64,
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.exchange.change(|state| {
            state.sending.remove(&self.number);
            state.wait_again();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUTS: Timeouts =
        Timeouts { read: Duration::from_secs(10), idle: Duration::from_secs(300), write: Duration::from_secs(30) };

    async fn closes_after(exchange: &Exchange) -> (Duration, Closed) {
        let start = Instant::now();
        let closed = exchange.expired().await;
        (start.elapsed(), closed)
    }

    #[tokio::test(start_paused = true)]
    async fn each_wait_has_its_deadline() {
        let exchange = Exchange::new(TIMEOUTS);
        assert_eq!(closes_after(&exchange).await, (TIMEOUTS.read, Closed::ReadTimeout));
        // A handled request has no deadline here.
        let handling = exchange.handle();
        assert!(tokio::time::timeout(Duration::from_secs(1000), exchange.expired()).await.is_err());
        let sending = exchange.send();
        drop(handling);
        assert_eq!(closes_after(&exchange).await, (TIMEOUTS.write, Closed::WriteTimeout));
        drop(sending);
        assert_eq!(closes_after(&exchange).await, (TIMEOUTS.idle, Closed::IdleTimeout));
        let sending = exchange.send();
        drop(sending);
        exchange.bytes_arrived();
        assert_eq!(closes_after(&exchange).await, (TIMEOUTS.read, Closed::ReadTimeout));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_in_time_ends_the_wait() {
        let exchange = Exchange::new(TIMEOUTS);
        let expired = exchange.expired();
        let request = async {
            tokio::time::sleep(Duration::from_secs(9)).await;
            let handling = exchange.handle();
            tokio::time::sleep(Duration::from_secs(60)).await;
            drop(handling);
        };
        let start = Instant::now();
        let (closed, ()) = tokio::join!(expired, request);
        assert_eq!((start.elapsed(), closed), (Duration::from_secs(69) + TIMEOUTS.idle, Closed::IdleTimeout));
    }

    #[tokio::test(start_paused = true)]
    async fn one_response_that_is_never_read_is_enough() {
        let exchange = Exchange::new(TIMEOUTS);
        let _stuck = exchange.send();
        let others = async {
            loop {
                let sending = exchange.send();
                tokio::time::sleep(Duration::from_secs(1)).await;
                drop(sending);
            }
        };
        let start = Instant::now();
        tokio::select! {
            closed = exchange.expired() => assert_eq!(closed, Closed::WriteTimeout),
            () = others => {}
        }
        assert_eq!(start.elapsed(), TIMEOUTS.write);
    }
}
