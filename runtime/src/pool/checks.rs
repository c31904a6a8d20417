//! What is looked at whenever memory changes hands: by the leak detector of debug builds, by the defences of feature
//! `hardened`, and by AddressSanitizer (`--cfg stratal_asan`).
//!
//! Each function is empty where none of these is on: the allocator calls them unconditionally and pays nothing.

use std::alloc::Layout;

use super::class::Class;
#[cfg(any(feature = "hardened", stratal_asan))]
use super::class::SLICE;
use super::leak;

/// A block leaves for `layout`; null if there was none.
#[inline]
pub(super) fn handed_out(block: *mut u8, layout: Layout) {
    #[cfg(stratal_asan)]
    super::asan::unpoison(block, layout.size());
    #[cfg(feature = "hardened")]
    if let (Some(class), false) = (Class::of(layout.size(), layout.align()), block.is_null()) {
        super::hardened::handed_out(&super::thread::POOL, class, block);
    }
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
    #[cfg(stratal_asan)]
    super::asan::unpoison(new, size);
    leak::resized(old, new, size);
}

/// The block that is free in exchange for one that came back: that one, unless it has to wait.
#[inline]
pub(super) fn exchanged(class: Class, block: *mut u8) -> Option<(Class, *mut u8)> {
    #[cfg(stratal_asan)]
    super::asan::poison(block, class.bytes());
    #[cfg(feature = "hardened")]
    return super::hardened::came_back(&super::thread::POOL, class, block);
    #[cfg(not(feature = "hardened"))]
    Some((class, block))
}

/// A slab was opened at `start`: nobody has any of it.
///
/// # Safety
///
/// Its slices belong to the caller, and nobody uses the bytes behind its last slot.
#[inline]
pub(super) unsafe fn opened(_start: *mut u8, _slices: u32) {
    #[cfg(stratal_asan)]
    super::asan::poison(_start, _slices as usize * SLICE);
    #[cfg(feature = "hardened")]
    // SAFETY: forwarded.
    unsafe {
        super::hardened::guard::raise(_start, _slices as usize * SLICE);
    }
}

/// A slab is closed: nobody has any of it.
///
/// # Safety
///
/// As for [`opened`]. Returns whether its memory reads as zero.
#[inline]
pub(super) unsafe fn closed(_start: *mut u8, _slices: u32) -> bool {
    #[cfg(feature = "hardened")]
    // SAFETY: forwarded.
    return unsafe { super::hardened::guard::lower(_start, _slices as usize * SLICE) };
    #[cfg(not(feature = "hardened"))]
    false
}

/// A run was taken for one large block.
///
/// # Safety
///
/// It belongs to the caller, and nobody uses its last bytes.
#[inline]
pub(super) unsafe fn run_taken(_start: *mut u8, _slices: u32) {
    #[cfg(feature = "hardened")]
    // SAFETY: forwarded.
    unsafe {
        super::hardened::guard::raise(_start, _slices as usize * SLICE);
    }
}
