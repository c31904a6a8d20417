//! A checkpoint mapped into memory: zero copies, for files that are trusted to stay as they are.
//!
//! The engine never maps a checkpoint. A mapping turns two faults of the file into faults of the program: bytes cut
//! off after opening raise SIGBUS where they are read, and bytes changed after opening change under a `&[u8]`.

use super::checkpoint::{Checkpoint, CheckpointFile};
use crate::error::{Error, ErrorKind, Result};
use memmap2::{Mmap, MmapOptions};
use std::fmt;

/// The bytes of every tensor of a checkpoint, straight from the page cache.
pub struct Mapped {
    checkpoint: Checkpoint,
    maps: Vec<Mmap>,
}

impl Checkpoint {
    /// Maps the files of this checkpoint.
    ///
    /// # Errors
    /// `Truncated` when a file has become shorter since it was opened; `Io` when the system refuses to map it; both
    /// name the file.
    ///
    /// # Safety
    /// Until the returned value is dropped, nobody truncates or writes the files, in this process or another.
    /// Truncation raises SIGBUS where the missing bytes are read; a write changes bytes that Rust holds as immutable,
    /// which is undefined behaviour.
    pub unsafe fn map(&self) -> Result<Mapped> {
        let map = |file| {
            // SAFETY:
            // - nobody truncates or writes the file while it is mapped (contract of `map`).
            unsafe { map_file(file) }.map_err(|error| error.with("file", file.path.display()))
        };
        let maps = self.files().iter().map(map).collect::<Result<_>>()?;
        Ok(Mapped { checkpoint: self.clone(), maps })
    }
}

/// Maps the bytes that one file had when it was opened.
///
/// # Safety
/// Nobody truncates or writes the file while it is mapped.
unsafe fn map_file(file: &CheckpointFile) -> Result<Mmap> {
    let now = file.file.metadata()?.len();
    if now < file.len {
        let shrunk = format!("it had {} bytes when it was opened and has {now} now", file.len);
        return Err(Error::new(ErrorKind::Truncated, shrunk));
    }
    let len = usize::try_from(file.len)
        .map_err(|_| Error::new(ErrorKind::Unsupported, "the file is larger than the address space"))?;
    // SAFETY:
    // - nobody truncates or writes the file while it is mapped (contract of this function).
    Ok(unsafe { MmapOptions::new().len(len).map(&file.file) }?)
}

impl Mapped {
    /// The bytes of the tensor called `name`; they start at its offset in the file, so they may be unaligned.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        let entry = self.checkpoint.get(name)?;
        let map = self.maps.get(entry.file as usize)?;
        map.get(usize::try_from(entry.offset).ok()?..usize::try_from(entry.end()).ok()?)
    }

    /// The checkpoint that is mapped.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }
}

impl fmt::Debug for Mapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapped").field("checkpoint", &self.checkpoint.path()).finish_non_exhaustive()
    }
}
