//! Where the time of a pass goes, lease by lease: waiting for it, and computing with it.
//!
//! `wall = Σ wait + Σ compute`, up to what lies before the first lease.

use serde::{Deserialize, Serialize};
use std::time::Instant;
use stratal::Result;

/// The leases of one pass so far.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    /// Nanoseconds from each lease to the next, or to the end of the pass.
    compute_ns: Vec<u64>,
    /// Nanoseconds that taking the leases took.
    wait_ns: u64,
    /// When the latest lease was taken.
    since: Option<Instant>,
}

impl Steps {
    /// Takes a lease, and counts.
    pub(crate) fn lease<T>(&mut self, take: impl FnOnce() -> Result<T>) -> Result<T> {
        self.close();
        let asked = Instant::now();
        let lease = take()?;
        let taken = Instant::now();
        self.wait_ns += nanos(asked, taken);
        self.since = Some(taken);
        Ok(lease)
    }

    /// Ends the pass: nanoseconds of computing per lease, and of waiting in all.
    pub(crate) fn finish(mut self) -> (Vec<u64>, u64) {
        self.close();
        (self.compute_ns, self.wait_ns)
    }

    /// Ends the step of the latest lease.
    fn close(&mut self) {
        if let Some(since) = self.since.take() {
            self.compute_ns.push(nanos(since, Instant::now()));
        }
    }
}

/// Nanoseconds of computing after each lease, of the passes that were timed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct StepTimes(Vec<Vec<u64>>);

/// Passes that are timed at most; later ones compute as long as the last of them, but for a longer cache.
const TIMED_PASSES: usize = 64;

impl StepTimes {
    /// Keeps the steps of the next pass.
    pub(crate) fn push(&mut self, compute_ns: Vec<u64>) {
        if self.0.len() < TIMED_PASSES {
            self.0.push(compute_ns);
        }
    }

    /// The steps of a pass; of the last one timed if there are fewer.
    pub(crate) fn steps(&self, pass: usize) -> &[u64] {
        self.0.get(pass).or(self.0.last()).map_or(&[], Vec::as_slice)
    }

    /// Nanoseconds of computing in a pass.
    pub(crate) fn compute_ns(&self, pass: usize) -> u64 {
        self.steps(pass).iter().sum()
    }
}

/// Nanoseconds from one instant to another; at most what a `u64` holds, five centuries.
pub(crate) fn nanos(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.duration_since(from).as_nanos()).unwrap_or(u64::MAX)
}
