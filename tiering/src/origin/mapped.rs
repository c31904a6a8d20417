//! A checkpoint mapped into memory: zero copies, for files that are trusted to stay as they are.
//!
//! The engine never maps a checkpoint. A mapping turns two faults of the file into faults of the program: bytes cut
//! off after opening raise SIGBUS where they are read, and bytes changed after opening change under a `&[u8]`.

use super::catalogue::TensorEntry;
use super::checkpoint::{Checkpoint, CheckpointFile};
use crate::error::{Error, ErrorKind, Result};
use memmap2::{Mmap, MmapOptions};
use std::fmt;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;
use stratal_runtime::tensor::managed::{Access, Held, Keeper, Managed};
use stratal_runtime::tensor::{Alignment, AnyTensor, ParamInfo, ParamSource};

/// The bytes of every tensor of a checkpoint, straight from the page cache. Cloning shares it.
///
/// Parameters load from it without an engine, `Model::from_source(&mapped)`: a tensor whose bytes lie aligned in the
/// file is read where they lie, another is copied once. They are only read; leases to write are refused.
#[derive(Clone)]
pub struct Mapped(Arc<Maps>);

/// What a mapped checkpoint keeps alive.
struct Maps {
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
    /// Until the returned value, its clones, and every tensor and lease that came of them are dropped, nobody truncates or writes the files, in this process or another.
    /// Truncation raises SIGBUS where the missing bytes are read; a write changes bytes that Rust holds as immutable,
    /// which is undefined behaviour.
    pub unsafe fn map(&self) -> Result<Mapped> {
        let map = |file| {
            // SAFETY:
            // - nobody truncates or writes the file while it is mapped (contract of `map`).
            unsafe { map_file(file) }.map_err(|error| error.with("file", file.path.display()))
        };
        let maps = self.files().iter().map(map).collect::<Result<_>>()?;
        Ok(Mapped(Arc::new(Maps { checkpoint: self.clone(), maps })))
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
        self.0.bytes(self.0.checkpoint.get(name)?)
    }

    /// The checkpoint that is mapped.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.0.checkpoint
    }
}

impl Maps {
    /// The entry called `name`, which should be the one at `at`, and where it is.
    fn entry(&self, at: usize, name: &str) -> Option<(usize, &TensorEntry)> {
        let tensors = self.checkpoint.tensors();
        if let Some(entry) = tensors.get(at).filter(|entry| &*entry.name == name) {
            return Some((at, entry));
        }
        let at = self.checkpoint.position(name)?;
        Some((at, tensors.get(at)?))
    }

    fn bytes(&self, entry: &TensorEntry) -> Option<&[u8]> {
        let map = self.maps.get(entry.file as usize)?;
        map.get(usize::try_from(entry.offset).ok()?..usize::try_from(entry.end()).ok()?)
    }
}

impl ParamSource for Mapped {
    fn title(&self) -> String {
        self.checkpoint().path().display().to_string()
    }

    fn names(&self) -> Vec<&str> {
        self.checkpoint().tensors().iter().map(|entry| &*entry.name).collect()
    }

    fn find(&self, name: &str) -> Option<ParamInfo> {
        self.find_at(self.checkpoint().position(name)?, name)
    }

    fn find_at(&self, at: usize, name: &str) -> Option<ParamInfo> {
        let (_, entry) = self.0.entry(at, name)?;
        let (dtype, shape) = entry.dtype.tensor_of(&entry.shape)?;
        Some(ParamInfo { dtype, shape })
    }

    fn adopt(&self, name: &str, tier: Option<&str>) -> Result<AnyTensor> {
        self.adopt_at(self.checkpoint().position(name).unwrap_or(usize::MAX), name, tier)
    }

    fn adopt_at(&self, at: usize, name: &str, tier: Option<&str>) -> Result<AnyTensor> {
        tier.map_or(Ok(()), |tier| self.check_tier(tier))?;
        let missing =
            || Error::new(ErrorKind::Missing, "the checkpoint has no such tensor").with("tensor", name);
        let (index, entry) = self.0.entry(at, name).ok_or_else(missing)?;
        let bytes = self.0.bytes(entry).ok_or_else(missing)?;
        let Some((dtype, shape)) = entry.dtype.tensor_of(&entry.shape) else {
            let message = format!("no tensor holds {:?} elements of {}", entry.shape, entry.dtype);
            return Err(Error::new(ErrorKind::Unsupported, message).with("tensor", name));
        };
        if !(bytes.as_ptr() as usize).is_multiple_of(dtype.size()) {
            let copy = AnyTensor::zeros(dtype, &shape, Alignment::Simd)?.named(name);
            if let Some(target) = copy.lease(Access::Write)?.bytes_mut() {
                target.copy_from_slice(bytes);
            }
            return Ok(copy);
        }
        let keeper: Arc<dyn Keeper> = Arc::clone(&self.0) as _;
        AnyTensor::managed(dtype, &shape, Managed::new(keeper, index as u64, Arc::clone(&entry.name)))
    }
}

// SAFETY:
// - the range handed out lies in a map, which lives as long as `self`, never moves, and is readable;
// - nobody writes it: this keeper lends nothing to write, and nobody writes the file (contract of `map`);
// - only tensors whose first byte is aligned to their element are adopted, so a range of whole elements is.
unsafe impl Keeper for Maps {
    fn acquire(&self, id: u64, range: Range<u64>, access: Access) -> Result<Held> {
        if access == Access::Write {
            return Err(Error::new(ErrorKind::Unsupported, "a mapped checkpoint is only read"));
        }
        let outside = || Error::new(ErrorKind::Shape, format!("bytes {range:?} lie outside the tensor"));
        let index = usize::try_from(id).map_err(|_| outside())?;
        let bytes = self.checkpoint.tensors().get(index).and_then(|entry| self.bytes(entry));
        let start = usize::try_from(range.start).map_err(|_| outside())?;
        let end = usize::try_from(range.end).map_err(|_| outside())?;
        let held = bytes.and_then(|bytes| bytes.get(start..end)).ok_or_else(outside)?;
        Ok(Held { bytes: NonNull::from(held).cast(), len: held.len(), token: 0, anchored: false })
    }

    fn release(&self, _: u64) {}

    fn prefetch(&self, _: u64, _: Range<u64>) {}

    fn forget(&self, _: u64) {}
}

impl fmt::Debug for Maps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Maps").field("checkpoint", &self.checkpoint.path()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Mapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapped").field("checkpoint", &self.checkpoint().path()).finish_non_exhaustive()
    }
}
