//! The tutorial's commands, in order, from an empty folder.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::projects::build;
use crate::support::{Bench, root};

/// Blocks of the document in this language.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    document.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn its_commands_work_from_an_empty_folder() {
    let document = std::fs::read_to_string(root().join("docs/collectors/tutorial.md")).unwrap();
    let bench = Bench::new();
    let sdk = root().join("guests/sdk");
    // Whether the target is there, and the registry's crates with it, is found out on a project of its own.
    assert_eq!(bench.run(&["new", "probe", "--sdk", sdk.to_str().unwrap()]).status, 0);
    if !build(&bench, "probe") {
        return;
    }
    let target = root().join("target/author-rust");
    let mut script = String::from("set -eu\n");
    for block in blocks(&document, "sh") {
        script.push_str(&block);
    }
    // The crate is not published from here; the rest is as it is written.
    let script =
        script.replace("collector new pool-space", &format!("collector new pool-space --sdk {}", sdk.display()));
    let source = blocks(&document, "rust").into_iter().next().unwrap();
    bench.write("lib.rs", source);
    let collectors = bench.path("collectors");
    std::fs::create_dir(&collectors).unwrap();
    let lock = root().join("Cargo.lock");
    let script = script
        .replace(
            "cd pool-space\n",
            &format!(
                "cd pool-space\ncp {} .\nln -s {} target\ncp ../lib.rs src/lib.rs\n",
                lock.display(),
                target.display()
            ),
        )
        .replace("cargo ", "cargo --offline ")
        .replace("/etc/pve-exporter/collectors", collectors.to_str().unwrap());
    let binary = Path::new(env!("CARGO_BIN_EXE_pve-exporter")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .arg("-c")
        .arg(&script)
        .env("PATH", path)
        .env("CACHE_DIRECTORY", root().join("target/author-cache"))
        .current_dir(bench.directory.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
    assert!(output.status.success(), "{script}\n{said}");
    assert!(said.contains("all as expected") && said.contains("0 errors, 0 warnings"), "{said}");
    assert!(bench.path("collectors/pool-space.yml").exists(), "{said}");
}
