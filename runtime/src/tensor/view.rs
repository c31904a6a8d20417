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

impl<'a, T: Element, S: Shape> IntoIterator for View<'a, T, S> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests;
