//! Which slots of a slab the application has: one bit each, written by whoever allocates or frees.
//!
//! The bitmap of the slab itself belongs to the owner of its heap and counts cached blocks as taken; this one is
//! shared, and exact at every call.

use crate::pool::class::SLOTS_MAX;
use crate::pool::corrupt::corrupt;
use crate::sync::unmodelled::{AtomicU64, Ordering};

/// One bit per slot. Zeroed memory is a ward of nobody.
#[derive(Debug)]
pub(in crate::pool) struct Ward([AtomicU64; SLOTS_MAX / 64]);

impl Ward {
    /// The application gets a slot.
    pub(in crate::pool) fn enter(&self, slot: usize, block: *mut u8) {
        let (word, bit) = (slot / 64, 1 << (slot % 64));
        if self.0[word].fetch_or(bit, Ordering::Relaxed) & bit != 0 {
            corrupt("a block was about to be handed out twice", block.addr());
        }
    }

    /// The application gives a slot up; aborts if it has none.
    pub(in crate::pool) fn leave(&self, slot: usize, block: *mut u8) {
        let (word, bit) = (slot / 64, 1 << (slot % 64));
        if self.0[word].fetch_and(!bit, Ordering::Relaxed) & bit == 0 {
            corrupt("a block was freed twice", block.addr());
        }
    }
}
