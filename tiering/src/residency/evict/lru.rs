//! Least recently used: one list, every operation O(1).

use super::reactive::{Order, Reactive};
use super::shelf::Shelf;

/// Evicts the copy that has been idle the longest. Predictions only ever forbid it a victim.
pub type Lru = Reactive<Recency>;

/// Order of idleness.
#[derive(Debug, Default)]
pub struct Recency;

/// The only list.
const IDLE: u8 = 0;

impl Order for Recency {
    const NAME: &'static str = "lru";
    const LISTS: u8 = 1;

    fn enter(&mut self, shelf: &mut Shelf, index: u32) {
        shelf.push(index, IDLE);
    }

    fn used(&mut self, shelf: &mut Shelf, index: u32, _again: bool) {
        shelf.push(index, IDLE);
    }

    fn aside(&mut self, shelf: &mut Shelf, index: u32) {
        shelf.unlist(index);
    }

    fn back(&mut self, shelf: &mut Shelf, index: u32) {
        shelf.push(index, IDLE);
    }

    fn candidate(&mut self, shelf: &mut Shelf) -> Option<u32> {
        shelf.oldest(IDLE)
    }
}

#[cfg(test)]
mod tests;
