//! One chunk: its generation, its home, its copies by tier, and the only legal ways to change them.
//!
//! Every method makes one transition or refuses and changes nothing. Bytes move between a `begin_…` and its
//! `…_done` or `…_failed`; in between the copy is `Filling` or `Draining` and cannot be freed.
//!
//! ```text
//!            begin_fill             fill_done               begin_drain
//!   Absent ─────────────> Filling ─────────────> Resident ────────────────> Draining
//!     ^  ^                   │                    │    ^                        │
//!     │  └─── fill_failed ───┘                    │    └─ drain_done / _failed ─┘
//!     └──────────── evict, reclaim ───────────────┘
//! ```
//!
//! Invariants, walked by [`Chunk::check`]: a live chunk has a valid copy of its current generation or is poisoned;
//! the only valid copy is never evicted; an exclusive lease is alone and no transfer reads its copy; a leased copy
//! stays; a chunk is dirty exactly while its home does not hold the current generation.

mod check;
mod lease;
mod refused;

pub use check::Broken;
pub use lease::{Ended, Exclusive};
pub use refused::Refused;

use crate::object::Generation;
use crate::tier::TierId;

/// The state of a chunk's bytes in one tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CopyState {
    /// No bytes here.
    #[default]
    Absent,
    /// A transfer writes the bytes; nobody may read them yet.
    Filling,
    /// Readable, and evictable when nothing holds it.
    Resident,
    /// Readable, and a transfer reads it to write its home.
    Draining,
}

/// Where a fill takes its bytes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The chunk's home.
    Home,
    /// The copy in another tier.
    Tier(TierId),
}

/// Opaque place of a spilled chunk in the store: residency only carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExtentSlot(pub u64);

/// Where the home keeps the bytes of the current generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HomePlace {
    /// In the read-only origin, which holds generation 0 for ever.
    Origin,
    /// In an extent of the spill store.
    Extent(ExtentSlot),
}

/// Why a chunk has no valid copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Poison {
    /// The medium of the only copy failed.
    Media,
    /// A writer ended in the middle of its write.
    Torn,
    /// The device that held the only copy is lost.
    Device,
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "an extent that is not discarded is lost for ever"]
pub enum Drained {
    /// The home holds the current generation; the extent it held before is free.
    Clean {
        /// Extent to free.
        replaced: Option<ExtentSlot>,
    },
    /// The chunk moved on or was forgotten while its bytes were written: the new extent is worthless.
    Superseded {
        /// Extent to free.
        discard: ExtentSlot,
    },
}

/// How a fill ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a discarded copy keeps its bytes reserved until they are released"]
pub enum Filled {
    /// The copy is valid: it may be leased.
    Ready,
    /// The chunk moved on or was forgotten meanwhile: the copy is absent again, free its bytes.
    Discard,
}

/// A chunk's bytes in one tier.
#[derive(Clone, Copy, Debug, Default)]
struct TierCopy {
    generation: Generation,
    /// Shared leases held on this copy.
    shared: u32,
    /// Fills of other tiers that read this copy.
    readers: u16,
    state: CopyState,
    /// Where a filling copy takes its bytes from.
    source: Option<Source>,
}

impl TierCopy {
    fn readable(&self) -> bool {
        matches!(self.state, CopyState::Resident | CopyState::Draining)
    }

    fn held(&self) -> bool {
        self.shared > 0 || self.readers > 0
    }
}

/// A chunk's durable bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Home {
    /// Whether a read-only origin holds generation 0.
    origin: bool,
    extent: Option<(ExtentSlot, Generation)>,
    /// Fills that read the home now.
    readers: u16,
}

impl Home {
    fn place_of(&self, generation: Generation) -> Option<HomePlace> {
        match self.extent {
            Some((slot, held)) if held == generation => Some(HomePlace::Extent(slot)),
            _ => (self.origin && generation == Generation::default()).then_some(HomePlace::Origin),
        }
    }
}

/// A spill under way.
#[derive(Clone, Copy, Debug)]
struct Drain {
    tier: TierId,
    slot: ExtentSlot,
    generation: Generation,
}

