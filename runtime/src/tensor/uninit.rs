//! Tensors that have no values yet. The type has no way to read: there is nothing to read before all is written.
//!
//! Invariant: elements are written in row-major order, each once, and the tensor appears when all are.

use super::buffer::Unwritten;
use super::dtype::Element;
use super::layout::Layout;
use super::shape::Shape;
use super::typed::Tensor;
use crate::error::{Error, ErrorKind};
use std::fmt;
use std::marker::PhantomData;

/// Room for a tensor whose elements have no value yet. [`Tensor::uninit`] makes it.
///
/// It has no lease and no view. Elements are written in row-major order, all at once or piece by piece, and
/// [`Uninit::finish`] gives the tensor once there are as many as the shape has.
///
/// ```
/// use stratal_runtime::tensor::{Dyn, Tensor};
/// let mut room = Tensor::<f32, (Dyn, Dyn)>::uninit([2, 3])?;
/// room.extend_from_slice(&[0.0, 1.0, 2.0])?;
/// assert!(room.extend_from_slice(&[3.0; 4]).is_err()); // there is room for three
/// let mut room = room.finish().expect_err("three elements are missing").into_inner();
/// room.extend([3.0, 4.0, 5.0]);
/// let tensor = room.finish()?;
/// assert_eq!(tensor.read()?.as_slice(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
/// # Ok::<(), stratal_runtime::error::Error>(())
/// ```
pub struct Uninit<T: Element, S: Shape> {
    layout: Layout,
    elements: Unwritten<T>,
    shape: PhantomData<S>,
}

impl<T: Element, S: Shape> Uninit<T, S> {
    /// Of room for the elements of a row-major layout that passed `S::check`.
    pub(super) fn over(layout: Layout, elements: Unwritten<T>) -> Self {
        Self { layout, elements, shape: PhantomData }
    }

    /// Size of each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        self.layout.shape()
    }

    /// Elements that have no value yet.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.layout.num_elements() - self.elements.written()
    }

    /// Writes the next elements.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if there are more of them than there is room for; none is written then.
    pub fn extend_from_slice(&mut self, values: &[T]) -> Result<(), Error> {
        let (given, room) = (values.len(), self.remaining());
        if given > room {
            let message = format!("{given} elements given, room for {room} (shape {:?})", self.shape());
            return Err(Error::new(ErrorKind::Shape, message));
        }
        self.elements.extend_from_slice(values);
        Ok(())
    }

    /// `value` wherever there is none yet.
    #[must_use]
    pub fn fill(mut self, value: T) -> Tensor<T, S> {
        self.elements.fill(value);
        self.finish().expect("every element was just given a value")
    }

    /// The value of `element` at each index that has none yet, called in row-major order.
    #[must_use]
    pub fn fill_with(mut self, mut element: impl FnMut(S::Index) -> T) -> Tensor<T, S> {
        let mut index = S::Index::default();
        let written = self.elements.written();
        let shape = self.layout;
        (0..written).for_each(|_| advance(index.as_mut(), shape.shape()));
        self.elements.extend(std::iter::repeat_with(|| {
            let value = element(index);
            advance(index.as_mut(), shape.shape());
            value
        }));
        self.finish().expect("an endless iterator gave every element a value")
    }

    /// The tensor, if every element has a value.
    ///
    /// # Errors
    /// [`Unfinished`], which gives the room back.
    pub fn finish(self) -> Result<Tensor<T, S>, Unfinished<T, S>> {
        match self.elements.finish() {
            Ok(owned) => Ok(Tensor::of_bytes(self.layout, owned)),
            Err(elements) => Err(Unfinished(Box::new(Self { elements, ..self }))),
        }
    }
}

impl<T: Element, S: Shape> Extend<T> for Uninit<T, S> {
    /// Writes the next elements, as many of `values` as there is room for; the rest is not asked for.
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        self.elements.extend(values);
    }
}

impl<T: Element, S: Shape> fmt::Debug for Uninit<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uninit({} {:?}, {} to write)", T::DTYPE, self.shape(), self.remaining())
    }
}

/// Room that was asked for its tensor before every element had a value.
pub struct Unfinished<T: Element, S: Shape>(Box<Uninit<T, S>>);

impl<T: Element, S: Shape> Unfinished<T, S> {
    /// The room, with what is written so far.
    #[must_use]
    pub fn into_inner(self) -> Uninit<T, S> {
        *self.0
    }
}

impl<T: Element, S: Shape> fmt::Debug for Unfinished<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unfinished({:?})", self.0)
    }
}

impl<T: Element, S: Shape> fmt::Display for Unfinished<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (total, shape) = (self.0.layout.num_elements(), self.0.shape());
        write!(f, "{} of {total} elements have no value (shape {shape:?})", self.0.remaining())
    }
}

impl<T: Element, S: Shape> std::error::Error for Unfinished<T, S> {}

impl<T: Element, S: Shape> From<Unfinished<T, S>> for Error {
    fn from(unfinished: Unfinished<T, S>) -> Self {
        Self::new(ErrorKind::Shape, unfinished.to_string())
    }
}

/// The next index in row-major order, wrapping to the first after the last.
pub(super) fn advance(index: &mut [usize], shape: &[usize]) {
    for (i, &size) in index.iter_mut().zip(shape).rev() {
        *i += 1;
        if *i < size {
            return;
        }
        *i = 0;
    }
}
