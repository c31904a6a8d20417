//! The typed tensor: an [`AnyTensor`] whose dtype and shape were checked once, when it got its type.
//!
//! Invariant: the dtype is `T::DTYPE`, the shape passed `S::check`, the strides are those of `L`.

use super::any::AnyTensor;
use super::dtype::{DType, Element};
use super::layout::{Dense, Order, RowMajor};
use super::lease::{ReadLease, WriteLease};
use super::shape::Shape;
use crate::error::{Error, ErrorKind, Result};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

mod make;
mod own;
mod reform;

/// A tensor of `T` with the declared shape `S`, a tuple of dimensions such as `Shape![Batch, 512, _]`.
///
/// The bytes are owned, or kept by an engine; they are reached through a lease either way.
///
/// ```
/// use stratal_runtime::tensor::{C, Dyn, Tensor};
/// let weight = Tensor::<f32, (Dyn, C<3>)>::from_fn([2, 3], |[row, column]| (10 * row + column) as f32)?;
/// let lease = weight.read()?;
/// assert_eq!(lease.view()[[1, 2]], 12.0);
/// assert_eq!(weight.read_rows(1..2)?.as_slice(), [10.0, 11.0, 12.0]);
/// # Ok::<(), stratal_runtime::error::Error>(())
/// ```
pub struct Tensor<T: Element, S: Shape, L: Order = RowMajor> {
    any: AnyTensor,
    typed: PhantomData<(T, S, L)>,
}

impl<T: Element, S: Shape> Tensor<T, S> {
    /// Takes a shared lease on rows `rows` of the leading dimension; only those are fetched.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if there are no such rows; else those of [`Tensor::read`].
    pub fn read_rows(&self, rows: Range<usize>) -> Result<ReadLease<T, S::Rows>> {
        ReadLease::take(&self.any, Some(rows))
    }

    /// Takes an exclusive lease on rows `rows` of the leading dimension.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if there are no such rows; else those of [`Tensor::write`].
    pub fn write_rows(&self, rows: Range<usize>) -> Result<WriteLease<T, S::Rows>> {
        WriteLease::take(&self.any, Some(rows))
    }

    /// Asks the keeper to bring up rows `rows` of the leading dimension soon; rows that do not exist are ignored.
    pub fn prefetch_rows(&self, rows: Range<usize>) {
        self.any.prefetch_rows(rows);
    }
}

impl<T: Element, S: Shape, L: Dense> Tensor<T, S, L> {
    /// Gives an untyped tensor its type.
    ///
    /// # Errors
    /// [`Rejected`], which gives the tensor back, if the dtype, the shape or the order of elements differs.
    pub fn from_any(any: AnyTensor) -> Result<Self, Rejected> {
        let error = match () {
            () if any.dtype() != T::DTYPE => {
                Error::new(ErrorKind::Dtype, format!("{} found, {} declared", any.dtype(), T::DTYPE))
            }
            () => {
                match S::check(any.shape()).map_err(Error::from).and_then(|()| any.layout().as_dense(L::AXIS))
                {
                    Ok(layout) => return Ok(Self::over(any.with_layout(layout))),
                    Err(error) => error,
                }
            }
        };
        Err(Rejected(Box::new(Refusal { error: error.with("tensor", any.name()), tensor: any })))
    }

    /// Of an untyped tensor that is known to keep the invariant of this module.
    pub(super) fn over(any: AnyTensor) -> Self {
        Self { any, typed: PhantomData }
    }

    /// Takes a shared lease on all elements: fetched if absent, held still until dropped.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] while an exclusive lease is held; for managed tensors every error of their keeper.
    #[inline]
    pub fn read(&self) -> Result<ReadLease<T, S, L>> {
        ReadLease::take(&self.any, None)
    }

    /// Takes an exclusive lease on all elements.
    ///
    /// A tensor of a checkpoint may be written too: the file stays as it is, what was written lives in the engine.
    /// A writer that panics poisons a managed tensor: every lease is refused until one on all elements writes it anew,
    /// from zeros.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] while any other lease is held, for a managed tensor once its keeper's deadline has
    /// passed; for managed tensors every error of their keeper.
    pub fn write(&self) -> Result<WriteLease<T, S, L>> {
        WriteLease::take(&self.any, None)
    }
}

impl<T: Element, S: Shape, L: Order> Tensor<T, S, L> {
    /// Asks the keeper to bring the elements up soon; owned ones are there already.
    pub fn prefetch(&self) {
        self.any.prefetch();
    }

    /// Size of each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        self.any.shape()
    }

    /// The name in errors.
    #[must_use]
    pub fn name(&self) -> &str {
        self.any.name()
    }

    /// The same tensor under another name.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { any: self.any.named(name), typed: PhantomData }
    }

    /// What an element is, where the type is not at hand to say it.
    #[must_use]
    pub fn dtype(&self) -> DType {
        T::DTYPE
    }

    /// Number of elements.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, DType, Tensor};
    /// let tensor = Tensor::<f32, (C<2>, C<3>)>::zeros([2, 3])?;
    /// assert_eq!((tensor.dtype(), tensor.num_elements(), tensor.num_bytes()), (DType::F32, 6, 24));
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    #[must_use]
    pub fn num_elements(&self) -> usize {
        self.any.layout().num_elements()
    }

    /// Bytes of all elements.
    #[must_use]
    pub fn num_bytes(&self) -> usize {
        self.any.num_bytes()
    }

    /// The tensor without its type.
    #[must_use]
    pub fn as_any(&self) -> &AnyTensor {
        &self.any
    }

    /// The tensor without its type.
    #[must_use]
    pub fn into_any(self) -> AnyTensor {
        self.any
    }

    /// Another handle on the same bytes; leases through either exclude each other as through one.
    #[must_use]
    pub fn share(&self) -> Self {
        Self { any: self.any.share(), typed: PhantomData }
    }
}

impl<T: Element, S: Shape, L: Order> fmt::Debug for Tensor<T, S, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor({})", self.any)
    }
}

/// A tensor that has not the declared type: why, and the tensor itself.
#[derive(Debug)]
pub struct Rejected(Box<Refusal>);

#[derive(Debug)]
struct Refusal {
    error: Error,
    tensor: AnyTensor,
}

impl Rejected {
    /// Why.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.0.error
    }

    /// The tensor, unchanged.
    #[must_use]
    pub fn into_tensor(self) -> AnyTensor {
        self.0.tensor
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.error, f)
    }
}

impl std::error::Error for Rejected {}

impl From<Rejected> for Error {
    fn from(rejected: Rejected) -> Self {
        rejected.0.error
    }
}

#[cfg(test)]
mod tests;
