//! How a checkpoint stores elements: every dtype of the safetensors format, with its exact width in bits.
//!
//! The format knows more dtypes than this workspace computes with; a tensor of another dtype is listed and moved as
//! bytes, and refused only when it is loaded as a typed tensor.

use std::fmt;

/// A dtype of the safetensors format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoredDtype {
    /// One byte, 0 or 1.
    Bool,
    /// 4-bit float, two to a byte.
    F4,
    /// 6-bit float, 2 exponent and 3 mantissa bits, four to three bytes.
    F6E2M3,
    /// 6-bit float, 3 exponent and 2 mantissa bits, four to three bytes.
    F6E3M2,
    /// Unsigned, 8 bits.
    U8,
    /// Signed, 8 bits.
    I8,
    /// 8-bit float, 5 exponent bits.
    F8E5M2,
    /// 8-bit float, 4 exponent bits.
    F8E4M3,
    /// 8-bit power of two.
    F8E8M0,
    /// 8-bit float, 4 exponent bits, no negative zero.
    F8E4M3Fnuz,
    /// 8-bit float, 5 exponent bits, no negative zero.
    F8E5M2Fnuz,
    /// Signed, 16 bits.
    I16,
    /// Unsigned, 16 bits.
    U16,
    /// IEEE half.
    F16,
    /// Brain float.
    Bf16,
    /// Signed, 32 bits.
    I32,
    /// Unsigned, 32 bits.
    U32,
    /// IEEE single.
    F32,
    /// Two IEEE singles.
    C64,
    /// IEEE double.
    F64,
    /// Signed, 64 bits.
    I64,
    /// Unsigned, 64 bits.
    U64,
}

impl StoredDtype {
    /// Every dtype, its name in the header, and its width in bits.
    const TABLE: [(Self, &'static str, u32); 22] = [
        (Self::Bool, "BOOL", 8),
        (Self::F4, "F4", 4),
        (Self::F6E2M3, "F6_E2M3", 6),
        (Self::F6E3M2, "F6_E3M2", 6),
        (Self::U8, "U8", 8),
        (Self::I8, "I8", 8),
        (Self::F8E5M2, "F8_E5M2", 8),
        (Self::F8E4M3, "F8_E4M3", 8),
        (Self::F8E8M0, "F8_E8M0", 8),
        (Self::F8E4M3Fnuz, "F8_E4M3FNUZ", 8),
        (Self::F8E5M2Fnuz, "F8_E5M2FNUZ", 8),
        (Self::I16, "I16", 16),
        (Self::U16, "U16", 16),
        (Self::F16, "F16", 16),
        (Self::Bf16, "BF16", 16),
        (Self::I32, "I32", 32),
        (Self::U32, "U32", 32),
        (Self::F32, "F32", 32),
        (Self::C64, "C64", 64),
        (Self::F64, "F64", 64),
        (Self::I64, "I64", 64),
        (Self::U64, "U64", 64),
    ];

    /// The dtype that a header calls `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::TABLE.iter().find(|(_, known, _)| *known == name).map(|(dtype, ..)| *dtype)
    }

    /// Its name in the header, such as `BF16`.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::TABLE[self as usize].1
    }

    /// Width of one element in bits; below 8 for packed formats.
    #[must_use]
    pub fn bits(self) -> u32 {
        Self::TABLE[self as usize].2
    }

    /// Bytes of a dense tensor of `shape`, or `None` when the product does not fit in `isize::MAX` bytes (zero dims
    /// count as one in that test, so that strides fit too) or the bits do not fill whole bytes.
    #[must_use]
    pub fn bytes_of(self, shape: &[usize]) -> Option<u64> {
        let product = |least| {
            let mut dims = shape.iter().map(|dim| (*dim).max(least) as u128);
            dims.try_fold(u128::from(self.bits()), u128::checked_mul)
        };
        isize::try_from(product(1)?.div_ceil(8)).ok()?;
        let bits = product(0)?;
        if bits % 8 != 0 {
            return None;
        }
        u64::try_from(bits / 8).ok()
    }
}

impl fmt::Display for StoredDtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests;
