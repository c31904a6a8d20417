//! Leases on a device, as the device room asks for them.

use super::{Berth, Residents, whole};
use crate::device::{Device, DeviceBlock};
use crate::engine::state::{Core, Shared};
use crate::error::{Error, ErrorKind, Result};
use crate::object::ChunkKey;
use crate::residency::state::{Chunk, Exclusive, Refused};
use std::sync::{MutexGuard, PoisonError};
use std::time::Instant;
use stratal_runtime::tensor::managed::Access;

impl Shared {
    /// Holds all bytes of an object on a device, waiting at most the deadline of the policy.
    ///
    /// # Errors
    /// `Unsupported` where no tier is on that device; `Budget` for more than it holds; `Lost`, `Poisoned`, `Deadline`,
    /// `Conflict`, `Missing`, `Closed`; those of fetching the bytes.
    pub(in crate::engine) fn lend_on(
        &self,
        object: u32,
        device: Device,
        access: Access,
    ) -> Result<(DeviceBlock, u64)> {
        let mut core = self.enter(u64::from(object))?;
        let name = core.catalogue.name(object);
        let named = |error: Error| error.with("tensor", name).with("device", device);
        if self.is_worker() {
            let message = "a callback of the engine's own thread cannot wait for bytes";
            return Err(named(Error::new(ErrorKind::Conflict, message)));
        }
        let (at, failures) = match self.want_aboard(&mut core, object, device) {
            Ok(wanted) => wanted,
            Err(error) => return Err(named(error)),
        };
        let (mut core, lent) = self.wait_aboard(core, at, object, access, failures);
        core.device_waiters -= 1;
        if let Some(berth) = core.devices[at].berths.get_mut(&object) {
            berth.wanted -= 1;
        }
        self.settle_berth(&mut core, at, object);
        self.collect(&mut core, object);
        drop(core);
        self.wake();
        lent.map_err(named)
    }

    /// Notes that a lease is wanted: the tier, and how many lifts of the object have failed before.
    fn want_aboard(&self, core: &mut Core, object: u32, device: Device) -> Result<(usize, u32)> {
        let bytes = core.catalogue.live(object)?.placement.bytes;
        let none = || Error::new(ErrorKind::Unsupported, "the policy has no tier on that device");
        let at = self.device_tier(device).ok_or_else(none)?;
        if bytes == 0 {
            return Err(Error::new(ErrorKind::Unsupported, "an empty tensor has no bytes on a device"));
        }
        self.catch_up(core);
        self.notice_loss(core, at);
        let aboard = self.is_aboard(core, at, object);
        let counters = &self.counters;
        if aboard { &counters.device_hits } else { &counters.device_misses }.add(1);
        self.follow_on(core, at, object, self.devices[at].pool.footprint_bytes(bytes));
        core.device_waiters += 1;
        let residents = &mut core.devices[at];
        residents.victims.remove(whole(object));
        let berth = residents.berths.entry(object).or_default();
        berth.wanted += 1;
        Ok((at, berth.failures))
    }

