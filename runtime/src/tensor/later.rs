//! Leases as futures: for programs that wait for many tensors on few threads.
//!
//! A future asks the keeper at its first poll, and its waker is called when the bytes are there or never will be. Any
//! executor can poll it; nothing here spawns, blocks or keeps time. Dropping it gives the request up; bytes that are on
//! their way arrive all the same, and whoever moves them keeps them.

use super::any::{AnyTensor, BytesLease};
use super::dtype::Element;
use super::layout::Dense;
use super::lease::{ReadLease, WriteLease};
use super::managed::{Access, Waiting};
use super::shape::Shape;
use super::typed::Tensor;
use crate::error::Result;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A lease on all bytes of a tensor, once they are there. Owns its handle on the tensor.
#[derive(Debug)]
#[must_use = "a future asks for nothing before it is polled"]
pub struct LeaseFuture {
    any: AnyTensor,
    access: Access,
    waiting: Option<Waiting>,
}

impl Future for LeaseFuture {
    type Output = Result<BytesLease>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        match &mut this.waiting {
            // Bytes of this process are there.
            None => Poll::Ready(this.any.lease(this.access)),
            Some(waiting) => {
                let lease = Pin::new(waiting).poll(context);
                lease.map(|lease| {
                    let lease = lease.map_err(|error| error.with("tensor", this.any.name()))?;
                    Ok(BytesLease::of(lease))
                })
            }
        }
    }
}

impl AnyTensor {
    /// A lease on all bytes as a future, which fails as [`AnyTensor::lease`] does, its keeper's deadline included.
    pub fn lease_async(&self, access: Access) -> LeaseFuture {
        LeaseFuture { any: self.share(), access, waiting: self.waiting(access) }
    }
}

impl<T: Element, S: Shape, L: Dense> Tensor<T, S, L> {
    /// [`Tensor::read`] as a future that any executor can poll; it owns its handle and may outlive the tensor.
    ///
    /// ```
    /// use std::future::Future;
    /// use std::pin::pin;
    /// use std::task::{Context, Poll, Waker};
    /// use stratal_runtime::tensor::{C, Tensor};
    /// # fn main() -> stratal_runtime::error::Result<()> {
    /// let tensor: Tensor<f32, (C<2>,)> = Tensor::zeros([2])?;
    /// let mut lease = pin!(tensor.read_async());
    /// let Poll::Ready(lease) = lease.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
    ///     unreachable!("bytes of this process are there")
    /// };
    /// assert_eq!(lease?.as_slice(), [0.0, 0.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`Tensor::read`].
    pub fn read_async(&self) -> impl Future<Output = Result<ReadLease<T, S, L>>> + Send + use<T, S, L> {
        let any = self.as_any().share();
        async move {
            let bytes = any.lease_async(Access::Read).await?;
            ReadLease::of(&any, bytes)
        }
    }

    /// [`Tensor::write`] as a future that any executor can poll; it owns its handle and may outlive the tensor.
    ///
    /// # Errors
    /// Those of [`Tensor::write`].
    pub fn write_async(&self) -> impl Future<Output = Result<WriteLease<T, S, L>>> + Send + use<T, S, L> {
        let any = self.as_any().share();
        async move {
            let bytes = any.lease_async(Access::Write).await?;
            WriteLease::of(&any, bytes)
        }
    }
}
