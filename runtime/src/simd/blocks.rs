//! Slices of any type and length, block by block, from what an instruction set offers.
//!
//! A block is small enough to stay in the first-level cache, so a detour through it (bytes for packed halves, `f32` for
//! half floats, a buffer for stores past the cache) costs no memory traffic.

use super::kernels::{Kernels, Line};
use crate::error::{Error, ErrorKind, Result};
use crate::number::sealed::Value;
use crate::number::{Number, Odd, f16};
use std::any::TypeId;

/// Bytes of a cache line.
pub(super) const LINE_BYTES: usize = size_of::<Line>();
/// Elements of a block.
const BLOCK: usize = 1024;
/// Results of at least so many bytes go past the cache.
const PAST_CACHE_BYTES: usize = 8 << 20;

/// How results reach memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Path {
    /// Through the cache: they will be used soon.
    Cached,
    /// Past the cache: there are too many to keep.
    PastCache,
}

impl Path {
    pub(super) fn by_size<T>(to: &[T]) -> Self {
        if size_of_val(to) >= PAST_CACHE_BYTES { Self::PastCache } else { Self::Cached }
    }
}

/// A buffer of one block, aligned to lines.
#[repr(C, align(64))]
struct Block<T>([T; BLOCK]);

impl<T: Copy + Default> Block<T> {
    fn new() -> Self {
        Self([T::default(); BLOCK])
    }
}

/// Refuses to convert unless both hold the same number of values.
pub(super) fn same_count<T: Number, U: Number>(from: &[T], to: &[U]) -> Result<()> {
    let (have, want) = (from.len() * T::VALUES, to.len() * U::VALUES);
    if have == want {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Shape, format!("{have} values cannot fill {want}")))
}

/// Converts equally many values.
pub(super) fn convert<K: Kernels, T: Number, U: Number>(kernels: K, from: &[T], to: &mut [U], path: Path) {
    let mut detour = Detour::<K, T, U> { kernels, unpacked: None, singles: None, odd: None, unpacking: None };
    if let Some(same) = identical::<T, U>(from) {
        to.copy_from_slice(same);
    } else if path == Path::PastCache {
        detour.past_cache(from, to);
    } else {
        detour.stored(from, to);
    }
}

/// A conversion, with the blocks that it passes through: each is made when it is first needed, and once.
struct Detour<K, T: Number, U: Number> {
    kernels: K,
    /// Halves of packed pairs that are read.
    unpacked: Option<Block<T::Value>>,
    /// Half floats that are read.
    singles: Option<Block<f32>>,
    /// What half floats are made of.
    odd: Option<Block<Odd>>,
    /// Halves of packed pairs that are written.
    unpacking: Option<Block<U::Value>>,
}

impl<K: Kernels, T: Number, U: Number> Detour<K, T, U> {
    /// Block by block through a buffer, from there past the cache.
    fn past_cache(&mut self, from: &[T], to: &mut [U]) {
        let (head, body, tail) = lines(to);
        // A pair of which one half lies before the first line cannot be divided.
        if !(head.len() * U::VALUES).is_multiple_of(T::VALUES) {
            return self.stored(from, to);
        }
        let per_line = LINE_BYTES / size_of::<U>();
        let elements = |of_u: usize| of_u * U::VALUES / T::VALUES;
        let (from_head, from) = from.split_at(elements(head.len()));
        let (from_body, from_tail) = from.split_at(elements(body.len() * per_line));
        self.stored(from_head, head);
        let mut block = Block::<U>::new();
        for (from, to) in from_body.chunks(elements(BLOCK)).zip(body.chunks_mut(BLOCK / per_line)) {
            self.stored(from, &mut block.0[..to.len() * per_line]);
            self.kernels.stream(as_lines(&block), to);
        }
        self.kernels.fence();
        self.stored(from_tail, tail);
    }

    /// What is stored to what is stored: packed pairs are made from a block.
    fn stored(&mut self, from: &[T], to: &mut [U]) {
        if let Some(to) = identical_mut::<U, U::Value>(to) {
            return self.unpacked(from, to);
        }
        let mut block = self.unpacking.take().unwrap_or_else(Block::new);
        let blocks = from.chunks(BLOCK / T::VALUES).zip(to.chunks_mut(BLOCK / U::VALUES));
        for (from, to) in blocks {
            let halves = &mut block.0[..to.len() * U::VALUES];
            self.unpacked(from, halves);
            self.kernels.pack(halves, to);
        }
        self.unpacking = Some(block);
    }

