//! Addresses of which nobody ever hears, and names with several addresses.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

use harness::isolate;

/// A port of which nothing is ever heard.
pub(super) struct Deaf {
    pub(super) address: SocketAddr,
    _port: Port,
    _queue: Vec<TcpStream>,
}

#[expect(dead_code, reason = "held, not used")]
enum Port {
    Closed(TcpSocket),
    Open(TcpListener),
}

fn bound(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(address).unwrap();
    socket
}

impl Deaf {
    /// A bound socket that does not listen.
    pub(super) fn refuses(address: SocketAddr) -> Self {
        let socket = bound(address);
        Self { address: socket.local_addr().unwrap(), _port: Port::Closed(socket), _queue: Vec::new() }
    }

    /// Its queue of connections is full, so that the kernel ignores requests for more.
    pub(super) async fn drops_packets(address: SocketAddr) -> Self {
        let listener = bound(address).listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queue = Vec::new();
        while let Ok(stream) = tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
            queue.push(stream.unwrap());
        }
        Self { address, _port: Port::Open(listener), _queue: queue }
    }
}

/// The same command in a mount namespace whose `/etc/hosts` has these addresses for a name.
pub(super) fn hosts(command: Command, directory: &Path, name: &str, addresses: &[&str]) -> Command {
    let file = directory.join("hosts");
    let lines: String = addresses.iter().map(|address| format!("{address} {name}\n")).collect();
    std::fs::write(&file, lines).unwrap();
    let mut script = OsString::from("mount --bind ");
    script.push(&file);
    script.push(" /etc/hosts && exec \"$@\"");
    let mut wrapped = Command::new("unshare");
    isolate(&mut wrapped).args(["--map-root-user", "--mount", "sh", "-c"]).arg(script).arg("sh");
    wrapped.arg(command.get_program()).args(command.get_args());
    wrapped
}

/// Whether this machine allows such namespaces.
pub(super) fn can_set_hosts() -> bool {
    let script = ["--map-root-user", "--mount", "mount", "--bind", "/etc/hosts", "/etc/hosts"];
    Command::new("unshare").args(script).status().is_ok_and(|status| status.success())
}
