//! File bytes: submit a flight, wait for its completion. Knows no objects.
//!
//! A [`Flight`] owns its buffer from `submit` until its [`Completion`] gives it back; nothing else may free, move
//! or read those bytes in between, whatever happens to whoever asked (invariant 4). The trait has three
//! implementors: the io_uring ring, the thread pool where the kernel refuses a ring, and a simulator with faults;
//! one conformance suite judges all three.
//!
//! ```text
//! owner ── submit(Flight{buf}) ──> lanes ── gate ──> device ── wait() ──> Completion{Flight{buf}, result} ──> owner
//! ```
//!
//! What the three share is one queue: four [`Lane`]s say which flight goes next, a gate says whether one may,
//! a tuner finds out how much the device should have at once, and flights are cut into pieces on the way.

use crate::error::{Error, Result};
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

/// Where a buffer lies inside a registered region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedPlace {
    /// Index the region was registered under.
    pub region: u16,
    /// The address the bytes had when the region was registered; the pages may have been remapped since, the
    /// kernel still finds them by this number.
    pub address: u64,
}

/// Memory that a flight owns while it is in flight.
///
/// # Safety
/// `start .. start + len` stays valid for reads and writes, unmoved and untouched by others, until the value is
/// dropped; `fixed`, if given, names the same bytes inside a registered region.
pub unsafe trait IoBuf: Send + 'static {
    /// First byte.
    fn start(&self) -> NonNull<u8>;
    /// Bytes.
    fn len(&self) -> usize;
    /// The same bytes inside a registered region.
    fn fixed(&self) -> Option<FixedPlace>;
    /// Whether it holds no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Direction of a flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// File to buffer.
    Read,
    /// Buffer to file.
    Write,
}

impl Op {
    const fn index(self) -> usize {
        self as usize
    }

    const fn other(self) -> Self {
        match self {
            Self::Read => Self::Write,
            Self::Write => Self::Read,
        }
    }
}

/// A file attached to a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileSlot(pub u16);

/// One I/O owning its buffer.
#[derive(Debug)]
pub struct Flight<B> {
    /// Direction.
    pub op: Op,
    /// Which attached file.
    pub file: FileSlot,
    /// Byte offset in the file; aligned as the file's direct I/O demands.
    pub offset: u64,
    /// Bytes to move, from the start of the buffer; aligned as the file's direct I/O demands.
    pub len: u32,
    /// Bytes that must move for success: at most `len`, less where the file may end inside the last block.
    pub need: u32,
    /// The buffer.
    pub buf: B,
    /// The caller's name for this flight.
    pub tag: u64,
    /// How urgent it is.
    pub lane: Lane,
}

/// Proof that a flight ended, and its buffer back.
#[derive(Debug)]
pub struct Completion<B> {
    /// The flight, its buffer included.
    pub flight: Flight<B>,
    /// Bytes moved, at least `need`; or why not. A short transfer has been resubmitted until it made `need` or
    /// reached the end of the file, which is [`ErrorKind::Truncated`](crate::error::ErrorKind::Truncated).
    pub result: Result<u32>,
}

/// Wakes a driver out of `wait` from any thread.
pub trait Wake: Send + Sync {
    /// Makes the current or the next `wait` return soon.
    fn wake(&self);
}

/// Moves file bytes. Owned and called by one thread.
pub trait Io<B: IoBuf> {
    /// Name for reports: `io_uring`, `threads`, `sim`.
    fn name(&self) -> &'static str;

    /// Makes a file known; it stays open until `detach`.
    ///
    /// # Errors
    /// `Unsupported` when all slots are taken, `Io` when the kernel refuses.
    fn attach(&mut self, file: Arc<file::IoFile>) -> Result<FileSlot>;

    /// Forgets a file once its flights have ended.
    fn detach(&mut self, slot: FileSlot);

