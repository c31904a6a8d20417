//! What debug builds look at whenever a block changes hands between the global allocator and the application.
//!
//! Each function is empty in a release build: the front calls them unconditionally and pays nothing there.

use std::alloc::Layout;

use super::leak;

/// A block was handed out for `layout`, or null.
#[inline]
pub(super) fn handed_out(block: *mut u8, layout: Layout) {
    leak::allocated(block, layout.size());
}

/// A block comes back.
#[inline]
pub(super) fn came_back(block: *mut u8) {
    leak::freed(block);
}

/// A block has another size, and perhaps another place.
#[inline]
pub(super) fn resized(old: *mut u8, new: *mut u8, size: usize) {
    leak::resized(old, new, size);
}
