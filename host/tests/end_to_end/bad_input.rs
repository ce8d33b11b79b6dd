//! Wrong command lines and configurations: one line with the problem and the remedy, and the exit status that tells usage
//! errors from failures. `UPDATE_GOLDEN=1` rewrites `tests/golden/cli`.

use std::path::Path;
use std::time::Duration;

use pve_sim::{Rights, Sim, Spec};

use harness::{assert_golden, command, configure, repository};

fn golden(name: &str, arguments: &[&str], directory: &Path, replace: &[(&str, &str)]) {
    let output = command().args(arguments).current_dir(directory).output().unwrap();
    let mut text = format!("exit status {}\n", output.status.code().unwrap());
    text.push_str(&String::from_utf8(output.stdout).unwrap());
    text.push_str(&String::from_utf8(output.stderr).unwrap());
    for (from, to) in replace {
        text = text.replace(from, to);
    }
    assert_golden(&repository().join(format!("host/tests/golden/cli/{name}.txt")), &text);
}

#[test]
fn configurations_that_are_none() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("no-yaml.yml", "default:\n  user: [\n");
    write("unknown-key.yml", "default:\n  user: a@pve\n  token_nmae: x\n  token_value: y\n");
    write("token.yml", "default:\n  token: prometheus@pve=secret\n");
    write("http.yml", "default:\n  user: a@pve\n  token_name: x\n  token_value: y\n  target: http://pve1:8006\n");
    write(
        "ca.yml",
        "default:\n  user: a@pve\n  token_name: x\n  token_value: y\n  target: pve1\n  verify_ssl: no-ca.pem\n",
    );
    write("no-ca.pem", "this is no certificate\n");
    write(
        "ca-missing.yml",
        "default:\n  user: a@pve\n  token_name: x\n  token_value: y\n  target: pve1\n  verify_ssl: nowhere.pem\n",
    );
    for (name, file) in [
        ("config-missing", "nowhere.yml"),
        ("config-is-a-directory", "."),
        ("config-no-yaml", "no-yaml.yml"),
        ("config-unknown-key", "unknown-key.yml"),
        ("config-token-without-mark", "token.yml"),
        ("config-http-target", "http.yml"),
        ("config-ca-is-none", "ca.yml"),
        ("config-ca-missing", "ca-missing.yml"),
    ] {
        golden(name, &["--config.file", file, "--web.listen-address", "127.0.0.1:0"], directory.path(), &[]);
    }
}

#[test]
fn flags_that_are_none() {
    let directory = tempfile::tempdir().unwrap();
    golden("flag-unknown", &["--colector.status"], directory.path(), &[]);
    golden("flag-address", &["--web.listen-address", "9221"], directory.path(), &[]);
}

#[test]
fn an_address_in_use() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("pve.yml"), "default:\n  user: a@pve\n  token_name: x\n  token_value: y\n")
        .unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let arguments = ["--config.file", "pve.yml", "--web.listen-address", &address];
    golden("address-in-use", &arguments, directory.path(), &[(&address, "ADDRESS")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn config_check_asks_the_api() {
    let sim = Sim::start(Spec { auth_delay: Duration::ZERO, ..Spec::default() }).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let config = configure(&sim, directory.path());
    let address = sim.addr().to_string();
    let text = std::fs::read_to_string(&config).unwrap();
    let replace = [(address.as_str(), "ADDRESS")];
    let check = ["--config.check", "--config.file", "pve.yml"];
    tokio::task::block_in_place(|| {
        golden("check-good", &check, directory.path(), &replace);
        sim.set_rights(Rights::None);
        golden("check-without-rights", &check, directory.path(), &replace);
        sim.set_rights(Rights::Full);
        let fault = r#"{"path":"/nodes/{node}/status","node":"node02","status":500,"reason":"got timeout"}"#;
        sim.fault_from_json(fault).unwrap();
        golden("check-failing-node", &check, directory.path(), &replace);
        sim.clear_faults();
        let target = format!("  target: {address}\n");
        std::fs::write(&config, text.replace(&target, "")).unwrap();
        golden("check-no-target", &check, directory.path(), &replace);
        golden("check-target", &[&check[..], &["--target", &address]].concat(), directory.path(), &replace);
        std::fs::write(&config, text.replace(&sim.spec().token_secret, "wrong")).unwrap();
        golden("check-401", &check, directory.path(), &replace);
        let without_ca: String =
            text.lines().filter(|line| !line.contains("verify_ssl")).map(|line| format!("{line}\n")).collect();
        std::fs::write(&config, without_ca).unwrap();
        golden("check-unknown-ca", &check, directory.path(), &replace);
    });
    drop(sim);
    std::fs::write(&config, text).unwrap();
    tokio::task::block_in_place(|| golden("check-unreachable", &check, directory.path(), &replace));
}
