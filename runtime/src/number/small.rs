//! Floats of at most 16 bits with an exponent narrower than that of `f32`: the arithmetic between their codes and `f32`.
//!
//! A format is data; with a constant one everything below folds into a dozen instructions without a branch. Neither
//! direction makes subnormal `f32`s, which some processors compute slowly: subnormal codes come from, and go by,
//! adding a power of two whose last bit is the format's smallest value.

/// A binary float format: one sign bit, then exponent, then mantissa.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Bits of the exponent.
    pub(crate) exponent_bits: u32,
    /// Bits of the mantissa.
    pub(crate) mantissa_bits: u32,
    /// Code, without sign, of what is too large: infinity, or the largest finite value.
    pub(crate) overflow: u32,
    /// Code of NaN.
    pub(crate) nan: u32,
    /// Whether the sign of NaN is kept.
    pub(crate) nan_sign: bool,
    /// First code, without sign, of infinity and NaN.
    pub(crate) special: u32,
}

/// Bits of an `f32` mantissa.
pub(crate) const MANTISSA: u32 = 23;
/// Bias of an `f32` exponent.
pub(crate) const BIAS: u32 = 127;
/// Bits of an infinite `f32`.
pub(crate) const INFINITE: u32 = 0x7f80_0000;

impl Format {
    /// What the exponent of 1 is.
    pub(crate) const fn bias(self) -> u32 {
        (1 << (self.exponent_bits - 1)) - 1
    }

    const fn sign_shift(self) -> u32 {
        31 - self.exponent_bits - self.mantissa_bits
    }

    /// The value of a code, which every `f32` can hold.
    #[inline(always)]
    pub(super) fn widen(self, code: u32) -> f32 {
        let sign_bit = 1 << (self.exponent_bits + self.mantissa_bits);
        let magnitude = code & (sign_bit - 1);
        let placed = (magnitude << (MANTISSA - self.mantissa_bits)) + ((BIAS - self.bias()) << MANTISSA);
        let least = (BIAS - self.bias() + 1) << MANTISSA;
        // Of exponent 0: without the implicit bit, which `placed + 1` has.
        let subnormal = f32::from_bits(placed + (1 << MANTISSA)) - f32::from_bits(least);
        let finite = if placed < least { subnormal.to_bits() } else { placed };
        let bits = if magnitude >= self.special { self.widen_special(magnitude) } else { finite };
        f32::from_bits(bits | ((code & sign_bit) << self.sign_shift()))
    }

    /// Infinity stays so, and NaN keeps its payload and becomes quiet.
    #[inline(always)]
    fn widen_special(self, magnitude: u32) -> u32 {
        let infinity = ((1 << self.exponent_bits) - 1) << self.mantissa_bits;
        let quiet = if magnitude > infinity || self.special == self.nan { 1 << (MANTISSA - 1) } else { 0 };
        INFINITE | (magnitude << (MANTISSA - self.mantissa_bits)) | quiet
    }

    /// The code nearest to a value, ties to even.
    #[inline(always)]
    pub(super) fn narrow(self, value: f32) -> u32 {
        let bits = value.to_bits();
        let magnitude = bits & 0x7fff_ffff;
        let sign = (bits >> 31) << (self.exponent_bits + self.mantissa_bits);
        let dropped = MANTISSA - self.mantissa_bits;
        let least = (BIAS - self.bias() + 1) << MANTISSA;

        // Adding a power of two whose last bit is that of the code rounds as the machine does, to even.
        let clamped = magnitude.min(self.limit());
        let exponent = (clamped & INFINITE).max(least);
        let unit = exponent + (dropped << MANTISSA);
        let rounded = (f32::from_bits(clamped) + f32::from_bits(unit)).to_bits().wrapping_sub(unit);
        let finite = rounded + ((exponent - least) >> dropped);

        let code = if magnitude > INFINITE { self.nan } else { finite };
        if self.nan_sign || magnitude <= INFINITE { code | sign } else { code }
    }

    /// The `f32` that becomes the code of what is too large.
    pub(crate) const fn limit(self) -> u32 {
        (self.overflow << (MANTISSA - self.mantissa_bits)) + ((BIAS - self.bias()) << MANTISSA)
    }
}
