//! What a bounded pool holds, and how it says that it is full.

use std::error::Error as StdError;
use std::fmt;

use super::Shared;

/// Doublings of block sizes that are told apart: from one byte to any size.
const DOUBLINGS: usize = usize::BITS as usize;

/// Counters of one pool, under its lock. Equation: `allocations - frees` blocks are live, and `live_units` of them.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) live_units: u64,
    pub(super) asked_bytes: u64,
    pub(super) peak_units: u64,
    pub(super) allocations: u64,
    pub(super) frees: u64,
    pub(super) refused: u64,
    /// Live blocks by the doubling of their bytes.
    sizes: [u32; DOUBLINGS],
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            live_units: 0,
            asked_bytes: 0,
            peak_units: 0,
            allocations: 0,
            frees: 0,
            refused: 0,
            sizes: [0; DOUBLINGS],
        }
    }

    /// Counts a block of `units` that was handed out for `asked` bytes.
    pub(super) fn count_in(&mut self, units: u32, unit: usize, asked: usize) {
        self.live_units += u64::from(units);
        self.peak_units = self.peak_units.max(self.live_units);
        self.asked_bytes += asked as u64;
        self.allocations += 1;
        self.sizes[doubling(units, unit)] += 1;
    }

    /// Counts a block that came back.
    pub(super) fn count_out(&mut self, units: u32, unit: usize, asked: usize) {
        self.live_units -= u64::from(units);
        self.asked_bytes -= asked as u64;
        self.frees += 1;
        self.sizes[doubling(units, unit)] -= 1;
    }
}

fn doubling(units: u32, unit: usize) -> usize {
    (units as usize * unit).ilog2() as usize
}

/// A snapshot of one [`Pool`](super::Pool), in bytes.
///
/// Equations:
///
/// - `live_bytes + free_bytes = capacity_bytes`, and `asked_bytes ≤ live_bytes ≤ peak_bytes ≤ capacity_bytes`;
/// - `allocations - frees = live_blocks = Σ sizes.blocks`;
/// - `live_bytes ≤ committed_bytes ≤ reserved_bytes`, and `longest_free_bytes ≤ free_bytes`;
/// - `holes ≤ live_blocks + 1`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// What the pool is called.
    pub name: String,
    /// Bytes that may be in blocks at once.
    pub capacity_bytes: usize,
    /// Addresses taken from the system.
    pub reserved_bytes: usize,
    /// What may be backed by memory: blocks, holes that were not given back, and what was faulted in ahead of use.
    pub committed_bytes: usize,
    /// Bytes in blocks, rounded up to the pool's alignment.
    pub live_bytes: usize,
    /// Bytes in blocks as they were asked for.
    pub asked_bytes: usize,
    /// Most bytes that were in blocks at once.
    pub peak_bytes: usize,
    /// Blocks that are live.
    pub live_blocks: u64,
    /// Blocks handed out since the pool was built.
    pub allocations: u64,
    /// Blocks that came back.
    pub frees: u64,
    /// Requests that found no room.
    pub refused: u64,
    /// Bytes that are in no block.
    pub free_bytes: usize,
    /// Bytes of the longest free range: the largest block that could be had.
    pub longest_free_bytes: usize,
    /// Free ranges between and before blocks.
    pub holes: usize,
    /// Memory that describes the pool, its holes included.
    pub metadata_bytes: usize,
    /// Live blocks by size, each class twice as large as the one before; classes without blocks are left out.
    pub sizes: Vec<SizeCount>,
}

/// The live blocks of one size class of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SizeCount {
    /// Bytes of the smallest block of the class; the largest has less than twice as many.
    pub least_bytes: usize,
    /// Blocks that are live.
    pub blocks: u64,
}

