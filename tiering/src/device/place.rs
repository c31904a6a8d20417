//! Devices as users name them, opened once in a process.
//!
//! Invariant: two uses of one [`Device`] reach one driver, one pool and one stream.

use super::driver::{Driver, MemoryInfo};
use super::lock::lock;
use super::pool::DevicePool;
use super::sim::{Sim, SimSpec};
use super::stream::Stream;
use crate::error::{Error, ErrorKind, Result};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex};

/// Where a tensor's bytes are.
///
/// ```
/// use stratal_tiering::device::{Device, Pressure};
/// let memory = Device::Cpu.memory()?;
/// assert!(memory.free_bytes <= memory.total_bytes);
/// assert_eq!(Device::Sim(0).pressure()?, Pressure::Low);
/// assert_eq!(Device::Cuda(3).to_string(), "cuda:3");
/// # Ok::<(), stratal_tiering::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Device {
    /// Host memory.
    Cpu,
    /// An NVIDIA device, by the driver's number. Needs the feature `cuda`, a driver and a device.
    Cuda(u32),
    /// One of two simulated devices of 256 MiB, for tests and demonstrations.
    Sim(u32),
}

/// How full a memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pressure {
    /// Less than 70 % is used.
    Low,
    /// From 70 %: what is made now should be needed soon.
    Moderate,
    /// From 90 %: what is made now may be refused.
    High,
}

impl Pressure {
    /// The pressure that a memory is under.
    #[must_use]
    pub const fn of(memory: MemoryInfo) -> Self {
        let used = (memory.total_bytes.saturating_sub(memory.free_bytes)) as u128 * 100;
        match () {
            () if used < memory.total_bytes as u128 * 70 => Self::Low,
            () if used < memory.total_bytes as u128 * 90 => Self::Moderate,
            () => Self::High,
        }
    }
}

/// An open device.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) pool: DevicePool,
    pub(super) stream: Stream,
}

static PLACES: Mutex<BTreeMap<Device, Arc<Place>>> = Mutex::new(BTreeMap::new());
static SIMS: Mutex<Vec<Arc<Sim>>> = Mutex::new(Vec::new());
/// Simulated devices of a process.
const SIM_COUNT: usize = 2;

impl Device {
    /// The device's driver, opened at the first call.
    ///
    /// # Errors
    /// `Unsupported` for the host, without the feature `cuda`, and where there is no such device.
    pub fn driver(self) -> Result<Arc<dyn Driver>> {
        self.place().map(|place| Arc::clone(place.pool.driver()))
    }

    /// The pool that tensors of this device come from: all of its memory, created as it is needed.
    ///
    /// # Errors
    /// As [`Device::driver`].
    pub fn pool(self) -> Result<DevicePool> {
        self.place().map(|place| place.pool.clone())
    }

    /// The stream that moves tensors of this device.
    ///
    /// # Errors
    /// As [`Device::driver`].
    pub fn stream(self) -> Result<Stream> {
        self.place().map(|place| place.stream.clone())
    }

    /// Memory at this moment, all processes counted; of the host, what could be had without swapping.
    ///
    /// # Errors
    /// As [`Device::driver`]; what the driver or the system says.
    pub fn memory(self) -> Result<MemoryInfo> {
        match self {
            Self::Cpu => host_memory(),
            _ => self.driver()?.memory(),
        }
    }

    /// How full the memory is at this moment.
    ///
    /// # Errors
    /// As [`Device::memory`].
    pub fn pressure(self) -> Result<Pressure> {
        self.memory().map(Pressure::of)
    }

    /// The device of a driver that a [`Device`] opened.
    pub(crate) fn of(driver: &Arc<dyn Driver>) -> Option<Self> {
        let places = lock(&PLACES);
        places.iter().find(|(_, place)| Arc::ptr_eq(place.pool.driver(), driver)).map(|(device, _)| *device)
    }

    pub(super) fn place(self) -> Result<Arc<Place>> {
        let mut places = lock(&PLACES);
        if let Some(place) = places.get(&self) {
            return Ok(Arc::clone(place));
        }
        let driver = self.open().map_err(|error| error.with("device", self))?;
        let pool = DevicePool::new(&driver, driver.properties().memory_bytes);
        let place = Arc::new(Place { pool, stream: Stream::open(&driver)? });
        places.insert(self, Arc::clone(&place));
        Ok(place)
    }

    fn open(self) -> Result<Arc<dyn Driver>> {
        match self {
            Self::Cpu => Err(Error::new(ErrorKind::Unsupported, "the host is no device")),
            #[cfg(feature = "cuda")]
            Self::Cuda(index) => {
                let cuda = super::cuda::Cuda::open(index)?;
                Ok(cuda)
            }
            #[cfg(not(feature = "cuda"))]
            Self::Cuda(_) => Err(Error::new(
                ErrorKind::Unsupported,
                "built without NVIDIA devices: the feature `cuda` is off",
            )),
            Self::Sim(index) => {
                let mut sims = lock(&SIMS);
                if sims.is_empty() {
                    *sims = Sim::open_many(SimSpec::default(), SIM_COUNT)?;
                }
                let sim = usize::try_from(index).ok().and_then(|index| sims.get(index)).cloned();
                let none =
                    || Error::new(ErrorKind::Unsupported, format!("there are {SIM_COUNT} simulated devices"));
                let sim = sim.ok_or_else(none)?;
                Ok(sim)
            }
        }
    }
}

impl FromStr for Device {
    type Err = Error;

    /// ```
    /// # use stratal_tiering::device::Device;
    /// assert_eq!("sim:1".parse::<Device>()?, Device::Sim(1));
    /// assert!("tpu:0".parse::<Device>().is_err());
    /// # Ok::<(), stratal_tiering::error::Error>(())
    /// ```
    fn from_str(name: &str) -> Result<Self> {
        let numbered = |(kind, number): (&str, &str)| match (kind, number.parse().ok()?) {
            ("cuda", index) => Some(Self::Cuda(index)),
            ("sim", index) => Some(Self::Sim(index)),
            _ => None,
        };
        let found = if name == "cpu" { Some(Self::Cpu) } else { name.split_once(':').and_then(numbered) };
        let unknown = || {
            let message = "no such kind of device: write `cpu`, `cuda:0` or `sim:0`, or another number";
            Error::new(ErrorKind::Unsupported, message).with("device", name)
        };
        found.ok_or_else(unknown)
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
            Self::Sim(index) => write!(f, "sim:{index}"),
        }
    }
}

fn host_memory() -> Result<MemoryInfo> {
    let text = std::fs::read_to_string("/proc/meminfo")?;
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).map(|kib| kib << 10)
    };
    match (field("MemAvailable"), field("MemTotal")) {
        (Some(free), Some(total)) => Ok(MemoryInfo { free_bytes: free.min(total), total_bytes: total }),
        _ => Err(Error::new(ErrorKind::Unsupported, "the system does not say how much memory it has")),
    }
}

#[cfg(test)]
mod tests;
