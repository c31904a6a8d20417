//! Element types: their names, their sizes, and the only casts between bytes and elements.
//!
//! Invariant: every bit pattern of an [`Element`] is a valid value, so a cast has to check length and alignment
//! and nothing else.

use crate::error::{Error, ErrorKind};
use std::fmt;
use std::str::FromStr;

pub use half::{bf16, f16};

/// Declares each dtype once: variant, bytes, name, name in safetensors, and what it is.
macro_rules! dtypes {
    ($($variant:ident $size:literal $name:literal $format:literal $what:literal;)*) => {
        /// The type of a tensor's elements, as data.
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

            /// The name in a safetensors header, such as `BF16`.
            #[must_use]
            pub const fn format_name(self) -> &'static str {
                match self { $(Self::$variant => $format,)* }
            }
        }
    };
}

dtypes! {
    F64 8 "f64" "F64" "IEEE 754 double.";
    F32 4 "f32" "F32" "IEEE 754 single.";
    F16 2 "f16" "F16" "IEEE 754 half.";
    BF16 2 "bf16" "BF16" "The upper half of an `f32`.";
    F8E4M3 1 "f8e4m3" "F8_E4M3" "Eight-bit float, four bits of exponent.";
    F8E5M2 1 "f8e5m2" "F8_E5M2" "Eight-bit float, five bits of exponent.";
    I64 8 "i64" "I64" "Signed, 64 bits.";
    I32 4 "i32" "I32" "Signed, 32 bits.";
    I16 2 "i16" "I16" "Signed, 16 bits.";
    I8 1 "i8" "I8" "Signed, 8 bits.";
    U64 8 "u64" "U64" "Unsigned, 64 bits.";
    U32 4 "u32" "U32" "Unsigned, 32 bits.";
    U16 2 "u16" "U16" "Unsigned, 16 bits.";
    U8 1 "u8" "U8" "Unsigned, 8 bits.";
    Bool 1 "bool" "BOOL" "One byte, 0 or 1. Has no [`Element`]: other bytes would not be a `bool`.";
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
        let found = Self::ALL.iter().find(|dtype| dtype.name() == name || dtype.format_name() == name);
        found.copied().ok_or_else(|| UnknownDType(name.into()))
    }
}

mod sealed {
    /// Keeps [`super::Element`] to types whose every bit pattern is a value.
    pub trait Sealed {}
}

/// A Rust type that a tensor can hold. Sealed: plain numbers of which every bit pattern is a value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tensor element",
    label = "a tensor holds f64, f32, f16, bf16 or an integer of 8 to 64 bits",
    note = "`f16` and `bf16` are re-exported from the crate `half`"
)]
pub trait Element:
    sealed::Sealed + Copy + Default + PartialEq + PartialOrd + fmt::Debug + fmt::Display + Send + Sync + 'static
{
    /// The dtype of a tensor of `Self`.
    const DTYPE: DType;
}

macro_rules! elements {
    ($($element:ty: $dtype:ident),* $(,)?) => {
        $(
            impl sealed::Sealed for $element {}
            impl Element for $element {
                const DTYPE: DType = DType::$dtype;
            }
            const _: () = assert!(size_of::<$element>() == DType::$dtype.size());
        )*
    };
}

elements! {
    f64: F64, f32: F32, f16: F16, bf16: BF16,
    i64: I64, i32: I32, i16: I16, i8: I8,
    u64: U64, u32: U32, u16: U16, u8: U8,
}

/// The elements of `bytes`, or `None` if they are misaligned or end within an element.
pub(super) fn cast<T: Element>(bytes: &[u8]) -> Option<&[T]> {
    let len = element_count::<T>(bytes)?;
    if len == 0 {
        return Some(&[]);
    }
    // SAFETY:
    // - the pointer is aligned for `T` and `len` elements end with the bytes, both checked by `element_count`;
    // - every bit pattern is a `T` (`Element` is sealed to such types);
    // - the result borrows `bytes`, so it is as readable and as unchanging.
    Some(unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast::<T>(), len) })
}

/// The elements of `bytes` to write, or `None` if they are misaligned or end within an element.
pub(super) fn cast_mut<T: Element>(bytes: &mut [u8]) -> Option<&mut [T]> {
    let len = element_count::<T>(bytes)?;
    if len == 0 {
        return Some(&mut []);
    }
    // SAFETY:
    // - the pointer is aligned for `T` and `len` elements end with the bytes, both checked by `element_count`;
    // - every bit pattern is a `T`, and every `T` is plain bytes without padding;
    // - the result borrows `bytes` exclusively.
    Some(unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast::<T>(), len) })
}

/// How many elements `bytes` holds, if it holds whole ones at their alignment. No bytes hold none, wherever.
fn element_count<T: Element>(bytes: &[u8]) -> Option<usize> {
    let fits = bytes.is_empty() || bytes.as_ptr().cast::<T>().is_aligned();
    (fits && bytes.len().is_multiple_of(size_of::<T>())).then(|| bytes.len() / size_of::<T>())
}

#[cfg(test)]
mod tests;
