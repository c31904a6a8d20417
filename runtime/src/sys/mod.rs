//! The contract with the operating system: reserve, populate, decommit, remap, release; one file per platform.
//!
//! A *reservation* is a range of addresses that reads as zero and takes memory only where it was touched.
//! Every call comes twice: in `raw`, which allocates nothing and returns an `Errno` (for the allocator), and
//! here, with an [`Error`] that says what was attempted (for everybody else).
//!
//! | call | range afterwards | may fail because |
//! |---|---|---|
//! | [`reserve`] | readable, writable, zero, unbacked | address space or overcommit limit |
//! | [`populate`] | as before, backed | memory |
//! | [`decommit`] | reserved, zero, unbacked | never for a valid range |
//! | [`remap`] | target has the pages, source is reserved, zero, unbacked | number of mappings, old kernel |
//! | [`release`] | unmapped | number of mappings, if it cuts a reservation in two |
//! | [`advise_huge`], [`prefer_node`], [`dont_fork`], [`dont_dump`] | unchanged | never in a way that matters: they are hints |
//!
//! What else the allocator needs (waiting, thread exit, fork, a clock) is in `process`.
//!
//! Ranges start at a multiple of [`page_size`] and have a length that is a non-zero multiple of it; the platform
//! refuses other ranges without touching memory.

use std::io;
use std::ptr::NonNull;

use crate::error::{Error, ErrorKind, Result};

#[cfg(not(stratal_loom))]
mod barrier;
#[cfg(not(stratal_loom))]
mod forks;
#[cfg(not(stratal_loom))]
pub(crate) mod process;

#[cfg(not(stratal_loom))]
pub use barrier::Barrier;
#[cfg(not(stratal_loom))]
pub use forks::{count_forks, forks};

#[cfg(not(miri))]
pub(crate) mod linux;
#[cfg(not(miri))]
pub(crate) use linux as raw;
// Miri knows neither madvise nor mremap, so it gets ordinary memory that behaves alike.
#[cfg(miri)]
pub(crate) mod plain;
#[cfg(miri)]
pub(crate) use plain as raw;

/// An error number of the operating system: what a call can return without allocating.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Errno(pub(crate) i32);

impl Errno {
    fn named(self, kind: ErrorKind, attempt: &str, len: usize) -> Error {
        Error::new(kind, format!("{attempt} {len} bytes")).caused_by(io::Error::from_raw_os_error(self.0))
    }
}

/// A range of whole pages, laid out as the kernel reads it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Range {
    pub(crate) start: *mut u8,
    pub(crate) len: usize,
}

/// Ranges that [`decommit_each`] takes at once, at most.
pub(crate) const RANGES_MAX: usize = 64;

/// Makes a system call that returns `failure` if it fails. `errno` is put back then: C programs allocate and free
/// between a call that fails and their look at why.
pub(crate) fn attempt<R: PartialEq>(failure: R, call: impl FnOnce() -> R) -> Result<R, Errno> {
    // SAFETY: takes nothing and returns the address of this thread's errno.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: valid for as long as the thread; only this thread accesses it.
    let before = unsafe { place.read() };
    let result = call();
    if result != failure {
        return Ok(result);
    }
    // SAFETY: as above.
    let refused = unsafe { place.replace(before) };
    Err(Errno(refused))
}

/// Bytes of an OS page: a power of two, the unit of every range below.
#[must_use]
pub fn page_size() -> usize {
    raw::page_size()
}

/// Reserves `len` bytes of addresses at a multiple of `align`, readable and writable, zero, and unbacked until
/// touched.
///
/// `len` is rounded up to whole pages. The range belongs to the caller until [`release`].
///
/// ```
/// use stratal_runtime::{align::HUGE_PAGE, sys};
/// let window = sys::reserve(4 * HUGE_PAGE, HUGE_PAGE)?;
/// assert_eq!(window.as_ptr().addr() % HUGE_PAGE, 0);
/// // SAFETY: the range was just reserved, whole, and nothing points into it.
/// unsafe { sys::release(window, 4 * HUGE_PAGE)? };
/// # Ok::<(), stratal_runtime::error::Error>(())
/// ```
///
/// # Errors
///
/// `OutOfMemory` if the system has no such range; `Unsupported` if `len` is zero or `align` is not a power of two.
pub fn reserve(len: usize, align: usize) -> Result<NonNull<u8>> {
    if len == 0 || !align.is_power_of_two() {
        return Err(Error::new(ErrorKind::Unsupported, format!("reserving {len} bytes aligned to {align}")));
    }
    raw::reserve(len, align).map_err(|errno| errno.named(ErrorKind::OutOfMemory, "reserving", len))
}

