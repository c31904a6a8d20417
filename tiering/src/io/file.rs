//! An open file and what its file system demands of direct I/O (statx `STATX_DIOALIGN`, Linux 6.1).
//!
//! Invariant: an [`IoFile`] that is `direct` was opened `O_DIRECT`, and every offset, length and address that is a
//! multiple of its alignments is accepted. One that is not says why, and accepts everything.

use crate::error::{Error, ErrorKind, Result};
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Direct offsets are kept to multiples of this even where the kernel takes less: a device with 4 KiB sectors behind
/// 512-byte ones would read, modify and write.
pub const MIN_DIRECT_OFFSET_ALIGN: u64 = 4096;

/// What a file that does not answer `STATX_DIOALIGN` (a kernel before 6.1, tmpfs) is taken to demand.
const UNTOLD_ALIGN: u32 = 4096;

/// An open file, its path for errors, and the alignment that direct I/O on it demands.
///
/// ```
/// use stratal_tiering::io::file::IoFile;
/// # fn main() -> Result<(), stratal_tiering::error::Error> {
/// let file = IoFile::open_read(std::path::Path::new("/proc/self/exe"))?;
/// assert!(file.len()? > 0);
/// assert!(!file.is_direct() || file.offset_align() >= 4096);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct IoFile {
    fd: OwnedFd,
    path: PathBuf,
    access: Access,
}

/// How the bytes of a file are reached.
#[derive(Debug)]
enum Access {
    Direct { mem_align: usize, offset_align: u64 },
    Buffered { reason: Error },
}

/// Which of the two direct offset alignments binds: file systems that copy on write demand more of writers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Read,
    ReadWrite,
}

impl IoFile {
    /// Opens a regular file for reading, past the page cache where its file system allows.
    ///
    /// # Errors
    /// `Missing` when there is no such file, `Unsupported` when it is not a regular file, `Io` when the system
    /// refuses to open it.
    pub fn open_read(path: &Path) -> Result<Self> {
        let name = CString::new(path.as_os_str().as_bytes())
            .map_err(|cause| named(io::Error::from(cause), "cannot open the file", path))?;
        // Naming the file without opening it first: opening a FIFO would wait for its writer.
        let found = open(&name, libc::O_PATH).map_err(|cause| named(cause, "cannot open the file", path))?;
        Self::reopen(found.as_fd(), path)
    }

    /// Opens the file behind `file` again, for reading past the page cache. It is the same file even when its
    /// path has been renamed, replaced or unlinked since; `path` only names it in errors.
    ///
    /// # Errors
    /// As [`open_read`](Self::open_read).
    pub fn reopen_read(file: &File, path: &Path) -> Result<Self> {
        Self::reopen(file.as_fd(), path)
    }

    /// Takes a file opened for reading and writing, with `O_DIRECT` where `direct_refused` is `None`; else the
    /// reason why it was opened without.
    ///
    /// # Errors
    /// `Io` when the system does not describe the file.
    pub fn for_spill(fd: OwnedFd, path: &Path, direct_refused: Option<Error>) -> Result<Self> {
        Self::describe(fd, path, Use::ReadWrite, direct_refused)
    }

    /// A regular file in memory holding `bytes`, with the alignment of a disk.
    pub(super) fn in_memory(path: &Path, bytes: &[u8]) -> Result<Self> {
        let refused = |cause| named(cause, "cannot make a file in memory", path);
        // SAFETY:
        // - the name is a C string
        let fd = unsafe { libc::memfd_create(c"stratal".as_ptr(), libc::MFD_CLOEXEC) };
        if fd < 0 {
            return Err(refused(io::Error::last_os_error()));
        }
        // SAFETY:
        // - `fd` was just opened and nobody else owns it
        let file = unsafe { File::from_raw_fd(fd) };
        file.write_all_at(bytes, 0).map_err(refused)?;
        let access = Access::Direct { mem_align: 512, offset_align: MIN_DIRECT_OFFSET_ALIGN };
        Ok(Self { fd: file.into(), path: path.to_path_buf(), access })
    }

    fn reopen(file: BorrowedFd<'_>, path: &Path) -> Result<Self> {
        require_regular(file, path)?;
        let link = CString::new(format!("/proc/self/fd/{}", file.as_raw_fd()))
            .map_err(|cause| named(io::Error::from(cause), "cannot open the file", path))?;
        let (fd, refused) = match open(&link, libc::O_RDONLY | libc::O_DIRECT) {
            Ok(fd) => (fd, None),
            Err(cause) if cause.raw_os_error() == Some(libc::EINVAL) => {
                let fd = open(&link, libc::O_RDONLY)
                    .map_err(|cause| named(cause, "cannot open the file", path))?;
                (fd, Some(direct_refused(cause)))
            }
            Err(cause) => return Err(named(cause, "cannot open the file", path)),
        };
        Self::describe(fd, path, Use::Read, refused)
    }

    fn describe(fd: OwnedFd, path: &Path, usage: Use, refused: Option<Error>) -> Result<Self> {
        let access = match refused {
            Some(reason) => Access::Buffered { reason: reason.with("file", path.display()) },
            None => ask_alignment(fd.as_fd(), path, usage)?,
        };
        if let Access::Buffered { .. } = access {
            make_buffered(fd.as_fd()).map_err(|cause| named(cause, "cannot leave direct mode", path))?;
        }
        Ok(Self { fd, path: path.to_path_buf(), access })
    }

