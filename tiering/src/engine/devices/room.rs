//! Making room on a device: the budget first, then a victim, which goes home first where it is the only copy.

use super::lift::{Cause, Lifter};
use super::{Berth, piece, whole};
use crate::device::DeviceBlock;
use crate::engine::lease::HostBytes;
use crate::engine::state::Core;
use crate::error::{Error, ErrorKind, Result};
use crate::object::{ChunkKey, NextUse};
use crate::residency::state::Refused;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// How long what leases wait for is left alone while another lease needs its room.
const PATIENCE: Duration = Duration::from_millis(50);

impl Lifter {
    /// The block of an object, made if there is none yet; `None` where what is lifted ahead finds no room.
    ///
    /// # Errors
    /// `Budget` when it can never fit, `Deadline` when leases hold the room for too long; `OutOfMemory` and `NoSpace`
    /// when the device has less than the budget says and nothing is left to evict; that of demoting a victim, where no
    /// other can go.
    pub(super) fn make_berth(&mut self, object: u32, len: u64, cause: Cause) -> Result<Option<DeviceBlock>> {
        let mut stuck = Vec::new();
        let made = self.find_room(object, len, cause, &mut stuck);
        let (shared, at) = (Arc::clone(&self.shared), self.at);
        let mut core = shared.lock();
        stuck.into_iter().for_each(|object| shared.settle_berth(&mut core, at, object));
        made
    }

    /// Makes room; `stuck` gets the objects that could not be sent home for it, which are no victims meanwhile.
    fn find_room(
        &mut self,
        object: u32,
        len: u64,
        cause: Cause,
        stuck: &mut Vec<u32>,
    ) -> Result<Option<DeviceBlock>> {
        let shared = Arc::clone(&self.shared);
        let (since, tier) = (Instant::now(), self.tier().tier);
        let bytes = self.tier().pool.footprint_bytes(len);
        let (mut refused, mut patient, mut trouble) = (None, true, None);
        loop {
            let mut core = shared.lock();
            core.open()?;
            if let Some(block) =
                core.devices[self.at].berths.get(&object).and_then(|berth| berth.block.clone())
            {
                return Ok(Some(block));
            }
            let budget = core.ledger.budget_bytes(tier);
            if bytes > budget {
                let message = format!("needs {bytes} bytes on the device, the tier holds {budget}");
                return Err(Error::new(ErrorKind::Budget, message));
            }
            if core.ledger.reserve(tier, bytes).is_ok() {
                drop(core);
                match self.allocate(object, len, bytes)? {
                    Ok(block) => return Ok(Some(block)),
                    Err(error) => refused = Some(error),
                }
                core = shared.lock();
            }
            let victim = self.victim(&mut core, object, cause);
            let victim = victim.or_else(|| self.rob(&mut core, object, cause, !patient, stuck));
            if victim.is_none()
                && cause == Cause::Demand
                && let Some(error) = trouble.take()
            {
                return Err(error);
            }
            match (victim, &refused) {
                (Some(victim), _) => {
                    drop(core);
                    if let Err(error) = self.send_away(victim) {
                        trouble = Some(self.held_up(victim, error, stuck)?);
                    }
                }
                (None, _) if cause == Cause::Ahead => return Ok(None),
                // Handles of a block that has just been given up may still be about to go.
                (None, Some(error)) if !patient => return Err(error.retold()),
                (None, _) => {
                    let left = shared.policy.deadline().checked_sub(since.elapsed());
                    let Some(left) = left.filter(|left| !left.is_zero()) else {
                        let used = core.ledger.used_bytes(tier);
                        let message =
                            format!("waited for {bytes} bytes: {used} of {budget} are leased or wanted");
                        return Err(Error::new(ErrorKind::Deadline, message));
                    };
                    let nap = if refused.is_some() { PATIENCE / 10 } else { PATIENCE };
                    let (lifts, nap) = (&self.tier().lifts, left.min(nap));
                    drop(lifts.wait_timeout(core, nap).unwrap_or_else(PoisonError::into_inner));
                    patient = since.elapsed() < PATIENCE;
                }
            }
        }
    }

    /// Takes an object that could not be sent home from among the victims, and says so as an error of what wants its room.
    ///
    /// # Errors
    /// The error itself where no other victim helps: the device or the engine is at its end, or it was this object before.
    fn held_up(&self, victim: u32, error: Error, stuck: &mut Vec<u32>) -> Result<Error> {
        if matches!(error.kind(), ErrorKind::Closed | ErrorKind::Lost) || stuck.contains(&victim) {
            return Err(error);
        }
        let mut core = self.shared.lock();
        core.devices[self.at].victims.remove(whole(victim));
        stuck.push(victim);
        let message = "what holds the room on the device could not go home";
        let told = Error::new(error.kind(), message).with("victim", core.catalogue.name(victim));
        Ok(told.caused_by(error))
    }

