//! Layouts: shape and strides, and the arithmetic from indexes and rows to bytes.
//! What makes one layout from another, without moving an element, is in `reform`.
//!
//! Invariant: the element count, the byte count and every offset of a [`Layout`] were computed without wrapping,
//! and the byte count of a dense one is at most `isize::MAX`. A layout made from another one reaches no element that
//! the other does not reach.

use super::shape::Dims;
use crate::error::{Error, ErrorKind, Result};
use std::ops::Range;

mod reform;
mod strided;

mod sealed {
    /// Keeps [`super::Order`] to the orders that layouts can compute.
    pub trait Sealed {}
}

/// The order of elements in memory, as a type. Sealed.
pub trait Order: sealed::Sealed + Send + Sync + 'static {
    /// Name in messages.
    const NAME: &'static str;
    /// Which axis is contiguous; `None` if the type does not know.
    const CONTIGUOUS: Option<Contiguous>;
    /// The order that a tensor has once its axes are reversed.
    type Transposed: Order<Transposed = Self>;
}

/// The axis whose neighbours are neighbours in memory; the others follow it without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contiguous {
    /// The last one.
    Last,
    /// The first one.
    First,
}

/// An order that fills memory without gaps, so that all elements are one slice.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` view is no slice: its elements may have gaps between them",
    label = "call `contiguous()`, which checks, or `to_layout::<RowMajor>()`, which copies"
)]
pub trait Dense: Order {
    /// [`Order::CONTIGUOUS`], which is known.
    const AXIS: Contiguous;
}

/// The last axis is contiguous, and each axis before it steps over the whole of those after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RowMajor;

/// The first axis is contiguous, and each axis after it steps over the whole of those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ColumnMajor;

/// Any strides, known at run time: slices, permuted axes, axes that broadcasting repeats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Strided;

impl sealed::Sealed for RowMajor {}
impl Order for RowMajor {
    const NAME: &'static str = "row-major";
    const CONTIGUOUS: Option<Contiguous> = Some(Contiguous::Last);
    type Transposed = ColumnMajor;
}
impl Dense for RowMajor {
    const AXIS: Contiguous = Contiguous::Last;
}

impl sealed::Sealed for ColumnMajor {}
impl Order for ColumnMajor {
    const NAME: &'static str = "column-major";
    const CONTIGUOUS: Option<Contiguous> = Some(Contiguous::First);
    type Transposed = RowMajor;
}
impl Dense for ColumnMajor {
    const AXIS: Contiguous = Contiguous::First;
}

impl sealed::Sealed for Strided {}
impl Order for Strided {
    const NAME: &'static str = "strided";
    const CONTIGUOUS: Option<Contiguous> = None;
    type Transposed = Self;
}

/// Sizes and strides of a tensor, and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    shape: Dims,
    strides: Dims,
    element_bytes: usize,
    num_elements: usize,
}

impl Layout {
    /// The row-major layout of `shape` with elements of `element_bytes`.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if the bytes exceed `isize::MAX`; [`ErrorKind::Unsupported`] above six axes.
    pub fn row_major(shape: &[usize], element_bytes: usize) -> Result<Self> {
        Self::dense(shape, element_bytes, Contiguous::Last)
    }

    /// The column-major layout of `shape` with elements of `element_bytes`.
    ///
    /// # Errors
    /// Those of [`Layout::row_major`].
    pub fn column_major(shape: &[usize], element_bytes: usize) -> Result<Self> {
        Self::dense(shape, element_bytes, Contiguous::First)
    }

    /// The layout of `shape` without gaps whose axis `contiguous` has stride 1.
    ///
    /// # Errors
    /// Those of [`Layout::row_major`].
    pub fn dense(shape: &[usize], element_bytes: usize, contiguous: Contiguous) -> Result<Self> {
        let shape = Dims::new(shape)?;
        let (strides, step) = dense_strides(shape, contiguous);
        match step.and_then(|step| step.checked_mul(element_bytes)) {
            Some(bytes) if isize::try_from(bytes).is_ok() => {
                let num_elements = if shape.contains(&0) { 0 } else { bytes / element_bytes.max(1) };
                Ok(Self { shape, strides, element_bytes, num_elements })
            }
            _ => {
                let message =
                    format!("shape {shape:?} of {element_bytes}-byte elements exceeds the address space");
                Err(Error::new(ErrorKind::Shape, message))
            }
        }
    }

    /// Size of each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Elements to step over for the next index of each axis.
    #[must_use]
    pub fn strides(&self) -> &[usize] {
        &self.strides
    }

    /// The first index: 0 on every axis.
    pub(super) fn origin(&self) -> Dims {
        (0..self.shape.len()).fold(self.shape, |index, axis| index.with_size(axis, 0))
    }

    /// Number of elements: the product of the sizes, 1 for rank 0.
    #[must_use]
    pub fn num_elements(&self) -> usize {
        self.num_elements
    }

    /// Number of bytes.
    #[inline]
    #[must_use]
    pub fn num_bytes(&self) -> usize {
        self.num_elements * self.element_bytes
    }

    /// Number of rows, the size of the leading axis; 1 for rank 0.
    #[must_use]
    pub fn num_rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Elements of one row.
    #[must_use]
    pub fn row_elements(&self) -> usize {
        self.strides.first().copied().unwrap_or(1)
    }

    /// Position of `index`, in elements; `None` if it lies outside or has another rank.
    #[must_use]
    pub fn offset(&self, index: &[usize]) -> Option<usize> {
        if index.len() != self.shape.len() {
            return None;
        }
        let mut offset = 0;
        for ((&i, &size), &stride) in index.iter().zip(self.shape.iter()).zip(self.strides.iter()) {
            if i >= size {
                return None;
            }
            offset += i * stride;
        }
        Some(offset)
    }

    /// The layout of rows `rows` alone, and the bytes they occupy.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if the tensor has no rows (rank 0), or not these.
    pub fn rows(&self, rows: Range<usize>) -> Result<(Self, Range<usize>)> {
        let Some(&size) = self.shape.first() else {
            return Err(Error::new(ErrorKind::Shape, "a tensor of rank 0 has no rows"));
        };
        if rows.start > rows.end || rows.end > size {
            let message = format!("rows {rows:?} of shape {:?}", self.shape);
            return Err(Error::new(ErrorKind::Shape, message));
        }
        let taken = Self {
            shape: self.shape.with_size(0, rows.len()),
            num_elements: if self.num_elements == 0 { 0 } else { rows.len() * self.row_elements() },
            ..*self
        };
        let start =
            if self.num_elements == 0 { 0 } else { rows.start * self.row_elements() * self.element_bytes };
        Ok((taken, start..start + taken.num_bytes()))
    }
}

/// The strides that lay `shape` out without gaps, and the elements they span if that does not wrap. An axis of size 0
/// empties the tensor; it counts as 1, so that the others must still not wrap.
fn dense_strides(shape: Dims, contiguous: Contiguous) -> (Dims, Option<usize>) {
    let (mut strides, mut step) = (shape, Some(1usize));
    for place in 0..shape.len() {
        let axis = match contiguous {
            Contiguous::Last => shape.len() - 1 - place,
            Contiguous::First => place,
        };
        strides = strides.with_size(axis, step.unwrap_or(usize::MAX));
        step = step.and_then(|step| step.checked_mul(shape[axis].max(1)));
    }
    (strides, step)
}

#[cfg(test)]
mod tests;
