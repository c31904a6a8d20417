//! Owned bytes of tensors: from the global allocator or from a pool, lent out through the same leases as an engine's.
//!
//! A [`Buffer`] is the memory; [`Owned`] lends it: many readers or one writer at a time, counted in one word.
//! Invariant: while `holds` is `WRITER` one exclusive lease exists and no other; else it counts the shared ones.

use super::managed::{Access, Held, Keeper};
use crate::align;
use crate::error::{Error, ErrorKind, Result};
use crate::pool::PoolBuffer;
use crate::sync::unmodelled::{AtomicUsize, Ordering};
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ops::Range;
use std::ptr::NonNull;

/// Where the first byte of a buffer may lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Alignment {
    /// A cache line, 64 bytes: enough for every vector register.
    #[default]
    Simd,
    /// 256 bytes, as device transfers want it.
    Device,
}

impl Alignment {
    /// In bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Simd => align::CACHE_LINE,
            Self::Device => align::DEVICE,
        }
    }
}

/// Aligned bytes, freed when dropped. Without a `block` they are the global allocator's, with one they are that
/// block's, which returns to its pool.
#[derive(Debug)]
struct Buffer {
    bytes: NonNull<u8>,
    layout: Layout,
    block: Option<PoolBuffer>,
}

// SAFETY: the bytes belong to this value alone; whoever drops it may free them from any thread.
unsafe impl Send for Buffer {}
// SAFETY: `&Buffer` gives out an address and a length, which do not change; `Owned` orders every use of the bytes.
unsafe impl Sync for Buffer {}

impl Buffer {
    fn zeroed(len: usize, alignment: Alignment) -> Result<Self> {
        let refused = || Error::new(ErrorKind::OutOfMemory, format!("the allocator refused {len} bytes"));
        let layout = Layout::from_size_align(len, alignment.bytes()).map_err(|_| refused())?;
        if len == 0 {
            return Ok(Self { bytes: NonNull::dangling(), layout, block: None });
        }
        // SAFETY: the layout has a size above 0.
        let bytes = unsafe { alloc_zeroed(layout) };
        NonNull::new(bytes).map(|bytes| Self { bytes, layout, block: None }).ok_or_else(refused)
    }

    fn of_block(block: PoolBuffer) -> Result<Self> {
        let layout = Layout::from_size_align(block.len(), align::CACHE_LINE)
            .map_err(|_| Error::new(ErrorKind::OutOfMemory, format!("a block of {} bytes", block.len())))?;
        Ok(Self { bytes: block.as_non_null(), layout, block: Some(block) })
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.block.is_none() && self.layout.size() > 0 {
            // SAFETY:
            // - the bytes came from `alloc_zeroed` with this very layout, of size above 0;
            // - nobody holds them: leases keep the `Owned` around this buffer alive.
            unsafe { dealloc(self.bytes.as_ptr(), self.layout) };
        }
    }
}

/// The state of [`Owned::holds`] while one exclusive lease exists.
const WRITER: usize = usize::MAX;

/// The token of an exclusive lease; a shared one has 0.
const WRITE_TOKEN: u64 = 1;

/// Bytes of one tensor in this process's heap, and who holds them.
#[derive(Debug)]
pub(super) struct Owned {
    buffer: Buffer,
    holds: AtomicUsize,
}

impl Owned {
    /// `len` bytes of zero.
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`].
    pub(super) fn zeroed(len: usize, alignment: Alignment) -> Result<Self> {
        Ok(Self { buffer: Buffer::zeroed(len, alignment)?, holds: AtomicUsize::new(0) })
    }

    /// The bytes of a pool's block, as they are; they return to it with the tensor.
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`] for a block that no layout describes, which no pool hands out.
    pub(super) fn of_block(block: PoolBuffer) -> Result<Self> {
        Ok(Self { buffer: Buffer::of_block(block)?, holds: AtomicUsize::new(0) })
    }

    /// Counts one more holder, if the present ones allow it.
    fn enter(&self, access: Access) -> bool {
        let next = |holds| match access {
            Access::Read if holds < WRITER - 1 => Some(holds + 1),
            Access::Write if holds == 0 => Some(WRITER),
            _ => None,
        };
        // Acquire: the holder sees what those before it wrote.
        self.holds.fetch_update(Ordering::Acquire, Ordering::Relaxed, next).is_ok()
    }

    fn first_byte(&self, range: &Range<u64>) -> Option<(NonNull<u8>, usize)> {
        let start = usize::try_from(range.start).ok()?;
        let end = usize::try_from(range.end).ok()?;
        if start > end || end > self.buffer.layout.size() {
            return None;
        }
        // SAFETY: `start` is at most the size of the buffer, so the address stays within it or one past its end.
        Some((unsafe { self.buffer.bytes.add(start) }, end - start))
    }
}

// SAFETY:
// - the range handed out lies within the buffer (`first_byte`), which lives as long as `self`, never moves, and is
//   readable and writable;
// - `enter` admits a writer only when nobody holds, and readers only when no writer does, so a `Write` range
//   overlaps no other held range and nothing changes under a reader;
// - the buffer is aligned to 64 bytes and callers ask for whole elements, so every range is aligned to its dtype.
unsafe impl Keeper for Owned {
    fn acquire(&self, _: u64, range: Range<u64>, access: Access) -> Result<Held> {
        let Some((bytes, len)) = self.first_byte(&range) else {
            let message = format!("bytes {range:?} of a buffer of {}", self.buffer.layout.size());
            return Err(Error::new(ErrorKind::Shape, message));
        };
        if !self.enter(access) {
            let message = match access {
                Access::Read => "an exclusive lease is held",
                Access::Write => "another lease is held",
            };
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        Ok(Held { bytes, len, token: if access == Access::Write { WRITE_TOKEN } else { 0 } })
    }

    fn release(&self, token: u64) {
        // Release: whoever holds next sees what was written.
        if token == WRITE_TOKEN {
            self.holds.store(0, Ordering::Release);
        } else {
            self.holds.fetch_sub(1, Ordering::Release);
        }
    }

    fn prefetch(&self, _: u64, _: Range<u64>) {}

    fn forget(&self, _: u64) {}
}

#[cfg(test)]
mod tests;
