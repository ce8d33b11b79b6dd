//! The addresses of a cluster: its targets, their names resolved, and the one in use.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use parking_lot::Mutex;
use reqwest::Url;
use tokio::time::{Instant, timeout_at};

use super::endpoint::{Connecting, Endpoint, Location};
use super::error::FetchError;
use crate::config::{Target, Targets};
use crate::contract::FetchErrorKind;

/// Age from which the addresses of a name are looked up again, along with the requests.
const RESOLVED: Duration = Duration::from_secs(60);

/// The addresses of a cluster.
pub(super) struct Addresses {
    names: Vec<Arc<Name>>,
    connecting: Arc<Connecting>,
    /// The one that responded last.
    current: Mutex<Option<Arc<Endpoint>>>,
}

/// The address in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressInUse {
    /// `host:port`, as configured.
    pub target: String,
    pub ip: IpAddr,
}

/// A target and what its name resolves to.
struct Name {
    host: String,
    port: u16,
    /// `host:port`.
    target: String,
    root: String,
    resolved: Mutex<Option<Resolved>>,
    /// Held during a lookup.
    lookup: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Resolved {
    endpoints: Vec<Arc<Endpoint>>,
    /// `None`: none of them can be reached.
    since: Option<Instant>,
}

/// What to try, in this order.
pub(super) struct Candidates {
    pub(super) endpoints: Vec<Arc<Endpoint>>,
    /// Names without an address.
    pub(super) failed: Vec<FetchError>,
}

impl Addresses {
    /// The error is one line.
    pub(super) fn new(targets: &Targets, path_prefix: &str, connecting: Connecting) -> Result<Self, String> {
        let name = |target: &Target| {
            let root = format!("https://{target}{path_prefix}/api2/json");
            match Url::parse(&root) {
                Ok(_) => Ok(Arc::new(Name::new(target, root))),
                Err(error) => Err(format!("target {target}: {error}")),
            }
        };
        let names = targets.iter().map(name).collect::<Result<_, _>>()?;
        Ok(Self { names, connecting: Arc::new(connecting), current: Mutex::default() })
    }

    /// The addresses to try: the one in use, then those that did not fail lately.
    pub(super) async fn candidates(&self, end: Instant) -> Candidates {
        let now = Instant::now();
        // A name server that does not respond must leave time for the other targets.
        let end = if self.names.len() > 1 { now + end.saturating_duration_since(now) / 2 } else { end };
        let found = join_all(self.names.iter().map(|name| name.endpoints(&self.connecting, end))).await;
        let mut candidates = Candidates { endpoints: Vec::new(), failed: Vec::new() };
        for found in found {
            match found {
                Ok(endpoints) => candidates.endpoints.extend(endpoints),
                Err(error) => candidates.failed.push(error),
            }
        }
        let current = self.current.lock().clone();
        let is_current =
            |endpoint: &Arc<Endpoint>| current.as_ref().is_some_and(|current| Arc::ptr_eq(current, endpoint));
        candidates.endpoints.sort_by_key(|endpoint| (endpoint.has_failed(), !is_current(endpoint)));
        candidates
    }

    /// Records which address responded, and logs a change. The one in use stays unless it failed: requests that were sent before
    /// a change still arrive there.
    pub(super) fn responded(&self, endpoint: &Arc<Endpoint>, others: &str) {
        endpoint.note_answer();
        let mut current = self.current.lock();
        if current.as_ref().is_some_and(|before| Arc::ptr_eq(before, endpoint) || !before.has_failed()) {
            return;
        }
        let before = current.replace(Arc::clone(endpoint));
        drop(current);
        let address = &endpoint.name;
        match before {
            Some(before) => {
                tracing::warn!(address, before = before.name, "another address of the cluster is in use: {others}")
            }
            None if !others.is_empty() => tracing::warn!(address, "address of the cluster in use: {others}"),
            None => {}
        }
    }

    /// After all addresses failed: the names may have others by now.
    pub(super) fn all_failed(&self) {
        for name in &self.names {
            name.expire();
        }
    }

    /// The target that requests are sent to first: the one in use; before any has responded, the first one.
    pub(super) fn preferred(&self) -> String {
        let current = self.current.lock();
        let target = current.as_ref().map(|endpoint| &endpoint.target);
        target.or_else(|| self.names.first().map(|name| &name.target)).cloned().unwrap_or_default()
    }

