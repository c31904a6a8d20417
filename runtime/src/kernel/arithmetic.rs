//! Operations that languages do differently, or that Rust leaves open: defined here, and in the same words in the
//! prelude of generated C.

use super::DIVIDED;

/// Lanes that the last axis is folded in.
const LANES: usize = 32;

/// A number with an order, in which a NaN is beside everything.
pub trait Ordered: Copy {
    /// `self`, unless `other` is greater or `self` is no number.
    fn max(self, other: Self) -> Self;
    /// `self`, unless `other` is less or `self` is no number.
    fn min(self, other: Self) -> Self;
    /// `low` below it, `high` above it.
    fn clamp(self, low: Self, high: Self) -> Self;
}

/// A number that sums and products are made of.
pub trait Fold: Copy {
    /// The sum; integers wrap.
    fn sum(self, other: Self) -> Self;
    /// The product; integers wrap.
    fn product(self, other: Self) -> Self;
}

/// An integer, whose division can fail.
pub trait Integer: Copy {
    /// The quotient; nothing by zero.
    fn quotient(self, by: Self) -> Option<Self>;
    /// The remainder; nothing by zero.
    fn remainder(self, by: Self) -> Option<Self>;
    /// The absolute value, wrapping.
    fn abs(self) -> Self;
    /// 0.
    const ZERO: Self;
}

macro_rules! ordered {
    ($($number:ty, $nan:expr;)*) => {
        $(
            impl Ordered for $number {
                #[inline(always)]
                fn max(self, other: Self) -> Self {
                    if self < other || $nan(self) { other } else { self }
                }

                #[inline(always)]
                fn min(self, other: Self) -> Self {
                    if self > other || $nan(self) { other } else { self }
                }

                #[inline(always)]
                fn clamp(self, low: Self, high: Self) -> Self {
                    let raised = if self < low { low } else { self };
                    if raised > high { high } else { raised }
                }
            }
        )*
    };
}

ordered! {
    f64, f64::is_nan;
    f32, f32::is_nan;
    i64, |_| false;
    i32, |_| false;
    u64, |_| false;
    u32, |_| false;
    usize, |_| false;
}

macro_rules! integers {
    ($($number:ty, $abs:expr;)*) => {
        $(
            impl Fold for $number {
                #[inline(always)]
                fn sum(self, other: Self) -> Self {
                    self.wrapping_add(other)
                }

                #[inline(always)]
                fn product(self, other: Self) -> Self {
                    self.wrapping_mul(other)
                }
            }

            impl Integer for $number {
                #[inline(always)]
                fn quotient(self, by: Self) -> Option<Self> {
                    (by != 0).then(|| self.wrapping_div(by))
                }

                #[inline(always)]
                fn remainder(self, by: Self) -> Option<Self> {
                    (by != 0).then(|| self.wrapping_rem(by))
                }

                #[inline(always)]
                fn abs(self) -> Self {
                    $abs(self)
                }

                const ZERO: Self = 0;
            }
        )*
    };
}

integers! {
    i64, i64::wrapping_abs;
    i32, i32::wrapping_abs;
    u64, |x| x;
    u32, |x| x;
    usize, |x| x;
}

macro_rules! floats {
    ($($number:ty)*) => {
        $(
            impl Fold for $number {
                #[inline(always)]
                fn sum(self, other: Self) -> Self {
                    self + other
                }

                #[inline(always)]
                fn product(self, other: Self) -> Self {
                    self * other
                }
            }
        )*
    };
}

floats!(f64 f32);

/// The greater number; the other one beside a NaN, the first of two equal ones.
#[inline(always)]
pub fn max<T: Ordered>(a: T, b: T) -> T {
    a.max(b)
}

/// The lesser number; the other one beside a NaN, the first of two equal ones.
#[inline(always)]
pub fn min<T: Ordered>(a: T, b: T) -> T {
    a.min(b)
}

/// `low` below it, `high` above it; a NaN stays one.
#[inline(always)]
pub fn clamp<T: Ordered>(x: T, low: T, high: T) -> T {
    x.clamp(low, high)
}

/// The absolute value of an integer, wrapping.
#[inline(always)]
pub fn abs<T: Integer>(x: T) -> T {
    x.abs()
}

/// The sum; integers wrap.
#[inline(always)]
pub fn fold_sum<T: Fold>(a: T, b: T) -> T {
    a.sum(b)
}

/// The product; integers wrap.
#[inline(always)]
pub fn fold_product<T: Fold>(a: T, b: T) -> T {
    a.product(b)
}

/// The quotient; 0 and a fault by zero.
#[inline(always)]
pub fn checked_quotient<T: Integer>(a: T, b: T, fault: &mut u32) -> T {
    a.quotient(b).unwrap_or_else(|| divided(fault))
}

/// The remainder; 0 and a fault by zero.
#[inline(always)]
pub fn checked_remainder<T: Integer>(a: T, b: T, fault: &mut u32) -> T {
    a.remainder(b).unwrap_or_else(|| divided(fault))
}

fn divided<T: Integer>(fault: &mut u32) -> T {
    *fault |= DIVIDED;
    T::ZERO
}

/// Folds lanes by halves: the first with the seventeenth, and so on.
#[inline(always)]
pub fn fold_lanes<T: Copy>(mut part: [T; LANES], fold: impl Fn(T, T) -> T) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            part[lane] = fold(part[lane], part[lane + half]);
        }
        half /= 2;
    }
    part[0]
}
