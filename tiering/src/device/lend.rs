//! Leases on a device: the right to use a tensor's bytes where kernels run.
//!
//! A tensor lies on a device because it was placed there ([`OnDevice`](super::OnDevice)), or because an engine has a
//! tier of it: then the lease brings the bytes up, and holds the copy until it is dropped. This room knows the engine
//! only as a [`Lender`], which the keeper of its tensors shows.
//!
//! ```text
//! tensor.read_on(device) ──> DeviceLease{block} ── turn.uses(block.uses(), Read) ── launch ── drop
//!                                 └ arrival and last use are among the block's uses: host order is not device order
//! ```
//!
//! Invariant: work is submitted while its lease is held. The lease may end before the work does: whatever happens to
//! the bytes afterwards, be it another upload or the way home, comes after the last use by the order of the block's uses.

use super::place::Device;
use super::placed::placed_block;
use super::pool::DeviceBlock;
use crate::error::{Error, ErrorKind, Result};
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;
use stratal_runtime::tensor::managed::Access;
use stratal_runtime::tensor::{AnyTensor, Element, Shape, Tensor};

/// Who brings the bytes of one tensor to a device and lends them there.
pub trait Lender: Send + Sync + fmt::Debug {
    /// Brings all bytes up and holds the copy: its block, and what names the hold.
    ///
    /// # Errors
    /// Typed, naming tensor and tier: no such tier, over budget, deadline, lost device, poisoned, closed.
    fn lend(&self, device: Device, access: Access) -> Result<(DeviceBlock, u64)>;

    /// Ends the hold called `token`; `torn` where its holder was interrupted in the middle of a write.
    fn give_back(&self, token: u64, torn: bool);

    /// The bytes are needed there soon; may do nothing, never fails its caller.
    fn expect_on(&self, device: Device);
}

/// What a keeper shows of itself by `as_any`, if it is a [`Lender`]. Counts nothing.
#[derive(Debug)]
pub struct Lending(Weak<dyn Lender>);

impl Lending {
    /// The side of `lender` that this room knows.
    #[must_use]
    pub fn new(lender: Weak<dyn Lender>) -> Self {
        Self(lender)
    }
}

/// Bytes of a whole tensor on a device, row-major from the start of a block; dropping it makes them evictable.
///
/// See [`LeaseOn`].
pub struct DeviceLease {
    block: DeviceBlock,
    device: Device,
    access: Access,
    /// None where the tensor was placed there: nothing takes its bytes away. Ends last, so that whoever gets the room
    /// then finds no handle of the block.
    _hold: Option<Hold>,
}

/// What a lender was asked to hold, until this is dropped.
struct Hold {
    lender: Arc<dyn Lender>,
    token: u64,
    access: Access,
}

/// Tensors that kernels use on a device.
///
/// ```
/// use std::time::Duration;
/// use stratal_runtime::tensor::{C, Tensor};
/// use stratal_tiering::device::{Device, LeaseOn, OnDevice};
/// let placed = Tensor::<f32, (C<2>,)>::from_slice([2], &[1.0, 2.0])?.to_device(Device::Sim(0))?;
/// let lease = placed.read_on(Device::Sim(0))?;
/// let bytes = Device::Sim(0).stream()?.download(vec![0; 8], lease.block(), 0)?;
/// assert_eq!(bytes.wait(Duration::from_secs(10))?[..4], 1.0_f32.to_ne_bytes());
/// # Ok::<(), stratal_tiering::error::Error>(())
/// ```
pub trait LeaseOn {
    /// The bytes on a device, to read; other readers there and on the host may hold them too. Returns while they are on
    /// their way: work that names the block among what it uses comes after them.
    ///
    /// # Errors
    /// `Unsupported` for a tensor that neither lies on that device nor is kept by an engine with a tier there; those of
    /// [`Lender::lend`].
    fn read_on(&self, device: Device) -> Result<DeviceLease>;

    /// The bytes on a device, to read and write; nobody else has a lease on them, on the host neither. Ending it makes
    /// the next generation, and copies elsewhere are out of date.
    ///
    /// # Errors
    /// As [`LeaseOn::read_on`].
    fn write_on(&self, device: Device) -> Result<DeviceLease>;

    /// Says that the bytes are needed on a device soon: they are brought up as its window allows.
    fn will_need_on(&self, device: Device);
}

impl LeaseOn for AnyTensor {
    fn read_on(&self, device: Device) -> Result<DeviceLease> {
        lease(self, device, Access::Read)
    }

    fn write_on(&self, device: Device) -> Result<DeviceLease> {
        lease(self, device, Access::Write)
    }

    fn will_need_on(&self, device: Device) {
        if let Some(lender) = lender(self) {
            lender.expect_on(device);
        }
    }
}

impl<T: Element, S: Shape> LeaseOn for Tensor<T, S> {
    fn read_on(&self, device: Device) -> Result<DeviceLease> {
        self.as_any().read_on(device)
    }

    fn write_on(&self, device: Device) -> Result<DeviceLease> {
        self.as_any().write_on(device)
    }

    fn will_need_on(&self, device: Device) {
        self.as_any().will_need_on(device);
    }
}

fn lender(tensor: &AnyTensor) -> Option<Arc<dyn Lender>> {
    tensor.as_managed()?.keeper().as_any()?.downcast_ref::<Lending>()?.0.upgrade()
}

fn lease(tensor: &AnyTensor, device: Device, access: Access) -> Result<DeviceLease> {
    if let Some((block, _)) = placed_block(tensor).filter(|(_, there)| *there == device) {
        return Ok(DeviceLease { block: block.clone(), device, access, _hold: None });
    }
    let Some(lender) = lender(tensor) else {
        let message = "the tensor neither lies on that device nor is kept by an engine with a tier there";
        let error = Error::new(ErrorKind::Unsupported, message);
        return Err(error.with("tensor", tensor.name()).with("device", device));
    };
    let (block, token) = lender.lend(device, access)?;
    Ok(DeviceLease { block, device, access, _hold: Some(Hold { lender, token, access }) })
}

impl DeviceLease {
    /// The bytes, from the start of the block; its uses tell of their arrival. A handle of it that outlives the lease
    /// keeps memory from others and says nothing of whose bytes are there.
    #[must_use]
    pub fn block(&self) -> &DeviceBlock {
        &self.block
    }

    /// Where they are.
    #[must_use]
    pub fn device(&self) -> Device {
        self.device
    }

    /// How they may be used.
    #[must_use]
    pub fn access(&self) -> Access {
        self.access
    }

    /// Lets the host wait until the bytes have arrived and all work on them that was submitted has ended.
    ///
    /// # Errors
    /// `Deadline`; `Lost`, and what the driver says.
    pub fn wait(&self, timeout: Duration) -> Result<()> {
        self.block.finish(timeout)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.lender.give_back(self.token, self.access == Access::Write && std::thread::panicking());
    }
}

impl fmt::Debug for DeviceLease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceLease").field("access", &self.access).field("block", &self.block).finish()
    }
}
