//! Tensors on a device: moved there and back, copied between devices, read by the host through a copy.
//!
//! Such a tensor is a managed one whose keeper is the block it lies in. Nothing evicts it: it stays until it is dropped
//! or moved. A lease for the host's reading is a copy of the moment it was taken; one for its writing is refused, as the
//! device may be using the bytes, and moving the tensor to the host says when that has ended.
//!
//! ```text
//! Tensor on the host ── to_device(Sim(0)) ──> Tensor ── block_of ──> kernels
//!                                               └── read() ──> lease on a copy in host memory
//! ```
//!
//! Invariant: a copy that a lease shows is not changed until the lease ends.

use super::lock::lock;
use super::place::{Device, Place};
use super::pool::{DeviceBlock, DevicePool};
use super::stream::Stream;
use crate::error::{Error, ErrorKind, Result};
use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use stratal_runtime::tensor::managed::{Access, Held, Keeper, Managed};
use stratal_runtime::tensor::{Alignment, AnyTensor, BytesLease, DType, Element, Shape, Tensor};

/// How long the host waits for a device's bytes.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// Tensors that move between host and devices.
///
/// ```
/// use stratal_runtime::tensor::{C, Tensor};
/// use stratal_tiering::device::{Device, OnDevice};
/// let weight = Tensor::<f32, (C<3>,)>::from_slice([3], &[1.0, 2.0, 3.0])?;
/// let weight = weight.to_device(Device::Sim(0))?;
/// assert_eq!(weight.device(), Some(Device::Sim(0)));
/// assert_eq!(weight.read()?.as_slice(), [1.0, 2.0, 3.0]); // a copy
/// assert!(weight.write().is_err());
/// let weight = weight.to_device(Device::Cpu)?;
/// weight.write()?[0] = 7.0;
/// let zeros = Tensor::<f32, (C<3>,)>::zeros_on(Device::Sim(1), [3])?;
/// assert_eq!(zeros.read()?[2], 0.0);
/// # Ok::<(), stratal_tiering::error::Error>(())
/// ```
pub trait OnDevice: Sized {
    /// Zeros of the given sizes on a device.
    ///
    /// # Errors
    /// Sizes that differ from the declared shape; `Unsupported` where there is no such device; no room on it.
    fn zeros_on(device: Device, shape: impl AsRef<[usize]>) -> Result<Self>;

    /// Moves the tensor. To a device, it returns while the bytes are on their way, and whatever uses the tensor there
    /// comes after them; to the host, it waits. A tensor that is there already is returned as it is.
    ///
    /// # Errors
    /// The tensor comes back with `Unsupported` where there is no such device, with no room on it, with every error of
    /// a lease on its bytes, and with what the driver says.
    fn to_device(self, device: Device) -> Result<Self, NotMoved<Self>>;

    /// Where the bytes are; `None` for a tensor that an engine keeps, which decides from moment to moment.
    fn device(&self) -> Option<Device>;
}

/// A tensor that could not be moved, and why. Turns into its [`Error`] by `?`.
pub struct NotMoved<T>(Box<(Error, T)>);

impl<T> NotMoved<T> {
    /// Why.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.0.0
    }

    /// The reason, and the tensor as it was.
    #[must_use]
    pub fn into_parts(self) -> (Error, T) {
        *self.0
    }
}

impl<T> fmt::Debug for NotMoved<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error())
    }
}

impl<T> From<NotMoved<T>> for Error {
    fn from(refused: NotMoved<T>) -> Self {
        refused.into_parts().0
    }
}

/// The block of a tensor that lies on a device, for kernels and copies.
#[must_use]
pub fn block_of(tensor: &AnyTensor) -> Option<&DeviceBlock> {
    placed(tensor).map(|placed| &placed.block)
}

/// The block of a placed tensor, and the device that it is on.
pub(super) fn placed_block(tensor: &AnyTensor) -> Option<(&DeviceBlock, Device)> {
    placed(tensor).map(|placed| (&placed.block, placed.device))
}

/// Where a tensor on a device lies: its block, what the device is called, and the stream that moves it.
pub(crate) fn place_of(tensor: &AnyTensor) -> Option<(&DeviceBlock, Device, &Stream)> {
    placed(tensor).map(|placed| (&placed.block, placed.device, &placed.stream))
}

/// The tensor whose bytes are in `block`, row-major from its start.
pub(crate) fn tensor_in(
    block: DeviceBlock,
    stream: Stream,
    device: Device,
    (dtype, shape): (DType, &[usize]),
) -> Result<AnyTensor> {
    let name: Arc<str> = "".into();
    let keeper = Placed { block, stream, device, name: Arc::clone(&name), leases: Mutex::default() };
    AnyTensor::managed(dtype, shape, Managed::new(Arc::new(keeper), 0, name))
}

fn placed(tensor: &AnyTensor) -> Option<&Placed> {
    tensor.as_managed()?.keeper().as_any()?.downcast_ref()
}

impl<T: Element, S: Shape> OnDevice for Tensor<T, S> {
    fn zeros_on(device: Device, shape: impl AsRef<[usize]>) -> Result<Self> {
        if device == Device::Cpu {
            return Self::zeros(shape);
        }
        let place = device.place()?;
        zeros(&place.pool, &place.stream, device, shape.as_ref())
    }

    fn to_device(self, device: Device) -> Result<Self, NotMoved<Self>> {
        if self.device() == Some(device) {
            return Ok(self);
        }
        let name = self.name().to_owned();
        let moved = moved(self.as_any(), device).and_then(|any| Ok(Self::from_any(any.named(name))?));
        moved.map_err(|error| NotMoved(Box::new((error, self))))
    }

