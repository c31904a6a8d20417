//! Bringing chunks up: starting the reads that fill a block, and taking the outcome.

use super::catalogue::Home;
use super::coders::Contents;
use super::coding::Coded;
use super::room::{Room, Urgency};
use super::state::{Core, Shared};
use super::worker::{Errand, Outbox, Outgoing, Place};
use crate::device::host::Block;
use crate::error::{Error, ErrorKind, Result};
use crate::io::{Lane, Op};
use crate::object::ChunkKey;
use crate::residency::state::{Chunk, CopyState, Filled, HomePlace, Poison, Source};
use crate::store::Written;
use crate::store::codec::Form;
use crate::tier::TierKind;
use crate::transfer::{StagedFill, chunk_span, piece_steps, spill_span};
use std::sync::Arc;

/// Failed fetches of a chunk before its waiters are told.
const ATTEMPTS: u32 = 3;

/// What came of starting a fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Started {
    /// It is under way, or needs no I/O and is there.
    Yes,
    /// It is there or under way already, or cannot be now for a reason that resolves itself.
    NotNow,
    /// No room until the pool has grown.
    Grow,
    /// No room.
    NoRoom,
}

impl Shared {
    /// Starts fetching a chunk, making room for it.
    ///
    /// # Errors
    /// Why no room can ever be made, or the home cannot be read.
    pub(super) fn start_fill(
        &self,
        core: &mut Core,
        outbox: &mut Outbox,
        key: ChunkKey,
        urgency: Urgency,
    ) -> Result<Started> {
        let Some(chunk) = core.table.get(key).filter(|_| self.is_fetchable(core, key)) else {
            return Ok(Started::NotNow);
        };
        if chunk.is_exclusive() {
            // Written on a device just now.
            return Ok(Started::NotNow);
        }
        let home = chunk.home_place().filter(|_| chunk.poison().is_none());
        let bytes = self.copy_bytes(core, key);
        let mut block = match self.make_room(core, outbox, core.victims.owner(key.object), bytes, urgency)? {
            Room::Block(block) => block,
            Room::Grow => return Ok(Started::Grow),
            Room::Leaving => return Ok(Started::NotNow),
            Room::Full => return Ok(Started::NoRoom),
        };
        match (home, self.device_with(core, key)) {
            (Some(place), _) => return Ok(self.read_home(core, outbox, key, place, block, urgency.lane())),
            (None, Some(at)) => return Ok(self.start_recall(core, at, key, block)),
            (None, None) => {
                // Its room was a hole since the last copy went home, and nobody looks there before the grant.
                let seat = core.catalogue.get(key.object).and_then(|object| object.place(key.chunk));
                if let Err(error) = seat.map_or(Ok(()), |seat| seat.take(&mut block)) {
                    self.free_block(core, block);
                    return Err(error);
                }
                self.bear(core, key, block);
            }
        }
        Ok(Started::Yes)
    }

    /// Gives a chunk without bytes its first ones: zeros.
    fn bear(&self, core: &mut Core, key: ChunkKey, mut block: Block) {
        block.as_mut_slice().fill(0);
        let born = core.table.get_mut(key).is_some_and(|chunk| chunk.born(self.host).is_ok());
        match core.catalogue.seat_mut(key) {
            Some(seat) if born => {
                seat.block = Some(block);
                seat.reborn = false;
            }
            _ => self.free_block(core, block),
        }
        self.sweep(core, key);
        self.settle(core, key);
    }

    /// Whether the bytes of a chunk come through staging.
    pub(super) fn needs_staging(&self, core: &Core, key: ChunkKey) -> bool {
        let from_origin =
            core.table.get(key).is_some_and(|chunk| chunk.home_place() == Some(HomePlace::Origin));
        from_origin && core.catalogue.get(key.object).is_some_and(|object| !object.placement.direct)
    }

    /// Whether a fetch would bring bytes: the copy is absent, its tensor still there, and not poisoned, unless a
    /// writer is about to overwrite all of it.
    pub(super) fn is_fetchable(&self, core: &Core, key: ChunkKey) -> bool {
        let live = core.catalogue.get(key.object).is_some_and(|object| !object.forgotten);
        let reborn = core.catalogue.seat(key).is_some_and(|seat| seat.reborn);
        let absent = |chunk: &Chunk| chunk.state(self.host) == CopyState::Absent;
        live && core.table.get(key).is_some_and(|chunk| absent(chunk) && (reborn || chunk.poison().is_none()))
    }

