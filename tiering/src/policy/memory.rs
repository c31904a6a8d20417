//! How much memory this process may use: the machine's, or less where its cgroup says so.

mod watch;

pub use watch::{MemoryFiles, MemorySource, Reading, sim};

use std::fs;
use std::path::{Path, PathBuf};

/// Assumed where nothing can be read.
const UNKNOWN_BYTES: u64 = 1 << 30;
/// A smaller limit would stop this process before it got here.
const LEAST_BYTES: u64 = 1 << 20;

/// Memory that this process may use, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimit {
    /// Bytes.
    pub bytes: u64,
    /// `cgroup`, `machine`, or `unknown`.
    pub source: &'static str,
}

/// The smaller of the machine's memory and the limits of the cgroups that hold this process.
#[must_use]
pub fn limit() -> MemoryLimit {
    limit_under(Path::new("/"))
}

/// The limit that the files under `root` tell of.
fn limit_under(root: &Path) -> MemoryLimit {
    let machine = machine(root).map(|bytes| MemoryLimit { bytes, source: "machine" });
    let cgroup = cgroup(root).map(|bytes| MemoryLimit { bytes, source: "cgroup" });
    let least = machine.into_iter().chain(cgroup).min_by_key(|limit| limit.bytes);
    let limit = least.unwrap_or(MemoryLimit { bytes: UNKNOWN_BYTES, source: "unknown" });
    MemoryLimit { bytes: limit.bytes.max(LEAST_BYTES), ..limit }
}

/// `MemTotal` of `/proc/meminfo`.
fn machine(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// The least limit of the process's cgroup and those above it, in either version of cgroups.
fn cgroup(root: &Path) -> Option<u64> {
    let memberships = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let limits = memberships.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?);
        if controllers.is_empty() {
            return least_above(&root.join("sys/fs/cgroup"), path, "memory.max");
        }
        let counts_memory = controllers.split(',').any(|controller| controller == "memory");
        counts_memory
            .then(|| least_above(&root.join("sys/fs/cgroup/memory"), path, "memory.limit_in_bytes"))?
    });
    limits.min()
}

/// The least number in the files called `name` of the group `path` and of every group above it up to `mount`.
fn least_above(mount: &Path, path: &str, name: &str) -> Option<u64> {
    let group: PathBuf = mount.join(path.trim_start_matches('/'));
    let groups = group.ancestors().take_while(|group| group.starts_with(mount));
    groups.filter_map(|group| fs::read_to_string(group.join(name)).ok()?.trim().parse().ok()).min()
}

#[cfg(test)]
mod tests;
