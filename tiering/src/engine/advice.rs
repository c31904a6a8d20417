//! What the application knows of the uses to come, and what is decided by it.
//!
//! ```text
//! WillNeed       fetched ahead, as the window allows                            hint.rs
//! WillNotNeed    goes first when room is needed                                 dismissed, asked before the policy
//! NextUse(n)     the policy's prediction, instead of the schedule's             Seat::due
//! Resident       never offered to the policy; together at most half the budget  Seat::resident
//! Random         small leases are fetched alone, even those that follow the last
//! ```
//!
//! Invariant: nothing here moves bytes or changes what a lease reads, so wrong advice is slow and never wrong.

use super::request::Span;
use super::state::{Core, Shared};
use super::victims::Givers;
use crate::error::{Error, ErrorKind, Result};
use crate::object::{ChunkKey, NextUse};
use std::ops::Range;
use stratal_runtime::tensor::managed::Advice;

/// The part of the budget that may be kept by advice: one in so many.
const RESIDENT_SHARE: u64 = 2;

/// How an object is walked through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Walk {
    #[default]
    Normal,
    Random,
}

impl Shared {
    /// Takes advice on some bytes of an object.
    ///
    /// # Errors
    /// `Missing`, `Closed`; `Shape` where the bytes lie outside; `Budget` where more would be kept than may be.
    pub(super) fn advise(&self, index: u32, range: &Range<u64>, advice: Advice) -> Result<()> {
        if !self.is_at_home() {
            return Ok(());
        }
        let mut core = self.lock();
        core.open()?;
        self.catch_up(&mut core);
        let object = core.catalogue.live(index)?;
        if range.start >= range.end || range.end > object.placement.bytes {
            let message = format!("bytes {range:?} lie outside its {}", object.placement.bytes);
            return Err(Error::new(ErrorKind::Shape, message).with("tensor", &object.name));
        }
        let span = Span { object: index, chunks: object.placement.chunks_of(range) };
        match advice {
            Advice::WillNeed => self.hint(&mut core, &span),
            Advice::WillNotNeed => span.keys().for_each(|key| self.dismiss(&mut core, key)),
            Advice::NextUse(leases) => {
                let due = core.leases.saturating_add(leases);
                span.keys().for_each(|key| self.expect(&mut core, key, due));
            }
            Advice::Resident(true) => self.keep(&mut core, &span)?,
            Advice::Resident(false) => span.keys().for_each(|key| self.let_go(&mut core, key)),
            Advice::Random => self.walk(&mut core, index, Walk::Random),
            // Advice that this version does not know decides nothing.
            _ => self.walk(&mut core, index, Walk::Normal),
        }
        drop(core);
        self.wake();
        Ok(())
    }

    /// When a chunk is used next: as advised, else as the schedule says.
    pub(super) fn next_use(&self, core: &Core, key: ChunkKey) -> NextUse {
        let due = core.catalogue.seat(key).and_then(|seat| seat.due).filter(|due| *due > core.leases);
        match due {
            // A lease is a step of the schedule, so both count alike from where each is.
            Some(due) => NextUse::At(core.follower.position().unwrap_or(core.leases) + (due - core.leases)),
            None => core.follower.next_use(key),
        }
    }

    /// A lease was taken: what was advised of the use that this is has been heeded.
    pub(super) fn heeded(&self, core: &mut Core, key: ChunkKey) {
        if let Some(seat) = core.catalogue.seat_mut(key) {
            seat.due = None;
            seat.dismissed = false;
        }
    }

    /// The next copy to go: what was dismissed, then what the policy says.
    pub(super) fn next_victim(
        &self,
        core: &mut Core,
        not_before: Option<NextUse>,
        givers: &Givers,
    ) -> Option<ChunkKey> {
        let gives = |core: &Core| {
            core.dismissed.iter().position(|key| givers.include(core.victims.owner(key.object)))
        };
        while let Some(key) = gives(core).and_then(|at| core.dismissed.remove(at)) {
            let seat = core.catalogue.seat_mut(key);
            if seat.is_some_and(|seat| std::mem::take(&mut seat.dismissed)) && core.victims.remove(key) {
                return Some(key);
            }
        }
        core.victims.victim(not_before, givers)
    }

    /// An object was dropped: what was kept of it counts no more.
    pub(super) fn forget_advice(&self, core: &mut Core, object: u32) {
        let chunks = core.catalogue.get(object).map_or(0, |object| object.seats.len() as u32);
        for chunk in 0..chunks {
            self.let_go(core, ChunkKey { object, chunk });
        }
    }

    fn dismiss(&self, core: &mut Core, key: ChunkKey) {
        let Some(seat) = core.catalogue.seat_mut(key) else { return };
        seat.due = None;
        if !std::mem::replace(&mut seat.dismissed, true) {
            core.dismissed.push_back(key);
        }
    }

    fn expect(&self, core: &mut Core, key: ChunkKey, due: u64) {
        let Some(seat) = core.catalogue.seat_mut(key) else { return };
        seat.due = Some(due);
        seat.dismissed = false;
        if core.victims.remove(key) {
            self.settle(core, key);
        }
    }

    fn keep(&self, core: &mut Core, span: &Span) -> Result<()> {
        let is_kept = |core: &Core, key| core.catalogue.seat(key).is_some_and(|seat| seat.resident);
        let bytes: u64 =
            span.keys().filter(|key| !is_kept(core, *key)).map(|key| self.copy_bytes(core, key)).sum();
        let allowed = core.pool.budget_bytes() / RESIDENT_SHARE;
        if core.resident_bytes + bytes > allowed {
            let kept = core.resident_bytes;
            let message = format!("{bytes} bytes more would be kept, {kept} of {allowed} are");
            return Err(Error::new(ErrorKind::Budget, message).with("tier", self.host_name()));
        }
        core.resident_bytes += bytes;
        for key in span.keys() {
            core.victims.remove(key);
            if let Some(seat) = core.catalogue.seat_mut(key) {
                seat.resident = true;
            }
        }
        self.hint(core, span);
        Ok(())
    }

    /// The budget was lowered: of what is kept by advice, only as much stays as may be kept of it, the eldest objects.
    pub(super) fn keep_less(&self, core: &mut Core) {
        let allowed = core.pool.budget_bytes() / RESIDENT_SHARE;
        if core.resident_bytes <= allowed {
            return;
        }
        let kept = |key: &ChunkKey| core.catalogue.seat(*key).is_some_and(|seat| seat.resident);
        let keys: Vec<_> = core.table.iter().map(|(key, _)| key).filter(kept).collect();
        for key in keys.into_iter().rev() {
            if core.resident_bytes <= allowed {
                break;
            }
            self.let_go(core, key);
        }
        self.event("advice", format!("of what is kept resident, {} bytes stay", core.resident_bytes));
    }

    fn let_go(&self, core: &mut Core, key: ChunkKey) {
        let bytes = self.copy_bytes(core, key);
        let kept = core.catalogue.seat_mut(key).map(|seat| std::mem::take(&mut seat.resident));
        if kept == Some(true) {
            core.resident_bytes = core.resident_bytes.saturating_sub(bytes);
            self.settle(core, key);
        }
    }

    fn walk(&self, core: &mut Core, index: u32, walk: Walk) {
        if let Some(object) = core.catalogue.get_mut(index) {
            object.walk = walk;
        }
    }
}
