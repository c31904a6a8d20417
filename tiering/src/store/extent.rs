//! Where free space is in a file: extents handed out, taken back, and joined again. Pure: no file is touched.
//!
//! Invariant: the free runs and the extents handed out tile `0 .. end` without overlap, and no two free runs touch.
//!
//! ```text
//! 0                                              end            capacity
//! |##extent##|..free..|#ext#|####extent####|.free.|   not grown yet  |
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A run of bytes in the file that belongs to whoever holds the value. There is one per reservation: it is neither
/// copied nor cloned, so that it is released at most once.
#[derive(Debug, PartialEq, Eq, Hash)]
#[must_use = "an extent that is dropped is lost until the file is closed"]
pub struct Extent {
    offset: u64,
    len: u64,
}

impl Extent {
    /// Byte offset in the file, a multiple of the block size.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes, a multiple of the block size and at least what was asked.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Extents hold at least one block.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }
}

/// Allocator of extents in `0 .. end`; `end` only grows.
///
/// The shortest free run that fits is cut, the lowest of equals, so chunks of one size reuse each other's places and
/// small runs fill small gaps.
#[derive(Debug)]
pub struct Extents {
    block: u64,
    end: u64,
    used: u64,
    /// Free runs: offset to length.
    free: BTreeMap<u64, u64>,
    /// The same runs as (length, offset).
    by_len: BTreeSet<(u64, u64)>,
}

impl Extents {
    /// No space yet, and extents in multiples of `block` bytes.
    #[must_use]
    pub fn new(block: u64) -> Self {
        Self { block: block.max(1), end: 0, used: 0, free: BTreeMap::new(), by_len: BTreeSet::new() }
    }

    /// The space of a file of `end` bytes in which `used` runs, as (offset, length), are taken; `None` where they overlap,
    /// are no whole blocks, or reach past the end.
    #[must_use]
    pub fn holding(block: u64, end: u64, mut used: Vec<(u64, u64)>) -> Option<Self> {
        let mut extents = Self::new(block);
        extents.end = end / extents.block * extents.block;
        used.sort_unstable();
        let mut free_from = 0;
        for (offset, len) in used {
            let whole = offset.is_multiple_of(extents.block) && len.is_multiple_of(extents.block) && len > 0;
            let after = offset.checked_add(len).filter(|after| whole && *after <= extents.end)?;
            match offset.checked_sub(free_from)? {
                0 => {}
                gap => extents.put(free_from, gap),
            }
            extents.used += len;
            free_from = after;
        }
        if extents.end > free_from {
            extents.put(free_from, extents.end - free_from);
        }
        Some(extents)
    }

    /// The extent of a run that [`Self::holding`] took; whoever asks owns it, and asks once.
    pub(super) fn claim(offset: u64, len: u64) -> Extent {
        Extent { offset, len }
    }

    /// Bytes of the file it disposes of.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Bytes handed out.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.used
    }

    /// `len` rounded up to whole blocks; `None` past the number space.
    #[must_use]
    pub fn rounded(&self, len: u64) -> Option<u64> {
        len.max(1).checked_next_multiple_of(self.block)
    }

    /// Hands out `len` bytes, rounded up to whole blocks; `None` when no free run is long enough.
    pub fn reserve(&mut self, len: u64) -> Option<Extent> {
        let len = self.rounded(len)?;
        let &(run, offset) = self.by_len.range((len, 0)..).next()?;
        self.take(offset, run);
        if run > len {
            self.put(offset + len, run - len);
        }
        self.used += len;
        Some(Extent { offset, len })
    }

    /// Takes an extent back.
    pub fn release(&mut self, extent: Extent) {
        self.used -= extent.len;
        self.join(extent.offset..extent.offset + extent.len);
    }

    /// How far `end` must move for `len` bytes, rounded up, to fit: a free run at the end counts.
    #[must_use]
    pub fn missing(&self, len: u64) -> Option<u64> {
        let tail = match self.free.last_key_value() {
            Some((&offset, &run)) if offset + run == self.end => run,
            _ => 0,
        };
        Some(self.rounded(len)?.saturating_sub(tail))
    }

    /// Adds the bytes from the present end to `end`, rounded down to whole blocks.
    pub fn grow(&mut self, end: u64) {
        let end = end / self.block * self.block;
        if end > self.end {
            let start = std::mem::replace(&mut self.end, end);
            self.join(start..end);
        }
    }

    /// Frees a run, joined with its free neighbours.
    fn join(&mut self, run: Range<u64>) {
        let (mut start, mut end) = (run.start, run.end);
        if let Some((&before, &len)) = self.free.range(..start).next_back()
            && before + len == start
        {
            self.take(before, len);
            start = before;
        }
        if let Some(&len) = self.free.get(&end) {
            self.take(end, len);
            end += len;
        }
        self.put(start, end - start);
    }

    fn put(&mut self, offset: u64, len: u64) {
        self.free.insert(offset, len);
        self.by_len.insert((len, offset));
    }

    fn take(&mut self, offset: u64, len: u64) {
        self.free.remove(&offset);
        self.by_len.remove(&(len, offset));
    }
}

#[cfg(test)]
mod tests;
