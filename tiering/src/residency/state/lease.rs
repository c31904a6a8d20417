//! Leases on a chunk's copies: many shared ones, or a single exclusive one that makes the next generation.

use super::{Chunk, CopyState, Life, Poison, Refused, TierCopy};
use crate::object::Generation;
use crate::tier::TierId;

/// What the holder of an exclusive lease did with the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exclusive {
    /// Wrote them: they are the next generation.
    Written,
    /// Left them as they were.
    Untouched,
    /// Stopped in the middle of a write: the chunk is poisoned.
    Torn,
    /// Stopped in the middle of a write, and wants the generation before: it is poisoned only where no home and no
    /// other tier holds that.
    Abandoned,
}

/// What became of a copy at the end of its exclusive lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a dropped copy keeps its bytes reserved until they are released"]
pub enum Ended {
    /// It holds a new generation and is dirty; copies and extents of older ones are garbage now.
    Advanced(Generation),
    /// It is what it was.
    Unchanged,
    /// It is absent: free its bytes.
    Dropped,
}

impl Chunk {
    /// Takes a shared lease on the copy in `tier`: it stays, at one address, until released.
    ///
    /// # Errors
    /// `Leased` under an exclusive lease in any tier; `Absent`, `Busy` while filling, `Stale`, `Poisoned`,
    /// `Unborn`, `Forgotten`.
    pub fn lease_shared(&mut self, tier: TierId) -> Result<(), Refused> {
        self.usable()?;
        if self.exclusive.is_some() {
            return Err(Refused::Leased);
        }
        self.leasable(tier)?.shared += 1;
        Ok(())
    }

    /// Takes the exclusive lease on the copy in `tier`.
    ///
    /// # Errors
    /// `Leased` while any other lease of the chunk is held, in any tier; `Busy` while a transfer reads or writes
    /// this copy; otherwise as [`Self::lease_shared`].
    pub fn lease_exclusive(&mut self, tier: TierId) -> Result<(), Refused> {
        self.usable()?;
        if self.exclusive.is_some() || self.copies.iter().any(|copy| copy.shared > 0) {
            return Err(Refused::Leased);
        }
        let copy = self.leasable(tier)?;
        if copy.state == CopyState::Draining || copy.readers > 0 {
            return Err(Refused::Busy);
        }
        self.exclusive = Some(tier);
        Ok(())
    }

    /// Whether [`Self::lease_shared`] would grant a lease now.
    #[must_use]
    pub fn may_share(&self, tier: TierId) -> bool {
        self.life == Life::Live && self.exclusive.is_none() && self.is_valid(tier)
    }

    fn leasable(&mut self, tier: TierId) -> Result<&mut TierCopy, Refused> {
        let current = self.generation;
        let copy = self.copy_mut(tier)?;
        match copy.state {
            CopyState::Absent => Err(Refused::Absent),
            CopyState::Filling => Err(Refused::Busy),
            _ if copy.generation != current => Err(Refused::Stale),
            CopyState::Resident | CopyState::Draining => Ok(copy),
        }
    }

    /// Ends a shared lease.
    ///
    /// # Errors
    /// `Absent` where the tier has no shared lease.
    pub fn release_shared(&mut self, tier: TierId) -> Result<(), Refused> {
        let copy = self.copy_mut(tier)?;
        copy.shared = copy.shared.checked_sub(1).ok_or(Refused::Absent)?;
        Ok(())
    }

    /// Ends the exclusive lease.
    ///
    /// # Errors
    /// `Absent` where the tier has no exclusive lease.
    pub fn release_exclusive(&mut self, tier: TierId, how: Exclusive) -> Result<Ended, Refused> {
        self.exclusive.take_if(|held| *held == tier).ok_or(Refused::Absent)?;
        match how {
            Exclusive::Untouched => Ok(Ended::Unchanged),
            Exclusive::Written => {
                self.generation = self.generation.next();
                let generation = self.generation;
                self.copy_mut(tier)?.generation = generation;
                Ok(Ended::Advanced(generation))
            }
            Exclusive::Torn | Exclusive::Abandoned => {
                *self.copy_mut(tier)? = TierCopy::default();
                if how == Exclusive::Torn {
                    // What other tiers hold is out of date, as it would be had the write ended.
                    self.generation = self.generation.next();
                }
                if how == Exclusive::Torn || !self.has_valid_bytes() {
                    self.set_poison(Poison::Torn);
                }
                Ok(Ended::Dropped)
            }
        }
    }

    /// Shared leases on the copy in a tier.
    #[must_use]
    pub fn shared_leases(&self, tier: TierId) -> u32 {
        self.copies.get(usize::from(tier.0)).map_or(0, |copy| copy.shared)
    }

    /// Whether any lease of the chunk is held, in any tier.
    #[must_use]
    pub fn is_leased(&self) -> bool {
        self.exclusive.is_some() || self.copies.iter().any(|copy| copy.shared > 0)
    }

    /// Whether a home or a tier holds the current generation.
    pub(super) fn has_valid_bytes(&self) -> bool {
        self.life != Life::Unborn && (self.home_place().is_some() || self.fastest_valid().is_some())
    }
}
