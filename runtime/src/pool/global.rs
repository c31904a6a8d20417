//! The front door: `#[global_allocator]`.

use std::alloc::{GlobalAlloc, Layout};
use std::ptr;

use super::background;
use super::checks;
use super::class::Class;
use super::large;
use super::stats::{self, Stats};
use super::thread::{self, POOL};

/// The allocator, to be installed for the whole program.
///
/// Every value stands for the one pool of the process; blocks of one may be freed through another.
///
/// ```
/// #[global_allocator]
/// static GLOBAL: stratal_runtime::Stratal = stratal_runtime::Stratal::new();
///
/// let numbers: Vec<u64> = (0..1_000_000).collect();
/// assert!(GLOBAL.stats().large_bytes >= 8_000_000);
/// # assert_eq!(numbers.len(), 1_000_000);
/// ```
///
/// - **Alignment**: any; a block aligned to a cache line or a page costs what an unaligned one costs.
/// - **Out of memory**: a null pointer, which the standard library turns into its usual abort.
/// - **Corruption**: a pointer freed twice, or never allocated, ends the process with one line on standard error,
///   at the latest when the cache it was freed to is emptied.
/// - **Fork**: the child may allocate. What the caches of the parent's other threads held is lost in the child.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stratal;

impl Stratal {
    /// The allocator. Nothing is reserved before the first allocation.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }

    /// What the pool holds now, in bytes; takes three short locks.
    #[must_use]
    pub fn stats(&self) -> Stats {
        stats::snapshot(&POOL)
    }

    /// Bytes of a block that its owner may use: what was asked for, rounded up to what the pool hands out.
    ///
    /// Looks the block up, so it needs no layout. A pointer that does not lie in memory of this pool ends the process,
    /// as freeing it would.
    ///
    /// ```
    /// use std::alloc::{GlobalAlloc, Layout};
    /// use stratal_runtime::Stratal;
    ///
    /// let pool = Stratal::new();
    /// // SAFETY: the layout is not empty.
    /// let block = unsafe { pool.alloc(Layout::new::<[u8; 100]>()) };
    /// assert_eq!(pool.usable_size(block), 112);
    /// // SAFETY: allocated above, and not used below.
    /// unsafe { pool.free_unsized(block) };
    /// ```
    #[must_use]
    pub fn usable_size(&self, block: *mut u8) -> usize {
        match POOL.class_of(block) {
            Some(class) => class.bytes(),
            None => large::usable(&POOL, block),
        }
    }

    /// Frees a block whose size is not known; see [`usable_size`](Self::usable_size).
    ///
    /// # Safety
    ///
    /// As for [`GlobalAlloc::dealloc`]: the block is the caller's, and not used afterwards.
    #[inline]
    pub unsafe fn free_unsized(&self, block: *mut u8) {
        checks::came_back(block);
        match POOL.class_at_once(block) {
            Some(class) => free_small(class, block),
            None => free_found(block),
        }
    }

    /// Gives the memory of free slabs and runs back to the system now instead of after a second.
    ///
    /// What the caches of threads hold stays.
    pub fn purge(&self) {
        POOL.purge();
    }

    /// Starts a thread that gives free memory back while the program is idle; whether it runs.
    ///
    /// Without it memory goes back within about a second too, but only while threads come by the slow paths of the
    /// allocator: a program that frees a peak and then waits keeps it. The thread sleeps while nothing is free, no
    /// signal handler runs on it, and the child of a fork starts its own when it needs one. Calling this twice is
    /// calling it once.
    ///
    /// ```
    /// # use stratal_runtime::Stratal;
    /// #[global_allocator]
    /// static GLOBAL: Stratal = Stratal::new();
    ///
    /// if !GLOBAL.purge_in_background() {
    ///     eprintln!("no thread could be started: idle memory stays until the next allocation");
    /// }
    /// ```
    pub fn purge_in_background(&self) -> bool {
        background::start()
    }
}

