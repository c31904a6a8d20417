//! A block of a bounded pool, in the hands of one owner.
//!
//! Invariant: the bytes belong to this value alone until it is dropped, and its handle keeps their pool alive.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use super::Pool;

/// Aligned bytes of a [`Pool`], returned to it when dropped, on whatever thread.
///
/// ```
/// use stratal_runtime::pool::Pool;
/// let pool = Pool::builder().capacity(1 << 16).build()?;
/// let mut block = pool.allocate_for::<f32>(100)?;
/// block.fill(1);
/// let block = std::thread::spawn(move || block).join().expect("the thread returns it");
/// assert_eq!((block.len(), block[399]), (400, 1));
/// drop(pool); // the block keeps its memory
/// assert!(block.iter().all(|byte| *byte == 1));
/// # Ok::<(), stratal_runtime::error::Error>(())
/// ```
pub struct PoolBuffer {
    start: NonNull<u8>,
    len: usize,
    pool: Pool,
}

// SAFETY: the bytes belong to this value alone, and any thread may return them.
unsafe impl Send for PoolBuffer {}
// SAFETY: `&PoolBuffer` only reads bytes, which nobody writes without `&mut`.
unsafe impl Sync for PoolBuffer {}

impl PoolBuffer {
    /// # Safety
    ///
    /// `len` bytes from `start` on were taken from `pool` and belong to nobody else.
    pub(super) unsafe fn new(pool: Pool, start: NonNull<u8>, len: usize) -> Self {
        Self { start, len, pool }
    }

    /// No bytes, at an address that is a multiple of `align`.
    pub(super) fn empty(pool: Pool, align: usize) -> Self {
        let start = std::num::NonZero::new(align).map_or(NonNull::dangling(), NonNull::without_provenance);
        Self { start, len: 0, pool }
    }

    /// Bytes that were asked for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The pool it returns to.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// The first byte. It does not move while the block lives, though the value may.
    #[must_use]
    pub fn as_ptr(&self) -> *const u8 {
        self.start.as_ptr()
    }

    /// The first byte, to write. What is written must be initialised: padding of other types is not, and the next
    /// holder of these bytes may read them.
    #[must_use]
    pub fn as_mut_ptr(&mut self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// The first byte, for whoever orders accesses to it by other means than borrows; what is written through it
    /// must be initialised.
    #[must_use]
    pub fn as_non_null(&self) -> NonNull<u8> {
        self.start
    }
}

impl Deref for PoolBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY:
        // - the bytes are mapped, and initialised: the system zeroed them, and only whole bytes were written since;
        // - nobody writes them without `&mut self`.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl DerefMut for PoolBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as for `deref`, and `&mut self` excludes every other borrow.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl fmt::Debug for PoolBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PoolBuffer({} bytes of pool `{}` at {:?})", self.len, self.pool.name(), self.start)
    }
}

impl Drop for PoolBuffer {
    fn drop(&mut self) {
        if self.len > 0 {
            self.pool.take_back(self.start, self.len);
        }
    }
}
