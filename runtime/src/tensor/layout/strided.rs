//! Layouts whose strides come from elsewhere.

use super::super::shape::Dims;
use super::Layout;
use crate::error::{Error, ErrorKind, Result};

impl Layout {
    /// The layout of `shape` with these strides, in elements; a stride of 0 repeats an axis.
    ///
    /// ```
    /// use stratal_runtime::tensor::Layout;
    /// let columns = Layout::strided(&[2, 3], &[1, 2], 4)?;
    /// assert_eq!((columns.offset(&[1, 2]), columns.span()), (Some(5), 6));
    /// assert!(Layout::strided(&[2, 3], &[usize::MAX, 1], 4).is_err());
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if there is not one stride per axis, or the elements reach beyond the address space;
    /// [`ErrorKind::Unsupported`] above six axes.
    pub fn strided(shape: &[usize], strides: &[usize], element_bytes: usize) -> Result<Self> {
        let refuse = |why: &str| {
            let message = format!("shape {shape:?} with strides {strides:?} {why}");
            Error::new(ErrorKind::Shape, message)
        };
        if shape.len() != strides.len() {
            return Err(refuse("has not one stride per axis"));
        }
        let (sizes, steps) = (Dims::new(shape)?, Dims::new(strides)?);
        let last = shape.iter().zip(strides).try_fold(0usize, |last, (&size, &stride)| {
            size.saturating_sub(1).checked_mul(stride).and_then(|reach| last.checked_add(reach))
        });
        let count = shape.iter().try_fold(1usize, |count, &size| count.checked_mul(size.max(1)));
        let fits = |elements: Option<usize>| {
            let bytes = elements.and_then(|elements| elements.checked_mul(element_bytes));
            bytes.is_some_and(|bytes| isize::try_from(bytes).is_ok())
        };
        if !fits(last.and_then(|last| last.checked_add(1))) || !fits(count) {
            return Err(refuse("exceeds the address space"));
        }
        let num_elements = if shape.contains(&0) { 0 } else { count.unwrap_or(0) };
        Ok(Self { shape: sizes, strides: steps, element_bytes, num_elements })
    }
}
