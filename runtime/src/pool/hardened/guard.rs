//! Pages without access at the end of slabs and runs: a write that goes on and on stops there.

use std::ptr::NonNull;

use crate::pool::class::GUARD;
use crate::sys::{self, raw};

/// The last bytes of a slab or run of `len`.
fn last(start: *mut u8, len: usize) -> Option<NonNull<u8>> {
    // A system of larger pages goes without.
    if sys::page_size() > GUARD { None } else { NonNull::new(start.wrapping_add(len - GUARD)) }
}

/// Takes the access away.
///
/// # Safety
///
/// `len` bytes from `start` on are a slab or run of the caller's pool, whose last bytes nobody uses.
pub(in crate::pool) unsafe fn raise(start: *mut u8, len: usize) {
    if let Some(last) = last(start, len) {
        // SAFETY: forwarded. Without a mapping to spare, the run goes without a guard.
        let _ = unsafe { raw::protect(last, GUARD, false) };
    }
}

/// Gives the access back, and takes the memory; whether all of it reads as zero.
///
/// # Safety
///
/// As for [`raise`], and nobody uses any of it.
pub(in crate::pool) unsafe fn lower(start: *mut u8, len: usize) -> bool {
    if let Some(last) = last(start, len) {
        // SAFETY: forwarded. Joining mappings again needs none.
        let _ = unsafe { raw::protect(last, GUARD, true) };
    }
    // SAFETY: forwarded.
    NonNull::new(start).is_some_and(|start| unsafe { raw::decommit(start, len) }.is_ok())
}
