//! Layouts: shape and strides, and the arithmetic from indexes and rows to bytes.
//!
//! Invariant: the element count, the byte count and every offset of a [`Layout`] were computed without wrapping,
//! and the byte count is at most `isize::MAX`.

use super::shape::Dims;
use crate::error::{Error, ErrorKind, Result};
use std::ops::Range;

mod sealed {
    /// Keeps [`super::Order`] to the orders that layouts can compute.
    pub trait Sealed {}
}

/// The order of elements in memory, as a type. Sealed.
pub trait Order: sealed::Sealed + Send + Sync + 'static {
    /// Name in messages.
    const NAME: &'static str;
}

/// The last axis is contiguous, and each axis before it steps over the whole of those after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RowMajor;

impl sealed::Sealed for RowMajor {}
impl Order for RowMajor {
    const NAME: &'static str = "row-major";
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
        let mut strides = Dims::new(shape)?;
        let sizes = strides;
        let mut step = 1usize;
        let mut fits = Some(element_bytes);
        for axis in (0..sizes.len()).rev() {
            strides = strides.with_size(axis, step);
            // An axis of size 0 empties the tensor; the others must still not wrap.
            fits = fits.and_then(|bytes| bytes.checked_mul(sizes[axis].max(1)));
            step = step.saturating_mul(sizes[axis].max(1));
        }
        let num_elements = if sizes.contains(&0) { 0 } else { step };
        match fits {
            Some(bytes) if isize::try_from(bytes).is_ok() => {
                Ok(Self { shape: sizes, strides, element_bytes, num_elements })
            }
            _ => {
                let message =
                    format!("shape {sizes:?} of {element_bytes}-byte elements exceeds the address space");
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

    /// Number of elements: the product of the sizes, 1 for rank 0.
    #[must_use]
    pub fn num_elements(&self) -> usize {
        self.num_elements
    }

    /// Number of bytes.
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

#[cfg(test)]
mod tests;
