//! A value between two types: wide enough to lose nothing, and the ways out of it that round once.
//!
//! Rounding twice, first to `f32` and then to eight bits, can differ from rounding once. What passes through a
//! narrower type on its way is therefore rounded to odd: if bits are lost, the last one kept is 1, which stands for
//! them in the second rounding as long as that one drops two bits or more (Boldo and Melquiond, 2008).

use super::sealed::Value;

/// A value of any [`Number`](super::Number), exactly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Exact {
    /// A float of at most 32 bits.
    F32(f32),
    /// A double.
    F64(f64),
    /// A signed integer of at most 32 bits, or an unsigned one of at most 16.
    I32(i32),
    /// A signed integer of 64 bits, or an unsigned one of 32.
    I64(i64),
    /// An unsigned integer of 64 bits.
    U64(u64),
    /// A complex number: real and imaginary part.
    Complex(f64, f64),
}

impl Exact {
    /// The real part as an `f32` that rounds to any float of at most 16 bits as the value itself does.
    #[inline(always)]
    pub(super) fn to_odd_f32(self) -> f32 {
        match self {
            Self::F32(x) => x,
            Self::F64(x) | Self::Complex(x, _) => odd_f32(x),
            Self::I32(x) => {
                let magnitude = short_f32(x.unsigned_abs());
                if x < 0 { -magnitude } else { magnitude }
            }
            Self::I64(x) => {
                let magnitude = odd_f32(odd_f64(x.unsigned_abs()));
                if x < 0 { -magnitude } else { magnitude }
            }
            Self::U64(x) => odd_f32(odd_f64(x)),
        }
    }

    /// Whether it is not zero; NaN is not.
    #[inline(always)]
    pub(super) fn is_not_zero(self) -> bool {
        match self {
            Self::F32(x) => x != 0.0,
            Self::F64(x) => x != 0.0,
            Self::I32(x) => x != 0,
            Self::I64(x) => x != 0,
            Self::U64(x) => x != 0,
            // Not `||`: both sides of a branch-free loop.
            Self::Complex(re, im) => (re != 0.0) | (im != 0.0),
        }
    }
}

/// A value on its way to a float of at most 16 bits: an `f32` rounded to odd.
#[derive(Clone, Copy, Debug, Default)]
#[repr(transparent)]
pub(crate) struct Odd(pub(crate) f32);

impl Value for Odd {
    #[inline(always)]
    fn exact(self) -> Exact {
        Exact::F32(self.0)
    }

    #[inline(always)]
    fn nearest(value: Exact) -> Self {
        Self(value.to_odd_f32())
    }
}

/// `x` rounded to odd: exact, or of the two neighbours the one with an odd last bit.
#[inline(always)]
fn odd_f32(x: f64) -> f32 {
    let near = x as f32;
    let back = f64::from(near);
    let even = near.to_bits() & 1 == 0;
    // One step in magnitude, towards `x`; from infinity to the largest finite, from zero to the smallest subnormal.
    let step = if back.abs() > x.abs() { u32::MAX } else { 1 };
    let step = if (back != x) & even { step } else { 0 };
    f32::from_bits(near.to_bits().wrapping_add(step))
}

/// `x` as an `f32` that keeps the upper bits and lets one bit stand for the lower eight. Exact below 2²⁴.
#[inline(always)]
fn short_f32(x: u32) -> f32 {
    let folded = (x & !0xff) | (u32::from(x & 0xff != 0) << 8);
    (if x >> 24 == 0 { x } else { folded }) as f32
}

/// `x` as a double that keeps the upper bits and lets one bit stand for the lower sixteen. Exact below 2³².
#[inline(always)]
fn odd_f64(x: u64) -> f64 {
    let folded = (x & !0xffff) | (u64::from(x & 0xffff != 0) << 16);
    (if x >> 32 == 0 { x } else { folded }) as f64
}
