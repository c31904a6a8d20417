//! Operations on an allocator, read from bytes: what a fuzzer mutates and a random test rolls.
//!
//! ```text
//! byte 0: kind and alignment    bytes 1, 2: which block, and the size on a logarithmic scale
//! ```

use std::alloc::{GlobalAlloc, Layout};

use crate::shadow::Shadow;

/// Bytes of one encoded operation.
pub const ENCODED: usize = 4;

/// Blocks that are live at once, at most.
const LIVE_MAX: usize = 512;

/// One call to an allocator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Allocates a block.
    Alloc(Layout),
    /// Allocates a block of zeroes.
    AllocZeroed(Layout),
    /// Resizes the block at a place, modulo their number.
    Realloc(usize, usize),
    /// Frees the block at a place, modulo their number.
    Free(usize),
}

impl Operation {
    /// Decodes any bytes: every input is a valid program. Sizes reach 4 MiB, mostly far less; alignments 64 KiB.
    #[must_use]
    pub fn decode(bytes: [u8; ENCODED]) -> Self {
        let [kind, place, high, low] = bytes;
        let size = size(high, low);
        let align = align(kind, place);
        let layout = Layout::from_size_align(size, align).expect("far below the limit");
        match kind & 7 {
            0..=2 => Self::Alloc(layout),
            3 => Self::AllocZeroed(layout),
            4 => Self::Realloc(place.into(), size),
            _ => Self::Free(usize::from(place) << 8 | usize::from(low)),
        }
    }
}

/// An alignment from 1 byte to 64 KiB; half of them are those of ordinary types.
fn align(kind: u8, place: u8) -> usize {
    let exponent = match kind >> 3 {
        ordinary @ 0..=15 => ordinary & 3,
        31 => 15 + (place & 1),
        wide => wide - 16,
    };
    1 << exponent
}

/// A size from 1 byte to 4 MiB: `low` below a power of two that `high` picks, small powers far more often.
fn size(high: u8, low: u8) -> usize {
    let exponent = match (high & 31, high >> 5) {
        (small @ 0..=11, _) => small,
        (small @ 12..=23, _) => small - 12,
        (medium @ 24..=28, _) => medium - 12,
        (29, _) => 17,
        (30, _) => 18,
        (_, 0) => 19 + (low & 3),
        _ => 10,
    };
    let scale = 1usize << exponent;
    (scale / 2 + ((scale * usize::from(low)) >> 9) + usize::from(high >> 5)).max(1)
}

/// Runs every operation in `bytes` on `shadow`, which checks each; a null pointer ends the program.
pub fn run<A: GlobalAlloc>(shadow: &mut Shadow<A>, bytes: &[u8]) {
    for operation in bytes.as_chunks().0 {
        if !apply(shadow, Operation::decode(*operation)) {
            return;
        }
    }
}

/// Runs one operation; `false` if the allocator returned null.
pub fn apply<A: GlobalAlloc>(shadow: &mut Shadow<A>, operation: Operation) -> bool {
    if shadow.len() >= LIVE_MAX {
        shadow.free(0);
    }
    match operation {
        Operation::Alloc(layout) => shadow.alloc(layout, false),
        Operation::AllocZeroed(layout) => shadow.alloc(layout, true),
        Operation::Realloc(place, size) => shadow.realloc(place, size),
        Operation::Free(place) => {
            shadow.free(place);
            true
        }
    }
}

#[cfg(test)]
mod tests;
