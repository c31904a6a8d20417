//! Telling the application that its memory gets scarce, at the levels of the policy.
//!
//! A cache is full when it is well: what counts is the part of the budget that could *not* be had at once, because it is
//! leased, dirty, in flight, or kept by advice. The worker looks at it when it has worked, and calls without the lock,
//! when a level is reached and when it is left again.
//!
//! Invariant: whatever a callback does, the engine goes on: one that panics is dropped, and one that would wait for the
//! worker, which waits for it, gets an error.

use super::state::{Core, Shared};
use crate::object::ChunkKey;
use crate::observe::clock::Clock;
use crate::residency::state::CopyState;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// What a level must be fallen below by, as a part of the budget, to be left.
const SLACK: f64 = 0.05;

/// Least time between two looks, and how much longer than the last look that is.
const LOOKS_NS_MIN: u64 = 10_000_000;
const LOOKS_PART: u64 = 64;

/// How scarce host memory is, told to [`EngineBuilder::on_pressure`](super::EngineBuilder::on_pressure).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct MemoryPressure {
    /// The highest level of the policy that is reached; `None` below all of them.
    pub level: Option<f64>,
    /// Whether it was reached from below.
    pub rising: bool,
    /// Bytes that host copies may take together.
    pub budget_bytes: u64,
    /// Bytes they take.
    pub used_bytes: u64,
    /// Of those, bytes that cannot be had at once: leased, dirty, in flight, kept by advice, or used for staging.
    pub bound_bytes: u64,
    /// Of those, bytes that are dirty and not leased: had once they are written down.
    pub dirty_bytes: u64,
    /// Of those, bytes that are leased.
    pub leased_bytes: u64,
    /// Leases that wait.
    pub waiting: usize,
}

impl MemoryPressure {
    /// The part of the budget that cannot be had at once; above 1.0 where the budget has just been lowered.
    #[must_use]
    pub fn part(&self) -> f64 {
        self.bound_bytes as f64 / self.budget_bytes.max(1) as f64
    }
}

/// Who wants to be told.
pub(super) type Listener = Box<dyn FnMut(&MemoryPressure) + Send>;

/// The worker's view of pressure.
#[derive(Default)]
pub(super) struct Gauge {
    listeners: Vec<Listener>,
    /// Levels that are reached.
    reached: usize,
    /// Not looked at before this time of the clock.
    due_ns: u64,
}

impl Gauge {
    pub(super) fn new(listeners: Vec<Listener>) -> Self {
        Self { listeners, ..Self::default() }
    }

    /// Looks at the pressure, where somebody wants to know and it is time. Returns what is to be told, and when to look
    /// again at the latest.
    pub(super) fn look(&mut self, shared: &Shared, core: &Core) -> (Option<MemoryPressure>, Duration) {
        let levels = shared.policy.pressure_levels();
        if self.listeners.is_empty() || levels.is_empty() {
            return (None, Duration::MAX);
        }
        let start_ns = shared.clock.now_ns();
        if start_ns < self.due_ns {
            return (None, Duration::from_nanos(self.due_ns - start_ns));
        }
        let mut now = shared.pressure(core);
        let took_ns = shared.clock.now_ns().saturating_sub(start_ns);
        self.due_ns = start_ns.saturating_add(LOOKS_NS_MIN.max(took_ns.saturating_mul(LOOKS_PART)));
        let before = self.reached;
        self.reached = reached(levels, before, now.part());
        now.level = self.reached.checked_sub(1).and_then(|at| levels.get(at)).copied();
        now.rising = self.reached > before;
        ((self.reached != before).then_some(now), Duration::MAX)
    }

    /// Tells the listeners. Without the lock.
    pub(super) fn tell(&mut self, shared: &Shared, now: &MemoryPressure) {
        self.listeners.retain_mut(|listener| {
            let survived = catch_unwind(AssertUnwindSafe(|| listener(now))).is_ok();
            if !survived {
                shared.event("callback", "a pressure callback panicked and is not called again");
            }
            survived
        });
    }
}

/// How many levels count as reached at `part`, if so many did before.
fn reached(levels: &[f64], before: usize, part: f64) -> usize {
    let risen = levels.iter().take_while(|level| part >= **level).count();
    let kept = levels.iter().take(before).take_while(|level| part >= **level - SLACK).count();
    risen.max(kept)
}

impl Shared {
    /// How scarce memory is now; `level` and `rising` are for the gauge to say.
    fn pressure(&self, core: &Core) -> MemoryPressure {
        let (mut idle, mut dirty, mut leased) = (0, 0, 0);
        for (key, chunk) in core.table.iter().filter(|(_, chunk)| chunk.state(self.host) != CopyState::Absent)
        {
            let bytes = self.copy_bytes(core, key);
            let seat = core.catalogue.seat(key);
            if chunk.is_leased() || self.is_inside(core, key) {
                leased += bytes;
            } else if seat.is_some_and(|seat| seat.dirty) {
                dirty += bytes;
            } else if chunk.is_evictable(self.host) && seat.is_some_and(|seat| !seat.resident) {
                idle += bytes;
            }
        }
        let used_bytes = core.ledger.used_bytes(self.host);
        MemoryPressure {
            level: None,
            rising: false,
            budget_bytes: core.pool.budget_bytes(),
            used_bytes,
            bound_bytes: used_bytes.saturating_sub(idle),
            dirty_bytes: dirty,
            leased_bytes: leased,
            waiting: core.requests.waiting().count(),
        }
    }

    /// Whether a hit holds the object of a chunk.
    fn is_inside(&self, core: &Core, key: ChunkKey) -> bool {
        core.catalogue.get(key.object).is_some_and(|object| object.gates.holds() > 0)
    }
}

#[cfg(test)]
mod tests;