    fn device(&self) -> Option<Device> {
        match (placed(self.as_any()), self.as_any().as_managed()) {
            (Some(placed), _) => Some(placed.device),
            (None, Some(_)) => None,
            (None, None) => Some(Device::Cpu),
        }
    }
}

impl DevicePool {
    /// A tensor of zeros in a block of this pool, which `stream` fills: the pool of `device`, or another one on it.
    ///
    /// ```
    /// use stratal_runtime::tensor::{Dyn, Tensor};
    /// use stratal_tiering::device::Device;
    /// let (pool, stream) = (Device::Sim(0).pool()?, Device::Sim(0).stream()?);
    /// let scores: Tensor<f32, (Dyn,)> = pool.allocate_tensor(&stream, Device::Sim(0), [1000])?;
    /// assert_eq!(scores.read()?[999], 0.0);
    /// # Ok::<(), stratal_tiering::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// Sizes that differ from the declared shape; those of [`DevicePool::allocate`].
    pub fn allocate_tensor<T: Element, S: Shape>(
        &self,
        stream: &Stream,
        device: Device,
        shape: impl AsRef<[usize]>,
    ) -> Result<Tensor<T, S>> {
        zeros(self, stream, device, shape.as_ref())
    }
}

fn zeros<T: Element, S: Shape>(
    pool: &DevicePool,
    stream: &Stream,
    device: Device,
    shape: &[usize],
) -> Result<Tensor<T, S>> {
    // Checks the sizes and knows how many bytes they are; it takes no memory.
    let model = Tensor::<T, S>::deferred(shape)?;
    let block = pool.allocate(model.as_any().num_bytes() as u64)?;
    stream.fill(&block, 0, block.len(), 0)?;
    Ok(Tensor::from_any(kept(block, stream.clone(), device, model.as_any())?)?)
}

/// A tensor like `model` whose bytes are in `block`.
fn kept(block: DeviceBlock, stream: Stream, device: Device, model: &AnyTensor) -> Result<AnyTensor> {
    let name: Arc<str> = model.name().into();
    let keeper = Placed { block, stream, device, name: Arc::clone(&name), leases: Mutex::default() };
    AnyTensor::managed(model.dtype(), model.shape(), Managed::new(Arc::new(keeper), 0, name))
}

/// The bytes of a row-major tensor on another device.
fn moved(tensor: &AnyTensor, to: Device) -> Result<AnyTensor> {
    if to == Device::Cpu {
        return to_host(tensor);
    }
    let Place { pool, stream } = &*to.place()?;
    let block = pool.allocate(tensor.num_bytes() as u64)?;
    match block_of(tensor) {
        Some(from) if from.driver().family() == block.driver().family() => {
            stream.copy(&block, 0, from, 0, tensor.num_bytes() as u64)?;
        }
        // The lease holds the bytes until the copy has ended.
        _ => drop(stream.upload(&block, 0, Lent(tensor.lease(Access::Read)?))?),
    }
    kept(block, stream.clone(), to, tensor)
}

fn to_host(tensor: &AnyTensor) -> Result<AnyTensor> {
    let host = AnyTensor::zeros(tensor.dtype(), tensor.shape(), Alignment::Simd)?;
    let mut bytes = host.lease(Access::Write)?;
    match placed(tensor) {
        Some(placed) => {
            let bytes = Lent(bytes);
            drop(placed.stream.download(bytes, &placed.block, 0)?.wait(DEADLINE)?);
        }
        None => {
            let source = tensor.lease(Access::Read)?;
            if let Some(bytes) = bytes.bytes_mut() {
                bytes.copy_from_slice(&source);
            }
        }
    }
    Ok(host)
}

/// A lease as the bytes of a copy.
#[derive(Debug)]
pub(crate) struct Lent(pub(crate) BytesLease);

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl AsMut<[u8]> for Lent {
    fn as_mut(&mut self) -> &mut [u8] {
        self.0.bytes_mut().unwrap_or_default()
    }
}

/// The keeper of one tensor on a device.
#[derive(Debug)]
struct Placed {
    block: DeviceBlock,
    stream: Stream,
    device: Device,
    name: Arc<str>,
    leases: Mutex<Leases>,
}

/// Copies that leases show, by token.
#[derive(Debug, Default)]
struct Leases {
    next: u64,
    held: HashMap<u64, Lent>,
}

// SAFETY: a lease shows a copy in host memory of its own, aligned to 64 bytes, which is held until its release and which
// nobody writes; writing leases are refused.
unsafe impl Keeper for Placed {
    fn acquire(&self, _id: u64, range: Range<u64>, access: Access) -> Result<Held> {
        let named = |error: Error| error.with("tensor", &self.name).with("device", self.device);
        if access == Access::Write {
            let message = "the host does not write a tensor on a device: move it with to_device(Device::Cpu)";
            return Err(named(Error::new(ErrorKind::Unsupported, message)));
        }
        let len = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
        let copy = || -> Result<Lent> {
            let host = AnyTensor::zeros(DType::U8, &[len], Alignment::Simd)?;
            let bytes = Lent(host.lease(Access::Write)?);
            self.stream.download(bytes, &self.block, range.start)?.wait(DEADLINE)
        };
        let mut copy = copy().map_err(named)?;
        let bytes = NonNull::from(copy.as_mut()).cast::<u8>();
        let mut leases = lock(&self.leases);
        leases.next += 1;
        let token = leases.next;
        leases.held.insert(token, copy);
        Ok(Held { bytes, len, token, anchored: false })
    }

    fn release(&self, token: u64) {
        let copy = lock(&self.leases).held.remove(&token);
        drop(copy);
    }

    fn prefetch(&self, _id: u64, _range: Range<u64>) {}

    fn forget(&self, _id: u64) {}

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

#[cfg(test)]
mod tests;