    /// Takes a block of bytes that are reserved. The device may have less than the budget says: then what it caches goes
    /// first, and the inner error says that something else must.
    fn allocate(&self, object: u32, len: u64, bytes: u64) -> Result<Result<DeviceBlock>> {
        let pool = &self.tier().pool;
        let short = |error: &Error| matches!(error.kind(), ErrorKind::OutOfMemory | ErrorKind::NoSpace);
        let allocated = match pool.allocate(len) {
            Err(error) if short(&error) => pool.trim().and_then(|_| pool.allocate(len)),
            other => other,
        };
        let mut core = self.shared.lock();
        match allocated {
            Ok(block) => {
                if let Some(berth) = core.devices[self.at].berths.get_mut(&object) {
                    berth.block = Some(block.clone());
                    berth.bytes = bytes;
                }
                Ok(Ok(block))
            }
            Err(error) => {
                core.ledger.release(self.tier().tier, bytes);
                if short(&error) { Ok(Err(error)) } else { Err(error) }
            }
        }
    }

    /// The object to go for another one, marked as being worked on.
    fn victim(&self, core: &mut Core, incoming: u32, cause: Cause) -> Option<u32> {
        let residents = &mut core.devices[self.at];
        let next_use = residents.follower.next_use(whole(incoming));
        let limit = (cause == Cause::Ahead && next_use != NextUse::Never).then_some(next_use);
        let object = residents.victims.victim(limit)?.object;
        let berth = residents.berths.get_mut(&object)?;
        if cause == Cause::Ahead && limit.is_none() && berth.ahead {
            // What one hint brought up, another does not take away.
            let bytes = berth.bytes;
            residents.victims.insert_unused(whole(object), bytes, NextUse::Never);
            return None;
        }
        berth.busy = true;
        Some(object)
    }

    /// An object to go although leases wait for it, marked as being worked on: one that would have to be lifted again
    /// anyhow, since part of it is out of date; with `any`, one whose lease something else than its bytes holds up. So
    /// leases that wait for each other's room do not wait for ever.
    fn rob(&self, core: &mut Core, incoming: u32, cause: Cause, any: bool, stuck: &[u32]) -> Option<u32> {
        let loose = |(object, berth): &(&u32, &Berth)| {
            let free = berth.block.is_some() && berth.leases == 0 && !berth.busy && **object != incoming;
            free && !stuck.contains(*object) && (any || !self.shared.is_aboard(core, self.at, **object))
        };
        let robbed = core.devices[self.at].berths.iter().find(loose).map(|(object, _)| *object);
        let object = robbed.filter(|_| cause == Cause::Demand)?;
        let residents = &mut core.devices[self.at];
        residents.victims.remove(whole(object));
        residents.berths.get_mut(&object)?.busy = true;
        Some(object)
    }

    /// Evicts an object from the device: chunks that home or the host have as well move nothing, others go to the host
    /// first. One that is leased meanwhile stays.
    fn send_away(&mut self, object: u32) -> Result<()> {
        let demoted = self.send_chunks_away(object);
        let shared = Arc::clone(&self.shared);
        let mut core = shared.lock();
        // One that was dropped meanwhile goes by itself: no trouble of whoever needs its room.
        let dropped = core.catalogue.live(object).is_err();
        if let Some(berth) = core.devices[self.at].berths.get_mut(&object) {
            berth.busy = false;
        }
        if shared.vacate(&mut core, self.at, object)
            && let Ok(moved) = demoted
        {
            let counters = &shared.counters;
            let counter =
                if moved { &counters.device_evictions_demoted } else { &counters.device_evictions_clean };
            counter.add(1);
        }
        shared.notice_loss(&mut core, self.at);
        shared.drop_lost(&mut core, self.at, object);
        shared.settle_berth(&mut core, self.at, object);
        shared.collect(&mut core, object);
        drop(core);
        shared.changed.notify_all();
        if dropped { Ok(()) } else { demoted.map(drop) }
    }

    /// Returns whether bytes moved.
    fn send_chunks_away(&self, object: u32) -> Result<bool> {
        let (shared, tier) = (&self.shared, self.tier().tier);
        let mut moved = false;
        let chunks = shared.lock().table.chunks(object).map_or(0, |chunks| chunks.len() as u32);
        let evict = |key| shared.lock().table.get_mut(key).map(|chunk| chunk.evict(tier));
        for key in (0..chunks).map(|chunk| ChunkKey { object, chunk }) {
            match evict(key) {
                Some(Err(Refused::OnlyCopy)) => {}
                Some(Ok(()) | Err(Refused::Absent)) => continue,
                // In use after all.
                Some(Err(_)) | None => return Ok(moved),
            }
            let placement = shared.lock().catalogue.get(object).map(|object| object.placement);
            let Some(piece) = placement.map(|placement| piece(&placement, key.chunk)) else {
                return Ok(moved);
            };
            // While it is leased on the host, it is not the only copy here.
            let held = HostBytes::lease(shared, key, piece.start, piece.len)?;
            moved = true;
            if !matches!(evict(key), Some(Ok(()) | Err(Refused::Absent))) {
                return Ok(moved);
            }
            drop(held);
        }
        Ok(moved)
    }
}
