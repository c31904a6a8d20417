//! Where free space is in a bounded pool: holes by address, in units, eight bytes each. Pure: no memory is touched.
//!
//! ```text
//! 0                                                      frontier
//! │##block##│ hole │#block#│####block####│ hole (clean) │  never handed out …
//! ```
//!
//! Nothing is kept about blocks: whoever holds one knows its length. Holes lie sorted in leaves, each of which knows
//! its longest, so the first hole that fits is found without looking into leaves that have none; taking the lowest
//! one keeps the far end free, where it can be given back.
//!
//! Invariants: holes neither overlap nor touch; no leaf is empty, and none holds more than [`LEAF_MAX`]; there is at
//! most one hole more than there are blocks.

/// Holes of a leaf, at most.
const LEAF_MAX: usize = 128;

/// Holes that a leaf's memory grows by: little is kept for nothing.
const LEAF_STEP: usize = 8;

/// Units in one hole, at most; what is left of its word says whether it is clean.
pub(super) const UNITS_MAX: u32 = u32::MAX >> 1;

/// Neighbouring units that nobody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hole {
    first: u32,
    /// Its length, doubled, plus one if it reads as zero and takes no memory.
    word: u32,
}

impl Hole {
    /// `len` units from `first` on, at most [`UNITS_MAX`].
    pub(super) fn new(first: u32, len: u32, is_clean: bool) -> Self {
        Self { first, word: len << 1 | u32::from(is_clean) }
    }

    pub(super) fn first(self) -> u32 {
        self.first
    }

    pub(super) fn len(self) -> u32 {
        self.word >> 1
    }

    pub(super) fn end(self) -> u32 {
        self.first + self.len()
    }

    /// Whether it reads as zero and takes no memory.
    pub(super) fn is_clean(self) -> bool {
        self.word & 1 == 1
    }

    /// Units of it that may hold memory.
    fn dirty(self) -> u64 {
        if self.is_clean() { 0 } else { u64::from(self.len()) }
    }

    /// The units from `first` to before `end` of it, if there are any.
    pub(super) fn part(self, first: u32, end: u32) -> Option<Self> {
        (first < end).then(|| Self::new(first, end - first, self.is_clean()))
    }

    /// This hole and the one behind it as one; clean if both are.
    fn joined(self, next: Self) -> Self {
        Self::new(self.first, self.len() + next.len(), self.is_clean() && next.is_clean())
    }
}

/// Some holes, in the order of their addresses.
#[derive(Debug)]
struct Leaf {
    holes: Vec<Hole>,
    longest: u32,
}

impl Leaf {
    fn of(holes: &[Hole]) -> Self {
        let longest = holes.iter().map(|hole| hole.len()).max().unwrap_or(0);
        Self { holes: holes.to_vec(), longest }
    }

    fn start(&self) -> u32 {
        self.holes.first().map_or(0, |hole| hole.first)
    }
}

/// Every hole of a pool. Equation, in units: `dirty ≤ free = Σ hole.len()`.
#[derive(Debug, Default)]
pub(super) struct Holes {
    leaves: Vec<Leaf>,
    count: usize,
    free: u64,
    dirty: u64,
}

impl Holes {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Units in all holes, and those of them that may hold memory.
    pub(super) fn units(&self) -> (u64, u64) {
        (self.free, self.dirty)
    }

    /// Units of the longest.
    pub(super) fn longest(&self) -> u32 {
        self.leaves.iter().map(|leaf| leaf.longest).max().unwrap_or(0)
    }

    /// Bytes of memory that describe holes.
    pub(super) fn metadata_bytes(&self) -> usize {
        let holes: usize = self.leaves.iter().map(|leaf| leaf.holes.capacity()).sum();
        holes * size_of::<Hole>() + self.leaves.capacity() * size_of::<Leaf>()
    }

    /// Takes `len` units, more than none, out of the lowest hole where `place` finds a start for them.
    pub(super) fn take(&mut self, len: u32, place: impl Fn(Hole) -> Option<u32>) -> Option<Hole> {
        for leaf in 0..self.leaves.len() {
            if self.leaves[leaf].longest < len {
                continue;
            }
            let fits = |hole: &Hole| hole.len() >= len && place(*hole).is_some();
            let Some(at) = self.leaves[leaf].holes.iter().position(fits) else { continue };
            let hole = self.leaves[leaf].holes[at];
            let first = place(hole)?;
            self.replace(leaf, at, 1, [hole.part(hole.first, first), hole.part(first + len, hole.end())]);
            return Some(Hole::new(first, len, hole.is_clean()));
        }
        None
    }

