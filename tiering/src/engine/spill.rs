//! Writing dirty copies down to the store, and taking the outcome.
//!
//! A spill gets an extent of its own before it starts and the extent it replaces is freed after it ended, so the
//! store always holds the last generation that was written whole.

use super::coders::Contents;
use super::coding::Coded;
use super::state::{Core, Shared};
use super::worker::{Outbox, Outgoing};
use crate::device::host::Block;
use crate::error::{Error, ErrorKind, Result};
use crate::io::Lane;
use crate::object::ChunkKey;
use crate::residency::state::{Chunk, Drained, ExtentSlot, HomePlace, Refused};
use crate::store::codec::Form;
use crate::store::{Store, Written};

impl Shared {
    /// Starts spilling a chunk, which goes when its spill has ended if it is `leaving`, and stays, clean, if not.
    ///
    /// # Errors
    /// `NoSpace` or `Io` of the store; the chunk is as it was.
    pub(super) fn start_spill(
        &self,
        core: &mut Core,
        outbox: &mut Outbox,
        key: ChunkKey,
        lane: Lane,
        leaving: bool,
    ) -> Result<()> {
        let bytes = self.copy_bytes(core, key);
        let name = core.catalogue.name(key.object);
        let contents = Contents::of(core, key);
        let coded = self.is_coded(core, key);
        let slot = self.reserve_slot(core, bytes, coded).map_err(|error| error.with("tensor", &name))?;
        let place = core.store.as_ref().and_then(|store| store.place(slot));
        let begun = core.table.get_mut(key).is_some_and(|chunk| chunk.begin_drain(self.host, slot).is_ok());
        let seat = core.catalogue.seat_mut(key).filter(|_| begun);
        let Some(block) = seat.and_then(|seat| seat.block.take()) else {
            self.free_extent(core, slot);
            return Ok(());
        };
        core.victims.remove(key);
        if leaving && let Some(seat) = core.catalogue.seat_mut(key) {
            seat.leaving = true;
            core.leaving_bytes += bytes;
        }
        core.spilling += 1;
        core.wear.begin(bytes);
        match place {
            Some(place) => outbox.push(Outgoing::spill(key, contents, place, block, lane)),
            None => outbox.code(Coded::Spill { key, slot, contents, block, lane }),
        }
        Ok(())
    }

    /// A slot of the store, which is made at the first spill: with an extent, unless the chunk is to be encoded first.
    fn reserve_slot(&self, core: &mut Core, bytes: u64, coded: bool) -> Result<ExtentSlot> {
        if core.store.is_none() {
            let made = Store::create(self.policy.spill_disks(), self.policy.spill_capacity_bytes())?;
            for (directory, ..) in made.disks() {
                self.event("store", format!("spill file in {}", directory.display()));
            }
            core.store = Some(made);
        }
        let Some(store) = &mut core.store else {
            return Err(Error::new(ErrorKind::NoSpace, "there is no store to spill to"));
        };
        if coded { Ok(store.reserve_later()) } else { store.reserve(bytes) }
    }

    /// Frees an extent that holds bytes no longer needed.
    pub(super) fn free_extent(&self, core: &mut Core, slot: ExtentSlot) {
        if let Some(store) = &mut core.store {
            store.release(slot);
        }
    }

    /// The store has a chunk whole: what was written is kept with its slot.
    fn note_written(&self, core: &mut Core, key: ChunkKey, written: Written) {
        let home = core.table.get(key).and_then(Chunk::home_place);
        if let (Some(HomePlace::Extent(slot)), Some(store)) = (home, &mut core.store) {
            store.note(slot, written);
        }
    }

    /// A write found a disk full that had promised the room. Whether another disk may take it.
    fn try_elsewhere(&self, core: &mut Core, slot: ExtentSlot, error: &Error) -> bool {
        let Some(store) = core.store.as_mut().filter(|_| error.kind() == ErrorKind::NoSpace) else {
            return false;
        };
        if let Some(place) = store.place(slot) {
            store.refuse(place.disk);
            if let Some(directory) = store.directory(place.disk) {
                self.event("disk full", directory.display());
            }
        }
        !store.is_full()
    }

    /// A spill has ended: the copy goes if nobody wants it after all.
    pub(super) fn spill_ended(&self, core: &mut Core, key: ChunkKey, block: Block, result: Result<Written>) {
        core.spilling -= 1;
        let bytes = block.bytes() as u64;
        core.wear.end(bytes);
        let mut leaving = false;
        if let Some(seat) = core.catalogue.seat_mut(key) {
            seat.block = Some(block);
            leaving = std::mem::take(&mut seat.leaving);
        }
        if leaving {
            core.leaving_bytes -= bytes;
        }
        let Some(chunk) = core.table.get_mut(key) else { return };
        match result {
            Ok(written) => {
                let drained = chunk.drain_done(self.host);
                self.note_written(core, key, written);
                self.counters.spills.add(1);
                let constant = matches!(written.form, Form::Constant(_));
                self.counters.spills_constant.add(u64::from(constant));
                self.spill_done(core, key, drained, leaving);
            }
            Err(error) => {
                let slot = chunk.drain_failed(self.host);
                self.counters.failed_transfers.add(1);
                self.event("spill failed", &error);
                self.flush_failed(core, key, &error);
                let elsewhere = slot.is_ok_and(|slot| {
                    let elsewhere = self.try_elsewhere(core, slot, &error);
                    self.free_extent(core, slot);
                    elsewhere
                });
                if !elsewhere {
                    self.pause_write_back(core);
                }
                if leaving && !elsewhere {
                    self.note_trouble(core, &error);
                    self.refuse_oldest(core, error.with("tensor", core.catalogue.name(key.object)));
                }
                self.settle(core, key);
            }
        }
        self.sweep(core, key);
        self.collect(core, key.object);
    }

    fn spill_done(
        &self,
        core: &mut Core,
        key: ChunkKey,
        drained: std::result::Result<Drained, Refused>,
        leaving: bool,
    ) {
        match drained {
            Ok(Drained::Clean { replaced: Some(slot) } | Drained::Superseded { discard: slot }) => {
                self.free_extent(core, slot);
            }
            Ok(Drained::Clean { replaced: None }) | Err(_) => {}
        }
        self.note_dirt(core, key);
        let wanted = core.catalogue.seat(key).is_some_and(|seat| seat.wanted > 0);
        if leaving && !wanted {
            self.close_gates(core, key);
        }
        let evicted =
            leaving && !wanted && core.table.get_mut(key).is_some_and(|chunk| chunk.evict(self.host).is_ok());
        if evicted {
            self.counters.evictions_spilled.add(1);
            self.forget_copy(core, key);
        } else {
            self.settle(core, key);
        }
    }

    /// There is no way to the room that the oldest request waits for: it learns why.
    pub(super) fn refuse_oldest(&self, core: &mut Core, error: Error) {
        let oldest = core.requests.waiting().next().map(|request| request.ticket);
        if let Some(ticket) = oldest {
            self.end_request(core, ticket, super::request::Outcome::Failed(error));
        }
    }
}
