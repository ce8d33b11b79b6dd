//! How many connections there may be, in all and from one client.
//!
//! At a limit the connection that has waited longest for a request is closed to make room, one that never had a request first. So
//! connections that are only held open cost nobody else anything; a new one is refused only if all others have requests in them.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::client::ClientKey;
use super::exchange::Exchange;
use super::timeouts::{Closed, Timeouts};
use crate::telemetry::Metrics;

/// Connections that may be about to be closed while the limit is reached.
const SPARE: usize = 8;

/// The limits of connections.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConnectionLimits {
    pub(super) all: usize,
    pub(super) per_client: usize,
}

#[derive(Debug)]
pub(super) struct Admission {
    limits: ConnectionLimits,
    timeouts: Timeouts,
    metrics: Arc<Metrics>,
    open: Mutex<Open>,
    /// Sockets that may be open: a connection that made room counts until it is closed.
    sockets: Arc<Semaphore>,
}

/// An open socket.
pub(super) type OpenSocket = OwnedSemaphorePermit;

#[derive(Debug, Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, Connection>,
}

#[derive(Debug)]
struct Connection {
    client: Option<ClientKey>,
    exchange: Arc<Exchange>,
}

/// A connection that counts until this is dropped.
#[derive(Debug)]
pub(super) struct Admitted {
    pub(super) client: Option<ClientKey>,
    pub(super) exchange: Arc<Exchange>,
    number: u64,
    admission: Arc<Admission>,
}

impl Admission {
    pub(super) fn new(limits: ConnectionLimits, timeouts: Timeouts, metrics: Arc<Metrics>) -> Arc<Self> {
        let sockets = Arc::new(Semaphore::new((limits.all + SPARE).min(Semaphore::MAX_PERMITS)));
        Arc::new(Self { limits, timeouts, metrics, open: Mutex::default(), sockets })
    }

    /// Waits until enough of the connections that made room are closed. `None` never happens.
    pub(super) async fn socket(&self) -> Option<OpenSocket> {
        Arc::clone(&self.sockets).acquire_owned().await.ok()
    }

    /// `client` is `None` for sockets without addresses, which have no limit of their own.
    pub(super) fn admit(self: &Arc<Self>, client: Option<ClientKey>) -> Result<Admitted, Closed> {
        let mut open = self.open.lock();
        let of_client = |connection: &Connection| connection.client == client;
        if client.is_some() && open.count(of_client) >= self.limits.per_client {
            Self::make_room(&mut open, of_client).ok_or(Closed::ClientLimit)?;
        }
        if open.connections.len() >= self.limits.all {
            Self::make_room(&mut open, |_| true).ok_or(Closed::Limit)?;
        }
        let exchange = Exchange::new(self.timeouts);
        let number = open.next;
        open.next += 1;
        open.connections.insert(number, Connection { client, exchange: Arc::clone(&exchange) });
        self.metrics.set_connections(open.connections.len());
        Ok(Admitted { client, exchange, number, admission: Arc::clone(self) })
    }

    fn make_room(open: &mut Open, eligible: impl Fn(&Connection) -> bool) -> Option<()> {
        let waiting = open.connections.iter().filter(|(_, connection)| eligible(connection));
        let waiting = waiting.filter_map(|(number, connection)| Some((connection.exchange.waiting()?, *number)));
        let mut waiting: Vec<_> = waiting.collect();
        waiting.sort_unstable();
        // A request may have come in since.
        let evict = |number: &u64| open.connections.get(number).is_some_and(|connection| connection.exchange.evict());
        let evicted = waiting.into_iter().map(|(_, number)| number).find(evict)?;
        open.connections.remove(&evicted);
        Some(())
    }
}

impl Open {
    fn count(&self, which: impl Fn(&Connection) -> bool) -> usize {
        self.connections.values().filter(|connection| which(connection)).count()
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut open = self.admission.open.lock();
        open.connections.remove(&self.number);
        self.admission.metrics.set_connections(open.connections.len());
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::time::Duration;

    use futures_util::FutureExt as _;

    use super::*;
    use crate::budget::Budgets;

    fn admission(all: usize, per_client: usize) -> Arc<Admission> {
        let timeout = Duration::from_secs(10);
        let timeouts = Timeouts { read: timeout, idle: timeout, write: timeout };
        Admission::new(
            ConnectionLimits { all, per_client },
            timeouts,
            Arc::new(Metrics::new(Budgets::new(1 << 30)).unwrap()),
        )
    }

    fn client(last: u8) -> Option<ClientKey> {
        Some(IpAddr::from([192, 0, 2, last]).into())
    }

    #[test]
    fn the_longest_wait_makes_room() {
        let admission = admission(3, 3);
        let used = admission.admit(client(1)).unwrap();
        drop(used.exchange.handle());
        let silent = admission.admit(client(1)).unwrap();
        let busy = admission.admit(client(2)).unwrap();
        let request = busy.exchange.handle();
        let first = admission.admit(client(3)).unwrap();
        assert!(silent.exchange.is_evicted() && !used.exchange.is_evicted() && !busy.exchange.is_evicted());
        let request_of_first = first.exchange.handle();
        let second = admission.admit(client(3)).unwrap();
        assert!(used.exchange.is_evicted());
        let request_of_second = second.exchange.handle();
        assert_eq!(admission.admit(client(3)).unwrap_err(), Closed::Limit);
        drop((request, request_of_first, request_of_second));
        assert!(admission.admit(client(3)).is_ok());
    }

    #[test]
    fn a_client_makes_room_for_itself_only() {
        let admission = admission(10, 2);
        let other = admission.admit(client(9)).unwrap();
        let first = admission.admit(client(1)).unwrap();
        let second = admission.admit(client(1)).unwrap();
        let third = admission.admit(client(1)).unwrap();
        assert!(first.exchange.is_evicted() && !second.exchange.is_evicted() && !other.exchange.is_evicted());
        let requests = (second.exchange.handle(), third.exchange.handle());
        assert_eq!(admission.admit(client(1)).unwrap_err(), Closed::ClientLimit);
        assert!(admission.admit(client(2)).is_ok() && admission.admit(None).is_ok());
        drop(requests);
    }

    #[tokio::test]
    async fn connections_that_make_room_count_until_they_are_closed() {
        let admission = admission(1, 1);
        let sockets: Vec<_> = futures_util::future::join_all((0..=SPARE).map(|_| admission.socket())).await;
        assert!(admission.socket().now_or_never().is_none());
        drop(sockets);
        assert!(admission.socket().await.is_some());
    }

    #[test]
    fn a_closed_connection_no_longer_counts() {
        let admission = admission(1, 1);
        for _ in 0..3 {
            let connection = admission.admit(client(1)).unwrap();
            let _request = connection.exchange.handle();
        }
    }
}
