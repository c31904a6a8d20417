//! A bump region: allocate forwards, free all at once.
//!
//! For values that live and die together, such as the scratch of one pass: an allocation is an addition and a
//! comparison, and nothing is freed one by one. Values are `Copy`, so nothing is owed a destructor.
//!
//! ```text
//! start            next                 end
//!   │ a │ b │  c   │        free         │
//! ```

use std::alloc::{Layout, alloc, dealloc};
use std::marker::PhantomData;
use std::ptr::NonNull;

use crate::align::CACHE_LINE;
use crate::error::{Error, ErrorKind, Result};
use crate::sync::owned::Cell;

/// A region of fixed capacity that is filled from its start and emptied whole.
///
/// ```
/// use stratal_runtime::arena::Arena;
/// let mut arena = Arena::with_capacity(1024)?;
/// let squares = arena.fill_with(8, |i| i * i).expect("64 of 1024 bytes");
/// assert_eq!(squares[7], 49);
/// assert!(arena.fill_with(1000, |i| i).is_none(), "8000 bytes do not fit");
/// arena.clear();
/// assert_eq!(arena.used_bytes(), 0);
/// # Ok::<(), stratal_runtime::error::Error>(())
/// ```
#[derive(Debug)]
pub struct Arena {
    start: NonNull<u8>,
    capacity: usize,
    /// Bytes in use, not above `capacity`.
    used: Cell<usize>,
    owns: PhantomData<u8>,
}

// SAFETY: an arena owns its bytes, and what it holds is `Copy + Send`.
unsafe impl Send for Arena {}

impl Arena {
    /// A region of `capacity` bytes, aligned to a cache line.
    ///
    /// # Errors
    ///
    /// `OutOfMemory` if the allocator has no such block.
    pub fn with_capacity(capacity: usize) -> Result<Self> {
        let refused = || Error::new(ErrorKind::OutOfMemory, format!("an arena of {capacity} bytes"));
        let layout = layout(capacity).ok_or_else(refused)?;
        // SAFETY: the layout is not empty.
        let start = NonNull::new(unsafe { alloc(layout) }).ok_or_else(refused)?;
        Ok(Self { start, capacity, used: Cell::new(0), owns: PhantomData })
    }

    /// Bytes it can hold.
    #[must_use]
    pub fn capacity_bytes(&self) -> usize {
        self.capacity
    }

    /// Bytes in use, gaps before aligned values included.
    #[must_use]
    pub fn used_bytes(&self) -> usize {
        self.used.get()
    }

    /// `len` values, each made by `value` from its place, until the arena is cleared; `None` if they do not fit.
    ///
    /// `value` may allocate from the arena too.
    #[allow(clippy::mut_from_ref, reason = "every call returns bytes that no call returned before")]
    pub fn fill_with<T: Copy + Send>(
        &self,
        len: usize,
        mut value: impl FnMut(usize) -> T,
    ) -> Option<&mut [T]> {
        let values = self.bump(Layout::array::<T>(len).ok()?)?.cast::<T>();
        for i in 0..len {
            let made = value(i);
            // SAFETY: `values` has room for `len` values.
            let place = unsafe { values.add(i) };
            // SAFETY: in bounds, aligned, and in nobody else's hands.
            unsafe { place.write(made) };
        }
        // SAFETY:
        // - `len` values were written, aligned, in one piece.
        // - No other reference leads there until `clear`, which borrows the arena mutably.
        Some(unsafe { std::slice::from_raw_parts_mut(values.as_ptr(), len) })
    }

    /// A copy of `values`, until the arena is cleared; `None` if it does not fit.
    #[allow(clippy::mut_from_ref, reason = "every call returns bytes that no call returned before")]
    pub fn copy<T: Copy + Send>(&self, values: &[T]) -> Option<&mut [T]> {
        self.fill_with(values.len(), |i| values[i])
    }

    /// Frees everything at once.
    pub fn clear(&mut self) {
        self.used.set(0);
    }

    fn bump(&self, layout: Layout) -> Option<NonNull<u8>> {
        let next = self.start.as_ptr().addr() + self.used.get();
        let gap = next.wrapping_neg() & (layout.align() - 1);
        let from = self.used.get().checked_add(gap)?;
        let end = from.checked_add(layout.size()).filter(|&end| end <= self.capacity)?;
        self.used.set(end);
        // SAFETY: `from ≤ end ≤ capacity`.
        Some(unsafe { self.start.add(from) })
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        if let Some(layout) = layout(self.capacity) {
            // SAFETY: allocated by `with_capacity` with this layout; what was borrowed from it is gone.
            unsafe { dealloc(self.start.as_ptr(), layout) };
        }
    }
}

fn layout(capacity: usize) -> Option<Layout> {
    Layout::from_size_align(capacity.max(1), CACHE_LINE).ok()
}

#[cfg(test)]
mod tests;
