//! Where the running pass is in the recorded one.
//!
//! Programs skip leases and insert others. The cursor then looks for the lease near where it was, preferring places
//! whose preceding leases match too, and goes on; it never throws the trace away for one mismatch. Only when
//! mismatches outweigh matches for more than a pass does it call the trace stale.

use super::trace::signature;
use crate::object::{Touch, Trace};

/// Steps within which a lease may be found again without matching context.
const WINDOW_STEPS: usize = 40;

/// Preceding leases compared when a place is ambiguous.
const CONTEXT: usize = 2;

/// Net mismatches after which a better pass is welcome; all steps where the trace is shorter.
const LOST_STEPS: usize = 8;

/// What one mismatch weighs against matches: above a fifth of mismatches the trace turns stale in time.
const MISMATCH_WEIGHT: u64 = 4;

/// Where a lease was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sighting {
    /// At the step after the last one: this position of the endless repetition.
    Expected(u64),
    /// Elsewhere, after steps were skipped, inserted or repeated: this position.
    Resumed(u64),
    /// Not in the trace near here; the position stays.
    Unknown,
}

/// Follows a trace.
#[derive(Clone, Debug)]
pub struct Cursor {
    signatures: Vec<u64>,
    /// Steps sorted by signature, to find a lease.
    places: Vec<(u64, u32)>,
    position: u64,
    recent: [u64; CONTEXT],
    debt: u64,
}

impl Cursor {
    /// A cursor at the last step of the recorded pass, so that its first step is expected next.
    #[must_use]
    pub fn new(trace: &Trace) -> Self {
        let signatures: Vec<u64> = trace.steps.iter().map(|step| signature(&step.touches)).collect();
        let mut places: Vec<(u64, u32)> = signatures.iter().copied().zip(0..).collect();
        places.sort_unstable();
        let mut recent = [0; CONTEXT];
        for (slot, signature) in recent.iter_mut().zip(signatures.iter().rev()) {
            *slot = *signature;
        }
        let position = (signatures.len() as u64).saturating_sub(1);
        Self { signatures, places, position, recent, debt: 0 }
    }

    /// The step of the latest lease found, counted from the start of the recorded pass over all repetitions.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Whether mismatches have outweighed matches for more than a pass.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.debt > MISMATCH_WEIGHT * self.signatures.len() as u64
    }

    /// Whether the latest leases, as many as make a period, were mostly mismatches: a pass that fits them is better.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.debt >= MISMATCH_WEIGHT * self.signatures.len().min(LOST_STEPS) as u64
    }

    /// Whether every mismatch has been made up for by matches.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        self.debt == 0
    }

    /// The application begins a pass: the first step is expected next.
    pub fn begin_pass(&mut self) {
        let len = self.signatures.len() as u64;
        if len > 0 {
            self.position = (self.position + 1).next_multiple_of(len) - 1;
        }
    }

    /// A lease was taken: says where in the trace that is.
    pub fn advance(&mut self, touches: &[Touch]) -> Sighting {
        let signature = signature(touches);
        let sighting = self.locate(signature);
        self.recent.rotate_right(1);
        self.recent[0] = signature;
        match sighting {
            Sighting::Expected(position) => {
                self.position = position;
                self.debt = self.debt.saturating_sub(1);
            }
            Sighting::Resumed(position) => {
                self.position = position;
                self.debt += MISMATCH_WEIGHT;
            }
            Sighting::Unknown => self.debt += MISMATCH_WEIGHT,
        }
        sighting
    }

    fn locate(&self, signature: u64) -> Sighting {
        let len = self.signatures.len();
        if len == 0 {
            return Sighting::Unknown;
        }
        let here = self.step_of(self.position);
        if self.signatures[(here + 1) % len] == signature {
            return Sighting::Expected(self.position + 1);
        }
        let first = self.places.partition_point(|(other, _)| *other < signature);
        let same = self.places[first..].iter().take_while(|(other, _)| *other == signature);
        let best = same.filter_map(|(_, step)| self.candidate(here, *step as usize)).max();
        best.map_or(Sighting::Unknown, |Candidate { position, .. }| Sighting::Resumed(position))
    }

    /// The nearest position of `step`, with how well its context matches, or `None` where it is too far away.
    fn candidate(&self, here: usize, step: usize) -> Option<Candidate> {
        let len = self.signatures.len();
        // 1 ..= len steps ahead, or 0 .. len behind.
        let ahead = (step + len - here - 1) % len + 1;
        let behind = len - ahead;
        let context = (0..CONTEXT)
            .take_while(|back| self.signatures[(step + len - 1 - back % len) % len] == self.recent[*back]);
        let context = context.count();
        // Programs skip more than they go back: a step back costs twice.
        let back_cost = 2 * behind + 1;
        let back = self.position.checked_sub(behind as u64);
        let (cost, position) = match back.filter(|_| back_cost < ahead && back_cost <= WINDOW_STEPS) {
            Some(position) => (back_cost, position),
            None => (ahead - 1, self.position + ahead as u64),
        };
        let near = cost <= WINDOW_STEPS || context == CONTEXT;
        near.then_some(Candidate { context, nearness: std::cmp::Reverse(cost), position })
    }

    fn step_of(&self, position: u64) -> usize {
        // The remainder is below a length that is a usize.
        (position % self.signatures.len() as u64) as usize
    }
}

/// A place where a lease may be; the greatest is the best.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    context: usize,
    nearness: std::cmp::Reverse<usize>,
    position: u64,
}

#[cfg(test)]
mod tests;
