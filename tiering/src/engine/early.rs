//! Writing down early what the schedule lets go: so that what it fetches next finds copies that only have to be forgotten.
//!
//! A copy that was written to and streams by the plan leaves before it is used again, so its write is due whatever else
//! happens. Left until its room is wanted, it stands between two fetches: the disk writes, then reads, and the program
//! waits for both. Begun when its lease ends, it runs beside them.
//!
//! ```text
//!  lease of k ends ─> written down ─> clean ─────────────> forgotten when the fetch of k + n wants the room
//!  fetches              k+1    k+2    k+3 ...
//! ```
//!
//! Invariant: nothing is written that would not be written without this: only dirty copies that the plan does not keep
//! and whose next use lies behind more than the window can hold.

use super::state::{Core, Shared};
use super::worker::Outbox;
use crate::io::Lane;
use crate::object::ChunkKey;
use std::collections::VecDeque;

/// Chunks whose writing leases have ended, oldest first; may name chunks that are clean by now.
pub(super) type Early = VecDeque<ChunkKey>;

impl Shared {
    /// A lease of a chunk has ended: it is written down soon if the plan lets it go.
    pub(super) fn note_early(&self, core: &mut Core, key: ChunkKey) {
        if self.leaves_dirty(core, key) {
            core.early.push_back(key);
        }
    }

    fn leaves_dirty(&self, core: &Core, key: ChunkKey) -> bool {
        core.catalogue.seat(key).is_some_and(|seat| seat.dirty && !seat.resident && seat.wanted == 0)
            && core.follower.streams(key)
    }

    /// Starts the writes that are due.
    pub(super) fn start_early(&self, core: &mut Core, outbox: &mut Outbox) {
        if self.is_wear_near(core) {
            // What is not written may be written once more before it must be.
            return core.early.clear();
        }
        while !outbox.is_full(Lane::Prefetch)
            && let Some(key) = core.early.pop_front()
        {
            let idle = core.table.get(key).is_some_and(|chunk| chunk.is_spillable(self.host));
            if idle
                && self.leaves_dirty(core, key)
                && self.start_spill(core, outbox, key, Lane::Prefetch, false).is_err()
            {
                // Whoever needs the room will be told why there is none.
                self.pause_write_back(core);
                return core.early.clear();
            }
        }
    }
}
