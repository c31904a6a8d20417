//! Writing dirty copies down before room is needed, between the policy's watermarks.
//!
//! When more than `high` of the budget is dirty, the copies that were dirtied first are spilled and stay, clean, until
//! less than `low` is dirty: a later eviction of them writes nothing and waits for nothing.
//!
//! Programs that write faster than the disk are slowed down before all of the budget is dirty: above `throttle` leases to
//! write what is clean wait, until no more than `high` is dirty. They wait for spills under way and for nothing else, so a
//! program that holds everything, or a store that takes nothing, never keeps them.

use super::request::Span;
use super::state::{Core, Shared};
use super::worker::Outbox;
use crate::io::Lane;
use crate::object::ChunkKey;
use crate::observe::clock::Clock;
use std::collections::VecDeque;
use stratal_runtime::tensor::managed::Access;

/// Keys of clean chunks that the queue may hold before it is tidied.
const QUEUE_SLACK: usize = 64;

/// Rest after a failed spill.
const PAUSE_NS: u64 = 1_000_000_000;

/// The dirty copies. Invariant: `bytes` counts the chunks whose seat says `dirty`, and each of them is queued.
#[derive(Debug, Default)]
pub(super) struct Dirty {
    bytes: u64,
    /// Oldest first; may name chunks that are clean by now.
    queue: VecDeque<ChunkKey>,
    /// Chunks that `bytes` counts.
    chunks: usize,
    /// After a failure, not before this time of the clock.
    paused_until_ns: u64,
    /// Whether the high watermark was passed and the low one not reached since.
    writing: bool,
    /// Whether the mark above which writers wait was passed and the high one not reached since.
    throttling: bool,
}

impl Dirty {
    /// Bytes that no home has.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Shared {
    /// Brings the count of dirty bytes up to date with a chunk.
    pub(super) fn note_dirt(&self, core: &mut Core, key: ChunkKey) {
        let dirty = core.table.get(key).is_some_and(|chunk| chunk.is_dirty() && chunk.is_valid(self.host));
        let forgotten = core.catalogue.get(key.object).is_none_or(|object| object.forgotten);
        self.count_dirt(core, key, dirty && !forgotten);
    }

    /// An object was dropped: its bytes need no write any more.
    pub(super) fn forget_dirt(&self, core: &mut Core, object: u32) {
        let chunks = core.catalogue.get(object).map_or(0, |object| object.seats.len() as u32);
        (0..chunks).for_each(|chunk| self.count_dirt(core, ChunkKey { object, chunk }, false));
    }

    fn count_dirt(&self, core: &mut Core, key: ChunkKey, dirty: bool) {
        let bytes = self.copy_bytes(core, key);
        let Some(seat) = core.catalogue.seat_mut(key) else { return };
        if std::mem::replace(&mut seat.dirty, dirty) == dirty {
            return;
        }
        if !dirty {
            core.dirty.bytes -= bytes;
            core.dirty.chunks -= 1;
            return self.set_throttle(core);
        }
        core.dirty.bytes += bytes;
        core.dirty.chunks += 1;
        self.set_throttle(core);
        let Some(seat) = core.catalogue.seat_mut(key) else { return };
        if !std::mem::replace(&mut seat.queued, true) {
            core.dirty.queue.push_back(key);
        }
        self.tidy_dirt(core);
    }

    /// Drops keys of chunks that are clean or gone once they are most of the queue.
    fn tidy_dirt(&self, core: &mut Core) {
        let Core { dirty, catalogue, .. } = core;
        if dirty.queue.len() <= QUEUE_SLACK + 2 * dirty.chunks {
            return;
        }
        dirty.queue.retain(|key| {
            let Some(seat) = catalogue.seat_mut(*key) else { return false };
            seat.queued = seat.dirty;
            seat.dirty
        });
    }

    pub(super) fn set_throttle(&self, core: &mut Core) {
        let mark = match core.dirty.throttling {
            true => self.policy.high_watermark(),
            false => self.policy.throttle_watermark(),
        };
        core.dirty.throttling = core.dirty.bytes as f64 > core.pool.budget_bytes() as f64 * mark;
    }

    /// Whether a lease, asked for at `since_ns`, waits for write-back: it would make something dirty that is clean, and
    /// spills are under way. For half the deadline at most: slower than that, and the room itself is what is waited for.
    pub(super) fn is_throttled(&self, core: &Core, span: &Span, access: Access, since_ns: u64) -> bool {
        let dirties = |key| core.catalogue.seat(key).is_some_and(|seat| !seat.dirty);
        let patience_ns = u64::try_from(self.policy.deadline().as_nanos() / 2).unwrap_or(u64::MAX);
        access == Access::Write
            && core.dirty.throttling
            && core.spilling > 0
            && self.clock.now_ns().saturating_sub(since_ns) < patience_ns
            && span.keys().any(dirties)
    }

    /// A spill has failed: write-back rests for a while, so that a broken medium is not asked without pause.
    pub(super) fn pause_write_back(&self, core: &mut Core) {
        core.dirty.paused_until_ns = self.clock.now_ns() + PAUSE_NS;
    }

    /// Starts spills while more is dirty than the watermarks allow.
    pub(super) fn start_write_back(&self, core: &mut Core, outbox: &mut Outbox) {
        let budget = core.pool.budget_bytes() as f64;
        let dirty = core.dirty.bytes as f64;
        core.dirty.writing = if core.dirty.writing {
            dirty > budget * self.policy.low_watermark()
        } else {
            dirty > budget * self.policy.high_watermark()
        };
        if core.dirty.writing && self.is_wear_near(core) {
            // What is not written may be written once more before it must be.
            return;
        }
        for _ in 0..core.dirty.queue.len() {
            if !core.dirty.writing
                || outbox.is_full(Lane::WriteBack)
                || self.clock.now_ns() < core.dirty.paused_until_ns
            {
                return;
            }
            let Some(key) = core.dirty.queue.pop_front() else { return };
            let Some(seat) = core.catalogue.seat_mut(key) else { continue };
            seat.queued = seat.dirty;
            if !seat.dirty {
                continue;
            }
            // Queued until it is clean: a lease may hold it now.
            core.dirty.queue.push_back(key);
            let idle = core.table.get(key).is_some_and(|chunk| chunk.is_spillable(self.host));
            if idle && self.start_spill(core, outbox, key, Lane::WriteBack, false).is_err() {
                // Whoever needs the room will be told why there is none.
                self.pause_write_back(core);
                return;
            }
        }
    }
}
