//! Who else has a tensor: what its only owner may do without a lease, and a copy for a writer who is not alone.

use super::super::dtype::{Element, as_elements_mut};
use super::super::layout::Dense;
use super::super::lease::WriteLease;
use super::super::shape::Shape;
use super::super::view::ViewMut;
use super::Tensor;
use crate::error::{Error, ErrorKind, Result};

impl<T: Element, S: Shape, L: Dense> Tensor<T, S, L> {
    /// The elements to write without a lease, if nobody else has a handle on them or a lease; `None` too if a keeper
    /// holds them, or memory for a deferred tensor is refused.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, Tensor};
    /// let mut tensor = Tensor::<f32, (C<2>,)>::zeros([2])?;
    /// tensor.get_mut().expect("nobody else has it")[[0]] = 1.0;
    /// let shared = tensor.share();
    /// assert!(tensor.get_mut().is_none());
    /// # drop(shared);
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    #[must_use]
    pub fn get_mut(&mut self) -> Option<ViewMut<'_, T, S, L>> {
        let layout = *self.any.layout();
        let bytes = self.any.bytes_mut().ok().flatten()?;
        Some(ViewMut::over(as_elements_mut(bytes).ok()?, layout))
    }

    /// The elements in the order of their indexes, last axis fastest, in a vector of their own.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, Tensor};
    /// let tensor = Tensor::<i32, (C<2>, C<3>)>::from_slice([2, 3], &[1, 2, 3, 4, 5, 6])?;
    /// assert_eq!(tensor.transpose().to_vec()?, [1, 4, 2, 5, 3, 6]);
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Tensor::read`].
    pub fn to_vec(&self) -> Result<Vec<T>> {
        Ok(self.read()?.view().to_vec())
    }

    /// A tensor of the same elements in memory of its own; [`Tensor::share`] is another handle on the same.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, Tensor};
    /// let first = Tensor::<f32, (C<2>,)>::zeros([2])?;
    /// let second = first.duplicate()?;
    /// second.write()?[0] = 1.0;
    /// assert!(!first.equals(&second)?);
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Tensor::read`], and out of memory.
    pub fn duplicate(&self) -> Result<Self> {
        Ok(self.read()?.view().to_layout::<L>()?.named(self.name()))
    }

    /// Whether both have equal sizes and equal elements, whatever order they lie in. No `==`, because bytes that have
    /// to be fetched may not come.
    ///
    /// # Errors
    /// Those of [`Tensor::read`], of either.
    pub fn equals<R: Shape, M: Dense>(&self, other: &Tensor<T, R, M>) -> Result<bool> {
        Ok(self.shape() == other.shape() && self.read()?.view() == other.read()?.view())
    }

    /// An exclusive lease on the elements of this handle alone: where others have a handle or a lease, they keep what
    /// there is, and this handle goes on with a copy.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, Tensor};
    /// let first = Tensor::<f32, (C<2>,)>::zeros([2])?;
    /// let mut second = first.share();
    /// second.make_mut()?[0] = 1.0; // copies: `first` has the bytes too
    /// assert_eq!((first.read()?[0], second.read()?[0]), (0.0, 1.0));
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] while an exclusive lease is held; out of memory for the copy.
    /// [`ErrorKind::Unsupported`] for a shared tensor that a keeper holds: a copy would be outside its budget.
    pub fn make_mut(&mut self) -> Result<WriteLease<T, S, L>> {
        if !self.any.is_unique() {
            if self.any.as_managed().is_some() {
                let message =
                    "a shared tensor that a keeper holds is not copied on writing; `write` shares it";
                return Err(Error::new(ErrorKind::Unsupported, message).with("tensor", self.name()));
            }
            self.any = self.duplicate()?.into_any();
        }
        self.write()
    }

    /// The value of `f` at each element: in place if nobody else has the tensor, else in a new one.
    ///
    /// # Errors
    /// Those of [`Tensor::read`], and out of memory.
    pub fn map(mut self, mut f: impl FnMut(T) -> T) -> Result<Self> {
        if let Some(mut view) = self.get_mut() {
            view.map_in_place(f);
            return Ok(self);
        }
        let mapped = self.read()?.view().map_to::<T, L>(&mut f)?;
        Ok(mapped.named(self.name()))
    }
}
