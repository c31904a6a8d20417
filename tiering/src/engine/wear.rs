//! What spills cost the SSD: bytes written, and how many a day may be.
//!
//! ```text
//! a day's bytes flow in evenly ──> [ bucket: a fiftieth of a day ] ──> a spill takes its bytes when it starts
//!                                    below a half: near             and settles what was written when it ends
//! ```
//!
//! Near the end of what may be written nothing is written ahead of need, clean copies go before dirty ones, and spills
//! go one at a time; beyond it they wait or fail, as the policy says. What is persisted on request is counted and not
//! held up. Between any two moments a day apart at most 102 % of the day's bytes are spilled, or 16 MiB more than them
//! where that is more.

use super::room::Stuck;
use super::state::{Core, Shared};
use crate::error::{Error, ErrorKind};
use crate::object::ChunkKey;
use crate::observe::clock::Clock;
use crate::policy::WearExhausted;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY_NS: u64 = 86_400_000_000_000;
const DAY_S: u64 = 86_400;

/// The part of a day that may be written at once, and the least of it.
const BURST_PART: u64 = 50;
const BURST_BYTES_MIN: u64 = 16 << 20;

/// Dirty victims that are passed over for a clean one.
const SPARED_MAX: usize = 32;

/// What an even flow of bytes has left: `bytes` may be below zero, by what was persisted or written again.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    per_day: u64,
    bytes: i128,
    filled_ns: u64,
}

impl Bucket {
    fn new(per_day: u64, now_ns: u64) -> Self {
        Self { per_day, bytes: i128::from(Self::burst(per_day)), filled_ns: now_ns }
    }

    fn burst(per_day: u64) -> u64 {
        (per_day / BURST_PART).max(BURST_BYTES_MIN)
    }

    fn fill(&mut self, now_ns: u64) {
        let passed = u128::from(now_ns.saturating_sub(self.filled_ns));
        let bytes = passed * u128::from(self.per_day) / u128::from(DAY_NS);
        // The time that made no whole byte counts the next time.
        if bytes > 0 {
            let used_ns = bytes * u128::from(DAY_NS) / u128::from(self.per_day);
            self.filled_ns = self.filled_ns.saturating_add(u64::try_from(used_ns).unwrap_or(u64::MAX));
            let full = i128::from(Self::burst(self.per_day));
            self.bytes = self.bytes.saturating_add(i128::try_from(bytes).unwrap_or(i128::MAX)).min(full);
        }
    }

    /// Nanoseconds until `bytes` are there.
    fn until(&self, bytes: i128) -> u64 {
        let missing = u128::try_from(bytes - self.bytes).unwrap_or(0);
        let ns = missing.saturating_mul(u128::from(DAY_NS)).div_ceil(u128::from(self.per_day.max(1)));
        u64::try_from(ns).unwrap_or(u64::MAX)
    }
}

/// Bytes written to the spill disks by one engine.
#[derive(Debug, Default)]
pub(super) struct Wear {
    bucket: Option<Bucket>,
    /// Bytes of spills under way.
    under_way: u64,
    total: u64,
    /// The day, counted from 1970 in UTC, and what was written in it.
    today: (u64, u64),
    /// Bytes of the largest spill that waits for its turn.
    waits_for: Option<u64>,
    /// Whether the latest spill that asked had to wait.
    is_spent: bool,
}

impl Wear {
    pub(super) fn new(per_day: Option<u64>, now_ns: u64) -> Self {
        Self { bucket: per_day.map(|bytes| Bucket::new(bytes, now_ns)), ..Self::default() }
    }

    /// A spill starts.
    pub(super) fn begin(&mut self, bytes: u64) {
        self.under_way += bytes;
    }

    /// A spill has ended.
    pub(super) fn end(&mut self, bytes: u64) {
        self.under_way = self.under_way.saturating_sub(bytes);
    }

    /// Bytes went to a disk.
    pub(super) fn written(&mut self, bytes: u64, day: u64) {
        if self.today.0 != day {
            self.today = (day, 0);
        }
        self.today.1 += bytes;
        self.total += bytes;
        if let Some(bucket) = &mut self.bucket {
            bucket.bytes -= i128::from(bytes);
        }
    }

    /// Bytes that may be written besides those under way; `None` is unbounded.
    fn left(&mut self, now_ns: u64) -> Option<i128> {
        let bucket = self.bucket.as_mut()?;
        bucket.fill(now_ns);
        Some(bucket.bytes - i128::from(self.under_way))
    }

