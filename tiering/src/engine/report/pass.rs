//! How far the last pass was from the best there could be: in bytes from MIN, in time from the two bounds.

use crate::engine::pass::PassTaken;
use crate::object::Trace;
use crate::plan::bound::{bound_ns, roofline_ns};
use crate::plan::min::bytes_per_pass;
use std::fmt;

/// Passes that MIN is played, more where they are short: the first fills the tier, the last keeps nothing, and what the
/// others read goes up and down by a chunk.
const MIN_PASSES: std::ops::RangeInclusive<usize> = 8..=64;

/// Passes that the plan is played; the last is steady.
const PLAN_PASSES: u32 = 4;

/// Chunk uses of the longest pass that is played for a report: more would take longer than a report may.
const USES_MAX: usize = 100_000;

/// The followed pass: what the last whole one took, and what it could have taken.
#[derive(Clone, Debug, PartialEq)]
pub struct PassReport {
    /// Leases of the pass.
    pub leases: usize,
    /// Bytes that the schedule fetches, once settled.
    pub bytes_scheduled: u64,
    /// Fewest bytes that a pass can fetch with the budget less the window, by Belady's MIN once settled; `None` for
    /// passes of more than 100,000 chunk uses, which take too long to play.
    pub bytes_min: Option<u64>,
    /// The last whole pass; `None` before one was followed from its beginning to its end.
    pub taken: Option<PassTaken>,
    /// The least it could have taken; `None` without `taken`, without `bytes_min`, or before the disk was measured.
    pub bounds: Option<Bounds>,
}

/// The least time of a pass, with its computing taken to be what it did not wait for, spread over its leases by their
/// bytes, and the disk to be as fast as [`Report::disk_limit_bytes_per_s`](super::Report::disk_limit_bytes_per_s).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// By totals: all its computing, or the bytes of MIN with the whole budget at the disk's limit.
    pub roofline_ns: u64,
    /// By the moves of the plan: transfers back to back on one link, computing on one processor.
    pub plan_ns: u64,
}

/// What a pass is judged by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Means {
    pub(super) capacity_bytes: u64,
    pub(super) window_bytes: u64,
    pub(super) bytes_scheduled: u64,
    pub(super) disk_bytes_per_s: Option<f64>,
    pub(super) taken: Option<PassTaken>,
}

impl PassReport {
    pub(super) fn of(trace: &Trace, means: &Means) -> Self {
        let uses: usize = trace.steps.iter().map(|step| step.touches.len()).sum();
        let resident_bytes = means.capacity_bytes.saturating_sub(means.window_bytes);
        let least = |capacity_bytes| {
            // At most 64.
            let passes = (2 * USES_MAX / uses.max(1)).clamp(*MIN_PASSES.start(), *MIN_PASSES.end()) as u32;
            bytes_per_pass(trace, capacity_bytes, passes).ok()
        };
        let bytes_min = if uses <= USES_MAX { least(resident_bytes) } else { None };
        let bytes_min = bytes_min.map(|passes| settled(&passes));
        let fewest = || least(means.capacity_bytes).map(|passes| settled(&passes));
        Self {
            leases: trace.steps.len(),
            bytes_scheduled: means.bytes_scheduled,
            bytes_min,
            taken: means.taken,
            bounds: bytes_min.and_then(|_| Bounds::of(trace, means, fewest()?)),
        }
    }

    /// MIN's bytes as a share of those that the last pass read, 1 being the best; above 1 where the pass before has
    /// fetched for it. `None` where either is not known or nothing was read.
    #[must_use]
    pub fn share_of_min(&self) -> Option<f64> {
        let (least, read) = (self.bytes_min?, self.taken?.bytes_read);
        (read > 0).then(|| least as f64 / read as f64)
    }

    /// The plan bound as a share of the wall time of the last pass, 1 being the best.
    #[must_use]
    pub fn share_of_bound(&self) -> Option<f64> {
        let (bounds, taken) = (self.bounds?, self.taken?);
        (taken.wall_ns > 0).then(|| bounds.plan_ns as f64 / taken.wall_ns as f64)
    }
}

/// Bytes of a settled pass: the mean of those between the first and the last.
fn settled(passes: &[u64]) -> u64 {
    let later = passes.get(1..passes.len().saturating_sub(1)).unwrap_or_default();
    later.iter().sum::<u64>() / (later.len() as u64).max(1)
}

impl Bounds {
    fn of(trace: &Trace, means: &Means, bytes_min: u64) -> Option<Self> {
        let (taken, rate) = (means.taken?, means.disk_bytes_per_s.filter(|rate| *rate > 0.0)?);
        let compute_ns = taken.wall_ns.saturating_sub(taken.stall_ns);
        let all: u64 = trace.steps.iter().map(crate::object::Step::bytes).sum();
        let share = |bytes: u64| (u128::from(compute_ns) * u128::from(bytes) / u128::from(all.max(1))) as u64;
        let step_ns: Vec<u64> = trace.steps.iter().map(|step| share(step.bytes())).collect();
        let passes =
            bound_ns(trace, &step_ns, rate, means.capacity_bytes, means.window_bytes, PLAN_PASSES).ok()?;
        Some(Self { roofline_ns: roofline_ns(compute_ns, bytes_min, rate), plan_ns: *passes.last()? })
    }
}

impl fmt::Display for PassReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let ms = |ns: u64| ns as f64 / 1e6;
        write!(f, "schedule: {} leases, {:.1} MiB fetched per pass", self.leases, mib(self.bytes_scheduled))?;
        if let Some(least) = self.bytes_min {
            write!(f, ", MIN {:.1} MiB", mib(least))?;
        }
        if let Some(taken) = self.taken {
            write!(f, "; last pass {:.1} ms, {:.1} of it waiting", ms(taken.wall_ns), ms(taken.stall_ns))?;
            write!(
                f,
                ", {:.1} MiB read, {:.1} MiB written",
                mib(taken.bytes_read),
                mib(taken.bytes_written)
            )?;
        }
        if let Some(share) = self.share_of_min() {
            write!(f, ", MIN is {:.1} % of that", 100.0 * share)?;
        }
        if let Some(bounds) = self.bounds {
            write!(
                f,
                "; roofline {:.1} ms, plan bound {:.1} ms",
                ms(bounds.roofline_ns),
                ms(bounds.plan_ns)
            )?;
        }
        if let Some(share) = self.share_of_bound() {
            write!(f, " = {:.1} % of the pass", 100.0 * share)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
