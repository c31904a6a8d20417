//! A block of the global allocator, taken and given back by its layout: nothing between the loop and the allocator.

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc, handle_alloc_error};
use std::hint::black_box;

/// One block. It is not freed by being dropped: a loop says when.
pub(crate) struct Block {
    start: *mut u8,
    layout: Layout,
}

// SAFETY: a block is owned memory; which thread frees it does not matter to any allocator.
unsafe impl Send for Block {}

impl Block {
    /// Takes a block of a layout that is not empty.
    #[inline]
    pub(crate) fn take(layout: Layout) -> Self {
        // SAFETY: no point asks for zero bytes.
        Self { start: there(unsafe { alloc(layout) }, layout), layout }
    }

    /// Takes a block of zeros of a layout that is not empty.
    pub(crate) fn zeroed(layout: Layout) -> Self {
        // SAFETY: no point asks for zero bytes.
        Self { start: there(unsafe { alloc_zeroed(layout) }, layout), layout }
    }

    /// No block: what stands in for one in a loop that only counts its own instructions. Not to be freed.
    #[inline]
    pub(crate) fn none(layout: Layout) -> Self {
        Self { start: black_box(layout.dangling_ptr().as_ptr()), layout }
    }

    /// Takes one of at least 8 bytes and writes its first word: nobody allocates to write nothing.
    #[inline]
    pub(crate) fn written(bytes: usize, align: usize) -> Self {
        let block = Self::take(layout(bytes, align));
        // SAFETY: the block has 8 bytes, and is aligned for them.
        unsafe { block.start.cast::<usize>().write(bytes) };
        block
    }

    /// Writes a byte in every `step` of the first `bytes`.
    pub(crate) fn touch(&mut self, bytes: usize, step: usize) {
        for at in (0..bytes.min(self.layout.size())).step_by(step) {
            // SAFETY: `at` lies inside the block, which is exclusively borrowed.
            unsafe { self.start.add(at).write(1) };
        }
        black_box(self.start);
    }

    /// Writes every byte.
    pub(crate) fn fill(&mut self, value: u8) {
        // SAFETY: the whole block is ours to write, and exclusively borrowed.
        unsafe { self.start.write_bytes(value, self.layout.size()) };
        black_box(self.start);
    }

    /// Bytes asked for.
    pub(crate) fn bytes(&self) -> usize {
        self.layout.size()
    }

    /// Gives it back.
    #[inline]
    pub(crate) fn free(self) {
        // SAFETY: the block was taken with this layout, and `self` was its only owner.
        unsafe { dealloc(black_box(self.start), self.layout) }
    }
}

/// The layout of `bytes` at a multiple of `align`, a power of two.
#[inline]
pub(crate) fn layout(bytes: usize, align: usize) -> Layout {
    Layout::from_size_align(bytes, align).expect("points ask for sane layouts")
}

/// The block, unless memory is out.
#[inline]
fn there(start: *mut u8, layout: Layout) -> *mut u8 {
    if start.is_null() {
        handle_alloc_error(layout);
    }
    start
}