    /// Whether less than half of what may be written at once is left.
    pub(super) fn is_near(&mut self, now_ns: u64) -> bool {
        let burst = self.bucket.map_or(0, |bucket| Bucket::burst(bucket.per_day));
        self.left(now_ns).is_some_and(|left| left < i128::from(burst / 2))
    }

    /// Whether a spill of `bytes` may start; if not, it is remembered that one waits.
    fn allows(&mut self, bytes: u64, now_ns: u64) -> bool {
        let allows = self.left(now_ns).is_none_or(|left| left >= i128::from(bytes));
        self.is_spent = !allows;
        if !allows {
            self.waits_for = Some(self.waits_for.unwrap_or(0).max(bytes));
        }
        allows
    }

    pub(super) fn is_spent(&self) -> bool {
        self.is_spent
    }

    /// When a spill that waits may start. Nobody waits any more then, until it is asked again.
    fn due(&mut self, now_ns: u64) -> Option<Duration> {
        let bytes = self.waits_for.take()?;
        let left = self.left(now_ns)?;
        let bucket = self.bucket?;
        Some(Duration::from_nanos(bucket.until(bucket.bytes - left + i128::from(bytes))))
    }
}

/// What an engine has written to its spill disks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WearReport {
    /// Bytes since midnight, UTC, or since the engine began.
    pub today_bytes: u64,
    /// Bytes since the engine began.
    pub total_bytes: u64,
    /// Most bytes in a day, by the policy.
    pub per_day_bytes: Option<u64>,
    /// What the disks are rated for, by the policy.
    pub endurance_bytes: Option<u64>,
}

impl WearReport {
    /// The part of the rated endurance that this engine has used; `None` where the policy does not tell it.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        self.endurance_bytes.map(|rated| self.total_bytes as f64 / rated as f64)
    }
}

impl fmt::Display for WearReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
        write!(f, "wear: {:.3} GiB written today", gib(self.today_bytes))?;
        if let Some(bytes) = self.per_day_bytes {
            write!(f, " of {:.3} a day", gib(bytes))?;
        }
        match self.share() {
            Some(share) => write!(f, ", {:.6} % of the rated endurance", share * 100.0),
            None => Ok(()),
        }
    }
}

/// The day now, counted from 1970 in UTC.
pub(super) fn day() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs() / DAY_S)
}

impl Shared {
    pub(super) fn wear_report(&self, core: &Core) -> WearReport {
        let (of, bytes) = core.wear.today;
        WearReport {
            today_bytes: if of == day() { bytes } else { 0 },
            total_bytes: core.wear.total,
            per_day_bytes: self.policy.wear_per_day_bytes(),
            endurance_bytes: self.policy.endurance_bytes(),
        }
    }

    /// Whether little is left of what may be written.
    pub(super) fn is_wear_near(&self, core: &mut Core) -> bool {
        core.wear.bucket.is_some() && core.wear.is_near(self.clock.now_ns())
    }

    /// Whether a spill to make room may start. If not, the reason is noted where the policy calls it a failure.
    pub(super) fn may_wear(&self, core: &mut Core, key: ChunkKey, stuck: &mut Stuck) -> bool {
        if core.wear.bucket.is_none() {
            return true;
        }
        let bytes = self.copy_bytes(core, key);
        let allows = core.wear.allows(bytes, self.clock.now_ns());
        if !allows && self.policy.wear_exhausted() == WearExhausted::Fail {
            stuck.why = Some(self.worn_out(core).with("tensor", core.catalogue.name(key.object)));
        }
        allows
    }

    /// The error that says so.
    fn worn_out(&self, core: &Core) -> Error {
        let per_day = self.policy.wear_per_day_bytes().unwrap_or(0);
        let total = core.wear.total;
        let message = format!("{per_day} bytes may be spilled in a day, and {total} have been by now");
        Error::new(ErrorKind::Wear, message)
    }

    /// Whether a victim is passed over, because it is dirty, little may be written, and a clean one may follow.
    pub(super) fn spares(&self, core: &mut Core, key: ChunkKey, stuck: &mut Stuck) -> bool {
        let spares = stuck.spared.len() < SPARED_MAX
            && !stuck.spares_none
            && core.catalogue.seat(key).is_some_and(|seat| seat.dirty)
            && self.is_wear_near(core);
        if spares {
            stuck.spared.push_back(key);
        }
        spares
    }

    /// By the worker: when a spill that waits for its turn may start.
    pub(super) fn wear_due(&self, core: &mut Core) -> Duration {
        core.wear.due(self.clock.now_ns()).unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests;
