//! Pools as objects: bytes under a limit of their own, apart from the allocator of the process.
//!
//! ```text
//! region  │##block##│ hole │#block#│ hole │      fresh       │
//!         0                                frontier   backed  capacity
//! ```
//!
//! A [`Pool`] is one reservation of addresses, cut into blocks at multiples of its alignment. Free space is described
//! out of line by eight bytes per hole ([`holes`]) and nothing per block: a [`PoolBuffer`] knows its own length, as a
//! `Layout` does. The lowest hole that fits is taken, so the far end stays free and can be given back.
//!
//! This is the one kind of pool. A buddy tree would round a tensor of 1.1 times a power of two up to the next one, and
//! a slab per size would strand what other sizes need; same-sized staging blocks reuse the lowest hole in one step
//! anyway. Values that die together have [`arena`](crate::arena).
//!
//! Invariants: blocks, holes and what lies above `frontier` tile the region; nothing above `frontier` was ever
//! written, or it was wiped since; a block keeps its pool alive, and the pool its region.

mod buffer;
mod builder;
mod holes;
mod region;
mod sites;
mod stats;

use std::alloc::Layout;
use std::ptr::NonNull;
use std::sync::Arc;

pub use buffer::PoolBuffer;
pub use builder::PoolBuilder;
pub use stats::{PoolFull, PoolStats, SizeCount};

use super::leak::{Leak, Site};
use super::lock::Lock;
use crate::error::{Error, ErrorKind, Result};
use holes::{Hole, Holes};
use region::Region;
use sites::Sites;
use stats::Tally;

/// A pool of aligned bytes with a limit, statistics and memory of its own; clones are handles on the same pool.
///
/// ```
/// use stratal_runtime::pool::Pool;
/// let pool = Pool::builder().name("staging").capacity(1 << 20).align(4096).build()?;
/// let mut block = pool.allocate(300_000)?;
/// block[..5].copy_from_slice(b"hello");
/// assert_eq!(block.as_ptr().addr() % 4096, 0);
///
/// let refused = pool.allocate(900_000).unwrap_err();
/// assert_eq!(refused.fact("pool"), Some("staging"));
///
/// drop(block); // back to its pool
/// assert!(pool.allocate(900_000).is_ok());
/// # Ok::<(), stratal_runtime::error::Error>(())
/// ```
///
/// - **Limit**: what does not fit is an error of kind `NoSpace` (`Budget` if it never can), whose source is a
///   [`PoolFull`] that says how much was asked and free, and how long the longest free block is.
/// - **Threads**: any number may allocate and free; one short lock orders them.
/// - **Lifetime**: addresses go back to the system when the last handle *and* the last block are gone.
/// - **Fork**: a child has a copy of the pool as it was. If another thread was allocating from it at that moment, the
///   child must not use it.
#[derive(Clone, Debug)]
pub struct Pool(Arc<Shared>);

/// What handles and blocks share.
#[derive(Debug)]
struct Shared {
    name: Box<str>,
    unit: usize,
    /// Units that may be handed out.
    limit: u32,
    /// Units that memory is taken in, ahead of use; 0 if pages are backed as they are touched.
    growth: u32,
    state: Lock<State>,
    /// Last: what describes it goes first.
    region: Region,
}

/// What changes, under the lock. Equation, in units: `live + holes + (limit - frontier) = limit`.
#[derive(Debug)]
struct State {
    holes: Holes,
    /// Units from here on were never handed out and read as zero.
    frontier: u32,
    /// Units below this were faulted in ahead of use.
    backed: u32,
    tally: Tally,
    sites: Sites,
}

/// Units that were handed out.
#[derive(Clone, Copy, Debug)]
struct Taken {
    first: u32,
    /// How many of them, from the first on, may hold old contents.
    dirty: u32,
}

impl Pool {
    /// Starts to describe a pool.
    pub fn builder() -> PoolBuilder {
        PoolBuilder::new()
    }

    /// `len` bytes of zero.
    ///
    /// # Errors
    ///
    /// `NoSpace` if no hole is long enough, `Budget` if `len` is above the capacity, both with a [`PoolFull`] as
    /// source; `OutOfMemory` if the pool grows ahead of use and the system has no more.
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn allocate(&self, len: usize) -> Result<PoolBuffer> {
        self.allocate_aligned(len, 1)
    }

    /// `len` bytes of zero at a multiple of `align` as well as of the pool's alignment.
    ///
    /// # Errors
    ///
    /// As for [`allocate`](Self::allocate); `Unsupported` if `align` is no power of two.
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn allocate_aligned(&self, len: usize, align: usize) -> Result<PoolBuffer> {
        let (mut buffer, dirty) = self.obtain(len, align, Site::here(None))?;
        buffer[..dirty].fill(0);
        Ok(buffer)
    }

