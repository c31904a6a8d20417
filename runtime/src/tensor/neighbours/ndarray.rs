//! `ndarray`: views both ways, and owned arrays taken over.

use super::super::dtype::Element;
use super::super::layout::{Layout, Order, Strided};
use super::super::shape::Shape;
use super::super::typed::Tensor;
use super::super::view::{View, ViewMut};
use crate::error::{Error, ErrorKind, Result};
use ndarray::{Array, ArrayView, ArrayViewMut, Dimension, IntoDimension, ShapeBuilder};

/// The dimension type of ndarray that has as many axes as a shape.
type DimOf<S> = <<S as Shape>::Index as IntoDimension>::Dim;

impl<'a, T: Element, S: Shape<Index: IntoDimension>, L: Order> View<'a, T, S, L> {
    /// These elements as an array view of as many axes, with the same strides.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, Tensor};
    /// let tensor = Tensor::<f32, (C<2>, C<3>)>::from_slice([2, 3], &[0., 1., 2., 3., 4., 5.])?;
    /// let lease = tensor.read()?;
    /// let array = lease.view().transpose().to_ndarray();
    /// assert_eq!((array.dim(), array[[2, 1]]), ((3, 2), 5.0));
    /// assert_eq!(array.as_ptr(), lease.as_ptr());
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    #[must_use]
    pub fn to_ndarray(self) -> ArrayView<'a, T, DimOf<S>> {
        let (elements, layout) = self.parts();
        let (shape, strides) = (dimension::<S>(layout.shape()), dimension::<S>(layout.strides()));
        let whole = ArrayView::from_shape(shape.strides(strides), elements);
        whole.expect("a layout reaches only elements of its view")
    }

    /// The elements of an array view, with its strides, under the declared shape.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if the sizes are not those of `S`. [`ErrorKind::Unsupported`] if the array has gaps or runs
    /// backwards: a view here reaches whatever lies between its first and last element, which in an array others may
    /// be writing. Lend the array whole and slice the view.
    pub fn from_ndarray<D: Dimension>(array: ArrayView<'a, T, D>) -> Result<View<'a, T, S, Strided>> {
        let layout = layout_of::<T, S, D>(&array)?;
        let elements = array.to_slice_memory_order().ok_or_else(|| gaps(array.shape(), array.strides()))?;
        Ok(View::over(elements, layout))
    }
}

impl<'a, T: Element, S: Shape<Index: IntoDimension>, L: Order> ViewMut<'a, T, S, L> {
    /// These elements as an array view to write, of as many axes, with the same strides.
    ///
    /// ```
    /// use stratal_runtime::tensor::{Dyn, Tensor};
    /// let tensor = Tensor::<f32, (Dyn, Dyn)>::zeros([2, 2])?;
    /// tensor.write()?.view_mut().into_ndarray().row_mut(1).fill(1.0);
    /// assert_eq!(tensor.read()?.as_slice(), [0.0, 0.0, 1.0, 1.0]);
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    #[must_use]
    pub fn into_ndarray(self) -> ArrayViewMut<'a, T, DimOf<S>> {
        let (elements, layout) = self.parts();
        let (shape, strides) = (dimension::<S>(layout.shape()), dimension::<S>(layout.strides()));
        let whole = ArrayViewMut::from_shape(shape.strides(strides), elements);
        whole.expect("a layout to write reaches each element once, and only elements of its view")
    }

    /// The elements of an array view to write, with its strides, under the declared shape.
    ///
    /// # Errors
    /// Those of [`View::from_ndarray`].
    pub fn from_ndarray<D: Dimension>(array: ArrayViewMut<'a, T, D>) -> Result<ViewMut<'a, T, S, Strided>> {
        let layout = layout_of::<T, S, D>(&array.view())?;
        let refused = gaps(array.shape(), array.strides());
        let elements = array.into_slice_memory_order().ok_or(refused)?;
        Ok(ViewMut::over(elements, layout))
    }
}

impl<T: Element, S: Shape> Tensor<T, S> {
    /// An owned array as a tensor. Its memory is taken over if it is row-major, without spare elements before the first,
    /// and aligned as [`Tensor::from_vec`] wants it; else it is copied once.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if the sizes are not those of `S`; those of [`Tensor::from_vec`].
    pub fn from_ndarray<D: Dimension>(array: Array<T, D>) -> Result<Self> {
        let shape = array.shape().to_vec();
        let dense = if array.is_standard_layout() { array } else { array.as_standard_layout().into_owned() };
        let (mut elements, first) = dense.into_raw_vec_and_offset();
        elements.drain(..first.unwrap_or(0));
        elements.truncate(shape.iter().product());
        Self::from_vec(shape, elements)
    }
}

fn dimension<S: Shape<Index: IntoDimension>>(sizes: &[usize]) -> DimOf<S> {
    let mut index = S::Index::default();
    index.as_mut().copy_from_slice(sizes);
    index.into_dimension()
}

/// The layout of an array that runs forwards.
fn layout_of<T: Element, S: Shape, D: Dimension>(array: &ArrayView<'_, T, D>) -> Result<Layout> {
    S::check(array.shape())?;
    let forwards =
        |stride: &isize| usize::try_from(*stride).map_err(|_| gaps(array.shape(), array.strides()));
    let strides = array.strides().iter().map(forwards).collect::<Result<Vec<usize>>>()?;
    Layout::strided(array.shape(), &strides, size_of::<T>())
}

fn gaps(shape: &[usize], strides: &[isize]) -> Error {
    let message = format!("an array of shape {shape:?} and strides {strides:?} has gaps or runs backwards");
    Error::new(ErrorKind::Unsupported, message)
}

#[cfg(test)]
mod tests;
