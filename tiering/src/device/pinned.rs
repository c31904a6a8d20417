//! Host memory that a device copies from and to beside the host: pages of 2 MiB, locked.
//!
//! The pages are ours, faulted in before they are locked, and cached like any other: they can be registered with the
//! disk driver as well, so one buffer takes bytes from the disk and gives them to the device. They are locked in pieces
//! of at most 1 GiB, which is also what a ring registers.
//!
//! Invariant: pages are unlocked before they are released, and forked children do not have them.

use super::driver::Driver;
use crate::error::{Error, ErrorKind, Result};
use std::ptr::NonNull;
use std::sync::Arc;
use stratal_runtime::sys;

const PAGE_BYTES: usize = 2 << 20;
/// Most bytes of one locked piece.
const PIECE_BYTES_MAX: usize = 1 << 30;

/// Locked host bytes, zero at first; rounded up to 2 MiB.
#[derive(Debug)]
pub struct Pinned {
    driver: Arc<dyn Driver>,
    start: NonNull<u8>,
    len: usize,
    /// Bytes that are locked.
    locked: usize,
}

// SAFETY: the range belongs to this value alone; the driver is `Send + Sync`.
unsafe impl Send for Pinned {}
// SAFETY: through `&Pinned` the bytes are only read.
unsafe impl Sync for Pinned {}

impl Pinned {
    /// Takes `len` bytes, rounded up to 2 MiB.
    ///
    /// # Errors
    /// `OutOfMemory` from the system or the driver, and what else the driver says.
    pub fn new(driver: &Arc<dyn Driver>, len: usize) -> Result<Self> {
        let too_long = || Error::new(ErrorKind::OutOfMemory, "more bytes than there are addresses");
        let len = len.max(1).checked_next_multiple_of(PAGE_BYTES).ok_or_else(too_long)?;
        let start = sys::reserve(len, PAGE_BYTES)?;
        let mut pinned = Self { driver: Arc::clone(driver), start, len, locked: 0 };
        // SAFETY: reserved just now, and used by nobody else.
        unsafe { sys::advise_huge(start, len) };
        // SAFETY: as above; a child must not share pages under DMA.
        unsafe { sys::dont_fork(start, len) };
        // SAFETY: as above.
        unsafe { sys::populate(start, len) }?;
        while pinned.locked < len {
            let piece = (len - pinned.locked).min(PIECE_BYTES_MAX);
            // SAFETY: inside the range, which is released only after it was unlocked.
            unsafe { driver.pin(start.as_ptr().add(pinned.locked), piece) }?;
            pinned.locked += piece;
        }
        Ok(pinned)
    }

    /// The first byte.
    #[must_use]
    pub fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// Bytes, a multiple of 2 MiB.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is at least one page")]
    pub fn len(&self) -> usize {
        self.len
    }
}

impl AsRef<[u8]> for Pinned {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: the range is mapped and initialised as long as this lives, and `&self` excludes writers.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl AsMut<[u8]> for Pinned {
    fn as_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and `&mut self` excludes everybody else.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        for at in (0..self.locked).step_by(PIECE_BYTES_MAX) {
            // SAFETY: locked by `new`; copies hold the value until they have ended.
            let _ = unsafe { self.driver.unpin(self.start.as_ptr().add(at)) };
        }
        // SAFETY: reserved by `new`, and used by nobody any more.
        let _ = unsafe { sys::release(self.start, self.len) };
    }
}
