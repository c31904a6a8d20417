//! Collects a policy word by word; nothing is judged before `build`.

use super::{Codec, Eviction, IoChoice, Policy, WearExhausted, resolve};
use crate::error::Result;
use crate::tier::TierKind;
use std::path::PathBuf;
use std::time::Duration;

/// A number as it was given: with a unit in text, or bare.
#[derive(Clone, Debug, PartialEq)]
pub enum Quantity {
    /// Such as `256 MiB`, `100 us`, `auto`.
    Text(String),
    /// Bytes.
    Number(u64),
    /// A span of time.
    Time(Duration),
}

impl From<&str> for Quantity {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Quantity {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Quantity {
    fn from(bytes: u64) -> Self {
        Self::Number(bytes)
    }
}

impl From<Duration> for Quantity {
    fn from(time: Duration) -> Self {
        Self::Time(time)
    }
}

/// A policy in the making: the words of the file as methods. What is not said has its default.
#[derive(Clone, Debug, Default)]
pub struct PolicyBuilder {
    pub(super) tiers: Vec<TierWords>,
    pub(super) links: Vec<LinkWords>,
    pub(super) tenants: Vec<TenantWords>,
    pub(super) spill_directory: Option<PathBuf>,
    pub(super) spill_capacity: Option<Quantity>,
    pub(super) spill_disks: Vec<DiskWords>,
    pub(super) store: Option<String>,
    pub(super) codec: Codec,
    pub(super) encrypt: bool,
    pub(super) eviction: Eviction,
    pub(super) prefetch_window: Option<Quantity>,
    pub(super) high_watermark: Option<f64>,
    pub(super) low_watermark: Option<f64>,
    pub(super) throttle_watermark: Option<f64>,
    pub(super) pressure_levels: Option<Vec<f64>>,
    pub(super) wear_per_day: Option<Quantity>,
    pub(super) wear_exhausted: WearExhausted,
    pub(super) endurance: Option<Quantity>,
    pub(super) deadline: Option<Quantity>,
    pub(super) io: IoChoice,
    pub(super) queue_depth: Option<u32>,
}

/// A disk as it was given.
#[derive(Clone, Debug)]
pub(super) struct DiskWords {
    pub(super) directory: PathBuf,
    pub(super) capacity: Option<Quantity>,
}

/// A tier as it was given.
#[derive(Clone, Debug)]
pub(super) struct TierWords {
    pub(super) name: String,
    pub(super) kind: TierKind,
    pub(super) budget: Option<Quantity>,
    pub(super) device: Option<String>,
}

/// A tenant as it was given.
#[derive(Clone, Debug)]
pub(super) struct TenantWords {
    pub(super) name: String,
    pub(super) reserved: Option<Quantity>,
    pub(super) cap: Option<Quantity>,
}

/// A link as it was given.
#[derive(Clone, Debug, Default)]
pub(super) struct LinkWords {
    pub(super) source: String,
    pub(super) target: String,
    pub(super) bandwidth: Option<Quantity>,
    pub(super) latency: Option<Quantity>,
}

impl PolicyBuilder {
    /// Adds a tier with a budget: bytes, text with a unit, for dram also `"25 %"` of memory or `"auto"`. Tiers of one
    /// kind are given fastest first.
    #[must_use]
    pub fn tier(self, name: impl Into<String>, kind: TierKind, budget: impl Into<Quantity>) -> Self {
        self.add_tier(name.into(), kind, Some(budget.into()), None)
    }

    /// Adds memory of a device, such as `"cuda:0"` or `"sim:0"`, as a tier of kind hbm; the engine opens the device.
    ///
    /// ```
    /// # use stratal_tiering::policy::Policy;
    /// # use stratal_tiering::tier::TierKind;
    /// let policy = Policy::builder()
    ///     .device_tier("gpu", "sim:0", "64 MiB")
    ///     .tier("dram", TierKind::Dram, "256 MiB")
    ///     .build()?;
    /// assert!(policy.to_string().contains("device = \"sim:0\""));
    /// # Ok::<(), stratal_tiering::error::Error>(())
    /// ```
    #[must_use]
    pub fn device_tier(
        self,
        name: impl Into<String>,
        device: impl Into<String>,
        budget: impl Into<Quantity>,
    ) -> Self {
        self.add_tier(name.into(), TierKind::Hbm, Some(budget.into()), Some(device.into()))
    }

