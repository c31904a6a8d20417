//! A named store while it is open: its index, and the lock that keeps others out.
//!
//! Invariant: one process, and in it one engine, has a named store open: the lock is the kernel's (`flock`), so it ends
//! with its holder, however that ends.

use super::index::Index;
use super::stripes::Store;
use crate::error::{Error, ErrorKind, Result};
use crate::io::file::IoFile;
use crate::policy::Disk;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The index of an open store. Closed when it is dropped.
#[derive(Debug)]
pub struct Named {
    /// Which tensors the store holds.
    pub index: Index,
    _lock: File,
}

impl Named {
    /// Opens the store `name` on `disks`, or makes an empty one, and the files of its data.
    ///
    /// # Errors
    /// `Conflict` where it is open already, here or in another process; `Format` where it is damaged; `Missing`, `Io` or
    /// `NoSpace` of a directory.
    pub fn open(disks: &[Disk], capacity_bytes: Option<u64>, name: &str) -> Result<(Self, Store)> {
        let none = || Error::new(ErrorKind::Policy, "a store has at least one disk");
        let directory = &disks.first().ok_or_else(none)?.directory;
        let lock = lock(&directory.join(format!("{name}.lock")))?;
        // A policy names at most 256 disks.
        let index = Index::open(&directory.join(format!("{name}.index")), disks.len() as u16)?;
        let store = Store::open(disks, capacity_bytes, name, &index)?;
        Ok((Self { index, _lock: lock }, store))
    }
}

/// Makes safe what was written to a file of data.
///
/// # Errors
/// `Io` or `NoSpace`: what was written since the last time may be lost.
pub fn sync(file: &IoFile) -> Result<()> {
    // SAFETY:
    // - the call takes a descriptor, which is open for the call
    let rc = unsafe { libc::fdatasync(file.as_fd().as_raw_fd()) };
    if rc == 0 {
        return Ok(());
    }
    let cause = io::Error::last_os_error();
    let full = matches!(cause.raw_os_error(), Some(libc::ENOSPC | libc::EDQUOT));
    let kind = if full { ErrorKind::NoSpace } else { ErrorKind::Io };
    Err(Error::new(kind, "the store cannot be synchronised")
        .with("file", file.path().display())
        .caused_by(cause))
}

fn lock(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(libc::O_NOFOLLOW);
    let named = |error: Error| error.with("file", path.display());
    let file = options.open(path).map_err(|cause| named(cause.into()))?;
    // SAFETY:
    // - the call takes a descriptor, which is open for the call
    let rc = unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) };
    if rc == 0 {
        return Ok(file);
    }
    let cause = io::Error::last_os_error();
    Err(named(match cause.kind() {
        io::ErrorKind::WouldBlock => {
            Error::new(ErrorKind::Conflict, "the store is open already, here or in another process")
        }
        _ => cause.into(),
    }))
}