// SAFETY:
// - `alloc` returns null or a block that is not shorter than the layout (`Class::of`, `large`), aligned to it, and in
//   nobody else's hands until it is freed (a block is in one place only: see the pool's invariants).
// - Nothing unwinds.
unsafe impl GlobalAlloc for Stratal {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let block = take(layout.size(), layout.align());
        checks::handed_out(block, layout);
        block
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        checks::came_back(block);
        // SAFETY: the caller's block and layout.
        unsafe { free::<true>(block, layout.size(), layout.align()) };
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let Some(class) = Class::of(layout.size(), layout.align()) else {
            let block = alloc_large(layout.size(), layout.align(), true);
            checks::handed_out(block, layout);
            return block;
        };
        let cached = thread::with_heap(|heap| heap.cache(class).pop());
        let (block, is_zero) =
            if cached.is_null() { thread::alloc_zeroed_slowly(class) } else { (cached, false) };
        checks::handed_out(block, layout);
        if !is_zero && !block.is_null() {
            // SAFETY: just allocated with this layout.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        match Class::of(layout.size(), layout.align()) {
            Some(class) if Class::of(size, layout.align()) == Some(class) => {
                checks::resized(block, block, size);
                return block;
            }
            Some(_) => {}
            None => {
                // SAFETY: the caller's block, layout and size; without a class it is large.
                let resized = unsafe { resize_large(block, layout, size) };
                if !resized.is_null() {
                    checks::resized(block, resized, size);
                    return resized;
                }
            }
        }
        let copy = take(size, layout.align());
        if !copy.is_null() {
            // SAFETY: the size is not zero, and was promised to make a layout with this alignment.
            checks::handed_out(copy, unsafe { Layout::from_size_align_unchecked(size, layout.align()) });
            // SAFETY: two blocks of at least that many bytes, and a fresh one overlaps no other.
            unsafe { ptr::copy_nonoverlapping(block, copy, size.min(layout.size())) };
            checks::came_back(block);
            // SAFETY: the caller's block and layout.
            unsafe { free::<false>(block, layout.size(), layout.align()) };
        }
        copy
    }
}

/// A block of any size, a valid layout's; null if the system refuses.
#[inline]
fn take(size: usize, align: usize) -> *mut u8 {
    let Some(class) = Class::of(size, align) else { return alloc_large(size, align, false) };
    let block = thread::with_heap(|heap| heap.cache(class).pop());
    if block.is_null() { thread::alloc_slowly(class) } else { block }
}

/// Takes back what [`take`] gave.
///
/// A call of its own: code that frees is spread over every destructor, and the compiler makes worse of the larger
/// ones than the call costs. It is generic, though nothing depends on it, so that the program that installs the
/// allocator gets a copy of its own, where reaching a thread-local takes one instruction and no register.
///
/// # Safety
///
/// The block is the caller's, of this size and alignment, and not used afterwards.
#[inline(never)]
unsafe fn free<const IN_PROGRAM: bool>(block: *mut u8, size: usize, align: usize) {
    let Some(class) = Class::of(size, align) else { return free_large(block) };
    free_small(class, block);
}

/// Frees a block of a class.
#[inline]
fn free_small(class: Class, block: *mut u8) {
    let Some((class, block)) = checks::exchanged(class, block) else { return };
    if !thread::with_heap(|heap| heap.cache(class).push(block)) {
        thread::free_slowly(class, block);
    }
}

/// Frees a block that is large, or small and in a slab that one look did not find.
#[inline(never)]
fn free_found(block: *mut u8) {
    match POOL.class_of(block) {
        Some(class) => free_small(class, block),
        None => free_large(block),
    }
}

/// A block above the size classes. A call of its own, so that small blocks keep their few registers.
#[inline(never)]
fn alloc_large(size: usize, align: usize, zeroed: bool) -> *mut u8 {
    // SAFETY: the size and alignment of a caller's layout.
    let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
    thread::settle_in();
    thread::with_heap(|heap| large::alloc(&POOL, heap.runs(), layout, zeroed))
}

/// Frees what [`alloc_large`] gave.
#[inline(never)]
fn free_large(block: *mut u8) {
    let gone = thread::with_heap(|heap| large::free(&POOL, heap.runs(), block));
    if gone > 0 {
        thread::let_go(gone);
    }
}

/// Resizes what [`alloc_large`] gave.
///
/// # Safety
///
/// As for [`large::resize`].
#[inline(never)]
unsafe fn resize_large(block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
    // SAFETY: forwarded.
    thread::with_heap(|heap| unsafe { large::resize(&POOL, heap.runs(), block, layout, size) })
}

#[cfg(test)]
mod tests;
