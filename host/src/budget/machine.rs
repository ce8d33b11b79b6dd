//! How much memory there is: the cgroup's limit, or the machine's memory.

use std::fs::read_to_string;
use std::path::Path;

/// The other half is for what is not budgeted: code, compilation, connections, and the allocator's overhead.
const SHARE: u64 = 2;
/// A cluster of 32 nodes and 10,000 guests reserves less than 300 MiB.
const MOST: u64 = 512 << 20;
/// If neither the cgroup nor the kernel says anything.
const UNKNOWN: u64 = 1 << 30;

/// The default of the process's budget: half of the available memory, at most 512 MiB.
#[must_use]
pub fn default_budget() -> usize {
    let cgroup = read_to_string("/proc/self/cgroup").ok();
    let limit = cgroup.and_then(|cgroup| cgroup_limit(&cgroup, Path::new("/sys/fs/cgroup")));
    let machine = read_to_string("/proc/meminfo").ok().and_then(|text| total_memory(&text));
    let memory = limit.into_iter().chain(machine).min().unwrap_or(UNKNOWN);
    usize::try_from((memory / SHARE).min(MOST)).unwrap_or(usize::MAX)
}

/// The lowest `memory.max` of the process's cgroup (version 2) and those above it.
fn cgroup_limit(cgroup: &str, root: &Path) -> Option<u64> {
    let own = cgroup.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let own = root.join(own);
    let folders = own.ancestors().take_while(|folder| folder.starts_with(root));
    folders.filter_map(|folder| read_to_string(folder.join("memory.max")).ok()?.trim().parse().ok()).min()
}

fn total_memory(meminfo: &str) -> Option<u64> {
    let kilobytes = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    kilobytes.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_limit_of_all_cgroups_counts() {
        let root = tempfile::tempdir().unwrap();
        let unit = root.path().join("system.slice/pve-exporter.service");
        std::fs::create_dir_all(&unit).unwrap();
        let limit = || cgroup_limit("1:name=x:/\n0::/system.slice/pve-exporter.service\n", root.path());
        assert_eq!(limit(), None);
        std::fs::write(unit.join("memory.max"), "max\n").unwrap();
        assert_eq!(limit(), None);
        std::fs::write(unit.join("memory.max"), "1073741824\n").unwrap();
        std::fs::write(root.path().join("system.slice/memory.max"), "536870912\n").unwrap();
        assert_eq!(limit(), Some(512 << 20));
        assert_eq!(cgroup_limit("no such line", root.path()), None);
    }

    #[test]
    fn the_machine_s_memory() {
        assert_eq!(total_memory("MemFree: 1 kB\nMemTotal:       16384 kB\n"), Some(16 << 20));
        assert_eq!(total_memory("MemTotal: much\n"), None);
    }

    #[test]
    fn the_default_is_within_bounds() {
        assert!((1 << 20..=512 << 20).contains(&default_budget()));
    }
}
