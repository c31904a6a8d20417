//! Each type under test: its samples, and its way to and from the oracle's numbers.

use crate::oracle::{self, Real};
use stratal::runtime::number::Single;
use stratal::{F8E4M3, F8E5M2, bf16, f16};

/// A type under test.
pub(crate) trait Case: Single {
    /// Every bit pattern of types up to 16 bits; edges and random patterns of wider ones.
    fn samples() -> Vec<Self>;

    /// The exact value.
    fn decode(self) -> Real;

    /// What the oracle says a value becomes.
    fn encode(value: Real) -> Self;

    /// Whether two are one bit pattern, or both NaN.
    fn same(self, other: Self) -> bool;
}

/// Fixed random patterns.
fn random(count: usize) -> impl Iterator<Item = u64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state ^ (state >> 29)
    })
    .take(count)
}

/// Random patterns, and numbers around every power of two, where rounding and overflow happen.
fn wide(bits: u32) -> impl Iterator<Item = u64> {
    let edges =
        (0..bits).flat_map(|power| (-3..=3).map(move |near| (1_u64 << power).wrapping_add_signed(near)));
    random(4000).chain(edges.clone()).chain(edges.map(u64::wrapping_neg)).chain([0, u64::MAX])
}

/// Floats around every power of two, and halfway between the values of every smaller format.
fn floats() -> impl Iterator<Item = f64> {
    let mantissas = [1, 2, 3, 7, 8, 10, 11, 23, 24].map(|bits| 2f64.powi(-bits));
    let near = mantissas.into_iter().flat_map(|ulp| [0.0, ulp, -ulp, ulp * 1.5, ulp * 2.5]);
    let fine = [0.0, 2f64.powi(-45), -2f64.powi(-45), 2f64.powi(-52)];
    let powers = (-160..=130).map(|power| 2f64.powi(power));
    let around =
        powers.flat_map(move |power| near.clone().flat_map(move |n| fine.map(|f| power * (1.0 + n + f))));
    let extremes = [0.0, f64::INFINITY, f64::NAN, f64::MAX, f64::MIN_POSITIVE, 5e-324, 1e300];
    around.chain(extremes).flat_map(|x| [x, -x])
}

macro_rules! integers {
    ($($integer:ty: $samples:expr;)*) => {
        $(
            impl Case for $integer {
                fn samples() -> Vec<Self> {
                    $samples.map(|bits| bits as Self).collect()
                }

                fn decode(self) -> Real {
                    Real::Integer(self.into())
                }

                fn encode(value: Real) -> Self {
                    value.to_integer(Self::MIN.into(), Self::MAX.into()) as Self
                }

                fn same(self, other: Self) -> bool {
                    self == other
                }
            }
        )*
    };
}

integers! {
    i64: wide(64); u64: wide(64); i32: wide(32); u32: wide(32);
    i16: (0..=u16::MAX); u16: (0..=u16::MAX); i8: (0..=u8::MAX); u8: (0..=u8::MAX);
}

macro_rules! coded {
    ($($float:ty: $bits:ty, $decode:expr, $encode:expr;)*) => {
        $(
            impl Case for $float {
                fn samples() -> Vec<Self> {
                    (0..=<$bits>::MAX).map(Self::from_bits).collect()
                }

                fn decode(self) -> Real {
                    Real::Float($decode.decode(self.to_bits().into()))
                }

                fn encode(value: Real) -> Self {
                    Self::from_bits($encode(value) as $bits)
                }

                fn same(self, other: Self) -> bool {
                    self.to_bits() == other.to_bits() || self.is_nan() && other.is_nan()
                }
            }
        )*
    };
}

coded! {
    f16: u16, oracle::F16, |x| oracle::F16.encode(x);
    bf16: u16, oracle::BF16, |x| oracle::BF16.encode(x);
    F8E4M3: u8, oracle::F8E4M3, |x| oracle::F8E4M3.encode(x);
    F8E5M2: u8, oracle::F8E5M2, oracle::e5m2;
}

macro_rules! native {
    ($($float:ty: $bits:ty, $to:ident;)*) => {
        $(
            impl Case for $float {
                fn samples() -> Vec<Self> {
                    let patterns = random(4000).map(|bits| Self::from_bits(bits as $bits));
                    patterns.chain(floats().map(|x| x as Self)).collect()
                }

                fn decode(self) -> Real {
                    Real::Float(self.into())
                }

                fn encode(value: Real) -> Self {
                    value.$to()
                }

                fn same(self, other: Self) -> bool {
                    self.to_bits() == other.to_bits() || self.is_nan() && other.is_nan()
                }
            }
        )*
    };
}

native! { f64: u64, to_f64; f32: u32, to_f32; }

impl Case for bool {
    fn samples() -> Vec<Self> {
        vec![false, true, true, false, true]
    }

    fn decode(self) -> Real {
        Real::Integer(self.into())
    }

    fn encode(value: Real) -> Self {
        value.is_not_zero()
    }

    fn same(self, other: Self) -> bool {
        self == other
    }
}
