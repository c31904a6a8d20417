//! Size classes: what a small request is rounded up to, and how large its slabs and caches are.
//!
//! 16-byte steps to 128, then four classes per doubling, to 64 KiB: at most a fifth of a block is lost to rounding.
//! A size that was first rounded up to its alignment lands in a class whose size is a multiple of that alignment,
//! and slabs start at a multiple of [`SLICE`], so an aligned block costs what an unaligned one costs.
//!
//! Everything that would take a division is computed beforehand, by the compiler.

/// Bytes of a slice, the unit that slabs and runs are made of.
pub(crate) const SLICE: usize = 64 << 10;

/// Bytes at the end of every slab and run that nobody gets: the guard page of feature `hardened`.
pub(crate) const GUARD: usize = if cfg!(feature = "hardened") { 4096 } else { 0 };

/// The largest request that a slab serves, in bytes; larger ones get a run of slices.
pub(crate) const SMALL_MAX: usize = 64 << 10;

/// The finest distance between two classes, in bytes.
const STEP: usize = 16;

/// Slots of the slab that has most of them.
pub(crate) const SLOTS_MAX: usize = SLICE / STEP;

/// Blocks that a cache holds at most.
pub(crate) const CACHED_MAX: usize = 512;

/// Bytes of blocks that a wide cache holds at most, and of the largest blocks whose caches become wide.
const ELASTIC_BYTES: usize = 2 << 20;
const ELASTIC_MAX: usize = 1024;

/// Binary places of [`Facts::inverse`]: offsets in slabs are below 2^19 and sizes at most 2^16, so the quotient is
/// exact.
const INVERSE_PLACES: u32 = 40;

/// What is known about a class.
#[derive(Debug)]
struct Facts {
    bytes: u32,
    slots: u32,
    slab_slices: u32,
    cached: u32,
    elastic: u32,
    quarter_shift: u32,
    /// 2^40 / bytes, rounded up: multiplying by it divides.
    inverse: u64,
}

/// The facts of every class, ascending.
static FACTS: [Facts; Class::COUNT] = facts();

/// Class of every size that is not zero: of `size - 1`, by its number of whole steps.
const BY_STEPS: [Class; SMALL_MAX / STEP] = by_steps();

/// A size class. It holds its place in the table times [`Class::STRIDE`], which is how far its cache lies behind the
/// first one: the fast path adds it to an address as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Class(u16);

impl Class {
    /// How many there are.
    pub(crate) const COUNT: usize = 44;

    /// Distance of two neighbours in what [`offset`](Self::offset) gives.
    pub(crate) const STRIDE: usize = 16;

    /// The class for `size` bytes at a multiple of `align`, a valid layout; `None` if it takes a run, or if the size
    /// is zero, which no caller of an allocator may ask for.
    #[inline]
    pub(crate) fn of(size: usize, align: usize) -> Option<Self> {
        // Sets the bits that rounding up to a power of two would clear behind one more: the last byte of the block.
        let last = size.wrapping_sub(1) | (align - 1);
        BY_STEPS.get(last / STEP).copied()
    }

    /// The class at a place below [`Class::COUNT`].
    pub(crate) const fn nth(place: usize) -> Self {
        assert!(place < Self::COUNT);
        Self((place * Self::STRIDE) as u16)
    }

    /// The class at a place; `None` if there is none.
    #[inline]
    pub(crate) const fn from_place(place: u8) -> Option<Self> {
        if (place as usize) < Self::COUNT { Some(Self(place as u16 * Self::STRIDE as u16)) } else { None }
    }

