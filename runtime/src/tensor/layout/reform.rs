//! Layouts made from layouts: the same elements under other axes, or some of them. Nothing is copied.
//!
//! Invariant: each result reaches only elements that the layout it came from reaches, from the offset that is
//! returned beside it.

use super::super::shape::Dims;
use super::{Contiguous, Layout, dense_strides};
use crate::error::{Error, ErrorKind, Result};
use std::ops::Range;

impl Layout {
    /// Whether the elements lie without gaps in the order that makes `contiguous` the axis of stride 1.
    ///
    /// An axis of size 1 may have any stride, and a layout without elements is in every order.
    #[must_use]
    pub fn is_dense(&self, contiguous: Contiguous) -> bool {
        self.first_gap(contiguous).is_none()
    }

    /// The first axis whose stride is not that of a dense layout, with the stride that would be.
    fn first_gap(&self, contiguous: Contiguous) -> Option<(usize, usize)> {
        if self.num_elements == 0 {
            return None;
        }
        let (wanted, _) = dense_strides(self.shape, contiguous);
        let axes = 0..self.shape.len();
        axes.map(|axis| (axis, wanted[axis]))
            .find(|&(axis, stride)| self.shape[axis] != 1 && self.strides[axis] != stride)
    }

    /// The same layout, with the strides that `contiguous` gives axes of size 1 too.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if there are gaps, naming the axis.
    pub(in super::super) fn as_dense(&self, contiguous: Contiguous) -> Result<Self> {
        match self.first_gap(contiguous) {
            None => Ok(Self { strides: dense_strides(self.shape, contiguous).0, ..*self }),
            Some((axis, wanted)) => {
                let message = format!(
                    "axis {axis} has stride {}, contiguous elements have {wanted} (shape {:?}, strides {:?}); \
                     `to_layout` copies",
                    self.strides[axis], self.shape, self.strides
                );
                Err(Error::new(ErrorKind::Unsupported, message))
            }
        }
    }

    /// Elements from the first to the last one that is reached, both counted.
    #[must_use]
    pub fn span(&self) -> usize {
        if self.num_elements == 0 {
            return 0;
        }
        1 + self
            .shape
            .iter()
            .zip(self.strides.iter())
            .map(|(size, stride)| (size - 1) * stride)
            .sum::<usize>()
    }

    /// The axes in reverse.
    #[must_use]
    pub fn transposed(&self) -> Self {
        Self { shape: self.shape.reversed(), strides: self.strides.reversed(), ..*self }
    }

    /// Axis `i` of the result is axis `order[i]` of this one.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] unless `order` names each axis once.
    pub fn permuted(&self, order: &[usize]) -> Result<Self> {
        let (mut shape, mut strides) = (self.shape, self.strides);
        let each_once = (0..self.shape.len()).all(|axis| order.contains(&axis));
        if order.len() != self.shape.len() || !each_once {
            let rank = self.shape.len();
            let message = format!("order {order:?} does not name each of {rank} axes once");
            return Err(Error::new(ErrorKind::Shape, message));
        }
        for (place, &axis) in order.iter().enumerate() {
            shape = shape.with_size(place, self.shape[axis]);
            strides = strides.with_size(place, self.strides[axis]);
        }
        Ok(Self { shape, strides, ..*self })
    }

    /// Indexes `range` of `axis` alone, and the offset of the first element.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if the axis or the range is beyond the shape.
    pub fn sliced(&self, axis: usize, range: Range<usize>) -> Result<(Self, usize)> {
        let refuse = |what: String| {
            Error::new(
                ErrorKind::Shape,
                format!("{what} (shape {:?}, slice {range:?} of axis {axis})", self.shape),
            )
        };
        let Some(&size) = self.shape.get(axis) else {
            return Err(refuse(format!("axis {axis} is out of range for rank {}", self.shape.len())));
        };
        if range.start > range.end || range.end > size {
            return Err(refuse(format!("{range:?} is out of range for axis {axis} of size {size}")));
        }
        let sliced = self.counted(self.shape.with_size(axis, range.len()), self.strides);
        let start = if sliced.num_elements == 0 { 0 } else { range.start * self.strides[axis] };
        Ok((sliced, start))
    }

