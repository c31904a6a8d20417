//! A slab: slices cut into slots of one class, described out of line by one bit per slot.
//!
//! Free slots are never written to find the next one: what an application does to freed memory cannot mislead the
//! allocator, zero pages stay zero, and the tail of a young slab stays untouched.
//!
//! Counters obey `free = set bits`, and `slots - free` blocks are with the application, in caches, or on their way
//! home. All fields but `owner`, `base` and `class` belong to the thread that owns the heap that owns the slab.

use std::ptr;

use super::class::{Class, SLICE, SLOTS_MAX};
use super::corrupt::corrupt;
use super::heap::Heap;
use crate::sync::owned::Cell;
use crate::sync::unmodelled::{AtomicPtr, Ordering};

const WORDS: usize = SLOTS_MAX / 64;

/// The descriptor of one slab. See the [module](self).
#[derive(Debug)]
pub(crate) struct Slab {
    /// The heap its blocks come home to. Every thread reads it, while it holds a block of this slab; it is set
    /// before the first block leaves and not changed while one is out.
    owner: AtomicPtr<Heap>,
    base: Cell<*mut u8>,
    class: Cell<Class>,
    free: Cell<u32>,
    /// No word before this one has a set bit.
    first_word: Cell<u32>,
    /// Slots from this one on were never given out and read as zero.
    fresh_from: Cell<u32>,
    /// Slots that were free at the last sweep and stayed so: their pages are gone already.
    swept: Cell<u32>,
    /// Whether a slot was taken since somebody asked.
    is_busy: Cell<bool>,
    /// Neighbours on the owner's shelf of slabs with free slots.
    pub(super) previous: Cell<*const Slab>,
    pub(super) next: Cell<*const Slab>,
    bits: [Cell<u64>; WORDS],
    #[cfg(feature = "hardened")]
    ward: super::hardened::Ward,
}

impl Slab {
    /// Describes fresh slices at `base`, all of whose slots are free; whether they read as zero is known.
    pub(crate) fn open(&self, base: *mut u8, is_zero: bool, class: Class, owner: *const Heap) {
        let slots = class.slots();
        self.base.set(base);
        self.class.set(class);
        self.free.set(slots as u32);
        self.first_word.set(0);
        self.fresh_from.set(if is_zero { 0 } else { slots as u32 });
        self.swept.set(0);
        self.is_busy.set(true);
        self.previous.set(ptr::null());
        self.next.set(ptr::null());
        for (i, word) in self.bits.iter().take(slots.div_ceil(64)).enumerate() {
            let rest = slots - 64 * i;
            word.set(if rest >= 64 { u64::MAX } else { (1 << rest) - 1 });
        }
        self.owner.store(owner.cast_mut(), Ordering::Release);
    }

    /// The heap its blocks come home to; any thread may ask.
    pub(crate) fn owner(&self) -> *const Heap {
        self.owner.load(Ordering::Acquire)
    }

    pub(crate) fn class(&self) -> Class {
        self.class.get()
    }

    pub(crate) fn base(&self) -> *mut u8 {
        self.base.get()
    }

    /// Which slots the application has.
    #[cfg(feature = "hardened")]
    pub(crate) fn ward(&self) -> &super::hardened::Ward {
        &self.ward
    }

    /// The slot that a block is; aborts if it is none.
    #[cfg(feature = "hardened")]
    pub(crate) fn slot_of(&self, block: *mut u8) -> usize {
        match self.class.get().cut().slot_at(self.offset(block)) {
            Some(slot) => slot,
            None => no_slot(block),
        }
    }

    fn offset(&self, block: *mut u8) -> usize {
        block.addr().wrapping_sub(self.base.get().addr())
    }

    /// How many of the first of `blocks` lie in this slab.
    pub(crate) fn leading(&self, blocks: &[*mut u8]) -> usize {
        let len = self.class.get().slab_slices() as usize * SLICE;
        blocks.iter().take_while(|&&block| self.offset(block) < len).count()
    }

    /// Slots that are free.
    pub(crate) fn free(&self) -> usize {
        self.free.get() as usize
    }

    /// Whether no slot is free.
    pub(crate) fn is_used_up(&self) -> bool {
        self.free.get() == 0
    }

    /// Whether every slot is free.
    pub(crate) fn is_idle(&self) -> bool {
        self.free() == self.class.get().slots()
    }