    /// `len` bytes that hold whatever their last holder left: for memory that is about to be overwritten.
    ///
    /// # Errors
    ///
    /// As for [`allocate`](Self::allocate).
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn allocate_unzeroed(&self, len: usize) -> Result<PoolBuffer> {
        Ok(self.obtain(len, 1, Site::here(None))?.0)
    }

    /// Zeroed bytes for `count` values of `T`, aligned for them; leaks are reported with the name of `T`.
    ///
    /// # Errors
    ///
    /// As for [`allocate`](Self::allocate).
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn allocate_for<T>(&self, count: usize) -> Result<PoolBuffer> {
        let layout = Layout::array::<T>(count)
            .map_err(|_| Error::new(ErrorKind::Budget, "a size that wraps").with("pool", self.name()))?;
        let (mut buffer, dirty) =
            self.obtain(layout.size(), layout.align(), Site::here(Some(std::any::type_name::<T>())))?;
        buffer[..dirty].fill(0);
        Ok(buffer)
    }

    /// What it is called in errors and reports.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Bytes that may be in blocks at once.
    #[must_use]
    pub fn capacity_bytes(&self) -> usize {
        self.0.bytes(self.0.limit)
    }

    /// Every block starts at a multiple of this many bytes, and takes a multiple of them.
    #[must_use]
    pub fn alignment(&self) -> usize {
        self.0.unit
    }

    /// The memory node that its pages are taken from, if one was asked for and the system took the wish.
    #[must_use]
    pub fn numa_node(&self) -> Option<u32> {
        self.0.region.node()
    }

    /// The part of the capacity that is in blocks, from 0 to 1.
    #[must_use]
    pub fn pressure(&self) -> f64 {
        let live = self.0.state.lock().tally.live_units;
        live as f64 / f64::from(self.0.limit.max(1))
    }

    /// What it holds now.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        PoolStats::of(&self.0)
    }

    /// Gives the memory above the last block back to the system; how many bytes. It stays reserved.
    pub fn shrink(&self) -> usize {
        let mut guard = self.0.state.lock();
        let state = &mut *guard;
        let last = state.holes.take_last(state.frontier);
        let start = last.map_or(state.frontier, Hole::first);
        let end = state.frontier.max(state.backed);
        // SAFETY: nothing above the last block belongs to anybody, and the lock keeps it so.
        let Some(gone) = (unsafe { self.0.wipe(start, end) }) else {
            if let Some(last) = last {
                state.holes.give(last);
            }
            return 0;
        };
        state.frontier = start;
        state.backed = state.backed.min(start);
        gone
    }

    /// Gives all free memory back to the system, between blocks too; how many bytes. It stays reserved.
    ///
    /// Breaks huge pages that blocks share with holes; [`shrink`](Self::shrink) keeps all but the last.
    pub fn purge(&self) -> usize {
        let mut gone = self.shrink();
        let mut state = self.0.state.lock();
        state.holes.clean(|hole| {
            // SAFETY: a hole belongs to nobody, and the lock keeps it so.
            let wiped = unsafe { self.0.wipe(hole.first(), hole.end()) };
            gone += wiped.unwrap_or(0);
            wiped.is_some()
        });
        gone
    }

    /// A block, and how many of its bytes, from the first on, are not known to be zero.
    fn obtain(&self, len: usize, align: usize, site: Site) -> Result<(PoolBuffer, usize)> {
        if !align.is_power_of_two() {
            let message = format!("an alignment of {align} bytes");
            return Err(Error::new(ErrorKind::Unsupported, message).with("pool", self.name()));
        }
        if len == 0 {
            return Ok((PoolBuffer::empty(self.clone(), align.max(self.0.unit)), 0));
        }
        let shared = &*self.0;
        let units = len.div_ceil(shared.unit);
        let units = u32::try_from(units).ok().filter(|units| *units <= shared.limit);
        let Some(units) = units else {
            return Err(self.refusal(ErrorKind::Budget, len));
        };
        let taken = {
            let mut state = shared.state.lock();
            let taken = shared.take(&mut state, units, align)?;
            if let Some(taken) = taken {
                state.tally.count_in(units, shared.unit, len);
                state.sites.enter(taken.first, len, site);
            }
            taken
        };
        let taken = taken.ok_or_else(|| self.refusal(ErrorKind::NoSpace, len))?;
        let start = shared.region.address(shared.bytes(taken.first));
        let dirty = shared.bytes(taken.dirty).min(len);
        // SAFETY: the units were taken just now, so nobody else has them, and the handle keeps the region alive.
        Ok((unsafe { PoolBuffer::new(self.clone(), start, len) }, dirty))
    }

    #[cold]
    fn refusal(&self, kind: ErrorKind, asked: usize) -> Error {
        self.0.state.lock().tally.refused += 1;
        let stats = self.stats();
        Error::new(kind, "the pool has no such block").with("pool", self.name()).caused_by(PoolFull {
            asked_bytes: asked,
            free_bytes: stats.free_bytes,
            longest_free_bytes: stats.longest_free_bytes,
            capacity_bytes: stats.capacity_bytes,
        })
    }

    /// Takes a block back.
    fn take_back(&self, start: NonNull<u8>, len: usize) {
        let shared = &*self.0;
        let first = (start.addr().get() - shared.region.address(0).addr().get()) / shared.unit;
        let units = len.div_ceil(shared.unit);
        let mut state = shared.state.lock();
        let freed = state.holes.give(Hole::new(first as u32, units as u32, false));
        debug_assert!(freed, "a block is freed once, by its only holder");
        state.tally.count_out(units as u32, shared.unit, len);
        state.sites.leave(first as u32);
    }

    /// Every live block with the place that asked for it, in builds that note it.
    pub(super) fn live_sites(&self) -> Vec<Leak> {
        self.0.state.lock().sites.live(&self.0.name)
    }
}

