//! Opening the devices of a policy, and starting their threads.

use super::lift::Lifter;
use super::recall::Caller;
use super::staging::Staging;
use super::{DeviceTier, Residents};
use crate::device::{Device, DevicePool, Driver, Stream};
use crate::engine::builder::evict_by;
use crate::engine::state::Shared;
use crate::error::{Error, ErrorKind, Result};
use crate::object::CHUNK_BYTES;
use crate::plan::follow::Follower;
use crate::policy::Policy;
use crate::tier::{Tier, TierId, TierKind, Topology};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar};
use std::thread::JoinHandle;

/// Staging of all devices together: this part of the dram budget, and at most so many bytes.
const STAGING_SHARE: u64 = 8;
const STAGING_BYTES_MAX: u64 = 128 << 20;
/// Of a device's slots, one in so many is for the way home; there is at least one.
const HOME_SHARE: u64 = 4;
/// The part of a device's budget that is lifted ahead: one in so many.
const WINDOW_SHARE: u64 = 3;

/// Drivers that the application brings in place of those of the process.
pub(in crate::engine) type Drivers = HashMap<Device, Arc<dyn Driver>>;

/// The device tiers of a policy, and the host memory that they took.
#[derive(Debug, Default)]
pub(in crate::engine) struct DeviceTiers {
    pub(in crate::engine) tiers: Vec<DeviceTier>,
    pub(in crate::engine) residents: Vec<Residents>,
    pub(in crate::engine) staging_bytes: u64,
}

impl DeviceTiers {
    /// Opens what the policy names.
    ///
    /// # Errors
    /// `Unsupported` where there is no such device, `Policy` where two tiers share one or the budget is above its memory,
    /// each naming the tier; `Budget` where the dram budget leaves no room for staging; what the driver says.
    pub(in crate::engine) fn open(policy: &Policy, topology: &Topology, drivers: &Drivers) -> Result<Self> {
        let named: Vec<_> = (0_u8..).map(TierId).zip(&topology.tiers).collect();
        let named: Vec<_> = named.into_iter().filter(|(_, tier)| tier.kind == TierKind::Hbm).collect();
        let mut opened = Self::default();
        let slots = (policy.dram_budget_bytes() / STAGING_SHARE).min(STAGING_BYTES_MAX) / CHUNK_BYTES;
        let slots = (slots / named.len().max(1) as u64).max(2);
        opened.staging_bytes = slots * CHUNK_BYTES * named.len() as u64;
        if opened.staging_bytes + CHUNK_BYTES > policy.dram_budget_bytes() && !named.is_empty() {
            let (budget, staging) = (policy.dram_budget_bytes(), opened.staging_bytes);
            let message =
                format!("{budget} bytes of dram have no room for a chunk besides {staging} of staging");
            return Err(Error::new(ErrorKind::Budget, message));
        }
        for (id, tier) in named {
            let one = opened.one(policy, id, tier, drivers, slots);
            one.map_err(|error| error.with("tier", &tier.name))?;
        }
        Ok(opened)
    }

    fn one(&mut self, policy: &Policy, id: TierId, tier: &Tier, drivers: &Drivers, slots: u64) -> Result<()> {
        let device: Device = tier.device.as_deref().unwrap_or_default().parse()?;
        if self.tiers.iter().any(|other| other.device == device) {
            let message = "two tiers are on one device: give it one budget";
            return Err(Error::new(ErrorKind::Policy, message).with("device", device));
        }
        let driver = drivers.get(&device).map_or_else(|| device.driver(), |driver| Ok(Arc::clone(driver)))?;
        let (budget, memory) = (tier.budget_bytes.unwrap_or(0), driver.memory()?.total_bytes);
        if budget > memory {
            let message = format!("a budget of {budget} bytes is above the {memory} bytes of the device");
            return Err(Error::new(ErrorKind::Policy, message).with("device", device));
        }
        let pool = DevicePool::new(&driver, budget);
        let usable = pool.stats().budget_bytes;
        if usable == 0 {
            let frame = driver.properties().granularity_bytes;
            let message = format!("{budget} bytes are less than a frame of {frame} bytes");
            return Err(Error::new(ErrorKind::Policy, message).with("device", device));
        }
        let home = (slots / HOME_SHARE).max(1);
        self.tiers.push(DeviceTier {
            tier: id,
            device,
            name: tier.name.clone(),
            up: Stream::open(&driver)?,
            down: Stream::open(&driver)?,
            staging_up: Staging::new(&driver, (slots - home) as usize)?,
            staging_down: Staging::new(&driver, home as usize)?,
            pool,
            lifts: Condvar::new(),
            recalls: Condvar::new(),
        });
        self.residents.push(Residents {
            victims: evict_by(policy.eviction()),
            follower: Follower::new(usable, usable / WINDOW_SHARE),
            berths: HashMap::new(),
            demanded: VecDeque::new(),
            ahead: VecDeque::new(),
            recalls: VecDeque::new(),
            holds: HashMap::new(),
            next_token: 0,
            lost: None,
        });
        Ok(())
    }

    /// What a tier may hold: its budget in whole frames.
    pub(in crate::engine) fn budgets(&self) -> impl Iterator<Item = (TierId, u64)> {
        self.tiers.iter().map(|tier| (tier.tier, tier.pool.stats().budget_bytes))
    }
}

/// Starts the two threads of every device tier.
///
/// # Errors
/// What the system says; those that were started end when the engine is closed.
pub(in crate::engine) fn spawn(shared: &Arc<Shared>, started: &mut Vec<JoinHandle<()>>) -> Result<()> {
    for at in 0..shared.devices.len() {
        let (up, down) = (Lifter::new(Arc::clone(shared), at), Caller::new(Arc::clone(shared), at));
        started.push(std::thread::Builder::new().name("stratal-up".into()).spawn(move || up.run())?);
        started.push(std::thread::Builder::new().name("stratal-down".into()).spawn(move || down.run())?);
    }
    Ok(())
}
