//! Allocating and freeing: `malloc(3)`.

use std::ffi::c_void;

use crate::block;
use crate::errno::{ENOMEM, fail};

/// `malloc(3)`.
#[unsafe(no_mangle)]
pub extern "C" fn malloc(size: usize) -> *mut c_void {
    block::alloc(size).cast()
}

/// `calloc(3)`: null and `ENOMEM` if the product does not fit a `size_t`.
#[unsafe(no_mangle)]
pub extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    match count.checked_mul(size) {
        Some(bytes) => block::alloc_zeroed(bytes).cast(),
        None => fail(ENOMEM),
    }
}

/// `realloc(3)`: allocates for a null block; frees and returns null for a size of zero.
///
/// # Safety
///
/// `old` is null or a block of this library that is the caller's. If the result is not null, or `size` is zero, it
/// is gone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn realloc(old: *mut c_void, size: usize) -> *mut c_void {
    if old.is_null() {
        return block::alloc(size).cast();
    }
    if size == 0 {
        // SAFETY: forwarded.
        unsafe { block::free(old.cast()) };
        return std::ptr::null_mut();
    }
    // SAFETY: forwarded.
    unsafe { block::resize(old.cast(), size) }.cast()
}

/// `reallocarray(3)`: null and `ENOMEM` if the product does not fit a `size_t`; the block stays as it was.
///
/// # Safety
///
/// As for [`realloc`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reallocarray(old: *mut c_void, count: usize, size: usize) -> *mut c_void {
    match count.checked_mul(size) {
        // SAFETY: forwarded.
        Some(bytes) => unsafe { realloc(old, bytes) },
        None => fail(ENOMEM),
    }
}

/// `free(3)`.
///
/// # Safety
///
/// `old` is null or a block of this library that is the caller's and not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn free(old: *mut c_void) {
    // SAFETY: forwarded.
    unsafe { block::free(old.cast()) };
}

/// `free_sized` of C23. The size is not relied upon.
///
/// # Safety
///
/// As for [`free`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn free_sized(old: *mut c_void, _size: usize) {
    // SAFETY: forwarded.
    unsafe { block::free(old.cast()) };
}

/// `free_aligned_sized` of C23. Alignment and size are not relied upon.
///
/// # Safety
///
/// As for [`free`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn free_aligned_sized(old: *mut c_void, _align: usize, _size: usize) {
    // SAFETY: forwarded.
    unsafe { block::free(old.cast()) };
}

/// `cfree(3)`, which glibc keeps for programs linked before 2.26.
///
/// # Safety
///
/// As for [`free`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cfree(old: *mut c_void) {
    // SAFETY: forwarded.
    unsafe { block::free(old.cast()) };
}
