//! A global allocator that counts the blocks each thread takes: for promises that something allocates nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static TAKEN: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counted. Install it with `#[global_allocator]`.
#[derive(Debug)]
pub struct CountingAllocator;

impl CountingAllocator {
    /// Blocks that this thread has taken so far.
    #[must_use]
    pub fn taken() -> u64 {
        TAKEN.with(Cell::get)
    }
}

fn count() {
    // A thread that is ending has no counter any more.
    let _ = TAKEN.try_with(|taken| taken.set(taken.get() + 1));
}

// SAFETY:
// - every call goes to `System` unchanged, and `System` keeps the contract; counting touches no block, allocates
//   nothing and cannot unwind.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY:
        // - the caller keeps the contract of `alloc`, which is that of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY:
        // - the caller keeps the contract of `dealloc`; the block came from `System`.
        unsafe { System.dealloc(block, layout) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY:
        // - the caller keeps the contract of `realloc`; the block came from `System`.
        unsafe { System.realloc(block, layout, size) }
    }
}
