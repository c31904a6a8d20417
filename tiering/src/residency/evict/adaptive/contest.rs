//! Who leads: the shadow that hit the most bytes, forgetting leads that are too large to be lost again.

use super::expert::EXPERTS;

/// A lead beyond this many times the bytes of memory is forgotten, so that a program that changes is followed.
const LEAD_MAX: f64 = 2.0;

/// Mean copies by which another must lead before it is followed.
const MARGIN: f64 = 2.0;

/// Bytes hit by every expert, relative to each other.
#[derive(Debug)]
pub(super) struct Contest {
    scores: [f64; EXPERTS.len()],
    leader: usize,
}

impl Contest {
    pub(super) fn new() -> Self {
        Self { scores: [0.0; EXPERTS.len()], leader: 0 }
    }

    /// Index of the expert to follow.
    pub(super) fn leader(&self) -> usize {
        self.leader
    }

    /// A copy of `bytes` was used, and hit in the shadows that `hits` says; memory holds `present_bytes` in `copies`,
    /// as far as the shadows see them. Returns whether another expert leads now.
    pub(super) fn note(
        &mut self,
        hits: [bool; EXPERTS.len()],
        bytes: u64,
        present_bytes: u64,
        copies: usize,
    ) -> bool {
        if hits.iter().all(|hit| *hit == hits[0]) {
            return false;
        }
        for (score, hit) in self.scores.iter_mut().zip(hits) {
            *score += if hit { bytes as f64 } else { 0.0 };
        }
        let most = self.scores.iter().copied().fold(f64::MIN, f64::max);
        let least = -LEAD_MAX * present_bytes as f64;
        for score in &mut self.scores {
            *score = (*score - most).max(least);
        }
        let margin = MARGIN * present_bytes as f64 / copies.max(1) as f64;
        let best = self.scores.iter().position(|score| *score == 0.0).unwrap_or(self.leader);
        let changes = -self.scores[self.leader] > margin;
        if changes {
            self.leader = best;
        }
        changes
    }
}
