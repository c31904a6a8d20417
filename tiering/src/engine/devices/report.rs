//! What a device tier holds, to print.

use crate::device::Device;
use crate::engine::state::{Core, Shared};
use std::fmt;

/// One tier of kind hbm at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceReport {
    /// The tier's name.
    pub tier: String,
    /// The device.
    pub device: Device,
    /// Bytes it may hold: the budget of the policy in whole frames.
    pub budget_bytes: u64,
    /// Bytes it holds now.
    pub used_bytes: u64,
    /// Most bytes it held at once.
    pub peak_bytes: u64,
    /// Leases held there now.
    pub leases: usize,
    /// Objects that have room there.
    pub objects: usize,
    /// Whether a schedule of its own leases is followed.
    pub scheduled: bool,
    /// Whether the device is lost.
    pub lost: bool,
}

impl DeviceReport {
    pub(in crate::engine) fn all(shared: &Shared, core: &Core) -> Vec<Self> {
        let one = |(tier, residents): (&super::DeviceTier, &super::Residents)| Self {
            tier: tier.name.clone(),
            device: tier.device,
            budget_bytes: core.ledger.budget_bytes(tier.tier),
            used_bytes: core.ledger.used_bytes(tier.tier),
            peak_bytes: core.ledger.peak_bytes(tier.tier),
            leases: residents.holds.len(),
            objects: residents.berths.values().filter(|berth| berth.block.is_some()).count(),
            scheduled: residents.follower.schedule().is_some(),
            lost: residents.lost.is_some(),
        };
        shared.devices.iter().zip(&core.devices).map(one).collect()
    }
}

impl fmt::Display for DeviceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        write!(
            f,
            "{} on {}: {:.1} of {:.1} MiB used, peak {:.1} MiB, {} objects, {} leases held{}{}",
            self.tier,
            self.device,
            mib(self.used_bytes),
            mib(self.budget_bytes),
            mib(self.peak_bytes),
            self.objects,
            self.leases,
            if self.scheduled { ", follows a schedule" } else { "" },
            if self.lost { ", lost" } else { "" }
        )
    }
}
