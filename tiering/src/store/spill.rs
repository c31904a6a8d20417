//! The spill file: unnamed, ours alone, and never larger than it may be.
//!
//! Invariant: an extent that was handed out has its space on the medium, so a full disk is known before a write
//! starts (where the file system reserves space at all); the file never passes its capacity, nor the process's
//! limit on file sizes, whose signal would end the program.
//!
//! Shadow slots: a new generation of a chunk is written to a new extent, and the extent of the generation before it
//! is released only after the write has ended well. Who spills keeps that order; here two extents never overlap.
//!
//! What is in the file is specified in `FORMAT.md`.

use super::extent::{Extent, Extents};
use super::random;
use crate::error::{Error, ErrorKind, Result};
use crate::io::file::{IoFile, MIN_DIRECT_OFFSET_ALIGN, direct_refused};
use std::ffi::{CString, OsStr};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Space is reserved in steps that double from the first of these to the second.
const STEPS: (u64, u64) = (64 << 20, 1 << 30);

/// Names tried for a file that must have one before it is unlinked.
const NAMES: u32 = 16;

/// A file that holds spilled copies while the process lives. Dropping it gives all its space back.
///
/// ```
/// use stratal_tiering::store::spill::SpillFile;
/// # fn main() -> Result<(), stratal_tiering::error::Error> {
/// let mut spill = SpillFile::create(&std::env::temp_dir(), Some(1 << 20))?;
/// let extent = spill.reserve(100_000)?;
/// assert!(extent.len() >= 100_000 && spill.used_bytes() == extent.len());
/// spill.release(extent);
/// assert_eq!(spill.used_bytes(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SpillFile {
    file: Arc<IoFile>,
    dir: PathBuf,
    extents: Extents,
    capacity: Option<u64>,
    reserving: bool,
}

impl SpillFile {
    /// Makes an empty spill file in `dir` that never grows past `capacity` bytes: unnamed, or unlinked at once where
    /// the file system cannot, readable by its owner alone.
    ///
    /// # Errors
    /// `Missing` when there is no such directory, `NoSpace` when it has no room for a file, `Io` when it is no
    /// directory, read-only, or closed to us; all name the directory.
    pub fn create(dir: &Path, capacity: Option<u64>) -> Result<Self> {
        let (fd, direct) = unnamed(dir, libc::O_DIRECT)
            .map(|fd| (fd, None))
            .or_else(|cause| match cause.raw_os_error() {
                // Also what a file system without unnamed files may answer: then the second try fails likewise.
                Some(libc::EINVAL) => unnamed(dir, 0).map(|fd| (fd, Some(direct_refused(cause)))),
                _ => Err(cause),
            })
            .or_else(|cause| match cause.raw_os_error() {
                Some(libc::EOPNOTSUPP | libc::EISDIR | libc::EINVAL) => named_then_unlinked(dir),
                _ => Err(cause),
            })
            .map_err(|cause| refused(cause, dir))?;
        let file = Arc::new(IoFile::for_spill(fd, &dir.join("(spill)"), direct)?);
        let block = file.offset_align().max(MIN_DIRECT_OFFSET_ALIGN);
        let extents = Extents::new(block);
        Ok(Self { file, dir: dir.to_path_buf(), extents, capacity, reserving: true })
    }

    /// Opens the file `name` in `dir`, or makes it, for its owner alone; `used` runs of it, as (offset, length), are
    /// taken, and the rest is free. It stays when the value is dropped.
    ///
    /// # Errors
    /// As [`Self::create`]; `Format` where the file is not as long as the runs, or they overlap.
    pub fn open(dir: &Path, name: &str, capacity: Option<u64>, used: Vec<(u64, u64)>) -> Result<Self> {
        let path = dir.join(name);
        let flags = libc::O_CREAT | libc::O_NOFOLLOW;
        let (fd, direct) = open(&path, flags | libc::O_DIRECT)
            .map(|fd| (fd, None))
            .or_else(|cause| match cause.raw_os_error() {
                Some(libc::EINVAL) => open(&path, flags).map(|fd| (fd, Some(direct_refused(cause)))),
                _ => Err(cause),
            })
            .map_err(|cause| refused(cause, dir))?;
        let file = Arc::new(IoFile::for_spill(fd, &path, direct)?);
        let block = file.offset_align().max(MIN_DIRECT_OFFSET_ALIGN);
        let extents = Extents::holding(block, file.len()?, used).ok_or_else(|| {
            let message = "the data of the store are not where its index says";
            Error::new(ErrorKind::Format, message).with("file", path.display())
        })?;
        Ok(Self { file, dir: dir.to_path_buf(), extents, capacity, reserving: true })
    }

