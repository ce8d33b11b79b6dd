//! Sockets to accept connections from: addresses, or those that systemd passes.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use listenfd::ListenFd;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::config::{ListenAddress, WebFlags};
use crate::text;

/// The kernel's error for an address family that it does not have.
const NO_SUCH_FAMILY: i32 = 97;
/// The same in containers without IPv6.
const NO_SUCH_ADDRESS: i32 = 99;

/// Why there is no socket to accept from.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error("can't listen on {address}: {source}{remedy}", remedy = remedy(.source))]
    Address { address: String, source: io::Error },
    #[error("--web.systemd-socket: systemd passed no socket; start the exporter from a unit with a .socket unit")]
    NoSocket,
    #[error("--web.systemd-socket: {0}")]
    Socket(io::Error),
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "; stop the process that uses it, or choose another with --web.listen-address",
        io::ErrorKind::PermissionDenied => "; ports below 1024 need a privilege, choose one above",
        io::ErrorKind::AddrNotAvailable => "; it is not an address of this machine (--web.listen-address)",
        _ => " (--web.listen-address)",
    }
}

#[derive(Debug)]
pub enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

pub(super) enum Accepted {
    Tcp(TcpStream, SocketAddr),
    Unix(UnixStream),
}

impl Listener {
    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => listener.accept().await.map(|(stream, peer)| Accepted::Tcp(stream, peer)),
            Self::Unix(listener) => listener.accept().await.map(|(stream, _)| Accepted::Unix(stream)),
        }
    }

    /// Whether only this machine can connect.
    pub(super) fn is_local(&self) -> bool {
        match self {
            Self::Tcp(listener) => listener.local_addr().is_ok_and(|address| address.ip().to_canonical().is_loopback()),
            Self::Unix(_) => true,
        }
    }

    /// Where it listens, for the log.
    pub(super) fn address(&self) -> String {
        match self {
            Self::Tcp(listener) => listener.local_addr().map_or_else(|_| "?".to_owned(), |address| address.to_string()),
            Self::Unix(listener) => {
                let address = listener.local_addr().ok();
                let path = address.as_ref().and_then(|address| address.as_pathname());
                path.map_or_else(|| "unix".to_owned(), |path| format!("unix:{}", text::path(path)))
            }
        }
    }
}

/// Opens every socket, before anything that takes long, so that an address in use is reported at once.
pub async fn listen(flags: &WebFlags) -> Result<Vec<Listener>, ListenError> {
    if flags.systemd_socket {
        return from_systemd(&mut ListenFd::from_env());
    }
    let mut listeners = Vec::new();
    for address in &flags.listen_addresses {
        let listener = bind(address, async |address| TcpListener::bind(address).await).await;
        let listener = listener.map_err(|source| ListenError::Address { address: address.to_string(), source })?;
        listeners.push(Listener::Tcp(listener));
    }
    Ok(listeners)
}

/// Where the kernel has no IPv6, `[::]` is every IPv4 address.
async fn bind<T>(address: &ListenAddress, bind: impl AsyncFn(String) -> io::Result<T>) -> io::Result<T> {
    let wildcard = address.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv6() && ip.is_unspecified());
    match bind(address.to_string()).await {
        Err(error) if wildcard && matches!(error.raw_os_error(), Some(NO_SUCH_FAMILY | NO_SUCH_ADDRESS)) => {
            let v4 = ListenAddress { host: Ipv4Addr::UNSPECIFIED.to_string(), port: address.port };
            tracing::info!(address = %v4, "no IPv6 on this machine");
            bind(v4.to_string()).await
        }
        result => result,
    }
}

fn from_systemd(sockets: &mut ListenFd) -> Result<Vec<Listener>, ListenError> {
    let mut listeners = Vec::new();
    for position in 0..sockets.len() {
        let listener = match sockets.take_tcp_listener(position) {
            Ok(Some(listener)) => {
                listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener)).map(Listener::Tcp)
            }
            // Not a TCP socket.
            _ => match sockets.take_unix_listener(position) {
                Ok(Some(listener)) => {
                    listener.set_nonblocking(true).and_then(|()| UnixListener::from_std(listener)).map(Listener::Unix)
                }
                Ok(None) => continue,
                Err(error) => Err(error),
            },
        };
        listeners.push(listener.map_err(ListenError::Socket)?);
    }
    if listeners.is_empty() { Err(ListenError::NoSocket) } else { Ok(listeners) }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    async fn tried(address: &str) -> (io::Result<()>, Vec<String>) {
        let tried = RefCell::new(Vec::new());
        let no_ipv6 = async |address: String| {
            let v6 = address.starts_with('[');
            tried.borrow_mut().push(address);
            if v6 { Err(io::Error::from_raw_os_error(NO_SUCH_FAMILY)) } else { Ok(()) }
        };
        let result = bind(&address.parse().unwrap(), no_ipv6).await;
        (result, tried.into_inner())
    }

    #[tokio::test]
    async fn without_ipv6_every_address_is_every_ipv4_address() {
        for every in [":9221", "[::]:9221"] {
            let (result, tried) = tried(every).await;
            assert!(result.is_ok());
            assert_eq!(tried, ["[::]:9221", "0.0.0.0:9221"]);
        }
        let (result, tried) = tried("[::1]:9221").await;
        assert!(result.is_err());
        assert_eq!(tried, ["[::1]:9221"]);
    }
}
