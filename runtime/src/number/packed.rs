//! Pairs of 4-bit numbers in one byte, the first in the low half, as PyTorch and CUDA pack them.
//!
//! Alone a 4-bit number has no address, so a tensor holds pairs and its last axis counts those. While converting, each
//! half lies in a byte of its own.

use super::Exact;
use super::sealed::{Stored, Value};
use super::small::Format;
use super::truncate::Truncate;
use std::fmt;
#[cfg(feature = "zerocopy")]
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// The microscaling formats' e2m1: ±0, ±0.5, ±1, ±1.5, ±2, ±3, ±4, ±6. What would be NaN is 6, as CUDA has it.
const E2M1: Format =
    Format { exponent_bits: 2, mantissa_bits: 1, overflow: 7, nan: 7, nan_sign: false, special: 8 };

/// One signed 4-bit integer in a byte of its own, -8 to 7.
#[derive(Clone, Copy, Debug, Default)]
#[repr(transparent)]
pub struct I4(i8);

/// One unsigned 4-bit integer in a byte of its own, 0 to 15.
#[derive(Clone, Copy, Debug, Default)]
#[repr(transparent)]
pub struct U4(u8);

/// One e2m1 code in a byte of its own.
#[derive(Clone, Copy, Debug, Default)]
#[repr(transparent)]
pub struct F4(u8);

impl I4 {
    #[inline(always)]
    fn from_code(code: u8) -> Self {
        Self((code << 4) as i8 >> 4)
    }

    #[inline(always)]
    fn get(self) -> i8 {
        self.0
    }

    #[inline(always)]
    fn of(value: i8) -> Self {
        Self(value.clamp(-8, 7))
    }
}

impl U4 {
    #[inline(always)]
    fn from_code(code: u8) -> Self {
        Self(code & 0xf)
    }

    #[inline(always)]
    fn get(self) -> u8 {
        self.0
    }

    #[inline(always)]
    fn of(value: u8) -> Self {
        Self(value.min(15))
    }
}

impl F4 {
    #[inline(always)]
    fn from_code(code: u8) -> Self {
        Self(code & 0xf)
    }

    #[inline(always)]
    fn get(self) -> f32 {
        E2M1.widen(u32::from(self.0))
    }

    #[inline(always)]
    fn of(value: f32) -> Self {
        Self(E2M1.narrow(value) as u8)
    }
}

impl Value for I4 {
    const FOUR_BITS: Option<(i8, i8)> = Some((-8, 7));

    #[inline(always)]
    fn exact(self) -> Exact {
        Exact::I32(i32::from(self.0))
    }

    #[inline(always)]
    fn nearest(value: Exact) -> Self {
        match value {
            Exact::I32(x) => Self::from_code(x as u8),
            Exact::I64(x) => Self::from_code(x as u8),
            Exact::U64(x) => Self::from_code(x as u8),
            Exact::F32(x) => Self::of(x.truncate()),
            Exact::F64(x) | Exact::Complex(x, _) => Self::of(x.truncate()),
        }
    }
}

impl Value for U4 {
    const FOUR_BITS: Option<(i8, i8)> = Some((0, 15));

    #[inline(always)]
    fn exact(self) -> Exact {
        Exact::I32(i32::from(self.0))
    }

    #[inline(always)]
    fn nearest(value: Exact) -> Self {
        match value {
            Exact::I32(x) => Self::from_code(x as u8),
            Exact::I64(x) => Self::from_code(x as u8),
            Exact::U64(x) => Self::from_code(x as u8),
            Exact::F32(x) => Self::of(x.truncate()),
            Exact::F64(x) | Exact::Complex(x, _) => Self::of(x.truncate()),
        }
    }
}

impl Value for F4 {
    const ENTERS_ODD: bool = true;
    const FORMAT: Option<Format> = Some(E2M1);

    #[inline(always)]
    fn exact(self) -> Exact {
        Exact::F32(self.get())
    }

    #[inline(always)]
    fn nearest(value: Exact) -> Self {
        Self::of(value.to_odd_f32())
    }
}

macro_rules! pairs {
    ($($(#[$doc:meta])* $pair:ident of $half:ident as $value:ty;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Default)]
            #[cfg_attr(feature = "zerocopy", derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned))]
            #[repr(transparent)]
            pub struct $pair(u8);

            impl $pair {
                /// The pair of two values, the first in the low half of the byte; each is brought into range.
                #[must_use]
                pub fn new(first: $value, second: $value) -> Self {
                    Self::of([$half::of(first), $half::of(second)])
                }

                /// Both values, the first one first.
                #[must_use]
                pub fn values(self) -> [$value; 2] {
                    self.halves().map($half::get)
                }

                #[inline(always)]
                fn of([low, high]: [$half; 2]) -> Self {
                    // As one number of 16 bits: its loops need no shuffles.
                    let both = u16::from_le_bytes([low.0 as u8, high.0 as u8]);
                    Self(((both & 0xf) | ((both >> 4) & 0xf0)) as u8)
                }

                #[inline(always)]
                fn halves(self) -> [$half; 2] {
                    [$half::from_code(self.0 & 0xf), $half::from_code(self.0 >> 4)]
                }

                /// The pair that a byte holds.
                #[must_use]
                pub const fn from_bits(bits: u8) -> Self {
                    Self(bits)
                }

                /// Its byte.
                #[must_use]
                pub const fn to_bits(self) -> u8 {
                    self.0
                }
            }

            impl Stored for $pair {
                type Value = $half;
                const VALUES: usize = 2;

                fn of_byte(byte: u8) -> Option<Self> {
                    Some(Self(byte))
                }

                #[inline(always)]
                fn unpack(stored: &[Self], values: &mut [$half]) {
                    for (pair, halves) in stored.iter().zip(values.as_chunks_mut::<2>().0) {
                        *halves = pair.halves();
                    }
                }

                #[inline(always)]
                fn pack(values: &[$half], stored: &mut [Self]) {
                    for (pair, halves) in stored.iter_mut().zip(values.as_chunks::<2>().0) {
                        *pair = Self::of(*halves);
                    }
                }
            }

            impl PartialEq for $pair {
                fn eq(&self, other: &Self) -> bool {
                    self.values() == other.values()
                }
            }

            impl fmt::Debug for $pair {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    fmt::Display::fmt(self, f)
                }
            }

            impl fmt::Display for $pair {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    let [first, second] = self.values();
                    write!(f, "({first}, {second})")
                }
            }
        )*
    };
}

pairs! {
    /// Two signed integers of 4 bits, -8 to 7.
    ///
    /// ```
    /// use stratal_runtime::number::I4x2;
    /// let pair = I4x2::new(-8, 100);
    /// assert_eq!((pair.values(), pair.to_bits()), ([-8, 7], 0x78));
    /// ```
    I4x2 of I4 as i8;
    /// Two unsigned integers of 4 bits, 0 to 15.
    ///
    /// ```
    /// assert_eq!(stratal_runtime::number::U4x2::from_bits(0x2f).values(), [15, 2]);
    /// ```
    U4x2 of U4 as u8;
    /// Two 4-bit floats of format e2m1: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives. Safetensors' `F4`, PyTorch's
    /// `float4_e2m1fn_x2`.
    ///
    /// ```
    /// use stratal_runtime::number::F4x2;
    /// assert_eq!(F4x2::new(2.5, -100.0).values(), [2.0, -6.0]); // a tie goes to even
    /// ```
    F4x2 of F4 as f32;
}
