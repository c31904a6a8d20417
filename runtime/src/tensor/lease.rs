//! Typed leases: the right to use the elements of a tensor, or of some of its rows, until dropped.
//!
//! A lease owns its entry: it keeps the bytes alive and borrows nothing, so it can move into threads and kernels.
//! Invariant: the leased elements are as many as the layout has, checked when the lease was taken.

use super::any::{AnyTensor, BytesLease};
use super::dtype::{DType, Element, Elements, NotElements};
use super::layout::{Dense, Layout, RowMajor};
use super::managed::Access;
use super::shape::Shape;
use super::view::{View, ViewMut};
use crate::error::{Error, ErrorKind, Result};
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut, Range};

/// What `expect` says where the invariant of this module is used.
const EXCLUSIVE: &str = "the lease was taken to write";

/// Elements that nobody changes while this is held; any number of readers at once. Reads as a slice.
///
/// `S` is the declared shape of what is leased: of rows, the tensor's with a leading [`Dyn`](super::Dyn).
pub struct ReadLease<T, S, L = RowMajor> {
    elements: Elements<T>,
    layout: Layout,
    shape: PhantomData<(S, L)>,
}

/// Elements that nobody else reads or writes while this is held. Reads and writes as a slice.
pub struct WriteLease<T, S, L = RowMajor> {
    elements: Elements<T>,
    layout: Layout,
    shape: PhantomData<(S, L)>,
}

/// Takes the bytes of `rows` and verifies that they are elements.
fn take_rows<T: Element>(
    tensor: &AnyTensor,
    rows: Range<usize>,
    access: Access,
) -> Result<(Elements<T>, Layout)> {
    let (layout, range) = tensor.layout().rows(rows).map_err(|error| error.with("tensor", tensor.name()))?;
    let elements = check(tensor, layout.num_bytes(), tensor.lease_bytes(range, access)?)?;
    Ok((elements, layout))
}

/// Verifies that leased bytes are `want` bytes of elements.
#[inline(always)]
fn check<T: Element>(tensor: &AnyTensor, want: usize, bytes: BytesLease) -> Result<Elements<T>> {
    if bytes.len() != want {
        return Err(lent_others(tensor, bytes.len(), want));
    }
    Elements::check(bytes).map_err(|error| no_elements(tensor, error))
}

#[cold]
fn lent_others(tensor: &AnyTensor, have: usize, want: usize) -> Error {
    let message = format!("the keeper lent {have} bytes, not {want}");
    Error::new(ErrorKind::Unsupported, message).with("tensor", tensor.name())
}

#[cold]
fn no_elements(tensor: &AnyTensor, error: NotElements) -> Error {
    Error::from(error).with("tensor", tensor.name())
}

impl<T: Element, S: Shape, L: Dense> ReadLease<T, S, L> {
    /// What is at hand is leased where this is called, so that its parts stay in registers: a lease that is stored by
    /// words and copied by longer ones, from call to call, costs more than all that counts it.
    #[inline(always)]
    pub(super) fn take(tensor: &AnyTensor) -> Result<Self> {
        if let Some(bytes) = tensor.hit(0..tensor.num_bytes(), Access::Read) {
            let elements = check(tensor, tensor.num_bytes(), bytes)?;
            return Ok(Self { elements, layout: *tensor.layout(), shape: PhantomData });
        }
        // Not returned as it is: the caller's lease would have to lie where this call writes it.
        let asked = Self::ask(tensor)?;
        Ok(asked)
    }

    #[inline(never)]
    fn ask(tensor: &AnyTensor) -> Result<Self> {
        Self::of(tensor, tensor.ask_for_bytes(0..tensor.num_bytes(), Access::Read)?)
    }

    pub(super) fn take_rows(tensor: &AnyTensor, rows: Range<usize>) -> Result<Self> {
        let (elements, layout) = take_rows(tensor, rows, Access::Read)?;
        Ok(Self { elements, layout, shape: PhantomData })
    }

    /// Of all bytes, leased to read.
    pub(super) fn of(tensor: &AnyTensor, bytes: BytesLease) -> Result<Self> {
        let elements = check(tensor, tensor.num_bytes(), bytes)?;
        Ok(Self { elements, layout: *tensor.layout(), shape: PhantomData })
    }

    /// The elements, in the order of `L`.
    #[inline]
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        self.elements.as_slice()
    }

    /// The elements under their shape.
    #[must_use]
    pub fn view(&self) -> View<'_, T, S, L> {
        View::over(self.as_slice(), self.layout)
    }

    /// Size of each axis of what is leased.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        self.layout.shape()
    }
}

impl<T: Element, S: Shape, L: Dense> WriteLease<T, S, L> {
    pub(super) fn take(tensor: &AnyTensor) -> Result<Self> {
        Self::of(tensor, tensor.ask_for_bytes(0..tensor.num_bytes(), Access::Write)?)
    }

    pub(super) fn take_rows(tensor: &AnyTensor, rows: Range<usize>) -> Result<Self> {
        let (elements, layout) = take_rows(tensor, rows, Access::Write)?;
        Ok(Self { elements, layout, shape: PhantomData })
    }

    /// Of all bytes, leased to write.
    pub(super) fn of(tensor: &AnyTensor, bytes: BytesLease) -> Result<Self> {
        let elements = check(tensor, tensor.num_bytes(), bytes)?;
        Ok(Self { elements, layout: *tensor.layout(), shape: PhantomData })
    }

    /// The elements, in the order of `L`.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        self.elements.as_slice()
    }

    /// The elements to write, in the order of `L`.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        self.elements.as_mut_slice().expect(EXCLUSIVE)
    }

    /// The elements under their shape.
    #[must_use]
    pub fn view(&self) -> View<'_, T, S, L> {
        View::over(self.as_slice(), self.layout)
    }

    /// The elements to write under their shape.
    #[must_use]
    pub fn view_mut(&mut self) -> ViewMut<'_, T, S, L> {
        let layout = self.layout;
        ViewMut::over(self.as_mut_slice(), layout)
    }

    /// Size of each axis of what is leased.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        self.layout.shape()
    }
}

impl<T: Element, S: Shape, L: Dense> Deref for ReadLease<T, S, L> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        self.as_slice()
    }
}

impl<T: Element, S: Shape, L: Dense> Deref for WriteLease<T, S, L> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.as_slice()
    }
}

impl<T: Element, S: Shape, L: Dense> DerefMut for WriteLease<T, S, L> {
    fn deref_mut(&mut self) -> &mut [T] {
        self.as_mut_slice()
    }
}

impl<T: Element, S, L> fmt::Debug for ReadLease<T, S, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(f, "ReadLease", T::DTYPE, &self.layout)
    }
}

impl<T: Element, S, L> fmt::Debug for WriteLease<T, S, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(f, "WriteLease", T::DTYPE, &self.layout)
    }
}

fn describe(f: &mut fmt::Formatter<'_>, lease: &str, dtype: DType, layout: &Layout) -> fmt::Result {
    write!(f, "{lease}({dtype} {:?})", layout.shape())
}
