//! Starting an engine: the state, then the worker with its driver, then the handle that both live by.

use super::Engine;
use super::auto::Watch;
use super::budget::Allowance;
use super::catalogue::Catalogue;
use super::devices::{self, DeviceTiers, Drivers};
use super::early::Early;
use super::lease::{Front, Handle, Trails};
use super::pass::PassClock;
use super::persist::{Flush, Keeping};
use super::pressure::{Gauge, Listener, MemoryPressure};
use super::request::Requests;
use super::state::{Core, Driver, EVENTS_KEPT, Holds, Shared};
use super::victims::Victims;
use super::waits::Waits;
use super::wear::Wear;
use super::worker::Worker;
use super::write_back::Dirty;
use crate::device::host::FramePool;
use crate::device::{Device, Driver as DeviceDriver};
use crate::error::{Error, ErrorKind, Result};
use crate::io::{self, Io};
use crate::observe::clock::SystemClock;
use crate::observe::counters::Counters;
use crate::observe::events::Recent;
use crate::plan::follow::Follower;
use crate::policy::memory::{MemoryFiles, MemorySource};
use crate::policy::{Eviction, IoChoice, Policy};
use crate::residency::evict::adaptive::Adaptive;
use crate::residency::evict::arc::Arc as Balanced;
use crate::residency::evict::contained::Contained;
use crate::residency::evict::guided::Guided;
use crate::residency::evict::{Evict, lfu::Lfu, lru::Lru, s3_fifo::S3Fifo, sieve::Sieve, slru::Slru};
use crate::residency::ledger::Ledger;
use crate::residency::table::Table;
use crate::store::{Named, Store};
use crate::tier::{TierId, TierKind, Topology};
use crate::transfer::Freight;
use std::collections::VecDeque;
use std::fmt;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex, OnceLock};

/// Flights that the driver holds; how many of them the device has at once, it finds out unless the policy says.
const FLIGHTS: usize = 256;

/// Opens a driver on the worker's thread.
type OpenDriver = Box<dyn FnOnce() -> Result<Box<dyn Io<Freight>>> + Send>;

/// Configures an [`Engine`].
#[derive(Default)]
pub struct EngineBuilder {
    policy: Option<Policy>,
    driver: Option<OpenDriver>,
    evict: Option<Box<dyn Evict>>,
    memory: Option<Box<dyn MemorySource>>,
    listeners: Vec<Listener>,
    devices: Drivers,
}

