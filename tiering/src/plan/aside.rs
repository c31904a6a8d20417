//! A long pass, planned apart from whoever follows: planning a million uses takes a second, for which nobody shall hold
//! a lock.
//!
//! ```text
//! Follower ── task: the trace, the sizes ──> plan, anywhere, for as long as it takes ── plan ──> Follower::install
//!    └─ goes on as before, and keeps the place in the new pass ──────────────────────────────────────┘
//! ```
//!
//! Invariant: a plan is installed only while the task that it answers is the follower's latest.

use super::cursor::Cursor;
use super::schedule::Schedule;
use crate::error::Result;
use crate::object::Trace;
use std::sync::Arc;

/// What is to be planned: a value, which nothing changes.
#[derive(Clone, Debug)]
pub struct Task {
    pub(super) number: u64,
    pub(super) trace: Arc<Trace>,
    pub(super) capacity_bytes: u64,
    pub(super) window_bytes: u64,
}

impl Task {
    /// Plans it: milliseconds for ten thousand uses of chunks, a second for a million.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let schedule = Schedule::plan(&self.trace, self.capacity_bytes, self.window_bytes);
        Plan { number: self.number, schedule }
    }
}

/// The answer to a [`Task`].
#[derive(Debug)]
pub struct Plan {
    pub(super) number: u64,
    pub(super) schedule: Result<Schedule>,
}

/// A pass whose plan is awaited, and where the program is in it.
#[derive(Debug)]
pub(super) struct Awaited {
    pub(super) task: Task,
    pub(super) cursor: Cursor,
    /// Whether somebody plans it.
    pub(super) is_taken: bool,
}
