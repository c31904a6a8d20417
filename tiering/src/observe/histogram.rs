//! How long things take: counts by duration in a few KiB, recorded from any thread without a lock.
//!
//! Buckets are linear below 16 ns and log-linear above: every power of two is cut into 16 equal parts, as in
//! HdrHistogram. A quantile is told as the upper edge of its bucket, so it is never below the true value, and above it
//! by at most a sixteenth (6.25 %). What takes longer than 2^40 ns (18 minutes) shares the last bucket; the maximum is
//! kept exactly.
//!
//! ```text
//!  0 1 2 … 15 │ 16 17 … 31 │ 32 34 … 62 │ 64 68 … 124 │ …      lower edges, ns
//!   width 1   │   width 1  │   width 2  │   width 4   │
//! ```
//!
//! The equation of a distribution: `count = Σ counts`, `mean = sum / count`.

use std::fmt;
use std::ops::Sub;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Parts of each power of two, as a power of two.
const PART_BITS: u32 = 4;
const PARTS: usize = 1 << PART_BITS;

/// Powers of two from 2^4 to 2^40.
const OCTAVES: usize = 36;

const BUCKETS: usize = PARTS * (1 + OCTAVES);

/// Durations, counted. Recording costs three relaxed additions.
///
/// ```
/// use stratal_tiering::observe::histogram::Histogram;
/// let waits = Histogram::new();
/// (1..=100).for_each(|us| waits.record(us * 1_000));
/// let seen = waits.snapshot();
/// let p99 = seen.quantile_ns(0.99).unwrap();
/// assert!((99_000..=99_000 + 99_000 / 16).contains(&p99));
/// assert_eq!((seen.count(), seen.max_ns()), (100, 100_000));
/// ```
#[derive(Debug)]
pub struct Histogram {
    counts: Box<[AtomicU64]>,
    sum_ns: AtomicU64,
    max_ns: AtomicU64,
}

impl Histogram {
    /// Nothing counted.
    #[must_use]
    pub fn new() -> Self {
        let counts = (0..BUCKETS).map(|_| AtomicU64::new(0)).collect();
        Self { counts, sum_ns: AtomicU64::new(0), max_ns: AtomicU64::new(0) }
    }

    /// Counts one duration.
    pub fn record(&self, ns: u64) {
        self.counts[bucket(ns)].fetch_add(1, Ordering::Relaxed);
        self.sum_ns.fetch_add(ns, Ordering::Relaxed);
        self.max_ns.fetch_max(ns, Ordering::Relaxed);
    }

    /// All of it now. Each number is exact; between two of them others may have moved on.
    #[must_use]
    pub fn snapshot(&self) -> Distribution {
        Distribution {
            counts: self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect(),
            sum_ns: self.sum_ns.load(Ordering::Relaxed),
            max_ns: self.max_ns.load(Ordering::Relaxed),
        }
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

/// Where a duration is counted.
fn bucket(ns: u64) -> usize {
    let Some(octave) = ns.checked_ilog2().and_then(|log| log.checked_sub(PART_BITS)) else {
        // Below 16.
        return ns as usize;
    };
    // 16 to 31: the leading bits.
    let part = (ns >> octave) as usize;
    (octave as usize * PARTS + part).min(BUCKETS - 1)
}

/// The greatest duration that is counted in a bucket.
fn upper_ns(bucket: usize) -> u64 {
    if bucket < PARTS {
        return bucket as u64;
    }
    let (octave, part) = (bucket / PARTS - 1, bucket % PARTS + PARTS);
    ((part as u64 + 1) << octave) - 1
}

/// A [`Histogram`] at one moment, or what was added between two.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Distribution {
    counts: Box<[u64]>,
    sum_ns: u64,
    max_ns: u64,
}

impl Distribution {
    /// Durations counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// All of them together, in nanoseconds.
    #[must_use]
    pub fn sum_ns(&self) -> u64 {
        self.sum_ns
    }

    /// The mean, in nanoseconds; `None` where nothing was counted.
    #[must_use]
    pub fn mean_ns(&self) -> Option<u64> {
        self.sum_ns.checked_div(self.count())
    }

    /// The longest since the histogram was made, in nanoseconds.
    #[must_use]
    pub fn max_ns(&self) -> u64 {
        self.max_ns
    }

    /// What the given share of them did not exceed, in nanoseconds: never below the true quantile, and above it by at
    /// most a sixteenth; `None` where nothing was counted.
    #[must_use]
    pub fn quantile_ns(&self, share: f64) -> Option<u64> {
        let count = self.count();
        // At least one, at most all of them.
        let rank = ((share.clamp(0.0, 1.0) * count as f64).ceil() as u64).max(1);
        let mut below = 0;
        let at = self.counts.iter().position(|count| {
            below += count;
            below >= rank
        })?;
        let edge = if at == BUCKETS - 1 { self.max_ns } else { upper_ns(at) };
        Some(edge.min(self.max_ns))
    }
}

impl Sub<&Self> for Distribution {
    type Output = Self;

    /// What was added since `earlier`; the maximum stays that of all time.
    fn sub(mut self, earlier: &Self) -> Self {
        for (count, before) in self.counts.iter_mut().zip(&earlier.counts) {
            *count = count.saturating_sub(*before);
        }
        self.sum_ns = self.sum_ns.saturating_sub(earlier.sum_ns);
        self
    }
}

impl fmt::Display for Distribution {
    /// `12 times, mean 1.2ms, p50 1.1ms, p90 2.0ms, p99 3.1ms, max 4.0ms`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(mean) = self.mean_ns() else { return f.write_str("none") };
        write!(f, "{} times, mean {:.1?}", self.count(), Duration::from_nanos(mean))?;
        for (name, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)] {
            let ns = self.quantile_ns(share).unwrap_or(0);
            write!(f, ", {name} {:.1?}", Duration::from_nanos(ns))?;
        }
        write!(f, ", max {:.1?}", Duration::from_nanos(self.max_ns))
    }
}

impl fmt::Debug for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Distribution({self})")
    }
}

#[cfg(test)]
mod tests;
