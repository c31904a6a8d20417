//! How close a pass could come: the fewest bytes, and the least time, for the leases it takes.

use super::steps::StepTimes;
use stratal::Result;
use stratal::tiering::object::Trace;
use stratal::tiering::plan::{bound, min};

/// Passes after which repetition changes nothing: the plan bound of later ones is that of the last.
const STEADY_PASSES: u32 = 4;

/// The limits of every pass.
#[derive(Debug)]
pub(super) struct Limits {
    /// Fewest bytes with a capacity of budget − window.
    pub(super) bytes_min: Vec<u64>,
    /// Fewest bytes with the whole budget.
    pub(super) bytes_min_full_budget: Vec<u64>,
    /// Least wall time.
    pub(super) bound_ns: Vec<u64>,
}

/// The memory and the disk of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Means {
    pub(super) budget_bytes: u64,
    pub(super) window_bytes: u64,
    pub(super) disk_bytes_per_s: f64,
}

impl Limits {
    /// Limits of `passes` repetitions of `trace` from empty memory.
    ///
    /// # Errors
    /// `Budget` when a lease of the trace is larger than the memory.
    pub(super) fn of(trace: &Trace, times: &StepTimes, means: Means, passes: u32) -> Result<Self> {
        let Means { budget_bytes, window_bytes, .. } = means;
        Ok(Self {
            bytes_min: min::bytes_per_pass(trace, budget_bytes - window_bytes, passes)?,
            bytes_min_full_budget: min::bytes_per_pass(trace, budget_bytes, passes)?,
            bound_ns: (0..passes).map(|pass| bound_ns(trace, times, means, pass)).collect::<Result<_>>()?,
        })
    }
}

/// The plan bound of one pass, with the compute times measured for it.
fn bound_ns(trace: &Trace, times: &StepTimes, means: Means, pass: u32) -> Result<u64> {
    let step_ns = fit(times.steps(pass as usize), trace.steps.len());
    let passes = (pass + 1).min(STEADY_PASSES);
    let Means { budget_bytes, window_bytes, disk_bytes_per_s } = means;
    let bounds = bound::bound_ns(trace, &step_ns, disk_bytes_per_s, budget_bytes, window_bytes, passes)?;
    Ok(bounds.last().copied().unwrap_or(0))
}

/// Exactly `len` steps: passes differ only in how many rows of the embedding they lease at their beginning.
fn fit(step_ns: &[u64], len: usize) -> Vec<u64> {
    let missing = len.saturating_sub(step_ns.len());
    let surplus = step_ns.len().saturating_sub(len);
    std::iter::repeat_n(0, missing).chain(step_ns[surplus..].iter().copied()).collect()
}

#[cfg(test)]
mod tests;
