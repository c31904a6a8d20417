//! Conversions from one byte by looking it up: what each of the 256 becomes, made once by the loops themselves.
//!
//! A byte is one value or a pair of them, and becomes one, two or four bytes. Where vectors can look up, this is
//! quicker than any arithmetic on so small numbers; elsewhere where one look-up gives two values.
//!
//! Invariant: rows and planes say the same, and a row holds values of the type that the table was made for.

use super::blocks::BLOCK;
use super::kernels::Kernels;
use crate::number::sealed::Stored;

/// Bytes that there are.
const BYTES: usize = 256;
/// Fewest bytes to convert for which a table is made: making it costs as much as converting a few hundred.
const WORTH_A_TABLE: usize = 4 * BLOCK;

/// What each byte becomes.
#[repr(C, align(64))]
pub(super) struct Table {
    /// Byte `n` of what each byte becomes.
    pub(super) planes: [[u8; BYTES]; 4],
    /// All of what a byte becomes, with zeros behind it.
    pub(super) rows: [[u8; 4]; BYTES],
    /// How many bytes one byte becomes: 1, 2 or 4.
    pub(super) width: usize,
}

/// Every byte of a type of one byte, or nothing of other types. What no value lies in is a default one, and is never
/// looked up.
fn every<T: Stored>() -> Option<[T; BYTES]> {
    T::of_byte(0)?;
    let mut every = [T::default(); BYTES];
    for (value, byte) in every.iter_mut().zip(0..=u8::MAX) {
        *value = T::of_byte(byte).unwrap_or_default();
    }
    Some(every)
}

impl Table {
    /// The table from `T` to `X`, of which one `T` becomes `T::VALUES / per_x`, if converting `count` of them is worth
    /// it. `convert` converts equally many values.
    pub(super) fn new<K: Kernels, T: Stored, X: Copy + Default>(
        kernels: K,
        count: usize,
        per_x: usize,
        convert: impl FnOnce(&[T], &mut [X]),
    ) -> Option<Self> {
        let width = T::VALUES / per_x * size_of::<X>();
        let quicker = kernels.looks_up() || T::VALUES > 1;
        if count < WORTH_A_TABLE || !quicker || !matches!(width, 1 | 2 | 4) || size_of::<X>() > 2 {
            return None;
        }
        let every = every::<T>()?;
        let mut made = [X::default(); 2 * BYTES];
        let made = &mut made[..BYTES * T::VALUES / per_x];
        convert(&every, made);
        let mut table = Self { planes: [[0; BYTES]; 4], rows: [[0; 4]; BYTES], width };
        for (byte, row) in bytes_of(made).chunks(width).enumerate() {
            table.rows[byte][..width].copy_from_slice(row);
            for (plane, part) in table.planes.iter_mut().zip(row) {
                plane[byte] = *part;
            }
        }
        Some(table)
    }

    /// Converts by this table, which was made from `T` to `X`; as many as both have.
    pub(super) fn convert<K: Kernels, T: Stored, X: Copy>(&self, kernels: K, from: &[T], to: &mut [X]) {
        match self.width {
            1 => kernels.look_up::<1>(self, bytes_of(from), groups(to)),
            2 => kernels.look_up::<2>(self, bytes_of(from), groups(to)),
            _ => kernels.look_up::<4>(self, bytes_of(from), groups(to)),
        }
    }
}

/// Values as the bytes they are.
fn bytes_of<X: Copy>(values: &[X]) -> &[u8] {
    // SAFETY:
    // - `X` is `Stored` or the value of one, which are plain bytes without padding;
    // - the result borrows `values` and is of their size.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast::<u8>(), size_of_val(values)) }
}

/// Values as groups of bytes, to be overwritten with rows of a table for `X`.
fn groups<X: Copy, const WIDTH: usize>(values: &mut [X]) -> &mut [[u8; WIDTH]] {
    let count = size_of_val(values) / WIDTH;
    // SAFETY:
    // - as in `bytes_of`, and exclusively borrowed; groups of bytes have no alignment;
    // - whole rows of a table are written, which are values of `X` one after the other.
    unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast::<[u8; WIDTH]>(), count) }
}
