//! Typed borrows of elements under a shape. Indexing is checked; nothing here reads outside its slice.
//!
//! Invariant: the slice holds exactly the elements of the layout, row-major.

use super::dtype::Element;
use super::layout::Layout;
use super::shape::Shape;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

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
pub struct View<'a, T, S> {
    elements: &'a [T],
    layout: Layout,
    shape: PhantomData<S>,
}

/// Elements to write, under the declared shape `S`.
pub struct ViewMut<'a, T, S> {
    elements: &'a mut [T],
    layout: Layout,
    shape: PhantomData<S>,
}

impl<'a, T: Element, S: Shape> View<'a, T, S> {
    /// Of a lease, whose slice has the layout's elements.
    pub(super) fn of_lease(elements: &'a [T], layout: Layout) -> Self {
        Self { elements, layout, shape: PhantomData }
    }

    /// The element at `index`, or `None` outside the shape.
    #[must_use]
    pub fn get(&self, index: S::Index) -> Option<&'a T> {
        self.elements.get(self.layout.offset(index.as_ref())?)
    }

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

    /// The elements in row-major order.
    pub fn iter(&self) -> std::slice::Iter<'a, T> {
        self.elements.iter()
    }

    /// All elements, row-major.
    #[must_use]
    pub fn as_slice(&self) -> &'a [T] {
        self.elements
    }

    /// Size of each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        self.layout.shape()
    }
}

impl<'a, T: Element, S: Shape> ViewMut<'a, T, S> {
    /// Of a lease, whose slice has the layout's elements.
    pub(super) fn of_lease(elements: &'a mut [T], layout: Layout) -> Self {
        Self { elements, layout, shape: PhantomData }
    }

    /// The same elements to read.
    #[must_use]
    pub fn as_view(&self) -> View<'_, T, S> {
        View::of_lease(self.elements, self.layout)
    }

    /// The element at `index`, or `None` outside the shape.
    #[must_use]
    pub fn get_mut(&mut self, index: S::Index) -> Option<&mut T> {
        self.elements.get_mut(self.layout.offset(index.as_ref())?)
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

    /// All elements, row-major.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        self.elements
    }

    /// Size of each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        self.layout.shape()
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

impl<T: Element, S: Shape> Index<S::Index> for View<'_, T, S> {
    type Output = T;

    /// # Panics
    /// Outside the shape, naming the index and the shape; [`View::get`] gives `None`.
    #[track_caller]
    fn index(&self, index: S::Index) -> &T {
        self.get(index).unwrap_or_else(|| outside(index.as_ref(), &self.layout))
    }
}

impl<T: Element, S: Shape> Index<S::Index> for ViewMut<'_, T, S> {
    type Output = T;

    /// # Panics
    /// Outside the shape, naming the index and the shape; [`View::get`] gives `None`.
    #[track_caller]
    fn index(&self, index: S::Index) -> &T {
        let offset = self.layout.offset(index.as_ref());
        offset.and_then(|at| self.elements.get(at)).unwrap_or_else(|| outside(index.as_ref(), &self.layout))
    }
}

impl<T: Element, S: Shape> IndexMut<S::Index> for ViewMut<'_, T, S> {
    /// # Panics
    /// Outside the shape, naming the index and the shape; [`ViewMut::get_mut`] gives `None`.
    #[track_caller]
    fn index_mut(&mut self, index: S::Index) -> &mut T {
        let layout = self.layout;
        self.get_mut(index).unwrap_or_else(|| outside(index.as_ref(), &layout))
    }
}

impl<T, S> Clone for View<'_, T, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, S> Copy for View<'_, T, S> {}

impl<'a, T: Element, S: Shape> IntoIterator for View<'a, T, S> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Most entries of one axis that `Display` prints; from the middle of longer ones it leaves out.
const SHOWN: usize = 6;

impl<T: Element, S: Shape> fmt::Display for View<'_, T, S> {
    /// The elements as nested lists, the middle of long axes left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, self.elements, self.layout.shape())
    }
}

/// One axis of `elements` as a list, recursing into the axes after it.
fn show<T: Element>(f: &mut fmt::Formatter<'_>, elements: &[T], shape: &[usize]) -> fmt::Result {
    let Some((&size, inner)) = shape.split_first() else {
        return elements.first().map_or(Ok(()), |element| fmt::Display::fmt(element, f));
    };
    let step = elements.len().checked_div(size).unwrap_or(0);
    let (head, tail) = if size > SHOWN { (SHOWN / 2, size - SHOWN / 2) } else { (size, size) };
    f.write_str("[")?;
    for i in (0..head).chain(tail..size) {
        f.write_str(match i {
            0 => "",
            _ if i == tail => ", …, ",
            _ => ", ",
        })?;
        show(f, &elements[i * step..(i + 1) * step], inner)?;
    }
    f.write_str("]")
}

impl<T: Element, S> fmt::Debug for View<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "View({} {:?})", T::DTYPE, self.layout.shape())
    }
}

impl<T: Element, S> fmt::Debug for ViewMut<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ViewMut({} {:?})", T::DTYPE, self.layout.shape())
    }
}

#[cfg(test)]
mod tests;
