//! How much memory there is to have at this moment, and how long tasks have stalled for want of it.
//!
//! ```text
//! room = least over the machine and every group above this process of  limit − use that cannot be reclaimed at once
//! ```
//!
//! The limit of a group is the smaller of `memory.max` and `memory.high` (version 2), or `memory.limit_in_bytes` (version
//! 1); pages of files that were not used lately count as free, as the kernel takes them first. The machine says
//! `MemAvailable`. Stalls are those of the process's own group, where it tells, else of the machine.

use std::fs::{self, File};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Between two looks, where no alarm calls for one.
const INTERVAL: Duration = Duration::from_secs(5);

/// The kernel's alarm: tasks stalled for 150 ms within 2 s, the shortest window that it grants without privilege.
const TRIGGER: &[u8] = b"some 150000 2000000\0";

/// Memory at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The least of the machine's memory and the limits of its groups.
    pub limit_bytes: u64,
    /// Bytes that this process may still take before somebody has to give way.
    pub room_bytes: u64,
    /// For how long, in all, some task has waited for memory; only differences mean anything.
    pub stalled_us: u64,
}

/// Says how much memory there is: this machine, or a stand-in for it.
pub trait MemorySource: Send {
    /// How it is now; `None` where nothing can be read.
    fn read(&mut self) -> Option<Reading>;

    /// A descriptor that the kernel marks by `POLLPRI` when memory is short; without one it is asked each
    /// [`Self::interval`].
    fn alarm(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// Time between two looks.
    fn interval(&self) -> Duration {
        INTERVAL
    }
}

/// The files in which a system tells of its memory, under a root: `/`, or a directory that looks like it.
#[derive(Debug)]
pub struct MemoryFiles {
    root: PathBuf,
    alarm: Option<File>,
}

impl MemoryFiles {
    /// This machine, with the kernel's alarm where it grants one.
    #[must_use]
    pub fn system() -> Self {
        let mut files = Self::under("/");
        let mut pressures = files.pressures().into_iter();
        files.alarm = pressures.find_map(|path| {
            use std::io::Write;
            let mut file = File::options().read(true).write(true).open(path).ok()?;
            file.write_all(TRIGGER).ok()?;
            Some(file)
        });
        files
    }

    /// The files under another root, such as a copy of `/proc` and `/sys/fs/cgroup` in a test; without alarm.
    #[must_use]
    pub fn under(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), alarm: None }
    }

    /// Where stalls are told of, the nearest first.
    fn pressures(&self) -> Vec<PathBuf> {
        let mut groups = groups(&self.root).into_iter().filter(|group| group.version == 2);
        let own = groups.next().map(|group| group.path.join("memory.pressure"));
        own.into_iter().chain([self.root.join("proc/pressure/memory")]).collect()
    }
}

impl MemorySource for MemoryFiles {
    fn read(&mut self) -> Option<Reading> {
        let machine = machine(&self.root);
        let groups = groups(&self.root);
        let above = groups.iter().flat_map(|group| group.above().map(|path| group.at(&path)));
        let (limit_bytes, room_bytes) =
            machine.into_iter().chain(above.flatten()).reduce(|a, b| (a.0.min(b.0), a.1.min(b.1)))?;
        let stalled_us = self.pressures().iter().find_map(|path| stalled(path)).unwrap_or(0);
        Some(Reading { limit_bytes, room_bytes, stalled_us })
    }

    fn alarm(&self) -> Option<BorrowedFd<'_>> {
        self.alarm.as_ref().map(File::as_fd)
    }
}

/// Limit and room of the machine.
fn machine(root: &Path) -> Option<(u64, u64)> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let kib = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
    };
    Some((kib("MemTotal:")?, kib("MemAvailable:")?))
}

/// The group of this process in one hierarchy.
struct Group {
    mount: PathBuf,
    path: PathBuf,
    version: u8,
}

/// The hierarchies that count memory.
fn groups(root: &Path) -> Vec<Group> {
    let Ok(memberships) = fs::read_to_string(root.join("proc/self/cgroup")) else { return Vec::new() };
    let group = |line: &str| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?);
        let (mount, version) = if controllers.is_empty() {
            (root.join("sys/fs/cgroup"), 2)
        } else if controllers.split(',').any(|controller| controller == "memory") {
            (root.join("sys/fs/cgroup/memory"), 1)
        } else {
            return None;
        };
        let path = mount.join(path.trim_start_matches('/'));
        Some(Group { mount, path, version })
    };
    memberships.lines().filter_map(group).collect()
}

impl Group {
    /// It and those above it.
    fn above(&self) -> impl Iterator<Item = PathBuf> + use<'_> {
        let groups = self.path.ancestors().take_while(|group| group.starts_with(&self.mount));
        groups.map(Path::to_owned)
    }

    /// Limit and room at one of its levels; `None` where that has no limit.
    fn at(&self, group: &Path) -> Option<(u64, u64)> {
        let number = |name: &str| fs::read_to_string(group.join(name)).ok()?.trim().parse::<u64>().ok();
        let (limit, used, idle) = if self.version == 2 {
            let limit = number("memory.max").into_iter().chain(number("memory.high")).min();
            (limit?, number("memory.current")?, "inactive_file ")
        } else {
            // No limit is a number near the largest one.
            let limit = number("memory.limit_in_bytes").filter(|bytes| *bytes < 1 << 60);
            (limit?, number("memory.usage_in_bytes")?, "total_inactive_file ")
        };
        let stat = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
        let line = stat.lines().find_map(|line| line.strip_prefix(idle));
        let idle_bytes = line.and_then(|bytes| bytes.trim().parse().ok()).unwrap_or(0);
        Some((limit, limit.saturating_sub(used.saturating_sub(idle_bytes))))
    }
}

/// Microseconds that some task stalled.
fn stalled(path: &Path) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    some.split(' ').find_map(|field| field.strip_prefix("total="))?.trim().parse().ok()
}

/// A machine that is as a test says.
pub mod sim {
    use super::{MemorySource, Reading};
    use std::sync::{Arc, Mutex, PoisonError};
    use std::time::Duration;

    /// Memory that others take and give at will; clones are the same memory.
    ///
    /// ```
    /// # use stratal_tiering::policy::memory::{MemorySource, Reading, sim::SimMemory};
    /// let memory = SimMemory::new(Reading { limit_bytes: 1 << 30, room_bytes: 1 << 29, stalled_us: 0 });
    /// memory.change(|now| now.room_bytes -= 1 << 20);
    /// assert_eq!(memory.clone().read().map(|now| now.room_bytes), Some((1 << 29) - (1 << 20)));
    /// ```
    #[derive(Clone, Debug)]
    pub struct SimMemory {
        now: Arc<Mutex<Reading>>,
    }

    impl SimMemory {
        /// Memory that is so until it is changed. It is looked at every few milliseconds.
        #[must_use]
        pub fn new(now: Reading) -> Self {
            Self { now: Arc::new(Mutex::new(now)) }
        }

        /// Lets it be otherwise.
        pub fn change(&self, change: impl FnOnce(&mut Reading)) {
            change(&mut self.now.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    impl MemorySource for SimMemory {
        fn read(&mut self) -> Option<Reading> {
            Some(*self.now.lock().unwrap_or_else(PoisonError::into_inner))
        }

        fn interval(&self) -> Duration {
            Duration::from_millis(5)
        }
    }
}

#[cfg(test)]
mod tests;
