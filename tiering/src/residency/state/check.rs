//! The invariants of a chunk, walked: used after every transition in tests, and by debug builds of the engine.

use super::{Chunk, CopyState, Life, Source};
use std::fmt;

/// An invariant that does not hold. Never seen unless residency itself has a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Broken {
    /// A live chunk has no valid copy of its current generation and is not poisoned.
    NoValidCopy,
    /// An exclusive lease is not alone, or a transfer reads its copy.
    ExclusiveShared,
    /// A leased copy is not readable.
    LeasedAbsent,
    /// A copy or an extent claims a generation that does not exist yet.
    FromTheFuture,
    /// The spill under way and the draining copy do not match.
    DrainMismatch,
    /// The transfers counted as readers differ from the fills under way.
    ReaderCount,
    /// A chunk that is neither dirty nor at home, or both.
    DirtyMismatch,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoValidCopy => "a live chunk has no valid copy",
            Self::ExclusiveShared => "an exclusive lease is not alone",
            Self::LeasedAbsent => "a leased copy is not readable",
            Self::FromTheFuture => "a copy is newer than its chunk",
            Self::DrainMismatch => "the spill under way and the draining copy differ",
            Self::ReaderCount => "readers and fills under way differ",
            Self::DirtyMismatch => "dirty and home disagree",
        })
    }
}

impl std::error::Error for Broken {}

impl Chunk {
    /// Walks the invariants.
    ///
    /// # Errors
    /// The first one that does not hold.
    pub fn check(&self) -> Result<(), Broken> {
        let ensure = |holds: bool, broken| if holds { Ok(()) } else { Err(broken) };
        ensure(self.life != Life::Live || self.has_valid_bytes(), Broken::NoValidCopy)?;
        ensure(self.exclusive_is_alone(), Broken::ExclusiveShared)?;
        ensure(self.copies.iter().all(|copy| copy.shared == 0 || copy.readable()), Broken::LeasedAbsent)?;
        ensure(self.nothing_newer(), Broken::FromTheFuture)?;
        ensure(self.drain_matches(), Broken::DrainMismatch)?;
        ensure(self.readers_match(), Broken::ReaderCount)?;
        let dirty = self.home_place().is_none();
        ensure(self.life != Life::Live || self.is_dirty() == dirty, Broken::DirtyMismatch)
    }

    fn exclusive_is_alone(&self) -> bool {
        let Some(tier) = self.exclusive else { return true };
        let alone = self.copies.iter().all(|copy| copy.shared == 0);
        let copy = self.copies.get(usize::from(tier.0));
        alone && copy.is_some_and(|copy| copy.state == CopyState::Resident && copy.readers == 0)
    }

    fn nothing_newer(&self) -> bool {
        let extent = self.home.extent.is_none_or(|(_, generation)| generation <= self.generation);
        let drain = self.drain.is_none_or(|drain| drain.generation <= self.generation);
        extent && drain && self.copies.iter().all(|copy| copy.generation <= self.generation)
    }

    fn drain_matches(&self) -> bool {
        let draining = self.copies.iter().filter(|copy| copy.state == CopyState::Draining).count();
        match self.drain {
            None => draining == 0,
            Some(drain) => {
                let copy = self.copies.get(usize::from(drain.tier.0));
                let same = |generation, state| generation == drain.generation && state == CopyState::Draining;
                draining == 1 && copy.is_some_and(|copy| same(copy.generation, copy.state))
            }
        }
    }

    fn readers_match(&self) -> bool {
        let fills_from = |source| {
            let fills = self.copies.iter().filter(move |copy| copy.source == Some(source));
            fills.filter(|copy| copy.state == CopyState::Filling).count()
        };
        let tiers = (0..=u8::MAX).map(crate::tier::TierId).zip(self.copies.iter());
        usize::from(self.home.readers) == fills_from(Source::Home)
            && tiers
                .into_iter()
                .all(|(tier, copy)| usize::from(copy.readers) == fills_from(Source::Tier(tier)))
    }
}
