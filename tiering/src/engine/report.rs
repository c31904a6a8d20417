//! What the engine holds, moved and decided, to print.

use super::devices::DeviceReport;
use super::state::Shared;
use super::tenant::TenantReport;
use super::wear::WearReport;
use crate::io::DriverReport;
use crate::observe::clock::Clock;
use crate::observe::counters::Snapshot;
use crate::observe::events::Event;
use crate::observe::gauges::Levels;
use crate::observe::histogram::Distribution;
use crate::observe::stalls::Stall;
use crate::tier::TierKind;
use pass::Means;
use std::fmt;
use std::path::Path;
use std::time::Duration;

mod pass;

pub use pass::{Bounds, PassReport};

/// Tensors that are named among those that were waited for.
const STALLS_TOLD: usize = 10;

/// A report of one moment. Besides the equations of the [counters](crate::observe::counters), whenever nothing waits
/// or moves:
///
/// ```text
/// waits.sum_ns    = counters.stall_ns = Σ stalls.waited_ns + stalls_elsewhere.waited_ns
/// misses.count    ≤ waits.count                        who waited for bytes, among all who waited
/// used_bytes      ≤ peak_bytes ≤ the largest budget    in-flight and page-locked bytes included
/// Σ io.lanes.bytes = io.reading.bytes + io.writing.bytes = counters.bytes_read + counters.bytes_written
/// ```
#[derive(Clone, Debug)]
pub struct Report {
    /// Nanoseconds since the engine was built.
    pub uptime_ns: u64,
    /// The driver that moves file bytes.
    pub driver: &'static str,
    /// What it keeps with the device, and what it moved in which lane.
    pub io: DriverReport,
    /// The host tier's name.
    pub tier: String,
    /// Bytes it may hold.
    pub budget_bytes: u64,
    /// Bytes it holds now.
    pub used_bytes: u64,
    /// Most bytes it held at once.
    pub peak_bytes: u64,
    /// Of the bytes it holds, those that no home has.
    pub dirty_bytes: u64,
    /// Bytes the store holds.
    pub spilled_bytes: u64,
    /// The store's directories, the bytes used in each, and whether it was found full.
    pub disks: Vec<(String, u64, bool)>,
    /// What each tenant of the policy uses.
    pub tenants: Vec<TenantReport>,
    /// What was written to its disks.
    pub wear: WearReport,
    /// Leases held now.
    pub leases: usize,
    /// How long leases waited that had to, whatever for, in nanoseconds.
    pub waits: Distribution,
    /// Of those, the ones that waited for bytes: the latency of a demand miss, in nanoseconds.
    pub misses: Distribution,
    /// The tensors that were waited for longest, the worst first.
    pub stalls: Vec<Stall>,
    /// Waiting for all other tensors together; without a name.
    pub stalls_elsewhere: Stall,
    /// Bytes per second from disk to host memory at best: as the policy declares the link, else the best span that was
    /// seen; `None` before either.
    pub disk_limit_bytes_per_s: Option<f64>,
    /// Bytes that the followed schedule fetches per pass, once settled.
    pub scheduled_bytes_per_pass: Option<u64>,
    /// The followed pass beside its bounds; `None` until a schedule was learned.
    pub pass: Option<PassReport>,
    /// The tiers above the host's, each on a device.
    pub devices: Vec<DeviceReport>,
    /// Everything counted.
    pub counters: Snapshot,
    /// The latest events, oldest first.
    pub events: Vec<Event>,
}

impl Shared {
    /// What is there now, for those who watch.
    pub(super) fn levels(&self) -> Levels {
        let flights = self.driver_report().in_flight;
        let core = self.lock();
        Levels {
            budget_bytes: core.pool.budget_bytes(),
            used_bytes: core.ledger.used_bytes(self.host),
            dirty_bytes: core.dirty.bytes(),
            flights,
        }
    }

    /// The speed of the link from disk to host memory, as far as it is known.
    fn disk_limit(&self, io: &DriverReport) -> Option<f64> {
        let disk = self.topology.by_kind(TierKind::Nvme);
        let link = disk.and_then(|disk| self.topology.link(disk, self.host));
        let seen = Some(io.reading.best_bytes_per_s as f64).filter(|rate| *rate > 0.0);
        link.and_then(|link| link.bandwidth_bytes_per_s).or(seen)
    }
}

impl Report {
    pub(super) fn of(shared: &Shared) -> Self {
        let io = shared.driver_report();
        let disk_limit_bytes_per_s = shared.disk_limit(&io);
        let (stalls, stalls_elsewhere) = shared.waits.by_tensor.worst(STALLS_TOLD);
        let mut core = shared.lock();
        shared.catch_up(&mut core);
        let followed = core.follower.schedule().zip(core.follower.trace()).map(|(schedule, trace)| {
            let means = Means {
                capacity_bytes: schedule.capacity_bytes(),
                window_bytes: schedule.window_bytes(),
                bytes_scheduled: schedule.pass_bytes(),
                disk_bytes_per_s: disk_limit_bytes_per_s,
                taken: core.pass.last,
            };
            (trace.clone(), means)
        });
        let mut report = Self {
            uptime_ns: shared.clock.now_ns(),
            driver: shared.driver.get().map_or("none", |driver| driver.name),
            io,
            tier: shared.host_name().to_owned(),
            budget_bytes: core.pool.budget_bytes(),
            used_bytes: core.ledger.used_bytes(shared.host),
            peak_bytes: core.ledger.peak_bytes(shared.host),
            dirty_bytes: core.dirty.bytes(),
            spilled_bytes: core.store.as_ref().map_or(0, |store| store.used_bytes()),
            disks: core.store.iter().flat_map(|store| store.disks()).map(disk).collect(),
            tenants: shared.tenant_reports(&core),
            wear: shared.wear_report(&core),
            leases: core.holds.iter().count() + core.catalogue.gated_holds(),
            waits: shared.waits.leases.snapshot(),
            misses: shared.waits.misses.snapshot(),
            stalls,
            stalls_elsewhere,
            disk_limit_bytes_per_s,
            scheduled_bytes_per_pass: followed.as_ref().map(|(_, means)| means.bytes_scheduled),
            pass: None,
            devices: DeviceReport::all(shared, &core),
            counters: shared.counters.snapshot(),
            events: shared.events.snapshot().0,
        };
        drop(core);
        report.pass = followed.map(|(trace, means)| PassReport::of(&trace, &means));
        report
    }

