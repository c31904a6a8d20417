//! Loops over the elements of one to three views: over slices where all lie in the same dense order (`dense`), else
//! from index to index.
//!
//! Invariant: operands of one loop have the same sizes, compared before it starts.

use super::super::dtype::Element;
use super::super::layout::{Dense, Order};
use super::super::relation::ShapeWith;
use super::super::shape::Shape;
use super::super::typed::Tensor;
use super::walk::Walk;
use super::{View, ViewMut, dense};
use crate::error::{Error, ErrorKind, Result};

impl<T: Element, S: Shape, L: Order> View<'_, T, S, L> {
    /// Folds the elements in the order of their indexes; in memory order, and over a slice, where `L` is dense.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, Tensor};
    /// let lease = Tensor::<f32, (C<3>,)>::from_slice([3], &[3.0, 9.0, 4.0])?.read()?;
    /// assert_eq!(lease.view().fold(0.0, f32::max), 9.0);
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    pub fn fold<A>(&self, start: A, mut f: impl FnMut(A, T) -> A) -> A {
        if L::CONTIGUOUS.is_some() {
            return dense::fold::<S, T, A>(self.elements, start, f);
        }
        self.elements().fold(start, |sum, element| f(sum, *element))
    }

    /// Folds the elements and those of `other` at the same index.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, Tensor};
    /// let lease = Tensor::<f32, (C<2>,)>::from_slice([2], &[3.0, 4.0])?.read()?;
    /// let (a, b) = (lease.view(), lease.view());
    /// assert_eq!(a.fold_with(b, 0.0, |sum, a, b| sum + a * b)?, 25.0);
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`ViewMut::zip_from`].
    pub fn fold_with<A, U: Element, R: Shape + ShapeWith<S>, M: Order>(
        &self,
        other: View<'_, U, R, M>,
        start: A,
        mut f: impl FnMut(A, T, U) -> A,
    ) -> Result<A> {
        same_sizes(self.shape(), other.shape())?;
        if L::CONTIGUOUS.is_some() && L::CONTIGUOUS == M::CONTIGUOUS {
            return Ok(dense::fold2::<S, T, U, A>(self.elements, other.elements, start, f));
        }
        let pairs = self.elements().zip(other.elements());
        Ok(pairs.fold(start, |sum, (a, b)| f(sum, *a, *b)))
    }

    /// A tensor of the value of `f` at each element, in the order `M`.
    ///
    /// # Errors
    /// Out of memory.
    pub fn map_to<U: Element, M: Dense>(&self, mut f: impl FnMut(T) -> U) -> Result<Tensor<U, S, M>> {
        let mut tensor = Tensor::<U, S, M>::zeros_in(self.shape())?;
        let mut view = tensor.get_mut().expect("a tensor just made has one handle and no lease");
        if L::CONTIGUOUS == M::CONTIGUOUS {
            dense::zip::<S, U, T>(view.as_mut_slice(), self.elements, |out, element| *out = f(element));
        } else {
            for ((_, at), element) in Walk::new(&view.layout).zip(self.elements()) {
                view.elements[at] = f(*element);
            }
        }
        Ok(tensor)
    }

    /// A copy in the order `M`.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, RowMajor, Tensor};
    /// let lease = Tensor::<i32, (C<2>, C<2>)>::from_slice([2, 2], &[1, 2, 3, 4])?.read()?;
    /// let transposed = lease.view().transpose();
    /// assert!(transposed.contiguous().is_err());
    /// let copy = transposed.to_layout::<RowMajor>()?;
    /// assert_eq!(copy.read()?.as_slice(), [1, 3, 2, 4]);
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// Out of memory.
    pub fn to_layout<M: Dense>(&self) -> Result<Tensor<T, S, M>> {
        self.map_to(|element| element)
    }
}

