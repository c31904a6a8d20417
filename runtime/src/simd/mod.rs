//! Converting and filling whole slices, at the speed of memory.
//!
//! The arithmetic stands once, in [`number`](crate::number); a loop over it is compiled again for each instruction set
//! (`avx2`, `avx512`, `neon`, `scalar`), one thin file each, and which of them runs is chosen once per process. Only
//! what the compiler cannot find by itself is spelled out there: half floats, doubles rounded to odd, look-ups, and
//! stores past the cache.
//!
//! ```text
//! convert ─ pick the set ─ stored: long? block by block past the cache ─ one byte? look it up (table)
//!                                                                          ├─ packed: halves to bytes and back
//!                                                                          └─ values: half floats by way of f32 ─ kernels
//! ```
//!
//! Long results (8 MiB and more) are written with non-temporal stores: they would push everything else out of the
//! cache, and a normal store to absent memory reads it first. Threads are used only where a caller asks for them.
//!
//! Invariant: whatever the instruction set, the length and the alignment, each value is the one that
//! [`number::convert`](crate::number::convert) gives.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod blocks;
mod instruction_set;
mod kernels;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
mod table;

use crate::error::Result;
use crate::number::Number;
use blocks::Path;
pub use instruction_set::InstructionSet;
use kernels::LINE_BYTES;
use std::mem::MaybeUninit;
use std::num::NonZero;

/// Converts every value of `from` into `to`, by the table of [`number`](crate::number).
///
/// A packed pair is two values: `from` may be `n` pairs and `to` `2 * n` floats.
///
/// # Errors
/// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if the two hold different numbers of values.
///
/// ```
/// use stratal_runtime::number::{F8E4M3, I4x2, bf16};
/// use stratal_runtime::simd::convert;
/// let mut weights = [bf16::ZERO; 3];
/// convert(&[0.5f32, 1e9, 3.0], &mut weights)?;
/// assert_eq!(weights[2], bf16::from_f32(3.0));
///
/// let mut floats = [0f32; 4];
/// convert(&[I4x2::new(1, -2), I4x2::new(3, -4)], &mut floats)?;
/// assert_eq!(floats, [1.0, -2.0, 3.0, -4.0]);
///
/// let error = convert(&[1u8, 2], &mut [F8E4M3::default(); 3]).unwrap_err();
/// assert!(error.to_string().contains("2 values cannot fill 3"));
/// # Ok::<(), stratal_runtime::error::Error>(())
/// ```
pub fn convert<T: Number, U: Number>(from: &[T], to: &mut [U]) -> Result<()> {
    InstructionSet::chosen().convert(from, to)
}

/// As [`convert`], the work divided among as many threads: for conversions so large that one core does not use up the
/// bandwidth of memory.
///
/// # Errors
/// Those of [`convert`].
///
/// ```
/// use std::num::NonZero;
/// use stratal_runtime::simd::convert_threaded;
/// let mut wide = vec![0f64; 1000];
/// convert_threaded(&vec![7u8; 1000], &mut wide, NonZero::new(2).expect("2 is not 0"))?;
/// assert!(wide.iter().all(|x| *x == 7.0));
/// # Ok::<(), stratal_runtime::error::Error>(())
/// ```
pub fn convert_threaded<T: Number, U: Number>(
    from: &[T],
    to: &mut [U],
    threads: NonZero<usize>,
) -> Result<()> {
    blocks::same_count(from, to)?;
    let (set, path) = (InstructionSet::chosen(), Path::by_size(to));
    // Of both in whole elements, and of `to` in whole cache lines.
    let part = to.len().div_ceil(threads.get()).next_multiple_of(LINE_BYTES).max(LINE_BYTES);
    let part_from = part * U::VALUES / T::VALUES;
    crate::sync::scope(|scope| {
        for (from, to) in from.chunks(part_from).zip(to.chunks_mut(part)) {
            scope.spawn(move || set.convert_by(from, to, path));
        }
    });
    Ok(())
}

/// Writes `value` everywhere.
///
/// ```
/// use stratal_runtime::number::bf16;
/// let mut row = [bf16::ZERO; 100];
/// stratal_runtime::simd::fill(&mut row, bf16::ONE);
/// assert_eq!(row, [bf16::ONE; 100]);
/// ```
pub fn fill<T: Number>(slice: &mut [T], value: T) {
    fill_slots(blocks::as_slots(slice), value);
}

/// A loop that is compiled once for each instruction set: what it calls has to be inlined always. No operation is
/// fused or reordered for it, so its results are the same bit by bit.
pub(crate) trait Loop {
    /// Runs it; `#[inline(always)]`.
    fn run(self);
}

/// Runs a loop with the widest vectors of this machine.
pub(crate) fn widest(work: impl Loop) {
    InstructionSet::chosen().run(work);
}

/// As [`fill`], where there need be no values yet.
pub(crate) fn fill_slots<T: Number>(slots: &mut [MaybeUninit<T>], value: T) {
    let path = Path::by_size(slots);
    InstructionSet::chosen().fill(slots, value, path);
}

#[cfg(test)]
mod tests;
