//! Owned bytes of tensors: from the global allocator, a vector or a pool, lent out through the same leases as an
//! engine's.
//!
//! A [`Buffer`] is the memory; [`Owned`] lends it: many readers or one writer at a time, counted in one word.
//! Invariant: while `holds` is `WRITER` one exclusive lease exists and no other; else it counts the shared ones.

use super::dtype::Element;
use super::managed::{Access, Held, Keeper};
use crate::align;
use crate::error::{Error, ErrorKind, Result};
use crate::pool::PoolBuffer;
use crate::simd;
use crate::sync::unmodelled::{AtomicUsize, Ordering};
use std::alloc::{Layout, alloc, alloc_zeroed, dealloc};
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::OnceLock;

/// Where the first byte of a buffer may lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Alignment {
    /// A cache line, 64 bytes: enough for every vector register.
    #[default]
    Simd,
    /// 256 bytes, as device transfers want it.
    Device,
}

impl Alignment {
    /// In bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Simd => align::CACHE_LINE,
            Self::Device => align::DEVICE,
        }
    }
}

/// Bytes and who frees them.
#[derive(Debug)]
struct Buffer {
    bytes: NonNull<u8>,
    /// Bytes of the tensor; the block may be longer.
    len: usize,
    source: Source,
}

/// Where the block of a buffer came from, and so where it goes.
#[derive(Debug)]
enum Source {
    /// The global allocator, asked for this layout. A layout of size 0 has no block.
    Global(Layout),
    /// A pool: the block returns to it when it is dropped.
    Pool { _block: PoolBuffer },
}

// SAFETY: the bytes belong to this value alone; whoever drops it may free them from any thread.
unsafe impl Send for Buffer {}
// SAFETY: `&Buffer` gives out an address and a length, which do not change; `Owned` orders every use of the bytes.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// Bytes of zero.
    fn zeroed(len: usize, alignment: Alignment) -> Result<Self> {
        // SAFETY: `allocate` passes layouts of a size above 0.
        Self::allocate(len, alignment, |layout| unsafe { alloc_zeroed(layout) })
    }

    /// Bytes of no value yet.
    fn unwritten(len: usize, alignment: Alignment) -> Result<Self> {
        // SAFETY: `allocate` passes layouts of a size above 0.
        Self::allocate(len, alignment, |layout| unsafe { alloc(layout) })
    }

    /// A block from `allocator`, which is not called for 0 bytes.
    fn allocate(len: usize, alignment: Alignment, allocator: impl FnOnce(Layout) -> *mut u8) -> Result<Self> {
        let refused = || Error::new(ErrorKind::OutOfMemory, format!("the allocator refused {len} bytes"));
        let layout = Layout::from_size_align(len, alignment.bytes()).map_err(|_| refused())?;
        let bytes = if len == 0 { Some(NonNull::dangling()) } else { NonNull::new(allocator(layout)) };
        bytes.map(|bytes| Self { bytes, len, source: Source::Global(layout) }).ok_or_else(refused)
    }

    /// The memory of `elements`, or they themselves if it is not aligned as tensors are.
    fn of_vec<T: Element>(elements: Vec<T>) -> Result<Self, Vec<T>> {
        let aligned = elements.as_ptr().addr().is_multiple_of(Alignment::Simd.bytes());
        let Ok(layout) = Layout::array::<T>(elements.capacity()) else { return Err(elements) };
        if !aligned || elements.is_empty() {
            return Err(elements);
        }
        let mut elements = ManuallyDrop::new(elements);
        let len = size_of_val(elements.as_slice());
        let bytes = NonNull::from(elements.as_mut_slice()).cast::<u8>();
        Ok(Self { bytes, len, source: Source::Global(layout) })
    }

    /// The bytes of a pool's block, all of which have a value.
    fn of_block(block: PoolBuffer) -> Self {
        Self { bytes: block.as_non_null(), len: block.len(), source: Source::Pool { _block: block } }
    }

    /// The bytes as places for elements: none, unless they are aligned for them.
    fn slots<T: Element>(&mut self) -> &mut [MaybeUninit<T>] {
        if self.len == 0 || !self.bytes.cast::<T>().is_aligned() {
            return &mut [];
        }
        // SAFETY:
        // - the block has `len` bytes, of which whole elements are lent, and is aligned for `T`, checked above;
        // - a `MaybeUninit` needs no value to be there;
        // - `&mut self` excludes every other use, and the result borrows it.
        unsafe { std::slice::from_raw_parts_mut(self.bytes.as_ptr().cast(), self.len / size_of::<T>()) }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        match self.source {
            Source::Global(layout) if layout.size() > 0 => {
                // SAFETY:
                // - the block came from the global allocator with this very layout, of size above 0: from `allocate`,
                //   or from a vector of this capacity;
                // - nobody holds the bytes: leases keep the `Owned` around this buffer alive.
                unsafe { dealloc(self.bytes.as_ptr(), layout) };
            }
            Source::Global(_) | Source::Pool { .. } => {}
        }
    }
}