impl fmt::Debug for EngineBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineBuilder").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl EngineBuilder {
    /// What the engine may use, and how it decides; [`Policy::default`] unless given.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Chooses victims by a policy of the application's own, whatever the policy file says. It may choose badly, and
    /// the engine is slow; it cannot choose wrongly: what is leased or in flight stays whatever it answers, and once
    /// it panics the longest idle copy goes instead. Copies of a tenant are ordered by the policy file's choice: this one
    /// is asked about all others.
    ///
    /// ```
    /// # use stratal_tiering::engine::Engine;
    /// # use stratal_tiering::policy::Policy;
    /// # use stratal_tiering::residency::evict::sieve::Sieve;
    /// # use stratal_tiering::tier::TierKind;
    /// let policy = Policy::builder().tier("dram", TierKind::Dram, "8 MiB").build()?;
    /// let engine = Engine::builder().policy(policy).evict(Box::new(Sieve::new())).build()?;
    /// # Ok::<(), stratal_tiering::error::Error>(())
    /// ```
    #[must_use]
    pub fn evict(mut self, policy: Box<dyn Evict>) -> Self {
        self.evict = Some(policy);
        self
    }

    /// Moves file bytes by another driver than the policy's, such as the simulator with faults. It is opened on the
    /// worker's thread.
    #[must_use]
    pub fn driver(mut self, open: impl FnOnce() -> Result<Box<dyn Io<Freight>>> + Send + 'static) -> Self {
        self.driver = Some(Box::new(open));
        self
    }

    /// Has a function called when memory gets scarce: when the part of the budget that is leased, dirty, in flight or kept
    /// by advice reaches a level of the policy (70, 85 and 95 % unless it says otherwise), and when it leaves one again.
    ///
    /// It is called by the engine's own thread, which meanwhile does nothing else: let it note, signal, or drop. A lease
    /// that is not there fails in it with `Conflict` instead of waiting; one that panics is not called again.
    ///
    /// ```
    /// # use std::sync::mpsc::channel;
    /// # use std::time::Duration;
    /// # use stratal_tiering::engine::Engine;
    /// # use stratal_tiering::policy::Policy;
    /// # use stratal_tiering::tier::TierKind;
    /// # use stratal_runtime::tensor::Dyn;
    /// # fn main() -> stratal_tiering::error::Result<()> {
    /// let (told, pressures) = channel();
    /// let policy = Policy::builder().tier("dram", TierKind::Dram, "8 MiB").build()?;
    /// let engine = Engine::builder().policy(policy).on_pressure(move |now| told.send(*now).unwrap_or_default()).build()?;
    /// let state = engine.zeros::<u8, (Dyn,)>("state", [6 << 20])?; // three quarters of the budget
    /// let lease = state.write()?;
    /// let now = pressures.recv_timeout(Duration::from_secs(60)).expect("70 % are reached");
    /// assert_eq!((now.level, now.rising), (Some(0.70), true));
    /// # drop(lease);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on_pressure(mut self, listener: impl FnMut(&MemoryPressure) + Send + 'static) -> Self {
        self.listeners.push(Box::new(listener));
        self
    }

    /// Where the budget is `"auto"`, follows another machine than this one, such as the simulator.
    #[must_use]
    pub fn memory(mut self, source: impl MemorySource + 'static) -> Self {
        self.memory = Some(Box::new(source));
        self
    }

    /// Reaches a device that the policy names by another driver than the one of the process, such as a simulator with
    /// faults.
    ///
    /// ```
    /// # use stratal_tiering::device::{Device, Sim, SimSpec};
    /// # use stratal_tiering::engine::Engine;
    /// # use stratal_tiering::policy::Policy;
    /// # use stratal_tiering::tier::TierKind;
    /// let policy = Policy::builder()
    ///     .device_tier("gpu", "sim:0", "8 MiB")
    ///     .tier("dram", TierKind::Dram, "32 MiB")
    ///     .build()?;
    /// let sim = Sim::open(SimSpec { memory_bytes: 16 << 20, ..SimSpec::default() })?;
    /// let engine = Engine::builder().policy(policy).device(Device::Sim(0), sim).build()?;
    /// assert_eq!(engine.report().devices[0].budget_bytes, 8 << 20);
    /// # Ok::<(), stratal_tiering::error::Error>(())
    /// ```
    #[must_use]
    pub fn device(mut self, device: Device, driver: Arc<dyn DeviceDriver>) -> Self {
        self.devices.insert(device, driver);
        self
    }

    /// Starts the engine and its worker thread, and two threads for each tier on a device.
    ///
    /// # Errors
    /// `Policy` when no host tier is configured, or a tier on a device is larger than its memory; `Unsupported` when a
    /// tier is that this version does not fill, or on a device that is not there; `Io` or `Unsupported` when the driver that the policy insists on
    /// is refused; `Budget` when the policy encodes or encrypts and the budget has no room for that.
    pub fn build(self) -> Result<Engine> {
        let shared = Arc::new(shared(self.policy.unwrap_or_default(), self.evict, &self.devices)?);
        let (ready, started) = channel();
        let theirs = Arc::clone(&shared);
        let (driver, gauge) = (self.driver, Gauge::new(self.listeners));
        let spawned = std::thread::Builder::new()
            .name("stratal-engine".into())
            .spawn(move || work(theirs, driver, gauge, &ready))
            .map_err(Error::from)?;
        let gone = || Error::new(ErrorKind::Closed, "the engine's worker ended before it began");
        started.recv().map_err(|_| gone())??;
        let follows = shared.policy.follows_memory();
        let source = || self.memory.unwrap_or_else(|| Box::new(MemoryFiles::system()));
        let watch = follows.then(|| Watch::start(&shared, source()));
        // What has started ends with the handle.
        let mut handle = Handle::new(Arc::clone(&shared), spawned);
        handle.watched_by(watch.transpose()?);
        devices::spawn(&shared, handle.attendants())?;
        Ok(Engine { handle: Arc::new(handle) })
    }
}

fn shared(policy: Policy, evict: Option<Box<dyn Evict>>, drivers: &Drivers) -> Result<Shared> {
    let topology = policy.topology();
    let host = host_tier(&topology)?;
    let devices = DeviceTiers::open(&policy, &topology, drivers)?;
    let budget_bytes = policy.dram_budget_bytes() - devices.staging_bytes;
    let own = evict.map(|evict| Box::new(Contained::new(evict)) as Box<dyn Evict>);
    let each = policy.tenants().iter().map(|_| evict_by(policy.eviction()));
    let victims = Victims::new(own.into_iter().chain([evict_by(policy.eviction())]).take(1).chain(each));
    let quotas = policy.tenants().iter().map(|tenant| tenant.quota);
    let (keeping, store) = named_store(&policy)?.unzip();
    // What an earlier engine encoded must be decoded, whatever this policy says.
    let coding = keeping.as_ref().is_some_and(Keeping::holds_encoded);
    let core = Core {
        table: Table::new(topology.tiers.len()),
        ledger: ledger(&topology, host, budget_bytes, &devices).shared(host, quotas),
        catalogue: Catalogue::default(),
        pool: FramePool::new(budget_bytes),
        victims,
        requests: Requests::default(),
        woken: Vec::new(),
        holds: Holds::default(),
        follower: Follower::new(budget_bytes, policy.window_bytes()).planned_aside(),
        pass: PassClock::default(),
        trails: Trails::default(),
        store,
        hints: VecDeque::new(),
        hinted_bytes: 0,
        leases: 0,
        dismissed: VecDeque::new(),
        resident_bytes: 0,
        leaving_bytes: 0,
        spilling: 0,
        staging_bytes: 0,
        allowance: Allowance::new(policy.window_bytes()),
        dirty: Dirty::default(),
        early: Early::new(),
        wear: Wear::new(policy.wear_per_day_bytes(), 0),
        flush: Flush::default(),
        coding,
        devices: devices.residents,
        device_waiters: 0,
        closed: None,
    };
    Ok(Shared {
        front: Front::new(),
        core: Mutex::new(core),
        changed: Condvar::new(),
        counters: Counters::default(),
        waits: Waits::default(),
        clock: SystemClock::new(),
        events: Recent::new(EVENTS_KEPT),
        policy,
        topology,
        host,
        devices: devices.tiers,
        pinned_bytes: devices.staging_bytes,
        driver: OnceLock::new(),
        keeping,
        process: std::process::id(),
    })
}

