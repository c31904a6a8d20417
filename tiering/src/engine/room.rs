//! Making room in host memory: the budget first, then a victim, then the spill of a dirty one.

use super::state::{Core, Shared};
use super::victims::Givers;
use super::worker::Outbox;
use crate::device::host::Block;
use crate::error::{Error, Result};
use crate::io::Lane;
use crate::object::{ChunkKey, NextUse};
use crate::residency::state::CopyState;
use crate::tier::TenantId;
use std::collections::VecDeque;

/// Most bytes that leave at once for one request, and the part of the budget that they may be.
const LEAVING_BYTES_MAX: u64 = 16 << 20;
const LEAVING_SHARE: u64 = 16;

/// Victims that could not leave, and why.
#[derive(Debug, Default)]
pub(super) struct Stuck {
    pub(super) keys: Vec<ChunkKey>,
    pub(super) why: Option<Error>,
    /// Dirty ones that were passed over for the sake of the disk.
    pub(super) spared: VecDeque<ChunkKey>,
    /// Whether nobody else can go.
    pub(super) spares_none: bool,
}

/// How much a fetch may push aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    /// A lease waits: anything that nobody holds or wants.
    Demand,
    /// The schedule needs it then: only what is used after that.
    Planned(NextUse),
    /// A hint asks for it: nothing that was fetched ahead and not used yet.
    Hinted,
}

impl Urgency {
    /// The lane of what is moved for it.
    pub(super) fn lane(self) -> Lane {
        match self {
            Self::Demand => Lane::Demand,
            Self::Planned(_) | Self::Hinted => Lane::Prefetch,
        }
    }

    fn not_before(self) -> Option<NextUse> {
        match self {
            Self::Planned(next_use) => Some(next_use),
            Self::Demand | Self::Hinted => None,
        }
    }
}

/// What came of asking for room.
#[derive(Debug)]
pub(super) enum Room {
    /// A block, its bytes reserved in the ledger.
    Block(Block),
    /// None yet: the pool may commit more of its budget first, perhaps after it has given something back.
    Grow,
    /// None yet: dirty victims are being spilled.
    Leaving,
    /// None: everything is leased, wanted, in flight, or more urgent.
    Full,
}

impl Shared {
    /// A block of `bytes`, evicting what the policy says and the urgency allows.
    ///
    /// # Errors
    /// `NoSpace` where only dirty copies are left and the store takes no more.
    pub(super) fn make_room(
        &self,
        core: &mut Core,
        outbox: &mut Outbox,
        tenant: TenantId,
        bytes: u64,
        urgency: Urgency,
    ) -> Result<Room> {
        let mut stuck = Stuck::default();
        let room = self.clear_room(core, outbox, (tenant, bytes), urgency, &mut stuck);
        // Victims that could not leave are victims again, for when the store has room.
        stuck.keys.iter().chain(&stuck.spared).for_each(|key| self.settle(core, *key));
        match (room, stuck.why) {
            (Room::Full, Some(error)) => Err(error),
            (room, _) => Ok(room),
        }
    }

    fn clear_room(
        &self,
        core: &mut Core,
        outbox: &mut Outbox,
        (tenant, bytes): (TenantId, u64),
        urgency: Urgency,
        stuck: &mut Stuck,
    ) -> Room {
        loop {
            if core.ledger.free_for(self.host, tenant) >= bytes {
                if let Some(mut block) = core.pool.alloc(usize::try_from(bytes).unwrap_or(usize::MAX)) {
                    block.set_account(tenant.0);
                    let reserved = core.ledger.reserve_for(self.host, tenant, block.bytes() as u64);
                    debug_assert!(reserved.is_ok(), "the pool holds no more than the tier's budget");
                    return Room::Block(block);
                }
                // What has come free of spans that retire makes room once it was given back.
                if core.pool.growth().is_some() || core.pool.is_leaving() {
                    return Room::Grow;
                }
            }
            if core.leaving_bytes >= self.room_wanted(core, bytes, urgency) {
                return Room::Leaving;
            }
            if outbox.is_full(urgency.lane()) && core.spilling > 0 {
                return Room::Leaving;
            }
            let givers = self.givers(core, tenant, bytes);
            match self.next_to_leave(core, urgency.not_before(), &givers, stuck) {
                Some(key) if urgency == Urgency::Hinted && self.is_ahead(core, key) => {
                    stuck.keys.push(key);
                    return Room::Full;
                }
                Some(key) => self.send_away(core, outbox, key, urgency.lane(), stuck),
                None if core.spilling > 0 => return Room::Leaving,
                None => return Room::Full,
            }
        }
    }

    /// The next victim; one that is clean where little may be written, if there is one.
    pub(super) fn next_to_leave(
        &self,
        core: &mut Core,
        not_before: Option<NextUse>,
        givers: &Givers,
        stuck: &mut Stuck,
    ) -> Option<ChunkKey> {
        while let Some(key) = self.next_victim(core, not_before, givers) {
            if !self.spares(core, key, stuck) {
                return Some(key);
            }
        }
        stuck.spares_none = true;
        stuck.spared.pop_front()
    }