impl<T: Element, S: Shape, L: Order> ViewMut<'_, T, S, L> {
    /// Replaces each element by the value of `f`.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, Tensor};
    /// let tensor = Tensor::<f32, (C<2>,)>::from_slice([2], &[-1.0, 2.0])?;
    /// tensor.write()?.view_mut().map_in_place(|x| x.max(0.0));
    /// assert_eq!(tensor.read()?.as_slice(), [0.0, 2.0]);
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    pub fn map_in_place(&mut self, mut f: impl FnMut(T) -> T) {
        if L::CONTIGUOUS.is_some() {
            return dense::each::<S, T>(self.elements, move |element| *element = f(*element));
        }
        for (_, at) in Walk::new(&self.layout) {
            self.elements[at] = f(self.elements[at]);
        }
    }

    /// `value` everywhere.
    pub fn fill(&mut self, value: T) {
        self.map_in_place(|_| value);
    }

    /// Calls `f` with each index and its element to write, last axis fastest, whatever order they lie in.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, Tensor};
    /// let tensor = Tensor::<u64, (C<2>, C<3>)>::zeros([2, 3])?;
    /// tensor.write()?.view_mut().transpose().for_each(|[column, row], x| *x = (10 * row + column) as u64);
    /// assert_eq!(tensor.to_vec()?, [0, 1, 2, 10, 11, 12]);
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    pub fn for_each(&mut self, mut f: impl FnMut(S::Index, &mut T)) {
        let mut index = S::Index::default();
        for (at, offset) in Walk::new(&self.layout) {
            index.as_mut().copy_from_slice(&at);
            f(index, &mut self.elements[offset]);
        }
    }

    /// Calls `f` with each element and the element of `other` at the same index.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, Tensor};
    /// let (sum, step) = (Tensor::<f32, (C<2>,)>::zeros([2])?, Tensor::<f32, (C<2>,)>::full([2], 0.5)?);
    /// sum.write()?.view_mut().zip_from(step.read()?.view(), |sum, step| *sum += step)?;
    /// assert_eq!(sum.read()?.as_slice(), [0.5, 0.5]);
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if sizes that the types leave open differ, naming the axis. Sizes that the types know
    /// to differ are an error of the compiler.
    pub fn zip_from<U: Element, R: Shape + ShapeWith<S>, M: Order>(
        &mut self,
        other: View<'_, U, R, M>,
        mut f: impl FnMut(&mut T, U),
    ) -> Result<()> {
        same_sizes(self.shape(), other.shape())?;
        if L::CONTIGUOUS.is_some() && L::CONTIGUOUS == M::CONTIGUOUS {
            dense::zip::<S, T, U>(self.elements, other.elements, f);
            return Ok(());
        }
        for ((_, at), element) in Walk::new(&self.layout).zip(other.elements()) {
            f(&mut self.elements[at], *element);
        }
        Ok(())
    }

    /// Calls `f` with each element and the elements of `a` and `b` at the same index.
    ///
    /// # Errors
    /// Those of [`ViewMut::zip_from`].
    pub fn zip2_from<
        U: Element,
        V: Element,
        R: Shape + ShapeWith<S>,
        Q: Shape + ShapeWith<S>,
        M: Order,
        N: Order,
    >(
        &mut self,
        a: View<'_, U, R, M>,
        b: View<'_, V, Q, N>,
        mut f: impl FnMut(&mut T, U, V),
    ) -> Result<()> {
        same_sizes(self.shape(), a.shape())?;
        same_sizes(self.shape(), b.shape())?;
        if L::CONTIGUOUS.is_some() && L::CONTIGUOUS == M::CONTIGUOUS && M::CONTIGUOUS == N::CONTIGUOUS {
            dense::zip2::<S, T, U, V>(self.elements, a.elements, b.elements, f);
            return Ok(());
        }
        for (((_, at), x), y) in Walk::new(&self.layout).zip(a.elements()).zip(b.elements()) {
            f(&mut self.elements[at], *x, *y);
        }
        Ok(())
    }

    /// Copies the elements of `other`, whatever order they lie in.
    ///
    /// # Errors
    /// Those of [`ViewMut::zip_from`].
    pub fn assign<R: Shape + ShapeWith<S>, M: Order>(&mut self, other: View<'_, T, R, M>) -> Result<()> {
        self.zip_from(other, |to, from| *to = from)
    }
}

/// Compares the sizes of two operands, whose ranks are the same by their types.
fn same_sizes(own: &[usize], other: &[usize]) -> Result<()> {
    match own.iter().zip(other).position(|(own, other)| own != other) {
        None => Ok(()),
        Some(axis) => {
            let message = format!(
                "axis {axis} is {} here but {} in the tensor it is combined with (shapes {other:?} and {own:?})",
                other[axis], own[axis]
            );
            Err(Error::new(ErrorKind::Shape, message))
        }
    }
}