/// Elements that are written in order and cannot be read before all are.
///
/// Invariant: the first `written` of the buffer's elements have a value.
#[derive(Debug)]
pub(super) struct Unwritten<T> {
    buffer: Buffer,
    written: usize,
    elements: PhantomData<T>,
}

impl<T: Element> Unwritten<T> {
    /// Room for `count` elements.
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`].
    pub(super) fn new(count: usize, alignment: Alignment) -> Result<Self> {
        let len = count.saturating_mul(size_of::<T>());
        Ok(Self { buffer: Buffer::unwritten(len, alignment)?, written: 0, elements: PhantomData })
    }

    /// Elements that have a value.
    pub(super) fn written(&self) -> usize {
        self.written
    }

    /// Writes the next elements from `values`, until there is no room or there are no more.
    pub(super) fn extend(&mut self, values: impl IntoIterator<Item = T>) {
        let slots = &mut self.buffer.slots::<T>()[self.written..];
        for (slot, value) in slots.iter_mut().zip(values) {
            slot.write(value);
            self.written += 1;
        }
    }

    /// Writes the next elements from `values`, as many as there is room for.
    pub(super) fn extend_from_slice(&mut self, values: &[T]) {
        let slots = &mut self.buffer.slots::<T>()[self.written..];
        let count = values.len().min(slots.len());
        slots[..count].write_copy_of_slice(&values[..count]);
        self.written += count;
    }

    /// Writes `value` to all elements that have none.
    pub(super) fn fill(&mut self, value: T) {
        let slots = self.buffer.slots::<T>();
        simd::fill_slots(&mut slots[self.written..], value);
        self.written = slots.len();
    }

    /// The bytes, if all elements have a value.
    pub(super) fn finish(mut self) -> Result<Owned, Self> {
        if self.written < self.buffer.slots::<T>().len() {
            return Err(self);
        }
        Ok(Owned::over(self.buffer))
    }
}

/// The state of [`Owned::holds`] while one exclusive lease exists.
const WRITER: usize = usize::MAX;

/// The token of an exclusive lease; a shared one has 0.
const WRITE_TOKEN: u64 = 1;

/// Bytes of zero for readers of a tensor that has no memory yet. Never written, so the system never backs it.
#[repr(align(256))]
struct Zeros([u8; 1 << 16]);

static ZEROS: Zeros = Zeros([0; 1 << 16]);

/// Bytes of one tensor in this process's heap, and who holds them.
#[derive(Debug)]
pub(super) struct Owned {
    /// Empty until the first write, where the tensor was made so.
    buffer: OnceLock<Buffer>,
    len: usize,
    alignment: Alignment,
    holds: AtomicUsize,
}

impl Owned {
    /// `len` bytes of zero.
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`].
    pub(super) fn zeroed(len: usize, alignment: Alignment) -> Result<Self> {
        Buffer::zeroed(len, alignment).map(Self::over)
    }

    /// `len` bytes of zero, allocated when they are first written.
    pub(super) fn deferred(len: usize, alignment: Alignment) -> Self {
        Self { buffer: OnceLock::new(), len, alignment, holds: AtomicUsize::new(0) }
    }

    /// The memory of `elements` itself if it is aligned as tensors are, else a copy.
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`], for the copy.
    pub(super) fn of_vec<T: Element>(elements: Vec<T>) -> Result<Self> {
        match Buffer::of_vec(elements) {
            Ok(buffer) => Ok(Self::over(buffer)),
            Err(elements) => {
                let mut copy = Unwritten::new(elements.len(), Alignment::Simd)?;
                copy.extend_from_slice(&elements);
                Ok(Self::over(copy.buffer))
            }
        }
    }

    /// The bytes of a pool's block, as they are; they return to it with the tensor.
    pub(super) fn of_block(block: PoolBuffer) -> Self {
        Self::over(Buffer::of_block(block))
    }

    /// Bytes that have values.
    fn over(buffer: Buffer) -> Self {
        let len = buffer.len;
        let alignment = Alignment::Simd;
        Self { buffer: OnceLock::from(buffer), len, alignment, holds: AtomicUsize::new(0) }
    }

    /// Bytes of memory that are held for the tensor now.
    pub(super) fn allocated_bytes(&self) -> usize {
        self.buffer.get().map_or(0, |buffer| buffer.len)
    }

    /// The bytes, allocated now if they were not before.
    fn allocated(&self) -> Result<&Buffer> {
        if let Some(buffer) = self.buffer.get() {
            return Ok(buffer);
        }
        let buffer = Buffer::zeroed(self.len, self.alignment)?;
        // Of two threads that come here at once one is too late; its buffer goes as it came.
        Ok(self.buffer.get_or_init(|| buffer))
    }

    /// The first byte for a holder of this kind.
    fn bytes(&self, access: Access) -> Result<NonNull<u8>> {
        let unwritten = access == Access::Read && self.buffer.get().is_none();
        if unwritten && self.len <= ZEROS.0.len() {
            return Ok(NonNull::from(&ZEROS.0).cast());
        }
        Ok(self.allocated()?.bytes)
    }

    /// All bytes, of an owner that is alone: no lease holds them.
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`], where they are first written.
    pub(super) fn bytes_mut(&mut self) -> Result<&mut [u8]> {
        let (bytes, len) = (self.allocated()?.bytes, self.len);
        if len == 0 {
            return Ok(&mut []);
        }
        // SAFETY:
        // - the block has `len` bytes, all of which have a value;
        // - leases keep an `Arc` of this value, so `&mut self` shows that there is none; the result borrows `self`.
        Ok(unsafe { std::slice::from_raw_parts_mut(bytes.as_ptr(), len) })
    }

    /// Counts one more holder, if the present ones allow it.
    fn enter(&self, access: Access) -> bool {
        let next = |holds| match access {
            Access::Read if holds < WRITER - 1 => Some(holds + 1),
            Access::Write if holds == 0 => Some(WRITER),
            _ => None,
        };
        // Acquire: the holder sees what those before it wrote.
        self.holds.fetch_update(Ordering::Acquire, Ordering::Relaxed, next).is_ok()
    }

    /// Start and length of `range`, if it lies inside.
    fn inside(&self, range: &Range<u64>) -> Option<(usize, usize)> {
        let start = usize::try_from(range.start).ok()?;
        let end = usize::try_from(range.end).ok()?;
        (start <= end && end <= self.len).then(|| (start, end - start))
    }
}

