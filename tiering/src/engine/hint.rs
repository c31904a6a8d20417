//! What to fetch ahead: hints of the user first, then what the schedule says.

use super::request::Span;
use super::state::{Core, Shared};
use crate::object::ChunkKey;
use crate::plan::aside::Plan;
use crate::plan::follow::Followed;
use crate::residency::state::{Chunk, CopyState};

/// Hints kept; the oldest give way, since a prefetch may do nothing.
const HINTS_MAX: usize = 1 << 16;

impl Shared {
    /// Notes that the chunks of a span are needed soon.
    pub(super) fn hint(&self, core: &mut Core, span: &Span) {
        let absent = |key: &ChunkKey| {
            core.table.get(*key).is_some_and(|chunk| chunk.state(self.host) == CopyState::Absent)
        };
        let missing: Vec<_> = span.keys().filter(absent).collect();
        core.hints.extend(missing);
        let surplus = core.hints.len().saturating_sub(HINTS_MAX);
        core.hints.drain(..surplus);
    }

    /// The chunk to fetch ahead now, and whether a hint asks for it.
    pub(super) fn next_ahead(&self, core: &mut Core) -> Option<(ChunkKey, bool)> {
        while core.hinted_bytes < core.allowance.window_bytes()
            && let Some(key) = core.hints.pop_front()
        {
            if self.is_fetchable(core, key) {
                return Some((key, true));
            }
        }
        let Core { table, follower, .. } = core;
        // What a device has alone comes to the host when it is asked for, not because it once was.
        let fetchable = |chunk: &Chunk| {
            let away = self.devices.iter().any(|tier| chunk.is_only_copy(tier.tier));
            chunk.state(self.host) == CopyState::Absent && chunk.poison().is_none() && !away
        };
        let mut present = |key: ChunkKey| !table.get(key).is_some_and(fetchable);
        follower.next_prefetch(&mut present).map(|touch| (touch.chunk, false))
    }

    /// A fetch ahead of need was started.
    pub(super) fn mark_ahead(&self, core: &mut Core, key: ChunkKey, hinted: bool) {
        self.counters.prefetches.add(1);
        let bytes = self.copy_bytes(core, key);
        if let Some(seat) = core.catalogue.seat_mut(key) {
            seat.ahead = true;
            seat.hinted = hinted;
            core.hinted_bytes += if hinted { bytes } else { 0 };
        }
    }

    /// A chunk was leased, or is gone: it is ahead no more. Returns whether it was.
    pub(super) fn unmark_ahead(&self, core: &mut Core, key: ChunkKey) -> bool {
        self.release_window(core, key);
        core.catalogue.seat_mut(key).is_some_and(|seat| std::mem::take(&mut seat.ahead))
    }

    /// The bytes of a chunk that a hint asked for count against the window no more.
    pub(super) fn release_window(&self, core: &mut Core, key: ChunkKey) {
        let bytes = self.copy_bytes(core, key);
        let hinted = core.catalogue.seat_mut(key).is_some_and(|seat| std::mem::take(&mut seat.hinted));
        if hinted {
            core.hinted_bytes = core.hinted_bytes.saturating_sub(bytes);
        }
    }

    /// An object was dropped: nothing of it is ahead any more, nor is to be. Hints that stayed would be taken for the next
    /// object of its index, and fill the window with what nobody asked for.
    pub(super) fn forget_hints(&self, core: &mut Core, object: u32) {
        core.hints.retain(|key| key.object != object);
        let chunks = core.catalogue.get(object).map_or(0, |object| object.seats.len() as u32);
        for chunk in 0..chunks {
            self.unmark_ahead(core, ChunkKey { object, chunk });
        }
    }

    /// Tells the follower of a lease and has the policy hold next uses that are still true.
    pub(super) fn follow(&self, core: &mut Core, span: &Span) {
        core.leases += 1;
        let touches = core.touches(span);
        match core.follower.lease(&touches) {
            Followed::Learned => self.learned(core),
            Followed::Stale => {
                self.event("schedule", "the program has changed: its passes are recorded anew");
                self.pass_lost(core);
                self.rank_anew(core);
            }
            Followed::Suspended | Followed::Resumed => self.rank_anew(core),
            Followed::At(position) => {
                self.pass_at(core, position);
                self.rank_overdue(core, position);
            }
            // Without a schedule only advice tells of uses, on the clock of leases.
            Followed::Recording => self.rank_overdue(core, core.leases),
            Followed::Unscheduled => {}
        }
    }

    /// The application begins a pass.
    pub(super) fn pass_begun(&self, core: &mut Core) {
        match core.follower.begin_pass() {
            Followed::Learned => self.learned(core),
            Followed::Stale | Followed::Suspended | Followed::Resumed => self.rank_anew(core),
            Followed::At(position) => self.rank_overdue(core, position),
            Followed::Recording | Followed::Unscheduled => {}
        }
    }

    /// A plan has been made aside: it is followed from now on, if it still fits.
    pub(super) fn planned(&self, plan: Plan) {
        let mut core = self.lock();
        match core.follower.install(plan) {
            Followed::Learned => self.learned(&mut core),
            Followed::Stale => self.rank_anew(&mut core),
            _ => {}
        }
        drop(core);
        self.wake();
    }

    pub(super) fn learned(&self, core: &mut Core) {
        self.counters.schedules.add(1);
        self.pass_lost(core);
        if let Some(schedule) = core.follower.schedule() {
            let (steps, kept) = (schedule.len(), schedule.kept_bytes());
            self.event("schedule", format!("a pass of {steps} leases learned, {kept} bytes of it stay"));
        }
        self.rank_anew(core);
    }

    pub(super) fn rank_anew(&self, core: &mut Core) {
        let mut victims = std::mem::take(&mut core.victims);
        victims.reset(&mut |key| self.next_use(core, key));
        core.victims = victims;
    }

    /// Chunks whose predicted use did not happen get their next one.
    fn rank_overdue(&self, core: &mut Core, position: u64) {
        while let Some(key) = core.victims.overdue(position) {
            let bytes = self.copy_bytes(core, key);
            let next_use = self.next_use(core, key);
            core.victims.insert_unused(key, bytes, next_use);
        }
    }
}
