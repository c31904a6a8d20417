//! `bool`: the one number of which not every byte is a value.

use super::Exact;
use super::sealed::{Stored, Value};

impl Value for bool {
    #[inline(always)]
    fn exact(self) -> Exact {
        Exact::I32(i32::from(self))
    }

    #[inline(always)]
    fn nearest(value: Exact) -> Self {
        value.is_not_zero()
    }
}

impl Stored for bool {
    type Value = Self;

    fn of_byte(byte: u8) -> Option<Self> {
        (byte <= 1).then_some(byte == 1)
    }

    fn first_invalid(bytes: &[u8]) -> Option<usize> {
        first_not_bool(bytes)
    }

    #[inline(always)]
    fn unpack(stored: &[Self], values: &mut [Self]) {
        values.iter_mut().zip(stored).for_each(|(to, from)| *to = *from);
    }

    #[inline(always)]
    fn pack(values: &[Self], stored: &mut [Self]) {
        Self::unpack(values, stored);
    }
}

/// Index of the first byte that is neither 0 nor 1.
///
/// ```
/// use stratal_runtime::number::first_not_bool;
/// assert_eq!((first_not_bool(&[0, 1, 2]), first_not_bool(&[1])), (Some(2), None));
/// ```
#[must_use]
pub fn first_not_bool(bytes: &[u8]) -> Option<usize> {
    // Block by block without an early end, which vectorises; the culprit is looked for in the block that has one.
    const BLOCK: usize = 1 << 10;
    let bad = |block: &[u8]| block.iter().fold(0, |any, byte| any | byte) > 1;
    let at = bytes.chunks(BLOCK).position(bad)? * BLOCK;
    bytes[at..].iter().position(|byte| *byte > 1).map(|within| at + within)
}