    /// Takes free slots, the lowest into the last place of `out`, as many as it has room for and the slab has, and
    /// returns how many.
    pub(crate) fn take(&self, out: &mut [*mut u8]) -> usize {
        let (base, bytes) = (self.base.get(), self.class.get().bytes());
        let count = out.len().min(self.free());
        let mut word = self.first_word.get() as usize;
        let mut bits = 0;
        let mut slot = 0;
        let mut vacant = out[..count].iter_mut().rev();
        'words: while let Some(cell) = self.bits.get(word) {
            bits = cell.get();
            while bits != 0 {
                let Some(place) = vacant.next() else { break 'words };
                slot = 64 * word + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                *place = base.wrapping_add(slot * bytes);
            }
            cell.set(0);
            word += 1;
        }
        if let Some(cell) = self.bits.get(word) {
            cell.set(bits);
        }
        self.first_word.set(word as u32);
        self.free.set(self.free.get() - count as u32);
        self.fresh_from.set(self.fresh_from.get().max(slot as u32 + 1));
        self.swept.set(self.swept.get().min(self.free.get()));
        self.is_busy.set(true);
        count
    }

    /// Takes one slot that was never given out and reads as zero, if there is one and no other is free before it.
    pub(crate) fn take_fresh(&self) -> *mut u8 {
        let fresh = self.fresh_from.get() as usize;
        let slots = self.class.get().slots();
        if fresh == slots || self.free() != slots - fresh {
            return ptr::null_mut();
        }
        let mut block = [ptr::null_mut()];
        self.take(&mut block);
        block[0]
    }

    /// Takes back blocks that lie in this slab; aborts if one is no block, or free already.
    pub(crate) fn put(&self, blocks: &[*mut u8]) {
        let (base, cut) = (self.base.get().addr(), self.class.get().cut());
        let mut word = usize::MAX;
        let mut bits = 0;
        let mut first_word = self.first_word.get() as usize;
        for &block in blocks {
            let Some(slot) = cut.slot_at(block.addr().wrapping_sub(base)) else { no_slot(block) };
            // Neighbours share a word, which stays in a register as long as they come together.
            if slot / 64 != word {
                if let Some(cell) = self.bits.get(word) {
                    cell.set(bits);
                }
                word = slot / 64;
                bits = self.bits[word].get();
                first_word = first_word.min(word);
            }
            let bit = 1 << (slot % 64);
            if bits & bit != 0 {
                corrupt("a block was freed twice", block.addr());
            }
            bits |= bit;
        }
        if let Some(cell) = self.bits.get(word) {
            cell.set(bits);
        }
        self.first_word.set(first_word as u32);
        self.free.set(self.free.get() + blocks.len() as u32);
    }

    /// Whether no slot was taken since this was asked last.
    pub(crate) fn was_quiet(&self) -> bool {
        !self.is_busy.replace(false)
    }

    /// Begins a sweep of what is free; `false` if no more is free than at the last one.
    pub(crate) fn begin_sweep(&self) -> bool {
        self.swept.replace(self.free.get()) < self.free.get()
    }

    /// Calls `visit` with the bounds of every longest row of free slots, of those that were used before or of all.
    pub(crate) fn for_each_gap(&self, with_fresh: bool, mut visit: impl FnMut(usize, usize)) {
        let used_end = if with_fresh { self.class.get().slots() } else { self.fresh_from.get() as usize };
        let mut slot = 0;
        while let Some(first) = self.next_slot(slot, true).filter(|&first| first < used_end) {
            slot = self.next_slot(first, false).map_or(used_end, |end| end.min(used_end));
            visit(first, slot);
        }
    }

    /// The first slot from `from` on that is free, or that is not.
    fn next_slot(&self, from: usize, is_free: bool) -> Option<usize> {
        let slots = self.class.get().slots();
        let mut ignored = (1_u64 << (from % 64)) - 1;
        for word in from / 64..slots.div_ceil(64) {
            let bits = self.bits[word].get();
            let wanted = if is_free { bits } else { !bits } & !ignored;
            if wanted != 0 {
                return Some(64 * word + wanted.trailing_zeros() as usize).filter(|&slot| slot < slots);
            }
            ignored = 0;
        }
        None
    }
}

#[cold]
fn no_slot(block: *mut u8) -> ! {
    corrupt("a pointer into the middle of a block was freed", block.addr())
}

#[cfg(test)]
mod tests;
