//! The engine's state behind one lock, and who shares it.
//!
//! Only short work that never waits happens under the lock: transitions, lookups, remapping a frame. Bytes move
//! outside it, and nobody waits for bytes while holding it (invariant 7): waiters sleep on a condition that gives
//! it up.

use super::budget::Allowance;
use super::catalogue::Catalogue;
use super::devices::{DeviceTier, Residents};
use super::early::Early;
use super::lease::{Front, Trails};
use super::pass::PassClock;
use super::persist::{Flush, Keeping};
use super::request::{Requests, Span};
use super::victims::Victims;
use super::waits::Waits;
use super::wear::Wear;
use super::write_back::Dirty;
use crate::device::host::FramePool;
use crate::error::{Error, ErrorKind, Result};
use crate::io::{DriverReport, DriverStats, Wake};
use crate::object::{ChunkKey, Touch};
use crate::observe::clock::{Clock, SystemClock};
use crate::observe::counters::Counters;
use crate::observe::events::{Event, Recent, Sink};
use crate::plan::follow::Follower;
use crate::policy::Policy;
use crate::residency::ledger::Ledger;
use crate::residency::table::Table;
use crate::store::Store;
use crate::tier::{TierId, Topology};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;
use std::thread::ThreadId;
use stratal_runtime::tensor::managed::Access;

/// Events kept for reports.
pub(super) const EVENTS_KEPT: usize = 64;

/// What all handles, leases and the worker of one engine share.
pub(super) struct Shared {
    /// What hits read.
    pub(super) front: Front,
    pub(super) core: Mutex<Core>,
    /// Signalled when a request was granted or failed, or a lease ended.
    pub(super) changed: Condvar,
    pub(super) counters: Counters,
    pub(super) waits: Waits,
    pub(super) clock: SystemClock,
    pub(super) events: Recent,
    pub(super) policy: Policy,
    pub(super) topology: Topology,
    /// The tier whose bytes leases point at.
    pub(super) host: TierId,
    /// The tiers above it, each on a device.
    pub(super) devices: Vec<DeviceTier>,
    /// Bytes of the host's budget that are staging of devices from the start, and so on no account.
    pub(super) pinned_bytes: u64,
    pub(super) driver: OnceLock<Driver>,
    /// The store that outlives the engine, if the policy names one.
    pub(super) keeping: Option<Keeping>,
    /// The process that made it: its worker and its frames are not in a forked child.
    pub(super) process: u32,
}

/// What the worker says of its driver once it runs.
pub(super) struct Driver {
    pub(super) name: &'static str,
    pub(super) waker: Arc<dyn Wake>,
    pub(super) stats: Arc<DriverStats>,
    /// Who waits for nobody: everybody waits for it.
    pub(super) worker: ThreadId,
}

/// Everything that changes.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) table: Table,
    pub(super) ledger: Ledger,
    pub(super) catalogue: Catalogue,
    pub(super) pool: FramePool,
    pub(super) victims: Victims,
    pub(super) requests: Requests,
    /// Futures whose requests were answered: the worker wakes them, without the lock.
    pub(super) woken: Vec<Waker>,
    pub(super) holds: Holds,
    pub(super) follower: Follower,
    /// Passes of the schedule that the follower follows.
    pub(super) pass: PassClock,
    /// Hits that follower and policy have not seen yet.
    pub(super) trails: Trails,
    /// The store, made at the first spill.
    pub(super) store: Option<Store>,
    /// Hints of users, to fetch ahead as the window allows.
    pub(super) hints: VecDeque<ChunkKey>,
    /// Bytes fetched because of hints and not leased since.
    pub(super) hinted_bytes: u64,
    /// Leases that follower and policy have seen: the clock of advice.
    pub(super) leases: u64,
    /// Copies that were dismissed, unless they were used since.
    pub(super) dismissed: VecDeque<ChunkKey>,
    /// Bytes of the chunks that are kept by advice, present or not.
    pub(super) resident_bytes: u64,
    /// Bytes of spills under way that make room.
    pub(super) leaving_bytes: u64,
    /// Spills under way, these and those of write-back.
    pub(super) spilling: u32,
    /// Bytes of the budget that staging holds.
    pub(super) staging_bytes: u64,
    pub(super) allowance: Allowance,
    pub(super) dirty: Dirty,
    /// Dirty copies that the schedule lets go.
    pub(super) early: Early,
    pub(super) wear: Wear,
    pub(super) flush: Flush,
    /// Whether some tensor has a codec of its own, or all have.
    pub(super) coding: bool,
    /// What each device tier holds.
    pub(super) devices: Vec<Residents>,
    /// Leases on devices that wait: they are told when host leases end.
    pub(super) device_waiters: usize,
    /// Why no further call succeeds.
    pub(super) closed: Option<&'static str>,
}

