//! A slab: slices cut into slots of one class, described out of line by one bit per slot.
//!
//! Free slots are never written to find the next one: what an application does to freed memory cannot mislead the
//! allocator, zero pages stay zero, and the tail of a young slab stays untouched.
//!
//! Counters obey `free = set bits`, and `slots - free` blocks are with the application, in caches, or on their way
//! home. All fields but `owner` belong to the thread that owns the heap that owns the slab.

use std::ptr;

use super::class::{Class, SLOTS_MAX};
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
    /// Neighbours on the owner's shelf of slabs with free slots.
    pub(super) previous: Cell<*const Slab>,
    pub(super) next: Cell<*const Slab>,
    bits: [Cell<u64>; WORDS],
}

impl Slab {
    /// Describes fresh slices at `base`, all of whose slots are free.
    pub(crate) fn open(&self, base: *mut u8, class: Class, owner: *const Heap) {
        let slots = class.slots();
        self.base.set(base);
        self.class.set(class);
        self.free.set(slots as u32);
        self.first_word.set(0);
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

    /// Whether no slot is free.
    pub(crate) fn is_used_up(&self) -> bool {
        self.free.get() == 0
    }

    /// Whether every slot is free.
    pub(crate) fn is_idle(&self) -> bool {
        self.free.get() as usize == self.class.get().slots()
    }

    /// Takes free slots in address order, as many as `out` has room for and the slab has, and returns how many.
    pub(crate) fn take(&self, out: &mut [*mut u8]) -> usize {
        let class = self.class.get();
        let mut taken = 0;
        let mut word = self.first_word.get() as usize;
        while let Some(cell) = self.bits.get(word) {
            let mut bits = cell.get();
            while bits != 0 && taken < out.len() {
                let slot = 64 * word + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                out[taken] = self.base.get().wrapping_add(slot * class.bytes());
                taken += 1;
            }
            cell.set(bits);
            if taken == out.len() || taken == self.free.get() as usize {
                break;
            }
            word += 1;
        }
        self.first_word.set(word as u32);
        self.free.set(self.free.get() - taken as u32);
        taken
    }

    /// Takes back a block; aborts if it is none of this slab, or free already.
    pub(crate) fn put(&self, block: *mut u8) {
        let offset = block.addr().wrapping_sub(self.base.get().addr());
        let Some(slot) = self.class.get().slot_at(offset) else {
            corrupt("a pointer into the middle of a block was freed", block.addr());
        };
        let (word, bit) = (slot / 64, 1 << (slot % 64));
        let bits = self.bits[word].get();
        if bits & bit != 0 {
            corrupt("a block was freed twice", block.addr());
        }
        self.bits[word].set(bits | bit);
        self.free.set(self.free.get() + 1);
        self.first_word.set(self.first_word.get().min(word as u32));
    }
}

#[cfg(test)]
mod tests;
