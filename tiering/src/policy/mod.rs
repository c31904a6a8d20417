//! What the application configures: tiers, links, eviction, prefetch, deadline; a file or a builder, same words.
//!
//! A policy is checked whole before anything runs: an unknown key or an impossible value is an error that names the
//! key, its line, and what would be allowed. The file reader only calls the builder, so both accept the same.
//! Invariant: a [`Policy`] that exists is possible, and `Display` prints the TOML that makes it again.
//!
//! ```
//! # use stratal_tiering::policy::Policy;
//! let policy = Policy::parse(
//!     r#"
//! eviction = "min"              # Belady's, from the recorded pass, else "adaptive"; "lru", "arc", "sieve", …
//! prefetch_window = "32 MiB"    # or "auto": the larger of 32 MiB and an eighth of the dram budget; 0: nothing ahead
//! deadline = "30 s"             # longest wait of any call: ns, us, ms, s, min
//! io = "auto"                   # "io_uring", "threads", or "auto": the ring where the kernel allows it
//! queue_depth = 64              # flights under way, 1 to 4096; or "auto"
//!
//! [[tier]]                      # fastest memory this machine lends; at least one tier is of kind "dram"
//! name = "dram"                 # the kind, unless named
//! kind = "dram"                 # "hbm", "dram", "nvme"
//! budget = "256 MiB"            # bytes; B KiB MiB GiB TiB KB MB GB TB; "25 %" of memory; "auto": at most half
//!
//! [[tier]]                      # added by itself where it is missing; without budget it is as large as the disk
//! name = "nvme"
//! kind = "nvme"
//!
//! # [[tier]]                    # memory of a device: "cuda:0" (default), "sim:0"
//! # kind = "hbm"
//! # device = "cuda:0"
//! # budget = "16 GiB"
//!
//! [[link]]                      # kept for planning; this version does not read it
//! source = "nvme"
//! target = "dram"
//! bandwidth = "2.5 GB/s"
//! latency = "100 us"
//!
//! [[tenant]]                    # who shares the dram budget; tensors belong to one by `engine.tenant("web")`
//! name = "web"
//! reserved = "32 MiB"           # never taken by others; nothing, unless given
//! cap = "128 MiB"               # the most it may hold; unbounded, unless given
//!
//! [spill]                       # where dirty tensors go
//! directory = "/var/tmp"        # the system's directory for temporary files, unless given
//! capacity = "8 GiB"            # unbounded, unless given
//! codec = "raw"                 # or "lossless": smaller where that pays
//! encrypt = false               # whether the disk sees cipher text only
//! wear_per_day = "2 TB"         # most bytes spilled in a day; unbounded, unless given
//! wear_exhausted = "wait"       # beyond that spills wait; or "fail"
//! endurance = "600 TB"          # what the disk is rated for (TBW), for reports
//!
//! [watermarks]                  # dirty part of the budget: write-back starts above `high`, stops below `low`
//! high = 0.90
//! low = 0.85
//! throttle = 0.95               # above it leases to write wait, until `high` is reached
//!
//! [pressure]                    # parts of the budget that cannot be had at once, at which `on_pressure` is called
//! levels = [0.70, 0.85, 0.95]
//! "#,
//!     "stratal.toml",
//! )?;
//! assert_eq!(policy.dram_budget_bytes(), 256 << 20);
//! assert_eq!(policy, Policy::parse(&policy.to_string(), "its own words")?);
//! # Ok::<(), stratal_tiering::error::Error>(())
//! ```
//!
//! A budget of `"auto"` is half of the memory that the machine and its cgroups allow, or what others leave of that: it
//! follows limits and memory pressure while the engine runs ([`governor`]).
//!
//! `store = "training"` under `[spill]` names a store: what is persisted there outlives the engine. Tables `[[spill.disk]]`,
//! each with its `directory` and perhaps a `capacity`, stand in place of `directory` where several disks take turns.
//!
//! The same by the builder:
//!
//! ```
//! # use stratal_tiering::policy::{Eviction, Policy};
//! # use stratal_tiering::tier::TierKind;
//! let policy = Policy::builder()
//!     .tier("dram", TierKind::Dram, "256 MiB")
//!     .eviction(Eviction::Min)
//!     .prefetch_window("32 MiB")
//!     .spill_capacity("8 GiB")
//!     .deadline("30 s")
//!     .build()?;
//! # assert_eq!(policy.window_bytes(), 32 << 20);
//! # Ok::<(), stratal_tiering::error::Error>(())
//! ```

mod builder;
mod display;
mod file;
pub mod governor;
pub mod memory;
mod nearest;
mod resolve;
mod units;

pub use builder::{PolicyBuilder, Quantity};
pub use units::Size;

