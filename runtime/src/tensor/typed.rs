//! The typed tensor: an [`AnyTensor`] whose dtype and shape were checked once, when it got its type.
//!
//! Invariant: the dtype is `T::DTYPE`, the shape passed `S::check`, the strides are those of `L`.

use super::any::AnyTensor;
use super::dtype::{DType, Element};
use super::layout::{Dense, Order, RowMajor};
use super::lease::{ReadLease, WriteLease};
use super::managed::Advice;
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
/// The bytes are owned, or kept by an engine. Either way they are reached through a lease, which holds them still until
/// it is dropped: [`read`](Self::read) for any number at once, [`write`](Self::write) for one alone. A lease is a slice;
/// its [`View`](super::View) or [`ViewMut`](super::ViewMut) has the axes. With the crate's macros the same shapes are
/// written `Shape![_, 3]`, and small tensors `tensor![[1.0, 2.0], [3.0, 4.0]]`.
///
/// ```
/// use stratal_runtime::tensor::{C, ColumnMajor, Dyn, Tensor, bf16};
///
/// // Made: of zeros, a value, a function, a slice, a vector (without a copy, where it is aligned), or piece by piece.
/// let weight = Tensor::<f32, (Dyn, C<3>)>::from_fn([2, 3], |[row, column]| (10 * row + column) as f32)?;
/// assert_eq!((weight.shape(), weight.rank(), weight.num_elements()), (&[2, 3][..], 2, 6));
/// assert_eq!(weight.to_string(), "[[ 0.  1.  2.]\n [10. 11. 12.]]");
///
/// // Read: as a slice, by index, by rows, of which only those asked for are fetched.
/// assert_eq!(weight.read()?.iter().sum::<f32>(), 36.0);
/// assert_eq!(weight.read()?.view()[[1, 2]], 12.0);
/// assert_eq!(weight.read_rows(1..2)?.as_slice(), [10.0, 11.0, 12.0]);
///
/// // Written: a slice, an element, every element, or from another tensor of the same shape.
/// weight.write()?.view_mut()[[0, 0]] = 7.0;
/// weight.write()?.view_mut().map_in_place(|x| x / 2.0);
/// let other = weight.duplicate()?;
/// weight.write()?.view_mut().zip_from(other.read()?.view(), |x, y| *x += y)?;
///
/// // Seen otherwise, without a copy: fewer rows, axes in reverse, other sizes, a size that is checked now.
/// let lease = weight.read()?;
/// let corner = lease.view().slice([1..2, 0..2])?;
/// assert_eq!(corner.to_vec(), [10.0, 11.0]);
/// assert_eq!(lease.view().transpose()[[2, 1]], 12.0);
/// let flat = weight.reshape::<(C<6>,)>([6])?;
/// let bound: Tensor<f32, (C<2>, C<3>)> = weight.bind()?;
///
/// // Copied: into another dtype, another order of elements, a vector.
/// let half = weight.to_dtype::<bf16>()?;
/// let columns = bound.to_layout::<ColumnMajor>()?;
/// assert_eq!(columns.read()?.as_slice(), [7.0, 10.0, 1.0, 11.0, 2.0, 12.0]);
/// assert!(columns.equals(&weight)? && flat.to_vec()? == weight.to_vec()?);
/// # Ok::<(), stratal_runtime::error::Error>(())
/// ```
///
/// Sizes that types declare are compared by the compiler, the others when they are used; both name the axis and the
/// sizes:
///
/// ```
/// # use stratal_runtime::tensor::{C, Dyn, Tensor};
/// let error = Tensor::<f32, (Dyn, C<3>)>::zeros([2, 4]).unwrap_err();
/// assert!(error.to_string().contains("axis 1 is 4, declared 3 (found [2, 4], declared [_, 3])"));
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
        ReadLease::take_rows(&self.any, rows)
    }

    /// Takes an exclusive lease on rows `rows` of the leading dimension.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if there are no such rows; else those of [`Tensor::write`].
    pub fn write_rows(&self, rows: Range<usize>) -> Result<WriteLease<T, S::Rows>> {
        WriteLease::take_rows(&self.any, rows)
    }

    /// Asks the keeper to bring up rows `rows` of the leading dimension soon; rows that do not exist are ignored.
    pub fn prefetch_rows(&self, rows: Range<usize>) {
        self.any.prefetch_rows(rows);
    }

    /// Tells the keeper what is known of the uses to come of rows `rows` of the leading dimension.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if there are no such rows; else those of [`Tensor::advise`].
    pub fn advise_rows(&self, rows: Range<usize>, advice: Advice) -> Result<()> {
        self.any.advise_rows(rows, advice)
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
        ReadLease::take(&self.any)
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
        WriteLease::take(&self.any)
    }
}

impl<T: Element, S: Shape, L: Order> Tensor<T, S, L> {
    /// Asks the keeper to bring the elements up soon; owned ones are there already.
    pub fn prefetch(&self) {
        self.any.prefetch();
    }

    /// Tells the keeper what is known of the uses to come.
    ///
    /// # Errors
    /// [`ErrorKind::Budget`] where [`Advice::Resident`] asks for more than the keeper may keep; closed.
    pub fn advise(&self, advice: Advice) -> Result<()> {
        self.any.advise(advice)
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

    /// Number of axes.
    #[must_use]
    pub fn rank(&self) -> usize {
        S::RANK
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
