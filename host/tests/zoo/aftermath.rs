//! The zoo leaks nothing: memory, threads and file descriptors are as before.

use std::process::Command;

use pve_exporter::sandbox::{Capacity, Sandbox};

use super::support::{Animal, Healthy};

/// Every animal that runs in this process.
fn animals() -> Vec<Animal> {
    [
        super::loading::animals(),
        super::calling::animals(),
        super::manifests::animals(),
        super::rows::animals(),
        super::wasi::animals(),
    ]
    .concat()
}

#[derive(Debug, Clone, Copy)]
struct Census {
    resident_kib: u64,
    threads: usize,
    descriptors: usize,
}

fn census() -> Census {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    let count = |folder: &str| std::fs::read_dir(folder).unwrap().count();
    Census {
        resident_kib: line.split_whitespace().nth(1).unwrap().parse().unwrap(),
        threads: count("/proc/self/task"),
        descriptors: count("/proc/self/fd"),
    }
}

/// These numbers belong to a process, and other tests would change them: this test runs itself in a process of its own.
#[test]
fn nothing_is_left_of_the_whole_zoo() {
    const ALONE: &str = "PVE_EXPORTER_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return alone();
    }
    let alone = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "zoo::aftermath::nothing_is_left_of_the_whole_zoo", "--nocapture", "--test-threads=1"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&alone.stdout), String::from_utf8_lossy(&alone.stderr));
    let census = out.lines().find(|line| line.contains("zoo: "));
    assert!(alone.status.success() && census.is_some(), "{out}\n{err}");
    println!("{}", census.unwrap_or_default());
}

fn alone() {
    let sandbox = Sandbox::new(Capacity { slots: 1, max_memory: 128 << 20 }, None).unwrap();
    let healthy = Healthy::new(&sandbox);
    let animals = animals();
    let mut censuses = Vec::new();
    // The first round fills what is kept deliberately: the allocator's arenas, the slots' resident pages, wasmtime's tables.
    for round in 0..3 {
        let wrong: Vec<String> = animals.iter().filter_map(|animal| animal.check(&sandbox).err()).collect();
        assert!(wrong.is_empty(), "round {round}: {}", wrong.join("\n"));
        healthy.check("the whole zoo");
        censuses.push(census());
    }
    println!("zoo: {} animals, three times: {censuses:?}", animals.len());
    let (first, last) = (censuses[0], censuses[2]);
    assert!(last.resident_kib < first.resident_kib + 64 * 1024, "{censuses:?}");
    assert_eq!((last.threads, last.descriptors), (first.threads, first.descriptors), "{censuses:?}");
}
