//! The meaning of valid configurations: files, environment, targets.

use std::path::Path;
use std::time::Duration;

use pve_exporter::config::{Config, ConfigSource, Credentials, Environment, Module, Secret, Target, Verify};

fn load_with(yaml: &str, environment: &Environment) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pve.yml");
    std::fs::write(&file, yaml.replace("FOLDER", folder.path().to_str().unwrap())).unwrap();
    std::fs::write(folder.path().join("secret"), "  from-a-file \n").unwrap();
    Config::load(&file, environment).map_err(|error| error.to_string()).unwrap()
}

fn load(yaml: &str) -> Config {
    load_with(yaml, &Environment::default())
}

fn module(keys: &str) -> Module {
    let config = load(&format!("default: {{user: p@pve, password: sesame, {keys}}}"));
    config.modules.into_values().next().unwrap()
}

fn credentials(keys: &str) -> Credentials {
    load(&format!("default: {{{keys}}}")).modules.into_values().next().unwrap().credentials
}

fn token() -> Credentials {
    Credentials::Token { user: "p@pve".into(), name: "x".into(), value: Secret::new("uuid") }
}

#[test]
fn defaults_are_the_peers() {
    let module = module("");
    assert_eq!(module.name, "default");
    assert_eq!(module.port, 8006);
    assert_eq!(module.verify, Verify::System);
    assert_eq!(module.timeout, Duration::from_secs(5));
    assert_eq!(module.path_prefix, "");
    assert_eq!(module.targets, None);
    let password = Credentials::Password { user: "p@pve".into(), password: Secret::new("sesame"), otp: None };
    assert_eq!(module.credentials, password);
}

#[test]
fn tokens_in_every_spelling() {
    assert_eq!(credentials("user: p@pve, token_name: x, token_value: uuid"), token());
    assert_eq!(credentials("user: p@pve!x, token_value: uuid"), token());
    assert_eq!(credentials("token: p@pve!x=uuid"), token());
    assert_eq!(credentials("token: PVEAPIToken=p@pve!x=uuid"), token());
    // As in prometheus-pve-exporter, the token takes precedence over a password.
    assert_eq!(credentials("user: p@pve, token_name: x, token_value: uuid, password: y"), token());
    // A key without a value counts as missing.
    assert_eq!(credentials("user: p@pve, token_name: x, token_value: uuid, password: , otp: "), token());
}

#[test]
fn secrets_from_numbers_and_files() {
    let Credentials::Password { password, otp, .. } = credentials("user: p@pve, password: 123456, otp: 654321") else {
        panic!("a password was given");
    };
    assert_eq!((password.reveal(), otp.as_ref().map(Secret::reveal)), ("123456", Some("654321")));
    let Credentials::Token { value, .. } = credentials("user: p@pve, token_name: x, token_value_file: FOLDER/secret")
    else {
        panic!("a token was given");
    };
    assert_eq!(value.reveal(), "from-a-file");
}

#[test]
fn verification() {
    for on in ["true", "yes", "ON", "'True'", "1"] {
        assert_eq!(module(&format!("verify_ssl: {on}")).verify, Verify::System, "{on}");
    }
    for off in ["false", "no", "Off", "'false'", "0"] {
        assert_eq!(module(&format!("verify_ssl: {off}")).verify, Verify::Disabled, "{off}");
    }
    assert_eq!(module("verify_ssl: /etc/ca.pem").verify, Verify::CaFile("/etc/ca.pem".into()));
    let pin = "AB:".repeat(31) + "CD";
    let mut digest = [0xab; 32];
    digest[31] = 0xcd;
    assert_eq!(module(&format!("verify_ssl: false, fingerprint: '{pin}'")).verify, Verify::Fingerprints(vec![digest]));
    assert_eq!(module(&format!("fingerprint: ['{pin}', '{pin}']")).verify, Verify::Fingerprints(vec![digest, digest]));
}

#[test]
fn numbers_and_paths() {
    let module =
        module("port: '8007', timeout: '2.5', path_prefix: pve/x/, service: pve, cert: /c.pem, max_concurrent: 4");
    assert_eq!((module.port, module.timeout), (8007, Duration::from_millis(2500)));
    assert_eq!((module.path_prefix.as_str(), module.max_concurrent), ("/pve/x", Some(4)));
    assert_eq!(module.client_certificate.as_deref(), Some(Path::new("/c.pem")));
}