// SAFETY:
// - the range handed out lies within the buffer (`inside`), which lives as long as `self`, never moves, and is
//   readable and writable; what readers get of a tensor without a buffer is a static that nobody writes, and it stays
//   readable when a later writer allocates;
// - `enter` admits a writer only when nobody holds, and readers only when no writer does, so a `Write` range
//   overlaps no other held range and nothing changes under a reader;
// - the buffer is aligned to 64 bytes and callers ask for whole elements, so every range is aligned to its dtype.
unsafe impl Keeper for Owned {
    fn acquire(&self, _: u64, range: Range<u64>, access: Access) -> Result<Held> {
        let Some((start, len)) = self.inside(&range) else {
            let message = format!("bytes {range:?} of a buffer of {}", self.len);
            return Err(Error::new(ErrorKind::Shape, message));
        };
        if !self.enter(access) {
            let message = match access {
                Access::Read => "an exclusive lease is held",
                Access::Write => "another lease is held",
            };
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        let token = if access == Access::Write { WRITE_TOKEN } else { 0 };
        match self.bytes(access) {
            Ok(first) => {
                // SAFETY: `start` is at most the bytes there are, so the address stays among them or one past the end.
                let bytes = unsafe { first.add(start) };
                Ok(Held { bytes, len, token, anchored: false })
            }
            Err(error) => {
                self.release(token);
                Err(error)
            }
        }
    }

    fn release(&self, token: u64) {
        // Release: whoever holds next sees what was written.
        if token == WRITE_TOKEN {
            self.holds.store(0, Ordering::Release);
        } else {
            self.holds.fetch_sub(1, Ordering::Release);
        }
    }

    fn prefetch(&self, _: u64, _: Range<u64>) {}

    fn forget(&self, _: u64) {}
}

#[cfg(test)]
mod tests;
