//! Tensors made from sizes and values.

use super::super::any::AnyTensor;
use super::super::buffer::{Alignment, Owned, Unwritten};
use super::super::dtype::Element;
use super::super::layout::{Dense, Layout};
use super::super::nested::ConstShape;
use super::super::shape::Shape;
use super::super::uninit::Uninit;
use super::Tensor;
use crate::error::{Error, ErrorKind, Result};

impl<T: Element, S: Shape> Tensor<T, S> {
    /// Zeros, aligned to 64 bytes, of the given sizes.
    ///
    /// # Errors
    /// Sizes that differ from the declared shape or exceed the address space; out of memory.
    pub fn zeros(shape: impl AsRef<[usize]>) -> Result<Self> {
        Self::zeros_in(shape)
    }

    /// Zeros of the given sizes and alignment.
    ///
    /// # Errors
    /// Those of [`Tensor::zeros`].
    pub fn zeros_aligned(shape: impl AsRef<[usize]>, alignment: Alignment) -> Result<Self> {
        let layout = declared::<T, S, _>(shape)?;
        Ok(Self::of_bytes(layout, Owned::zeroed(layout.num_bytes(), alignment)?))
    }

    /// Zeros that take no memory until they are written: the first exclusive lease allocates.
    ///
    /// Leases to read give zeros before that: up to 64 KiB from one page range shared by all tensors, and beyond from
    /// fresh pages, which the system backs with memory when they are written.
    ///
    /// ```
    /// use stratal_runtime::tensor::{Dyn, Tensor};
    /// let sums = Tensor::<f32, (Dyn,)>::deferred([1000])?;
    /// assert_eq!((sums.read()?[999], sums.as_any().allocated_bytes()), (0.0, 0));
    /// sums.write()?[0] = 1.0;
    /// assert_eq!(sums.as_any().allocated_bytes(), 4000);
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// Sizes that differ from the declared shape or exceed the address space.
    pub fn deferred(shape: impl AsRef<[usize]>) -> Result<Self> {
        let layout = declared::<T, S, _>(shape)?;
        Ok(Self::of_bytes(layout, Owned::deferred(layout.num_bytes(), Alignment::Simd)))
    }

    /// Room for elements that have no value yet; it becomes a tensor once all are written, and not before.
    ///
    /// # Errors
    /// Those of [`Tensor::zeros`].
    pub fn uninit(shape: impl AsRef<[usize]>) -> Result<Uninit<T, S>> {
        let layout = declared::<T, S, _>(shape)?;
        Ok(Uninit::over(layout, Unwritten::new(layout.num_elements(), Alignment::Simd)?))
    }

    /// `value` everywhere.
    ///
    /// # Errors
    /// Those of [`Tensor::zeros`].
    pub fn full(shape: impl AsRef<[usize]>, value: T) -> Result<Self> {
        Ok(Self::uninit(shape)?.fill(value))
    }

    /// The value of `element` at each index, called in row-major order.
    ///
    /// # Errors
    /// Those of [`Tensor::zeros`].
    pub fn from_fn(shape: impl AsRef<[usize]>, element: impl FnMut(S::Index) -> T) -> Result<Self> {
        Ok(Self::uninit(shape)?.fill_with(element))
    }

    /// A copy of `elements`, row-major.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if their number is not that of the shape; those of [`Tensor::zeros`].
    pub fn from_slice(shape: impl AsRef<[usize]>, elements: &[T]) -> Result<Self> {
        let layout = declared::<T, S, _>(shape)?;
        check_count(&layout, elements.len())?;
        let mut copy = Unwritten::new(elements.len(), Alignment::Simd)?;
        copy.extend_from_slice(elements);
        let owned = copy.finish().map_err(|_| Error::new(ErrorKind::Shape, "a copy was cut short"))?;
        Ok(Self::of_bytes(layout, owned))
    }

    /// `elements`, row-major: their memory becomes the tensor's, without a copy, where it is aligned to 64 bytes, as
    /// every block of that size and more from [`Stratal`](crate::Stratal) is; else they are copied once.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if their number is not that of the shape; those of [`Tensor::zeros`]. The vector is lost
    /// then; its length can be asked first.
    pub fn from_vec(shape: impl AsRef<[usize]>, elements: Vec<T>) -> Result<Self> {
        let layout = declared::<T, S, _>(shape)?;
        check_count(&layout, elements.len())?;
        Ok(Self::of_bytes(layout, Owned::of_vec(elements)?))
    }
}

impl<T: Element, S: ConstShape> Tensor<T, S> {
    /// Zeros, where the type knows all sizes.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, Tensor};
    /// assert_eq!(Tensor::<f32, (C<1000>, C<1000>)>::new()?.shape(), [1000, 1000]);
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// Out of memory.
    pub fn new() -> Result<Self> {
        Self::zeros(S::SIZES)
    }
}

impl<T: Element, S: Shape, L: Dense> Tensor<T, S, L> {
    /// Zeros of the given sizes in the order `L`; [`Tensor::zeros`] where that is row-major.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, ColumnMajor, Tensor};
    /// let tensor = Tensor::<f32, (C<2>, C<3>), ColumnMajor>::zeros_in([2, 3])?;
    /// assert_eq!(tensor.read()?.view().strides(), [1, 2]);
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Tensor::zeros`].
    pub fn zeros_in(shape: impl AsRef<[usize]>) -> Result<Self> {
        let shape = shape.as_ref();
        S::check(shape)?;
        let layout = Layout::dense(shape, size_of::<T>(), L::AXIS)?;
        Ok(Self::of_bytes(layout, Owned::zeroed(layout.num_bytes(), Alignment::Simd)?))
    }

    /// Over bytes that are those of `layout`, which is of the order `L` and passed `S::check`.
    pub(in super::super) fn of_bytes(layout: Layout, owned: Owned) -> Self {
        Self::over(AnyTensor::owned(T::DTYPE, layout, owned))
    }
}

/// The row-major layout of sizes that `S` declares.
fn declared<T: Element, S: Shape, N: AsRef<[usize]>>(shape: N) -> Result<Layout> {
    S::check(shape.as_ref())?;
    Layout::row_major(shape.as_ref(), size_of::<T>())
}

fn check_count(layout: &Layout, given: usize) -> Result<()> {
    if layout.num_elements() == given {
        return Ok(());
    }
    let message = format!("{given} elements given for shape {:?}", layout.shape());
    Err(Error::new(ErrorKind::Shape, message))
}
