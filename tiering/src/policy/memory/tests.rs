//! Promise: the memory limit is the least of what the machine and the cgroups say, in either version.

use super::*;

/// A root with these files.
fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

const MEMINFO: (&str, &str) = ("proc/meminfo", "MemTotal:       16384 kB\nMemFree:  1 kB\n");

#[test]
fn without_cgroups_the_machine_is_the_limit() {
    let root = root(&[MEMINFO]);
    assert_eq!(limit_under(root.path()), MemoryLimit { bytes: 16 << 20, source: "machine" });
}

#[test]
fn the_least_group_above_counts() {
    let root = root(&[
        MEMINFO,
        ("proc/self/cgroup", "0::/app/worker\n"),
        ("sys/fs/cgroup/app/worker/memory.max", "max\n"),
        ("sys/fs/cgroup/app/memory.max", "4194304\n"),
        ("sys/fs/cgroup/memory.max", "8388608\n"),
    ]);
    assert_eq!(limit_under(root.path()), MemoryLimit { bytes: 4 << 20, source: "cgroup" });
}

#[test]
fn the_first_version_of_cgroups_counts_too() {
    let root = root(&[
        MEMINFO,
        ("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/app\n0::/\n"),
        ("sys/fs/cgroup/memory/app/memory.limit_in_bytes", "2097152\n"),
        ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
    ]);
    assert_eq!(limit_under(root.path()), MemoryLimit { bytes: 2 << 20, source: "cgroup" });
}

#[test]
fn a_group_larger_than_the_machine_does_not_add_memory() {
    let root =
        root(&[MEMINFO, ("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "1099511627776\n")]);
    assert_eq!(limit_under(root.path()).source, "machine");
}

#[test]
fn nonsense_is_ignored() {
    let nonsense = [("proc/meminfo", "MemTotal: lots\n"), ("proc/self/cgroup", "::\nx\n0::/../../..\n")];
    let root = root(&nonsense);
    assert_eq!(limit_under(root.path()), MemoryLimit { bytes: UNKNOWN_BYTES, source: "unknown" });
}

#[test]
fn this_machine_has_a_limit() {
    assert_ne!(limit().source, "unknown");
}
