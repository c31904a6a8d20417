//! Records leases and finds the pass that repeats in them.
//!
//! A pass is delimited by the application ([`Recorder::begin_pass`]) or found by itself: the last steps equal those
//! one period before. Short periods must repeat longer before they count, so that a few identical leases in a row
//! are no pass; and when a longer period breaks a shorter one, it is found as soon as it has repeated too.

use crate::object::{Step, Touch, Trace};
use std::collections::HashMap;
use std::ops::Range;

/// Steps that must repeat before a period counts; the period itself where that is shorter.
const MATCHED_STEPS: usize = 8;

/// Earlier occurrences of a lease that are tried as the start of a period.
const CANDIDATES: usize = 64;

/// Most chunks the history keeps; beyond, its older half goes.
const HISTORY_TOUCHES: usize = 1 << 20;

/// No earlier occurrence.
const NONE: u32 = u32::MAX;

/// A number that equal leases share, and different ones almost surely do not.
#[must_use]
pub fn signature(touches: &[Touch]) -> u64 {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64 ^ touches.len() as u64;
    for Touch { chunk, .. } in touches {
        let word = (u64::from(chunk.object) << 32) | u64::from(chunk.chunk);
        state = (state ^ word).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        state ^= state >> 32;
    }
    state
}

/// A pass in the history of a [`Recorder`], until it records again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    steps: Range<usize>,
}

impl Pass {
    /// Leases of the pass.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether it has no lease. Recorders yield no such pass.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// Records leases until a pass is complete.
#[derive(Debug, Default)]
pub struct Recorder {
    touches: Vec<Touch>,
    /// Where each step ends in `touches`.
    ends: Vec<usize>,
    signatures: Vec<u64>,
    /// The previous step of the same signature, or `NONE`.
    previous: Vec<u32>,
    latest: HashMap<u64, u32>,
    /// The period that the latest steps keep repeating, once found.
    period: Option<usize>,
    /// Whether the application marks its passes; nothing is guessed from then on.
    marked: bool,
}

impl Recorder {
    /// An empty history.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the history, as after a schedule that no longer fits.
    pub fn clear(&mut self) {
        self.touches.clear();
        self.ends.clear();
        self.signatures.clear();
        self.previous.clear();
        self.latest.clear();
        self.period = None;
    }

    /// The application begins a pass: yields the one that this ends, if it had leases.
    pub fn begin_pass(&mut self) -> Option<Trace> {
        let ended = self.marked && !self.ends.is_empty();
        let trace = ended.then(|| self.trace(&Pass { steps: 0..self.ends.len() }));
        self.marked = true;
        self.clear();
        trace
    }

    /// Records a lease. Returns whether a pass has just been found to repeat.
    pub fn record(&mut self, touches: &[Touch]) -> bool {
        self.trim();
        let step = self.push(touches);
        if self.marked || self.period.is_some_and(|period| self.repeats_at(step, period)) {
            return false;
        }
        self.period = self.find_period(step);
        self.period.is_some()
    }

    /// Whether the latest lease was taken before.
    #[must_use]
    pub fn recurs(&self) -> bool {
        self.previous.last().is_some_and(|before| *before != NONE)
    }

    /// The pass that the latest leases repeat, if they do: the latest steps, one period long.
    #[must_use]
    pub fn repeating(&self) -> Option<Pass> {
        let end = self.ends.len();
        self.period.map(|period| Pass { steps: end - period..end })
    }

    /// The steps of a pass.
    #[must_use]
    pub fn trace(&self, pass: &Pass) -> Trace {
        let step = |index: usize| Step { touches: self.touches[self.touches_of(index)].to_vec() };
        Trace { steps: pass.steps.clone().map(step).collect() }
    }

    fn touches_of(&self, step: usize) -> Range<usize> {
        let start = step.checked_sub(1).map_or(0, |before| self.ends[before]);
        start..self.ends[step]
    }

    fn push(&mut self, touches: &[Touch]) -> usize {
        let step = self.signatures.len();
        let signature = signature(touches);
        self.touches.extend_from_slice(touches);
        self.ends.push(self.touches.len());
        self.signatures.push(signature);
        // Steps stay below 2^32: the history is trimmed far earlier.
        let before = self.latest.insert(signature, step as u32);
        self.previous.push(before.unwrap_or(NONE));
        step
    }

    /// Whether step `step` equals the one a period before.
    fn repeats_at(&self, step: usize, period: usize) -> bool {
        step.checked_sub(period).is_some_and(|before| self.signatures[before] == self.signatures[step])
    }

    /// The shortest period that the steps up to `step` repeat.
    fn find_period(&self, step: usize) -> Option<usize> {
        let before = |at: usize| Some(self.previous[at]).filter(|at| *at != NONE).map(|at| at as usize);
        let occurrences = std::iter::successors(before(step), |at| before(*at)).take(CANDIDATES);
        occurrences.map(|at| step - at).find(|period| {
            let matched = if *period == 1 { MATCHED_STEPS } else { (*period).min(MATCHED_STEPS) };
            let repeats =
                step + 1 >= matched && (0..matched).all(|back| self.repeats_at(step - back, *period));
            repeats && (*period == 1 || !self.is_one_lease(step, *period))
        })
    }

    /// Whether the last `count` steps up to `step` are all the same lease.
    fn is_one_lease(&self, step: usize, count: usize) -> bool {
        (1..count).all(|back| self.repeats_at(step, back))
    }

    /// Drops the older half of a history that has grown too long.
    fn trim(&mut self) {
        if self.touches.len() < HISTORY_TOUCHES && self.ends.len() < HISTORY_TOUCHES {
            return;
        }
        let steps = self.ends.len() / 2;
        let kept: Vec<Range<usize>> = (steps..self.ends.len()).map(|step| self.touches_of(step)).collect();
        let touches = std::mem::take(&mut self.touches);
        self.clear();
        for range in kept {
            self.push(&touches[range]);
        }
    }
}

#[cfg(test)]
mod tests;
