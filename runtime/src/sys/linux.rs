//! Linux: mmap, madvise, mremap. Allocates nothing; every failure is an [`Errno`].

use std::ffi::c_int;
use std::ptr::{self, NonNull};

use super::{Errno, Range, attempt};
use crate::align::align_up;
use crate::sync::unmodelled::{AtomicUsize, Ordering};

/// Bytes of an OS page, asked once.
pub(crate) fn page_size() -> usize {
    static KNOWN: AtomicUsize = AtomicUsize::new(0);
    match KNOWN.load(Ordering::Relaxed) {
        0 => {
            // SAFETY: sysconf reads no memory of ours.
            let asked = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
            let size = usize::try_from(asked).ok().filter(|size| size.is_power_of_two()).unwrap_or(4096);
            KNOWN.store(size, Ordering::Relaxed);
            size
        }
        size => size,
    }
}

/// See [`super::reserve`]; over-reserves by `align` and trims both ends.
pub(crate) fn reserve(len: usize, align: usize) -> Result<NonNull<u8>, Errno> {
    let page = page_size();
    let refused = Errno(libc::ENOMEM);
    let len = align_up(len, page).filter(|&len| len > 0).ok_or(refused)?;
    if align <= page {
        return map_anywhere(len);
    }
    let span = len.checked_add(align - page).ok_or(refused)?;
    let start = map_anywhere(span)?;
    let head = start.as_ptr().addr().wrapping_neg() & (align - 1);
    // SAFETY: head ≤ align - page, so the trimmed range lies inside the span.
    let aligned = unsafe { start.add(head) };
    trim(start, head);
    // SAFETY: head + len ≤ span, so this is at most one past the span's end.
    trim(unsafe { aligned.add(len) }, span - head - len);
    Ok(aligned)
}

/// Unmaps an end of a fresh mapping. Cutting at its edge needs no new mapping, so it cannot fail for want of
/// one; were it to fail, only addresses would be lost.
fn trim(start: NonNull<u8>, len: usize) {
    if len > 0 {
        // SAFETY: the range was mapped a moment ago by `reserve` and was handed to nobody.
        let _ = unsafe { release(start, len) };
    }
}

fn map_anywhere(len: usize) -> Result<NonNull<u8>, Errno> {
    map(ptr::null_mut(), len, 0)
}

fn map(hint: *mut u8, len: usize, extra: c_int) -> Result<NonNull<u8>, Errno> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | extra;
    let start = attempt(libc::MAP_FAILED, || {
        // SAFETY: an anonymous mapping that never replaces another: `extra` is 0 or MAP_FIXED_NOREPLACE.
        unsafe { libc::mmap(hint.cast(), len, protection, flags, -1, 0) }
    })?;
    NonNull::new(start.cast()).ok_or(Errno(libc::ENOMEM))
}

/// See [`super::release`].
///
/// # Safety
///
/// As for [`super::release`].
pub(crate) unsafe fn release(start: NonNull<u8>, len: usize) -> Result<(), Errno> {
    // SAFETY: the caller gives up a range of its own.
    attempt(-1, || unsafe { libc::munmap(start.as_ptr().cast(), len) }).map(drop)
}

/// See [`super::advise_huge`].
///
/// # Safety
///
/// As for [`super::advise_huge`].
pub(crate) unsafe fn advise_huge(start: NonNull<u8>, len: usize) -> Result<(), Errno> {
    // SAFETY: this advice keeps contents; the range is the caller's.
    unsafe { advise(start, len, libc::MADV_HUGEPAGE) }
}

/// See [`super::prefer_node`].
///
/// # Safety
///
/// As for [`super::prefer_node`].
pub(crate) unsafe fn prefer_node(start: NonNull<u8>, len: usize, node: u32) -> Result<(), Errno> {
    const BITS: u32 = usize::BITS;
    let mut mask = [0usize; 16];
    let word = mask.get_mut((node / BITS) as usize).ok_or(Errno(libc::EINVAL))?;
    *word = 1 << (node % BITS);
    let bits = mask.len() * BITS as usize;
    let preferred = libc::MPOL_PREFERRED;
    attempt(-1, || {
        // SAFETY: a policy keeps contents; the range is the caller's, and the kernel reads `bits` bits of the mask.
        unsafe { libc::syscall(libc::SYS_mbind, start.as_ptr(), len, preferred, mask.as_ptr(), bits, 0) }
    })
    .map(drop)
}

/// See [`super::dont_fork`].
///
/// # Safety
///
/// As for [`super::dont_fork`].
pub(crate) unsafe fn dont_fork(start: NonNull<u8>, len: usize) -> Result<(), Errno> {
    // SAFETY: the caller promised that no child accesses its range.
    unsafe { advise(start, len, libc::MADV_DONTFORK) }
}

/// See [`super::dont_dump`].
///
/// # Safety
///
/// As for [`super::dont_dump`].
pub(crate) unsafe fn dont_dump(start: NonNull<u8>, len: usize) -> Result<(), Errno> {
    // SAFETY: this advice keeps contents; the range is the caller's.
    unsafe { advise(start, len, libc::MADV_DONTDUMP) }
}

