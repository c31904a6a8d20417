//! Tiers of kind hbm: copies of whole objects in device memory, above the host's.
//!
//! ```text
//!  lease on a device ─ all chunks there: held                          two threads of each tier
//!       └ else: asked for ──> lifts: room, then chunk by chunk   disk ─> frames ─> staging ─> device     up
//!  lease on the host ─ bytes only there: the worker's fill ──────────── device ─> staging ─> frame       down
//! ```
//!
//! Residency is the one table of all tiers, chunk by chunk: a write on the device makes the host's copy stale and the
//! other way round, and a copy that equals home or the host's is dropped without moving a byte. Room is by the object,
//! since a kernel wants its bytes in one piece: a [`Berth`] has one block, and is chosen as victim whole.
//!
//! Both threads use the tiers below by the same means as everybody: the way up takes host leases, which fetch, wait and
//! count like any other; the way home is a fill of a host copy whose source is the device. So no second engine decides
//! over host memory, and a dirty copy is demoted by leasing it on the host: into a free frame if there is one, else
//! through it to the store. They are two, because the way up waits for host memory that the way home may free.
//!
//! Invariants:
//! - `ledger.used(tier)` is the sum of `bytes` of its berths, and at most its budget, also while bytes are on their way;
//! - a device copy counts as resident once its upload is in the stream: whoever uses the block comes after it, since uses
//!   are ordered (invariant 10). Until the way home has ended, the device's copy is not touched;
//! - a berth goes only when no lease holds it, no thread works on it and no chunk is the only copy;
//! - an object's record stays while a tier has a berth for it, so its index cannot be given to another one meanwhile;
//! - staging is taken off the dram budget at the start, at most 128 MiB, page-locked: memory that a device reads never moves.

mod build;
mod lend;
mod lift;
mod lost;
mod recall;
mod report;
mod room;
mod staging;

pub(super) use build::{DeviceTiers, Drivers, spawn};
pub use report::DeviceReport;

use super::request::Span;
use super::state::{Core, Shared};
use crate::device::{Device, DeviceBlock, DevicePool, Stream};
use crate::error::Error;
use crate::object::{CHUNK_BYTES, ChunkKey, Touch};
use crate::plan::follow::{Followed, Follower};
use crate::residency::evict::Evict;
use crate::tier::TierId;
use crate::transfer::Placement;
use recall::Recall;
use staging::Staging;
use std::collections::{HashMap, VecDeque};
use std::sync::Condvar;
use stratal_runtime::tensor::managed::Access;

/// What of a device tier never changes.
#[derive(Debug)]
pub(super) struct DeviceTier {
    pub(super) tier: TierId,
    pub(super) device: Device,
    /// The tier's name, for errors.
    pub(super) name: String,
    pool: DevicePool,
    /// Copies to the device, and home.
    up: Stream,
    down: Stream,
    staging_up: Staging,
    staging_down: Staging,
    /// With the lock: something is to be lifted, or there may be room.
    lifts: Condvar,
    /// With the lock: something is to come home.
    recalls: Condvar,
}

/// What of a device tier changes.
#[derive(Debug)]
pub(super) struct Residents {
    victims: Box<dyn Evict>,
    follower: Follower,
    berths: HashMap<u32, Berth>,
    /// Objects to lift: those that leases wait for, and those needed soon.
    demanded: VecDeque<u32>,
    ahead: VecDeque<u32>,
    recalls: VecDeque<Recall>,
    holds: HashMap<u64, (u32, Access)>,
    next_token: u64,
    /// Why the device does nothing any more.
    lost: Option<Error>,
}

/// One object's place on a device.
#[derive(Debug, Default)]
struct Berth {
    /// Its room, and what the ledger has for it.
    block: Option<DeviceBlock>,
    bytes: u64,
    leases: u32,
    /// Leases that wait for it.
    wanted: u32,
    /// Among those to lift.
    queued: bool,
    /// A thread works on it.
    busy: bool,
    /// Lifted before need and not leased since.
    ahead: bool,
    /// Lifts that failed, and why the last one did.
    failures: u32,
    error: Option<Error>,
}

impl Berth {
    /// Whether nothing but its bytes is here.
    fn is_idle(&self) -> bool {
        self.leases == 0 && self.wanted == 0 && !self.queued && !self.busy
    }
}

/// The bytes of an object that one chunk holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    chunk: u32,
    /// Where they begin in the object.
    start: u64,
    len: usize,
    /// Where they begin in a copy of the chunk.
    within: usize,
}

fn piece(placement: &Placement, chunk: u32) -> Piece {
    let content = u64::from(chunk) * CHUNK_BYTES;
    let start = content.saturating_sub(placement.shift);
    let end = (content + placement.chunk_bytes(chunk)).saturating_sub(placement.shift);
    let within = start + placement.shift - content;
    Piece { chunk, start, len: end.saturating_sub(start) as usize, within: within as usize }
}

/// What an object is called among the victims of a device.
const fn whole(object: u32) -> ChunkKey {
    ChunkKey { object, chunk: 0 }
}

impl Shared {
    /// The tier on a device.
    fn device_tier(&self, device: Device) -> Option<usize> {
        self.devices.iter().position(|tier| tier.device == device)
    }

    /// The chunks of an object.
    fn all_of(&self, core: &Core, object: u32) -> Option<Span> {
        let chunks = core.catalogue.get(object)?.placement.chunks();
        Some(Span { object, chunks: 0..=chunks.checked_sub(1)? })
    }

    /// Whether the device holds every chunk of an object as it is now.
    fn is_aboard(&self, core: &Core, at: usize, object: u32) -> bool {
        let tier = self.devices[at].tier;
        core.table.chunks(object).is_some_and(|chunks| chunks.iter().all(|chunk| chunk.is_valid(tier)))
    }

