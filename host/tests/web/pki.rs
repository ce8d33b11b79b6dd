//! Certificates for the exporter and its clients, and connections with them.

use std::net::SocketAddr;
use std::sync::Arc;

use harness::Exposition;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::support::Lone;

/// The password of `alice`, and its hash.
pub(super) const PASSWORD: &str = "correct horse";
pub(super) const HASH: &str = "$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2";

/// Certificate and key as PEM.
#[derive(Clone)]
pub(super) struct Identity {
    pub(super) certificate: String,
    pub(super) key: String,
}

pub(super) struct Pki {
    authority: CertifiedIssuer<'static, KeyPair>,
    pub(super) server: Identity,
}

impl Pki {
    pub(super) fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let server = issue(&authority, &["localhost".to_owned().into(), address("127.0.0.1")]);
        Self { authority, server }
    }

    pub(super) fn authority(&self) -> String {
        self.authority.pem()
    }

    /// A certificate of this authority with these subject alternative names.
    pub(super) fn issue(&self, names: &[Name]) -> Identity {
        issue(&self.authority, names)
    }

    /// The server's files, the authority, and `web.yml` with these lines below `tls_server_config`.
    pub(super) fn directory_with(&self, tls: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
        write("server.pem", &self.server.certificate);
        write("server.key", &self.server.key);
        write("authority.pem", &self.authority());
        write("web.yml", &format!("tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n{tls}"));
        directory
    }

    pub(super) fn directory(&self) -> tempfile::TempDir {
        self.directory_with("")
    }

    /// An exporter with these lines below `tls_server_config`.
    pub(super) fn exporter(&self, tls: &str) -> Lone {
        Lone::in_directory(self.directory_with(tls), &["--web.config.file", "web.yml"])
    }

    pub(super) fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der().clone()).unwrap();
        roots
    }

    pub(super) fn client_config(&self, alpn: &[&[u8]]) -> ClientConfig {
        let mut config = ClientConfig::builder().with_root_certificates(self.roots()).with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        config
    }

    pub(super) fn client_config_with(&self, identity: &Identity) -> ClientConfig {
        let certificate = CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
        let builder = ClientConfig::builder().with_root_certificates(self.roots());
        builder.with_client_auth_cert(vec![certificate], key).unwrap()
    }

    pub(super) async fn connect(
        &self,
        server: SocketAddr,
        config: ClientConfig,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(server).await?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    /// The response to a request for a path: in TLS 1.3 only it shows whether the server takes the client's certificate.
    pub(super) async fn get(&self, lone: &Lone, config: ClientConfig, path: &str) -> std::io::Result<String> {
        let mut stream = self.connect(lone.exporter.address, config).await?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut response = String::new();
        stream.read_to_string(&mut response).await?;
        Ok(response)
    }

    pub(super) async fn closed(&self, lone: &Lone, reason: &str) -> f64 {
        let response = self.get(lone, self.client_config(&[]), "/metrics").await.unwrap();
        let series = format!("pve_exporter_http_connections_closed_total{{reason=\"{reason}\"}}");
        Exposition(response).value(&series).unwrap_or_default()
    }
}

/// A subject alternative name.
pub(super) struct Name(SanType);

impl From<String> for Name {
    fn from(name: String) -> Self {
        Self(SanType::DnsName(name.try_into().unwrap()))
    }
}

pub(super) fn dns(name: &str) -> Name {
    name.to_owned().into()
}

pub(super) fn address(address: &str) -> Name {
    Name(SanType::IpAddress(address.parse().unwrap()))
}

pub(super) fn uri(uri: &str) -> Name {
    Name(SanType::URI(uri.try_into().unwrap()))
}

pub(super) fn mail(address: &str) -> Name {
    Name(SanType::Rfc822Name(address.try_into().unwrap()))
}

fn issue(authority: &CertifiedIssuer<'static, KeyPair>, names: &[Name]) -> Identity {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.subject_alt_names = names.iter().map(|Name(name)| name.clone()).collect();
    let certificate = params.signed_by(&key, authority).unwrap();
    Identity { certificate: certificate.pem(), key: key.serialize_pem() }
}

/// A certificate that only it vouches for; an authority, as `openssl req -x509` makes them.
pub(super) fn self_signed(name: &str) -> Identity {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Identity { certificate: params.self_signed(&key).unwrap().pem(), key: key.serialize_pem() }
}