    /// Every class, smallest first.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self::nth)
    }

    /// Its place among the classes, below [`Class::COUNT`].
    #[inline]
    pub(crate) const fn index(self) -> usize {
        self.0 as usize / Self::STRIDE
    }

    /// Its place times [`Class::STRIDE`].
    #[inline]
    pub(crate) const fn offset(self) -> usize {
        self.0 as usize
    }

    const fn facts(self) -> &'static Facts {
        &FACTS[self.index()]
    }

    /// Bytes of its blocks.
    pub(crate) const fn bytes(self) -> usize {
        self.facts().bytes as usize
    }

    /// Slices of its slabs: large blocks get large slabs, so that little is lost at the end.
    pub(crate) const fn slab_slices(self) -> u32 {
        self.facts().slab_slices
    }

    /// Slots of its slabs.
    pub(crate) const fn slots(self) -> usize {
        self.facts().slots as usize
    }

    /// Binary logarithm of a quarter of the slots, rounded up to a power of two.
    pub(crate) const fn quarter_shift(self) -> u32 {
        self.facts().quarter_shift
    }

    /// Blocks that a thread's cache of this class holds at most: 64 KiB of them, but 8 to 512 blocks.
    pub(crate) const fn cached(self) -> usize {
        self.facts().cached as usize
    }

    /// Blocks that a cache of this class holds at most once it was elastic: 2 MiB of them, where blocks are small.
    pub(crate) const fn elastic(self) -> usize {
        self.facts().elastic as usize
    }

    /// How its slabs are cut.
    #[inline]
    pub(crate) fn cut(self) -> Cut {
        let facts = self.facts();
        Cut { inverse: facts.inverse, bytes: facts.bytes as usize, slots: facts.slots as usize }
    }
}

/// How a slab is cut into slots: looked up once where many blocks go to one slab.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    inverse: u64,
    bytes: usize,
    slots: usize,
}

impl Cut {
    /// The slot that starts `offset` bytes into a slab; `None` if none starts there.
    #[inline]
    pub(crate) fn slot_at(self, offset: usize) -> Option<usize> {
        // Of an offset that lies in no slab the quotient is nonsense, which multiplied is not the offset again.
        let slot = ((offset as u64).wrapping_mul(self.inverse) >> INVERSE_PLACES) as usize;
        (slot * self.bytes == offset && slot < self.slots).then_some(slot)
    }
}

const fn facts() -> [Facts; Class::COUNT] {
    let mut facts = [const {
        Facts { bytes: 0, slots: 0, slab_slices: 0, cached: 0, elastic: 0, quarter_shift: 0, inverse: 0 }
    }; Class::COUNT];
    let mut place = 0;
    while place < facts.len() {
        let bytes = bytes_at(place);
        let slab_slices = match bytes {
            ..=1024 => 1,
            1025..=4096 => 4,
            _ => 8,
        };
        let cached = match SLICE / bytes {
            ..8 => 8,
            fit @ 8..CACHED_MAX => fit,
            _ => CACHED_MAX,
        };
        let slots = (slab_slices * SLICE - GUARD) / bytes;
        facts[place] = Facts {
            bytes: bytes as u32,
            slots: slots as u32,
            slab_slices: slab_slices as u32,
            cached: cached as u32,
            elastic: if bytes <= ELASTIC_MAX { (ELASTIC_BYTES / bytes) as u32 } else { cached as u32 },
            quarter_shift: slots.next_power_of_two().ilog2() - 2,
            inverse: (1_u64 << INVERSE_PLACES).div_ceil(bytes as u64),
        };
        place += 1;
    }
    facts
}

const fn bytes_at(place: usize) -> usize {
    if place < 8 {
        return STEP * (place + 1);
    }
    let (doubling, quarter) = ((place - 8) / 4, (place - 8) % 4);
    (5 + quarter) << (5 + doubling)
}

const fn by_steps() -> [Class; SMALL_MAX / STEP] {
    let mut table = [Class::nth(0); SMALL_MAX / STEP];
    let mut place = 0;
    let mut steps = 0;
    while steps < table.len() {
        if (steps + 1) * STEP > bytes_at(place) {
            place += 1;
        }
        table[steps] = Class::nth(place);
        steps += 1;
    }
    table
}

#[cfg(test)]
mod tests;
