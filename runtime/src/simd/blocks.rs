//! Slices of any type and length, block by block, from what an instruction set offers.
//!
//! A block is small enough to stay in the first-level cache, so a detour through it (bytes for packed halves, `f32` for
//! half floats, a buffer for stores past the cache) costs no memory traffic.

use super::kernels::{Kernels, LINE_BYTES, Line};
use super::table::Table;
use crate::error::{Error, ErrorKind, Result};
use crate::number::sealed::Value;
use crate::number::{Number, Odd, bf16, f16};
use std::any::TypeId;
use std::mem::MaybeUninit;

/// Elements of a block.
pub(super) const BLOCK: usize = 1024;
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
    if let Some(same) = identical::<T, U>(from) {
        return to.copy_from_slice(same);
    }
    let mut detour = Detour::<K, T, U>::new(kernels);
    detour.table = detour.make_table(from.len());
    match path {
        Path::PastCache => detour.past_cache(from, to),
        Path::Cached => detour.stored(from, to),
    }
}

/// A conversion, with the blocks that it passes through: each is made when it is first needed, and once.
struct Detour<K, T: Number, U: Number> {
    kernels: K,
    /// From `T` to `U`, or to the halves that `U` is packed of where `T` is no pair.
    table: Option<Table>,
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
    fn new(kernels: K) -> Self {
        Self { kernels, table: None, unpacked: None, singles: None, odd: None, unpacking: None }
    }

    /// Whether a `T` is one `U` or several.
    const WHOLE: bool = T::VALUES >= U::VALUES;

    /// The table to convert so many `T` with, if that is quicker.
    fn make_table(&mut self, count: usize) -> Option<Table> {
        if Self::WHOLE {
            return Table::new::<K, T, U>(self.kernels, count, U::VALUES, |from, to| self.stored(from, to));
        }
        Table::new::<K, T, U::Value>(self.kernels, count, 1, |from, to| self.unpacked(from, to))
    }

    /// Block by block through a buffer, from there past the cache. What is read next is asked for meanwhile: the
    /// machine by itself looks no further than a page, which a block may be.
    fn past_cache(&mut self, from: &[T], to: &mut [U]) {
        let (head, body, tail) = lines(to);
        // A pair of which one half lies before the first line cannot be divided.
        if !(head.len() * U::VALUES).is_multiple_of(T::VALUES) {
            return self.stored(from, to);
        }
        let per_line = LINE_BYTES / size_of::<U>();
        let elements = |of_u: usize| of_u * U::VALUES / T::VALUES;
        let (from_head, from) = from.split_at(elements(head.len()));
        let (mut from, from_tail) = from.split_at(elements(body.len() * per_line));
        self.stored(from_head, head);
        let mut block = Block::<U>::new();
        for to in body.chunks_mut(BLOCK / per_line) {
            let (now, next) = from.split_at(elements(to.len() * per_line));
            self.kernels.prefetch(&next[..now.len().min(next.len())]);
            self.stored(now, &mut block.0[..to.len() * per_line]);
            self.kernels.stream(as_lines(&block), to);
            from = next;
        }
        self.kernels.fence();
        self.stored(from_tail, tail);
    }

    /// What is stored to what is stored: packed pairs are made from a block.
    fn stored(&mut self, from: &[T], to: &mut [U]) {
        if let (Some(table), true) = (&self.table, Self::WHOLE) {
            return table.convert(self.kernels, from, to);
        }
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
        if let Some(table) = &self.table {
            return table.convert(self.kernels, from, to);
        }
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
            None => {
                by_odd(kernels, odd.get_or_insert_with(Block::new), from, halves, |odd, to| {
                    kernels.narrow(as_f32s(odd), to);
                });
            }
        },
        (None, None) => match identical::<T, f32>(from) {
            Some(singles) => kernels.singles(singles, to),
            None if goes_by_odd::<T, U>() => {
                by_odd(kernels, odd.get_or_insert_with(Block::new), from, to, |odd, to| {
                    kernels.singles(as_f32s(odd), to);
                });
            }
            None => kernels.values(from, to),
        },
    }
}

