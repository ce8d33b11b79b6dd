//! `collector new`, in Rust.

use std::process::Command;

use super::support::Bench;
use harness::{Optional, repository};

#[test]
fn a_rust_project_builds_and_passes_its_own_test() {
    let bench = Bench::new();
    let sdk = repository().join("guests/sdk");
    let outcome = bench.run(&["new", "disk-life", "--sdk", sdk.to_str().unwrap()]);
    assert_eq!(outcome.status, 0, "{}", outcome.text);
    if !build(&bench, "disk-life") {
        return;
    }
    let component = repository().join("target/author-rust/wasm32-unknown-unknown/release/disk_life.wasm");
    let size = std::fs::metadata(&component).unwrap().len();
    assert!(size < 150 * 1024, "{size} bytes");
    for command in ["test", "check"] {
        let outcome = bench.run(&[command, component.to_str().unwrap(), "--fixtures", "disk-life/fixtures"]);
        assert_eq!(outcome.status, 0, "{}", outcome.text);
    }
}

/// Builds a project's component without network access, with the workspace's versions of dependencies. Returns false where
/// the wasm target is missing.
pub(crate) fn build(bench: &Bench, project: &str) -> bool {
    let folder = bench.path(project);
    std::fs::copy(repository().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().unwrap();
    let sysroot = String::from_utf8(sysroot.stdout).unwrap();
    let target = std::path::Path::new(sysroot.trim()).join("lib/rustlib/wasm32-unknown-unknown/lib");
    if !Optional::Languages.found("Rust's target wasm32-unknown-unknown", target.is_dir()) {
        return false;
    }
    let output = Command::new("cargo")
        .args(["build", "--offline", "--release", "--target", "wasm32-unknown-unknown"])
        .env("CARGO_TARGET_DIR", repository().join("target/author-rust"))
        .env_remove("RUSTFLAGS")
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    true
}

#[test]
fn words_and_errors() {
    let bench = Bench::new();
    bench.golden("new-rust", &["new", "zfs-life"]);
    bench.golden("new-js", &["new", "zfs-js", "--lang", "js"]);
    bench.golden("new-python", &["new", "zfs-py", "--lang", "python", "--path", "python"]);
    bench.golden("new-exists", &["new", "zfs-life"]);
    bench.golden("new-name", &["new", "Zfs_Life"]);
    bench.golden("new-language", &["new", "zfs", "--lang", "cobol"]);
    bench.golden("new-sdk", &["new", "zfs", "--sdk", "nowhere"]);
    assert!(bench.read("zfs-life/Cargo.toml").contains("pve-collector = \"0.1\""));
    assert!(bench.read("zfs-life/src/lib.rs").contains("pub struct ZfsLife;"));
    let wit = std::fs::read_to_string(repository().join("wit/collector.wit")).unwrap();
    assert_eq!(bench.read("python/wit/collector.wit"), wit);
    for file in ["zfs-life/README.md", "zfs-js/package.json", "python/collector.py"] {
        assert!(!bench.read(file).contains("{{"), "{file}");
    }
}