/// The store that outlives the process, where the policy names one.
fn named_store(policy: &Policy) -> Result<Option<(Keeping, Store)>> {
    let Some(name) = policy.spill_store() else { return Ok(None) };
    let opened = Named::open(policy.spill_disks(), policy.spill_capacity_bytes(), name);
    let (named, store) = opened.map_err(|error| error.with("store", name))?;
    Ok(Some((Keeping::new(named), store)))
}

/// The accounts of all tiers: the host's without staging, those of devices in whole frames.
fn ledger(topology: &Topology, host: TierId, budget_bytes: u64, devices: &DeviceTiers) -> Ledger {
    let mut ledger = Ledger::new(topology);
    ledger.set_budget(host, budget_bytes);
    devices.budgets().for_each(|(tier, bytes)| ledger.set_budget(tier, bytes));
    ledger
}

/// The policy behind a word.
pub(super) fn evict_by(eviction: Eviction) -> Box<dyn Evict> {
    match eviction {
        Eviction::Min => Box::new(Guided::new(Box::new(Adaptive::new()))),
        Eviction::Adaptive => Box::new(Adaptive::new()),
        Eviction::Lru => Box::new(Lru::new()),
        Eviction::S3Fifo => Box::new(S3Fifo::new()),
        Eviction::Lfu => Box::new(Lfu::new()),
        Eviction::Sieve => Box::new(Sieve::new()),
        Eviction::Slru => Box::new(Slru::new()),
        Eviction::Arc => Box::new(Balanced::new()),
    }
}

/// The one tier whose bytes leases on the host point at.
///
/// # Errors
/// `Policy` where there is none; `Unsupported`, naming the tier, where there is a second one.
fn host_tier(topology: &Topology) -> Result<TierId> {
    let none = || Error::new(ErrorKind::Policy, "no tier is of kind `dram`");
    let host = topology.by_kind(TierKind::Dram).ok_or_else(none)?;
    match topology.tiers.iter().filter(|tier| tier.kind == TierKind::Dram).nth(1) {
        None => Ok(host),
        Some(tier) => {
            let message = "this version fills one tier of kind `dram`";
            Err(Error::new(ErrorKind::Unsupported, message).with("tier", &tier.name).with("kind", tier.kind))
        }
    }
}

/// The worker thread: the driver belongs to the thread that made it.
fn work(shared: Arc<Shared>, driver: Option<OpenDriver>, gauge: Gauge, ready: &Sender<Result<()>>) {
    match driver.map_or_else(|| open(&shared), |open| open()) {
        Ok(io) => {
            let worker = std::thread::current().id();
            let driver = Driver { name: io.name(), waker: io.waker(), stats: io.stats(), worker };
            let first = shared.driver.set(driver).is_ok();
            debug_assert!(first, "an engine has one worker");
            let mut worker = Worker::new(shared, io, gauge);
            if let Err(error) = worker.prepare_coding() {
                return drop(ready.send(Err(error)));
            }
            // The builder waits for this; if it has gone, nobody will ever ask for anything.
            if ready.send(Ok(())).is_ok() {
                worker.run();
            }
        }
        Err(error) => drop(ready.send(Err(error))),
    }
}

fn open(shared: &Shared) -> Result<Box<dyn Io<Freight>>> {
    let depth = shared.policy.queue_depth();
    let flights = depth.map_or(FLIGHTS, |depth| FLIGHTS.max(depth as usize));
    let mut driver: Box<dyn Io<Freight>> = match shared.policy.io() {
        IoChoice::IoUring => Box::new(io::uring::Uring::open(flights)?),
        IoChoice::Threads => Box::new(io::threads::Threads::open(flights)?),
        IoChoice::Auto => {
            let (driver, refused) = io::open(flights)?;
            if let Some(refused) = refused {
                shared.event("fallback", &refused);
                eprintln!("stratal: reading by threads, io_uring is not to be had: {refused}");
            }
            driver
        }
    };
    if let Some(depth) = depth {
        driver.fix_depth(depth);
    }
    Ok(driver)
}
