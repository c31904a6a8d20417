//! What a pool holds: counters that cost something only where slabs and runs change hands.

use super::class::{Class, SLICE};
use super::whole::Pool;

/// A snapshot of the pool of the process, in bytes.
///
/// Equation: `live_bytes = large_bytes + Σ class.live_bytes()` and `live_bytes ≤ committed_bytes ≤ reserved_bytes`
/// while nothing else runs; threads that allocate meanwhile may be counted half.
///
/// Live blocks include those that the caches of threads keep ready, and those on their way back to the thread that
/// owns their slab.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// Addresses taken from the system, backed by memory or not.
    pub reserved_bytes: usize,
    /// What may be backed by memory: live slabs and runs, and free ones that were not given back yet.
    pub committed_bytes: usize,
    /// What the application holds, rounded up to size classes and slices.
    pub live_bytes: usize,
    /// The part of `live_bytes` in blocks above 32 KiB.
    pub large_bytes: usize,
    /// The small blocks, by size class, ascending.
    pub classes: [ClassStats; 40],
}

/// The blocks of one size class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClassStats {
    /// Bytes of one block.
    pub block_bytes: usize,
    /// Blocks that are live.
    pub blocks: usize,
    /// Bytes of the slabs that hold them.
    pub slab_bytes: usize,
}

impl ClassStats {
    /// Bytes of the live blocks.
    #[must_use]
    pub fn live_bytes(&self) -> usize {
        self.blocks * self.block_bytes
    }
}

/// Counts what `pool` holds now.
pub(crate) fn snapshot(pool: &Pool) -> Stats {
    let mut classes = [ClassStats::default(); Class::COUNT];
    for class in Class::all() {
        classes[class.index()].block_bytes = class.bytes();
    }
    pool.for_each_heap(|heap| {
        for class in Class::all() {
            let (slabs, blocks) = heap.counts(class);
            classes[class.index()].blocks += blocks;
            classes[class.index()].slab_bytes += slabs * class.slab_slices() as usize * SLICE;
        }
    });
    let bytes = |slices: u64| usize::try_from(slices).unwrap_or(usize::MAX).saturating_mul(SLICE);
    let (small_held, _) = { pool.slab_runs.lock().held() };
    let (large_held, large_used) = { pool.large_runs.lock().held() };
    let large_bytes = bytes(large_used);
    Stats {
        reserved_bytes: pool.map.reserved_bytes() + pool.room.meta.lock().reserved_bytes(),
        committed_bytes: bytes(small_held + large_held),
        live_bytes: large_bytes + classes.iter().map(ClassStats::live_bytes).sum::<usize>(),
        large_bytes,
        classes,
    }
}
