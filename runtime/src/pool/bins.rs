//! Bins: free runs by length, four bins per doubling, found by a scan of one 128-bit word.
//!
//! Only heads live here; the lists go through the slice table of each segment.

/// Which run: its segment and its first slice there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunId {
    pub(crate) segment: u32,
    pub(crate) slice: u32,
}

impl RunId {
    /// As a word that is not zero.
    pub(crate) fn to_word(self) -> u64 {
        u64::from(self.segment + 1) << 32 | u64::from(self.slice)
    }

    /// From [`to_word`](Self::to_word); `None` from zero.
    pub(crate) fn from_word(word: u64) -> Option<Self> {
        let segment = ((word >> 32) as u32).checked_sub(1)?;
        Some(Self { segment, slice: word as u32 })
    }
}

/// How many bins there are.
const BINS: usize = 128;

/// Heads of the lists of free runs. Invariant: bit `b` is set exactly if list `b` is not empty.
#[derive(Debug)]
pub(crate) struct Bins {
    heads: [Option<RunId>; BINS],
    occupied: u128,
}

impl Bins {
    pub(crate) const fn new() -> Self {
        Self { heads: [None; BINS], occupied: 0 }
    }

    /// The bin of runs of `slices`, which is not zero: every run in a later bin is longer.
    pub(crate) fn of(slices: u32) -> usize {
        let doubling = slices.ilog2();
        let quarter = (u64::from(slices) << 2 >> doubling) & 3;
        doubling as usize * 4 + quarter as usize
    }

    pub(crate) fn head(&self, bin: usize) -> Option<RunId> {
        self.heads[bin]
    }

    pub(crate) fn set_head(&mut self, bin: usize, head: Option<RunId>) {
        self.heads[bin] = head;
        match head {
            Some(_) => self.occupied |= 1 << bin,
            None => self.occupied &= !(1 << bin),
        }
    }

    /// The bins from `bin` on that are not empty, ascending.
    pub(crate) fn occupied_from(&self, bin: usize) -> impl Iterator<Item = usize> + use<> {
        let mut left = self.occupied.checked_shr(bin as u32).unwrap_or(0).unbounded_shl(bin as u32);
        std::iter::from_fn(move || {
            if left == 0 {
                return None;
            }
            let next = left.trailing_zeros() as usize;
            left &= left - 1;
            Some(next)
        })
    }
}

#[cfg(test)]
mod tests;
