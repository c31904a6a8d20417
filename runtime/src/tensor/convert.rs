//! Tensors of another dtype: every value converted, by the table of [`number`](crate::number), at the speed of memory.

use super::dtype::Element;
use super::layout::{Contiguous, Dense};
use super::shape::{Dims, Shape};
use super::typed::Tensor;
use crate::error::{Error, ErrorKind, Result};
use crate::number::Single;
use crate::simd;

impl<T: Element, S: Shape, L: Dense> Tensor<T, S, L> {
    /// A new tensor of the same shape and order with elements of type `U`.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, Tensor, bf16};
    /// let weight = Tensor::<f32, (C<2>, C<2>)>::from_slice([2, 2], &[0.5, 1.0, 257.0, -3e38])?;
    /// let half = weight.to_dtype::<bf16>()?;
    /// assert_eq!(half.read()?[2], bf16::from_f32(256.0)); // a tie goes to even
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Tensor::read`], and out of memory.
    pub fn to_dtype<U: Element + Single>(&self) -> Result<Tensor<U, S, L>>
    where
        T: Single,
    {
        let converted = Tensor::<U, S, L>::zeros_in(self.shape())?.named(self.name());
        self.convert_into(&converted)?;
        Ok(converted)
    }

    /// Overwrites `into` with these elements, converted.
    ///
    /// A packed pair holds two values of the contiguous axis, which is therefore half as long where pairs are:
    ///
    /// ```
    /// use stratal_runtime::number::F4x2;
    /// use stratal_runtime::tensor::{C, Tensor};
    /// let packed = Tensor::<F4x2, (C<3>, C<2>)>::full([3, 2], F4x2::new(0.5, -6.0))?;
    /// let plain = Tensor::<f32, (C<3>, C<4>)>::zeros([3, 4])?;
    /// packed.convert_into(&plain)?;
    /// assert_eq!(plain.read()?.view().row(2), [0.5, -6.0, 0.5, -6.0]);
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if the sizes differ, values counted; those of [`Tensor::read`] here and of
    /// [`Tensor::write`] there.
    pub fn convert_into<U: Element, R: Shape>(&self, into: &Tensor<U, R, L>) -> Result<()> {
        let values = |dims: &[usize], each: usize| in_values(dims, each, L::AXIS);
        if values(self.shape(), T::VALUES)? != values(into.shape(), U::VALUES)? {
            let (from, to) = (self.shape(), into.shape());
            let message = format!("{} {from:?} cannot become {} {to:?}", T::DTYPE, U::DTYPE);
            return Err(Error::new(ErrorKind::Shape, message).with("tensor", self.name()));
        }
        let from = self.read()?;
        simd::convert(from.as_slice(), into.write()?.as_mut_slice())
    }
}

/// Sizes with the contiguous axis counted in values, of which an element holds `each`; a single pair is an axis of two.
fn in_values(dims: &[usize], each: usize, contiguous: Contiguous) -> Result<Dims> {
    let axis = match contiguous {
        Contiguous::Last => dims.len().saturating_sub(1),
        Contiguous::First => 0,
    };
    match dims.get(axis) {
        Some(size) => Ok(Dims::new(dims)?.with_size(axis, size.saturating_mul(each))),
        None if each == 1 => Dims::new(dims),
        None => Dims::new(&[each]),
    }
}

#[cfg(test)]
mod tests;
