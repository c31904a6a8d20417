//! One view of memory use, for a pool and for the allocator of the process alike, and how it changed.

use std::fmt;

use super::bounded::{Pool, SizeCount};
use super::class::SMALL_MAX;
use super::thread::POOL;
use super::{Stats, stats};

/// Watches a [`Pool`] or the allocator of the process from the moment it is made.
///
/// ```
/// use stratal_runtime::pool::{MemoryTracker, Pool};
/// let pool = Pool::builder().name("batch").capacity(1 << 20).build()?;
/// let tracker = MemoryTracker::of(&pool);
/// let _kept = pool.allocate(5000)?;
/// drop(pool.allocate(9000)?);
/// let change = tracker.change();
/// assert_eq!((change.allocations, change.frees), (2, 1));
/// assert_eq!(change.live_bytes, 5056); // rounded up to the pool's alignment
/// println!("{}", tracker.now());
/// # Ok::<(), stratal_runtime::error::Error>(())
/// ```
#[derive(Debug)]
pub struct MemoryTracker {
    /// `None` for the process.
    pool: Option<Pool>,
    start: MemoryUse,
}

impl MemoryTracker {
    /// Watches one pool, and keeps it alive.
    #[must_use]
    pub fn of(pool: &Pool) -> Self {
        Self { start: MemoryUse::of(pool), pool: Some(pool.clone()) }
    }

    /// Watches the allocator of the process, [`Stratal`](crate::Stratal).
    #[must_use]
    pub fn process() -> Self {
        Self { pool: None, start: MemoryUse::of_process() }
    }

    /// What is used now.
    #[must_use]
    pub fn now(&self) -> MemoryUse {
        self.pool.as_ref().map_or_else(MemoryUse::of_process, MemoryUse::of)
    }

    /// What has changed since the tracker was made.
    #[must_use]
    pub fn change(&self) -> MemoryChange {
        let now = self.now();
        MemoryChange {
            live_bytes: now.live_bytes as i64 - self.start.live_bytes as i64,
            committed_bytes: now.committed_bytes as i64 - self.start.committed_bytes as i64,
            peak_grew_bytes: now.peak_bytes.saturating_sub(self.start.peak_bytes),
            allocations: now.allocations.saturating_sub(self.start.allocations),
            frees: now.frees.saturating_sub(self.start.frees),
        }
    }
}

/// What is used at one moment, in bytes. The equations of [`PoolStats`](super::PoolStats), or of [`Stats`], hold.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryUse {
    /// The pool; `None` for the process.
    pub pool: Option<String>,
    /// Bytes in live blocks, rounded up as the allocator does.
    pub live_bytes: usize,
    /// Most bytes there were at once.
    pub peak_bytes: usize,
    /// What may be backed by memory.
    pub committed_bytes: usize,
    /// Addresses taken from the system.
    pub reserved_bytes: usize,
    /// Blocks handed out; for the process, where they leave slabs and runs.
    pub allocations: u64,
    /// Blocks that came back; for the process, where they reach slabs and runs.
    pub frees: u64,
    /// Live blocks by size, ascending; classes without blocks are left out.
    pub sizes: Vec<SizeCount>,
}

/// How use changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryChange {
    /// Bytes in live blocks, more or fewer.
    pub live_bytes: i64,
    /// What may be backed by memory, more or less.
    pub committed_bytes: i64,
    /// By how much the peak rose.
    pub peak_grew_bytes: usize,
    /// Blocks handed out since.
    pub allocations: u64,
    /// Blocks that came back since.
    pub frees: u64,
}

impl MemoryUse {
    fn of(pool: &Pool) -> Self {
        let stats = pool.stats();
        Self {
            pool: Some(stats.name),
            live_bytes: stats.live_bytes,
            peak_bytes: stats.peak_bytes,
            committed_bytes: stats.committed_bytes,
            reserved_bytes: stats.reserved_bytes,
            allocations: stats.allocations,
            frees: stats.frees,
            sizes: stats.sizes,
        }
    }

    fn of_process() -> Self {
        let stats = stats::snapshot(&POOL);
        let classes = stats.classes.iter().filter(|class| class.blocks > 0);
        let sizes =
            classes.map(|class| SizeCount { least_bytes: class.block_bytes, blocks: class.blocks as u64 });
        let large = SizeCount { least_bytes: SMALL_MAX + 1, blocks: stats.large_blocks };
        let Stats { live_bytes, peak_bytes, committed_bytes, reserved_bytes, allocations, frees, .. } = stats;
        Self {
            pool: None,
            live_bytes,
            peak_bytes,
            committed_bytes,
            reserved_bytes,
            allocations,
            frees,
            sizes: sizes.chain((large.blocks > 0).then_some(large)).collect(),
        }
    }

    /// The part of the committed memory that no live block is in, from 0 to 1.
    #[must_use]
    pub fn fragmentation(&self) -> f64 {
        1.0 - self.live_bytes.min(self.committed_bytes) as f64 / self.committed_bytes.max(1) as f64
    }
}

impl fmt::Display for MemoryUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pool {
            Some(pool) => write!(f, "pool `{pool}`: ")?,
            None => f.write_str("process: ")?,
        }
        write!(
            f,
            "live {}, peak {}, committed {}, reserved {} bytes, {} allocations, {} frees, fragmentation {:.2}",
            self.live_bytes,
            self.peak_bytes,
            self.committed_bytes,
            self.reserved_bytes,
            self.allocations,
            self.frees,
            self.fragmentation()
        )
    }
}
