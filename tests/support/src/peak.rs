//! A global allocator that knows how many bytes are live and how many ever were: for promises about memory.
//!
//! Invariant: `live` is the sum of the sizes of all blocks handed out and not yet taken back.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The system's allocator, counted. Install it with `#[global_allocator]`.
#[derive(Debug)]
pub struct PeakAllocator {
    live: AtomicUsize,
    peak: AtomicUsize,
}

impl PeakAllocator {
    /// One that has handed out nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { live: AtomicUsize::new(0), peak: AtomicUsize::new(0) }
    }

    /// Most bytes that were live at once while `work` ran, beyond those live before; and what `work` returned. Other
    /// threads count too.
    pub fn peak_bytes_of<T>(&self, work: impl FnOnce() -> T) -> (usize, T) {
        let before = self.live.load(Relaxed);
        self.peak.store(before, Relaxed);
        let result = work();
        (self.peak.load(Relaxed).saturating_sub(before), result)
    }

    fn add(&self, bytes: usize) {
        let live = self.live.fetch_add(bytes, Relaxed) + bytes;
        self.peak.fetch_max(live, Relaxed);
    }
}

impl Default for PeakAllocator {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY:
// - every call goes to `System` unchanged, and `System` keeps the contract; counting touches no block and cannot
//   unwind.
unsafe impl GlobalAlloc for PeakAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY:
        // - the caller keeps the contract of `alloc`, which is that of `System`.
        let block = unsafe { System.alloc(layout) };
        if !block.is_null() {
            self.add(layout.size());
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY:
        // - the caller keeps the contract of `dealloc`; the block came from `System`.
        unsafe { System.dealloc(block, layout) };
        self.live.fetch_sub(layout.size(), Relaxed);
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY:
        // - the caller keeps the contract of `realloc`; the block came from `System`.
        let moved = unsafe { System.realloc(block, layout, size) };
        if !moved.is_null() {
            // While a block moves, both places may be live.
            self.add(size);
            self.live.fetch_sub(layout.size(), Relaxed);
        }
        moved
    }
}