#[test]
fn targets_are_normalised() {
    let cases = [
        ("pve1", "pve1:8006"),
        ("PVE1.Example.:443", "pve1.example.:443"),
        ("192.0.2.1", "192.0.2.1:8006"),
        ("::1", "[::1]:8006"),
        ("2001:DB8:0::1", "[2001:db8::1]:8006"),
        ("[::1]", "[::1]:8006"),
        ("[::1]:9006", "[::1]:9006"),
        ("https://pve1:8006/", "pve1:8006"),
        ("HTTPS://pve1", "pve1:8006"),
        ("https://[::1]:1/", "[::1]:1"),
        ("pve_1", "pve_1:8006"),
    ];
    for (text, normal) in cases {
        assert_eq!(Target::parse(text, 8006).map(|target| target.to_string()).as_deref(), Ok(normal), "{text}");
    }
}

#[test]
fn several_targets_are_one_cluster() {
    let module = module("port: 443, target: [pve1, 'pve2:8006', pve1, 'https://pve1:443/']");
    assert_eq!(module.targets.unwrap().to_string(), "pve1:443,pve2:8006");
}

#[test]
fn a_request_names_its_target() {
    let open = module("port: 443");
    assert_eq!(open.target("pve9").unwrap().to_string(), "pve9:443");
    let closed = module("allowed_targets: [pve1, '192.0.2.1']");
    assert!(closed.target("https://PVE1:8006/").is_ok());
    assert!(closed.target("pve1:8007").is_err());
    let text = closed.target("evil.example").unwrap_err().to_string();
    assert!(text.starts_with("target \"evil.example\" is not among the module's allowed_targets"), "{text}");
    assert!(closed.target("127.1").is_err());
}

#[test]
fn modules_share_keys_by_merging() {
    let config = load(
        "default: &d {user: p@pve, token_name: x, token_value: uuid}\n\
         second: {<<: *d, verify_ssl: no}\n\
         10: {<<: *d, timeout: 1}\n",
    );
    assert_eq!(config.modules.keys().collect::<Vec<_>>(), ["10", "default", "second"]);
    assert_eq!(config.modules["second"].credentials, token());
    assert!(matches!(config.source, ConfigSource::File(_)));
}

#[test]
fn the_environment_replaces_the_file() {
    let environment = |more: &[(&str, &str)]| -> Environment {
        let base = [("PVE_USER", "p@pve"), ("PVE_TOKEN_NAME", "x"), ("PVE_TOKEN_VALUE", "uuid")];
        base.iter().chain(more).copied().collect()
    };
    let config = load_with("not even: [yaml", &environment(&[]));
    assert_eq!(config.source, ConfigSource::Environment);
    assert_eq!(config.modules["default"].credentials, token());

    let config = load_with("", &environment(&[("PVE_MODULE", "m"), ("PVE_TARGET", "pve1, pve2:443")]));
    assert_eq!(config.modules["m"].targets.as_ref().unwrap().to_string(), "pve1:8006,pve2:443");

    for (value, verify) in [("false", false), ("False", false), ("0", false), ("no", true), ("", true), ("/ca", true)] {
        let module = &load_with("", &environment(&[("PVE_VERIFY_SSL", value)])).modules["default"];
        assert_eq!(module.verify, if verify { Verify::System } else { Verify::Disabled }, "{value}");
    }

    // Without PVE_USER the other variables are ignored.
    let environment = [("PVE_TOKEN_VALUE", "other"), ("PVE_MODULE", "m")].into_iter().collect();
    let config = load_with("default: {token: p@pve!x=uuid}", &environment);
    assert_eq!(config.modules["default"].credentials, token());
}

#[test]
fn debug_output_has_no_secret() {
    let config = load("default: {user: p@pve, password: sesame, otp: 123456}\nb: {token: p@pve!x=sesame}");
    let environment: Environment = [("PVE_PASSWORD", "sesame")].into_iter().collect();
    let text = format!("{config:?} {environment:?}");
    assert!(!text.contains("sesame") && !text.contains("123456"), "{text}");
}