/// Whether a chunk can be used at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    /// Made, but nobody has written it: no valid copy anywhere.
    Unborn,
    Live,
    Poisoned(Poison),
    /// Its object was dropped; it goes when the last lease and transfer end.
    Forgotten,
}

/// The record of one chunk.
#[derive(Clone, Debug)]
pub struct Chunk {
    generation: Generation,
    home: Home,
    drain: Option<Drain>,
    exclusive: Option<TierId>,
    life: Life,
    /// One per tier of the topology; the tier that holds homes stays absent here.
    copies: Box<[TierCopy]>,
}

impl Chunk {
    /// A chunk whose bytes lie in a read-only origin, which holds generation 0.
    #[must_use]
    pub fn at_origin(tiers: usize) -> Self {
        let mut chunk = Self::unborn(tiers);
        chunk.home.origin = true;
        chunk.life = Life::Live;
        chunk
    }

    /// A chunk that has no bytes yet; [`Self::born`] gives it its first copy.
    #[must_use]
    pub fn unborn(tiers: usize) -> Self {
        Self {
            generation: Generation::default(),
            home: Home::default(),
            drain: None,
            exclusive: None,
            life: Life::Unborn,
            copies: vec![TierCopy::default(); tiers].into_boxed_slice(),
        }
    }

    /// The current generation.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// The state of the copy in a tier; absent in a tier outside the topology.
    #[must_use]
    pub fn state(&self, tier: TierId) -> CopyState {
        self.copies.get(usize::from(tier.0)).map_or(CopyState::Absent, |copy| copy.state)
    }

    /// Whether the copy in a tier holds the current generation and can be read.
    #[must_use]
    pub fn is_valid(&self, tier: TierId) -> bool {
        self.copies
            .get(usize::from(tier.0))
            .is_some_and(|copy| copy.readable() && copy.generation == self.generation)
    }

    /// The fastest tier with a valid copy.
    #[must_use]
    pub fn fastest_valid(&self) -> Option<TierId> {
        (0..=u8::MAX).map(TierId).take(self.copies.len()).find(|tier| self.is_valid(*tier))
    }

    /// Where the home holds the current generation; `None` while the chunk is dirty.
    #[must_use]
    pub fn home_place(&self) -> Option<HomePlace> {
        self.home.place_of(self.generation)
    }

