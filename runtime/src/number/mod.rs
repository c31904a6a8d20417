//! Numbers: every type that a tensor can hold, and what converting one into another means.
//!
//! A [`Number`] leaves its type as an [`Exact`] value, which loses nothing, and enters another by one rounding. So
//! every pair of types is converted as if there were nothing between them:
//!
//! | to | from a float | from an integer or `bool` |
//! |---|---|---|
//! | `f64` `f32` `f16` `bf16` | nearest, ties to even; too large is infinite; NaN stays NaN, its payload is not promised | nearest, ties to even; too large is infinite |
//! | [`F8E4M3`] [`F8E5M2`] | nearest, ties to even; too large, infinities included, is the largest finite (OCP's saturating mode); NaN stays NaN | nearest; too large is the largest finite |
//! | [`F4x2`] (e2m1) | nearest, ties to even; too large is ±6; NaN, which the format lacks, is 6 | nearest; too large is ±6 |
//! | integers, [`I4x2`] [`U4x2`] | towards zero; too large is the largest, NaN is 0: Rust's `as` | the low bits: Rust's `as` |
//! | `bool` | whether it is not zero; NaN is not | whether it is not zero |
//! | complex (feature `complex`) | real part as above, imaginary part 0 | real part as above, imaginary part 0 |
//!
//! From complex, the real part is converted and the imaginary part dropped, except that both decide for `bool` and
//! both are kept for complex. To its own type a value stays as it is. `bool` converts as 0 and 1. The sign of zero is kept wherever the target has one.
//!
//! Invariant: all of this is branch-free arithmetic on one value, so that a loop over it becomes vector instructions.

mod boolean;
#[cfg(feature = "complex")]
mod complex;
mod exact;
mod float16;
mod float8;
mod packed;
mod plain;
pub(crate) mod sealed;
pub(crate) mod small;
#[allow(unsafe_code, reason = "truncation whose range was compared")]
mod truncate;

pub use boolean::first_not_bool;
pub use exact::Exact;
pub(crate) use exact::Odd;
pub use float8::{F8E4M3, F8E5M2};
pub use half::{bf16, f16};
#[cfg(feature = "complex")]
pub use num_complex::Complex;
pub use packed::{F4x2, I4x2, U4x2};
use std::any::Any;

/// A type of which tensors are made: a float, an integer, `bool`, a complex number, or a pair of 4-bit numbers.
/// Sealed.
pub trait Number: sealed::Stored {}

impl<T: sealed::Stored> Number for T {}

/// Converts one value, by the table in the documentation of this room.
///
/// ```
/// use stratal_runtime::number::{F8E4M3, bf16, convert};
/// assert_eq!(convert::<f32, i8>(-1e9), -128);
/// assert_eq!(convert::<f64, F8E4M3>(1e9).to_f32(), 448.0);
/// assert_eq!(convert::<u64, bf16>(257), bf16::from_f32(256.0)); // halfway, to even
/// ```
#[inline(always)]
#[must_use]
pub fn convert<T: Single, U: Single>(value: T) -> U {
    let same: Option<&U> = (&value as &dyn Any).downcast_ref();
    same.copied().unwrap_or_else(|| U::nearest(value.exact()))
}

/// A [`Number`] of one value: every one but the packed pairs. Sealed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not one value",
    label = "a float, an integer, `bool` or a complex number stands here",
    note = "a packed pair holds two values: convert slices or tensors of it with `convert_into`"
)]
pub trait Single: Number + sealed::Value + sealed::Stored<Value = Self> {}

impl<T: sealed::Value + sealed::Stored<Value = T>> Single for T {}

#[cfg(test)]
mod tests;