use crate::error::Result;
use crate::tier::{Link, Quota, Tier, TierKind, Topology};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How victims are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Eviction {
    /// Belady's MIN over the recorded pass and the hints; what neither tells of goes first, as by [`Self::Adaptive`].
    #[default]
    Min,
    /// Whichever of LRU, S3-FIFO, ARC, LFU and SIEVE would have read the fewest bytes of late.
    Adaptive,
    /// Least recently used.
    Lru,
    /// A small queue on probation, a main queue, and ghosts.
    S3Fifo,
    /// Least frequently used, aged.
    Lfu,
    /// One queue, and a hand that spares what was used since it last passed.
    Sieve,
    /// Segmented LRU: what is used again is protected.
    Slru,
    /// Recency against frequency, balanced by what was evicted too early.
    Arc,
}

/// How the store keeps a tensor's bytes. What is lossy is never chosen for a whole engine, only for a tensor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Codec {
    /// As they are in memory.
    #[default]
    Raw,
    /// Smaller, and bit for bit: bytes of elements sorted by place, then LZ4. Leaves alone what does not pay.
    Lossless,
    /// `f32` numbers as `bf16`: half the bytes, each number to within 1 / 256 of itself.
    Bf16,
    /// `f32` numbers as `f16`: half the bytes, each number to within 1 / 2048 of itself.
    F16,
    /// `f32` numbers as `i8` and a scale per 64: a quarter of the bytes, each number to within 1 / 253 of the greatest of
    /// its 64. The exact bounds: [`store::codec::narrow`](crate::store::codec::narrow).
    Int8,
}

/// Which driver moves file bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum IoChoice {
    /// The ring where the kernel allows it, threads elsewhere.
    #[default]
    Auto,
    /// The ring, or an error.
    IoUring,
    /// A pool of threads.
    Threads,
}

/// What becomes of a spill that the wear budget does not allow yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WearExhausted {
    /// It waits until the day has gone on, and who needs the room with it, up to the deadline.
    #[default]
    Wait,
    /// Who needs the room gets an error of kind [`Wear`](crate::error::ErrorKind::Wear) at once.
    Fail,
}

/// What an engine may use, and how it decides. Possible by construction; see the [module](self) for every word.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    tiers: Vec<TierChoice>,
    links: Vec<LinkChoice>,
    tenants: Vec<TenantChoice>,
    spill_disks: Vec<Disk>,
    spill_capacity_bytes: Option<u64>,
    store: Option<String>,
    codec: Codec,
    encrypt: bool,
    eviction: Eviction,
    window: Option<u64>,
    window_bytes: u64,
    high_watermark: f64,
    low_watermark: f64,
    throttle_watermark: f64,
    pressure_levels: Vec<f64>,
    wear_per_day: Option<u64>,
    wear_exhausted: WearExhausted,
    endurance: Option<u64>,
    deadline: Duration,
    io: IoChoice,
    queue_depth: Option<u32>,
}

/// A directory that takes spilled copies, and the most bytes it may hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Disk {
    /// The directory.
    pub directory: PathBuf,
    /// Most bytes of the file in it; `None` is unbounded.
    pub capacity_bytes: Option<u64>,
}

/// A named part of the dram budget.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TenantChoice {
    /// Its name.
    pub name: String,
    /// What it may use.
    pub quota: Quota,
}

/// A tier as it was written, and the bytes that came of it.
#[derive(Clone, Debug, PartialEq)]
struct TierChoice {
    name: String,
    kind: TierKind,
    budget: Option<Size>,
    budget_bytes: Option<u64>,
    /// Of tiers of kind hbm.
    device: Option<String>,
}

/// A link as it was written; the numbers index `tiers`.
#[derive(Clone, Debug, PartialEq)]
struct LinkChoice {
    source: u8,
    target: u8,
    bandwidth_bytes_per_s: Option<u64>,
    latency_ns: Option<u64>,
}

impl Policy {
    /// A builder that starts from the defaults.
    #[must_use]
    pub fn builder() -> PolicyBuilder {
        PolicyBuilder::default()
    }

