//! Everything the program emits, with secrets planted in every source: standard error, `--config.check`, the response to a reload, the
//! page, the metrics, and the log in both formats.

use std::path::Path;

use harness::{Exporter, client, command};

use crate::config::secrets::{KEYS, SECRET, assert_hidden, documents};

/// A configuration that works, with the secret where it belongs. Nobody listens at its target.
fn good() -> String {
    format!("default:\n  user: a@pve\n  password: {SECRET}\n  verify_ssl: false\n  target: 127.0.0.1:1\n")
}

/// Grants with the secret in each place, right and wrong.
fn grants() -> Vec<String> {
    vec![
        format!("allow: []\nsettings: {{password: '{SECRET}'}}\n"),
        format!("allow: [{SECRET}]\n"),
        format!("allow: {SECRET}\n"),
        format!("sha256: {SECRET}\n"),
        format!("limits: {{cpu: {SECRET}}}\n"),
        format!("limits: {{{SECRET}: 1}}\n"),
        format!("settings: {{a: [{SECRET}]}}\n"),
        format!("settings: {SECRET}\n"),
        format!("{SECRET}: 1\n"),
        format!("settings: {{a: !!int {SECRET}}}\n"),
        format!("settings: {{a: '{SECRET}\n"),
    ]
}

#[test]
fn a_check_shows_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let check = |text: &str, variables: &[(&str, &str)]| {
        std::fs::write(directory.path().join("pve.yml"), text).unwrap();
        let output = command()
            .args(["--config.check", "--config.file", "pve.yml"])
            .envs(variables.iter().copied())
            .current_dir(directory.path())
            .output()
            .unwrap();
        for stream in [output.stdout, output.stderr] {
            assert_hidden(&String::from_utf8(stream).unwrap(), text);
        }
        assert!(!output.status.success(), "{text}");
    };
    check(&good(), &[]);
    // The others are the same as a reload's, which is quicker.
    for key in ["password", "token_value_file", "user", "verify_ssl"] {
        check(&format!("default:\n  {key}: !{SECRET}\n"), &[]);
        check(&format!("default:\n  user: a@pve\n  colour: 1\n  {key}: {SECRET}\n"), &[]);
    }
    for variable in ["PVE_PASSWORD_FILE", "PVE_TOKEN_VALUE", "PVE_FINGERPRINT", "PVE_TARGET"] {
        check("", &[("PVE_USER", "a@pve"), (variable, SECRET)]);
    }
}

async fn nothing_leaks(format: &str) {
    let directory = tempfile::tempdir().unwrap();
    let (config, folder) = (directory.path().join("pve.yml"), directory.path().join("collectors"));
    std::fs::write(&config, good()).unwrap();
    std::fs::create_dir(&folder).unwrap();
    let arguments = ["--log.level=debug", "--log.format", format, "--collectors.directory", folder.to_str().unwrap()];
    let exporter = Exporter::start(&config, &arguments);
    let get = async |path: &str| client().get(exporter.url(path)).send().await.unwrap().text().await.unwrap();
    let reload = async |what: &str| {
        let response = client().post(exporter.url("/-/reload")).send().await.unwrap();
        assert_hidden(&response.text().await.unwrap(), what);
        for path in ["/", "/metrics", "/pve?target=127.0.0.1:1", "/sd"] {
            assert_hidden(&get(path).await, what);
        }
    };
    reload("the good configuration").await;
    install(&folder);
    for text in grants() {
        std::fs::write(folder.join("versioned.yml"), &text).unwrap();
        reload(&text).await;
    }
    std::fs::write(&config, "default: 1\n").unwrap();
    reload("a broken configuration").await;
    // Later errors may be more than a minute's log has room for.
    let log = exporter.log();
    assert!(log.contains("configuration not reloaded") && log.contains("versioned"), "{log}");
    for (position, key) in KEYS.into_iter().enumerate() {
        // A few of each key's documents; the configuration's own tests read all of them.
        for text in documents(key).iter().skip(position % 3).step_by(3) {
            std::fs::write(&config, text).unwrap();
            reload(text).await;
        }
    }
    std::fs::write(&config, good()).unwrap();
    // In a client's request, which is logged and counted.
    for path in [format!("/pve?target={SECRET}"), format!("/pve?module={SECRET}"), format!("/{SECRET}")] {
        get(&path).await;
    }
    assert_hidden(&exporter.log(), "everything");
}

fn install(folder: &Path) {
    std::fs::write(folder.join("versioned.wasm"), harness::zoo_component("versioned")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_exporter_shows_no_secret() {
    nothing_leaks("logfmt").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_does_its_log_in_json() {
    nothing_leaks("json").await;
}
