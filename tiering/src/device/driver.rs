//! What every device driver offers: bytes, streams, events, code. Knows no objects and chooses nothing.
//!
//! A driver is the narrow, raw door: handles are numbers, lengths are bytes, and whoever calls keeps order. The safe
//! side of it are [`Stream`](super::Stream), [`Event`](super::Event), [`DevicePool`](super::DevicePool),
//! [`Module`](super::Module) and [`Pinned`](super::Pinned). Implementors: the simulator and CUDA; one conformance
//! suite judges both.
//!
//! ```text
//! reserve ──> addresses ─┐
//! create  ──> frames ────┴─ map ──> device bytes <── upload · copy · fill · launch ── stream ── record ──> event
//! ```
//!
//! Invariants: work on one stream runs in the order of its submission, work on two streams only in the order that
//! events give; host order is not device order. After a sticky error the device is lost: every call fails with
//! [`ErrorKind::Lost`](crate::error::ErrorKind::Lost), and nothing that was under way counts as done.

use super::code::{Code, Image, Source};
use crate::error::{Error, ErrorKind, Result};
use std::ffi::CStr;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

/// An address in device memory. It is a number: the host never reads through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub u64);

impl Address {
    /// The address `bytes` further on. Callers stay inside a range that was reserved, so this does not wrap.
    #[must_use]
    pub const fn offset(self, bytes: u64) -> Self {
        Self(self.0.wrapping_add(bytes))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

macro_rules! handles {
    ($($(#[$doc:meta])* $name:ident;)+) => {
        $($(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name(pub u64);)+
    };
}

handles! {
    /// A driver's handle of device bytes that have no address yet.
    RawFrame;
    /// A driver's handle of a stream.
    RawStream;
    /// A driver's handle of an event.
    RawEvent;
    /// A driver's handle of loaded code.
    RawModule;
    /// A driver's handle of one entry of loaded code.
    RawFunction;
}

/// What a device is, asked once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Properties {
    /// Kind and number, as errors and reports show it: `cuda:0`, `sim:0`.
    pub name: String,
    /// What the maker calls it.
    pub model: String,
    /// Bytes of memory on the device.
    pub memory_bytes: u64,
    /// Frames are created and mapped in multiples of this: 2 MiB on every device known.
    pub granularity_bytes: u64,
    /// Compute capability, major and minor; (0, 0) where code is not compiled for the device.
    pub capability: (u32, u32),
    /// Multiprocessors: how many blocks of threads run side by side, at least.
    pub multiprocessors: u32,
    /// Threads of one block, at most.
    pub block_threads_max: u32,
    /// Shared memory of one block, in bytes.
    pub shared_bytes_max: u32,
}

/// Device memory at this moment, all processes counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryInfo {
    /// Bytes that can still be created.
    pub free_bytes: u64,
    /// Bytes of the device.
    pub total_bytes: u64,
}

/// How many threads a launch has, and how they are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Blocks in x, y and z.
    pub grid: [u32; 3],
    /// Threads of one block in x, y and z.
    pub block: [u32; 3],
    /// Dynamic shared memory of one block, in bytes.
    pub shared_bytes: u32,
}

impl Geometry {
    /// Enough blocks of `block` threads for `threads` threads in one dimension; at least one block.
    ///
    /// ```
    /// use stratal_tiering::device::Geometry;
    /// assert_eq!(Geometry::line(1000, 256).grid, [4, 1, 1]);
    /// ```
    #[must_use]
    pub const fn line(threads: u32, block: u32) -> Self {
        let block = if block == 0 { 1 } else { block };
        let blocks = if threads == 0 { 1 } else { threads.div_ceil(block) };
        Self { grid: [blocks, 1, 1], block: [block, 1, 1], shared_bytes: 0 }
    }
}

/// One device and everything that can be asked of it. Calls may come from any thread.
///
/// # Errors
/// Every call that returns a `Result` may fail with `OutOfMemory`, `Device` (the call failed and the device goes on)
/// and `Lost` (a sticky error: the device does nothing any more). Each names the device and the call.
pub trait Driver: Send + Sync + fmt::Debug {
    /// What the device is.
    fn properties(&self) -> &Properties;

    /// Memory at this moment.
    fn memory(&self) -> Result<MemoryInfo>;

    /// Whether a sticky error ended this device.
    fn is_lost(&self) -> bool;

    /// Drivers of one family know each other's events, and copy from each other.
    fn family(&self) -> u64;

    /// The lock of its family. Whoever submits holds it, so that work on several streams and devices has one order of
    /// submission; [`Stream::turn`](super::Stream::turn) takes it.
    fn turns(&self) -> &Mutex<()>;

    /// The number by which its family knows this device: pass it to the other's [`Driver::copy_peer`].
    fn peer_token(&self) -> u64;

    /// Takes `len` addresses, a multiple of the granularity and aligned to it; no bytes are behind them.
    fn reserve(&self, len: u64) -> Result<Address>;

    /// Gives addresses back.
    ///
    /// # Safety
    /// `at` and `len` are those of a reservation that nothing is mapped into.
    unsafe fn unreserve(&self, at: Address, len: u64) -> Result<()>;

    /// Takes `len` device bytes, a multiple of the granularity; they have no address yet and unknown content.
    fn create(&self, len: u64) -> Result<RawFrame>;

    /// Gives device bytes back.
    ///
    /// # Safety
    /// The frame is mapped nowhere and used no more.
    unsafe fn destroy(&self, frame: RawFrame) -> Result<()>;

    /// Puts the bytes of `frame`, all `len` of them, at reserved addresses.
    ///
    /// # Safety
    /// `at .. at + len` lies in one reservation, is aligned to the granularity, and nothing is mapped there; `len` is
    /// the length of the frame.
    unsafe fn map(&self, at: Address, frame: RawFrame, len: u64) -> Result<()>;

    /// Takes bytes away from their addresses; the frame keeps its content.
    ///
    /// # Safety
    /// `at` and `len` are those of one [`Driver::map`], and all work that touches those bytes has ended.
    unsafe fn unmap(&self, at: Address, len: u64) -> Result<()>;

    /// Locks host pages, so that copies from and to them run beside the host.
    ///
    /// # Safety
    /// `host .. host + len` is memory of this process that stays mapped until [`Driver::unpin`].
    unsafe fn pin(&self, host: *mut u8, len: usize) -> Result<()>;

    /// Unlocks what [`Driver::pin`] locked.
    ///
    /// # Safety
    /// `host` was pinned, and all copies from and to it have ended.
    unsafe fn unpin(&self, host: *mut u8) -> Result<()>;

    /// Opens a queue of work.
    fn open_stream(&self) -> Result<RawStream>;

    /// Closes a stream; work under way goes on to its end.
    ///
    /// # Safety
    /// The stream is open and used no more.
    unsafe fn close_stream(&self, stream: RawStream) -> Result<()>;

    /// Makes an event, which counts as passed until it is recorded.
    fn open_event(&self) -> Result<RawEvent>;

    /// Forgets an event; streams that wait for it go on to do so.
    ///
    /// # Safety
    /// The event is open and used no more.
    unsafe fn close_event(&self, event: RawEvent) -> Result<()>;

    /// Marks the end of what was submitted to `stream` so far; forgets where the event was before.
    ///
    /// # Safety
    /// Both are open.
    unsafe fn record(&self, event: RawEvent, stream: RawStream) -> Result<()>;

    /// Lets what is submitted to `stream` from now on wait for where `event` was recorded last, on whichever stream.
    ///
    /// # Safety
    /// Both are open; the event may be of another device of the same driver.
    unsafe fn wait(&self, stream: RawStream, event: RawEvent) -> Result<()>;

    /// Whether everything before the event has ended.
    ///
    /// # Safety
    /// The event is open.
    unsafe fn is_past(&self, event: RawEvent) -> Result<bool>;

    /// Lets the host wait until everything before the event has ended; false when `timeout` came first.
    ///
    /// # Safety
    /// The event is open.
    unsafe fn wait_host(&self, event: RawEvent, timeout: Duration) -> Result<bool>;

    /// Copies `len` host bytes to the device, in the order of the stream.
    ///
    /// # Safety
    /// Until the copy has ended, `from .. from + len` is valid for reads and nobody writes it, and `to .. to + len` is
    /// mapped and used by nothing that the stream does not order.
    unsafe fn upload(&self, to: Address, from: *const u8, len: u64, stream: RawStream) -> Result<()>;

    /// Copies `len` device bytes to the host, in the order of the stream.
    ///
    /// # Safety
    /// Until the copy has ended, `to .. to + len` is valid for writes and nobody else uses it, and
    /// `from .. from + len` is mapped and written by nothing that the stream does not order.
    unsafe fn download(&self, to: *mut u8, from: Address, len: u64, stream: RawStream) -> Result<()>;

    /// Copies inside the device, in the order of the stream; the ranges do not overlap.
    ///
    /// # Safety
    /// Both ranges are mapped until the copy has ended, and used by nothing that the stream does not order.
    unsafe fn copy(&self, to: Address, from: Address, len: u64, stream: RawStream) -> Result<()>;

    /// Copies from another device of the same driver, which is `peer` by its [`Driver::peer_token`].
    ///
    /// # Safety
    /// As [`Driver::copy`], with `from` an address of that device, which outlives the copy.
    unsafe fn copy_peer(
        &self,
        to: Address,
        peer: u64,
        from: Address,
        len: u64,
        stream: RawStream,
    ) -> Result<()>;

    /// Sets every byte of a range, in the order of the stream.
    ///
    /// # Safety
    /// As [`Driver::copy`].
    unsafe fn fill(&self, at: Address, byte: u8, len: u64, stream: RawStream) -> Result<()>;

    /// Translates source for this device, at most once per content in the caller's cache.
    ///
    /// # Errors
    /// `Compile` with the compiler's words; `Unsupported` where the device has no compiler.
    fn compile(&self, source: &Source<'_>) -> Result<Image>;

    /// Which compiler [`Driver::compile`] uses, with its version: images of another may differ.
    ///
    /// # Errors
    /// `Unsupported` where the device has no compiler.
    fn compiler(&self) -> Result<String> {
        let error = Error::new(ErrorKind::Unsupported, "the device has no compiler");
        Err(error.with("device", &self.properties().name))
    }

    /// Loads code.
    ///
    /// # Errors
    /// `Unsupported` when the device does not run that kind of code; `Device` when it does not accept the image.
    fn load(&self, code: &Code<'_>) -> Result<RawModule>;

    /// Unloads code.
    ///
    /// # Safety
    /// The module is loaded, no launch of it is under way, and its functions are used no more.
    unsafe fn unload(&self, module: RawModule) -> Result<()>;

    /// One entry of loaded code.
    ///
    /// # Errors
    /// `Missing` when the code has no such entry.
    ///
    /// # Safety
    /// The module is loaded.
    unsafe fn function(&self, module: RawModule, entry: &CStr) -> Result<RawFunction>;

    /// Launches a kernel, in the order of the stream. `arguments` are the bytes of its parameters, laid out as the
    /// fields of a C struct: each at a multiple of its own alignment. They are copied before the call returns.
    ///
    /// # Safety
    /// `arguments` are what the entry declares; what it reads and writes is mapped until the launch has ended, and used
    /// by nothing that the stream does not order.
    unsafe fn launch(
        &self,
        function: RawFunction,
        geometry: &Geometry,
        arguments: &[u8],
        stream: RawStream,
    ) -> Result<()>;
}
