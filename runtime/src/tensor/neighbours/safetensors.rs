//! Crate `safetensors`: its tensor views as ours, and ours as its.

use super::super::dtype::{DType, Element, as_bytes, as_elements};
use super::super::layout::Layout;
use super::super::shape::Shape;
use super::super::view::View;
use crate::error::{Error, ErrorKind, Result};
use safetensors::tensor::{Dtype, TensorView};

/// Dtypes that both have. 4-bit floats are counted singly there and in pairs here.
const DTYPES: [(DType, Dtype); 17] = [
    (DType::F64, Dtype::F64),
    (DType::F32, Dtype::F32),
    (DType::F16, Dtype::F16),
    (DType::BF16, Dtype::BF16),
    (DType::F8E4M3, Dtype::F8_E4M3),
    (DType::F8E5M2, Dtype::F8_E5M2),
    (DType::F4x2, Dtype::F4),
    (DType::I64, Dtype::I64),
    (DType::I32, Dtype::I32),
    (DType::I16, Dtype::I16),
    (DType::I8, Dtype::I8),
    (DType::U64, Dtype::U64),
    (DType::U32, Dtype::U32),
    (DType::U16, Dtype::U16),
    (DType::U8, Dtype::U8),
    (DType::Bool, Dtype::BOOL),
    (DType::C64, Dtype::C64),
];

impl<'a, T: Element, S: Shape> View<'a, T, S> {
    /// These elements as a view of crate `safetensors`, which can serialize it: it implements its trait `View`.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, Tensor, View};
    /// let tensor = Tensor::<f32, (C<2>, C<2>)>::from_slice([2, 2], &[1., 2., 3., 4.])?;
    /// let lease = tensor.read()?;
    /// let file = safetensors::serialize([("w", lease.view().to_safetensors()?)], None).expect("it fits");
    /// assert!(file.ends_with(&4f32.to_le_bytes()));
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if the format has no such dtype.
    pub fn to_safetensors(self) -> Result<TensorView<'a>> {
        let unsupported = |message: String| Error::new(ErrorKind::Unsupported, message);
        let dtype = DTYPES.iter().find(|(ours, _)| *ours == T::DTYPE).map(|(_, theirs)| *theirs);
        let dtype = dtype.ok_or_else(|| unsupported(format!("the format has no dtype for {}", T::DTYPE)))?;
        let mut shape = self.shape().to_vec();
        match (T::VALUES, shape.last_mut()) {
            (1, _) => {}
            (values, Some(last)) => *last *= values,
            (values, None) => shape.push(values),
        }
        TensorView::new(dtype, shape, as_bytes(self.as_slice()))
            .map_err(|error| unsupported(format!("{} is refused", T::DTYPE)).caused_by(error))
    }

    /// The elements of a view of crate `safetensors`, under the declared shape.
    ///
    /// # Errors
    /// [`ErrorKind::Dtype`] if it holds others, or bytes that are none; [`ErrorKind::Shape`] if the sizes are not those
    /// of `S`; [`ErrorKind::Unsupported`] if the bytes are not aligned, which the format does not promise.
    pub fn from_safetensors(theirs: &TensorView<'a>) -> Result<Self> {
        if !DTYPES.contains(&(T::DTYPE, theirs.dtype())) {
            let message = format!("{:?} found, {} declared", theirs.dtype(), T::DTYPE);
            return Err(Error::new(ErrorKind::Dtype, message));
        }
        let mut shape = theirs.shape().to_vec();
        if let (2.., Some(last)) = (T::VALUES, shape.last_mut()) {
            *last /= T::VALUES;
        }
        S::check(&shape)?;
        let elements = as_elements::<T>(theirs.data())?;
        let layout = Layout::row_major(&shape, size_of::<T>())?;
        if elements.len() != layout.num_elements() {
            let message = format!("{} elements for shape {shape:?}", elements.len());
            return Err(Error::new(ErrorKind::Shape, message));
        }
        Ok(Self::over(elements, layout))
    }
}

#[cfg(test)]
mod tests;
