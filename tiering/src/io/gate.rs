//! What may go to the device now: bytes in flight by the tuner's window, tags by the device's, patient lanes by whether
//! somebody waits.
//!
//! Invariants: bytes with the device are at most the window, and what a demand adds past patient pieces that were
//! there before it; tags are at most [`TAGS_MAX`], so that submitting never blocks in the block layer; a single piece
//! may always go. While somebody waits, or did a moment ago, write-back and background together keep to a quarter of
//! the window: a disk serves what is in flight side by side.

use super::stats::{DepthReport, DriverStats};
use super::tuner::Tuner;
use super::{Lane, Op};
use std::time::Duration;

/// Requests that a device takes before the next one blocks its submitter; two are left for others.
const TAGS_MAX: u32 = 254;

/// The smallest request into which the block layer cuts a large transfer.
const TAG_BYTES: u32 = 512 << 10;

/// What a small piece counts as: the device's latency, not its bandwidth, bounds how many are worth having.
const COST_MIN_BYTES: u32 = 256 << 10;

/// How long after a demand somebody is expected to wait again.
const WAITED: Duration = Duration::from_millis(20);

/// Part of the window that patient lanes may have meanwhile.
const PATIENT_SHARE: u64 = 4;

/// Bytes of a flight of the usual size, a chunk.
const FLIGHT_BYTES: u64 = 2 << 20;

/// Bytes that may wait in the queue so that the device never runs dry between two looks of the owner.
const SURPLUS_BYTES: u64 = 2 * FLIGHT_BYTES;

/// What is with the device, and what may follow.
#[derive(Debug)]
pub(super) struct Gate {
    tuners: [Tuner; 2],
    /// A depth that was chosen, in pieces; the tuners rest then.
    fixed_pieces: Option<u32>,
    urgent_bytes: u64,
    patient_bytes: u64,
    pieces: u32,
    tags: u32,
    /// Demanded reads between submission and end. Who waits for a write waits for room, which patient writes make too.
    demands: u32,
    waited_until: Duration,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self {
            tuners: [Tuner::new(false), Tuner::new(false)],
            fixed_pieces: None,
            urgent_bytes: 0,
            patient_bytes: 0,
            pieces: 0,
            tags: 0,
            demands: 0,
            waited_until: Duration::ZERO,
        }
    }

    /// Keeps to a depth from now on.
    pub(super) fn fix(&mut self, pieces: u32) {
        self.tuners = [Tuner::new(true), Tuner::new(true)];
        self.fixed_pieces = Some(pieces.max(1));
    }

    /// Most bytes of one piece.
    pub(super) fn piece_bytes(&self, op: Op) -> u32 {
        self.tuners[op.index()].piece_bytes()
    }

    fn window_bytes(&self, op: Op) -> u64 {
        let tuned = || self.tuners[op.index()].window_bytes();
        self.fixed_pieces.map_or_else(tuned, |pieces| u64::from(pieces) * FLIGHT_BYTES)
    }

    /// Whether a piece of `len` bytes may go at `now`.
    pub(super) fn admits(&self, lane: Lane, op: Op, len: u32, now: Duration) -> bool {
        if self.pieces == 0 {
            return true;
        }
        if self.tags + tags(len) > TAGS_MAX || self.fixed_pieces.is_some_and(|most| self.pieces >= most) {
            return false;
        }
        let (window, cost) = (self.window_bytes(op), cost(len));
        if lane == Lane::Demand {
            return self.urgent_bytes + cost <= window;
        }
        if lane.is_patient() && self.is_waited(now) {
            return self.patient_bytes == 0 || self.patient_bytes + cost <= window / PATIENT_SHARE;
        }
        self.urgent_bytes + self.patient_bytes + cost <= window
    }

    /// Whether somebody waits, or did a moment ago.
    pub(super) fn is_waited(&self, now: Duration) -> bool {
        self.demands > 0 || now < self.waited_until
    }

    pub(super) fn submitted(&mut self, lane: Lane, op: Op) {
        self.demands += u32::from(lane == Lane::Demand && op == Op::Read);
    }

    pub(super) fn ended(&mut self, lane: Lane, op: Op, now: Duration) {
        if lane == Lane::Demand && op == Op::Read {
            self.demands = self.demands.saturating_sub(1);
            self.waited_until = now + WAITED;
        }
    }

    pub(super) fn went(&mut self, lane: Lane, len: u32) {
        self.pieces += 1;
        self.tags += tags(len);
        *self.bytes_of(lane) += cost(len);
    }

    /// A piece came back, having moved `moved` bytes; `full` if others wait for its place.
    pub(super) fn came(&mut self, lane: Lane, op: Op, len: u32, moved: u32, full: bool, now: Duration) {
        self.pieces = self.pieces.saturating_sub(1);
        self.tags = self.tags.saturating_sub(tags(len));
        let bytes = self.bytes_of(lane);
        *bytes = bytes.saturating_sub(cost(len));
        // Small pieces are bound by latency, and a patient lane by who waits: neither tells of the window.
        if full && len >= COST_MIN_BYTES && !(lane.is_patient() && self.is_waited(now)) {
            self.tuners[op.index()].landed(u64::from(moved), now);
            self.tuners[op.other().index()].idle();
        } else {
            self.tuners.iter_mut().for_each(Tuner::idle);
        }
    }

    /// Flights of the usual size that a lane other than demand should still bring, with `queued` bytes in its driver.
    pub(super) fn room(&self, op: Op, in_driver_bytes: u64) -> usize {
        let wanted = self.window_bytes(op) + SURPLUS_BYTES;
        // Dozens.
        wanted.saturating_sub(in_driver_bytes).div_ceil(FLIGHT_BYTES) as usize
    }

    pub(super) fn report(&self, stats: &DriverStats) {
        for op in [Op::Read, Op::Write] {
            let tuner = &self.tuners[op.index()];
            let (trials, moves) = tuner.steps();
            let (window_bytes, piece_bytes) = (self.window_bytes(op), tuner.piece_bytes());
            let depth = DepthReport { window_bytes, piece_bytes, trials, moves };
            stats.depth(op, depth, tuner.best_bytes_per_s());
        }
    }

    fn bytes_of(&mut self, lane: Lane) -> &mut u64 {
        if lane.is_patient() { &mut self.patient_bytes } else { &mut self.urgent_bytes }
    }
}

fn tags(len: u32) -> u32 {
    len.div_ceil(TAG_BYTES).max(1)
}

fn cost(len: u32) -> u64 {
    u64::from(len.max(COST_MIN_BYTES))
}

#[cfg(test)]
mod tests;
