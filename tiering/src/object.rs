//! What the engine names and moves: objects, their chunks, generations, and the accesses that a trace records.
//!
//! Types that `residency` and `plan` share live here, so that neither imports the other.

use std::fmt;

/// Bytes of one chunk, the unit of residency: one huge page, one disk request. The last chunk of an object is
/// shorter, and small objects have one short chunk.
pub const CHUNK_BYTES: u64 = 2 << 20;

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

/// When a chunk is used next, as a position in the endless repetition of a recorded pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NextUse {
    /// At this position, counted from the start of the first recorded pass.
    At(u64),
    /// Not in the schedule. Sorts after every position: the best victim.
    Never,
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

/// A recorded pass: the leases in the order they were taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// Leases in order.
    pub steps: Vec<Step>,
}