    /// Reads a policy file.
    ///
    /// # Errors
    /// `Missing` or `Io` when the file cannot be read; `Policy`, naming key, line and file, when it says what cannot
    /// be.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        file::read(path.as_ref())
    }

    /// Reads the text of a policy; `origin` stands for the file in errors.
    ///
    /// # Errors
    /// `Policy`, naming key, line and `origin`.
    pub fn parse(text: &str, origin: &str) -> Result<Self> {
        file::parse(text).map_err(|error| error.with("file", origin))
    }

    /// Tiers and links, fastest first.
    #[must_use]
    pub fn topology(&self) -> Topology {
        let tier = |choice: &TierChoice| Tier {
            name: choice.name.clone(),
            kind: choice.kind,
            budget_bytes: choice.budget_bytes,
            device: choice.device.clone(),
        };
        let link = |choice: &LinkChoice| Link {
            source: crate::tier::TierId(choice.source),
            target: crate::tier::TierId(choice.target),
            bandwidth_bytes_per_s: choice.bandwidth_bytes_per_s.map(|bytes| bytes as f64),
            latency_ns: choice.latency_ns,
        };
        Topology {
            tiers: self.tiers.iter().map(tier).collect(),
            links: self.links.iter().map(link).collect(),
        }
    }

    /// Most bytes in the fastest tier of kind dram, at any instant.
    #[must_use]
    pub fn dram_budget_bytes(&self) -> u64 {
        let dram = self.tiers.iter().find(|tier| tier.kind == TierKind::Dram);
        dram.and_then(|tier| tier.budget_bytes).unwrap_or(0)
    }

    /// Who shares the dram budget, in the order of [`TenantId`](crate::tier::TenantId), which begins with 1.
    #[must_use]
    pub fn tenants(&self) -> &[TenantChoice] {
        &self.tenants
    }

    /// The least dram budget that what is reserved for tenants leaves room in: an eighth is for staging and everybody.
    #[must_use]
    pub fn least_budget_bytes(&self) -> u64 {
        resolve::least_budget(&self.tenants)
    }

    /// Where dirty tensors are spilled, in turn. Not yet looked at: the engine says what is wrong with them.
    #[must_use]
    pub fn spill_disks(&self) -> &[Disk] {
        &self.spill_disks
    }

    /// The first directory where dirty tensors are spilled.
    #[must_use]
    pub fn spill_directory(&self) -> &Path {
        self.spill_disks.first().map_or(Path::new("/tmp"), |disk| &disk.directory)
    }

    /// Most bytes of all spill files together: the smaller of `spill.capacity` and the budget of the first nvme tier; `None` is
    /// unbounded.
    #[must_use]
    pub fn spill_capacity_bytes(&self) -> Option<u64> {
        let nvme = self.tiers.iter().find(|tier| tier.kind == TierKind::Nvme);
        let budget = nvme.and_then(|tier| tier.budget_bytes);
        self.spill_capacity_bytes.into_iter().chain(budget).min()
    }

    /// The name of the store that survives the engine; `None` where nothing does.
    #[must_use]
    pub fn spill_store(&self) -> Option<&str> {
        self.store.as_deref()
    }

    /// How the store keeps bytes, unless a tensor says otherwise.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Whether the store encrypts, under a key that the engine forgets when it ends.
    #[must_use]
    pub fn encrypt(&self) -> bool {
        self.encrypt
    }

    /// How victims are chosen.
    #[must_use]
    pub fn eviction(&self) -> Eviction {
        self.eviction
    }

    /// Most bytes that prefetch holds or has under way in dram; less than its budget.
    #[must_use]
    pub fn window_bytes(&self) -> u64 {
        self.window_bytes
    }

    /// As [`Self::window_bytes`], for a dram budget that became `budget_bytes`: the window given where that is less than
    /// the budget, else the automatic one.
    #[must_use]
    pub fn window_bytes_of(&self, budget_bytes: u64) -> u64 {
        let given = self.window.filter(|bytes| *bytes < budget_bytes);
        given.unwrap_or_else(|| resolve::automatic_window(budget_bytes))
    }

    /// Dirty part of the host budget above which write-back starts, in `0.0..=1.0`.
    #[must_use]
    pub fn high_watermark(&self) -> f64 {
        self.high_watermark
    }

    /// Dirty part of the host budget below which write-back stops; at most the high one.
    #[must_use]
    pub fn low_watermark(&self) -> f64 {
        self.low_watermark
    }

    /// Dirty part of the host budget above which leases to write wait for write-back; at least the high one.
    #[must_use]
    pub fn throttle_watermark(&self) -> f64 {
        self.throttle_watermark
    }

    /// Parts of the host budget that cannot be had at once, at which the application is told; ascending.
    #[must_use]
    pub fn pressure_levels(&self) -> &[f64] {
        &self.pressure_levels
    }

    /// Bytes that may be spilled in a day; `None` is unbounded.
    #[must_use]
    pub fn wear_per_day_bytes(&self) -> Option<u64> {
        self.wear_per_day
    }

    /// What becomes of a spill that the wear budget does not allow yet.
    #[must_use]
    pub fn wear_exhausted(&self) -> WearExhausted {
        self.wear_exhausted
    }

    /// Bytes that the spill disks are rated to endure, if given.
    #[must_use]
    pub fn endurance_bytes(&self) -> Option<u64> {
        self.endurance
    }

    /// Whether the budget of the fastest tier of kind dram is `"auto"`: it follows the machine.
    #[must_use]
    pub fn follows_memory(&self) -> bool {
        let dram = self.tiers.iter().find(|tier| tier.kind == TierKind::Dram);
        dram.is_some_and(|tier| tier.budget == Some(Size::Auto))
    }

    /// Longest wait of any call.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Which driver moves file bytes.
    #[must_use]
    pub fn io(&self) -> IoChoice {
        self.io
    }

    /// Flights under way at once, if chosen.
    #[must_use]
    pub fn queue_depth(&self) -> Option<u32> {
        self.queue_depth
    }
}

impl Default for Policy {
    /// Half of the memory limit for dram, spills to the directory for temporary files, evicts by MIN.
    fn default() -> Self {
        Self::builder().build().expect("the defaults are possible on every machine: a test builds them")
    }
}