    /// Asks for the bytes until they can be held. The lock is given up while it sleeps.
    fn wait_aboard<'a>(
        &'a self,
        mut core: MutexGuard<'a, Core>,
        at: usize,
        object: u32,
        access: Access,
        failures: u32,
    ) -> (MutexGuard<'a, Core>, Result<(DeviceBlock, u64)>) {
        let since = Instant::now();
        loop {
            let refused = match self.try_aboard(&mut core, at, object, access, failures) {
                Ok(Ok(held)) => return (core, Ok(held)),
                Ok(Err(refused)) => refused,
                Err(error) => return (core, Err(error)),
            };
            let left = self.policy.deadline().checked_sub(since.elapsed()).filter(|left| !left.is_zero());
            let Some(left) = left else { return (core, Err(self.too_late_aboard(at, refused))) };
            core = self.changed.wait_timeout(core, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Holds the bytes, or has them lifted and says what is in the way.
    fn try_aboard(
        &self,
        core: &mut Core,
        at: usize,
        object: u32,
        access: Access,
        failures: u32,
    ) -> Result<Result<(DeviceBlock, u64), Refused>> {
        core.open()?;
        core.catalogue.live(object)?;
        if let Some(why) = &core.devices[at].lost {
            return Err(why.retold().with("tier", &self.devices[at].name));
        }
        let refused = match self.hold_aboard(core, at, object, access) {
            Ok(held) => return Ok(Ok(held)),
            Err(Refused::Poisoned) => return Err(Refused::Poisoned.into()),
            Err(refused) => refused,
        };
        let berth = core.devices[at].berths.get(&object).filter(|berth| berth.failures != failures);
        if let Some(why) = berth.and_then(|berth| berth.error.as_ref()) {
            return Err(why.retold());
        }
        if refused != Refused::Leased {
            self.demand_aboard(core, at, object);
        }
        Ok(Err(refused))
    }

    fn too_late_aboard(&self, at: usize, refused: Refused) -> Error {
        let seconds = self.policy.deadline().as_secs_f64();
        let error = match refused {
            Refused::Leased => {
                Error::new(ErrorKind::Conflict, format!("another lease excluded this one for {seconds} s"))
            }
            _ => Error::new(ErrorKind::Deadline, format!("the bytes did not arrive within {seconds} s")),
        };
        error.with("tier", &self.devices[at].name)
    }

    /// Has an object lifted because a lease waits for it.
    fn demand_aboard(&self, core: &mut Core, at: usize, object: u32) {
        let Residents { berths, demanded, ahead, .. } = &mut core.devices[at];
        let Some(berth) = berths.get_mut(&object) else { return };
        if berth.busy || demanded.contains(&object) && berth.queued {
            return;
        }
        if std::mem::replace(&mut berth.queued, true) {
            ahead.retain(|other| *other != object);
        }
        demanded.push_back(object);
        self.devices[at].lifts.notify_all();
    }

    /// Takes the leases of all chunks together.
    fn hold_aboard(
        &self,
        core: &mut Core,
        at: usize,
        object: u32,
        access: Access,
    ) -> Result<(DeviceBlock, u64), Refused> {
        let tier = self.devices[at].tier;
        let keys: Vec<_> = self.all_of(core, object).into_iter().flat_map(|span| span.keys()).collect();
        if access == Access::Write {
            keys.iter().for_each(|key| self.close_gates(core, *key));
        }
        let berth = core.devices[at].berths.get(&object);
        let block = berth.filter(|berth| !berth.busy).and_then(|berth| berth.block.clone());
        let take = |chunk: &mut Chunk| match access {
            Access::Read => chunk.lease_shared(tier),
            Access::Write => chunk.lease_exclusive(tier),
        };
        let poisoned = |key: &ChunkKey| core.table.get(*key).is_some_and(|chunk| chunk.poison().is_some());
        if keys.iter().any(poisoned) {
            return Err(Refused::Poisoned);
        }
        let Some(block) = block else { return Err(Refused::Absent) };
        for (taken, key) in keys.iter().enumerate() {
            let leased = core.table.get_mut(*key).ok_or(Refused::Forgotten).and_then(take);
            if let Err(refused) = leased {
                for key in &keys[..taken] {
                    self.let_go_aboard(core, at, *key, access, Exclusive::Untouched);
                }
                return Err(refused);
            }
        }
        let residents = &mut core.devices[at];
        let token = residents.next_token;
        residents.next_token += 1;
        residents.holds.insert(token, (object, access));
        if let Some(Berth { leases, ahead, .. }) = residents.berths.get_mut(&object) {
            *leases += 1;
            *ahead = false;
        }
        // Tiers are told apart by the low bits.
        Ok((block, token * self.devices.len() as u64 + at as u64))
    }

    fn let_go_aboard(&self, core: &mut Core, at: usize, key: ChunkKey, access: Access, how: Exclusive) {
        let tier = self.devices[at].tier;
        let Some(chunk) = core.table.get_mut(key) else { return };
        // Refused only where nothing was held: then there is nothing to end.
        match access {
            Access::Read => drop(chunk.release_shared(tier)),
            Access::Write => drop(chunk.release_exclusive(tier, how)),
        }
    }

    /// Ends a hold: a writer's copy is dirty and all others are out of date, or torn with its device.
    pub(in crate::engine) fn give_back_on(&self, token: u64, torn: bool) {
        if !self.is_at_home() || self.devices.is_empty() {
            return;
        }
        let tiers = self.devices.len() as u64;
        let (at, token) = ((token % tiers) as usize, token / tiers);
        let mut core = self.lock();
        let Some((object, access)) = core.devices[at].holds.remove(&token) else { return };
        self.notice_loss(&mut core, at);
        let torn = torn || core.devices[at].lost.is_some();
        let how = if torn { Exclusive::Torn } else { Exclusive::Written };
        let keys: Vec<_> = self.all_of(&core, object).into_iter().flat_map(|span| span.keys()).collect();
        for key in keys {
            self.let_go_aboard(&mut core, at, key, access, how);
            if access == Access::Write {
                self.sweep(&mut core, key);
                self.settle(&mut core, key);
            }
        }
        if let Some(berth) = core.devices[at].berths.get_mut(&object) {
            berth.leases -= 1;
        }
        self.drop_lost(&mut core, at, object);
        self.settle_berth(&mut core, at, object);
        self.collect(&mut core, object);
        self.grant_ready(&mut core);
        drop(core);
        self.devices[at].lifts.notify_all();
        self.changed.notify_all();
        self.wake();
    }

    /// An object is needed on a device soon.
    pub(in crate::engine) fn expect_on(&self, object: u32, device: Device) {
        let Some(at) = self.device_tier(device).filter(|_| self.is_at_home()) else { return };
        let mut core = self.lock();
        let live = core.closed.is_none() && core.catalogue.live(object).is_ok();
        if !live || core.devices[at].lost.is_some() || self.is_aboard(&core, at, object) {
            return;
        }
        self.queue_ahead(&mut core, at, object);
        drop(core);
        self.wake();
    }
}
