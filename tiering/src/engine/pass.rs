//! What the last whole pass of the followed schedule took: wall time, waiting, bytes.
//!
//! A pass begins with the first lease of the schedule and ends where the next one begins. Hits are told late, so a
//! pass that begins with hits begins when the engine next looks; passes that the application marks are exact.

use super::state::Core;
use super::state::Shared;
use crate::observe::clock::Clock;
use crate::observe::counters::Snapshot;

/// What a pass took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassTaken {
    /// From its first lease to that of the next pass.
    pub wall_ns: u64,
    /// Waiting for leases, all threads together.
    pub stall_ns: u64,
    /// Bytes read from files.
    pub bytes_read: u64,
    /// Bytes written to files.
    pub bytes_written: u64,
}

/// Where the pass under way began.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PassClock {
    /// The position at which the next pass begins; `None` while no schedule is followed.
    next: Option<u64>,
    /// When this one began and what was counted then; `None` where its beginning was not seen.
    began: Option<(u64, Snapshot)>,
    pub(super) last: Option<PassTaken>,
}

impl Shared {
    /// A lease is at this position of the schedule.
    pub(super) fn pass_at(&self, core: &mut Core, position: u64) {
        let next = core.pass.next;
        if next.is_some_and(|next| position < next) {
            return;
        }
        let Some(len) = core.follower.schedule().map(|schedule| schedule.len().max(1)) else { return };
        let now = (self.clock.now_ns(), self.counters.snapshot());
        let taken = core.pass.began.filter(|_| next.is_some_and(|next| position < next.saturating_add(len)));
        if let Some((since_ns, before)) = taken {
            let moved = now.1 - before;
            core.pass.last = Some(PassTaken {
                wall_ns: now.0.saturating_sub(since_ns),
                stall_ns: moved.stall_ns,
                bytes_read: moved.bytes_read,
                bytes_written: moved.bytes_written,
            });
        }
        // The first sight of a schedule may be in the middle of a pass.
        let seen = next.is_some() || position.is_multiple_of(len);
        core.pass.began = seen.then_some(now);
        core.pass.next = Some((position / len + 1).saturating_mul(len));
    }

    /// The schedule is another one, or none: its passes are told anew.
    pub(super) fn pass_lost(&self, core: &mut Core) {
        core.pass = PassClock::default();
    }
}
