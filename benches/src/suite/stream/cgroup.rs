//! A memory cgroup for one run, of either version; removed when dropped.

use std::fs;
use std::path::{Path, PathBuf};
use stratal::{Error, ErrorKind, Result};

/// Where a memory hierarchy is mounted, and the file that holds a group's limit: version 1, then version 2.
const HIERARCHIES: [(&str, &str); 2] =
    [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")];

/// A group whose processes share `limit` bytes, page cache included.
pub(super) struct Cgroup(PathBuf);

impl Cgroup {
    /// Makes a group.
    ///
    /// # Errors
    /// `Unsupported` when no hierarchy lets this process make one.
    pub(super) fn with_limit(bytes: u64) -> Result<Self> {
        let mut refused = Error::new(ErrorKind::Unsupported, "no memory hierarchy can be written");
        for (root, limit) in HIERARCHIES {
            let group = Self(Path::new(root).join(format!("stratal-bench-{}", std::process::id())));
            let made = fs::create_dir(&group.0).and_then(|()| {
                let limit = fs::OpenOptions::new().write(true).open(group.0.join(limit))?;
                std::io::Write::write_all(&mut &limit, bytes.to_string().as_bytes())
            });
            match made {
                Ok(()) => return Ok(group),
                Err(error) => refused = refused.with("path", group.0.display()).caused_by(error),
            }
        }
        Err(refused)
    }

    /// Its folder.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Cgroup {
    /// A group that still holds processes stays; nothing is lost by it.
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

/// Moves this process into a group.
pub(super) fn join(group: &Path) -> Result<()> {
    fs::write(group.join("cgroup.procs"), std::process::id().to_string())
        .map_err(|error| Error::from(error).with("path", group.display()))
}
