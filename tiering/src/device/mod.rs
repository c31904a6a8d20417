//! Memories that are not files: host frames and windows, and devices. Knows no objects.
//!
//! Host memory hands out [`host::Block`]s that own their bytes, so a flight can carry one and nothing frees it under
//! DMA. Blocks come in frames of 2 MiB, which move into the address window of whoever needs them without copying
//! a byte.
//!
//! A device is a [`Driver`]: device bytes, streams and events by raw handles. Around it stand the types that keep its
//! rules: a [`Stream`] takes work in turns, an [`Event`] says where work ended, a [`DeviceBlock`] of a [`DevicePool`]
//! remembers who used it last, and bytes that a copy needs are held until the copy has ended.
//!
//! ```text
//! host bytes ── Stream::upload ──> DeviceBlock ── Turn::launch ──> DeviceBlock ── Stream::download ──> host bytes
//!                    └── Event ─────────── order: who used it last ──────────── Event ──┘
//! ```

mod code;
#[cfg(test)]
mod conformance;
mod copies;
#[cfg(feature = "cuda")]
mod cuda;
mod driver;
pub mod host;
mod lend;
mod lock;
mod module;
mod order;
mod pinned;
mod place;
mod placed;
mod pool;
mod sim;
mod slab;
mod stream;

pub use code::{Code, HostEntry, HostKernel, Image, Pointer, Source};
pub use copies::Download;
#[cfg(feature = "cuda")]
pub use cuda::Cuda;
pub use driver::{
    Address, Driver, Geometry, MemoryInfo, Properties, RawEvent, RawFrame, RawFunction, RawModule, RawStream,
};
pub use lend::{DeviceLease, LeaseOn, Lender, Lending};
pub use module::{Function, Module};
pub use order::{Touch, Uses};
pub use pinned::Pinned;
pub use place::{Device, Pressure};
pub(crate) use placed::{DEADLINE, Lent, place_of, tensor_in};
pub use placed::{NotMoved, OnDevice, block_of};
pub use pool::{DeviceBlock, DevicePool, DevicePoolStats};
pub use sim::{Call, Fault, Faults, Outstanding, Seen, Sim, SimSpec, Violation};
pub use stream::{Event, Stream, Turn};
