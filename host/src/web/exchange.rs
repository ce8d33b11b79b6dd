//! What a connection is doing, and until when it may.
//!
//! A connection waits for a request, has requests being handled, or sends responses. Handling has the scrape's deadline; everything
//! else has one here, so a client that says nothing, says it slowly, or never reads is disconnected. The state is also what
//! [`Admission`](super::admission) looks at to make room: a connection without a request in it can be closed at no loss.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::timeouts::{Closed, Timeouts};

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
    /// Since when the client does not read all that was written to it.
    blocked_since: Option<Instant>,
    next: u64,
    evicted: bool,
}

impl State {
    fn is_waiting(&self) -> bool {
        self.handling == 0 && self.sending.is_empty() && self.blocked_since.is_none()
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
        if let Some(oldest) = self.sending.values().chain(&self.blocked_since).min() {
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
            blocked_since: None,
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

    /// The client does not take what is written to it.
    pub(super) fn blocked(&self) {
        self.change(|state| {
            state.blocked_since.get_or_insert_with(Instant::now);
        });
    }

    /// The client has taken everything.
    pub(super) fn flushed(&self) {
        if self.state.lock().blocked_since.is_some() {
            self.change(|state| {
                state.blocked_since = None;
                state.wait_again();
            });
        }
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

    fn deadline(&self) -> Option<(Instant, Closed)> {
        self.state.lock().deadline(&self.timeouts)
    }

    /// Whether the connection is about to be closed to make room.
    #[cfg(test)]
    pub(super) fn is_evicted(&self) -> bool {
        self.state.lock().evicted
    }

    /// Resolves once the connection is to be closed.
    pub(super) async fn expired(&self) -> Closed {
        loop {
            match self.deadline() {
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
    use std::time::Duration;

    use super::*;

    const TIMEOUTS: Timeouts =
        Timeouts { read: Duration::from_secs(10), idle: Duration::from_secs(300), write: Duration::from_secs(30) };

    /// The deadline is `timeout` after `since` at the earliest, and after now at the latest.
    fn assert_closes(exchange: &Exchange, closed: Closed, since: Instant, timeout: Duration) {
        let (at, why) = exchange.deadline().unwrap();
        assert_eq!(why, closed);
        assert!((since + timeout..=Instant::now() + timeout).contains(&at));
    }

    #[test]
    fn each_wait_has_its_deadline() {
        let start = Instant::now();
        let exchange = Exchange::new(TIMEOUTS);
        assert_closes(&exchange, Closed::ReadTimeout, start, TIMEOUTS.read);
        let handling = exchange.handle();
        assert_eq!(exchange.deadline(), None);
        let start = Instant::now();
        let sending = exchange.send();
        drop(handling);
        assert_closes(&exchange, Closed::WriteTimeout, start, TIMEOUTS.write);
        let start = Instant::now();
        drop(sending);
        assert_closes(&exchange, Closed::IdleTimeout, start, TIMEOUTS.idle);
        let start = Instant::now();
        exchange.bytes_arrived();
        assert_closes(&exchange, Closed::ReadTimeout, start, TIMEOUTS.read);
        // More bytes of the same header are no reason to wait longer.
        let deadline = exchange.deadline();
        exchange.bytes_arrived();
        assert_eq!(exchange.deadline(), deadline);
    }

    #[test]
    fn one_response_that_is_never_read_is_enough() {
        let exchange = Exchange::new(TIMEOUTS);
        let _stuck = exchange.send();
        let deadline = exchange.deadline();
        drop(exchange.send());
        let _handling = exchange.handle();
        let _other = exchange.send();
        assert_eq!(exchange.deadline(), deadline);
    }

    #[test]
    fn the_end_of_a_response_must_be_read_too() {
        let exchange = Exchange::new(TIMEOUTS);
        drop(exchange.handle());
        let start = Instant::now();
        exchange.blocked();
        assert_closes(&exchange, Closed::WriteTimeout, start, TIMEOUTS.write);
        assert!(exchange.waiting().is_none());
        exchange.flushed();
        assert_closes(&exchange, Closed::IdleTimeout, start, TIMEOUTS.idle);
    }

    #[test]
    fn only_a_waiting_connection_can_be_evicted() {
        let exchange = Exchange::new(TIMEOUTS);
        let handling = exchange.handle();
        assert!(exchange.waiting().is_none() && !exchange.evict());
        drop(handling);
        assert!(exchange.waiting().is_some() && exchange.evict());
        assert_eq!(exchange.deadline().unwrap().1, Closed::Evicted);
    }

    #[tokio::test]
    async fn a_change_is_noticed() {
        let brief = Duration::from_millis(1);
        let exchange = Exchange::new(Timeouts { write: brief, ..TIMEOUTS });
        let send = async {
            tokio::task::yield_now().await;
            exchange.send()
        };
        let (closed, _sending) = tokio::join!(exchange.expired(), send);
        assert_eq!(closed, Closed::WriteTimeout);
    }
}