/// Gives a reserved range back, whole or in part.
///
/// # Safety
///
/// - The range lies in reservations of the caller.
/// - Nothing uses it any more, neither this process nor a device nor I/O in flight.
///
/// # Errors
///
/// `OutOfMemory` if cutting a hole would need more mappings than the system allows; the range stays reserved.
pub unsafe fn release(start: NonNull<u8>, len: usize) -> Result<()> {
    // SAFETY: forwarded: the caller gives up its own range.
    unsafe { raw::release(start, len) }.map_err(|errno| errno.named(ErrorKind::OutOfMemory, "releasing", len))
}

/// Asks for 2 MiB pages in the range; a hint, returning whether it was taken.
///
/// # Safety
///
/// The range lies in reservations of the caller.
pub unsafe fn advise_huge(start: NonNull<u8>, len: usize) -> bool {
    // SAFETY: forwarded.
    unsafe { raw::advise_huge(start, len) }.is_ok()
}

/// Asks for memory of one node for pages of the range that are not backed yet; a hint, returning whether it was
/// taken: sandboxes often refuse, and a node that the machine lacks is refused everywhere.
///
/// # Safety
///
/// The range lies in reservations of the caller.
pub unsafe fn prefer_node(start: NonNull<u8>, len: usize, node: u32) -> bool {
    // SAFETY: forwarded.
    unsafe { raw::prefer_node(start, len, node) }.is_ok()
}

/// Backs the range with memory now, so that later writes do not fault. Contents stay.
///
/// # Safety
///
/// - The range lies in reservations of the caller.
/// - No other thread accesses it meanwhile (kernels without the call have their pages touched one by one).
///
/// # Errors
///
/// `OutOfMemory` if the system has none; part of the range may be backed.
pub unsafe fn populate(start: NonNull<u8>, len: usize) -> Result<()> {
    // SAFETY: forwarded.
    unsafe { raw::populate(start, len) }
        .map_err(|errno| errno.named(ErrorKind::OutOfMemory, "populating", len))
}

/// Takes the memory from the range at once; it stays reserved and reads zero afterwards.
///
/// # Safety
///
/// - The range lies in reservations of the caller.
/// - The caller accepts that its contents are lost, and no device or I/O in flight uses them.
///
/// # Errors
///
/// `Unsupported` if the system refuses, for example because the pages are locked; nothing changed then.
pub unsafe fn decommit(start: NonNull<u8>, len: usize) -> Result<()> {
    // SAFETY: forwarded.
    unsafe { raw::decommit(start, len) }
        .map_err(|errno| errno.named(ErrorKind::Unsupported, "decommitting", len))
}

/// [`decommit`] for many small ranges, at most [`RANGES_MAX`]; one that the system refuses stays as it is.
///
/// # Safety
///
/// As for [`decommit`], for every range.
#[cfg(not(stratal_loom))]
pub(crate) unsafe fn decommit_each(ranges: &[Range]) {
    // SAFETY: forwarded.
    unsafe { raw::decommit_each(ranges) };
}

/// Keeps the range out of forked children, where its addresses fault; a hint, returning whether it was taken.
///
/// # Safety
///
/// - The range lies in reservations of the caller.
/// - No forked child will access it.
pub unsafe fn dont_fork(start: NonNull<u8>, len: usize) -> bool {
    // SAFETY: forwarded.
    unsafe { raw::dont_fork(start, len) }.is_ok()
}

/// Keeps the range out of core dumps; a hint, returning whether it was taken.
///
/// # Safety
///
/// The range lies in reservations of the caller.
pub unsafe fn dont_dump(start: NonNull<u8>, len: usize) -> bool {
    // SAFETY: forwarded.
    unsafe { raw::dont_dump(start, len) }.is_ok()
}

/// Moves the pages of `source` to `target` without copying: `target` then holds the contents, and `source` stays
/// reserved, unbacked, and reads zero.
///
/// Two ranges aligned to 2 MiB exchange their huge pages as they are. `target` takes over the advice given for
/// `source` (huge pages, fork, dump).
///
/// # Safety
///
/// - Both ranges lie in reservations of the caller and do not overlap.
/// - Neither is accessed meanwhile, by any thread, device or I/O in flight; what `target` held is lost.
///
/// # Errors
///
/// `Unsupported` if the kernel refuses: `source` spans ranges of different advice, the number of mappings is
/// exhausted, or the kernel is older than 5.7. `source` is unchanged then, and `target` reserved but perhaps zero.
pub unsafe fn remap(source: NonNull<u8>, len: usize, target: NonNull<u8>) -> Result<()> {
    // SAFETY: forwarded.
    unsafe { raw::remap(source, len, target) }
        .map_err(|errno| errno.named(ErrorKind::Unsupported, "remapping", len))
}

#[cfg(test)]
mod tests;
