//! How large a budget that is `"auto"` should be now: a pure decision about numbers.
//!
//! ```text
//! ceiling = limit / 2                       what the word promises where nobody else needs the memory
//! target  = min(ceiling, ours + room − limit / 16)
//! pressed: tasks stalled for a tenth of the time since the last look, or the kernel's alarm rang
//! ```
//!
//! It shrinks at once, to the target or by an eighth when pressed, and grows back slowly: by a thirty-second part of the
//! ceiling, once memory has been calm for a while. It never goes below an eighth of the ceiling: a program that has to
//! live in less says so by a number.

use super::memory::Reading;
use std::time::Duration;

/// The part of the limit that stays free for others.
const MARGIN_PART: u64 = 16;
/// The part of the ceiling below which it does not go.
const FLOOR_PART: u64 = 8;
/// Of the budget, given up when pressed.
const RETREAT_PART: u64 = 8;
/// Of the ceiling, taken back at a time; half of that is not worth a change.
const ADVANCE_PART: u64 = 32;
/// Time between two steps.
const RETREAT_EVERY: Duration = Duration::from_secs(1);
const ADVANCE_EVERY: Duration = Duration::from_secs(10);
/// The part of the time that tasks may stall: 1 / this.
const STALL_PART: u64 = 10;

/// What the engine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Its budget.
    pub budget_bytes: u64,
    /// Bytes that the system has given it: at most the budget, but while that has just been lowered.
    pub committed_bytes: u64,
}

/// Decides how a budget follows the machine.
#[derive(Debug)]
pub struct Governor {
    /// The latest look, in microseconds, and the stalls up to then.
    before: Option<(u64, u64)>,
    /// When memory was short the last time, or the budget changed.
    disturbed_us: Option<u64>,
    /// When pressure cost a part of the budget the last time.
    retreated_us: Option<u64>,
}

impl Governor {
    /// One that has seen nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { before: None, disturbed_us: None, retreated_us: None }
    }

    /// The budget to have from `now_ns` on; `None` where it stays. `alarm` says whether the kernel rang.
    pub fn decide(&mut self, now_ns: u64, now: Reading, alarm: bool, holding: Holding) -> Option<u64> {
        let now_us = now_ns / 1000;
        let before = self.before.replace((now_us, now.stalled_us));
        let stalled = before.is_some_and(|(then_us, stalled_us)| {
            let (passed, waited) =
                (now_us.saturating_sub(then_us), now.stalled_us.saturating_sub(stalled_us));
            waited.saturating_mul(STALL_PART) > passed
        });
        let ceiling = (now.limit_bytes / 2).max(1);
        let floor = (ceiling / FLOOR_PART).max(1);
        let have = holding.committed_bytes.saturating_add(now.room_bytes);
        let target = have.saturating_sub(now.limit_bytes / MARGIN_PART).clamp(floor, ceiling);
        let budget = holding.budget_bytes;
        let since = |then: Option<u64>| then.map_or(u64::MAX, |then| now_us.saturating_sub(then));
        let is_due = |then, every: Duration| u128::from(since(then)) >= every.as_micros();
        let step = (ceiling / ADVANCE_PART).max(1);
        let pressed = stalled || alarm;
        let wished = if pressed && budget > floor && is_due(self.retreated_us, RETREAT_EVERY) {
            self.retreated_us = Some(now_us);
            (budget - budget / RETREAT_PART).min(target).max(floor)
        } else if target < budget {
            target
        } else if !pressed && is_due(self.disturbed_us, ADVANCE_EVERY) {
            budget.saturating_add(step).min(target)
        } else {
            budget
        };
        let changes = wished.abs_diff(budget) >= step.div_ceil(2) || (wished != budget && wished == floor);
        if changes || pressed {
            self.disturbed_us = Some(now_us);
        }
        changes.then_some(wished)
    }
}

impl Default for Governor {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
