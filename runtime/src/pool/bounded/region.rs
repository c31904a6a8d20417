//! The memory of one bounded pool: one reservation, given back whole when the last holder is gone.
//!
//! Invariant: `start .. start + len` stays reserved from construction to drop; offsets are bytes from its start.

use std::ops::Range;
use std::ptr::NonNull;

use crate::align::{HUGE_PAGE, align_down, align_up};
use crate::error::Result;
use crate::sys;

/// Addresses of one pool.
#[derive(Debug)]
pub(super) struct Region {
    start: NonNull<u8>,
    len: usize,
    node: Option<u32>,
}

// SAFETY: a region is a range of reserved addresses; its bytes are reached through blocks, which do not overlap.
unsafe impl Send for Region {}
// SAFETY: as above; `&Region` tells addresses and changes only what its callers promise nobody uses.
unsafe impl Sync for Region {}

impl Region {
    /// Reserves at least `len` bytes at a multiple of `align`, on huge pages and near `node` if that is asked for and
    /// possible.
    pub(super) fn reserve(len: usize, align: usize, huge: bool, node: Option<u32>) -> Result<Self> {
        let page = if huge { HUGE_PAGE } else { sys::page_size() };
        let len = align_up(len, page).unwrap_or(len);
        let start = sys::reserve(len, align.max(page))?;
        let mut region = Self { start, len, node: None };
        if huge {
            // SAFETY: the range was reserved just now and nothing else knows it. Without huge pages, small ones do.
            unsafe { sys::advise_huge(start, len) };
        }
        // SAFETY: as above, and nothing of it was touched yet.
        region.node = node.filter(|node| unsafe { sys::prefer_node(start, len, *node) });
        Ok(region)
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The memory node its pages come from, if one was asked for and the system took it.
    pub(super) fn node(&self) -> Option<u32> {
        self.node
    }

    /// The address `offset` bytes into it, at most its length.
    pub(super) fn address(&self, offset: usize) -> NonNull<u8> {
        debug_assert!(offset <= self.len);
        // SAFETY: inside the reservation, or one past its end.
        unsafe { self.start.add(offset) }
    }

    /// Backs the pages that begin in a range, its contents kept. The page before was backed with the range before,
    /// and may hold the end of somebody's block.
    ///
    /// # Safety
    ///
    /// The range lies inside the region, and nobody else accesses it, nor what lies above it.
    pub(super) unsafe fn populate(&self, range: Range<usize>) -> Result<()> {
        let page = sys::page_size();
        let (from, to) = (align_up(range.start, page), align_up(range.end, page));
        let (Some(from), Some(to)) = (from, to) else { return Ok(()) };
        if from >= to {
            return Ok(());
        }
        // SAFETY: whole pages inside the region, whose length is a multiple of the page.
        unsafe { sys::populate(self.address(from), to - from) }
    }

    /// Makes a range read as zero and takes the memory from its whole pages; how many bytes that were, `None` if the
    /// system refuses, and the contents are as they were then.
    ///
    /// # Safety
    ///
    /// The range lies inside the region, and nobody uses it.
    pub(super) unsafe fn wipe(&self, range: Range<usize>) -> Option<usize> {
        let page = sys::page_size();
        let (from, to) = (align_up(range.start, page)?, align_down(range.end, page)?);
        if from >= to {
            // SAFETY: the caller's range.
            unsafe { self.zero(range) };
            return Some(0);
        }
        // SAFETY: whole pages inside the caller's range.
        unsafe { sys::decommit(self.address(from), to - from) }.ok()?;
        // SAFETY: the rest of the caller's range.
        unsafe { self.zero(range.start..from) };
        // SAFETY: as above.
        unsafe { self.zero(to..range.end) };
        Some(to - from)
    }

    /// Writes zeroes.
    ///
    /// # Safety
    ///
    /// As for [`wipe`](Self::wipe).
    pub(super) unsafe fn zero(&self, range: Range<usize>) {
        // SAFETY: inside the region, readable and writable, and nobody else uses it.
        unsafe { self.address(range.start).write_bytes(0, range.len()) };
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: the reservation of `reserve`, released once: blocks keep their pool alive, and the pool its region.
        let released = unsafe { sys::release(self.start, self.len) };
        debug_assert!(released.is_ok(), "the kernel unmaps what it mapped");
    }
}