    /// The path it was opened by, for errors and reports; it may name another file by now.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether transfers go past the page cache.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        matches!(self.access, Access::Direct { .. })
    }

    /// Why transfers go through the page cache, if they do. Whoever opened the file says it once.
    #[must_use]
    pub fn buffered_because(&self) -> Option<&Error> {
        match &self.access {
            Access::Direct { .. } => None,
            Access::Buffered { reason } => Some(reason),
        }
    }

    /// Bytes that addresses of buffers must be multiples of; 1 where the page cache is used.
    #[must_use]
    pub fn mem_align(&self) -> usize {
        match self.access {
            Access::Direct { mem_align, .. } => mem_align,
            Access::Buffered { .. } => 1,
        }
    }

    /// Bytes that offsets and lengths must be multiples of: at least 4096, or 1 where the page cache is used.
    #[must_use]
    pub fn offset_align(&self) -> u64 {
        match self.access {
            Access::Direct { offset_align, .. } => offset_align,
            Access::Buffered { .. } => 1,
        }
    }

    /// Bytes in the file now.
    ///
    /// # Errors
    /// `Io` when the system does not say.
    pub fn len(&self) -> Result<u64> {
        let status = status_of(self.fd.as_fd(), libc::STATX_SIZE, &self.path)?;
        Ok(status.stx_size)
    }

    /// Whether the file holds no bytes now.
    ///
    /// # Errors
    /// As [`len`](Self::len).
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }
}

impl AsFd for IoFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// An error about a file: the system's words, what we wanted, and the file.
fn named(cause: io::Error, wanted: &'static str, path: &Path) -> Error {
    let kind = Error::from(io::Error::from(cause.kind())).kind();
    Error::new(kind, wanted).with("file", path.display()).caused_by(cause)
}

/// The reason kept when the system refuses `O_DIRECT`; `cause` is its answer.
#[must_use]
pub fn direct_refused(cause: io::Error) -> Error {
    Error::new(ErrorKind::Unsupported, "the file system refuses direct I/O: reading through the page cache")
        .caused_by(cause)
}

fn open(path: &CStr, flags: libc::c_int) -> io::Result<OwnedFd> {
    // SAFETY:
    // - `path` is a C string that outlives the call
    // - the flags never include O_CREAT, so no mode argument is read
    let fd = unsafe { libc::open(path.as_ptr(), flags | libc::O_CLOEXEC | libc::O_NOCTTY) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY:
    // - `fd` was just opened and nobody else owns it
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn status_of(fd: BorrowedFd<'_>, mask: u32, path: &Path) -> Result<libc::statx> {
    let mut status = MaybeUninit::<libc::statx>::zeroed();
    // SAFETY:
    // - the empty path with AT_EMPTY_PATH names `fd`, which is open for the call
    // - `status` is writable and as large as the kernel's structure
    let rc =
        unsafe { libc::statx(fd.as_raw_fd(), c"".as_ptr(), libc::AT_EMPTY_PATH, mask, status.as_mut_ptr()) };
    if rc != 0 {
        return Err(named(io::Error::last_os_error(), "cannot describe the file", path));
    }
    // SAFETY:
    // - all fields are integers, zeroed above and filled by the call that succeeded
    Ok(unsafe { status.assume_init() })
}

fn require_regular(fd: BorrowedFd<'_>, path: &Path) -> Result<()> {
    let mode = u32::from(status_of(fd, libc::STATX_TYPE, path)?.stx_mode);
    if mode & libc::S_IFMT == libc::S_IFREG {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Unsupported, "not a regular file").with("file", path.display()))
}

/// Asks the kernel which addresses and offsets direct I/O on `fd` takes.
fn ask_alignment(fd: BorrowedFd<'_>, path: &Path, usage: Use) -> Result<Access> {
    let status = status_of(fd, libc::STATX_DIOALIGN | libc::STATX_DIO_READ_ALIGN, path)?;
    let (mem, mut offset) = if status.stx_mask & libc::STATX_DIOALIGN == 0 {
        (UNTOLD_ALIGN, UNTOLD_ALIGN)
    } else {
        (status.stx_dio_mem_align, status.stx_dio_offset_align)
    };
    let read_told =
        status.stx_mask & libc::STATX_DIO_READ_ALIGN != 0 && status.stx_dio_read_offset_align != 0;
    if usage == Use::Read && read_told && offset != 0 {
        offset = status.stx_dio_read_offset_align;
    }
    if !mem.is_power_of_two() || !offset.is_power_of_two() {
        let reason =
            Error::new(ErrorKind::Unsupported, "the file system has no direct I/O: using the page cache")
                .with("file", path.display());
        return Ok(Access::Buffered { reason });
    }
    Ok(Access::Direct {
        mem_align: mem as usize,
        offset_align: u64::from(offset).max(MIN_DIRECT_OFFSET_ALIGN),
    })
}

/// Clears `O_DIRECT` where it was accepted but does nothing, and tells the page cache that we read exactly what we
/// ask for: read-ahead of its own would only take memory.
fn make_buffered(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY:
    // - F_GETFL takes no argument and `fd` is open for the call
    let flags = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) };
    if flags < 0 {
        return Err(io::Error::last_os_error());
    }
    if flags & libc::O_DIRECT != 0 {
        // SAFETY:
        // - F_SETFL takes an int and `fd` is open for the call
        let rc = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags & !libc::O_DIRECT) };
        if rc < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    // Advice may be refused; the transfers are right all the same.
    // SAFETY:
    // - the advice covers the whole open file and changes no bytes
    unsafe { libc::posix_fadvise(fd.as_raw_fd(), 0, 0, libc::POSIX_FADV_RANDOM) };
    Ok(())
}

#[cfg(test)]
mod tests;
