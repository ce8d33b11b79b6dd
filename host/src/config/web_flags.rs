//! The flags of the HTTP side.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::listen_address::ListenAddress;
use crate::units::duration;

#[derive(Debug, Clone, Args)]
pub struct WebFlags {
    /// Address to listen on; repeatable
    #[arg(long = "web.listen-address", value_name = "ADDRESS", default_value = "[::]:9221")]
    pub listen_addresses: Vec<ListenAddress>,

    /// Listen on the sockets that systemd passes instead
    #[arg(long = "web.systemd-socket")]
    pub systemd_socket: bool,

    /// TLS, authentication, headers and rate limit, in the format of the Prometheus exporter toolkit
    #[arg(long = "web.config.file", value_name = "PATH", conflicts_with_all = ["server_certfile", "server_keyfile"])]
    pub web_config_file: Option<PathBuf>,

    /// PEM file with the private key for HTTPS
    #[arg(long = "server.keyfile", value_name = "PATH", requires = "server_certfile")]
    pub server_keyfile: Option<PathBuf>,

    /// PEM file with the certificate for HTTPS
    #[arg(long = "server.certfile", value_name = "PATH", requires = "server_keyfile")]
    pub server_certfile: Option<PathBuf>,

    /// Allow POST /-/reload [default: if only this machine can connect, or clients authenticate]
    #[arg(long = "web.enable-lifecycle", overrides_with = "disable_lifecycle")]
    enable_lifecycle: bool,

    /// Refuse POST /-/reload
    #[arg(long = "no-web.enable-lifecycle", overrides_with = "enable_lifecycle")]
    disable_lifecycle: bool,

    /// Most connections at once
    #[arg(long = "web.max-connections", value_name = "N", default_value_t = 512, value_parser = connections)]
    pub max_connections: usize,

    /// Most connections of one client: an IPv4 address, or the /64 network of an IPv6 address
    #[arg(long = "web.max-connections-per-client", value_name = "N", default_value_t = 128, value_parser = connections)]
    pub max_connections_per_client: usize,

    /// Time for the TLS handshake, and for the header of a request
    #[arg(long = "web.read-timeout", value_name = "TIME", default_value = "10s", value_parser = timeout)]
    pub read_timeout: Duration,

    /// Time from one request of a connection to the next
    #[arg(long = "web.idle-timeout", value_name = "TIME", default_value = "5m", value_parser = timeout)]
    pub idle_timeout: Duration,

    /// Time for a client to read a response
    #[arg(long = "web.write-timeout", value_name = "TIME", default_value = "30s", value_parser = timeout)]
    pub write_timeout: Duration,
}

impl WebFlags {
    /// `--web.config.file`; the empty path is none, as in other exporters.
    #[must_use]
    pub fn config_file(&self) -> Option<&Path> {
        self.web_config_file.as_deref().filter(|path| !path.as_os_str().is_empty())
    }

    /// Whether requests may reload, if a flag says so.
    #[must_use]
    pub fn lifecycle(&self) -> Option<bool> {
        (self.enable_lifecycle || self.disable_lifecycle).then_some(self.enable_lifecycle)
    }
}

fn connections(text: &str) -> Result<usize, String> {
    let remedy = || "write a whole number from 1 to 1000000".to_owned();
    text.parse().ok().filter(|n| (1..=1_000_000).contains(n)).ok_or_else(remedy)
}

fn timeout(text: &str) -> Result<Duration, String> {
    duration(text).and_then(|time| if time.is_zero() { Err("write a time above 0".to_owned()) } else { Ok(time) })
}
