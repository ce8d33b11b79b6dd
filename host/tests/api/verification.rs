//! Verification of the server's certificate.

use pve_exporter::api::Client;
use pve_exporter::config::ClientOptions;
use pve_exporter::contract::FetchErrorKind;
use rcgen::{BasicConstraints, IsCa};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_rustls::rustls::version::TLS12;
use tokio_rustls::rustls::{ALL_VERSIONS, SupportedProtocolVersion};

use super::identity::{Authority, Identity};
use super::server::{Asker, Reply, Server, module};

fn folder_with(name: &str, content: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    std::fs::write(&file, content).unwrap();
    let path = file.to_str().unwrap().to_owned();
    (folder, path)
}

fn pin(identity: &Identity) -> String {
    Sha256::digest(&identity.chain[0]).iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

async fn ask(identity: Identity, keys: &str) -> Result<(), String> {
    let server = Server::start_as(identity, |_| Reply::json(r#"{"data":1}"#)).await;
    let asker = Asker::new(&module(&format!("target: '{}', {keys}", server.address)), ClientOptions::default());
    let result = asker.get("/version").await;
    result.map(drop).map_err(|error| {
        assert_eq!(error.kind, FetchErrorKind::Unavailable);
        assert_eq!(asker.log.lines(), ["/version tls"]);
        assert!(server.seen().is_empty(), "the token was sent");
        error.detail.split_once(": ").unwrap().1.to_owned()
    })
}

#[tokio::test]
async fn the_clusters_ca() {
    let identity = Identity::signed(&["127.0.0.1"]);
    let (_folder, file) = folder_with("ca.pem", &identity.ca_pem);
    assert_eq!(ask(identity, &format!("verify_ssl: '{file}'")).await, Ok(()));

    let error = ask(Identity::signed(&["127.0.0.1"]), &format!("verify_ssl: '{file}'")).await.unwrap_err();
    assert_eq!(
        error,
        "the server's certificate is signed by an unknown authority: set verify_ssl to the cluster's CA file \
         (/etc/pve/pve-root-ca.pem of a node, copied here), or pin the certificate with fingerprint"
    );

    let identity = Identity::signed(&["pve1.example"]);
    let (_folder, file) = folder_with("ca.pem", &identity.ca_pem);
    let error = ask(identity, &format!("verify_ssl: '{file}'")).await.unwrap_err();
    assert!(error.contains("pve1.example"), "{error}");
    assert!(
        error.ends_with("use a name that is in the certificate as target, or pin the certificate with fingerprint"),
        "{error}"
    );
}

#[tokio::test]
async fn the_servers_own_certificate_as_ca_file() {
    for is_ca in [IsCa::NoCa, IsCa::ExplicitNoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
        let identity = Identity::self_signed(is_ca);
        let (_folder, file) = folder_with("own.pem", &identity.ca_pem);
        assert_eq!(ask(identity, &format!("verify_ssl: '{file}'")).await, Ok(()));
        assert!(ask(Identity::self_signed(is_ca), &format!("verify_ssl: '{file}'")).await.is_err());
    }
}

/// The certificate of one server is not an authority: with its key, it could speak for all others.
#[tokio::test]
async fn a_certificate_that_is_not_a_cas_means_itself() {
    let authority = Authority::new();
    let (leaf, other) = (authority.sign(&["127.0.0.1"]), authority.sign(&["127.0.0.1"]));
    let forged = leaf.sign_another(&["127.0.0.1"]);
    let (_folder, file) = folder_with("leaf.pem", &leaf.pem());
    let keys = format!("verify_ssl: '{file}'");
    assert_eq!(ask(leaf.identity(), &keys).await, Ok(()));
    for identity in [other.identity(), forged] {
        let error = ask(identity, &keys).await.unwrap_err();
        assert!(error.contains("signed by an unknown authority"), "{error}");
    }
    // Together with the authority both count.
    let (_folder, file) = folder_with("both.pem", &(leaf.pem() + &authority.pem()));
    assert_eq!(ask(other.identity(), &format!("verify_ssl: '{file}'")).await, Ok(()));
}

/// webpki does not read certificates of version 1, but a pin needs no reading.
#[tokio::test]
async fn a_certificate_of_the_first_version() {
    static OLD: &[&SupportedProtocolVersion] = &[&TLS12];
    for versions in [ALL_VERSIONS, OLD] {
        let identity = || Identity { versions, ..Identity::first_version() };
        let one = identity();
        let digest = pin(&one);
        assert_eq!(ask(one, &format!("fingerprint: '{digest}'")).await, Ok(()));
        let error = ask(identity(), &format!("fingerprint: '{digest}'")).await.unwrap_err();
        assert!(error.contains("has the fingerprint"), "{error}");
        let one = identity();
        let (_folder, file) = folder_with("own.pem", &one.ca_pem);
        assert_eq!(ask(one, &format!("verify_ssl: '{file}'")).await, Ok(()));
        let (_folder, file) = folder_with("ca.pem", &Authority::new().pem());
        for keys in [String::new(), format!("verify_ssl: '{file}'")] {
            let error = ask(identity(), &keys).await.unwrap_err();
            assert!(error.contains("is an X.509 version 1 certificate, which can't be verified: pin it"), "{error}");
        }
        // Whoever shows the certificate without its key is not believed.
        let one = identity();
        let digest = pin(&one);
        let thief = Identity { key: identity().key, ..one };
        assert!(ask(thief, &format!("fingerprint: '{digest}'")).await.is_err());
    }
}

#[tokio::test]
async fn the_systems_store_does_not_know_a_clusters_ca() {
    let error = ask(Identity::signed(&["127.0.0.1"]), "").await.unwrap_err();
    assert!(error.contains("signed by an unknown authority"), "{error}");
}

#[tokio::test]
async fn verification_switched_off() {
    assert_eq!(ask(Identity::signed(&["other.example"]), "verify_ssl: false").await, Ok(()));
}

#[tokio::test]
async fn pinned_fingerprints() {
    let identity = Identity::signed(&["other.example"]);
    let (right, wrong) = (pin(&identity), "00".repeat(32));
    assert_eq!(ask(identity, &format!("fingerprint: ['{wrong}', '{right}']")).await, Ok(()));

    let identity = Identity::signed(&["127.0.0.1"]);
    let shown = pin(&identity);
    let error = ask(identity, &format!("fingerprint: '{wrong}', verify_ssl: false")).await.unwrap_err();
    let words = "if this is the right server, set fingerprint to it";
    assert_eq!(error, format!("the server's certificate has the fingerprint {shown}: {words}"));
}

#[tokio::test]
async fn a_port_that_speaks_no_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let asker = Asker::new(&module(&format!("verify_ssl: false, target: '{address}'")), ClientOptions::default());
    let error = asker.error("/version").await;
    assert_eq!(error.detail, format!("{address}: the server does not use TLS: is this the API's port (8006)?"));
}

#[test]
fn files_that_are_no_certificates() {
    let problem = |keys: &str| Client::check(&module(keys)).unwrap_err().to_string();
    let (_folder, file) = folder_with("ca.pem", "not a certificate\n");
    assert_eq!(
        problem(&format!("verify_ssl: '{file}'")),
        format!("module default: verify_ssl: {file}: contains no PEM certificate (-----BEGIN CERTIFICATE-----)")
    );
    let (_folder, file) = folder_with("ca.pem", "-----BEGIN CERTIFICATE-----\n?!\n-----END CERTIFICATE-----\n");
    let text = problem(&format!("verify_ssl: '{file}'"));
    assert!(text.starts_with(&format!("module default: verify_ssl: {file}: not a PEM file")), "{text}");
    let text = problem("verify_ssl: /nonexistent/ca.pem");
    assert!(text.starts_with("module default: verify_ssl names a file that does not exist; "), "{text}");
    let text = problem("cert: /nonexistent/cert.pem");
    assert!(text.starts_with("module default: cert names a file that does not exist; "), "{text}");
    let text = problem("verify_ssl: /");
    assert!(text.starts_with("module default: verify_ssl: /: can't be read: Is a directory"), "{text}");
    let (_folder, file) = folder_with("cert.pem", &Identity::signed(&["x"]).ca_pem);
    let text = problem(&format!("cert: '{file}'"));
    assert!(text.starts_with(&format!("module default: cert: {file}: contains no private key")), "{text}");
}