    /// What is stored to values: packed pairs go into a block.
    fn unpacked(&mut self, from: &[T], to: &mut [U::Value]) {
        if let Some(from) = identical::<T, T::Value>(from) {
            return values(self.kernels, &mut self.singles, &mut self.odd, from, to);
        }
        let block = self.unpacked.get_or_insert_with(Block::new);
        for (from, to) in from.chunks(BLOCK / T::VALUES).zip(to.chunks_mut(BLOCK)) {
            let halves = &mut block.0[..to.len()];
            self.kernels.unpack(from, halves);
            values(self.kernels, &mut self.singles, &mut self.odd, halves, to);
        }
    }
}

/// Values, half floats by way of `f32`.
fn values<K: Kernels, T: Value, U: Value>(
    kernels: K,
    singles: &mut Option<Block<f32>>,
    odd: &mut Option<Block<Odd>>,
    from: &[T],
    to: &mut [U],
) {
    match (identical::<T, f16>(from), identical_mut::<U, f16>(to)) {
        (Some(halves), _) => match identical_mut::<U, f32>(to) {
            Some(to) => kernels.widen(halves, to),
            None => from_halves(kernels, singles.get_or_insert_with(Block::new), halves, to),
        },
        (None, Some(halves)) => match identical::<T, f32>(from) {
            Some(from) => kernels.narrow(from, halves),
            None => to_halves(kernels, odd.get_or_insert_with(Block::new), from, halves),
        },
        (None, None) => kernels.values(from, to),
    }
}

/// Half floats to anything but `f32`, which holds each of them.
fn from_halves<K: Kernels, U: Value>(kernels: K, block: &mut Block<f32>, from: &[f16], to: &mut [U]) {
    for (from, to) in from.chunks(BLOCK).zip(to.chunks_mut(BLOCK)) {
        let singles = &mut block.0[..from.len()];
        kernels.widen(from, singles);
        kernels.values(singles, to);
    }
}

/// Anything but `f32` to half floats, by an `f32` that does not spoil the rounding.
fn to_halves<K: Kernels, T: Value>(kernels: K, block: &mut Block<Odd>, from: &[T], to: &mut [f16]) {
    for (from, to) in from.chunks(BLOCK).zip(to.chunks_mut(BLOCK)) {
        let singles = &mut block.0[..from.len()];
        kernels.values(from, singles);
        kernels.narrow(as_f32s(singles), to);
    }
}

/// Writes `value` everywhere.
pub(super) fn fill<K: Kernels, T: Number>(kernels: K, slice: &mut [T], value: T, path: Path) {
    if path == Path::Cached {
        return slice.fill(value);
    }
    let (head, body, tail) = lines(slice);
    let mut block = Block::<T>::new();
    block.0.fill(value);
    head.fill(value);
    kernels.stream_fill(&as_lines(&block)[0], body);
    kernels.fence();
    tail.fill(value);
}

/// The elements before the first whole line, the lines, and the elements after them.
fn lines<T: Number>(slice: &mut [T]) -> (&mut [T], &mut [Line], &mut [T]) {
    // SAFETY:
    // - every element is initialised and without padding, so its bytes are a line's bytes;
    // - the callers write lines that hold whole elements, taken from a block of them or one by one.
    unsafe { slice.align_to_mut::<Line>() }
}

/// The lines of a block, whose size is a multiple of theirs.
fn as_lines<T: Number>(block: &Block<T>) -> &[Line] {
    let count = size_of::<Block<T>>() / LINE_BYTES;
    // SAFETY:
    // - a block is aligned to lines, initialised and without padding: `BLOCK` elements fill whole lines;
    // - the result borrows the block.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(block).cast::<Line>(), count) }
}

/// The floats, which are to be rounded once more.
fn as_f32s(values: &[Odd]) -> &[f32] {
    // SAFETY: `Odd` is an `f32` in all but name, declared transparent.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast::<f32>(), values.len()) }
}

/// `slice`, if its elements are of type `B`.
fn identical<A: 'static, B: 'static>(slice: &[A]) -> Option<&[B]> {
    if TypeId::of::<A>() != TypeId::of::<B>() {
        return None;
    }
    // SAFETY: `A` and `B` are one type.
    Some(unsafe { std::slice::from_raw_parts(slice.as_ptr().cast::<B>(), slice.len()) })
}

/// `slice`, if its elements are of type `B`.
fn identical_mut<A: 'static, B: 'static>(slice: &mut [A]) -> Option<&mut [B]> {
    if TypeId::of::<A>() != TypeId::of::<B>() {
        return None;
    }
    // SAFETY: `A` and `B` are one type.
    Some(unsafe { std::slice::from_raw_parts_mut(slice.as_mut_ptr().cast::<B>(), slice.len()) })
}
