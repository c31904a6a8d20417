//! Segmented LRU: what is used again moves from a probation list to a protected one, which holds four fifths.
//! (Karedla et al., "Caching Strategies to Improve Disk System Performance", Computer 1994.)
//!
//! The protected list is bounded relative to the bytes present. Every operation is O(1) amortised.

use super::reactive::{Order, Reactive};
use super::shelf::Shelf;

/// Evicts the longest idle of what was used once, then of what was used again.
pub type Slru = Reactive<Segments>;

/// The two segments' rule.
#[derive(Debug, Default)]
pub struct Segments;

const PROBATION: u8 = 0;
const PROTECTED: u8 = 1;

/// The protected list's part of the bytes, in fifths.
const PROTECTED_FIFTHS: u64 = 4;

impl Order for Segments {
    const NAME: &'static str = "slru";
    const LISTS: u8 = 2;

    fn enter(&mut self, shelf: &mut Shelf, index: u32) {
        shelf.push(index, PROBATION);
    }

    fn used(&mut self, shelf: &mut Shelf, index: u32, again: bool) {
        shelf.push(index, if again { PROTECTED } else { PROBATION });
        shelf.node_mut(index).count = u8::from(again);
        while shelf.bytes(PROTECTED) * 5
            > (shelf.bytes(PROTECTED) + shelf.bytes(PROBATION)) * PROTECTED_FIFTHS
            && shelf.len(PROTECTED) > 1
            && let Some(demoted) = shelf.oldest(PROTECTED)
        {
            shelf.node_mut(demoted).count = 0;
            shelf.push(demoted, PROBATION);
        }
    }

    fn aside(&mut self, shelf: &mut Shelf, index: u32) {
        shelf.unlist(index);
    }

    fn back(&mut self, shelf: &mut Shelf, index: u32) {
        let protected = shelf.node(index).count > 0;
        shelf.push(index, if protected { PROTECTED } else { PROBATION });
    }

    fn candidate(&mut self, shelf: &mut Shelf) -> Option<u32> {
        shelf.oldest(PROBATION).or_else(|| shelf.oldest(PROTECTED))
    }
}

#[cfg(test)]
mod tests;