    /// The file, to attach to a driver.
    #[must_use]
    pub fn file(&self) -> &Arc<IoFile> {
        &self.file
    }

    /// The directory it was made in.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Bytes handed out, in whole blocks.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.extents.used()
    }

    /// Bytes the file disposes of, used or free.
    #[must_use]
    pub fn reserved_bytes(&self) -> u64 {
        self.extents.end()
    }

    /// Most bytes it may hold.
    #[must_use]
    pub fn capacity_bytes(&self) -> Option<u64> {
        self.capacity
    }

    /// Hands out `len` bytes of the file, rounded up to whole blocks (4096 bytes, or what direct I/O on it demands).
    /// Their contents are whatever was there.
    ///
    /// # Errors
    /// `NoSpace` when the capacity, the process's file size limit or the medium has no room; nothing changed then,
    /// and room that is released can be had again.
    pub fn reserve(&mut self, len: u64) -> Result<Extent> {
        if let Some(extent) = self.extents.reserve(len) {
            return Ok(extent);
        }
        self.grow(len)?;
        self.extents.reserve(len).ok_or_else(|| self.full(len, "its blocks do not fit"))
    }

    /// Takes an extent back, to be handed out again. No flight may be over it.
    pub fn release(&mut self, extent: Extent) {
        self.extents.release(extent);
    }

    /// Reserves space on the medium so that `len` more bytes fit: a large step, or just enough where that is refused.
    fn grow(&mut self, len: u64) -> Result<()> {
        let end = self.extents.end();
        let limit = self.capacity.unwrap_or(u64::MAX).min(file_size_limit()).min(i64::MAX as u64);
        let enough = self.extents.missing(len).and_then(|missing| end.checked_add(missing));
        let Some(enough) = enough.filter(|&enough| enough <= limit) else {
            return Err(self.full(len, "its capacity is used up").with("capacity_bytes", limit));
        };
        let step = end.clamp(STEPS.0, STEPS.1);
        let generous = end.saturating_add(step).min(limit).max(enough);
        if self.extend(generous).is_ok() {
            return Ok(());
        }
        self.extend(enough).map_err(|cause| self.full(len, "the file system has no room").caused_by(cause))
    }

    /// Makes the file `end` bytes long, with the space behind it where the file system can promise it.
    fn extend(&mut self, end: u64) -> io::Result<()> {
        let start = self.extents.end();
        if self.reserving {
            match allocate(self.file.as_fd(), start, end) {
                Err(cause) if matches!(cause.raw_os_error(), Some(libc::EOPNOTSUPP | libc::ENOSYS)) => {
                    self.reserving = false;
                }
                Err(cause) => {
                    // A refused call may have taken a part of the space: give it back.
                    let _ = set_len(self.file.as_fd(), start);
                    return Err(cause);
                }
                Ok(()) => {}
            }
        }
        if !self.reserving {
            set_len(self.file.as_fd(), end)?;
        }
        self.extents.grow(end);
        Ok(())
    }

    fn full(&self, len: u64, why: &str) -> Error {
        Error::new(ErrorKind::NoSpace, format!("the spill file cannot take {len} bytes more: {why}"))
            .with("directory", self.dir.display())
            .with("used_bytes", self.extents.used())
            .with("reserved_bytes", self.extents.end())
    }
}