    /// Adds a tier that is as large as its medium; only nvme can be.
    #[must_use]
    pub fn unbounded_tier(self, name: impl Into<String>, kind: TierKind) -> Self {
        self.add_tier(name.into(), kind, None, None)
    }

    /// Adds a tier in the words given.
    pub(super) fn add_tier(
        mut self,
        name: String,
        kind: TierKind,
        budget: Option<Quantity>,
        device: Option<String>,
    ) -> Self {
        self.tiers.push(TierWords { name, kind, budget, device });
        self
    }

    /// Declares what a link between two tiers carries: text such as `"2.5 GB/s"`, and `"100 us"` or a `Duration`.
    #[must_use]
    pub fn link(
        self,
        source: impl Into<String>,
        target: impl Into<String>,
        bandwidth: impl Into<Quantity>,
        latency: impl Into<Quantity>,
    ) -> Self {
        let (bandwidth, latency) = (Some(bandwidth.into()), Some(latency.into()));
        self.add_link(LinkWords { source: source.into(), target: target.into(), bandwidth, latency })
    }

    /// Adds a link in the words given.
    pub(super) fn add_link(mut self, link: LinkWords) -> Self {
        self.links.push(link);
        self
    }

    /// Adds a tenant ([`Engine::tenant`](crate::engine::Engine::tenant)) with bytes of the dram budget that are reserved for
    /// it, perhaps `"0 B"`, and the most that it may hold.
    #[must_use]
    pub fn tenant(
        self,
        name: impl Into<String>,
        reserved: impl Into<Quantity>,
        cap: impl Into<Quantity>,
    ) -> Self {
        let (reserved, cap) = (Some(reserved.into()), Some(cap.into()));
        self.add_tenant(TenantWords { name: name.into(), reserved, cap })
    }

    /// Adds a tenant that may hold whatever the others leave.
    #[must_use]
    pub fn uncapped_tenant(self, name: impl Into<String>, reserved: impl Into<Quantity>) -> Self {
        self.add_tenant(TenantWords { name: name.into(), reserved: Some(reserved.into()), cap: None })
    }

    /// Adds a tenant in the words given.
    pub(super) fn add_tenant(mut self, tenant: TenantWords) -> Self {
        self.tenants.push(tenant);
        self
    }

    /// Where dirty tensors are spilled.
    #[must_use]
    pub fn spill_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.spill_directory = Some(directory.into());
        self
    }

    /// Adds a disk that takes spilled tensors in turn with the others, and no more bytes than `capacity`; in place of
    /// [`Self::spill_directory`].
    #[must_use]
    pub fn spill_disk(self, directory: impl Into<PathBuf>, capacity: impl Into<Quantity>) -> Self {
        self.add_disk(DiskWords { directory: directory.into(), capacity: Some(capacity.into()) })
    }

    /// Adds a disk that takes as many spilled tensors as it has room for.
    #[must_use]
    pub fn unbounded_spill_disk(self, directory: impl Into<PathBuf>) -> Self {
        self.add_disk(DiskWords { directory: directory.into(), capacity: None })
    }

    /// Adds a disk in the words given.
    pub(super) fn add_disk(mut self, disk: DiskWords) -> Self {
        self.spill_disks.push(disk);
        self
    }

    /// Most bytes of all spill files together.
    #[must_use]
    pub fn spill_capacity(mut self, bytes: impl Into<Quantity>) -> Self {
        self.spill_capacity = Some(bytes.into());
        self
    }

