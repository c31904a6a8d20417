//! Miri: ordinary memory that keeps the contract, so that the pool above runs under the interpreter.
//!
//! Reservations are released whole; hints are taken and ignored.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};

use super::{Errno, Range};

/// Layout of every live reservation, by address.
static RESERVED: Mutex<BTreeMap<usize, Layout>> = Mutex::new(BTreeMap::new());

pub(crate) fn page_size() -> usize {
    4096
}

/// See [`super::reserve`].
pub(crate) fn reserve(len: usize, align: usize) -> Result<NonNull<u8>, Errno> {
    let refused = Errno(libc::ENOMEM);
    let len = len.checked_next_multiple_of(page_size()).filter(|&len| len > 0).ok_or(refused)?;
    let layout = Layout::from_size_align(len, align.max(page_size())).map_err(|_| refused)?;
    // SAFETY: the layout is not empty.
    let start = NonNull::new(unsafe { System.alloc_zeroed(layout) }).ok_or(refused)?;
    RESERVED.lock().unwrap_or_else(PoisonError::into_inner).insert(start.as_ptr().addr(), layout);
    Ok(start)
}

/// See [`super::release`].
///
/// # Safety
///
/// As for [`super::release`].
pub(crate) unsafe fn release(start: NonNull<u8>, len: usize) -> Result<(), Errno> {
    let mut reserved = RESERVED.lock().unwrap_or_else(PoisonError::into_inner);
    let key = start.as_ptr().addr();
    let whole = len.next_multiple_of(page_size());
    let layout = reserved.get(&key).copied().filter(|layout| layout.size() == whole);
    let layout = layout.ok_or(Errno(libc::EINVAL))?;
    reserved.remove(&key);
    // SAFETY: allocated by `reserve` with this layout; the caller gives it up.
    unsafe { System.dealloc(start.as_ptr(), layout) };
    Ok(())
}

/// Takes note of nothing.
///
/// # Safety
///
/// None: nothing is done.
#[cfg(feature = "hardened")]
pub(crate) unsafe fn protect(_start: NonNull<u8>, _len: usize, _accessible: bool) -> Result<(), Errno> {
    Ok(())
}

/// See [`super::decommit`].
///
/// # Safety
///
/// As for [`super::decommit`].
pub(crate) unsafe fn decommit(start: NonNull<u8>, len: usize) -> Result<(), Errno> {
    // SAFETY: the caller's range, whose contents may go.
    unsafe { start.write_bytes(0, len) };
    Ok(())
}

/// See [`super::decommit_each`].
///
/// # Safety
///
/// As for [`super::decommit_each`].
pub(crate) unsafe fn decommit_each(ranges: &[Range]) {
    for range in ranges {
        // SAFETY: the caller's range, whose contents may go.
        unsafe { range.start.write_bytes(0, range.len) };
    }
}

/// See [`super::remap`].
///
/// # Safety
///
/// As for [`super::remap`].
pub(crate) unsafe fn remap(source: NonNull<u8>, len: usize, target: NonNull<u8>) -> Result<(), Errno> {
    // SAFETY: both ranges are the caller's, `len` bytes long and disjoint.
    unsafe { target.copy_from_nonoverlapping(source, len) };
    // SAFETY: as above.
    unsafe { source.write_bytes(0, len) };
    Ok(())
}

/// See [`super::advise_huge`].
///
/// # Safety
///
/// As for [`super::advise_huge`].
pub(crate) unsafe fn advise_huge(_start: NonNull<u8>, _len: usize) -> Result<(), Errno> {
    Ok(())
}

/// See [`super::prefer_node`].
///
/// # Safety
///
/// As for [`super::prefer_node`].
pub(crate) unsafe fn prefer_node(_start: NonNull<u8>, _len: usize, _node: u32) -> Result<(), Errno> {
    Err(Errno(libc::ENOSYS))
}

/// See [`super::populate`].
///
/// # Safety
///
/// As for [`super::populate`].
pub(crate) unsafe fn populate(_start: NonNull<u8>, _len: usize) -> Result<(), Errno> {
    Ok(())
}

/// See [`super::dont_fork`].
///
/// # Safety
///
/// As for [`super::dont_fork`].
pub(crate) unsafe fn dont_fork(_start: NonNull<u8>, _len: usize) -> Result<(), Errno> {
    Ok(())
}

/// See [`super::dont_dump`].
///
/// # Safety
///
/// As for [`super::dont_dump`].
pub(crate) unsafe fn dont_dump(_start: NonNull<u8>, _len: usize) -> Result<(), Errno> {
    Ok(())
}