/// Reserves `start .. end` on the medium; the file is at least `end` long afterwards.
fn allocate(fd: BorrowedFd<'_>, start: u64, end: u64) -> io::Result<()> {
    loop {
        // SAFETY:
        // - the call takes numbers only, all below the largest file offset
        let rc =
            unsafe { libc::fallocate(fd.as_raw_fd(), 0, start as libc::off_t, (end - start) as libc::off_t) };
        if rc == 0 {
            return Ok(());
        }
        let cause = io::Error::last_os_error();
        if cause.kind() != io::ErrorKind::Interrupted {
            return Err(cause);
        }
    }
}

fn set_len(fd: BorrowedFd<'_>, len: u64) -> io::Result<()> {
    // SAFETY:
    // - the call takes numbers only
    let rc = unsafe { libc::ftruncate(fd.as_raw_fd(), len as libc::off_t) };
    if rc == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The error of a directory that takes no spill file.
fn refused(cause: io::Error, dir: &Path) -> Error {
    let (kind, message) = match cause.raw_os_error() {
        Some(libc::ENOENT) => (ErrorKind::Missing, "the spill directory does not exist"),
        Some(libc::ENOTDIR) => (ErrorKind::Io, "the spill directory is not a directory"),
        Some(libc::EROFS) => (ErrorKind::Io, "the spill directory is read-only"),
        Some(libc::EACCES | libc::EPERM) => (ErrorKind::Io, "the spill directory is closed to this user"),
        Some(libc::ENOSPC | libc::EDQUOT) => {
            (ErrorKind::NoSpace, "the spill directory has no room for a file")
        }
        _ => (ErrorKind::Io, "the spill directory takes no file"),
    };
    Error::new(kind, message).with("directory", dir.display()).caused_by(cause)
}

/// Most bytes a file of this process may have: past it the system sends a signal that ends the program.
fn file_size_limit() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY:
    // - `limit` is writable and of the kernel's shape
    let rc = unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) };
    if rc == 0 { limit.rlim_cur } else { u64::MAX }
}

/// A file without a name in `dir`, which nobody can open and which vanishes with us.
fn unnamed(dir: &Path, direct: libc::c_int) -> io::Result<OwnedFd> {
    // Excl: it can never be given a name either.
    open(dir, libc::O_TMPFILE | libc::O_EXCL | direct)
}

/// A file under a name that nobody could guess, which is taken away at once.
fn named_then_unlinked(dir: &Path) -> io::Result<(OwnedFd, Option<Error>)> {
    let mut answer = io::Error::from(io::ErrorKind::AlreadyExists);
    for _ in 0..NAMES {
        let mut name = [0; 8];
        random::fill(&mut name)?;
        let path = dir.join(OsStr::new(&format!(".stratal-spill-{:016x}", u64::from_ne_bytes(name))));
        let flags = libc::O_CREAT | libc::O_EXCL | libc::O_NOFOLLOW;
        let opened = match open(&path, flags | libc::O_DIRECT) {
            // The name may exist although the flag was refused: it is another name next time.
            Err(cause) if cause.raw_os_error() == Some(libc::EINVAL) => {
                let _ = std::fs::remove_file(&path);
                open(&path, flags).map(|fd| (fd, Some(direct_refused(cause))))
            }
            opened => opened.map(|fd| (fd, None)),
        };
        match opened {
            Ok(opened) => {
                std::fs::remove_file(&path)?;
                return Ok(opened);
            }
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => answer = cause,
            Err(cause) => return Err(cause),
        }
    }
    Err(answer)
}

/// Opens for reading and writing, mode 0600 if made.
fn open(path: &Path, flags: libc::c_int) -> io::Result<OwnedFd> {
    let name = CString::new(path.as_os_str().as_bytes())?;
    let mode: libc::c_uint = 0o600;
    // SAFETY:
    // - `name` is a C string that outlives the call
    // - the mode that O_CREAT and O_TMPFILE read is given
    let fd = unsafe { libc::open(name.as_ptr(), flags | libc::O_RDWR | libc::O_CLOEXEC, mode) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY:
    // - `fd` was just opened and nobody else owns it
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

#[cfg(test)]
mod tests;