    /// Every `step`-th index of `axis`, from the first.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if `step` is 0 or the axis is beyond the shape.
    pub fn stepped(&self, axis: usize, step: usize) -> Result<Self> {
        let size = self.shape.get(axis).copied();
        let (Some(size), true) = (size, step > 0) else {
            let message = format!("no step of {step} along axis {axis} of shape {:?}", self.shape);
            return Err(Error::new(ErrorKind::Shape, message));
        };
        let count = size.div_ceil(step);
        // With at most one index left the stride is never used, and might not fit.
        let stride = if count > 1 { self.strides[axis] * step } else { self.strides[axis] };
        Ok(self.counted(self.shape.with_size(axis, count), self.strides.with_size(axis, stride)))
    }

    /// Without `axis`, at its index `at`, and the offset of the first element.
    ///
    /// # Errors
    /// Those of [`Layout::sliced`].
    pub fn selected(&self, axis: usize, at: usize) -> Result<(Self, usize)> {
        let (sliced, start) = self.sliced(axis, at..at.saturating_add(1))?;
        Ok((sliced.counted(sliced.shape.without(axis), sliced.strides.without(axis)), start))
    }

    /// Without `axis`, which has size 1.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if it has another size.
    pub fn squeezed(&self, axis: usize) -> Result<Self> {
        match self.shape.get(axis) {
            Some(1) => Ok(self.selected(axis, 0)?.0),
            size => {
                let size = size.map_or("absent".to_owned(), usize::to_string);
                let message = format!("axis {axis} is {size}, squeezing needs 1 (shape {:?})", self.shape);
                Err(Error::new(ErrorKind::Shape, message))
            }
        }
    }

    /// With one more axis, of size 1, before `axis`.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] above six axes, or if `axis` is beyond the one after the last.
    pub fn unsqueezed(&self, axis: usize) -> Result<Self> {
        if self.shape.len() == super::super::shape::MAX_RANK || axis > self.shape.len() {
            let message = format!("shape {:?} cannot get one more axis at {axis}", self.shape);
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        // The stride that keeps dense layouts dense: what the axis would step over.
        let stride = self.shape.get(axis).map_or(1, |size| size.max(&1) * self.strides[axis]);
        Ok(Self {
            shape: self.shape.inserted(axis, 1),
            strides: self.strides.inserted(axis, stride),
            ..*self
        })
    }

    /// Repeated to `shape`: trailing axes are matched, an axis of size 1 repeats, and missing leading axes do.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] naming the axis that is neither 1 nor the size asked for.
    pub fn broadcast(&self, shape: &[usize]) -> Result<Self> {
        let sizes = Dims::new(shape)?;
        let refuse = |what: String| {
            Error::new(ErrorKind::Shape, format!("{what} (broadcast {:?} to {sizes:?})", self.shape))
        };
        let Some(new) = sizes.len().checked_sub(self.shape.len()) else {
            return Err(refuse(format!(
                "rank {} does not broadcast to rank {}",
                self.shape.len(),
                sizes.len()
            )));
        };
        let mut strides = sizes;
        for (axis, &size) in sizes.iter().enumerate() {
            let stride = match axis.checked_sub(new) {
                Some(own) if self.shape[own] == size => self.strides[own],
                Some(own) if self.shape[own] != 1 => {
                    return Err(refuse(format!("axis {own} is {}, declared {size}", self.shape[own])));
                }
                _ => 0,
            };
            strides = strides.with_size(axis, stride);
        }
        // The product is bounded, though the elements are few: iterators count it.
        Self::dense(&sizes, self.element_bytes, Contiguous::Last).map(|all| Self { strides, ..all })
    }

    /// The same elements, which lie without gaps, under `shape`, in the same order.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if their number differs.
    pub fn reshaped(&self, shape: &[usize], contiguous: Contiguous) -> Result<Self> {
        let reshaped = Self::dense(shape, self.element_bytes, contiguous)?;
        if reshaped.num_elements != self.num_elements {
            let message = format!(
                "{:?} has {} elements, {:?} has {}",
                self.shape, self.num_elements, reshaped.shape, reshaped.num_elements
            );
            return Err(Error::new(ErrorKind::Shape, message));
        }
        Ok(reshaped)
    }

    /// Other axes over the same elements, counted anew.
    fn counted(&self, shape: Dims, strides: Dims) -> Self {
        Self { shape, strides, num_elements: shape.iter().product(), ..*self }
    }
}