/// Whether `T`, which is neither `f32` nor `f16`, is quicker made `U` in two steps of even width. From floats to integers
/// of four bits too: what rounding to odd takes from a float is no whole number.
fn goes_by_odd<T: Value, U: Value>() -> bool {
    let is = |of: TypeId| TypeId::of::<T>() == of;
    let float = is(TypeId::of::<f64>()) || is(TypeId::of::<bf16>());
    let wide = is(TypeId::of::<i64>()) || is(TypeId::of::<u64>()) || is(TypeId::of::<f64>());
    let loses = wide || is(TypeId::of::<i32>()) || is(TypeId::of::<u32>());
    (U::ENTERS_ODD && loses) || (U::FOUR_BITS.is_some() && float)
}

/// Half floats to anything but `f32`, which holds each of them.
fn from_halves<K: Kernels, U: Value>(kernels: K, block: &mut Block<f32>, from: &[f16], to: &mut [U]) {
    for (from, to) in from.chunks(BLOCK).zip(to.chunks_mut(BLOCK)) {
        let singles = &mut block.0[..from.len()];
        kernels.widen(from, singles);
        kernels.singles(singles, to);
    }
}

/// Anything but `f32` to what is narrower, which `narrow` makes of an `f32` that does not spoil the rounding.
fn by_odd<K: Kernels, T: Value, U: Value>(
    kernels: K,
    block: &mut Block<Odd>,
    from: &[T],
    to: &mut [U],
    narrow: impl Fn(&[Odd], &mut [U]),
) {
    for (from, to) in from.chunks(BLOCK).zip(to.chunks_mut(BLOCK)) {
        let odd = &mut block.0[..from.len()];
        kernels.odd(from, odd);
        narrow(odd, to);
    }
}

/// Writes `value` everywhere.
pub(super) fn fill<K: Kernels, T: Number>(kernels: K, slots: &mut [MaybeUninit<T>], value: T, path: Path) {
    if path == Path::Cached {
        return slots.fill(MaybeUninit::new(value));
    }
    // SAFETY: whole lines are written with elements from a block of them, and hold whole ones.
    let (head, body, tail) = unsafe { slots.align_to_mut::<MaybeUninit<Line>>() };
    let mut block = Block::<T>::new();
    block.0.fill(value);
    head.fill(MaybeUninit::new(value));
    kernels.stream_fill(&as_lines(&block)[0], body);
    kernels.fence();
    tail.fill(MaybeUninit::new(value));
}

/// Elements as places for elements, to be written with nothing but those.
pub(super) fn as_slots<T>(slice: &mut [T]) -> &mut [MaybeUninit<T>] {
    let len = slice.len();
    // SAFETY: one type is laid out as the other, and the callers in this room write whole values only.
    unsafe { std::slice::from_raw_parts_mut(slice.as_mut_ptr().cast::<MaybeUninit<T>>(), len) }
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
pub(super) fn identical<A: 'static, B: 'static>(slice: &[A]) -> Option<&[B]> {
    if TypeId::of::<A>() != TypeId::of::<B>() {
        return None;
    }
    // SAFETY: `A` and `B` are one type.
    Some(unsafe { std::slice::from_raw_parts(slice.as_ptr().cast::<B>(), slice.len()) })
}

/// As [`identical`], to be written.
fn identical_mut<A: 'static, B: 'static>(slice: &mut [A]) -> Option<&mut [B]> {
    if TypeId::of::<A>() != TypeId::of::<B>() {
        return None;
    }
    // SAFETY: `A` and `B` are one type.
    Some(unsafe { std::slice::from_raw_parts_mut(slice.as_mut_ptr().cast::<B>(), slice.len()) })
}
