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

use std::ptr;

use crate::sync::owned::Cell;

/// A stack of free blocks of one class. See the [module](self).
#[derive(Debug)]
pub(crate) struct Cache {
    top: Cell<*mut *mut u8>,
    limit: Cell<*mut *mut u8>,
    floor: Cell<*mut *mut u8>,
}

/// The array of every cache that holds nothing and takes nothing.
struct Nothing(*mut u8);

// SAFETY: never written, so any thread may read it.
unsafe impl Sync for Nothing {}

static NOTHING: Nothing = Nothing(ptr::null_mut());

impl Cache {
    /// A cache that holds nothing and takes nothing.
    pub(crate) const fn nothing() -> Self {
        let floor = (&raw const NOTHING.0).cast_mut();
        Self { top: Cell::new(floor), limit: Cell::new(floor), floor: Cell::new(floor) }
    }

    /// Gives this cache an array for `capacity` blocks.
    ///
    /// # Safety
    ///
    /// - `array` has `capacity + 1` zeroed slots that live as long as the cache and are used by it alone.
    /// - The cache holds no block.
    pub(crate) unsafe fn adopt(&self, array: *mut *mut u8, capacity: usize) {
        self.floor.set(array);
        self.top.set(array);
        // SAFETY: the array has `capacity + 1` slots.
        self.limit.set(unsafe { array.add(capacity) });
    }

    /// Takes the newest block; null if there is none.
    #[inline]
    pub(crate) fn pop(&self) -> *mut u8 {
        let top = self.top.get();
        // SAFETY: `top` is a slot of the array, by the invariant.
        let block = unsafe { top.read() };
        if !block.is_null() {
            // SAFETY: a slot that holds a block is above `floor`.
            self.top.set(unsafe { top.sub(1) });
        }
        block
    }

    /// Takes in a free block; `false`, and nothing happens, if the cache is full.
    #[inline]
    pub(crate) fn push(&self, block: *mut u8) -> bool {
        let top = self.top.get();
        if top == self.limit.get() {
            return false;
        }
        // SAFETY: `top < limit`, so the next slot is in the array.
        let next = unsafe { top.add(1) };
        // SAFETY: as above; slots above `top` hold nothing.
        unsafe { next.write(block) };
        self.top.set(next);
        true
    }

    /// Blocks it holds.
    pub(crate) fn len(&self) -> usize {
        // SAFETY: both point into the array, `floor` not after `top`.
        unsafe { self.top.get().offset_from_unsigned(self.floor.get()) }
    }

    /// Moves the oldest blocks to `out`, as many as fit, and returns how many.
    pub(crate) fn take_oldest(&self, out: &mut [*mut u8]) -> usize {
        let count = self.len().min(out.len());
        let rest = self.len() - count;
        // The slot above `floor`; if the cache is empty, nothing is copied from it.
        let oldest = self.floor.get().wrapping_add(1);
        // SAFETY: `count` slots from the oldest hold blocks, and `out` has room for as many.
        unsafe { ptr::copy_nonoverlapping(oldest, out.as_mut_ptr(), count) };
        // SAFETY: the `rest` slots behind them hold blocks; both ranges lie in the array.
        unsafe { ptr::copy(oldest.wrapping_add(count), oldest, rest) };
        // SAFETY: `rest` slots above `floor` remain.
        self.top.set(unsafe { self.floor.get().add(rest) });
        count
    }
}

#[cfg(test)]
mod tests;
