//! A shelf: the slabs of one class that have free slots, fullest first, and the counters of all its slabs.
//!
//! Blocks are taken from the slab that has the fewest free slots, so that the others may empty and go back. The order
//! is kept by quarters: a slab moves between four lists as it fills and empties, which costs nothing per block.
//!
//! Equation: `taken - returned` is the sum over the slabs of a class of slots that are not free: with the application,
//! in caches, or on their way home.

use std::ptr;

use super::slab::Slab;
use crate::sync::owned::Cell;
use crate::sync::unmodelled::{AtomicUsize, Ordering::Relaxed};

/// Lists of a shelf.
const BINS: usize = 4;

/// The slabs of one class of one heap. See the [module](self).
#[derive(Debug)]
pub(crate) struct Shelf {
    /// Slabs with free slots, by how many quarters are free. Full ones are on no list; their blocks lead to them.
    heads: [Cell<*const Slab>; BINS],
    /// Slabs on the lists.
    listed: Cell<usize>,
    slabs: AtomicUsize,
    taken: AtomicUsize,
    returned: AtomicUsize,
}

/// The counters of one class of one heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) slabs: usize,
    /// Blocks that left a slab since the heap was made.
    pub(crate) taken: usize,
    /// Blocks that came back to one.
    pub(crate) returned: usize,
    /// Blocks in the cache of the heap, which may be blocks of other heaps.
    pub(crate) cached: usize,
}

impl Shelf {
    pub(crate) const fn new() -> Self {
        Self {
            heads: [const { Cell::new(ptr::null()) }; BINS],
            listed: Cell::new(0),
            slabs: AtomicUsize::new(0),
            taken: AtomicUsize::new(0),
            returned: AtomicUsize::new(0),
        }
    }

    /// What was counted, the cache apart; any thread may ask.
    pub(crate) fn counts(&self) -> Counts {
        let (taken, returned) = (self.taken.load(Relaxed), self.returned.load(Relaxed));
        Counts { slabs: self.slabs.load(Relaxed), taken, returned, cached: 0 }
    }

    /// One of the fullest slabs that have a free slot.
    pub(crate) fn fullest(&self) -> Option<&Slab> {
        // SAFETY: null, or a slab of the pool that this heap owns.
        self.heads.iter().find_map(|head| unsafe { head.get().as_ref() })
    }

    /// Whether `slab` is the only one with a free slot.
    pub(crate) fn has_only_this(&self) -> bool {
        self.listed.get() == 1
    }

    /// Puts up a slab that was opened for this heap.
    pub(crate) fn add(&self, slab: &Slab) {
        count(&self.slabs, 1);
        self.link(slab, Self::bin(slab));
    }

    /// Takes down a slab that has free slots.
    pub(crate) fn remove(&self, slab: &Slab) {
        self.unlink(slab, Self::bin(slab));
        count(&self.slabs, -1);
    }

    /// Takes blocks out of a slab of this shelf, as many as `out` has room for and it has, and returns how many.
    pub(crate) fn take(&self, slab: &Slab, out: &mut [*mut u8]) -> usize {
        let before = Self::bin(slab);
        let taken = slab.take(out);
        count(&self.taken, taken.cast_signed());
        self.settle(slab, Some(before));
        taken
    }

    /// Takes one block that was never given out and reads as zero; null if `slab` has others to give first.
    pub(crate) fn take_fresh(&self, slab: &Slab) -> *mut u8 {
        let before = Self::bin(slab);
        let block = slab.take_fresh();
        if !block.is_null() {
            count(&self.taken, 1);
            self.settle(slab, Some(before));
        }
        block
    }

    /// Puts blocks back into their slab, which is one of this heap's.
    pub(crate) fn put(&self, slab: &Slab, blocks: &[*mut u8]) {
        let before = (!slab.is_used_up()).then(|| Self::bin(slab));
        slab.put(blocks);
        count(&self.returned, blocks.len().cast_signed());
        self.settle(slab, before);
    }

    /// Calls `visit` with every slab that has free slots; it may remove the one it is given.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(&Slab)) {
        for head in &self.heads {
            let mut next = head.get();
            // SAFETY: null, or a slab of the shelf, which this heap owns; descriptors outlive their slabs.
            while let Some(slab) = unsafe { next.as_ref() } {
                next = slab.next.get();
                visit(slab);
            }
        }
    }

    /// The list a slab with free slots belongs to.
    fn bin(slab: &Slab) -> usize {
        (slab.free() >> slab.class().quarter_shift()).min(BINS - 1)
    }

    /// Moves a slab whose free slots changed from the list it was on, if on any, to the one it belongs to.
    fn settle(&self, slab: &Slab, before: Option<usize>) {
        let after = (!slab.is_used_up()).then(|| Self::bin(slab));
        if before == after {
            return;
        }
        if let Some(bin) = before {
            self.unlink(slab, bin);
        }
        if let Some(bin) = after {
            self.link(slab, bin);
        }
    }

    fn link(&self, slab: &Slab, bin: usize) {
        let head = &self.heads[bin];
        slab.previous.set(ptr::null());
        slab.next.set(head.get());
        // SAFETY: null, or a slab of this shelf.
        if let Some(first) = unsafe { head.get().as_ref() } {
            first.previous.set(slab);
        }
        head.set(slab);
        self.listed.set(self.listed.get() + 1);
    }

    fn unlink(&self, slab: &Slab, bin: usize) {
        // SAFETY: null, or a slab of the same list.
        match unsafe { slab.previous.get().as_ref() } {
            Some(previous) => previous.next.set(slab.next.get()),
            None => self.heads[bin].set(slab.next.get()),
        }
        // SAFETY: null, or a slab of the same list.
        if let Some(next) = unsafe { slab.next.get().as_ref() } {
            next.previous.set(slab.previous.get());
        }
        self.listed.set(self.listed.get() - 1);
    }
}

/// Changes a counter that only the owner writes.
fn count(counter: &AtomicUsize, change: isize) {
    counter.store(counter.load(Relaxed).wrapping_add_signed(change), Relaxed);
}

#[cfg(test)]
mod tests;
