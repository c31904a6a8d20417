//! Tiers are data: a topology of memories with budgets, and the links between them.
//!
//! No tier is special and none is named by a field: everything indexes by [`TierId`], fastest first.

use std::fmt;

/// Index of a tier in its [`Topology`]; 0 is the fastest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TierId(pub u8);

/// Index of a tenant of an engine; 0 is nobody in particular.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(pub u16);

/// What a tenant may use of a tier. The default is nothing of its own, and all that is free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Quota {
    /// Bytes that nobody else ever takes.
    pub reserved_bytes: u64,
    /// Most bytes it may hold; `None` is unbounded.
    pub cap_bytes: Option<u64>,
}

/// What kind of memory a tier is: decides which driver moves its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TierKind {
    /// Device memory.
    Hbm,
    /// Host memory.
    Dram,
    /// Files on a local disk.
    Nvme,
}

impl fmt::Display for TierKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hbm => "hbm",
            Self::Dram => "dram",
            Self::Nvme => "nvme",
        })
    }
}

/// One memory: its name in policies and errors, its kind, and the bytes it may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// Name in policies and errors.
    pub name: String,
    /// Kind of memory.
    pub kind: TierKind,
    /// Most bytes it may hold at any instant, in-flight bytes counted; `None` is unbounded.
    pub budget_bytes: Option<u64>,
    /// The device whose memory it is, such as `cuda:0`; only of tiers of kind hbm.
    pub device: Option<String>,
}

/// A directed path between two tiers.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Where bytes come from.
    pub source: TierId,
    /// Where bytes go.
    pub target: TierId,
    /// Bytes per second, if declared or measured.
    pub bandwidth_bytes_per_s: Option<f64>,
    /// Nanoseconds from submission to the first byte, if declared or measured.
    pub latency_ns: Option<u64>,
}

/// All tiers of an engine, fastest first, and the links between them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topology {
    /// Tiers, fastest first; a [`TierId`] indexes this.
    pub tiers: Vec<Tier>,
    /// Directed links.
    pub links: Vec<Link>,
}

impl Topology {
    /// The tier behind an id.
    #[must_use]
    pub fn tier(&self, id: TierId) -> Option<&Tier> {
        self.tiers.get(usize::from(id.0))
    }

    /// The tier called `name`.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<TierId> {
        let index = self.tiers.iter().position(|tier| tier.name == name)?;
        u8::try_from(index).ok().map(TierId)
    }

    /// The fastest tier of a kind.
    #[must_use]
    pub fn by_kind(&self, kind: TierKind) -> Option<TierId> {
        let index = self.tiers.iter().position(|tier| tier.kind == kind)?;
        u8::try_from(index).ok().map(TierId)
    }

    /// The link from `source` to `target`.
    #[must_use]
    pub fn link(&self, source: TierId, target: TierId) -> Option<&Link> {
        self.links.iter().find(|link| link.source == source && link.target == target)
    }
}
