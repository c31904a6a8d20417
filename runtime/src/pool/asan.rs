//! Free memory as AddressSanitizer sees it: whoever touches it is reported, with the stack.
//!
//! Only in builds with `--cfg stratal_asan -Zsanitizer=address`, whose runtime has these two functions. Small blocks
//! are covered, exactly to their last byte; large ones are not.

unsafe extern "C" {
    fn __asan_poison_memory_region(start: *const u8, len: usize);
    fn __asan_unpoison_memory_region(start: *const u8, len: usize);
}

/// Nobody may touch these bytes.
pub(super) fn poison(start: *mut u8, len: usize) {
    // SAFETY: marks addresses, and touches nothing.
    unsafe { __asan_poison_memory_region(start, len) };
}

/// Everybody may touch these bytes; there are none at null.
pub(super) fn unpoison(start: *mut u8, len: usize) {
    if !start.is_null() {
        // SAFETY: marks addresses, and touches nothing.
        unsafe { __asan_unpoison_memory_region(start, len) };
    }
}
