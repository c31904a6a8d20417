//! Lending chunks out and taking them back: pure bookkeeping under the lock.
//!
//! Invariant: a chunk is among the victims exactly while its host copy is resident and neither leased nor wanted by
//! a request.

use super::request::{Outcome, Request, Span};
use super::state::{Core, Hold, Shared};
use crate::error::Error;
use crate::object::ChunkKey;
use crate::observe::clock::Clock;
use crate::residency::state::{CopyState, Ended, Exclusive, Refused};
use stratal_runtime::tensor::managed::Access;

impl Shared {
    /// Leases all chunks of a span together.
    ///
    /// # Errors
    /// The first refusal; nothing is leased then.
    pub(super) fn lease_span(&self, core: &mut Core, span: &Span, access: Access) -> Result<(), Refused> {
        for key in span.keys() {
            if let Err(refused) = self.lease_chunk(core, key, access) {
                for taken in span.keys().take_while(|taken| *taken != key) {
                    self.unlease_chunk(core, taken, access, Exclusive::Untouched);
                }
                return Err(refused);
            }
        }
        for key in span.keys() {
            core.victims.remove(key);
            self.unmark_ahead(core, key);
            self.heeded(core, key);
        }
        if access == Access::Read {
            self.open_gates(core, span);
        }
        Ok(())
    }

    /// Lets hits on a span pass without the lock, where residency grants shared leases and no writer waits.
    fn open_gates(&self, core: &Core, span: &Span) {
        let Some(object) = core.catalogue.get(span.object) else { return };
        let Some(first) = object.address(0) else { return };
        if core.closed.is_some() || object.forgotten || object.slice_of.is_some() {
            return;
        }
        let opens = |chunk: u32| {
            let key = ChunkKey { object: span.object, chunk };
            let writes = |request: &Request| request.access == Access::Write && request.span.contains(key);
            core.table.get(key).is_some_and(|record| record.may_share(self.host))
                && object.seats.get(chunk as usize).is_some_and(|seat| !seat.ahead && !seat.reborn)
                && !core.requests.waiting().any(writes)
        };
        span.chunks
            .clone()
            .filter(|chunk| opens(*chunk))
            .for_each(|chunk| object.gates.open_chunk(chunk, first));
        let all = 0..object.placement.chunks();
        if span.chunks.clone().count() == all.len() && all.into_iter().all(opens) {
            object.gates.open_whole(first);
        }
    }

    /// Has everybody ask the core for a chunk; who is inside its gates counts as a lease of it from now on.
    pub(super) fn close_gates(&self, core: &mut Core, key: ChunkKey) {
        let Core { catalogue, table, victims, trails, .. } = core;
        let Some(object) = catalogue.get_mut(key.object) else { return };
        let (whole, alone) = object.gates.close(key.chunk, |regular| self.closing(trails, regular));
        object.inside += (whole + alone) as usize;
        let mut count = |key: ChunkKey, holds: u32| {
            if holds > 0 {
                victims.remove(key);
            }
            for _ in 0..holds {
                let leased = table.get_mut(key).map(|chunk| chunk.lease_shared(self.host));
                debug_assert_eq!(leased, Some(Ok(())), "a gate is open only where leases are granted");
            }
        };
        if whole > 0 {
            let chunks = 0..object.placement.chunks();
            chunks.for_each(|chunk| count(ChunkKey { chunk, ..key }, whole));
        }
        count(key, alone);
    }

    /// Closes every gate, as at the end of the engine.
    pub(super) fn close_all(&self, core: &mut Core) {
        let keys: Vec<_> = core.table.iter().map(|(key, _)| key).collect();
        keys.into_iter().for_each(|key| self.close_gates(core, key));
    }

    fn lease_chunk(&self, core: &mut Core, key: ChunkKey, access: Access) -> Result<(), Refused> {
        if access == Access::Write {
            self.close_gates(core, key);
        }
        let windowed = core.catalogue.get(key.object).is_some_and(|object| object.window.is_some());
        let chunk = core.table.get_mut(key).ok_or(Refused::Forgotten)?;
        match access {
            // Its bytes stay readable while they are written, but only a window tells where they are meanwhile.
            Access::Read if chunk.state(self.host) == CopyState::Draining && !windowed => Err(Refused::Busy),
            Access::Read => chunk.lease_shared(self.host),
            Access::Write => chunk.lease_exclusive(self.host),
        }
    }

    fn unlease_chunk(&self, core: &mut Core, key: ChunkKey, access: Access, how: Exclusive) -> Option<Ended> {
        let chunk = core.table.get_mut(key)?;
        match access {
            Access::Read => chunk.release_shared(self.host).ok().map(|()| Ended::Unchanged),
            Access::Write => chunk.release_exclusive(self.host, how).ok(),
        }
    }

    /// Ends a lease: dirty where it wrote, evictable where nobody else wants it.
    pub(super) fn unlease(&self, core: &mut Core, hold: &Hold, how: Exclusive) {
        for key in hold.span.keys() {
            if self.unlease_chunk(core, key, hold.access, how) == Some(Ended::Dropped) {
                self.free_copy(core, key);
            }
            if hold.access == Access::Write {
                // What devices hold of it is out of date.
                self.sweep(core, key);
            }
            self.rank(core, key, true);
        }
        self.open_gates(core, &hold.span);
        self.collect(core, hold.span.object);
    }

