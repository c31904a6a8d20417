//! A device is lost: what other tiers hold stays readable, what it held alone is poisoned by name.

use crate::engine::state::{Core, Shared};
use crate::error::{Error, ErrorKind};
use crate::object::ChunkKey;
use crate::residency::state::Poison;

impl Shared {
    /// Takes notice when the device does nothing any more: from then on every lease there fails with that.
    pub(super) fn notice_loss(&self, core: &mut Core, at: usize) {
        let tier = &self.devices[at];
        if core.devices[at].lost.is_some() || !tier.pool.driver().is_lost() {
            return;
        }
        let error = Error::new(ErrorKind::Lost, "the device is lost").with("device", tier.device);
        self.event("device lost", &error);
        core.devices[at].lost = Some(error);
        core.devices[at].demanded.clear();
        core.devices[at].ahead.clear();
        let objects: Vec<_> = core.devices[at].berths.keys().copied().collect();
        for object in objects {
            if let Some(berth) = core.devices[at].berths.get_mut(&object) {
                berth.queued = false;
            }
            self.poison_lost(core, at, object);
            self.drop_lost(core, at, object);
        }
        tier.lifts.notify_all();
        self.changed.notify_all();
    }

    /// Poisons the chunks of an object that only the lost device held.
    fn poison_lost(&self, core: &mut Core, at: usize, object: u32) {
        let tier = self.devices[at].tier;
        let mut lost = Vec::new();
        for (chunk, record) in (0..).zip(core.table.chunks_mut(object).unwrap_or_default()) {
            if record.is_only_copy(tier) {
                record.set_poison(Poison::Device);
                lost.push(ChunkKey { object, chunk });
            }
        }
        let Some(first) = lost.first() else { return };
        let name = core.catalogue.name(object);
        let device = self.devices[at].device;
        self.event("poison", format!("{name}, {} chunks from {first:?}, lost with {device}", lost.len()));
        let error = Error::new(ErrorKind::Poisoned, "its only copy was lost with a device");
        let error = error.with("tensor", name).with("device", device);
        lost.iter().for_each(|key| self.fail_waiters(core, *key, &error));
    }

    /// Forgets the copies of an object on a lost device, once nothing holds them.
    pub(super) fn drop_lost(&self, core: &mut Core, at: usize, object: u32) {
        let idle = core.devices[at].berths.get(&object).is_some_and(|berth| berth.leases == 0 && !berth.busy);
        if core.devices[at].lost.is_none() || !idle {
            return;
        }
        self.poison_lost(core, at, object);
        let tier = self.devices[at].tier;
        for record in core.table.chunks_mut(object).unwrap_or_default() {
            // What a fill still reads stays until that has ended.
            let _ = record.evict(tier);
        }
        self.vacate(core, at, object);
        self.settle_berth(core, at, object);
    }
}
