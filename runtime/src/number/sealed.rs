//! What a number is to this crate: traits that nobody outside can implement or name.

use super::Exact;
use super::small::Format;
use std::fmt;

/// One value: how it leaves its type, and how another enters it.
pub trait Value: Copy + Default + Send + Sync + 'static {
    /// Whether values enter by way of an [`Odd`](super::Odd): the floats of at most 16 bits.
    const ENTERS_ODD: bool = false;

    /// The format of a float whose code is a byte of its own.
    const FORMAT: Option<Format> = None;

    /// The bounds of an integer of four bits.
    const FOUR_BITS: Option<(i8, i8)> = None;

    /// The value, exactly.
    fn exact(self) -> Exact;

    /// The value of this type that stands for `value`, by the table in the documentation of this room.
    fn nearest(value: Exact) -> Self;
}

/// What lies in memory: one value, or several packed together. Plain bytes without padding, of which every pattern is
/// valid unless `first_invalid` says otherwise: casts rely on it.
pub trait Stored: Copy + Default + PartialEq + fmt::Debug + fmt::Display + Send + Sync + 'static {
    /// One value of it.
    type Value: Value;

    /// Values in one of `Self`.
    const VALUES: usize = 1;

    /// Of a type of one byte: what lies in `byte`, if anything can.
    fn of_byte(_byte: u8) -> Option<Self> {
        None
    }

    /// Index of the first of `bytes` at which no `Self` can lie, whatever the others are.
    fn first_invalid(_bytes: &[u8]) -> Option<usize> {
        None
    }

    /// The values in `stored`, in order; as many as fit.
    fn unpack(stored: &[Self], values: &mut [Self::Value]);

    /// What holds `values`, in order; as much as fits.
    fn pack(values: &[Self::Value], stored: &mut [Self]);
}

/// Types of which one is one value; of those of one byte, how it is made from that.
macro_rules! single {
    ($number:ty $(, $byte:ident => $of:expr)?) => {
        impl $crate::number::sealed::Stored for $number {
            type Value = Self;

            $(
                fn of_byte($byte: u8) -> Option<Self> {
                    Some($of)
                }
            )?

            #[inline(always)]
            fn unpack(stored: &[Self], values: &mut [Self]) {
                values.iter_mut().zip(stored).for_each(|(to, from)| *to = *from);
            }

            #[inline(always)]
            fn pack(values: &[Self], stored: &mut [Self]) {
                Self::unpack(values, stored);
            }
        }
    };
}
pub(super) use single;