    /// Wakes the threads of all device tiers.
    pub(super) fn ring_devices(&self) {
        for tier in &self.devices {
            tier.lifts.notify_all();
            tier.recalls.notify_all();
        }
    }

    /// Drops copies of a chunk that are out of date, in whichever tier: after a write, and after a transfer that it
    /// overtook.
    pub(super) fn sweep(&self, core: &mut Core, key: ChunkKey) {
        if self.devices.is_empty() {
            return;
        }
        while let Some(tier) = core.table.get_mut(key).and_then(|chunk| chunk.reclaim()) {
            if tier == self.host {
                self.free_copy(core, key);
            }
        }
        self.note_dirt(core, key);
    }

    /// Puts an object among the victims of a device if it belongs there; one that was dropped goes by itself.
    fn settle_berth(&self, core: &mut Core, at: usize, object: u32) {
        let lives = core.catalogue.live(object).is_ok();
        let residents = &mut core.devices[at];
        match residents.berths.get(&object) {
            Some(berth) if lives && berth.is_idle() && berth.block.is_some() && residents.lost.is_none() => {
                let (key, bytes) = (whole(object), berth.bytes);
                residents.victims.insert(key, bytes, residents.follower.next_use(key));
            }
            Some(berth) if berth.is_idle() && berth.block.is_none() => {
                residents.berths.remove(&object);
            }
            _ => {
                residents.victims.remove(whole(object));
            }
        }
    }

    /// Gives an object's room back, once no chunk is there any more. Returns whether it has gone.
    fn vacate(&self, core: &mut Core, at: usize, object: u32) -> bool {
        let tier = self.devices[at].tier;
        let empty = core.table.chunks(object).is_none_or(|chunks| {
            chunks.iter().all(|chunk| chunk.state(tier) == crate::residency::state::CopyState::Absent)
        });
        let residents = &mut core.devices[at];
        if !empty || residents.berths.get(&object).is_none_or(|berth| berth.leases > 0 || berth.busy) {
            return false;
        }
        residents.victims.gone(whole(object));
        residents.follower.cancelled(whole(object));
        if let Some(berth) = residents.berths.get_mut(&object) {
            let (block, bytes) = (berth.block.take(), std::mem::take(&mut berth.bytes));
            if std::mem::take(&mut berth.ahead) {
                self.counters.device_prefetches_wasted.add(1);
            }
            if berth.is_idle() {
                residents.berths.remove(&object);
            }
            core.ledger.release(tier, bytes);
            // Its next user comes after the last one: nothing is waited for.
            drop(block);
        }
        self.devices[at].lifts.notify_all();
        true
    }

    /// An object was dropped: no device lifts it any more.
    pub(super) fn forget_berths(&self, core: &mut Core, object: u32) {
        for residents in &mut core.devices {
            residents.victims.forget(whole(object));
            if let Some(berth) = residents.berths.get_mut(&object) {
                berth.queued = false;
            }
        }
    }

    /// Gives the room of a dropped object back on every device. Returns whether none has any.
    pub(super) fn collect_berths(&self, core: &mut Core, object: u32) -> bool {
        for at in 0..self.devices.len() {
            self.vacate(core, at, object);
        }
        core.devices.iter().all(|residents| !residents.berths.contains_key(&object))
    }

    /// Tells the device's follower of a lease, and asks for what its schedule needs next.
    fn follow_on(&self, core: &mut Core, at: usize, object: u32, bytes: u64) {
        let touch = Touch { chunk: whole(object), bytes: u32::try_from(bytes).unwrap_or(u32::MAX) };
        let Residents { victims, follower, berths, .. } = &mut core.devices[at];
        match follower.lease(&[touch]) {
            Followed::Learned | Followed::Stale | Followed::Suspended | Followed::Resumed => {
                victims.reset(&mut |key| follower.next_use(key));
            }
            Followed::At(position) => {
                while let Some(key) = victims.overdue(position) {
                    let bytes = berths.get(&key.object).map_or(1, |berth| berth.bytes.max(1));
                    victims.insert_unused(key, bytes, follower.next_use(key));
                }
            }
            Followed::Recording | Followed::Unscheduled => {}
        }
        self.lift_ahead(core, at);
    }

    /// Asks for what the schedule needs next, as the window allows.
    fn lift_ahead(&self, core: &mut Core, at: usize) {
        let tier = self.devices[at].tier;
        loop {
            let Core { table, catalogue, devices, .. } = core;
            let Residents { follower, berths, lost, .. } = &mut devices[at];
            if lost.is_some() {
                return;
            }
            let mut present = |key: ChunkKey| {
                let gone = catalogue.get(key.object).is_none_or(|object| object.forgotten);
                let coming = berths.get(&key.object).is_some_and(|berth| berth.queued || berth.busy);
                let valid = || {
                    let chunks = table.chunks(key.object);
                    chunks.is_some_and(|chunks| chunks.iter().all(|chunk| chunk.is_valid(tier)))
                };
                gone || coming || valid()
            };
            let Some(touch) = follower.next_prefetch(&mut present) else { return };
            self.queue_ahead(core, at, touch.chunk.object);
        }
    }

    /// Has an object lifted before need, and its chunks fetched from their home for that.
    fn queue_ahead(&self, core: &mut Core, at: usize, object: u32) {
        let Some(span) = self.all_of(core, object) else { return };
        self.hint(core, &span);
        let residents = &mut core.devices[at];
        let berth = residents.berths.entry(object).or_default();
        if !berth.busy && !std::mem::replace(&mut berth.queued, true) {
            residents.victims.remove(whole(object));
            residents.ahead.push_back(object);
            self.devices[at].lifts.notify_all();
        }
    }
}
