//! What the engine holds, moved and decided, to print.

use super::state::Shared;
use crate::io::DriverReport;
use crate::observe::counters::Snapshot;
use crate::observe::events::Event;
use std::fmt;
use std::path::Path;

/// A report of one moment.
#[derive(Clone, Debug)]
pub struct Report {
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
    /// Bytes of the spill store in use.
    pub spilled_bytes: u64,
    /// Each disk of the store: directory, bytes in use, and whether it is full.
    pub disks: Vec<(String, u64, bool)>,
    /// Leases held now.
    pub leases: usize,
    /// Bytes that the followed schedule fetches per pass, once settled.
    pub scheduled_bytes_per_pass: Option<u64>,
    /// Everything counted.
    pub counters: Snapshot,
    /// The latest events, oldest first.
    pub events: Vec<Event>,
}

impl Report {
    pub(super) fn of(shared: &Shared) -> Self {
        let mut core = shared.lock();
        shared.catch_up(&mut core);
        Self {
            driver: shared.driver.get().map_or("none", |driver| driver.name),
            io: shared.driver.get().map_or_else(DriverReport::default, |driver| driver.stats.report()),
            tier: shared.host_name().to_owned(),
            budget_bytes: core.pool.budget_bytes(),
            used_bytes: core.ledger.used_bytes(shared.host),
            peak_bytes: core.ledger.peak_bytes(shared.host),
            spilled_bytes: core.store.as_ref().map_or(0, |store| store.used_bytes()),
            disks: core.store.iter().flat_map(|store| store.disks()).map(disk).collect(),
            leases: core.holds.iter().count() + core.catalogue.gated_holds(),
            scheduled_bytes_per_pass: core.follower.schedule().map(|schedule| schedule.pass_bytes()),
            counters: shared.counters.snapshot(),
            events: shared.events.snapshot().0,
        }
    }
}

fn disk((directory, used_bytes, full): (&Path, u64, bool)) -> (String, u64, bool) {
    (directory.display().to_string(), used_bytes, full)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
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
        writeln!(f, "{}: {}", self.driver, self.io)?;
        for (directory, used_bytes, full) in &self.disks {
            let full = if *full { ", full" } else { "" };
            writeln!(f, "store in {directory}: {:.1} MiB{full}", mib(*used_bytes))?;
        }
        if let Some(bytes) = self.scheduled_bytes_per_pass {
            writeln!(f, "schedule: {:.1} MiB fetched per pass", mib(bytes))?;
        }
        write!(f, "{}", self.counters)?;
        for event in &self.events {
            write!(f, "\n{event}")?;
        }
        Ok(())
    }
}