    /// Puts a chunk among the victims if it belongs there, and frees an extent of the store that it outgrew.
    pub(super) fn settle(&self, core: &mut Core, key: ChunkKey) {
        self.rank(core, key, false);
    }

    /// As [`Self::settle`]; `used` says whether a lease of it has just ended.
    fn rank(&self, core: &mut Core, key: ChunkKey, used: bool) {
        let Some(chunk) = core.table.get_mut(key) else { return };
        let outgrown = chunk.reclaim_extent();
        // A lease that only reads on a device holds nothing here, and its end does not come by here.
        let held = chunk.is_exclusive() || chunk.shared_leases(self.host) > 0;
        let idle = chunk.state(self.host) == CopyState::Resident && !held && !chunk.is_forgotten();
        if let Some(slot) = outgrown {
            self.free_extent(core, slot);
        }
        self.note_dirt(core, key);
        let spoken_for = core.catalogue.seat(key).is_some_and(|seat| seat.wanted > 0 || seat.resident);
        if idle && !spoken_for {
            let bytes = self.copy_bytes(core, key);
            let next_use = self.next_use(core, key);
            if used {
                core.victims.insert(key, bytes, next_use);
                self.note_early(core, key);
            } else {
                core.victims.insert_unused(key, bytes, next_use);
            }
        }
    }

    /// Grants every waiting request whose chunks are all there, oldest first, and fails those that never can be.
    pub(super) fn grant_ready(&self, core: &mut Core) {
        let waiting: Vec<_> = core
            .requests
            .waiting()
            .map(|request| (request.ticket, request.span.clone(), request.access, request.since_ns))
            .collect();
        for (ticket, span, access, since_ns) in waiting {
            let yields = core.requests.yields(&span, access, Some(ticket), self.clock.now_ns());
            if yields || self.is_throttled(core, &span, access, since_ns) {
                continue;
            }
            let poisoned = self.is_poisoned(core, &span, access);
            match if poisoned { Err(Refused::Poisoned) } else { self.lease_span(core, &span, access) } {
                Ok(()) => self.end_request(core, ticket, Outcome::Granted),
                // About to be overwritten by this request, once there is room.
                Err(Refused::Poisoned) if !poisoned => {}
                Err(refused @ (Refused::Poisoned | Refused::Forgotten)) => {
                    let error = Error::from(refused).with("tensor", core.catalogue.name(span.object));
                    self.end_request(core, ticket, Outcome::Failed(error));
                }
                Err(_) => {}
            }
        }
    }

    /// Whether a lease cannot be had because a chunk is poisoned, and is not about to be overwritten by it.
    pub(super) fn is_poisoned(&self, core: &Core, span: &Span, access: Access) -> bool {
        span.keys().any(|key| {
            let poisoned = core.table.get(key).is_some_and(|chunk| chunk.poison().is_some());
            let reborn = core.catalogue.seat(key).is_some_and(|seat| seat.reborn);
            poisoned && (access == Access::Read || !reborn)
        })
    }

    /// Ends a request and wakes its waiter.
    pub(super) fn end_request(&self, core: &mut Core, ticket: u64, outcome: Outcome) {
        let Some(request) = core.requests.get_mut(ticket) else { return };
        request.outcome = outcome;
        let span = request.span.clone();
        let woken = request.task.as_ref().map(|task| task.waker.clone());
        core.woken.extend(woken);
        self.unwant(core, &span);
        self.changed.notify_all();
    }

    /// Fails all requests that wait for a chunk.
    pub(super) fn fail_waiters(&self, core: &mut Core, key: ChunkKey, error: &Error) {
        let hit = |request: &&Request| request.span.contains(key);
        let tickets: Vec<_> = core.requests.waiting().filter(hit).map(|request| request.ticket).collect();
        for ticket in tickets {
            self.end_request(core, ticket, Outcome::Failed(error.retold()));
        }
    }

    /// Notes that one more request wants the chunks of a span: they are no victims any more, and what hints asked for
    /// among them makes way for further hints, so that the disk goes on while the last of them arrive.
    pub(super) fn want(&self, core: &mut Core, span: &Span) {
        for key in span.keys() {
            core.victims.remove(key);
            self.release_window(core, key);
            if let Some(seat) = core.catalogue.seat_mut(key) {
                seat.wanted += 1;
            }
        }
    }

    /// Undoes [`Self::want`].
    pub(super) fn unwant(&self, core: &mut Core, span: &Span) {
        for key in span.keys() {
            if let Some(seat) = core.catalogue.seat_mut(key) {
                seat.wanted = seat.wanted.saturating_sub(1);
                seat.reborn &= seat.wanted > 0;
            }
            self.settle(core, key);
        }
        self.drop_unread_slice(core, span);
    }

    /// A slice whose bytes never came is made anew when they are wanted again.
    fn drop_unread_slice(&self, core: &mut Core, span: &Span) {
        let is_slice = core.catalogue.get(span.object).is_some_and(|object| object.slice_of.is_some());
        let unread = |key| {
            let absent = core.table.get(key).is_some_and(|chunk| chunk.state(self.host) == CopyState::Absent);
            absent && core.catalogue.seat(key).is_some_and(|seat| seat.wanted == 0)
        };
        if is_slice && span.keys().all(unread) {
            self.forget_object(core, span.object);
        }
    }
}
