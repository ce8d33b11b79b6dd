//! Addresses to listen on.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// An address to listen on. `:9221` is every address of the machine; a host name is resolved when it is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenAddress {
    /// Without brackets.
    pub host: String,
    /// 0: any free one.
    pub port: u16,
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let remedy = || "write host:port, [address]:port or :port".to_owned();
        let (host, port) = text.rsplit_once(':').ok_or_else(remedy)?;
        let port = port.parse().map_err(|_| remedy())?;
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(address) => address.parse::<Ipv6Addr>().map_err(|_| remedy())?.to_string(),
            None if host.contains([':', '[', ']', '/', ' ']) => return Err(remedy()),
            None if host.is_empty() => "::".to_owned(),
            None => host.to_owned(),
        };
        Ok(Self { host, port })
    }
}

/// As `TcpListener::bind` takes it.
impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}
