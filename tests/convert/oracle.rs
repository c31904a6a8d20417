//! What conversions mean, told naively: a value is decoded from its fields, and the nearest code is looked for among all
//! of them.

use std::cmp::Ordering;
use std::sync::LazyLock;

/// An exact number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Real {
    /// Every float.
    Float(f64),
    /// Every integer.
    Integer(i128),
}

impl Real {
    pub(crate) fn to_f64(self) -> f64 {
        match self {
            Self::Float(x) => x,
            Self::Integer(x) => x as f64,
        }
    }

    pub(crate) fn to_f32(self) -> f32 {
        match self {
            Self::Float(x) => x as f32,
            Self::Integer(x) => x as f32,
        }
    }

    /// Cut towards zero and held within the bounds, as `as` does with floats; integers keep their low bits.
    pub(crate) fn to_integer(self, least: i128, most: i128) -> i128 {
        match self {
            Self::Float(x) => (x as i128).clamp(least, most),
            Self::Integer(x) => x,
        }
    }

    pub(crate) fn is_not_zero(self) -> bool {
        match self {
            Self::Float(x) => x != 0.0,
            Self::Integer(x) => x != 0,
        }
    }

    fn is_negative(self) -> bool {
        match self {
            Self::Float(x) => x.is_sign_negative(),
            Self::Integer(x) => x < 0,
        }
    }

    fn is_nan(self) -> bool {
        matches!(self, Self::Float(x) if x.is_nan())
    }

    /// Compares the magnitude with a float that is not NaN, exactly.
    fn compare_magnitude(self, other: f64) -> Ordering {
        match self {
            Self::Float(x) => x.abs().total_cmp(&other),
            // No integer of 64 bits is as large.
            Self::Integer(_) if other > 1e30 => Ordering::Less,
            Self::Integer(x) => match x.abs().cmp(&(other.floor() as i128)) {
                Ordering::Equal if other.fract() > 0.0 => Ordering::Less,
                order => order,
            },
        }
    }
}

/// The finite values of a small format, without sign, by code; and what follows the last.
pub(crate) struct Format {
    values: Vec<f64>,
    /// Whether what rounds beyond the last value becomes the code after it, infinity.
    infinite: bool,
    nan: u32,
    sign: u32,
}

impl Format {
    fn new(exponent_bits: u32, mantissa_bits: u32, finite: u32, infinite: bool, nan: u32) -> Self {
        let bias = (1 << (exponent_bits - 1)) - 1;
        let value = |code: u32| {
            let (exponent, mantissa) = (code >> mantissa_bits, code & ((1 << mantissa_bits) - 1));
            let fraction = f64::from(mantissa) / f64::from(1 << mantissa_bits);
            match exponent {
                0 => fraction * 2f64.powi(1 - bias),
                _ => (1.0 + fraction) * 2f64.powi(exponent as i32 - bias),
            }
        };
        // One more than are finite: where it would lie decides what rounds beyond the last.
        Self {
            values: (0..=finite).map(value).collect(),
            infinite,
            nan,
            sign: 1 << (exponent_bits + mantissa_bits),
        }
    }

    /// The value of a code.
    pub(crate) fn decode(&self, code: u32) -> f64 {
        let magnitude = code & (self.sign - 1);
        let finite = self.values.len() - 1;
        let value = match magnitude as usize {
            at if at < finite => self.values[at],
            at if at == finite && self.infinite => f64::INFINITY,
            _ => f64::NAN,
        };
        if code & self.sign == 0 { value } else { -value }
    }

    /// The code nearest to a value, of two equally near the even one.
    pub(crate) fn encode(&self, value: Real) -> u32 {
        if value.is_nan() {
            return self.nan;
        }
        let above = self.values.partition_point(|x| value.compare_magnitude(*x).is_gt());
        let nearest = match above {
            0 => 0,
            at if at == self.values.len() => at - 1,
            at => match value.compare_magnitude(f64::midpoint(self.values[at - 1], self.values[at])) {
                Ordering::Less => at - 1,
                Ordering::Greater => at,
                Ordering::Equal => at - at % 2,
            },
        };
        let most = self.values.len() - if self.infinite { 1 } else { 2 };
        nearest.min(most) as u32 | if value.is_negative() { self.sign } else { 0 }
    }
}

pub(crate) static F16: LazyLock<Format> = LazyLock::new(|| Format::new(5, 10, 0x7c00, true, 0x7e00));
pub(crate) static BF16: LazyLock<Format> = LazyLock::new(|| Format::new(8, 7, 0x7f80, true, 0x7fc0));
pub(crate) static F8E4M3: LazyLock<Format> = LazyLock::new(|| Format::new(4, 3, 0x7f, false, 0x7f));
/// Reads infinity, and never makes it: conversion saturates.
pub(crate) static F8E5M2: LazyLock<Format> = LazyLock::new(|| Format::new(5, 2, 0x7c, true, 0x7f));
static F8E5M2_FINITE: LazyLock<Format> = LazyLock::new(|| Format::new(5, 2, 0x7c, false, 0x7f));
static F4: LazyLock<Format> = LazyLock::new(|| Format::new(2, 1, 8, false, 7));

/// The code of e5m2 nearest to a value.
pub(crate) fn e5m2(value: Real) -> u32 {
    F8E5M2_FINITE.encode(value)
}

/// The code of e2m1 nearest to a value.
pub(crate) fn e2m1(value: Real) -> u8 {
    F4.encode(value) as u8
}
