//! Eight-bit floats of the Open Compute Project's OFP8 specification.

use super::Exact;
use super::sealed::{Value, single};
use super::small::Format;
use std::cmp::Ordering;
use std::fmt;
#[cfg(feature = "zerocopy")]
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

const E4M3: Format =
    Format { exponent_bits: 4, mantissa_bits: 3, overflow: 0x7e, nan: 0x7f, nan_sign: true, special: 0x7f };

const E5M2: Format =
    Format { exponent_bits: 5, mantissa_bits: 2, overflow: 0x7b, nan: 0x7f, nan_sign: true, special: 0x7c };

/// Eight-bit float: 4 exponent bits, 3 mantissa bits, no infinities, one NaN per sign. Safetensors' `F8_E4M3`,
/// PyTorch's `float8_e4m3fn`.
///
/// ```
/// use stratal_runtime::number::F8E4M3;
/// let x = F8E4M3::from_f32(0.3);
/// assert_eq!((x.to_f32(), x.to_bits()), (0.3125, 0x2a));
/// assert_eq!(F8E4M3::from_f32(f32::INFINITY), F8E4M3::MAX); // 448
/// ```
#[derive(Clone, Copy, Default)]
#[cfg_attr(feature = "zerocopy", derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned))]
#[repr(transparent)]
pub struct F8E4M3(u8);

/// Eight-bit float: 5 exponent bits, 2 mantissa bits, with infinities and NaN. Safetensors' `F8_E5M2`, PyTorch's
/// `float8_e5m2`.
///
/// Conversion saturates, so an infinity is read where one is stored and never made.
///
/// ```
/// use stratal_runtime::number::F8E5M2;
/// assert_eq!(F8E5M2::from_f32(1e9).to_f32(), 57344.0);
/// assert_eq!(F8E5M2::from_bits(0x7c).to_f32(), f32::INFINITY);
/// ```
#[derive(Clone, Copy, Default)]
#[cfg_attr(feature = "zerocopy", derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned))]
#[repr(transparent)]
pub struct F8E5M2(u8);

macro_rules! eight_bits {
    ($($float:ident: $format:ident;)*) => {
        $(
            impl $float {
                /// The largest finite value.
                pub const MAX: Self = Self($format.overflow as u8);
                /// The smallest finite value.
                pub const MIN: Self = Self($format.overflow as u8 | 0x80);
                /// Not a number.
                pub const NAN: Self = Self($format.nan as u8);

                /// The value of a code.
                #[must_use]
                pub const fn from_bits(bits: u8) -> Self {
                    Self(bits)
                }

                /// Its code.
                #[must_use]
                pub const fn to_bits(self) -> u8 {
                    self.0
                }

                /// The nearest value, ties to even; the largest finite one for what is too large.
                #[inline(always)]
                #[must_use]
                pub fn from_f32(value: f32) -> Self {
                    Self($format.narrow(value) as u8)
                }

                /// The value, exactly.
                #[inline(always)]
                #[must_use]
                pub fn to_f32(self) -> f32 {
                    $format.widen(u32::from(self.0))
                }

                /// Whether it is not a number.
                #[must_use]
                pub fn is_nan(self) -> bool {
                    self.to_f32().is_nan()
                }
            }

            impl From<$float> for f32 {
                fn from(value: $float) -> Self {
                    value.to_f32()
                }
            }

            impl PartialEq for $float {
                fn eq(&self, other: &Self) -> bool {
                    self.to_f32() == other.to_f32()
                }
            }

            impl PartialOrd for $float {
                fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                    self.to_f32().partial_cmp(&other.to_f32())
                }
            }

            impl fmt::Debug for $float {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    fmt::Debug::fmt(&self.to_f32(), f)
                }
            }

            impl fmt::Display for $float {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    fmt::Display::fmt(&self.to_f32(), f)
                }
            }

            impl Value for $float {
                const ENTERS_ODD: bool = true;
                const FORMAT: Option<Format> = Some($format);

                #[inline(always)]
                fn exact(self) -> Exact {
                    Exact::F32(self.to_f32())
                }

                #[inline(always)]
                fn nearest(value: Exact) -> Self {
                    Self::from_f32(value.to_odd_f32())
                }
            }

            single!($float, byte => Self(byte));
        )*
    };
}

eight_bits! {
    F8E4M3: E4M3;
    F8E5M2: E5M2;
}
