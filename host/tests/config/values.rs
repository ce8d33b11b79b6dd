//! The meaning of valid configurations: files, environment, targets.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use pve_exporter::config::{Config, ConfigSource, Credentials, Environment, Module, Secret, Target, Verify};

fn load_with(yaml: &str, environment: &Environment) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pve.yml");
    std::fs::write(&file, yaml.replace("FOLDER", folder.path().to_str().unwrap())).unwrap();
    std::fs::write(folder.path().join("secret"), "  from-a-file \n").unwrap();
    std::fs::write(folder.path().join("secret-with-mark"), "\u{feff}from-a-file\r\n").unwrap();
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

fn password(keys: &str) -> String {
    match credentials(&format!("user: p@pve, {keys}")) {
        Credentials::Password { password, .. } => password.reveal().to_owned(),
        Credentials::Token { .. } => panic!("a password was given"),
    }
}

#[test]
fn secrets_are_what_the_file_says() {
    for text in [
        "123456",
        "0x1F",
        "0o17",
        "0b101",
        "+49",
        "007",
        "1_000",
        "1.5",
        "1e3",
        "98765432109876543210",
        "yes",
        "false",
        "12:30:45",
        "2024-01-01",
        ".nan",
        "0x1FFFFFFFFFFFFFFFFFFFF",
    ] {
        assert_eq!(password(&format!("password: {text}")), text);
        assert_eq!(password(&format!("password: '{text}'")), text);
    }
    assert_eq!(password("password: \"a\\u00fc\\\"\""), "aü\"");
    assert_eq!(password("password: ' x '"), " x ");
    assert_eq!(password("password: !!str 5"), "5");
    assert_eq!(password("password_file: FOLDER/secret"), "from-a-file");
    assert_eq!(password("password_file: FOLDER/secret-with-mark"), "from-a-file");
    let Credentials::Password { otp, .. } = credentials("user: p@pve, password: x, otp: 0654321") else {
        panic!("a password was given");
    };
    assert_eq!(otp.as_ref().map(Secret::reveal), Some("0654321"));
    let Credentials::Token { value, .. } = credentials("user: p@pve, token_name: x, token_value_file: FOLDER/secret")
    else {
        panic!("a token was given");
    };
    assert_eq!(value.reveal(), "from-a-file");
    // Files often end with a line feed that is not part of the secret.
    let environment = [("PVE_USER", "p@pve"), ("PVE_PASSWORD", "\u{feff}sesame\r\n")].into_iter().collect();
    let Credentials::Password { password, .. } = &load_with("", &environment).modules["default"].credentials else {
        panic!("a password was given");
    };
    assert_eq!(password.reveal(), "sesame");
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
    assert!(text.starts_with("target \"evil.example\" is not in the module's allowed_targets"), "{text}");
    assert!(closed.target("127.1").is_err());
}

#[test]
fn modules_share_keys_by_merging() {
    let config = load(
        "default: &d {user: p@pve, token_name: x, token_value: uuid}\n\
         second: {<<: *d, verify_ssl: no}\n\
         10: {<<: *d, timeout: 1}\n\
         _only: &o {timeout: 2}\n\
         .only: {<<: *o}\n",
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
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let module = &load_with("", &environment(&[("PVE_VERIFY_SSL", path)])).modules["default"];
    assert_eq!(module.verify, Verify::CaFile(path.into()));

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

#[test]
fn what_may_not_be_meant_is_reported() {
    let private = |text: &str| -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pve.yml");
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let config = Config::load(&file, &Environment::default()).map_err(|error| error.to_string()).unwrap();
        config.notices.iter().map(ToString::to_string).collect()
    };
    assert_eq!(private("m: {user: p@pve, password: sesame, verify_ssl: /ca.pem}"), [""; 0]);
    let notices =
        private("m: {user: p@pve, token_name: x, token_value: uuid, password: sesame, otp: 1, verify_ssl: no}");
    let expected = ["password is not used", "otp is not used", "certificates are not verified (verify_ssl)"];
    assert_eq!(notices.len(), expected.len(), "{notices:#?}");
    for (notice, words) in notices.iter().zip(expected) {
        assert!(notice.starts_with(&format!("module m: {words}")), "{notice}");
    }

    let environment = |variables: &[(&str, &str)]| variables.iter().copied().collect::<Environment>();
    let notices = |environment: &Environment, text: &str| -> Vec<String> {
        load_with(text, environment).notices.iter().map(ToString::to_string).collect()
    };
    let unused = environment(&[("PVE_PASSWORD", "sesame"), ("PVE_TARGET", "x")]);
    let text = notices(&unused, "m: {user: p@pve, password_file: FOLDER/secret}").join("\n");
    assert!(text.contains("PVE_PASSWORD, PVE_TARGET not used, because PVE_USER is not set"), "{text}");
    let no = environment(&[("PVE_USER", "p@pve"), ("PVE_PASSWORD", "sesame"), ("PVE_VERIFY_SSL", "no")]);
    let text = notices(&no, "").join("\n");
    assert!(text.contains("PVE_VERIFY_SSL is neither false, 0 nor the path of a file"), "{text}");
    let proxy = environment(&[("HTTPS_PROXY", "http://secret@proxy:3128"), ("all_proxy", "")]);
    let text = notices(&proxy, "m: {user: p@pve, password_file: FOLDER/secret}").join("\n");
    assert!(text.ends_with("HTTPS_PROXY not used: the exporter connects to Proxmox VE directly"), "{text}");
    assert!(!text.contains("secret@"), "{text}");
}

#[test]
fn files_with_secrets_that_others_can_read_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let (file, secret) = (folder.path().join("pve.yml"), folder.path().join("secret"));
    std::fs::write(&secret, "sesame").unwrap();
    let notices = |text: &str, modes: [u32; 2]| -> Vec<String> {
        std::fs::write(&file, text).unwrap();
        for (path, mode) in [&file, &secret].into_iter().zip(modes) {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        Config::load(&file, &Environment::default()).unwrap().notices.iter().map(ToString::to_string).collect()
    };
    let inline = "m: {user: p@pve, password: sesame}";
    let named = format!("m: {{user: p@pve, password_file: '{}'}}", secret.display());
    assert_eq!(notices(inline, [0o640, 0o600]), [""; 0]);
    assert_eq!(notices(&named, [0o644, 0o600]), [""; 0]);
    let (file, secret) = (file.display(), secret.display());
    let words = "can be read by every user (mode 0644): chmod 0600 or 0640 keeps its secrets from other users";
    assert_eq!(notices(inline, [0o644, 0o644]), [format!("{file} {words}")]);
    assert_eq!(notices(&named, [0o644, 0o644]), [format!("{secret} {words}")]);
    let text = notices(&named, [0o666, 0o600]).join("");
    assert!(text.starts_with(&format!("{file} can be changed by other users (mode 0666): ")), "{text}");
}
