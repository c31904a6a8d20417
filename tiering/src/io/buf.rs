//! Aligned memory that a flight can own: for staging, sweeps and tests.
//!
//! Invariant: `start .. start + len` is one allocation, aligned as asked, owned by the value alone.

use super::{FixedPlace, IoBuf};
use crate::error::{Error, ErrorKind, Result};
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use stratal_runtime::align::HUGE_PAGE;
use stratal_runtime::sys;

/// Owned bytes on the heap at a chosen alignment, zeroed at first.
///
/// ```
/// # fn main() -> Result<(), stratal_tiering::error::Error> {
/// let mut buf = stratal_tiering::io::buf::AlignedBuf::zeroed(8192, 4096)?;
/// buf[0] = 1;
/// assert_eq!(buf.as_ptr() as usize % 4096, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct AlignedBuf {
    start: NonNull<u8>,
    len: usize,
    source: Source,
    fixed: Option<FixedPlace>,
}

/// Where the bytes came from and go back to.
#[derive(Clone, Copy, Debug)]
enum Source {
    Heap(Layout),
    System,
}

// SAFETY:
// - the bytes are owned by the value alone and are plain data
unsafe impl Send for AlignedBuf {}

// SAFETY:
// - a shared reference only reads the bytes
unsafe impl Sync for AlignedBuf {}

// SAFETY:
// - the allocation stays in place until the value is dropped, and only its owner reaches it
// - `fixed` is set by `place`, whose caller vouches for it
unsafe impl IoBuf for AlignedBuf {
    fn start(&self) -> NonNull<u8> {
        self.start
    }

    fn len(&self) -> usize {
        self.len
    }

    fn fixed(&self) -> Option<FixedPlace> {
        self.fixed
    }
}

impl AlignedBuf {
    /// `bytes` of zeroes at a multiple of `align` bytes, a power of two.
    ///
    /// # Errors
    /// `OutOfMemory` when the system refuses or the size is impossible.
    pub fn zeroed(bytes: usize, align: usize) -> Result<Self> {
        let refused = || {
            Error::new(ErrorKind::OutOfMemory, format!("cannot allocate {bytes} bytes aligned to {align}"))
        };
        if bytes == 0 {
            return Err(refused());
        }
        let layout = Layout::from_size_align(bytes, align).map_err(|_| refused())?;
        // SAFETY:
        // - the layout has a size above zero, checked above
        let start = NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or_else(refused)?;
        Ok(Self { start, len: bytes, source: Source::Heap(layout), fixed: None })
    }

    /// `bytes` of zeroes straight from the system, at a multiple of 2 MiB, backed now and by huge pages where the
    /// system has them. A disk moves a block in far fewer pieces when its memory is contiguous.
    ///
    /// # Errors
    /// `OutOfMemory` when the system refuses.
    pub fn huge(bytes: usize) -> Result<Self> {
        let start = sys::reserve(bytes, HUGE_PAGE)?;
        let buf = Self { start, len: bytes, source: Source::System, fixed: None };
        // SAFETY:
        // - the range was reserved just now; a refusal costs speed only
        unsafe { sys::advise_huge(start, bytes) };
        // SAFETY:
        // - the range was reserved just now and nobody else knows it
        unsafe { sys::populate(start, bytes) }?;
        Ok(buf)
    }

    /// Says that the bytes lie in region `region` of the driver they will fly with.
    ///
    /// # Safety
    /// The driver was told by `register` that region `region` covers these bytes at their present address, and is
    /// dropped before this buffer is.
    pub unsafe fn place(&mut self, region: u16) {
        self.fixed = Some(FixedPlace { region, address: self.start.as_ptr() as u64 });
    }
}

impl Deref for AlignedBuf {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY:
        // - the memory is `len` initialised bytes, owned and borrowed with `self`
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl DerefMut for AlignedBuf {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY:
        // - the memory is `len` initialised bytes, borrowed exclusively with `self`
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl Drop for AlignedBuf {
    fn drop(&mut self) {
        match self.source {
            // SAFETY:
            // - allocated in `zeroed` with this layout and freed only here
            Source::Heap(layout) => unsafe { dealloc(self.start.as_ptr(), layout) },
            // SAFETY:
            // - reserved in `huge`, whole, and released only here
            // - a refusal leaks the range, which a drop cannot report
            Source::System => drop(unsafe { sys::release(self.start, self.len) }),
        }
    }
}

#[cfg(test)]
mod tests;
