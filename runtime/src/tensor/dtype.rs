//! Element types as data: their names, their sizes, and the Rust type of each.
//!
//! The casts between bytes and elements, the only ones, live in [`cast`].

mod cast;

use crate::error::{Error, ErrorKind};
use crate::number::{F4x2, F8E4M3, F8E5M2, I4x2, Number, U4x2};
use std::fmt;
use std::str::FromStr;

pub use crate::number::{bf16, f16};
pub(super) use cast::Elements;
pub use cast::{NotElements, as_bytes, as_elements, as_elements_mut};

/// Declares each dtype once: variant, bytes, name, name in safetensors, and what it is.
macro_rules! dtypes {
    ($($variant:ident $size:literal $name:literal $format:expr, $what:literal;)*) => {
        /// The type of a tensor's elements, as data.
        ///
        /// | dtype | Rust | bytes | safetensors |
        /// |---|---|---|---|
        /// | `f64` `f32` | the same | 8, 4 | `F64` `F32` |
        /// | `f16` `bf16` | [`f16`](struct@f16), [`bf16`] of crate `half` | 2 | `F16` `BF16` |
        /// | `f8e4m3` `f8e5m2` | [`F8E4M3`], [`F8E5M2`] | 1 | `F8_E4M3` `F8_E5M2` |
        /// | `f4x2` | [`F4x2`], two of e2m1 | 1 | `F4`, counted singly |
        /// | `i64` `i32` `i16` `i8` | the same | 8, 4, 2, 1 | `I64` `I32` `I16` `I8` |
        /// | `u64` `u32` `u16` `u8` | the same | 8, 4, 2, 1 | `U64` `U32` `U16` `U8` |
        /// | `i4x2` `u4x2` | [`I4x2`], [`U4x2`] | 1 | – |
        /// | `bool` | `bool`; a byte other than 0 and 1 is an error | 1 | `BOOL` |
        /// | `c64` `c128` | `Complex<f32>`, `Complex<f64>`, by feature `complex` | 8, 16 | `C64`, – |
        ///
        /// What converting one into another means stands in [`number`](crate::number).
        ///
        /// ```
        /// use stratal_runtime::tensor::DType;
        /// let dtype: DType = "BF16".parse()?;
        /// assert_eq!((dtype.size(), dtype.to_string().as_str()), (2, "bf16"));
        /// # Ok::<(), stratal_runtime::tensor::UnknownDType>(())
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum DType {
            $(#[doc = $what] $variant,)*
        }

        impl DType {
            /// Every dtype.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Bytes of one element.
            #[must_use]
            pub const fn size(self) -> usize {
                match self { $(Self::$variant => $size,)* }
            }

            /// The name in messages and policies, such as `bf16`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The name in a safetensors header, such as `BF16`; `None` where the format has no such dtype.
            ///
            /// `F4` counts single values there, [`DType::F4x2`] pairs.
            #[must_use]
            pub const fn format_name(self) -> Option<&'static str> {
                match self { $(Self::$variant => $format,)* }
            }
        }
    };
}

dtypes! {
    F64 8 "f64" Some("F64"), "IEEE 754 double.";
    F32 4 "f32" Some("F32"), "IEEE 754 single.";
    F16 2 "f16" Some("F16"), "IEEE 754 half.";
    BF16 2 "bf16" Some("BF16"), "The upper half of an `f32`.";
    F8E4M3 1 "f8e4m3" Some("F8_E4M3"), "Eight-bit float, four bits of exponent, no infinities.";
    F8E5M2 1 "f8e5m2" Some("F8_E5M2"), "Eight-bit float, five bits of exponent.";
    F4x2 1 "f4x2" Some("F4"), "Two 4-bit floats, e2m1.";
    I64 8 "i64" Some("I64"), "Signed, 64 bits.";
    I32 4 "i32" Some("I32"), "Signed, 32 bits.";
    I16 2 "i16" Some("I16"), "Signed, 16 bits.";
    I8 1 "i8" Some("I8"), "Signed, 8 bits.";
    I4x2 1 "i4x2" None, "Two signed integers of 4 bits.";
    U64 8 "u64" Some("U64"), "Unsigned, 64 bits.";
    U32 4 "u32" Some("U32"), "Unsigned, 32 bits.";
    U16 2 "u16" Some("U16"), "Unsigned, 16 bits.";
    U8 1 "u8" Some("U8"), "Unsigned, 8 bits.";
    U4x2 1 "u4x2" None, "Two unsigned integers of 4 bits.";
    Bool 1 "bool" Some("BOOL"), "One byte, 0 or 1.";
    C64 8 "c64" Some("C64"), "Complex of two `f32`.";
    C128 16 "c128" None, "Complex of two `f64`.";
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no dtype.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownDType(Box<str>);

impl fmt::Display for UnknownDType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a dtype", self.0)
    }
}

impl std::error::Error for UnknownDType {}

impl From<UnknownDType> for Error {
    fn from(unknown: UnknownDType) -> Self {
        Self::new(ErrorKind::Dtype, unknown.to_string())
    }
}

impl FromStr for DType {
    type Err = UnknownDType;

    /// Accepts both spellings, `bf16` and `BF16`.
    fn from_str(name: &str) -> Result<Self, UnknownDType> {
        let found = Self::ALL.iter().find(|dtype| dtype.name() == name || dtype.format_name() == Some(name));
        found.copied().ok_or_else(|| UnknownDType(name.into()))
    }
}

/// A Rust type that a tensor can hold. Sealed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tensor element",
    label = "a tensor holds floats of 8 to 64 bits, integers of 8 to 64 bits, `bool` or pairs of 4-bit numbers",
    note = "`f16`, `bf16`, `F8E4M3`, `F8E5M2`, `F4x2`, `I4x2` and `U4x2` are exported from this crate",
    note = "`Complex<f32>` and `Complex<f64>` need the feature `complex`"
)]
pub trait Element: Number {
    /// The dtype of a tensor of `Self`.
    const DTYPE: DType;
}

macro_rules! elements {
    ($($element:ty: $dtype:ident),* $(,)?) => {
        $(
            impl Element for $element {
                const DTYPE: DType = DType::$dtype;
            }
            const _: () = assert!(size_of::<$element>() == DType::$dtype.size());
        )*
    };
}

elements! {
    f64: F64, f32: F32, f16: F16, bf16: BF16, F8E4M3: F8E4M3, F8E5M2: F8E5M2, F4x2: F4x2,
    i64: I64, i32: I32, i16: I16, i8: I8, I4x2: I4x2,
    u64: U64, u32: U32, u16: U16, u8: U8, U4x2: U4x2,
    bool: Bool,
}

#[cfg(feature = "complex")]
elements! {
    crate::number::Complex<f32>: C64, crate::number::Complex<f64>: C128,
}

#[cfg(test)]
mod tests;