    fn read_home(
        &self,
        core: &mut Core,
        outbox: &mut Outbox,
        key: ChunkKey,
        place: HomePlace,
        block: Block,
        lane: Lane,
    ) -> Started {
        let begun = core.table.get_mut(key).map(|chunk| chunk.begin_fill(self.host, Source::Home));
        let (Some(Ok(_)), Some(object)) = (begun, core.catalogue.get(key.object)) else {
            self.free_block(core, block);
            return Started::NotNow;
        };
        let mut stored = None;
        let (place, span) = match (place, &object.home) {
            (HomePlace::Extent(slot), _) => {
                let store = core.store.as_ref();
                let written = store.and_then(|store| store.written(slot));
                let spot = store.and_then(|store| store.place(slot));
                stored = written;
                match (written, spot) {
                    (Some(Written { form: Form::Constant(_), .. }), _) => {
                        (Place::Nowhere, spill_span(0, block.bytes()))
                    }
                    (Some(Written { form: Form::Raw, seal: None, .. }), Some(place)) => {
                        (Place::Store(place.disk), spill_span(place.offset, block.bytes()))
                    }
                    (Some(written), Some(place)) => {
                        let (contents, seat) = (Contents::of(core, key), object.place(key.chunk));
                        outbox.code(Coded::Fill { key, contents, written, place, block, lane, seat });
                        return Started::Yes;
                    }
                    (_, None) | (None, _) => {
                        let error = Error::new(ErrorKind::Missing, "the store has no such extent");
                        self.fill_ended(core, key, block, Err(error));
                        return Started::NotNow;
                    }
                }
            }
            (HomePlace::Origin, Home::Origin(origin)) => {
                let align = origin.file.offset_align();
                if !object.placement.direct {
                    let fill = StagedFill::new(block, piece_steps(&object.placement, key.chunk, align));
                    outbox.stage(key, lane, Arc::clone(origin), fill, object.place(key.chunk));
                    return Started::Yes;
                }
                (Place::Origin(Arc::clone(origin)), chunk_span(&object.placement, key.chunk, align))
            }
            (HomePlace::Origin, Home::Spill) => {
                let error = Error::new(ErrorKind::Missing, "the tensor has no origin to read");
                self.fill_ended(core, key, block, Err(error));
                return Started::NotNow;
            }
        };
        let seat = object.place(key.chunk);
        let errand = Errand::Fill(key, stored);
        outbox.push(Outgoing { errand, op: Op::Read, place, span, block, lane, seat });
        Started::Yes
    }

    /// A fill has ended: the copy is there, or it is tried again, or its waiters learn why not.
    pub(super) fn fill_ended(&self, core: &mut Core, key: ChunkKey, block: Block, result: Result<()>) {
        let Some(chunk) = core.table.get_mut(key) else {
            self.free_block(core, block);
            return;
        };
        match result {
            Ok(()) => match chunk.fill_done(self.host) {
                Ok(Filled::Ready) => {
                    if let Some(seat) = core.catalogue.seat_mut(key) {
                        seat.block = Some(block);
                        seat.failures = 0;
                    }
                    self.settle(core, key);
                }
                Ok(Filled::Discard) | Err(_) => self.free_block(core, block),
            },
            Err(error) => {
                // Refused only where no fill was under way: then there is nothing to undo.
                let _ = chunk.fill_failed(self.host);
                self.free_block(core, block);
                // The prefetcher is not told: the lease that needs the chunk tries again, and says what is wrong.
                self.fetch_failed(core, key, error);
            }
        }
        self.sweep(core, key);
        self.collect(core, key.object);
    }

    fn fetch_failed(&self, core: &mut Core, key: ChunkKey, error: Error) {
        self.unmark_ahead(core, key);
        let Some(seat) = core.catalogue.seat_mut(key) else { return };
        seat.failures += 1;
        let curable = matches!(error.kind(), ErrorKind::Io | ErrorKind::Corrupt);
        let lasting = !curable || seat.failures >= ATTEMPTS;
        if !lasting {
            self.counters.retries.add(1);
            return;
        }
        seat.failures = 0;
        self.counters.failed_transfers.add(1);
        let error = error.with("tensor", core.catalogue.name(key.object));
        let error = match error.kind() {
            ErrorKind::Corrupt => self.lose(core, key, error),
            _ => error.with("tier", self.host_name()),
        };
        self.event("fetch failed", &error);
        self.fail_waiters(core, key, &error);
    }

    /// The store gives other bytes back than it was given, however often it is asked: where no other tier has a copy,
    /// the chunk is lost, and no other one is.
    fn lose(&self, core: &mut Core, key: ChunkKey, error: Error) -> Error {
        if let Some(chunk) = core.table.get_mut(key)
            && chunk.fastest_valid().is_none()
        {
            chunk.set_poison(Poison::Media);
            self.event("poison", format!("{}, chunk {}", core.catalogue.name(key.object), key.chunk));
        }
        let store = self.topology.by_kind(TierKind::Nvme).and_then(|tier| self.topology.tier(tier));
        error.with("chunk", key.chunk).with("tier", store.map_or("store", |tier| &tier.name))
    }
}
