//! The exporter under the system call filter of the documented systemd unit, without systemd.
//!
//! systemd-analyze expands the unit's groups of calls. A thread takes the filter on, and the exporter that it starts inherits
//! it, as a service does.

use std::collections::BTreeSet;
use std::process::Command;

use pve_exporter::catalog::builtins;
use pve_sim::{Sim, Spec};
use seccompiler::{BpfProgram, TargetArch, apply_filter, compile_from_json};

use harness::{Exporter, Exposition, Optional, client, configure};

const DOCUMENT: &str = include_str!("../../../docs/operations.md");

/// The unit of the section "systemd".
fn unit() -> &'static str {
    DOCUMENT.split_once("```ini\n").unwrap().1.split_once("```").unwrap().0
}

/// The values of a setting, in order.
fn values(setting: &str) -> Vec<&'static str> {
    unit().lines().filter_map(|line| line.strip_prefix(setting)?.strip_prefix('=')).collect()
}

/// The calls in a group, groups in it expanded. systemd-analyze prints a group's members indented below its name.
fn expand(group: &str) -> BTreeSet<String> {
    let output = Command::new("systemd-analyze").args(["--no-pager", "syscall-filter", group]).output().unwrap();
    assert!(output.status.success(), "{group}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let members = text.lines().filter_map(|line| line.strip_prefix("    ")).filter(|line| !line.starts_with('#'));
    members
        .flat_map(|member| if member.starts_with('@') { expand(member) } else { BTreeSet::from([member.to_owned()]) })
        .collect()
}

/// What systemd makes of the unit's filter: the calls it allows, and what happens to the others.
fn filter() -> BpfProgram {
    // systemd allows these always: without them no program starts.
    let mut allowed = expand("@default");
    for line in values("SystemCallFilter") {
        let (deny, groups) = line.strip_prefix('~').map_or((false, line), |groups| (true, groups));
        for call in groups.split_whitespace().flat_map(expand) {
            if deny {
                allowed.remove(&call)
            } else {
                allowed.insert(call)
            };
        }
    }
    let otherwise = match values("SystemCallErrorNumber").as_slice() {
        ["EPERM"] => "{\"errno\": 1}",
        [] => "\"kill_process\"",
        other => panic!("{other:?}"),
    };
    let compile = |calls: &[&str]| {
        let calls: Vec<String> = calls.iter().map(|call| format!("{{\"syscall\": \"{call}\"}}")).collect();
        let json = format!(
            "{{\"unit\": {{\"mismatch_action\": {otherwise}, \"match_action\": \"allow\", \"filter\": [{}]}}}}",
            calls.join(", ")
        );
        let machine = TargetArch::try_from(std::env::consts::ARCH).unwrap();
        compile_from_json(json.as_bytes(), machine).map(|mut programs| programs.remove("unit").unwrap())
    };
    // The groups name the calls of all machines.
    let known: Vec<&str> = allowed.iter().map(String::as_str).filter(|call| compile(&[call]).is_ok()).collect();
    assert!(known.len() > 200, "{known:?}");
    compile(&known).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exporter_runs_under_the_filter_of_the_unit() {
    if !Optional::Systemd.program("systemd-analyze") {
        return;
    }
    let filter = filter();
    let sim = Sim::start(Spec { nodes: 2, guests: 8, ..Spec::default() }).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let config = configure(&sim, directory.path());
    // A component in a directory is compiled by a process of its own, which sets its limits.
    let collectors = directory.path().join("collectors");
    std::fs::create_dir(&collectors).unwrap();
    let (name, component) = builtins().iter().find(|(name, _)| *name == "version").unwrap();
    std::fs::write(collectors.join(format!("{name}.wasm")), component).unwrap();
    std::fs::write(collectors.join(format!("{name}.yml")), "allow: [\"/version\"]\n").unwrap();
    let cache = directory.path().join("cache");
    let [collectors, cache] = [&collectors, &cache].map(|path| path.to_str().unwrap().to_owned());
    let started = std::thread::spawn(move || {
        apply_filter(&filter).unwrap();
        let flags =
            ["--no-collector.version", "--collectors.directory", &collectors, "--sandbox.cache-directory", &cache];
        Exporter::start(&config, &flags)
    });
    let exporter = started.join().unwrap();
    let answer = client().get(exporter.url("/metrics")).send().await.unwrap();
    let exposition = Exposition(answer.text().await.unwrap());
    assert_eq!(exposition.value("pve_exporter_target_up"), Some(1.0));
    assert_eq!(exposition.samples("pve_node_load1").len(), 2);
    assert_eq!(exposition.samples("pve_version_info").len(), 1);
    let component =
        exposition.samples("pve_exporter_component_info").into_iter().find(|one| one.contains("version.wasm"));
    assert!(component.is_some(), "{}", exporter.log());
    assert!(exporter.terminate().success());
}