    /// The share of leased chunks that were there, in `0.0..=1.0`; `None` before the first lease.
    #[must_use]
    pub fn hit_share(&self) -> Option<f64> {
        let Snapshot { hits, chunk_leases, .. } = self.counters;
        (chunk_leases > 0).then(|| hits as f64 / chunk_leases as f64)
    }

    /// Reading, while there was something to read, as a share of the disk's limit, 1 being the best; `None` before the
    /// limit is known.
    #[must_use]
    pub fn share_of_disk_limit(&self) -> Option<f64> {
        Some(self.io.reading.bytes_per_s()? / self.disk_limit_bytes_per_s?)
    }

    /// What the disk would be worn by in a day at the rate so far, in bytes written.
    #[must_use]
    pub fn written_bytes_per_day(&self) -> f64 {
        const DAY_NS: f64 = 86_400e9;
        self.counters.bytes_written as f64 / (self.uptime_ns.max(1) as f64) * DAY_NS
    }
}

fn disk((directory, used_bytes, full): (&Path, u64, bool)) -> (String, u64, bool) {
    (directory.display().to_string(), used_bytes, full)
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {:.1} of {:.1} MiB used, peak {:.1} MiB, {} leases held; spilled {:.1} MiB; driver {}",
            self.tier,
            mib(self.used_bytes),
            mib(self.budget_bytes),
            mib(self.peak_bytes),
            self.leases,
            mib(self.spilled_bytes),
            self.driver
        )?;
        self.write_waits(f)?;
        self.write_io(f)?;
        for device in &self.devices {
            writeln!(f, "{device}")?;
        }
        for (directory, used_bytes, full) in &self.disks {
            let full = if *full { ", full" } else { "" };
            writeln!(f, "store in {directory}: {:.1} MiB{full}", mib(*used_bytes))?;
        }
        for tenant in &self.tenants {
            writeln!(f, "{tenant}")?;
        }
        if self.wear.total_bytes > 0 || self.wear.per_day_bytes.is_some() {
            writeln!(f, "{}", self.wear)?;
        }
        if let Some(pass) = &self.pass {
            writeln!(f, "{pass}")?;
        }
        write!(f, "{}", self.counters)?;
        for event in &self.events {
            write!(f, "\n{event}")?;
        }
        Ok(())
    }
}

impl Report {
    /// Hits, waits, and whom for.
    fn write_waits(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(share) = self.hit_share() {
            let Snapshot { hits, chunk_leases, .. } = self.counters;
            writeln!(f, "hits: {hits} of {chunk_leases} chunks, {:.1} %", 100.0 * share)?;
        }
        if self.waits.is_empty() {
            return Ok(());
        }
        writeln!(f, "lease waits: {}", self.waits)?;
        writeln!(f, "demand misses: {}", self.misses)?;
        write!(f, "waited for")?;
        for stall in &self.stalls {
            let (waited, longest) =
                (Duration::from_nanos(stall.waited_ns), Duration::from_nanos(stall.longest_ns));
            write!(f, " {} {waited:.1?} ({} times, longest {longest:.1?}),", stall.tensor, stall.waits)?;
        }
        let others = &self.stalls_elsewhere;
        writeln!(f, " others {:.1?} ({} times)", Duration::from_nanos(others.waited_ns), others.waits)
    }

    /// What the driver does, how fast, and what that wears.
    fn write_io(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.driver, self.io)?;
        for (what, flow) in [("read", &self.io.reading), ("wrote", &self.io.writing)] {
            if let (Some(rate), Some(depth)) = (flow.bytes_per_s(), flow.mean_depth()) {
                let (gb, moved) = (rate / 1e9, mib(flow.bytes));
                writeln!(f, "{what} {moved:.1} MiB at {gb:.2} GB/s while busy, {depth:.1} flights deep")?;
            }
        }
        if let (Some(share), Some(limit)) = (self.share_of_disk_limit(), self.disk_limit_bytes_per_s) {
            writeln!(f, "reading at {:.1} % of the disk's limit of {:.2} GB/s", 100.0 * share, limit / 1e9)?;
        }
        if self.counters.bytes_written > 0 {
            let day = self.written_bytes_per_day() / 1e12;
            writeln!(
                f,
                "writing {day:.3} TB a day at this rate; {:.1} MiB are dirty",
                mib(self.dirty_bytes)
            )?;
        }
        Ok(())
    }
}
