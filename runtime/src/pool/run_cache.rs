//! The runs that a thread keeps ready: what it frees it often allocates again at once, and then without a lock.
//!
//! Per length of 1 to [`ROWS`] slices a short stack, newest on top. Together they hold at most [`ROOM`] slices, so an
//! idle thread sits on little; what does not fit goes back to the pool, the oldest half of every stack first.
//!
//! Invariant: a run in here has state `Kept` in its slice table, which is neither free (no neighbour joins it) nor
//! used (freeing it again is noticed at once), and is in no other place.

use std::ptr;

use super::segment::Slice;
use super::stretch::State;
use super::whole::Pool;
use crate::sync::owned::Cell;
use crate::sync::unmodelled::{AtomicU32, Ordering::Relaxed};

/// Slices of the longest runs that are kept.
const ROWS: usize = 4;

/// Slices that a thread keeps at most: 1 MiB.
const ROOM: u32 = 16;

/// Where the stack of each length starts, and after the last where it ends.
const STARTS: [usize; ROWS + 1] = {
    let mut starts = [0; ROWS + 1];
    let mut row = 0;
    while row < ROWS {
        starts[row + 1] = starts[row] + depth(row);
        row += 1;
    }
    starts
};

/// Runs of `row + 1` slices that are kept at most.
const fn depth(row: usize) -> usize {
    ROOM as usize / (row + 1)
}

/// A run that is kept, by its address and its place in the slice table.
#[derive(Clone, Copy, Debug)]
struct Kept {
    start: *mut u8,
    entry: *const Slice,
}

/// The runs one thread keeps. See the [module](self).
#[derive(Debug)]
pub(crate) struct RunCache {
    /// Slices that may still be kept.
    room: AtomicU32,
    counts: [Cell<u8>; ROWS],
    stacks: [Cell<Kept>; STARTS[ROWS]],
}

impl RunCache {
    /// A cache that holds nothing and takes nothing.
    pub(crate) const fn nothing() -> Self {
        Self {
            room: AtomicU32::new(0),
            counts: [const { Cell::new(0) }; ROWS],
            stacks: [const { Cell::new(Kept::NONE) }; STARTS[ROWS]],
        }
    }

    /// Lets it keep runs.
    pub(crate) fn open(&self) {
        self.room.store(ROOM, Relaxed);
    }

    /// The run of that many slices that was freed last; null if there is none.
    #[inline]
    pub(crate) fn take(&self, slices: usize) -> *mut u8 {
        let row = slices.wrapping_sub(1);
        let Some(cell) = self.counts.get(row) else { return ptr::null_mut() };
        let Some(count) = cell.get().checked_sub(1) else { return ptr::null_mut() };
        cell.set(count);
        self.room.store(self.room.load(Relaxed) + slices as u32, Relaxed);
        let kept = self.stacks[STARTS[row] + usize::from(count)].get();
        kept.mark(State::Used);
        kept.start
    }

    /// Keeps a run that its owner freed; `false`, and nothing happens, if there is no room.
    #[inline]
    pub(crate) fn put(&self, slices: u32, start: *mut u8, entry: &Slice) -> bool {
        let row = slices as usize - 1;
        let (Some(cell), Some(room)) = (self.counts.get(row), self.room.load(Relaxed).checked_sub(slices))
        else {
            return false;
        };
        let place = STARTS[row] + usize::from(cell.get());
        if place == STARTS[row + 1] {
            return false;
        }
        let kept = Kept { start, entry };
        kept.mark(State::Kept);
        self.stacks[place].set(kept);
        cell.set(cell.get() + 1);
        self.room.store(room, Relaxed);
        true
    }

    /// Whether runs of that many slices are kept at all.
    pub(crate) fn suits(&self, slices: u32) -> bool {
        slices as usize <= ROWS
            && (self.room.load(Relaxed) > 0 || self.counts.iter().any(|count| count.get() > 0))
    }

    /// Gives the older half of every stack back to the pool.
    pub(crate) fn halve(&self, pool: &Pool) {
        self.give_back(pool, |count| count.div_ceil(2));
    }

    /// Gives everything back to the pool.
    pub(crate) fn empty(&self, pool: &Pool) {
        self.give_back(pool, |count| count);
    }

    /// Gives the oldest of every stack back, as many as `share` says of each.
    fn give_back(&self, pool: &Pool, share: impl Fn(usize) -> usize) {
        for (row, cell) in self.counts.iter().enumerate() {
            let stack = &self.stacks[STARTS[row]..][..usize::from(cell.get())];
            let gone = share(stack.len());
            for kept in &stack[..gone] {
                kept.get().mark(State::Used);
            }
            pool.give_runs(stack[..gone].iter().map(|kept| kept.get().start));
            for place in gone..stack.len() {
                stack[place - gone].set(stack[place].get());
            }
            cell.set((stack.len() - gone) as u8);
            self.room.store(self.room.load(Relaxed) + (gone * (row + 1)) as u32, Relaxed);
        }
    }

    /// Slices that a cache which was opened holds; any thread may ask.
    pub(crate) fn held(&self) -> u32 {
        if cfg!(feature = "hardened") { 0 } else { ROOM - self.room.load(Relaxed) }
    }

    /// Slices it holds.
    #[cfg(test)]
    pub(crate) fn slices(&self) -> usize {
        self.counts.iter().enumerate().map(|(row, count)| (row + 1) * usize::from(count.get())).sum()
    }
}

impl Kept {
    /// What an unused place holds.
    const NONE: Self = Self { start: ptr::null_mut(), entry: ptr::null() };

    fn mark(self, state: State) {
        // SAFETY: the slice table lives as long as the pool, and the entry was one of it when the run was put here.
        unsafe { &*self.entry }.state.store(state as u32, Relaxed);
    }
}

#[cfg(test)]
mod tests;