    /// Registers `base .. base + len` as region `index`, so that flights inside it skip page pinning. Returns
    /// whether the driver took it; a refusal is no failure, flights then go unregistered. An index is registered
    /// once.
    ///
    /// Back the region with huge pages first: the pages are pinned as they are now, and a virtual disk moves 2 MiB
    /// of them two to three times as fast in one piece as in 512.
    ///
    /// # Safety
    /// The pages stay allocated until the driver is dropped or the region unregistered. They may be remapped to other
    /// addresses.
    unsafe fn register(&mut self, index: u16, base: NonNull<u8>, len: usize) -> bool;

    /// Forgets a region: flights inside it go unregistered from now on, and the index may be registered again. Returns
    /// whether the kernel lets go of the pages, once flights that it carries already have ended; an unknown index pins
    /// none.
    fn unregister(&mut self, index: u16) -> bool;

    /// Flights it holds at once. How many of them it gives to the device is its own affair: as many as make the
    /// device fast, and no more.
    fn capacity(&self) -> usize;

    /// Flights that `lane` should still bring: for a demand as many as it holds, for the others as many as keep the
    /// device busy, so that what is not urgent takes no memory before it is its turn.
    fn room(&self, lane: Lane) -> usize;

    /// Gives `pieces` to the device at once from now on, instead of what turns out to be best.
    fn fix_depth(&mut self, pieces: u32);

    /// What it does, for reports.
    fn stats(&self) -> Arc<DriverStats>;

    /// Flights under way.
    fn in_flight(&self) -> usize;

    /// Takes a flight, or gives it back when `capacity` flights are under way. Need not reach the kernel before the
    /// next `wait`.
    #[allow(clippy::result_large_err, reason = "the flight goes back to its owner, buffer included")]
    fn submit(&mut self, flight: Flight<B>) -> std::result::Result<(), Flight<B>>;

    /// Gives up the flight of this tag: it ends, with `Closed` unless it was done before, and no earlier than the
    /// device has let go of its buffer. False where no such flight is under way.
    fn cancel(&mut self, tag: u64) -> bool;

    /// Submits what is queued, the most urgent lane first, and appends what has completed to `done`. Waits up to `timeout` for at least one
    /// completion or a wake; a zero timeout only polls.
    ///
    /// # Errors
    /// `Io` when the driver itself is broken; flights under way stay owned by it.
    fn wait(&mut self, timeout: Duration, done: &mut Vec<Completion<B>>) -> Result<()>;

    /// A handle that ends a `wait` from another thread.
    fn waker(&self) -> Arc<dyn Wake>;
}

/// How long a driver that is dropped waits for its flights before it leaks their buffers.
const DRAIN_DEADLINE: Duration = Duration::from_secs(10);

mod blocking;
pub mod buf;
#[cfg(test)]
mod conformance;
pub mod file;
mod files;
mod gate;
mod lane;
pub mod limit;
mod queue;
pub mod sim;
mod stats;
mod table;
pub mod threads;
mod tuner;
mod underway;
pub mod uring;

pub use lane::Lane;
pub use stats::{DepthReport, DriverReport, DriverStats, LaneReport};

/// The best driver this machine allows, carrying `entries` flights at once: io_uring, or threads with the reason why
/// not io_uring. Whoever opens it says the reason once.
///
/// Call it on the thread that will own the driver: the kernel serves a ring to the thread that made it, which is
/// why the box is not `Send`.
///
/// # Errors
/// `Io` when not even threads can be had.
///
/// ```
/// # fn main() -> Result<(), stratal_tiering::error::Error> {
/// use stratal_tiering::io::{buf::AlignedBuf, open};
/// let (driver, refused) = open::<AlignedBuf>(8)?;
/// assert_eq!(driver.name() == "io_uring", refused.is_none());
/// # Ok(())
/// # }
/// ```
pub fn open<B: IoBuf>(entries: usize) -> Result<(Box<dyn Io<B>>, Option<Error>)> {
    match uring::Uring::open(entries) {
        Ok(ring) => Ok((Box::new(ring), None)),
        Err(refused) => Ok((Box::new(threads::Threads::open(entries)?), Some(refused))),
    }
}