/// Makes whole pages readable and writable, or neither; contents stay.
///
/// # Safety
///
/// The range lies in reservations of the caller, and nobody accesses it while it is neither.
#[cfg(feature = "hardened")]
pub(crate) unsafe fn protect(start: NonNull<u8>, len: usize, accessible: bool) -> Result<(), Errno> {
    let protection = if accessible { libc::PROT_READ | libc::PROT_WRITE } else { libc::PROT_NONE };
    attempt(-1, || {
        // SAFETY: the caller's range.
        unsafe { libc::mprotect(start.as_ptr().cast(), len, protection) }
    })
    .map(drop)
}

/// See [`super::decommit`].
///
/// # Safety
///
/// As for [`super::decommit`].
pub(crate) unsafe fn decommit(start: NonNull<u8>, len: usize) -> Result<(), Errno> {
    // SAFETY: the caller accepted the loss of the contents of its range.
    unsafe { advise(start, len, libc::MADV_DONTNEED) }
}

/// See [`super::decommit_each`]: one call for all where the kernel has that (6.14 and later), which takes a quarter of
/// the time; else one for each.
///
/// # Safety
///
/// As for [`super::decommit_each`].
pub(crate) unsafe fn decommit_each(ranges: &[Range]) {
    /// This process, without a descriptor that would have to be opened and kept.
    const SELF: c_int = -10_001;
    static IS_REFUSED: AtomicUsize = AtomicUsize::new(0);
    if ranges.len() > 1 && IS_REFUSED.load(Ordering::Relaxed) == 0 {
        let (first, count) = (ranges.as_ptr().cast::<libc::iovec>(), ranges.len());
        let call = libc::SYS_process_madvise;
        // SAFETY: ranges are laid out as the kernel reads them, and the caller accepted the loss of their contents.
        match attempt(-1, || unsafe { libc::syscall(call, SELF, first, count, libc::MADV_DONTNEED, 0) }) {
            Ok(done) if done as usize == ranges.iter().map(|range| range.len).sum::<usize>() => return,
            // A range was refused, perhaps because its pages are locked.
            Ok(_) | Err(Errno(libc::EINVAL)) => {}
            Err(_) => IS_REFUSED.store(1, Ordering::Relaxed),
        }
    }
    for range in ranges {
        if let Some(start) = NonNull::new(range.start) {
            // SAFETY: as above. A refusal costs memory.
            let _ = unsafe { decommit(start, range.len) };
        }
    }
}

/// See [`super::populate`]; kernels before 5.14 have every page touched instead.
///
/// # Safety
///
/// As for [`super::populate`].
pub(crate) unsafe fn populate(start: NonNull<u8>, len: usize) -> Result<(), Errno> {
    loop {
        // SAFETY: this advice keeps contents; the range is the caller's.
        match unsafe { advise(start, len, libc::MADV_POPULATE_WRITE) } {
            Err(Errno(libc::EAGAIN | libc::EINTR)) => {}
            Err(Errno(libc::EINVAL)) if is_whole_pages(start, len) => break,
            done => return done,
        }
    }
    for offset in (0..len).step_by(page_size()) {
        // SAFETY: offset < len, inside the caller's range.
        let page = unsafe { start.add(offset) };
        // SAFETY: readable, and nobody else accesses it meanwhile.
        let byte = unsafe { page.read_volatile() };
        // SAFETY: writable, and nobody else accesses it meanwhile.
        unsafe { page.write_volatile(byte) };
    }
    Ok(())
}

fn is_whole_pages(start: NonNull<u8>, len: usize) -> bool {
    (start.as_ptr().addr() | len) & (page_size() - 1) == 0
}

/// Gives `advice` on a range.
///
/// # Safety
///
/// The range lies in reservations of the caller, who accepts what `advice` does to it.
unsafe fn advise(start: NonNull<u8>, len: usize, advice: c_int) -> Result<(), Errno> {
    // SAFETY: the caller owns the range and accepts what `advice` does to it.
    attempt(-1, || unsafe { libc::madvise(start.as_ptr().cast(), len, advice) }).map(drop)
}

/// See [`super::remap`].
///
/// `MREMAP_FIXED` demands whole pages and disjoint ranges, `MREMAP_DONTUNMAP` equal lengths and `MREMAP_MAYMOVE`.
///
/// # Safety
///
/// As for [`super::remap`].
pub(crate) unsafe fn remap(source: NonNull<u8>, len: usize, target: NonNull<u8>) -> Result<(), Errno> {
    let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED | libc::MREMAP_DONTUNMAP;
    let moved = attempt(libc::MAP_FAILED, || {
        // SAFETY: both ranges are the caller's, who accepted that `target` is replaced.
        unsafe { libc::mremap(source.as_ptr().cast(), len, len, flags, target.as_ptr()) }
    });
    // A late refusal may have unmapped the target already: fill the hole, if there is one.
    if moved.is_err() && is_whole_pages(target, len) {
        let _ = map(target.as_ptr(), len, libc::MAP_FIXED_NOREPLACE);
    }
    moved.map(drop)
}