impl Shared {
    fn bytes(&self, units: u32) -> usize {
        units as usize * self.unit
    }

    /// Where `units` at a multiple of `align` bytes fit into a hole.
    fn place(&self, hole_first: u32, align: usize) -> Option<u32> {
        let base = self.region.address(0).addr().get();
        let start = (base + self.bytes(hole_first)).checked_next_multiple_of(align)?;
        u32::try_from((start - base) / self.unit).ok()
    }

    /// Takes units from the lowest hole that has them, or above the frontier; `None` if there are none.
    fn take(&self, state: &mut State, units: u32, align: usize) -> Result<Option<Taken>> {
        let align = align.max(self.unit);
        let in_hole = |hole: Hole| {
            let first = self.place(hole.first(), align)?;
            (first.checked_add(units)? <= hole.end()).then_some(first)
        };
        if let Some(block) = state.holes.take(units, in_hole) {
            let dirty = if block.is_clean() { 0 } else { units };
            return Ok(Some(Taken { first: block.first(), dirty }));
        }
        self.take_fresh(state, units, align)
    }

    /// Takes units of the hole below the frontier, if there is one, and above it.
    fn take_fresh(&self, state: &mut State, units: u32, align: usize) -> Result<Option<Taken>> {
        let last = state.holes.last().filter(|hole| hole.end() == state.frontier);
        let start = last.map_or(state.frontier, Hole::first);
        let end = self.place(start, align).and_then(|first| Some((first, first.checked_add(units)?)));
        let Some((first, end)) = end.filter(|(_, end)| *end <= self.limit) else { return Ok(None) };
        if self.growth > 0 && end > state.backed {
            let target = state.backed.saturating_add(self.growth).clamp(end, self.limit);
            // SAFETY: what lies above what was backed was never handed out.
            unsafe { self.populate(state.backed, target) }?;
            state.backed = target;
        }
        let old = std::mem::replace(&mut state.frontier, end);
        if let Some(last) = last {
            state.holes.take_last(old);
            if let Some(below) = last.part(last.first(), first.min(old)) {
                state.holes.give(below);
            }
        }
        if first > old {
            state.holes.give(Hole::new(old, first - old, old >= state.backed));
        }
        let is_clean = last.is_none_or(Hole::is_clean);
        Ok(Some(Taken { first, dirty: if is_clean { 0 } else { old.saturating_sub(first) } }))
    }

    /// Backs units with memory.
    ///
    /// # Safety
    ///
    /// They lie inside the region, and nobody else accesses them.
    unsafe fn populate(&self, from: u32, to: u32) -> Result<()> {
        let range = self.bytes(from)..self.bytes(to);
        // SAFETY: forwarded.
        unsafe { self.region.populate(range) }.map_err(|error| error.with("pool", &self.name))
    }

    /// Makes units read as zero and takes the memory from their whole pages; see [`Region::wipe`].
    ///
    /// # Safety
    ///
    /// They lie inside the region, and nobody uses them.
    unsafe fn wipe(&self, from: u32, to: u32) -> Option<usize> {
        // SAFETY: forwarded.
        unsafe { self.region.wipe(self.bytes(from)..self.bytes(to)) }
    }
}

#[cfg(test)]
mod tests;
