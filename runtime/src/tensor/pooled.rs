//! Tensors in a block of a [`Pool`], which gets it back with the last handle.

use super::any::AnyTensor;
use super::dtype::Element;
use super::nested::ConstShape;
use super::shape::Shape;
use super::typed::Tensor;
use crate::error::Result;
use crate::pool::Pool;

impl Pool {
    /// A tensor of zeros whose sizes the type knows, in a block of this pool. The block returns to the pool when the
    /// last handle on the tensor and the last lease are gone.
    ///
    /// ```
    /// use stratal_runtime::pool::Pool;
    /// use stratal_runtime::tensor::C;
    /// let pool = Pool::builder().capacity(8 << 20).build()?;
    /// let tensor = pool.allocate_tensor::<f32, (C<1000>, C<1000>)>()?;
    /// assert_eq!(tensor.shape(), [1000, 1000]);
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// No room in the pool, which the error names.
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn allocate_tensor<T: Element, S: ConstShape>(&self) -> Result<Tensor<T, S>> {
        self.allocate_tensor_of(S::SIZES)
    }

    /// A tensor of zeros of the given sizes in a block of this pool.
    ///
    /// # Errors
    /// Those of [`Pool::allocate_tensor`]; sizes that differ from the declared shape or exceed the address space.
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn allocate_tensor_of<T: Element, S: Shape>(
        &self,
        shape: impl AsRef<[usize]>,
    ) -> Result<Tensor<T, S>> {
        S::check(shape.as_ref())?;
        Ok(Tensor::from_any(AnyTensor::zeros_in(self, T::DTYPE, shape.as_ref())?)?)
    }
}