    /// Takes in units that became free, joined with the holes beside them; `false`, and nothing happens, if any of
    /// them is free already.
    pub(super) fn give(&mut self, freed: Hole) -> bool {
        let (leaf, at) = self.place_of(freed.first);
        let next = self.leaves.get(leaf).and_then(|leaf| leaf.holes.get(at)).copied();
        let after = next.or_else(|| Some(self.leaves.get(leaf + 1)?.holes[0]));
        let before = self.before(leaf, at);
        if before.is_some_and(|hole| hole.end() > freed.first)
            || after.is_some_and(|hole| hole.first < freed.end())
        {
            return false;
        }
        let before = before.filter(|hole| hole.end() == freed.first);
        let after = after.filter(|hole| hole.first == freed.end());
        let mut joined = freed;
        if let Some(after) = after {
            joined = joined.joined(after);
            self.remove(after);
        }
        if let Some(before) = before {
            joined = before.joined(joined);
            self.remove(before);
        }
        let (leaf, at) = self.place_of(joined.first);
        self.replace(leaf, at, 0, [Some(joined), None]);
        true
    }

    /// The highest hole.
    pub(super) fn last(&self) -> Option<Hole> {
        self.leaves.last()?.holes.last().copied()
    }

    /// Takes out the highest hole, if it ends at `end`.
    pub(super) fn take_last(&mut self, end: u32) -> Option<Hole> {
        let last = self.last().filter(|last| last.end() == end)?;
        self.remove(last);
        Some(last)
    }

    /// Asks `clean` about every hole that may hold memory, and notes those that are clean afterwards.
    pub(super) fn clean(&mut self, mut clean: impl FnMut(Hole) -> bool) {
        for hole in self.leaves.iter_mut().flat_map(|leaf| leaf.holes.iter_mut()) {
            if !hole.is_clean() && clean(*hole) {
                self.dirty -= u64::from(hole.len());
                *hole = Hole::new(hole.first, hole.len(), true);
            }
        }
    }

    /// The leaf and the place in it where a hole that starts at `first` is, or would be.
    fn place_of(&self, first: u32) -> (usize, usize) {
        let leaf = self.leaves.partition_point(|leaf| leaf.start() <= first).saturating_sub(1);
        let holes = self.leaves.get(leaf).map_or(&[][..], |leaf| &leaf.holes);
        (leaf, holes.partition_point(|hole| hole.first < first))
    }

    /// The hole before a place.
    fn before(&self, leaf: usize, at: usize) -> Option<Hole> {
        match at.checked_sub(1) {
            Some(before) => self.leaves.get(leaf)?.holes.get(before).copied(),
            None => self.leaves.get(leaf.checked_sub(1)?)?.holes.last().copied(),
        }
    }

    fn remove(&mut self, hole: Hole) {
        let (leaf, at) = self.place_of(hole.first);
        self.replace(leaf, at, 1, [None, None]);
    }

    /// Puts `new` where `gone` holes were, and keeps leaves neither empty nor too long.
    fn replace(&mut self, leaf: usize, at: usize, gone: usize, new: [Option<Hole>; 2]) {
        if self.leaves.is_empty() {
            self.leaves.push(Leaf::of(&[]));
        }
        let new = new.into_iter().flatten();
        let holes = &mut self.leaves[leaf].holes;
        if holes.len() + new.clone().count() > holes.capacity() + gone {
            holes.reserve_exact(LEAF_STEP);
        }
        for hole in new.clone() {
            self.count += 1;
            self.free += u64::from(hole.len());
            self.dirty += hole.dirty();
        }
        for hole in holes.splice(at..at + gone, new) {
            self.count -= 1;
            self.free -= u64::from(hole.len());
            self.dirty -= hole.dirty();
        }
        self.settle(leaf);
    }

    /// Splits a leaf that is too long, drops an empty one, joins two short ones, and finds the longest hole again.
    fn settle(&mut self, leaf: usize) {
        let len = self.leaves[leaf].holes.len();
        if len == 0 {
            self.leaves.remove(leaf);
            return;
        }
        if len > LEAF_MAX {
            let upper = Leaf::of(&self.leaves[leaf].holes[len / 2..]);
            self.leaves.insert(leaf + 1, upper);
            self.leaves[leaf] = Leaf::of(&self.leaves[leaf].holes[..len / 2]);
            return;
        }
        let next = self.leaves.get(leaf + 1).map_or(LEAF_MAX, |next| next.holes.len());
        if len + next <= LEAF_MAX / 2 {
            let mut next = self.leaves.remove(leaf + 1);
            self.leaves[leaf].holes.reserve_exact(next.holes.len());
            self.leaves[leaf].holes.append(&mut next.holes);
        }
        let holes = &self.leaves[leaf].holes;
        self.leaves[leaf].longest = holes.iter().map(|hole| hole.len()).max().unwrap_or(0);
    }
}

#[cfg(test)]
mod tests;