    pub(super) fn in_use(&self) -> Option<AddressInUse> {
        let current = self.current.lock();
        current.as_ref().map(|endpoint| AddressInUse { target: endpoint.target.clone(), ip: endpoint.address.ip() })
    }
}

impl Name {
    fn new(target: &Target, root: String) -> Self {
        Self {
            host: target.host().to_owned(),
            port: target.port(),
            target: target.to_string(),
            root,
            resolved: Mutex::default(),
            lookup: tokio::sync::Mutex::default(),
        }
    }

    /// The endpoints of its addresses.
    async fn endpoints(
        self: &Arc<Self>,
        connecting: &Arc<Connecting>,
        end: Instant,
    ) -> Result<Vec<Arc<Endpoint>>, FetchError> {
        let known = self.resolved.lock().clone();
        match known {
            Some(Resolved { endpoints, since: Some(since) }) => {
                if since.elapsed() >= RESOLVED && !self.is_address() {
                    // A slow name server does not keep requests waiting.
                    let (name, connecting) = (Arc::clone(self), Arc::clone(connecting));
                    tokio::spawn(async move { name.look_up(&connecting, Instant::now() + RESOLVED).await.map(drop) });
                }
                Ok(endpoints)
            }
            Some(Resolved { endpoints, since: None }) => Ok(self.look_up(connecting, end).await.unwrap_or(endpoints)),
            None => self.look_up(connecting, end).await,
        }
    }

    fn is_address(&self) -> bool {
        self.host.parse::<IpAddr>().is_ok()
    }

    /// Has the next request look the name up.
    fn expire(&self) {
        if let Some(resolved) = &mut *self.resolved.lock()
            && !self.is_address()
        {
            resolved.since = None;
        }
    }

    async fn look_up(&self, connecting: &Connecting, end: Instant) -> Result<Vec<Arc<Endpoint>>, FetchError> {
        let failed = |words: String| {
            FetchError::new(
                FetchErrorKind::Unavailable,
                format!("{}: the host name can't be resolved ({words})", self.target),
            )
        };
        let late = |_| failed("the name server did not respond in time".to_owned());
        let _lookup = timeout_at(end, self.lookup.lock()).await.map_err(late)?;
        if let Some(Resolved { endpoints, since: Some(since) }) = &*self.resolved.lock()
            && (self.is_address() || since.elapsed() < RESOLVED)
        {
            return Ok(endpoints.clone());
        }
        let found = match self.host.parse::<IpAddr>() {
            Ok(ip) => vec![SocketAddr::new(ip, self.port)],
            Err(_) => {
                let found = timeout_at(end, (connecting.lookup)(self.host.clone(), self.port)).await.map_err(late)?;
                interleaved(found.map_err(|error| failed(error.to_string()))?)
            }
        };
        if found.is_empty() {
            return Err(failed("it has no address".to_owned()));
        }
        let mut resolved = self.resolved.lock();
        // Known ones keep their connections.
        let old = resolved.take().map_or_else(Vec::new, |old| old.endpoints);
        let several = found.len() > 1;
        let endpoint = |address: SocketAddr| match old.iter().find(|old| old.address == address) {
            Some(old) => Ok(Arc::clone(old)),
            None => {
                let (host, target, root) = (&self.host, &self.target, &self.root);
                Endpoint::new(&Location { host, target, root, address, several }, connecting).map(Arc::new)
            }
        };
        let endpoints: Vec<_> = found.into_iter().map(endpoint).collect::<Result<_, _>>().map_err(failed)?;
        *resolved = Some(Resolved { endpoints: endpoints.clone(), since: Some(Instant::now()) });
        Ok(endpoints)
    }
}

/// The resolver's order, with IPv6 and IPv4 taking turns: one of them may not work at all.
fn interleaved(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(first) = found.first().copied() else { return found };
    let (mut same, mut other): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|address| address.is_ipv6() == first.is_ipv6());
    let mut order = Vec::with_capacity(same.len() + other.len());
    let (mut same, mut other) = (same.drain(..), other.drain(..));
    loop {
        match (same.next(), other.next()) {
            (None, None) => return dedup(order),
            (a, b) => order.extend(a.into_iter().chain(b)),
        }
    }
}

fn dedup(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let mut unique: Vec<SocketAddr> = Vec::with_capacity(addresses.len());
    for address in addresses {
        if !unique.contains(&address) {
            unique.push(address);
        }
    }
    unique
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let addresses = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let found = addresses(&["[::1]:1", "[::2]:1", "127.0.0.1:1", "127.0.0.1:1", "127.0.0.2:1", "127.0.0.3:1"]);
        let order = addresses(&["[::1]:1", "127.0.0.1:1", "[::2]:1", "127.0.0.2:1", "127.0.0.3:1"]);
        assert_eq!(interleaved(found), order);
        assert_eq!(interleaved(Vec::new()), []);
    }
}
