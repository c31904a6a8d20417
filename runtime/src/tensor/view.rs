//! Typed borrows of elements under a shape and an order. Indexing is checked; nothing here reads outside its slice.
//!
//! ```text
//! View ── reform: other axes over the same elements ── walk: iterators ── combine: loops over one to three views
//!      └─ print: as NumPy prints
//! ```
//!
//! Invariant: the slice reaches from the first to the last element of the layout; where the order is dense, it holds
//! exactly its elements.

use super::dtype::Element;
use super::layout::{Dense, Layout, Order, RowMajor};
use super::shape::Shape;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

mod combine;
mod dense;
mod print;
mod reform;
mod walk;

pub use walk::{Elements, Indexed};

/// Elements to read, under the declared shape `S`.
///
/// ```
/// use stratal_runtime::tensor::{C, Tensor};
/// let tensor = Tensor::<i32, (C<2>, C<2>)>::from_slice([2, 2], &[1, 2, 3, 4])?;
/// let lease = tensor.read()?;
/// let view = lease.view();
/// assert_eq!((view[[1, 0]], view.get([2, 0])), (3, None));
/// assert_eq!(view.rows().map(|row| row.iter().sum::<i32>()).collect::<Vec<_>>(), [3, 7]);
/// # Ok::<(), stratal_runtime::error::Error>(())
/// ```
pub struct View<'a, T, S, L = RowMajor> {
    elements: &'a [T],
    layout: Layout,
    shape: PhantomData<(S, L)>,
}

/// Elements to write, under the declared shape `S`.
pub struct ViewMut<'a, T, S, L = RowMajor> {
    elements: &'a mut [T],
    layout: Layout,
    shape: PhantomData<(S, L)>,
}

impl<'a, T: Element, S: Shape, L: Order> View<'a, T, S, L> {
    /// Of elements that reach from the first to the last one of the layout.
    pub(super) fn over(elements: &'a [T], layout: Layout) -> Self {
        Self { elements, layout, shape: PhantomData }
    }

    /// What [`View::over`] takes.
    #[cfg(any(feature = "bytemuck", feature = "ndarray"))]
    pub(super) fn parts(self) -> (&'a [T], Layout) {
        (self.elements, self.layout)
    }

    /// The element at `index`, or `None` outside the shape.
    #[must_use]
    pub fn get(&self, index: S::Index) -> Option<&'a T> {
        self.elements.get(self.layout.offset(index.as_ref())?)
    }

    /// Size of each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        self.layout.shape()
    }

    /// Elements to step over for the next index of each axis.
    #[must_use]
    pub fn strides(&self) -> &[usize] {
        self.layout.strides()
    }

    /// Number of axes.
    #[must_use]
    pub fn rank(&self) -> usize {
        S::RANK
    }

    /// Number of elements.
    #[must_use]
    pub fn num_elements(&self) -> usize {
        self.layout.num_elements()
    }

    /// All elements, in the order of `L`; a [`Strided`](super::Strided) view has gaps and is no slice.
    #[must_use]
    pub fn as_slice(&self) -> &'a [T]
    where
        L: Dense,
    {
        self.elements
    }
}

impl<'a, T: Element, S: Shape> View<'a, T, S> {
    /// Row `row` of the leading dimension, all axes after it flattened; `None` if there is none.
    #[must_use]
    pub fn get_row(&self, row: usize) -> Option<&'a [T]> {
        self.elements.get(row_range(&self.layout, row)?)
    }

    /// Row `row` of the leading dimension, all axes after it flattened.
    ///
    /// # Panics
    /// If there is no such row, naming it and the shape; [`View::get_row`] gives `None`.
    #[must_use]
    #[track_caller]
    pub fn row(&self, row: usize) -> &'a [T] {
        self.get_row(row).unwrap_or_else(|| no_row(row, &self.layout))
    }

    /// The rows in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &'a [T]> + use<'a, T, S> {
        let (elements, layout) = (self.elements, self.layout);
        (0..layout.num_rows()).map(move |row| &elements[row_range(&layout, row).unwrap_or_default()])
    }

    /// The elements in row-major order, as a slice has them; [`View::elements`] walks any order.
    pub fn iter(&self) -> std::slice::Iter<'a, T> {
        self.elements.iter()
    }
}

impl<'a, T: Element, S: Shape, L: Order> ViewMut<'a, T, S, L> {
    /// Of elements that reach from the first to the last one of the layout.
    pub(super) fn over(elements: &'a mut [T], layout: Layout) -> Self {
        Self { elements, layout, shape: PhantomData }
    }

    /// What [`ViewMut::over`] takes.
    #[cfg(feature = "ndarray")]
    pub(super) fn parts(self) -> (&'a mut [T], Layout) {
        (self.elements, self.layout)
    }

    /// The same elements to read.
    #[must_use]
    pub fn as_view(&self) -> View<'_, T, S, L> {
        View::over(self.elements, self.layout)
    }

    /// The same elements for a shorter time, so that what consumes a view leaves this one.
    #[must_use]
    pub fn reborrow(&mut self) -> ViewMut<'_, T, S, L> {
        ViewMut::over(self.elements, self.layout)
    }

    /// The element at `index`, or `None` outside the shape.
    #[must_use]
    pub fn get(&self, index: S::Index) -> Option<&T> {
        self.elements.get(self.layout.offset(index.as_ref())?)
    }

    /// The element at `index`, or `None` outside the shape.
    #[must_use]
    pub fn get_mut(&mut self, index: S::Index) -> Option<&mut T> {
        self.elements.get_mut(self.layout.offset(index.as_ref())?)
    }

    /// Size of each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        self.layout.shape()
    }

    /// Number of axes.
    #[must_use]
    pub fn rank(&self) -> usize {
        S::RANK
    }

    /// All elements, in the order of `L`; a [`Strided`](super::Strided) view has gaps and is no slice.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [T]
    where
        L: Dense,
    {
        self.elements
    }
}