    /// Names the store, so that what is persisted in it outlives the engine: its files, `NAME.index`, `NAME.lock` and a
    /// `NAME.0.data` per disk, are made in the spill directories, and found there by the next engine.
    #[must_use]
    pub fn spill_store(mut self, name: impl Into<String>) -> Self {
        self.store = Some(name.into());
        self
    }

    /// How the store keeps bytes: [`Codec::Raw`] or [`Codec::Lossless`]. A tensor may say otherwise
    /// ([`Engine::set_codec`](crate::engine::Engine::set_codec)).
    #[must_use]
    pub fn codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    /// Whether the store encrypts, under a key that the engine forgets when it ends.
    #[must_use]
    pub fn encrypt(mut self, encrypt: bool) -> Self {
        self.encrypt = encrypt;
        self
    }

    /// How victims are chosen.
    #[must_use]
    pub fn eviction(mut self, eviction: Eviction) -> Self {
        self.eviction = eviction;
        self
    }

    /// Most bytes that prefetch holds or has under way; `"auto"` chooses, 0 fetches nothing ahead.
    #[must_use]
    pub fn prefetch_window(mut self, bytes: impl Into<Quantity>) -> Self {
        self.prefetch_window = Some(bytes.into());
        self
    }

    /// Dirty part of the host budget above which write-back starts.
    #[must_use]
    pub fn high_watermark(mut self, part: f64) -> Self {
        self.high_watermark = Some(part);
        self
    }

    /// Dirty part of the host budget below which write-back stops.
    #[must_use]
    pub fn low_watermark(mut self, part: f64) -> Self {
        self.low_watermark = Some(part);
        self
    }

    /// Dirty part of the host budget above which leases to write wait for write-back, until no more than the high watermark
    /// is dirty; 1.0 lets them never wait.
    #[must_use]
    pub fn throttle_watermark(mut self, part: f64) -> Self {
        self.throttle_watermark = Some(part);
        self
    }

    /// Parts of the host budget that cannot be had at once, at which the application is told
    /// ([`EngineBuilder::on_pressure`](crate::engine::EngineBuilder::on_pressure)), the least first.
    #[must_use]
    pub fn pressure_levels(mut self, parts: impl Into<Vec<f64>>) -> Self {
        self.pressure_levels = Some(parts.into());
        self
    }

    /// Bytes that may be spilled in a day, for the sake of the SSD: spread evenly, but for a fiftieth that may be used at
    /// once. What is persisted on request is counted and never held up.
    #[must_use]
    pub fn wear_per_day(mut self, bytes: impl Into<Quantity>) -> Self {
        self.wear_per_day = Some(bytes.into());
        self
    }

    /// What becomes of a spill that [`Self::wear_per_day`] does not allow yet.
    #[must_use]
    pub fn wear_exhausted(mut self, choice: WearExhausted) -> Self {
        self.wear_exhausted = choice;
        self
    }

    /// Bytes that the SSD is rated to endure (its TBW), so that reports tell the share of it that was used.
    #[must_use]
    pub fn endurance(mut self, bytes: impl Into<Quantity>) -> Self {
        self.endurance = Some(bytes.into());
        self
    }

    /// Longest wait of any call: `"30 s"` or a `Duration`.
    #[must_use]
    pub fn deadline(mut self, time: impl Into<Quantity>) -> Self {
        self.deadline = Some(time.into());
        self
    }

    /// Which driver moves file bytes.
    #[must_use]
    pub fn io(mut self, io: IoChoice) -> Self {
        self.io = io;
        self
    }

    /// Flights under way at once, 1 to 4096.
    #[must_use]
    pub fn queue_depth(mut self, flights: u32) -> Self {
        self.queue_depth = Some(flights);
        self
    }

    /// Checks everything.
    ///
    /// # Errors
    /// `Policy`, naming the key as the file would spell it, such as `tier[0].budget`, and what is allowed.
    pub fn build(self) -> Result<Policy> {
        resolve::policy(self)
    }
}
