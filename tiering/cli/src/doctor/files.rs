//! Files: whether io_uring serves this process, and how direct I/O works where files will lie.

use crate::progress::Progress;
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use stratal::tiering::io::buf::AlignedBuf;
use stratal::tiering::io::file::IoFile;
use stratal::tiering::io::uring::Uring;
use stratal::{Error, Result};

/// Bytes of the file that is read to measure the disk.
const SCRATCH_BYTES: u64 = 256 << 20;
const PIECE_BYTES: usize = 4 << 20;

/// Whether the kernel gives this process a ring.
#[derive(Debug, Serialize)]
pub(super) struct IoUring {
    pub(super) usable: bool,
    /// What the kernel said instead.
    pub(super) why_not: Option<String>,
}

impl IoUring {
    /// Asks for a small ring.
    pub(super) fn examine() -> Self {
        let refused = Uring::<AlignedBuf>::open(8).err();
        Self { usable: refused.is_none(), why_not: refused.map(|error| error.to_string()) }
    }
}

/// How direct I/O works in a directory.
#[derive(Debug, Serialize)]
pub(super) struct DirectIo {
    pub(super) usable: bool,
    /// Buffers begin on multiples of this; 1 without direct I/O.
    pub(super) memory_alignment_bytes: usize,
    /// Offsets and lengths are multiples of this; 1 without direct I/O.
    pub(super) offset_alignment_bytes: u64,
    /// What the kernel said instead.
    pub(super) why_not: Option<String>,
}

impl DirectIo {
    /// Opens a file and asks.
    ///
    /// # Errors
    /// `Io` and its kin when it cannot be opened.
    pub(super) fn examine(path: &Path) -> Result<Self> {
        let file = IoFile::open_read(path)?;
        Ok(Self {
            usable: file.is_direct(),
            memory_alignment_bytes: file.mem_align(),
            offset_alignment_bytes: file.offset_align(),
            why_not: file.buffered_because().map(ToString::to_string),
        })
    }
}

/// A file to read, removed when dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Writes one into `directory`, and waits until it is on the medium: reads must not meet its last writes.
    ///
    /// # Errors
    /// `Io`, `NoSpace` and their kin.
    pub(super) fn create(directory: &Path, progress: Progress) -> Result<Self> {
        let path = directory.join(format!("doctor.{}.scratch", std::process::id()));
        let file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(Error::from)?;
        let scratch = Self { path };
        scratch.fill(file, progress)?;
        Ok(scratch)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn fill(&self, mut file: File, progress: Progress) -> Result<()> {
        let bar = progress.bytes("writing a file to read", SCRATCH_BYTES);
        // Not zeros: some media do not store them.
        let piece: Vec<u8> = (0..PIECE_BYTES).map(|at| (at * 31 + at / 251) as u8).collect();
        for _ in 0..SCRATCH_BYTES / PIECE_BYTES as u64 {
            file.write_all(&piece)?;
            bar.advance(PIECE_BYTES as u64);
        }
        Ok(file.sync_all()?)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A failed removal leaves a file called `.scratch`, which nobody opens.
        let _ = std::fs::remove_file(&self.path);
    }
}
