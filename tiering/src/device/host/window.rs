//! A window: reserved addresses of one large tensor, into which frames move and out of which they go home.
//!
//! Invariant: the whole range stays reserved from construction to drop, so no other mapping of the process can
//! ever lie inside it, whichever frames come and go.

use super::FRAME_BYTES;
use crate::error::Result;
use std::ptr::NonNull;
use stratal_runtime::sys;

/// Reserved, contiguous addresses, aligned to a frame.
#[derive(Debug)]
pub struct Window {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: a window is a range of reserved addresses; it holds no thread-bound state and its own methods never
// touch the bytes.
unsafe impl Send for Window {}
// SAFETY: as above; `&Window` only tells addresses.
unsafe impl Sync for Window {}

impl Window {
    /// Reserves room for `bytes`, rounded up to whole frames.
    ///
    /// # Errors
    /// `OutOfMemory` when the kernel refuses the addresses.
    pub fn reserve(bytes: usize) -> Result<Self> {
        let len = bytes.max(1).next_multiple_of(FRAME_BYTES);
        Ok(Self { start: sys::reserve(len, FRAME_BYTES)?, len })
    }

    /// First address.
    #[must_use]
    pub fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// The address at `offset`, if `len` bytes from there lie inside.
    pub(super) fn place(&self, offset: usize, len: usize) -> Option<NonNull<u8>> {
        if offset.checked_add(len)? > self.len {
            return None;
        }
        // SAFETY: `offset + len` lies inside the one reservation behind `start`.
        Some(unsafe { self.start.add(offset) })
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // SAFETY:
        // - `start .. start + len` is the reservation made in `reserve`, released once, here;
        // - blocks placed inside keep the window alive, so none is left.
        let released = unsafe { sys::release(self.start, self.len) };
        debug_assert!(released.is_ok(), "the kernel unmaps what it mapped");
    }
}