impl Shared {
    /// The state. A thread that panicked while holding it left whole transitions behind: each is made or refused.
    pub(super) fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this is the process that made the engine, and no forked child of it.
    pub(super) fn is_at_home(&self) -> bool {
        std::process::id() == self.process
    }

    /// Whether this is the worker's thread, in a callback.
    pub(super) fn is_worker(&self) -> bool {
        self.driver.get().is_some_and(|driver| driver.worker == std::thread::current().id())
    }

    /// Makes the worker look at the state again.
    pub(super) fn wake(&self) {
        if let Some(driver) = self.driver.get() {
            driver.waker.wake();
        }
    }

    /// Notes something worth reporting.
    pub(super) fn event(&self, what: &'static str, detail: impl fmt::Display) {
        self.events.event(Event { at_ns: self.clock.now_ns(), what, detail: detail.to_string() });
    }

    /// What the driver does; nothing before it runs.
    pub(super) fn driver_report(&self) -> DriverReport {
        self.driver.get().map_or_else(DriverReport::default, |driver| driver.stats.report())
    }

    /// The host tier's name, for errors.
    pub(super) fn host_name(&self) -> &str {
        self.topology.tier(self.host).map_or("host", |tier| &tier.name)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let driver = self.driver.get().map_or("none", |driver| driver.name);
        f.debug_struct("Engine")
            .field("driver", &driver)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl Core {
    /// # Errors
    /// `Closed` once the engine no longer serves.
    pub(super) fn open(&self) -> Result<()> {
        match self.closed {
            None => Ok(()),
            Some(why) => Err(Error::new(ErrorKind::Closed, why)),
        }
    }

    /// The chunks of a span with the bytes of their copies, as a trace records them.
    pub(super) fn touches(&self, span: &Span) -> Vec<Touch> {
        let object = self.catalogue.get(span.object);
        let bytes = |key: ChunkKey| object.map_or(0, |object| object.copy_bytes(key.chunk) as u32);
        span.keys().map(|chunk| Touch { chunk, bytes: bytes(chunk) }).collect()
    }

    /// Bytes that the copies of a span take together.
    pub(super) fn span_bytes(&self, span: &Span) -> u64 {
        self.touches(span).iter().map(|touch| u64::from(touch.bytes)).sum()
    }
}

/// What a lease holds.
#[derive(Clone, Debug)]
pub(super) struct Hold {
    pub(super) span: Span,
    pub(super) access: Access,
}

/// Leases by token. A token names its slot and how often the slot was used, so a stale one names nothing.
#[derive(Debug, Default)]
pub(super) struct Holds {
    slots: Vec<(u32, Option<Hold>)>,
    free: Vec<u32>,
}

impl Holds {
    pub(super) fn put(&mut self, hold: Hold) -> u64 {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push((0, None));
            (self.slots.len() - 1) as u32
        });
        let slot = &mut self.slots[index as usize];
        slot.0 = slot.0.wrapping_add(1);
        slot.1 = Some(hold);
        u64::from(slot.0) << 32 | u64::from(index)
    }

    pub(super) fn take(&mut self, token: u64) -> Option<Hold> {
        let (uses, index) = ((token >> 32) as u32, token as u32);
        let slot = self.slots.get_mut(index as usize).filter(|slot| slot.0 == uses)?;
        let hold = slot.1.take()?;
        self.free.push(index);
        Some(hold)
    }

    /// Leases held now.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Hold> {
        self.slots.iter().filter_map(|(_, hold)| hold.as_ref())
    }
}
