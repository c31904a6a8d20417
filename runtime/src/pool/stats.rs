//! What the allocator of the process holds: counters that cost something only where slabs and runs change hands.
//!
//! A block that a thread frees and allocates again from its own cache leaves no trace; blocks are counted where they
//! leave a slab for a cache (refill) and where they come back (flush). A snapshot takes off what caches hold now.

use std::fmt;

use super::class::{Class, SLICE};
use super::whole::Pool;

/// A snapshot of the allocator of the process, in bytes.
///
/// Equations, while nothing else runs (threads that allocate meanwhile may be counted half):
///
/// - `live_bytes = large_bytes + Σ class.live_bytes()`;
/// - `live_bytes + cached_bytes ≤ committed_bytes ≤ reserved_bytes`, and `live_bytes ≤ peak_bytes`;
/// - `allocations - frees = large_blocks + Σ (class.blocks + class.cached)`.
///
/// ```
/// use stratal_runtime::Stratal;
/// #[global_allocator]
/// static GLOBAL: Stratal = Stratal::new();
///
/// let before = GLOBAL.stats();
/// let numbers = vec![0_u8; 10 << 20];
/// let after = GLOBAL.stats();
/// assert!(after.live_bytes >= before.live_bytes + numbers.len());
/// println!("{after}");
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// Addresses taken from the system, backed by memory or not.
    pub reserved_bytes: usize,
    /// What may be backed by memory: live slabs and runs, and free ones that were not given back yet.
    pub committed_bytes: usize,
    /// What the application holds, rounded up to size classes and slices; blocks on their way back to the thread that
    /// owns their slab included.
    pub live_bytes: usize,
    /// What caches of threads keep ready.
    pub cached_bytes: usize,
    /// Most bytes that were in slabs, plus most that were in blocks above 64 KiB, at once each.
    pub peak_bytes: usize,
    /// The part of `live_bytes` in blocks above 64 KiB.
    pub large_bytes: usize,
    /// Those blocks, the ones that threads keep ready included.
    pub large_blocks: u64,
    /// Blocks that left slabs and runs: for the application, or for a cache that it allocates from.
    pub allocations: u64,
    /// Blocks that came back to slabs and runs.
    pub frees: u64,
    /// The small blocks, by size class, ascending.
    pub classes: [ClassStats; 44],
}

/// The blocks of one size class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClassStats {
    /// Bytes of one block.
    pub block_bytes: usize,
    /// Blocks that are live.
    pub blocks: usize,
    /// Blocks that caches of threads keep ready.
    pub cached: usize,
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

impl Stats {
    /// The part of the committed memory that no live block is in, from 0 to 1: holes in slabs, caches, and free memory
    /// that was not given back.
    #[must_use]
    pub fn fragmentation(&self) -> f64 {
        1.0 - self.live_bytes.min(self.committed_bytes) as f64 / self.committed_bytes.max(1) as f64
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "live {}, of it {} in {} blocks above 64 KiB; {} in caches",
            self.live_bytes, self.large_bytes, self.large_blocks, self.cached_bytes
        )?;
        writeln!(
            f,
            "peak {}, committed {}, reserved {} bytes; fragmentation {:.2}",
            self.peak_bytes,
            self.committed_bytes,
            self.reserved_bytes,
            self.fragmentation()
        )?;
        write!(f, "{} blocks out of slabs and runs, {} back", self.allocations, self.frees)?;
        for class in self.classes.iter().filter(|class| class.slab_bytes > 0) {
            let ClassStats { block_bytes, blocks, cached, slab_bytes } = class;
            write!(f, "\n{block_bytes:>6} bytes: {blocks} live, {cached} cached, in {slab_bytes} of slabs")?;
        }
        Ok(())
    }
}

/// Counts what `pool` holds now.
pub(crate) fn snapshot(pool: &Pool) -> Stats {
    let mut classes = [ClassStats::default(); Class::COUNT];
    let (mut allocations, mut frees, mut kept) = (0, 0, 0);
    pool.for_each_heap(|heap| {
        kept += u64::from(heap.runs().held());
        for class in Class::all() {
            let counts = heap.counts(class);
            let sum = &mut classes[class.index()];
            sum.blocks = sum.blocks.wrapping_add(counts.taken).wrapping_sub(counts.returned);
            sum.cached += counts.cached;
            sum.slab_bytes += counts.slabs * class.slab_slices() as usize * SLICE;
            allocations += counts.taken as u64;
            frees += counts.returned as u64;
        }
    });
    let mut cached_bytes = bytes(kept);
    for class in Class::all() {
        let sum = &mut classes[class.index()];
        sum.block_bytes = class.bytes();
        sum.cached = sum.cached.min(sum.blocks);
        sum.blocks -= sum.cached;
        cached_bytes += sum.cached * sum.block_bytes;
    }
    let (small_held, small_peak) = {
        let runs = pool.slab_runs.lock();
        (runs.held().0, runs.peak())
    };
    let (large_held, large_peak, traffic) = {
        let runs = pool.large_runs.lock();
        (runs.held(), runs.peak(), runs.traffic())
    };
    let large_bytes = bytes(large_held.1.saturating_sub(kept));
    Stats {
        reserved_bytes: pool.map.reserved_bytes() + pool.room.meta.lock().reserved_bytes(),
        committed_bytes: bytes(small_held + large_held.0),
        live_bytes: large_bytes + classes.iter().map(ClassStats::live_bytes).sum::<usize>(),
        cached_bytes,
        peak_bytes: bytes(small_peak + large_peak),
        large_bytes,
        large_blocks: traffic.0 - traffic.1,
        allocations: allocations + traffic.0,
        frees: frees + traffic.1,
        classes,
    }
}

fn bytes(slices: u64) -> usize {
    usize::try_from(slices).unwrap_or(usize::MAX).saturating_mul(SLICE)
}
