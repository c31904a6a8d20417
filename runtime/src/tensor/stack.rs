//! Small tensors that live where they are declared: no allocation, no lease, no count.

use super::dtype::Element;
use super::layout::{Contiguous, Layout};
use super::nested::{ConstShape, Nested};
use super::typed::Tensor;
use super::uninit::advance;
use super::view::{View, ViewMut};
use crate::error::Result;
use std::fmt;

/// A tensor of constant shape in an array of its own, aligned to 64 bytes: on the stack, or inside another value.
///
/// It has the views of other tensors. Borrowing takes the place of leases.
///
/// ```
/// use stratal_runtime::tensor::{C, StackTensor};
/// let mut rotation = StackTensor::<f32, (C<2>, C<2>)>::new([[0.0, -1.0], [1.0, 0.0]]);
/// rotation.view_mut()[[0, 0]] = 0.5;
/// assert_eq!(rotation.view().transpose()[[1, 0]], -1.0);
/// assert_eq!(rotation.as_array(), &[[0.5, -1.0], [1.0, 0.0]]);
/// ```
#[repr(align(64))]
#[derive(Clone, Copy)]
pub struct StackTensor<T: Element, S: ConstShape> {
    elements: S::Array<T>,
}

impl<T: Element, S: ConstShape> StackTensor<T, S> {
    /// Of nested arrays, row-major.
    #[must_use]
    pub const fn new(elements: S::Array<T>) -> Self {
        Self { elements }
    }

    /// `value` everywhere.
    #[must_use]
    pub fn full(value: T) -> Self {
        Self::new(S::Array::filled(value))
    }

    /// Zeros.
    #[must_use]
    pub fn zeros() -> Self {
        Self::full(T::default())
    }

    /// The value of `element` at each index, called in row-major order.
    #[must_use]
    pub fn from_fn(mut element: impl FnMut(S::Index) -> T) -> Self {
        let mut tensor = Self::zeros();
        let mut index = S::Index::default();
        for slot in tensor.elements.elements_mut() {
            *slot = element(index);
            advance(index.as_mut(), S::SIZES.as_ref());
        }
        tensor
    }

    /// The elements as nested arrays.
    #[must_use]
    pub const fn as_array(&self) -> &S::Array<T> {
        &self.elements
    }

    /// The elements under their shape.
    #[must_use]
    pub fn view(&self) -> View<'_, T, S> {
        View::over(self.elements.elements(), layout::<T, S>())
    }

    /// The elements to write under their shape.
    #[must_use]
    pub fn view_mut(&mut self) -> ViewMut<'_, T, S> {
        ViewMut::over(self.elements.elements_mut(), layout::<T, S>())
    }

    /// A copy that owns its memory and can be shared.
    ///
    /// # Errors
    /// Out of memory.
    pub fn to_tensor(&self) -> Result<Tensor<T, S>> {
        Tensor::from_slice(S::SIZES, self.elements.elements())
    }
}

/// The layout of a shape whose array type exists.
fn layout<T: Element, S: ConstShape>() -> Layout {
    let layout = Layout::dense(S::SIZES.as_ref(), size_of::<T>(), Contiguous::Last);
    layout.expect("an array type of this size and rank exists")
}

impl<T: Element, S: ConstShape> PartialEq for StackTensor<T, S> {
    fn eq(&self, other: &Self) -> bool {
        self.elements == other.elements
    }
}

impl<T: Element, S: ConstShape> fmt::Debug for StackTensor<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.view(), f)
    }
}

impl<T: Element, S: ConstShape> fmt::Display for StackTensor<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.view(), f)
    }
}

#[cfg(test)]
mod tests;
