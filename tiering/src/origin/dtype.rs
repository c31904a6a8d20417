//! How a checkpoint stores elements: every dtype of the safetensors format, with its exact width in bits.
//!
//! The format knows dtypes that no tensor can have here; a tensor of such a dtype is listed and moved as bytes, and
//! refused only where it is loaded as a typed tensor. The other way round, `i4x2`, `u4x2` and `c128` cannot be written.

use std::borrow::Cow;
use std::fmt;
use stratal_runtime::tensor::DType;

/// A dtype of the safetensors format.
///
/// ```
/// use stratal_runtime::tensor::DType;
/// use stratal_tiering::origin::StoredDtype;
/// let dtype = StoredDtype::from_name("BF16").expect("the format has it");
/// assert_eq!(dtype, DType::BF16);
/// assert_eq!((dtype.bits(), dtype.typed()), (16, Some(DType::BF16)));
/// assert_eq!(StoredDtype::F6E2M3.typed(), None);
///
/// // The format counts 4-bit floats one by one, a tensor holds them in pairs.
/// let packed = StoredDtype::from_name("F4").expect("the format has it");
/// assert_eq!(packed.tensor_of(&[3, 8]), Some((DType::F4x2, vec![3, 4])));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoredDtype {
    /// One that a tensor can have.
    Typed(DType),
    /// 4-bit float, two to a byte: in a tensor [`DType::F4x2`], which counts the pairs.
    F4,
    /// 6-bit float, 2 exponent and 3 mantissa bits, four to three bytes.
    F6E2M3,
    /// 6-bit float, 3 exponent and 2 mantissa bits, four to three bytes.
    F6E3M2,
    /// 8-bit power of two.
    F8E8M0,
    /// 8-bit float, 4 exponent bits, no negative zero.
    F8E4M3Fnuz,
    /// 8-bit float, 5 exponent bits, no negative zero.
    F8E5M2Fnuz,
}

impl StoredDtype {
    /// The dtypes that only the format has, or has in another unit.
    const UNTYPED: [Self; 6] =
        [Self::F4, Self::F6E2M3, Self::F6E3M2, Self::F8E8M0, Self::F8E4M3Fnuz, Self::F8E5M2Fnuz];

    /// The dtype that a header calls `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let typed = DType::ALL.iter().filter(|dtype| dtype.format_name() == Some(name));
        let untyped = Self::UNTYPED.into_iter().filter(|dtype| dtype.name() == name);
        untyped.chain(typed.map(|dtype| Self::Typed(*dtype))).next()
    }

    /// Its name in the header, such as `BF16`; of a dtype that the format lacks, the tensor's name for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.facts().0
    }

    /// Width of one element in bits; below 8 for packed formats.
    #[must_use]
    pub const fn bits(self) -> usize {
        self.facts().1
    }

    /// The dtype of a tensor that holds it, if there is one.
    #[must_use]
    pub const fn typed(self) -> Option<DType> {
        match self {
            Self::Typed(dtype) => Some(dtype),
            Self::F4 => Some(DType::F4x2),
            _ => None,
        }
    }

    /// Dtype and shape of the tensor that holds elements stored so: the stored shape, unless a tensor packs them.
    /// `None` if no tensor holds this dtype, or packed elements of the last axis do not fill whole bytes.
    #[must_use]
    pub fn tensor_of(self, shape: &[usize]) -> Option<(DType, Vec<usize>)> {
        self.held_as(shape).map(|(dtype, shape)| (dtype, shape.into_owned()))
    }

    /// As [`tensor_of`](Self::tensor_of), the stored shape itself where nothing is packed.
    pub(crate) fn held_as(self, shape: &[usize]) -> Option<(DType, Cow<'_, [usize]>)> {
        let mut shape = Cow::Borrowed(shape);
        if self == Self::F4 {
            let last = shape.to_mut().last_mut().filter(|size| size.is_multiple_of(2))?;
            *last /= 2;
        }
        Some((self.typed()?, shape))
    }

    /// How the format stores a tensor of `shape`: the inverse of [`tensor_of`](Self::tensor_of). `None` if it has no
    /// such dtype, or the shape wraps.
    pub(super) fn stored_as(self, shape: &[usize]) -> Option<(Self, Vec<usize>)> {
        match self {
            Self::Typed(DType::F4x2) => {
                let mut shape = if shape.is_empty() { vec![1] } else { shape.to_vec() };
                let last = shape.last_mut()?;
                *last = last.checked_mul(2)?;
                Some((Self::F4, shape))
            }
            Self::Typed(dtype) if dtype.format_name().is_none() => None,
            _ => Some((self, shape.to_vec())),
        }
    }

    /// Name and bits.
    const fn facts(self) -> (&'static str, usize) {
        match self {
            Self::Typed(dtype) => match dtype.format_name() {
                Some(name) => (name, dtype.size() * 8),
                None => (dtype.name(), dtype.size() * 8),
            },
            Self::F4 => ("F4", 4),
            Self::F6E2M3 => ("F6_E2M3", 6),
            Self::F6E3M2 => ("F6_E3M2", 6),
            Self::F8E8M0 => ("F8_E8M0", 8),
            Self::F8E4M3Fnuz => ("F8_E4M3FNUZ", 8),
            Self::F8E5M2Fnuz => ("F8_E5M2FNUZ", 8),
        }
    }

    /// Bytes of a dense tensor of `shape`, or `None` when the product does not fit in `isize::MAX` bytes (zero dims
    /// count as one in that test, so that strides fit too) or the bits do not fill whole bytes.
    #[must_use]
    pub fn bytes_of(self, shape: &[usize]) -> Option<u64> {
        let product = |least| {
            let mut dims = shape.iter().map(|dim| (*dim).max(least) as u128);
            dims.try_fold(self.bits() as u128, u128::checked_mul)
        };
        isize::try_from(product(1)?.div_ceil(8)).ok()?;
        let bits = product(0)?;
        if bits % 8 != 0 {
            return None;
        }
        u64::try_from(bits / 8).ok()
    }
}

impl From<DType> for StoredDtype {
    fn from(dtype: DType) -> Self {
        Self::Typed(dtype)
    }
}

impl PartialEq<DType> for StoredDtype {
    fn eq(&self, other: &DType) -> bool {
        self.typed() == Some(*other)
    }
}

impl fmt::Display for StoredDtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests;
