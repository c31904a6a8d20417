//! `bytemuck`: elements as plain old data, and views cast to other elements of their size.

use super::super::dtype::Element;
use super::super::layout::Order;
use super::super::shape::Shape;
use super::super::view::View;
use crate::error::{Error, ErrorKind, Result};
use crate::number::{F4x2, F8E4M3, F8E5M2, I4x2, U4x2};
use bytemuck::{CheckedBitPattern, NoUninit, Pod, Zeroable};

macro_rules! plain_old_data {
    ($($number:ty),*) => {
        $(
            // SAFETY: one transparent byte, and 0 is one of its values.
            unsafe impl Zeroable for $number {}
            // SAFETY: one transparent byte of which every pattern is a value; it is `Copy` and has no padding.
            unsafe impl Pod for $number {}
        )*
    };
}

plain_old_data!(F8E4M3, F8E5M2, F4x2, I4x2, U4x2);

impl<'a, T: Element + NoUninit, S: Shape, L: Order> View<'a, T, S, L> {
    /// The same bytes as elements of another type of the same size: codes of fp8, `u32` and `f32`, bytes and `bool`.
    ///
    /// ```
    /// use stratal_runtime::number::F8E4M3;
    /// use stratal_runtime::tensor::{C, Tensor};
    /// let codes = Tensor::<u8, (C<2>,)>::from_slice([2], &[0x38, 0x7e])?;
    /// let lease = codes.read()?;
    /// let floats = lease.view().cast::<F8E4M3>()?;
    /// assert_eq!((floats[[0]].to_f32(), floats[[1]].to_f32()), (1.0, 448.0));
    /// assert_eq!(floats.as_slice().as_ptr().cast(), lease.as_ptr());
    /// assert!(lease.view().cast::<bool>().is_err()); // 0x38 is none
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if the sizes differ or the alignment is too small; [`ErrorKind::Dtype`] if a pattern is
    /// no value of `U`.
    pub fn cast<U: Element + CheckedBitPattern>(self) -> Result<View<'a, U, S, L>> {
        let (elements, layout) = self.parts();
        if size_of::<T>() != size_of::<U>() {
            let message = format!("{} and {} differ in size", T::DTYPE, U::DTYPE);
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        match bytemuck::checked::try_cast_slice(elements) {
            Ok(elements) => Ok(View::over(elements, layout)),
            Err(error) => {
                let kind = match error {
                    bytemuck::checked::CheckedCastError::InvalidBitPattern => ErrorKind::Dtype,
                    bytemuck::checked::CheckedCastError::PodCastError(_) => ErrorKind::Unsupported,
                };
                Err(Error::new(kind, format!("{} is not read as {}: {error}", T::DTYPE, U::DTYPE)))
            }
        }
    }
}

#[cfg(test)]
mod tests;
