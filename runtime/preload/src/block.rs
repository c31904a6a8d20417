//! The pool as C sees it: blocks without a layout, and null instead of errors.

use std::alloc::{GlobalAlloc, Layout};
use std::ptr;

use stratal_runtime::Stratal;

use crate::errno::{ENOMEM, fail};

/// The alignment of `max_align_t`, which every block has.
pub(crate) const ALIGN_MIN: usize = 16;

/// Sizes up to this one are not checked for what no object can be. The pool draws its line between small and large
/// there as well, so that the compiler sees one test where there are two.
const SMALL_MAX: usize = 64 << 10;

/// The pool of the process.
pub(crate) const POOL: Stratal = Stratal::new();

/// `size` bytes at a multiple of `align`, a power of two; `None` if no object can be that long.
#[inline]
fn layout(size: usize, align: usize) -> Option<Layout> {
    // A block of no bytes is still a block, with an address of its own.
    Layout::from_size_align(size.max(1), align).ok()
}

/// A block of `size` bytes aligned for any object; null and `ENOMEM` if there is none.
#[inline]
pub(crate) fn alloc(size: usize) -> *mut u8 {
    if size > SMALL_MAX {
        return alloc_aligned(size, ALIGN_MIN);
    }
    // SAFETY: a power of two, and a size far below `isize::MAX`.
    let layout = unsafe { Layout::from_size_align_unchecked(size.max(1), ALIGN_MIN) };
    // SAFETY: `layout` is not empty.
    let block = unsafe { POOL.alloc(layout) };
    if block.is_null() { fail(ENOMEM) } else { block }
}

/// A block of `size` bytes at a multiple of `align`, a power of two; null and `ENOMEM` if there is none.
#[inline(never)]
pub(crate) fn alloc_aligned(size: usize, align: usize) -> *mut u8 {
    let block = try_aligned(size, align);
    if block.is_null() { fail(ENOMEM) } else { block }
}

/// As [`alloc_aligned`], but leaves `errno` alone.
#[inline]
pub(crate) fn try_aligned(size: usize, align: usize) -> *mut u8 {
    let Some(layout) = layout(size, align) else { return ptr::null_mut() };
    // SAFETY: `layout` is not empty.
    unsafe { POOL.alloc(layout) }
}

/// A zeroed block of `size` bytes aligned for any object; null and `ENOMEM` if there is none.
#[inline]
pub(crate) fn alloc_zeroed(size: usize) -> *mut u8 {
    let Some(layout) = layout(size, ALIGN_MIN) else { return fail(ENOMEM) };
    // SAFETY: `layout` is not empty.
    let block = unsafe { POOL.alloc_zeroed(layout) };
    if block.is_null() { fail(ENOMEM) } else { block }
}

/// Frees a block, or does nothing for null.
///
/// # Safety
///
/// `block` is null, or a block of this pool that is the caller's and not used afterwards.
#[inline]
pub(crate) unsafe fn free(block: *mut u8) {
    if !block.is_null() {
        // SAFETY: the caller's block.
        unsafe { POOL.free_unsized(block) };
    }
}

/// Makes a block `size` bytes long, moving it if it must; null and `ENOMEM` if there is no room, and the block stays
/// as it was.
///
/// # Safety
///
/// `block` is a block of this pool and the caller's. If the result is not null, it is gone.
pub(crate) unsafe fn resize(block: *mut u8, size: usize) -> *mut u8 {
    let held = usable(block);
    let (Some(old), Some(new)) = (layout(held, ALIGN_MIN), layout(size, ALIGN_MIN)) else {
        return fail(ENOMEM);
    };
    // SAFETY:
    // - the block is the caller's, and the pool serves a block of `held` bytes exactly as this one was served;
    // - the new size is not zero and, rounded up, not above `isize::MAX`, or it would have no layout.
    let resized = unsafe { POOL.realloc(block, old, new.size()) };
    if resized.is_null() { fail(ENOMEM) } else { resized }
}

/// Bytes that the owner of a block may use; 0 for null.
pub(crate) fn usable(block: *mut u8) -> usize {
    if block.is_null() { 0 } else { POOL.usable_size(block) }
}
