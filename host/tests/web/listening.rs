//! Where the exporter listens.

use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

use harness::wait_for;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, UnixStream};

use super::support::{GET, Lone, read_to_end, write_config};

#[tokio::test(flavor = "multi_thread")]
async fn several_addresses() {
    let lone = Lone::start(&["--web.listen-address", "127.0.0.2:0", "--web.listen-address", "127.0.0.3:0"]);
    let addresses: Vec<String> = wait_for("three addresses", || {
        let log = lone.exporter.log();
        let fields = log.split_whitespace().filter_map(|field| field.strip_prefix("address="));
        Some(fields.map(str::to_owned).collect::<Vec<_>>()).filter(|addresses| addresses.len() == 3)
    });
    for address in addresses {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(&close(GET)).await.unwrap();
        assert!(read_to_end(&mut stream).await.ends_with("pve-exporter is healthy\n"), "{address}");
    }
}

fn close(request: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(request).unwrap();
    text.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n").into_bytes()
}

/// As systemd starts it: the socket is descriptor 3.
fn activated(socket: impl Into<std::os::fd::OwnedFd>) -> Command {
    let mut command = Command::new("sh");
    let script = "exec 3<&0 0</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" \"$@\"";
    harness::isolate(&mut command).args(["-c", script]).arg(harness::binary());
    command.stdin(Stdio::from(socket.into())).args(["--config.file", "pve.yml", "--web.systemd-socket"]);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_of_systemd() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let lone = Lone::of(&mut activated(socket), tempfile::tempdir().unwrap());
    assert_eq!(lone.exporter.address, address);
    assert_eq!(lone.get("/-/healthy").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unix_socket_of_systemd() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let socket = UnixListener::bind(&path).unwrap();
    write_config(directory.path());
    let child = activated(socket).current_dir(directory.path()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let _process = harness::Process(child.unwrap());
    // The socket is open already; the request waits for the exporter.
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(&close(GET)).await.unwrap();
    assert!(read_to_end(&mut stream).await.ends_with("pve-exporter is healthy\n"));
}

#[test]
fn no_socket_of_systemd() {
    let directory = tempfile::tempdir().unwrap();
    write_config(directory.path());
    let mut command = harness::command();
    command.current_dir(directory.path()).args(["--config.file", "pve.yml", "--web.systemd-socket"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("--web.systemd-socket: systemd passed no socket"), "{text}");
}
