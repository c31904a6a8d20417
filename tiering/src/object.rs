//! What the engine names and moves: objects, their chunks, generations, and the accesses that a trace records.
//!
//! Types that `residency` and `plan` share live here, so that neither imports the other.

use std::fmt;

pub mod map;

/// Bytes of one chunk, the unit of residency: one huge page, one disk request. The last chunk of an object is
/// shorter, and small objects have one short chunk.
pub const CHUNK_BYTES: u64 = 2 << 20;

/// How many chunks an object of `object_bytes` has; an empty object has none.
#[must_use]
pub const fn chunk_count(object_bytes: u64) -> u64 {
    object_bytes.div_ceil(CHUNK_BYTES)
}

/// Bytes of chunk `chunk` of an object of `object_bytes`: [`CHUNK_BYTES`] but for the last; 0 past the end.
#[must_use]
pub const fn chunk_bytes(object_bytes: u64, chunk: u32) -> u64 {
    let rest = object_bytes.saturating_sub(chunk as u64 * CHUNK_BYTES);
    if rest < CHUNK_BYTES { rest } else { CHUNK_BYTES }
}

/// One chunk of one object, as residency, eviction and plans name it. Dense: indexes are reused only after the
/// object is gone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkKey {
    /// Index of the object in the engine's catalogue.
    pub object: u32,
    /// Which chunk of the object.
    pub chunk: u32,
}

impl fmt::Debug for ChunkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.object, self.chunk)
    }
}

/// Counts the versions of a chunk's bytes: an exclusive lease makes the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u64);

impl Generation {
    /// The version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// When a chunk is used next, as a position (a step) in the endless repetition of a recorded pass. Ordered as
/// victims are chosen: the greatest goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NextUse {
    /// At this position, counted from the start of the first recorded pass.
    At(u64),
    /// At this position, but the plan lets the chunk stream through the prefetch window: it goes before any chunk
    /// that the plan keeps.
    Streamed(u64),
    /// Not in the schedule, or streamed and not needed within the window: the best victim.
    Never,
}

impl NextUse {
    /// The position, if there is one.
    #[must_use]
    pub const fn position(self) -> Option<u64> {
        match self {
            Self::At(position) | Self::Streamed(position) => Some(position),
            Self::Never => None,
        }
    }

    /// Whether a copy used then may give way to a fetch of a chunk used at `other`: the plan does not prefer it, and
    /// it is used strictly later, or nobody has said that it is used at all.
    #[must_use]
    pub fn yields_to(self, other: Self) -> bool {
        match (self, other) {
            (Self::Never, _) => true,
            (_, Self::Never) | (Self::At(_), Self::Streamed(_)) => false,
            (Self::At(own) | Self::Streamed(own), Self::At(position) | Self::Streamed(position)) => {
                own > position
            }
        }
    }
}

/// One access of a trace: a chunk, and the bytes a fetch of it moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Touch {
    /// The chunk.
    pub chunk: ChunkKey,
    /// Bytes a fetch of the chunk moves, and the bytes its copy occupies.
    pub bytes: u32,
}

/// One lease of a trace: the chunks it touches together, in order. All of them are held at the same time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Chunks held together by the lease.
    pub touches: Vec<Touch>,
}

impl Step {
    /// Bytes that the lease holds at once.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.touches.iter().map(|touch| u64::from(touch.bytes)).sum()
    }
}

/// A recorded pass: the leases in the order they were taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// Leases in order.
    pub steps: Vec<Step>,
}

impl Trace {
    /// Bytes of all distinct chunks of the pass.
    #[must_use]
    pub fn distinct_bytes(&self) -> u64 {
        let mut seen = map::ChunkMap::<bool>::new();
        let touches = self.steps.iter().flat_map(|step| &step.touches);
        touches
            .filter(|touch| !std::mem::replace(seen.entry(touch.chunk), true))
            .map(|touch| u64::from(touch.bytes))
            .sum()
    }
}

#[cfg(test)]
mod tests;
