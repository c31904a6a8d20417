//! Size classes: what a small request is rounded up to, and how large its slabs and caches are.
//!
//! 16-byte steps to 128, then four classes per doubling, to 32 KiB: at most a fifth of a block is lost to rounding.
//! A size that was first rounded up to its alignment lands in a class whose size is a multiple of that alignment,
//! and slabs start at a multiple of [`SLICE`], so an aligned block costs what an unaligned one costs.

/// Bytes of a slice, the unit that slabs and runs are made of.
pub(crate) const SLICE: usize = 64 << 10;

/// The largest request that a slab serves, in bytes; larger ones get a run of slices.
pub(crate) const SMALL_MAX: usize = 32 << 10;

/// The finest distance between two classes, in bytes.
const STEP: usize = 16;

/// Slots of the slab that has most of them.
pub(crate) const SLOTS_MAX: usize = SLICE / STEP;

/// Blocks that a cache holds at most.
pub(crate) const CACHED_MAX: usize = 256;

/// Block size of every class, ascending.
const SIZES: [u32; Class::COUNT] = sizes();

/// Class of every size, by its number of started steps.
const BY_STEPS: [u8; SMALL_MAX / STEP + 1] = by_steps();

/// A size class: an index into the table of block sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Class(u8);

impl Class {
    /// How many there are.
    pub(crate) const COUNT: usize = 40;

    /// The class for `size` bytes at a multiple of `align`, a valid layout; `None` if it takes a run.
    #[inline]
    pub(crate) const fn of(size: usize, align: usize) -> Option<Self> {
        // A layout guarantees that rounding its size up to its alignment does not wrap.
        let steps = ((size.wrapping_add(align - 1) & !(align - 1)).wrapping_add(STEP - 1)) / STEP;
        if steps < BY_STEPS.len() { Some(Self(BY_STEPS[steps])) } else { None }
    }

    /// The class at a place below [`Class::COUNT`].
    pub(crate) const fn nth(place: usize) -> Self {
        assert!(place < Self::COUNT);
        Self(place as u8)
    }

    /// The class at a place; `None` if there is none.
    #[inline]
    pub(crate) const fn from_place(place: u8) -> Option<Self> {
        if (place as usize) < Self::COUNT { Some(Self(place)) } else { None }
    }

    /// Every class, smallest first.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self::nth)
    }

    /// Its place among the classes, below [`Class::COUNT`].
    #[inline]
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }

    /// Bytes of its blocks.
    pub(crate) const fn bytes(self) -> usize {
        SIZES[self.index()] as usize
    }

    /// Slices of its slabs: large blocks get large slabs, so that little is lost at the end.
    pub(crate) const fn slab_slices(self) -> u32 {
        match self.bytes() {
            ..=1024 => 1,
            1025..=4096 => 4,
            _ => 8,
        }
    }

    /// Slots of its slabs.
    pub(crate) const fn slots(self) -> usize {
        self.slab_slices() as usize * SLICE / self.bytes()
    }

    /// Blocks that a thread's cache of this class holds at most: 64 KiB of them, but 8 to 256 blocks.
    pub(crate) const fn cached(self) -> usize {
        match SLICE / self.bytes() {
            ..8 => 8,
            fit @ 8..CACHED_MAX => fit,
            _ => CACHED_MAX,
        }
    }

    /// Blocks that move between cache and slabs at once: half a cache.
    pub(crate) const fn batch(self) -> usize {
        self.cached() / 2
    }

    /// The slot that starts `offset` bytes into a slab; `None` if none starts there.
    pub(crate) fn slot_at(self, offset: usize) -> Option<usize> {
        let slot = offset / self.bytes();
        (slot * self.bytes() == offset && slot < self.slots()).then_some(slot)
    }
}

const fn sizes() -> [u32; Class::COUNT] {
    let mut sizes = [0; Class::COUNT];
    let mut i = 0;
    while i < sizes.len() {
        sizes[i] = if i < 8 {
            (STEP * (i + 1)) as u32
        } else {
            let (doubling, quarter) = ((i - 8) / 4, (i - 8) % 4);
            ((5 + quarter) << (5 + doubling)) as u32
        };
        i += 1;
    }
    sizes
}

const fn by_steps() -> [u8; SMALL_MAX / STEP + 1] {
    let mut table = [0; SMALL_MAX / STEP + 1];
    let sizes = sizes();
    let mut class = 0;
    let mut steps = 0;
    while steps < table.len() {
        if steps * STEP > sizes[class] as usize {
            class += 1;
        }
        table[steps] = class as u8;
        steps += 1;
    }
    table
}

#[cfg(test)]
mod tests;
