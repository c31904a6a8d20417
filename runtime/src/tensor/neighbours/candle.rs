//! `candle-core`: what a candle tensor keeps in this process's memory, as a view.
//!
//! The other way round there is no way without a copy: candle keeps vectors and frees them itself, with their own
//! alignment. `candle_core::Tensor::from_slice(lease.as_slice(), …)` copies once.

use super::super::dtype::Element;
use super::super::layout::{Layout, Strided};
use super::super::shape::Shape;
use super::super::view::View;
use crate::error::{Error, ErrorKind, Result};
use candle_core::{CpuStorage, WithDType};

impl<'a, T: Element + WithDType, S: Shape> View<'a, T, S, Strided> {
    /// The elements of a candle tensor, with its strides, under the declared shape.
    ///
    /// ```
    /// use candle_core::{Device, Storage, Tensor};
    /// use stratal_runtime::tensor::{C, Strided, View};
    /// let theirs = Tensor::new(&[[1f32, 2.0], [3.0, 4.0]], &Device::Cpu).expect("it is small").t().expect("it has two axes");
    /// let (storage, layout) = theirs.storage_and_layout();
    /// let Storage::Cpu(storage) = &*storage else { return Ok(()) };
    /// let ours = View::<f32, (C<2>, C<2>), Strided>::from_candle(storage, layout)?;
    /// assert_eq!(ours[[0, 1]], 3.0);
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Dtype`] if the storage holds other elements; [`ErrorKind::Shape`] if the sizes are not those of `S`, or
    /// the layout reaches beyond the storage.
    pub fn from_candle(storage: &'a CpuStorage, layout: &candle_core::Layout) -> Result<Self> {
        let elements = storage.as_slice::<T>().map_err(|error| {
            Error::new(ErrorKind::Dtype, format!("not the {} that is declared", <T as Element>::DTYPE))
                .caused_by(error)
        })?;
        S::check(layout.dims())?;
        let ours = Layout::strided(layout.dims(), layout.stride(), size_of::<T>())?;
        let start = layout.start_offset();
        let reached = start.checked_add(ours.span()).and_then(|end| elements.get(start..end));
        let reached = reached.ok_or_else(|| {
            let message = format!("{} elements from {start} of {}", ours.span(), elements.len());
            Error::new(ErrorKind::Shape, message)
        })?;
        Ok(Self::over(reached, ours))
    }
}

#[cfg(test)]
mod tests;
