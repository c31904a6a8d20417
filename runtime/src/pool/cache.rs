//! A cache: a stack of free blocks of one class that one thread takes from and gives to without atomics.
//!
//! ```text
//! floor            top        limit
//!   │ null │ oldest │ … │ newest │   │   │
//! ```
//!
//! Invariant: `floor ≤ top ≤ limit` inside one array of pointers, whose slot at `floor` is null, and the slots above
//! it up to `top` hold blocks that belong to this cache. The null makes taking from an empty cache a test of what
//! was loaded anyway; an array of that one slot is a cache that is empty and full at once.
//!
//! The fast path needs `top` and `limit` alone, so that is all a cache keeps; who goes the slow way brings the
//! capacity, `limit - floor`.

use std::ptr;

use super::class::Class;
use crate::sync::owned::Cell;
use crate::sync::unmodelled::{AtomicPtr, Ordering::Relaxed};

/// A stack of free blocks of one class. See the [module](self).
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Cache {
    /// Read by whoever counts what caches hold, hence atomic.
    top: AtomicPtr<*mut u8>,
    limit: Cell<*mut *mut u8>,
}

// A class knows how far its cache lies behind the first.
const _: () = assert!(size_of::<Cache>() == Class::STRIDE);

/// The array of every cache that holds nothing and takes nothing.
struct Nothing(*mut u8);

// SAFETY: never written, so any thread may read it.
unsafe impl Sync for Nothing {}

static NOTHING: Nothing = Nothing(ptr::null_mut());

impl Cache {
    /// A cache that holds nothing and takes nothing: of capacity 0.
    pub(crate) const fn nothing() -> Self {
        let floor = (&raw const NOTHING.0).cast_mut();
        Self { top: AtomicPtr::new(floor), limit: Cell::new(floor) }
    }

    /// Moves what this cache holds to an array for `capacity` blocks, and lives there from now on.
    ///
    /// # Safety
    ///
    /// - `array` has `capacity + 1` zeroed slots that live as long as the cache and are used by it alone.
    /// - `old_capacity` is the capacity of this cache, and not more than `capacity`.
    pub(crate) unsafe fn move_to(&self, array: *mut *mut u8, capacity: usize, old_capacity: usize) {
        let len = self.len(old_capacity);
        // SAFETY: `len + 1` slots from the floor are in the old array and, as it is not longer, fit into the new one.
        unsafe { ptr::copy_nonoverlapping(self.floor(old_capacity), array, len + 1) };
        // SAFETY: `len` is at most the capacity.
        self.top.store(unsafe { array.add(len) }, Relaxed);
        // SAFETY: the array has `capacity + 1` slots.
        self.limit.set(unsafe { array.add(capacity) });
    }

    /// Takes the newest block; null if there is none.
    #[inline]
    pub(crate) fn pop(&self) -> *mut u8 {
        let top = self.top.load(Relaxed);
        // SAFETY: `top` is a slot of the array, by the invariant.
        let block = unsafe { top.read() };
        if !block.is_null() {
            // SAFETY: a slot that holds a block is above `floor`.
            self.top.store(unsafe { top.sub(1) }, Relaxed);
        }
        block
    }

    /// Takes in a free block; `false`, and nothing happens, if the cache is full.
    #[inline]
    pub(crate) fn push(&self, block: *mut u8) -> bool {
        let top = self.top.load(Relaxed);
        if top == self.limit.get() {
            return false;
        }
        // SAFETY: `top < limit`, so the next slot is in the array.
        let next = unsafe { top.add(1) };
        // SAFETY: as above; slots above `top` hold nothing.
        unsafe { next.write(block) };
        self.top.store(next, Relaxed);
        true
    }

    /// Lets `fill` write up to `room` blocks above the newest; it returns how many there are, the first of them
    /// the next to be taken but for those that follow.
    pub(crate) fn fill(&self, room: usize, fill: impl FnOnce(&mut [*mut u8]) -> usize) {
        // SAFETY: both point into the array, `top` not after `limit`.
        let vacant = unsafe { self.limit.get().offset_from_unsigned(self.top.load(Relaxed)) };
        let first = self.top.load(Relaxed).wrapping_add(1);
        // SAFETY: the slots above `top` are initialised, nobody else's, and hold nothing.
        let slots = unsafe { std::slice::from_raw_parts_mut(first, room.min(vacant)) };
        let filled = fill(slots).min(room.min(vacant));
        // SAFETY: not above `limit`.
        self.top.store(unsafe { self.top.load(Relaxed).add(filled) }, Relaxed);
    }

    /// Bytes from `floor`, an address, to the newest block: a multiple of a pointer's, for any thread that knows the
    /// floor; nonsense while the owner moves the array.
    pub(crate) fn extent(&self, floor: usize) -> usize {
        self.top.load(Relaxed).addr().wrapping_sub(floor)
    }

    /// Blocks it holds, given its capacity.
    pub(crate) fn len(&self, capacity: usize) -> usize {
        // SAFETY: both point into the array, the floor not after `top`.
        unsafe { self.top.load(Relaxed).offset_from_unsigned(self.floor(capacity)) }
    }

    pub(crate) fn floor(&self, capacity: usize) -> *mut *mut u8 {
        self.limit.get().wrapping_sub(capacity)
    }

    /// Takes as many blocks as the same array has slots for by another capacity, from now on.
    ///
    /// # Safety
    ///
    /// The array has `capacity + 1` slots, the cache holds no more blocks than that, and `old_capacity` was its capacity.
    pub(crate) unsafe fn bound(&self, capacity: usize, old_capacity: usize) {
        // SAFETY: by the caller's promise the slot lies in the array.
        self.limit.set(unsafe { self.floor(old_capacity).add(capacity) });
    }

    /// Moves the newest blocks to `out`, as many as fit, and returns how many there were.
    pub(crate) fn take_newest(&self, capacity: usize, out: &mut [*mut u8]) -> usize {
        let count = self.len(capacity).min(out.len());
        // SAFETY: `count` slots up to `top` hold blocks.
        let below = unsafe { self.top.load(Relaxed).sub(count) };
        // SAFETY: as above, and `out` has room for as many.
        unsafe { ptr::copy_nonoverlapping(below.wrapping_add(1), out.as_mut_ptr(), count) };
        self.top.store(below, Relaxed);
        count
    }

    /// Moves the oldest blocks to `out`, as many as fit, and returns how many there were.
    pub(crate) fn take_oldest(&self, capacity: usize, out: &mut [*mut u8]) -> usize {
        let len = self.len(capacity);
        let count = len.min(out.len());
        let rest = len - count;
        // The slot above the floor; if the cache is empty, nothing is copied from it.
        let oldest = self.floor(capacity).wrapping_add(1);
        // SAFETY: `count` slots from the oldest hold blocks, and `out` has room for as many.
        unsafe { ptr::copy_nonoverlapping(oldest, out.as_mut_ptr(), count) };
        // SAFETY: the `rest` slots behind them hold blocks; both ranges lie in the array.
        unsafe { ptr::copy(oldest.wrapping_add(count), oldest, rest) };
        // SAFETY: `rest` slots above the floor remain.
        self.top.store(unsafe { self.floor(capacity).add(rest) }, Relaxed);
        count
    }
}

#[cfg(test)]
mod tests;
