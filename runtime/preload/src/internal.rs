//! glibc's internal names of the same functions, which it exports and some programs call: a block of one family may
//! be freed by the other, so both must lead to the pool.

use std::ffi::{c_int, c_void};

use crate::{aligned, allocate};

/// `malloc`.
#[unsafe(no_mangle)]
pub extern "C" fn __libc_malloc(size: usize) -> *mut c_void {
    allocate::malloc(size)
}

/// `calloc`.
#[unsafe(no_mangle)]
pub extern "C" fn __libc_calloc(count: usize, size: usize) -> *mut c_void {
    allocate::calloc(count, size)
}

/// `realloc`.
///
/// # Safety
///
/// As for [`allocate::realloc`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __libc_realloc(old: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: forwarded.
    unsafe { allocate::realloc(old, size) }
}

/// `reallocarray`.
///
/// # Safety
///
/// As for [`allocate::reallocarray`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __libc_reallocarray(old: *mut c_void, count: usize, size: usize) -> *mut c_void {
    // SAFETY: forwarded.
    unsafe { allocate::reallocarray(old, count, size) }
}

/// `free`.
///
/// # Safety
///
/// As for [`allocate::free`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __libc_free(old: *mut c_void) {
    // SAFETY: forwarded.
    unsafe { allocate::free(old) };
}

/// `memalign`.
#[unsafe(no_mangle)]
pub extern "C" fn __libc_memalign(align: usize, size: usize) -> *mut c_void {
    aligned::memalign(align, size)
}

/// `valloc`.
#[unsafe(no_mangle)]
pub extern "C" fn __libc_valloc(size: usize) -> *mut c_void {
    aligned::valloc(size)
}

/// `pvalloc`.
#[unsafe(no_mangle)]
pub extern "C" fn __libc_pvalloc(size: usize) -> *mut c_void {
    aligned::pvalloc(size)
}

/// `posix_memalign`.
///
/// # Safety
///
/// As for [`aligned::posix_memalign`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __posix_memalign(place: *mut *mut c_void, align: usize, size: usize) -> c_int {
    // SAFETY: forwarded.
    unsafe { aligned::posix_memalign(place, align, size) }
}
