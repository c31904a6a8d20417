//! Which units of a shared window are taken: runs of 512 bytes, first fit.
//!
//! Invariant: `taken` counts the bits that are set; runs that were handed out are disjoint.

/// Bytes of a unit: what device copies and kernels want their addresses aligned to, and more.
const UNIT: u64 = 512;

#[derive(Debug)]
pub(super) struct Slab {
    bits: Vec<u64>,
    units: usize,
    taken: usize,
}

impl Slab {
    /// Blocks are rounded up to this.
    pub(super) const UNIT_BYTES: u64 = UNIT;

    /// A window of `bytes` with nothing in it.
    pub(super) fn new(bytes: u64) -> Self {
        // A frame of 2 MiB has 4,096 units.
        let units = usize::try_from(bytes / UNIT).unwrap_or(0);
        Self { bits: vec![0; units.div_ceil(64)], units, taken: 0 }
    }

    /// Bytes of `units`.
    pub(super) const fn bytes(units: usize) -> u64 {
        units as u64 * UNIT
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.taken == 0
    }

    /// Takes the first run of `len` bytes, rounded up to units: its first unit and how many.
    pub(super) fn take(&mut self, len: u64) -> Option<(usize, usize)> {
        let units = usize::try_from(len.div_ceil(UNIT)).ok()?;
        if units > self.units - self.taken {
            return None;
        }
        let mut run = 0;
        let end = (0..self.units).find(|&unit| {
            run = if self.is_taken(unit) { 0 } else { run + 1 };
            run == units
        })?;
        let first = end + 1 - units;
        self.mark(first, units);
        self.taken += units;
        Some((first, units))
    }

    pub(super) fn give(&mut self, first: usize, units: usize) {
        debug_assert!((first..first + units).all(|unit| self.is_taken(unit)));
        self.mark(first, units);
        self.taken -= units;
    }

    fn is_taken(&self, unit: usize) -> bool {
        self.bits[unit / 64] >> (unit % 64) & 1 == 1
    }

    fn mark(&mut self, first: usize, units: usize) {
        (first..first + units).for_each(|unit| self.bits[unit / 64] ^= 1 << (unit % 64));
    }
}

#[cfg(test)]
mod tests;