    /// Bytes that may leave at once: those asked for, or what follows them where that is more, so that the store is
    /// written side by side and not chunk after chunk. What the oldest request still misses follows a demand; a few
    /// chunks more, by then overdue as well, what is fetched ahead of the schedule.
    fn room_wanted(&self, core: &mut Core, bytes: u64, urgency: Urgency) -> u64 {
        if self.is_wear_near(core) {
            return bytes;
        }
        let following = match urgency {
            Urgency::Demand => {
                let oldest = core.requests.waiting().next();
                let keys = oldest.into_iter().flat_map(|request| request.span.keys());
                let absent = keys.filter(|key| {
                    core.table.get(*key).is_some_and(|chunk| chunk.state(self.host) == CopyState::Absent)
                });
                absent.map(|key| self.copy_bytes(core, key)).sum()
            }
            Urgency::Planned(_) => LEAVING_BYTES_MAX / 2,
            Urgency::Hinted => 0,
        };
        let most = LEAVING_BYTES_MAX.min(core.pool.budget_bytes() / LEAVING_SHARE).max(bytes);
        following.clamp(bytes, most)
    }

    fn is_ahead(&self, core: &Core, key: ChunkKey) -> bool {
        core.catalogue.seat(key).is_some_and(|seat| seat.ahead)
    }

    /// Evicts a victim that its home holds, spills one that it does not. Once the store has refused, dirty victims
    /// stay.
    pub(super) fn send_away(
        &self,
        core: &mut Core,
        outbox: &mut Outbox,
        key: ChunkKey,
        lane: Lane,
        stuck: &mut Stuck,
    ) {
        self.close_gates(core, key);
        let Some(chunk) = core.table.get_mut(key) else { return };
        let spillable = chunk.is_spillable(self.host);
        if !spillable && chunk.evict(self.host).is_ok() {
            self.counters.evictions_clean.add(1);
            self.forget_copy(core, key);
            return;
        }
        if spillable
            && stuck.why.is_none()
            && self.may_wear(core, key, stuck)
            && let Err(error) = self.start_spill(core, outbox, key, lane, true)
        {
            stuck.why = Some(error);
        }
        if core.catalogue.seat(key).is_some_and(|seat| seat.block.is_some()) {
            stuck.keys.push(key);
        }
    }

    /// The host copy of a chunk was evicted: frees its bytes, and the record of a slice that lived only for it.
    pub(super) fn forget_copy(&self, core: &mut Core, key: ChunkKey) {
        self.free_copy(core, key);
        core.follower.cancelled(key);
        if self.unmark_ahead(core, key) {
            self.counters.wasted_prefetches.add(1);
        }
        let wanted = core.catalogue.seat(key).is_some_and(|seat| seat.wanted > 0);
        if !wanted && core.catalogue.get(key.object).is_some_and(|object| object.slice_of.is_some()) {
            self.forget_object(core, key.object);
        }
    }

    /// Frees the block of a chunk whose host copy is absent now.
    pub(super) fn free_copy(&self, core: &mut Core, key: ChunkKey) {
        core.victims.gone(key);
        debug_assert!(
            core.catalogue.get(key.object).is_none_or(|object| !object.gates.is_open(key.chunk)),
            "bytes behind an open gate are not freed"
        );
        if let Some(block) = core.catalogue.seat_mut(key).and_then(|seat| seat.block.take()) {
            self.free_block(core, block);
        }
    }

    /// Gives a block and its reservation back.
    pub(super) fn free_block(&self, core: &mut Core, block: Block) {
        let (bytes, tenant) = (block.bytes() as u64, TenantId(block.account()));
        match core.pool.free(block) {
            Ok(()) => core.ledger.release_for(self.host, tenant, bytes),
            // Out of use, so still reserved: the budget stays true.
            Err(error) => self.event("lost", error),
        }
    }

    /// Evicts a copy that only requests younger than a starving one want, which so many came before. Returns whether
    /// there was one.
    pub(super) fn rob_the_youngest(
        &self,
        core: &mut Core,
        outbox: &mut Outbox,
        age: usize,
        bytes: u64,
    ) -> bool {
        let mut spans = core.requests.waiting().skip(age).map(|request| request.span.clone());
        let Some(oldest) = spans.next() else { return false };
        let others: Vec<_> = spans.collect();
        let givers = self.givers(core, core.victims.owner(oldest.object), bytes);
        let robbed = others.iter().rev().flat_map(|span| span.keys().rev()).find(|key| {
            let chunk = core.table.get(*key);
            !oldest.contains(*key)
                && givers.include(core.victims.owner(key.object))
                && chunk.is_some_and(|chunk| {
                    chunk.state(self.host) == CopyState::Resident
                        && (chunk.is_evictable(self.host) || chunk.is_spillable(self.host))
                })
        });
        let Some(key) = robbed else { return false };
        let mut stuck = Stuck::default();
        self.send_away(core, outbox, key, Lane::Demand, &mut stuck);
        stuck.keys.is_empty()
    }

    /// Bytes of memory that a copy of a chunk takes.
    pub(super) fn copy_bytes(&self, core: &Core, key: ChunkKey) -> u64 {
        core.catalogue.get(key.object).map_or(0, |object| object.copy_bytes(key.chunk))
    }
}