impl PoolStats {
    pub(super) fn of(shared: &Shared) -> Self {
        let state = shared.state.lock();
        let tally = &state.tally;
        let bytes = |units: u64| usize::try_from(units).unwrap_or(usize::MAX).saturating_mul(shared.unit);
        let (_, dirty) = state.holes.units();
        let ahead = state.backed.saturating_sub(state.frontier);
        let last = state.holes.last().filter(|hole| hole.end() == state.frontier);
        let far_end = shared.limit - last.map_or(state.frontier, |hole| hole.first());
        Self {
            name: shared.name.to_string(),
            capacity_bytes: bytes(shared.limit.into()),
            reserved_bytes: shared.region.len(),
            committed_bytes: bytes(tally.live_units + dirty + u64::from(ahead)),
            live_bytes: bytes(tally.live_units),
            asked_bytes: usize::try_from(tally.asked_bytes).unwrap_or(usize::MAX),
            peak_bytes: bytes(tally.peak_units),
            live_blocks: tally.allocations - tally.frees,
            allocations: tally.allocations,
            frees: tally.frees,
            refused: tally.refused,
            free_bytes: bytes(u64::from(shared.limit) - tally.live_units),
            longest_free_bytes: bytes(state.holes.longest().max(far_end).into()),
            holes: state.holes.count(),
            metadata_bytes: size_of::<Shared>() + state.holes.metadata_bytes(),
            sizes: (0..DOUBLINGS)
                .filter(|&doubling| tally.sizes[doubling] > 0)
                .map(|doubling| SizeCount {
                    least_bytes: 1 << doubling,
                    blocks: tally.sizes[doubling].into(),
                })
                .collect(),
        }
    }

    /// How much of the free memory no single block could have: 0 if it lies in one piece, near 1 if it is scattered.
    #[must_use]
    pub fn fragmentation(&self) -> f64 {
        if self.free_bytes == 0 { 0.0 } else { 1.0 - self.longest_free_bytes as f64 / self.free_bytes as f64 }
    }

    /// The part of the capacity that is in blocks, from 0 to 1.
    #[must_use]
    pub fn pressure(&self) -> f64 {
        self.live_bytes as f64 / self.capacity_bytes.max(1) as f64
    }
}

impl fmt::Display for PoolStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "pool `{}`: {} of {} bytes live in {} blocks, peak {}, committed {}",
            self.name,
            self.live_bytes,
            self.capacity_bytes,
            self.live_blocks,
            self.peak_bytes,
            self.committed_bytes
        )?;
        write!(
            f,
            "{} allocations, {} frees, {} refused; longest free block {}, fragmentation {:.2}",
            self.allocations,
            self.frees,
            self.refused,
            self.longest_free_bytes,
            self.fragmentation()
        )
    }
}

/// Why a pool refused: the source of its errors.
///
/// ```
/// use std::error::Error;
/// use stratal_runtime::pool::{Pool, PoolFull};
/// let pool = Pool::builder().capacity(4096).build()?;
/// let _held = pool.allocate(1024)?;
/// let error = pool.allocate(3500).unwrap_err();
/// let full = error.source().and_then(|source| source.downcast_ref::<PoolFull>()).expect("says why");
/// assert_eq!((full.asked_bytes, full.free_bytes, full.longest_free_bytes), (3500, 3072, 3072));
/// # Ok::<(), stratal_runtime::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolFull {
    /// Bytes that were asked for.
    pub asked_bytes: usize,
    /// Bytes in no block.
    pub free_bytes: usize,
    /// Bytes of the longest free range.
    pub longest_free_bytes: usize,
    /// Bytes that may be in blocks at once.
    pub capacity_bytes: usize,
}

impl fmt::Display for PoolFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { asked_bytes, free_bytes, longest_free_bytes, capacity_bytes } = self;
        write!(
            f,
            "{asked_bytes} bytes asked, {free_bytes} of {capacity_bytes} free, the longest free block has \
             {longest_free_bytes}"
        )
    }
}

impl StdError for PoolFull {}
