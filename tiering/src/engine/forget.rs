//! Objects come and go: adding one, and giving back what a dropped one held as its leases and transfers end.

use super::catalogue::{Home, Object};
use super::state::{Core, Shared};
use crate::error::Result;
use crate::object::ChunkKey;
use crate::residency::table::Birth;

impl Shared {
    /// Adds an object and gives it an index.
    ///
    /// # Errors
    /// `Closed`.
    pub(super) fn add_object(&self, core: &mut Core, mut object: Object) -> Result<u32> {
        core.open()?;
        object.codec = self.policy.codec();
        let birth = match object.home {
            Home::Origin(_) => Birth::AtOrigin,
            Home::Spill => Birth::Unborn,
        };
        let index = core.table.add(object.placement.chunks(), birth);
        core.victims.enlist(index, object.tenant);
        core.catalogue.insert(index, object);
        Ok(index)
    }

    /// The last handle of an object is gone: its copies go now, or when what holds them ends.
    pub(super) fn forget_object(&self, core: &mut Core, index: u32) {
        let Some(object) = core.catalogue.get_mut(index) else { return };
        if std::mem::replace(&mut object.forgotten, true) {
            return;
        }
        self.catch_up(core);
        for chunk in 0..core.catalogue.get(index).map_or(0, |object| object.seats.len() as u32) {
            self.close_gates(core, ChunkKey { object: index, chunk });
        }
        for (chunk, record) in (0..).zip(core.table.chunks_mut(index).unwrap_or_default()) {
            record.forget();
            core.victims.forget(ChunkKey { object: index, chunk });
        }
        self.forget_dirt(core, index);
        self.forget_berths(core, index);
        self.forget_hints(core, index);
        self.forget_advice(core, index);
        core.catalogue.unlist(index);
        if core.catalogue.get(index).is_some_and(|object| object.slice_of.is_none()) {
            for slice in core.catalogue.slices_of(index) {
                self.forget_object(core, slice);
            }
        }
        self.collect(core, index);
    }

    /// Frees what nothing holds any more of a forgotten object, and its record when nothing is left.
    pub(super) fn collect(&self, core: &mut Core, index: u32) {
        let Some(object) = core.catalogue.get(index) else { return };
        if !object.forgotten {
            return;
        }
        for chunk in 0..object.seats.len() as u32 {
            let key = ChunkKey { object: index, chunk };
            while let Some(tier) = core.table.get_mut(key).and_then(|chunk| chunk.reclaim()) {
                if tier == self.host {
                    self.free_copy(core, key);
                }
            }
            if let Some(slot) = core.table.get_mut(key).and_then(|chunk| chunk.reclaim_extent()) {
                self.free_extent(core, slot);
            }
        }
        let wanted = core.requests.waiting().any(|request| request.span.object == index);
        if !self.collect_berths(core, index) {
            return;
        }
        if !wanted && core.table.remove(index).is_ok() {
            core.catalogue.remove(index);
        }
    }
}
