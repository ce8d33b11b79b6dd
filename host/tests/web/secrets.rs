//! A secret under every key of the web configuration, right and wrong, in each spelling: no error shows a part of it.

use proptest::prelude::*;
use pve_exporter::config::Flags;
use pve_exporter::web::LiveWebConfig;

use super::pki::{HASH, Pki};
use crate::config::secrets::{SECRET, assert_hidden};

const TLS: [&str; 15] = [
    "cert",
    "cert_file",
    "key",
    "key_file",
    "client_ca",
    "client_ca_file",
    "client_auth_type",
    "client_allowed_sans",
    "min_version",
    "max_version",
    "cipher_suites",
    "curve_preferences",
    "prefer_server_cipher_suites",
    "certificate",
    SECRET,
];

const OTHERS: [&str; 11] = [
    "tls_server_config",
    "http_server_config",
    "http_server_config: {http2",
    "http_server_config: {headers",
    "http_server_config: {headers: {X-Frame-Options",
    "basic_auth_users",
    "basic_auth_users: {alice",
    "rate_limit: {interval",
    "rate_limit: {burst",
    "rate_limit",
    SECRET,
];

fn spellings() -> Vec<String> {
    let block = format!("|\n    {SECRET}\n");
    let plain = [SECRET.to_owned(), format!("'{SECRET}'"), format!("[{SECRET}]"), format!("[[{SECRET}]]")];
    let odd = [format!("{{{SECRET}: 1}}"), format!("!{SECRET}"), format!("*{SECRET}"), format!("'{SECRET}"), block];
    let pem = ["PRIVATE KEY", "CERTIFICATE"]
        .map(|kind| format!("|\n    -----BEGIN {kind}-----\n    {SECRET}\n    -----END {kind}-----\n"));
    let begin = [format!("\"-----BEGIN {SECRET}\""), format!("\"-----BEGIN {SECRET}-----\"")];
    plain.into_iter().chain(odd).chain(pem).chain(begin).collect()
}

fn documents() -> Vec<String> {
    let others = |key: &str| key.matches('{').count();
    let closed = |key: &str, value: &str| format!("{key}: {value}{}\n", "}".repeat(others(key)));
    let pair = "  cert_file: server.pem\n  key_file: server.key\n";
    let tls = |key: &str, value: &str| {
        let rest: String = pair
            .lines()
            .filter(|line| !line.trim().starts_with(&format!("{key}:")))
            .map(|line| line.to_owned() + "\n")
            .collect();
        format!("tls_server_config:\n  {key}: {value}\n{rest}")
    };
    let mut documents = Vec::new();
    for value in spellings() {
        documents.extend(OTHERS.map(|key| closed(key, &value)));
        documents.extend(TLS.map(|key| tls(key, &value)));
    }
    documents
}

/// What the exporter says about a web configuration in a directory.
fn said(directory: &tempfile::TempDir, text: &[u8]) -> String {
    let path = directory.path().join("web.yml");
    std::fs::write(&path, text).unwrap();
    let flags = Flags::parse_args(["pve-exporter", "--web.config.file", path.to_str().unwrap()], &[]).unwrap();
    match LiveWebConfig::load(&flags.web) {
        Ok(web) => format!("{:?} {web:?}", web.notices()),
        Err(error) => format!("{error} {error:?}"),
    }
}

#[test]
fn no_key_shows_its_value() {
    let directory = Pki::new().directory();
    let documents = documents();
    assert_eq!(documents.len(), spellings().len() * (TLS.len() + OTHERS.len()));
    for text in documents {
        assert_hidden(&said(&directory, text.as_bytes()), &text);
    }
}

#[test]
fn no_broken_file_shows_its_content() {
    let directory = Pki::new().directory();
    let text = format!("basic_auth_users:\n  alice: {HASH}\n  bob: {SECRET}\ntls_server_config:\n  key: {SECRET}\n")
        .into_bytes();
    let edit = (any::<prop::sample::Index>(), prop::sample::select(&b"\t\n :'\"{}[]*&!|>%@`#,-?\0\xff"[..]));
    proptest!(|(edits in prop::collection::vec(edit, 1..4))| {
        let mut broken = text.clone();
        for (at, byte) in &edits {
            broken.insert(at.index(broken.len()), *byte);
        }
        let shown = String::from_utf8_lossy(&broken).into_owned();
        assert_hidden(&said(&directory, &broken), &shown);
    });
}

/// Files that hold a key or hashes, with the modes of a careless hand.
#[test]
fn files_that_others_can_read_or_change_are_reported() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = Pki::new().directory();
    let chmod = |name: &str, mode: u32| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(directory.path().join(name), permissions).unwrap();
    };
    let text = std::fs::read(directory.path().join("web.yml")).unwrap();
    let check = |modes: [u32; 3]| {
        for (name, mode) in ["server.key", "server.pem", "web.yml"].into_iter().zip(modes) {
            chmod(name, mode);
        }
        said(&directory, &text)
    };
    assert!(check([0o600, 0o644, 0o644]).starts_with("[] "));
    assert!(check([0o644, 0o644, 0o644]).contains("server.key can be read by every user (mode 0644)"));
    assert!(
        check([0o600, 0o666, 0o644]).contains(
            "server.pem can be changed by other users (mode 0666): whoever changes it decides who may connect"
        )
    );
    assert!(check([0o640, 0o644, 0o664]).contains("web.yml can be changed by other users (mode 0664)"));
    std::fs::write(directory.path().join("web.yml"), "").unwrap();
    chmod("web.yml", 0o644);
    assert!(
        said(&directory, format!("basic_auth_users:\n  alice: {HASH}\n").as_bytes())
            .contains("web.yml can be read by every user")
    );
}
