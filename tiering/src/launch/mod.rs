//! Kernels on devices: leases become arguments on one stream.
//!
//! ```text
//! call.launch() ── tensors ──> blocks on the device (host tensors are copied) ─┐
//!   prepare: code, once a stream and kernel, from the cache where it is ───────┴─ turn: uses · launch · end ──> new tensors
//! ```
//!
//! `prepare` makes a kernel ready, with images kept on disk by `cache`; `arguments` lays parameters out; `host` is what
//! the simulator runs; `submit` is the launch.
//!
//! Invariants: whatever a stage touches is named to the turn, so a kernel comes after what it reads arrived, and whoever
//! comes later waits for it; there is no event to forget. Tensors that lie on the device already cost no allocation.

mod arguments;
mod cache;
mod host;
mod prepare;
mod submit;

use crate::device::{Stream, place_of};
use crate::error::Result;
use std::sync::{Mutex, MutexGuard, PoisonError};
use stratal_runtime::kernel::{Call, Kernel};
use stratal_runtime::tensor::AnyTensor;

pub use cache::Cache;
pub use submit::submit;

/// Calls of kernels that run on a device.
///
/// The new tensors lie on the device. A kernel that may fail, because it computes indexes or divides integers, is waited
/// for, so that its errors come back as they do on the host; any other returns while it runs, and reading its tensors
/// waits. Tensors of the host are copied to the device for the call, and back where the kernel writes them.
///
/// A kernel is compiled when a stream first runs it, and its image kept on disk: see [`Cache`].
pub trait Launch: Sized {
    /// The new tensors.
    type Output;

    /// Runs on the device of `stream`, after all work that was submitted to it, and after all that uses the tensors.
    ///
    /// # Errors
    /// Those of [`Call::run`]; `Unsupported` for a written tensor on another device, and where the device runs no code
    /// of this kind; `Conflict` where a written tensor is passed twice; `Compile` with the compiler's words; no room on
    /// the device; what the driver says.
    fn run_on(self, stream: &Stream) -> Result<Self::Output>;

    /// Runs where the arguments are: on the device of the first tensor that lies on one, else on the host.
    ///
    /// # Errors
    /// As [`Launch::run_on`].
    fn launch(self) -> Result<Self::Output>;
}

impl<K: Kernel> Launch for Call<K> {
    type Output = K::Output;

    fn run_on(self, stream: &Stream) -> Result<K::Output> {
        self.run_by(|request| submit(request, stream))
    }

    fn launch(self) -> Result<K::Output> {
        let stream =
            self.request(|request| Ok(request.tensors.iter().find_map(|tensor| stream_of(tensor))))?;
        match stream {
            Some(stream) => self.run_on(&stream),
            None => self.run(),
        }
    }
}

fn stream_of(tensor: &AnyTensor) -> Option<Stream> {
    place_of(tensor).map(|(_, _, stream)| stream.clone())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