    /// Whether the home lacks the current generation, so that the bytes exist only in copies.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        matches!(self.life, Life::Live | Life::Forgotten) && self.home_place().is_none()
    }

    /// Whether [`Self::evict`] would free the copy in this tier now.
    #[must_use]
    pub fn is_evictable(&self, tier: TierId) -> bool {
        self.evictable(tier).is_ok()
    }

    /// The slot of the store that a spill under way writes to.
    #[must_use]
    pub fn draining_to(&self) -> Option<ExtentSlot> {
        self.drain.map(|drain| drain.slot)
    }

    /// Whether the copy is idle and holds what no home does: spill it before it is evicted. A copy in another tier, which
    /// may be lost with its device, is not enough to go without.
    #[must_use]
    pub fn is_spillable(&self, tier: TierId) -> bool {
        let alone = match self.evictable(tier) {
            Ok(()) => self.life == Life::Live && self.is_valid(tier) && self.home_place().is_none(),
            Err(refused) => refused == Refused::OnlyCopy,
        };
        alone && self.drain.is_none()
    }

    /// Whether somebody holds the exclusive lease, in whichever tier.
    #[must_use]
    pub fn is_exclusive(&self) -> bool {
        self.exclusive.is_some()
    }

    /// Whether the bytes would be lost with the copy in `tier`: no home and no other tier has them.
    #[must_use]
    pub fn is_only_copy(&self, tier: TierId) -> bool {
        let live = self.life == Life::Live && self.is_valid(tier);
        live && self.home_place().is_none() && !self.valid_besides(tier)
    }

    /// Why the chunk refuses use, if it does.
    #[must_use]
    pub fn poison(&self) -> Option<Poison> {
        match self.life {
            Life::Poisoned(poison) => Some(poison),
            _ => None,
        }
    }

    /// Whether the chunk was forgotten: nobody evicts it, what it holds goes by itself.
    #[must_use]
    pub fn is_forgotten(&self) -> bool {
        self.life == Life::Forgotten
    }

    /// Whether the chunk was forgotten and holds nothing any more, so that its record may go.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.is_forgotten()
            && self.drain.is_none()
            && self.exclusive.is_none()
            && self.home.extent.is_none()
            && self.copies.iter().all(|copy| copy.state == CopyState::Absent)
    }

    /// Gives an unborn or poisoned chunk a whole new copy in `tier`, written by the caller: dirty, of a new
    /// generation. Copies and extents of older generations are garbage from now on.
    ///
    /// # Errors
    /// `Present` where the chunk has valid bytes or the tier a copy.
    pub fn born(&mut self, tier: TierId) -> Result<Generation, Refused> {
        match self.life {
            Life::Forgotten => return Err(Refused::Forgotten),
            Life::Live => return Err(Refused::Present),
            Life::Unborn | Life::Poisoned(_) => {}
        }
        if self.copy(tier)?.state != CopyState::Absent || self.exclusive.is_some() {
            return Err(Refused::Present);
        }
        self.generation = self.generation.next();
        self.life = Life::Live;
        let generation = self.generation;
        *self.copy_mut(tier)? = TierCopy { generation, state: CopyState::Resident, ..TierCopy::default() };
        Ok(generation)
    }

    /// Gives an unborn chunk bytes that lie in the store already, from an earlier life: clean, of generation 0.
    ///
    /// # Errors
    /// `Present` where the chunk has bytes; `Forgotten`.
    pub fn adopt_home(&mut self, slot: ExtentSlot) -> Result<(), Refused> {
        match self.life {
            Life::Unborn => {
                self.home.extent = Some((slot, self.generation));
                self.life = Life::Live;
                Ok(())
            }
            Life::Forgotten => Err(Refused::Forgotten),
            Life::Live | Life::Poisoned(_) => Err(Refused::Present),
        }
    }

    /// Whether nobody has given it bytes yet.
    #[must_use]
    pub fn is_unborn(&self) -> bool {
        self.life == Life::Unborn
    }

    /// Starts filling the copy in `tier` from `source`, once its bytes are reserved.
    ///
    /// A chunk poisoned by its medium may be filled again from a home that holds its generation: that is the way
    /// back.
    ///
    /// # Errors
    /// `Present` where the tier has a copy; `Absent` or `Stale` where the source lacks the current generation;
    /// `Leased` while an exclusive lease is about to replace it; `Unborn`, `Poisoned`, `Forgotten`.
    pub fn begin_fill(&mut self, tier: TierId, source: Source) -> Result<Generation, Refused> {
        self.may_fill(source)?;
        if self.copy(tier)?.state != CopyState::Absent {
            return Err(Refused::Present);
        }
        match source {
            Source::Home => self.home_place().map(|_| self.home.readers += 1).ok_or(Refused::Stale)?,
            Source::Tier(from) => {
                let current = self.generation;
                let copy = self.copy_mut(from)?;
                match (copy.readable(), copy.generation == current) {
                    (false, _) => return Err(Refused::Absent),
                    (true, false) => return Err(Refused::Stale),
                    (true, true) => copy.readers += 1,
                }
            }
        }
        let generation = self.generation;
        *self.copy_mut(tier)? =
            TierCopy { generation, state: CopyState::Filling, source: Some(source), ..TierCopy::default() };
        Ok(generation)
    }

    fn may_fill(&self, source: Source) -> Result<(), Refused> {
        match self.life {
            Life::Unborn => Err(Refused::Unborn),
            Life::Forgotten => Err(Refused::Forgotten),
            Life::Poisoned(Poison::Media) if source == Source::Home => Ok(()),
            Life::Poisoned(_) => Err(Refused::Poisoned),
            Life::Live if self.exclusive.is_some() => Err(Refused::Leased),
            Life::Live => Ok(()),
        }
    }

    /// All bytes of the fill have arrived, their length and checksum verified.
    ///
    /// # Errors
    /// `Absent` when no fill is under way.
    pub fn fill_done(&mut self, tier: TierId) -> Result<Filled, Refused> {
        let filled = self.end_fill(tier)?;
        if filled != self.generation || self.life == Life::Forgotten {
            *self.copy_mut(tier)? = TierCopy::default();
            return Ok(Filled::Discard);
        }
        self.copy_mut(tier)?.state = CopyState::Resident;
        self.life = Life::Live;
        Ok(Filled::Ready)
    }

    /// The fill ended without its bytes: the copy is absent again, free its bytes. The chunk is as it was before.
    ///
    /// # Errors
    /// `Absent` when no fill is under way.
    pub fn fill_failed(&mut self, tier: TierId) -> Result<(), Refused> {
        self.end_fill(tier)?;
        *self.copy_mut(tier)? = TierCopy::default();
        Ok(())
    }

    /// Lets go of a fill's source and says which generation it was filling.
    fn end_fill(&mut self, tier: TierId) -> Result<Generation, Refused> {
        let copy = self.copy_mut(tier)?;
        if copy.state != CopyState::Filling {
            return Err(Refused::Absent);
        }
        let (source, generation) = (copy.source.take(), copy.generation);
        match source {
            Some(Source::Tier(from)) => self.copy_mut(from)?.readers -= 1,
            Some(Source::Home) => self.home.readers -= 1,
            None => {}
        }
        Ok(generation)
    }

    /// Forgets the copy in `tier`, moving no bytes: free its bytes.
    ///
    /// # Errors
    /// `OnlyCopy` where no other tier and no home holds the bytes: spill first. `Leased`, `Busy`, `Absent`.
    pub fn evict(&mut self, tier: TierId) -> Result<(), Refused> {
        self.evictable(tier)?;
        *self.copy_mut(tier)? = TierCopy::default();
        Ok(())
    }

    fn evictable(&self, tier: TierId) -> Result<(), Refused> {
        let copy = self.copy(tier)?;
        match copy.state {
            CopyState::Absent => return Err(Refused::Absent),
            CopyState::Filling | CopyState::Draining => return Err(Refused::Busy),
            CopyState::Resident => {}
        }
        if copy.shared > 0 || self.exclusive == Some(tier) {
            return Err(Refused::Leased);
        }
        if copy.readers > 0 {
            return Err(Refused::Busy);
        }
        let needed = self.life == Life::Live && copy.generation == self.generation;
        if needed && self.home_place().is_none() && !self.valid_besides(tier) {
            return Err(Refused::OnlyCopy);
        }
        Ok(())
    }

    fn valid_besides(&self, tier: TierId) -> bool {
        let others = (0..=u8::MAX).map(TierId).take(self.copies.len());
        others.filter(|other| *other != tier).any(|other| self.is_valid(other))
    }

    /// Starts writing the copy in `tier` to `slot` of the store. Shared leases may go on reading.
    ///
    /// # Errors
    /// `Clean` where the home already holds the bytes; `Busy` while another spill or a read of the old extent is
    /// under way; `Leased` under an exclusive lease; `Absent`, `Stale`, `Poisoned`, `Unborn`, `Forgotten`.
    pub fn begin_drain(&mut self, tier: TierId, slot: ExtentSlot) -> Result<Generation, Refused> {
        self.usable()?;
        if self.home_place().is_some() {
            return Err(Refused::Clean);
        }
        if self.drain.is_some() || self.home.readers > 0 {
            return Err(Refused::Busy);
        }
        if self.exclusive == Some(tier) {
            return Err(Refused::Leased);
        }
        let generation = self.generation;
        let copy = self.copy_mut(tier)?;
        match copy.state {
            CopyState::Resident if copy.generation == generation => copy.state = CopyState::Draining,
            CopyState::Resident => return Err(Refused::Stale),
            CopyState::Filling => return Err(Refused::Busy),
            CopyState::Absent | CopyState::Draining => return Err(Refused::Absent),
        }
        self.drain = Some(Drain { tier, slot, generation });
        Ok(generation)
    }

    /// All bytes of the spill are written.
    ///
    /// # Errors
    /// `Absent` when no spill of this tier is under way.
    pub fn drain_done(&mut self, tier: TierId) -> Result<Drained, Refused> {
        let drain = self.end_drain(tier)?;
        if drain.generation != self.generation || self.life != Life::Live {
            return Ok(Drained::Superseded { discard: drain.slot });
        }
        let replaced = self.home.extent.replace((drain.slot, drain.generation)).map(|(slot, _)| slot);
        Ok(Drained::Clean { replaced })
    }

    /// The spill failed: the copy is resident and as dirty as before; returns the extent to free or quarantine.
    ///
    /// # Errors
    /// `Absent` when no spill of this tier is under way.
    pub fn drain_failed(&mut self, tier: TierId) -> Result<ExtentSlot, Refused> {
        self.end_drain(tier).map(|drain| drain.slot)
    }

    fn end_drain(&mut self, tier: TierId) -> Result<Drain, Refused> {
        let drain = self.drain.take_if(|drain| drain.tier == tier).ok_or(Refused::Absent)?;
        self.copy_mut(tier)?.state = CopyState::Resident;
        Ok(drain)
    }

    /// The object is dropped: no new leases, fills or spills. What nothing holds is garbage at once, the rest when
    /// its last lease or transfer ends; collect it by [`Self::reclaim`] and [`Self::reclaim_extent`] now and after
    /// each such end, until [`Self::is_gone`].
    pub fn forget(&mut self) {
        self.life = Life::Forgotten;
    }

    /// The only copy is lost: refuse use until it is rewritten or, for [`Poison::Media`], filled again from home.
    /// Leases already held stay valid for their holders.
    pub fn set_poison(&mut self, poison: Poison) {
        if self.life == Life::Live {
            self.life = Life::Poisoned(poison);
        }
    }

    /// Takes one copy that nobody can use any more (an older generation, or of a forgotten chunk) and that nothing
    /// holds: it is absent from now on, free its bytes. Call until `None` after a release, an end of a transfer, or
    /// `forget`.
    pub fn reclaim(&mut self) -> Option<TierId> {
        let (life, current, exclusive) = (self.life, self.generation, self.exclusive);
        let garbage = |(index, copy): &(usize, &mut TierCopy)| {
            copy.state == CopyState::Resident
                && !copy.held()
                && exclusive.is_none_or(|tier| usize::from(tier.0) != *index)
                && (life == Life::Forgotten || copy.generation != current)
        };
        let (index, copy) = self.copies.iter_mut().enumerate().find(garbage)?;
        *copy = TierCopy::default();
        u8::try_from(index).ok().map(TierId)
    }

    /// Takes the extent of the store when it holds an older generation or the chunk is forgotten, and no fill reads
    /// it: free it.
    pub fn reclaim_extent(&mut self) -> Option<ExtentSlot> {
        let (life, current, readers) = (self.life, self.generation, self.home.readers);
        let garbage = |(_, held): &mut (ExtentSlot, Generation)| {
            readers == 0 && (life == Life::Forgotten || *held != current)
        };
        self.home.extent.take_if(garbage).map(|(slot, _)| slot)
    }

    fn usable(&self) -> Result<(), Refused> {
        match self.life {
            Life::Live => Ok(()),
            Life::Unborn => Err(Refused::Unborn),
            Life::Poisoned(_) => Err(Refused::Poisoned),
            Life::Forgotten => Err(Refused::Forgotten),
        }
    }

    fn copy(&self, tier: TierId) -> Result<&TierCopy, Refused> {
        self.copies.get(usize::from(tier.0)).ok_or(Refused::Absent)
    }

    fn copy_mut(&mut self, tier: TierId) -> Result<&mut TierCopy, Refused> {
        self.copies.get_mut(usize::from(tier.0)).ok_or(Refused::Absent)
    }
}

#[cfg(test)]
mod tests;