impl<T: Element, S: Shape> ViewMut<'_, T, S> {
    /// The elements in row-major order, to write, as a slice has them; [`ViewMut::for_each`] walks any order.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, Tensor};
    /// let tensor = Tensor::<i32, (C<2>, C<2>)>::from_slice([2, 2], &[1, 2, 3, 4])?;
    /// tensor.write()?.view_mut().iter_mut().for_each(|x| *x *= 10);
    /// tensor.write()?.view_mut().rows_mut().for_each(|row| row.reverse());
    /// assert_eq!(tensor.to_vec()?, [20, 10, 40, 30]);
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.elements.iter_mut()
    }

    /// The rows of the leading dimension in order, to write, all axes after it flattened.
    pub fn rows_mut(&mut self) -> impl Iterator<Item = &mut [T]> {
        let (rows, len) = (self.layout.num_rows(), self.elements.len());
        // Without elements there may be rows all the same.
        let (len, empty) = if len == 0 { (1, rows) } else { (len / rows, 0) };
        let empty = std::iter::repeat_with(Default::default).take(empty);
        self.elements.chunks_exact_mut(len).chain(empty)
    }

    /// Row `row` of the leading dimension, all axes after it flattened; `None` if there is none.
    #[must_use]
    pub fn get_row_mut(&mut self, row: usize) -> Option<&mut [T]> {
        self.elements.get_mut(row_range(&self.layout, row)?)
    }

    /// Row `row` of the leading dimension, all axes after it flattened.
    ///
    /// # Panics
    /// If there is no such row, naming it and the shape; [`ViewMut::get_row_mut`] gives `None`.
    #[must_use]
    #[track_caller]
    pub fn row_mut(&mut self, row: usize) -> &mut [T] {
        let layout = self.layout;
        self.get_row_mut(row).unwrap_or_else(|| no_row(row, &layout))
    }
}

/// The elements of row `row`.
fn row_range(layout: &Layout, row: usize) -> Option<std::ops::Range<usize>> {
    if row >= layout.num_rows() {
        return None;
    }
    let len = if layout.num_elements() == 0 { 0 } else { layout.row_elements() };
    Some(row * len..(row + 1) * len)
}

#[cold]
#[track_caller]
fn no_row(row: usize, layout: &Layout) -> ! {
    panic!("row {row} is out of bounds for shape {:?}", layout.shape())
}

#[cold]
#[track_caller]
fn outside(index: &[usize], layout: &Layout) -> ! {
    panic!("index {index:?} is out of bounds for shape {:?}", layout.shape())
}

impl<T: Element, S: Shape, L: Order> Index<S::Index> for View<'_, T, S, L> {
    type Output = T;

    /// # Panics
    /// Outside the shape, naming the index and the shape; [`View::get`] gives `None`.
    #[track_caller]
    fn index(&self, index: S::Index) -> &T {
        self.get(index).unwrap_or_else(|| outside(index.as_ref(), &self.layout))
    }
}

impl<T: Element, S: Shape, L: Order> Index<S::Index> for ViewMut<'_, T, S, L> {
    type Output = T;

    /// # Panics
    /// Outside the shape, naming the index and the shape; [`View::get`] gives `None`.
    #[track_caller]
    fn index(&self, index: S::Index) -> &T {
        self.get(index).unwrap_or_else(|| outside(index.as_ref(), &self.layout))
    }
}

impl<T: Element, S: Shape, L: Order> IndexMut<S::Index> for ViewMut<'_, T, S, L> {
    /// # Panics
    /// Outside the shape, naming the index and the shape; [`ViewMut::get_mut`] gives `None`.
    #[track_caller]
    fn index_mut(&mut self, index: S::Index) -> &mut T {
        let layout = self.layout;
        self.get_mut(index).unwrap_or_else(|| outside(index.as_ref(), &layout))
    }
}

impl<T, S, L> Clone for View<'_, T, S, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, S, L> Copy for View<'_, T, S, L> {}

/// Equal sizes, and equal elements at each index, whatever order they lie in.
///
/// ```
/// use stratal_runtime::tensor::{ColumnMajor, Dyn, Tensor};
/// let rows = Tensor::<i32, (Dyn, Dyn)>::from_slice([2, 2], &[1, 2, 3, 4])?;
/// let columns = rows.to_layout::<ColumnMajor>()?;
/// assert!(rows.read()?.view() == columns.read()?.view());
/// assert!(rows.read()?.view() != columns.read()?.view().transpose());
/// # Ok::<(), stratal_runtime::error::Error>(())
/// ```
impl<T: Element, S: Shape, R: Shape, L: Order, M: Order> PartialEq<View<'_, T, R, M>> for View<'_, T, S, L> {
    fn eq(&self, other: &View<'_, T, R, M>) -> bool {
        if self.shape() != other.shape() {
            return false;
        }
        match (L::CONTIGUOUS, M::CONTIGUOUS) {
            (Some(own), Some(others)) if own == others => self.elements == other.elements,
            _ => self.elements().eq(other.elements()),
        }
    }
}

impl<'a, T: Element, S: Shape> IntoIterator for ViewMut<'a, T, S> {
    type Item = &'a mut T;
    type IntoIter = std::slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.elements.iter_mut()
    }
}

impl<'a, T: Element, S: Shape> IntoIterator for View<'a, T, S> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests;
