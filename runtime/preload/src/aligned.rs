//! Allocating at a multiple of something: `posix_memalign(3)`.

use std::ffi::{c_int, c_void};

use stratal_runtime::sys;

use crate::block;
use crate::errno::{self, EINVAL, ENOMEM, fail};

/// `aligned_alloc(3)`: null and `EINVAL` if the alignment is no power of two. The size may be any.
#[unsafe(no_mangle)]
pub extern "C" fn aligned_alloc(align: usize, size: usize) -> *mut c_void {
    if !align.is_power_of_two() {
        return fail(EINVAL);
    }
    block::alloc_aligned(size, align.max(block::ALIGN_MIN)).cast()
}

/// `memalign(3)`: an alignment that is no power of two is rounded up to one, and null and `EINVAL` if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn memalign(align: usize, size: usize) -> *mut c_void {
    match align.max(block::ALIGN_MIN).checked_next_power_of_two() {
        Some(align) => block::alloc_aligned(size, align).cast(),
        None => fail(EINVAL),
    }
}

/// `posix_memalign(3)`: returns 0, or `EINVAL` if the alignment is no power of two or less than a pointer's, or
/// `ENOMEM`; `errno` and, after a failure, `*place` stay as they were.
///
/// # Safety
///
/// A pointer may be written to `place`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn posix_memalign(place: *mut *mut c_void, align: usize, size: usize) -> c_int {
    if !align.is_power_of_two() || align < size_of::<*mut c_void>() {
        return EINVAL;
    }
    let before = errno::get();
    let block = block::try_aligned(size, align.max(block::ALIGN_MIN));
    errno::set(before);
    if block.is_null() {
        return ENOMEM;
    }
    // SAFETY: the caller's place.
    unsafe { place.write(block.cast()) };
    0
}

/// `valloc(3)`: at a multiple of the page.
#[unsafe(no_mangle)]
pub extern "C" fn valloc(size: usize) -> *mut c_void {
    block::alloc_aligned(size, sys::page_size()).cast()
}

/// `pvalloc(3)`: whole pages, at least one.
#[unsafe(no_mangle)]
pub extern "C" fn pvalloc(size: usize) -> *mut c_void {
    let page = sys::page_size();
    match size.max(1).checked_next_multiple_of(page) {
        Some(bytes) => block::alloc_aligned(bytes, page).cast(),
        None => fail(ENOMEM),
    }
}
