//! Who was waited for: time and number of waits by tensor, for the tensors that cost the most.
//!
//! Invariant: what all tensors and the rest were waited for is what was counted, whatever was forgotten to stay
//! small: `Σ waited_ns(tensor) + waited_ns(others) = Σ waited_ns`. Only the larger half of the names stays when there are
//! too many, so a tensor that matters is there, at most with the waits before its name was last dropped missing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Names that are told apart.
const NAMES_MAX: usize = 4096;

/// Waiting for one tensor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stall {
    /// Its name.
    pub tensor: Arc<str>,
    /// Leases that waited.
    pub waits: u64,
    /// How long, together.
    pub waited_ns: u64,
    /// The longest of them.
    pub longest_ns: u64,
}

impl Stall {
    fn add(&mut self, other: &Self) {
        self.waits += other.waits;
        self.waited_ns = self.waited_ns.saturating_add(other.waited_ns);
        self.longest_ns = self.longest_ns.max(other.longest_ns);
    }
}

/// Waiting by tensor.
#[derive(Debug, Default)]
pub struct Stalls {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    by_name: HashMap<Arc<str>, Stall>,
    others: Stall,
}

impl Stalls {
    /// Notes a wait for a tensor. Takes a lock, as who waited has time for.
    pub fn note(&self, tensor: &Arc<str>, waited_ns: u64) {
        let one = Stall { tensor: Arc::clone(tensor), waits: 1, waited_ns, longest_ns: waited_ns };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.by_name.get_mut(tensor) {
            return known.add(&one);
        }
        if kept.by_name.len() >= NAMES_MAX {
            kept.forget_half();
        }
        kept.by_name.insert(Arc::clone(tensor), one);
    }

    /// The `most` tensors that were waited for longest, the worst first, and all others together.
    #[must_use]
    pub fn worst(&self, most: usize) -> (Vec<Stall>, Stall) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<Stall> = kept.by_name.values().cloned().collect();
        let mut others = kept.others.clone();
        drop(kept);
        all.sort_by(|one, other| {
            other.waited_ns.cmp(&one.waited_ns).then_with(|| one.tensor.cmp(&other.tensor))
        });
        all.drain(most.min(all.len())..).for_each(|rest| others.add(&rest));
        (all, others)
    }
}

impl Kept {
    /// Sums up the tensors that matter least.
    fn forget_half(&mut self) {
        let mut times: Vec<u64> = self.by_name.values().map(|stall| stall.waited_ns).collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let (median, mut surplus) = (*median, self.by_name.len() - middle);
        let Self { by_name, others } = self;
        by_name.retain(|_, stall| {
            let goes = surplus > 0 && stall.waited_ns <= median;
            if goes {
                surplus -= 1;
                others.add(stall);
            }
            !goes
        });
    }
}

#[cfg(test)]
mod tests;
