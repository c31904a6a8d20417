//! Kernels: what `#[kernel]` prints, and what it is printed against.
//!
//! ```text
//! process(&x) ─> Call ── run ──> leases on all arguments, the stages as loops over slices, a new tensor
//! ```
//!
//! `descriptor` is the table that goes with a kernel, `work` how much of it a launch does, `sizes` holds dimensions together at run time, `stored` converts
//! between what is stored and what is computed with, `arithmetic` and `prelude.cu` define the operations that languages do
//! differently, `rows` shares a loop out among threads, `matmul` is the library's product, and `request` is a call for
//! whoever runs it elsewhere.
//!
//! Invariant: a kernel has the same result on any number of threads, bit by bit.

mod arithmetic;
mod descriptor;
mod matmul;
mod request;
mod rows;
mod sizes;
mod stored;
mod work;

use crate::error::{Error, ErrorKind, Result};
use crate::tensor::{AnyTensor, Dyn, Element, Tensor, WriteLease};
use std::fmt;

pub use arithmetic::{
    Fold, Integer, Ordered, abs, checked_quotient, checked_remainder, clamp, fold_lanes, fold_product,
    fold_sum, max, min,
};
pub use descriptor::{Argument, Buffer, Descriptor, Role, ScalarParameter, Source, Stage, TensorParameter};
pub use matmul::{Factor, matmul};
pub use request::{BROKEN, HostStage, Request, made, read_as, to_word, written_as};
pub use rows::{by_rows, rows_of};
pub use sizes::bind_sizes;
pub use stored::Stored;
pub use work::{Count, Extent, Geometry, Term, Work};

/// A computed index was outside its tensor.
pub const OUTSIDE: u32 = 1;
/// An integer was divided by zero.
pub const DIVIDED: u32 = 2;

/// A kernel with its arguments. `#[kernel]` implements it.
pub trait Kernel: Sized {
    /// The new tensors.
    type Output;
    /// The table of the kernel.
    const DESCRIPTOR: &'static Descriptor;

    /// Computes on the host.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if a dimension has two sizes, or an index was outside its tensor; those of leases.
    fn run(self) -> Result<Self::Output>;

    /// Calls `with` with what the call asks for.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if a dimension has two sizes; those of `with`.
    fn request<R>(&self, with: impl FnOnce(&Request<'_>) -> Result<R>) -> Result<R>;

    /// The new tensors, given without their types, in order.
    ///
    /// # Errors
    /// Those of [`made`].
    fn finish(made: std::vec::IntoIter<AnyTensor>) -> Result<Self::Output>;
}

/// A kernel that was called and has computed nothing yet.
///
/// ```
/// # use stratal_runtime::kernel::{Call, Kernel};
/// # use stratal_runtime::error::Result;
/// fn twice<K: Kernel>(first: Call<K>, second: Call<K>) -> Result<(K::Output, K::Output)> {
///     Ok((first.run()?, second.run()?))
/// }
/// ```
#[must_use = "a kernel computes nothing until its call is run"]
pub struct Call<K>(K);

impl<K: Kernel> Call<K> {
    /// Of arguments.
    pub fn new(kernel: K) -> Self {
        Self(kernel)
    }

    /// Computes on the host, on as many threads as are worth it. Leases on all tensors are taken for the time: shared
    /// ones on what is read, exclusive ones on what is written.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if a dimension has two sizes, naming the kernel, the dimension, both tensors and axes, or if
    /// an index was outside its tensor; those of [`Tensor::read`] and [`Tensor::write`]; out of memory for results.
    pub fn run(self) -> Result<K::Output> {
        self.0.run()
    }

    /// Runs it elsewhere: `with` gets what the call asks for, and gives the new tensors, in order.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if a dimension has two sizes, or a tensor is not what the kernel returns; those of `with`.
    pub fn run_by(self, with: impl FnOnce(&Request<'_>) -> Result<Vec<AnyTensor>>) -> Result<K::Output> {
        K::finish(self.0.request(with)?.into_iter())
    }

    /// Calls `with` with what the call asks for; nothing is computed.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if a dimension has two sizes; those of `with`.
    pub fn request<R>(&self, with: impl FnOnce(&Request<'_>) -> Result<R>) -> Result<R> {
        self.0.request(with)
    }

    /// The table of the kernel.
    #[must_use]
    pub fn descriptor(&self) -> &'static Descriptor {
        K::DESCRIPTOR
    }
}

impl<K: Kernel> fmt::Debug for Call<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({})", K::DESCRIPTOR.name)
    }
}

/// Zeros for the time of a call.
///
/// # Errors
/// Out of memory; more elements than the address space holds.
pub fn scratch<T: Element>(elements: usize) -> Result<WriteLease<T, (Dyn,)>> {
    Tensor::<T, (Dyn,)>::zeros([elements])?.write()
}

/// Fails if something went wrong while elements were computed.
///
/// # Errors
/// [`ErrorKind::Shape`] for an index outside its tensor, [`ErrorKind::Unsupported`] for a division by zero,
/// [`ErrorKind::Corrupt`] for [`BROKEN`].
pub fn settled(descriptor: &Descriptor, fault: u32) -> Result<()> {
    if fault == 0 {
        return Ok(());
    }
    let (kind, message) = match fault {
        _ if fault & OUTSIDE != 0 => (ErrorKind::Shape, "an index was outside its tensor"),
        _ if fault & DIVIDED != 0 => (ErrorKind::Unsupported, "an integer was divided by zero"),
        _ => (ErrorKind::Corrupt, "a device's bytes are no elements"),
    };
    Err(Error::new(kind, message).with("kernel", descriptor.name))
}

/// What a kernel gives on the host whose code is CUDA C or PTX of a file.
///
/// # Errors
/// Always: [`ErrorKind::Unsupported`].
pub fn device_only<T>(descriptor: &Descriptor) -> Result<T> {
    let (file, language) = match descriptor.source {
        Source::Ptx { file, .. } => (file, "PTX"),
        Source::Generated(_) => (descriptor.name, "CUDA C"),
        Source::Cuda { file, .. } => (file, "CUDA C"),
    };
    let name = descriptor.name;
    let message = format!(
        "kernel `{name}` is {language} of {file}, which runs on devices; the host has no code for it"
    );
    Err(Error::new(ErrorKind::Unsupported, message))
}

/// What a kernel gives that did not compile.
///
/// # Errors
/// Always.
pub fn refused<T>() -> Result<T> {
    Err(Error::new(ErrorKind::Unsupported, "the kernel was refused by its macro"))
}

#[cfg(test)]
mod tests;
