//! Walks over the elements of a view, in the order of their indexes, whatever their strides.
//!
//! Invariant: a walk visits each index of its layout once, last axis fastest, and knows how many are left.

use super::super::axis::HasAxis;
use super::super::dtype::Element;
use super::super::layout::{Contiguous, Layout, Order, Strided};
use super::super::shape::{Dims, Shape};
use super::View;
use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;

/// The offsets of a layout, in the order of the indexes.
#[derive(Clone)]
pub(super) struct Walk {
    layout: Layout,
    index: Dims,
    offset: usize,
    left: usize,
}

impl Walk {
    pub(super) fn new(layout: &Layout) -> Self {
        Self { layout: *layout, index: layout.origin(), offset: 0, left: layout.num_elements() }
    }

    /// To the next index: the last axis first, carrying into those before it.
    fn advance(&mut self) {
        for axis in (0..self.index.len()).rev() {
            let (size, stride) = (self.layout.shape()[axis], self.layout.strides()[axis]);
            let next = self.index[axis] + 1;
            if next < size {
                self.index = self.index.with_size(axis, next);
                self.offset += stride;
                return;
            }
            self.index = self.index.with_size(axis, 0);
            self.offset -= (size - 1) * stride;
        }
    }
}

impl Iterator for Walk {
    type Item = (Dims, usize);

    fn next(&mut self) -> Option<(Dims, usize)> {
        self.left = self.left.checked_sub(1)?;
        let here = (self.index, self.offset);
        if self.left > 0 {
            self.advance();
        }
        Some(here)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

/// The elements of a view in the order of their indexes. Made by [`View::elements`].
#[derive(Clone)]
pub struct Elements<'a, T> {
    elements: &'a [T],
    walk: Walk,
}

impl<'a, T> Iterator for Elements<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        let (_, offset) = self.walk.next()?;
        self.elements.get(offset)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.walk.size_hint()
    }
}

impl<T> ExactSizeIterator for Elements<'_, T> {}
impl<T> FusedIterator for Elements<'_, T> {}

impl<T> fmt::Debug for Elements<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Elements({} left)", self.walk.left)
    }
}

/// The elements of a view, each with its index. Made by [`View::indexed`].
#[derive(Clone)]
pub struct Indexed<'a, T, S> {
    elements: &'a [T],
    walk: Walk,
    shape: PhantomData<S>,
}

impl<'a, T, S: Shape> Iterator for Indexed<'a, T, S> {
    type Item = (S::Index, &'a T);

    fn next(&mut self) -> Option<(S::Index, &'a T)> {
        let (at, offset) = self.walk.next()?;
        let mut index = S::Index::default();
        index.as_mut().copy_from_slice(&at);
        Some((index, self.elements.get(offset)?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.walk.size_hint()
    }
}

impl<T, S: Shape> ExactSizeIterator for Indexed<'_, T, S> {}
impl<T, S: Shape> FusedIterator for Indexed<'_, T, S> {}

impl<T, S> fmt::Debug for Indexed<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Indexed({} left)", self.walk.left)
    }
}

impl<'a, T: Element, S: Shape, L: Order> View<'a, T, S, L> {
    /// The elements in the order of their indexes, last axis fastest.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, Tensor};
    /// let lease = Tensor::<i32, (C<2>, C<3>)>::from_slice([2, 3], &[1, 2, 3, 4, 5, 6])?.read()?;
    /// assert!(lease.view().transpose().elements().eq(&[1, 4, 2, 5, 3, 6]));
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    #[must_use]
    pub fn elements(&self) -> Elements<'a, T> {
        Elements { elements: self.elements, walk: Walk::new(&self.layout) }
    }

    /// The elements in the order of their indexes, last axis fastest, in a vector of their own.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, Tensor};
    /// let lease = Tensor::<i32, (C<2>, C<2>)>::from_slice([2, 2], &[1, 2, 3, 4])?.read()?;
    /// assert_eq!(lease.view().transpose().to_vec(), [1, 3, 2, 4]);
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    #[must_use]
    pub fn to_vec(&self) -> Vec<T> {
        match L::CONTIGUOUS {
            Some(Contiguous::Last) => self.elements.to_vec(),
            _ => self.elements().copied().collect(),
        }
    }

    /// The elements, each with its index.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, Tensor};
    /// let lease = Tensor::<i32, (C<2>, C<2>)>::from_slice([2, 2], &[0, 7, 0, 0])?.read()?;
    /// let nonzero = lease.view().indexed().find(|(_, value)| **value != 0);
    /// assert_eq!(nonzero, Some(([0, 1], &7)));
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    #[must_use]
    pub fn indexed(&self) -> Indexed<'a, T, S> {
        Indexed { elements: self.elements, walk: Walk::new(&self.layout), shape: PhantomData }
    }

    /// The views at each index of axis `AXIS`, which they no longer have.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, Tensor};
    /// let lease = Tensor::<i32, (C<2>, C<3>)>::from_slice([2, 3], &[1, 2, 3, 4, 5, 6])?.read()?;
    /// let columns = lease.view().axis::<1>().map(|column| column.elements().sum::<i32>());
    /// assert_eq!(columns.collect::<Vec<_>>(), [5, 7, 9]);
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    pub fn axis<const AXIS: usize>(
        &self,
    ) -> impl ExactSizeIterator<Item = View<'a, T, S::Without, Strided>> + use<'a, AXIS, T, S, L>
    where
        S: HasAxis<AXIS>,
    {
        let view = *self;
        (0..self.shape()[AXIS])
            .map(move |at| view.select::<AXIS>(at).expect("every index is inside the axis"))
    }
}
