//! SIEVE: one queue in order of arrival, and a hand that moves from old to new, sparing what was used since it last
//! passed. (Zhang et al., "SIEVE is Simpler than LRU", NSDI 2024.)
//!
//! Leased copies keep their place; the hand passes them over as used ones. Every operation is O(1) amortised.

use super::reactive::{Order, Reactive};
use super::shelf::{Presence, Shelf};

/// Evicts the first copy that the hand meets and nobody used since it last passed.
pub type Sieve = Reactive<Hand>;

/// The queue's hand.
#[derive(Debug, Default)]
pub struct Hand {
    /// Where the hand rests; at the oldest copy where none.
    at: Option<u32>,
}

/// The only list.
const QUEUE: u8 = 0;

impl Order for Hand {
    const NAME: &'static str = "sieve";
    const LISTS: u8 = 1;

    fn enter(&mut self, shelf: &mut Shelf, index: u32) {
        shelf.push(index, QUEUE);
    }

    fn used(&mut self, shelf: &mut Shelf, index: u32, again: bool) {
        shelf.node_mut(index).count |= u8::from(again);
    }

    fn aside(&mut self, _shelf: &mut Shelf, _index: u32) {}

    fn back(&mut self, _shelf: &mut Shelf, _index: u32) {}

    fn candidate(&mut self, shelf: &mut Shelf) -> Option<u32> {
        let mut at = self.at.or_else(|| shelf.oldest(QUEUE))?;
        // Ends: some copy is here, and one round clears every mark.
        while shelf.node(at).presence != Presence::Here || shelf.node(at).count > 0 {
            shelf.node_mut(at).count = 0;
            at = shelf.newer(at).or_else(|| shelf.oldest(QUEUE))?;
        }
        self.at = Some(at);
        Some(at)
    }

    fn leaving(&mut self, shelf: &Shelf, index: u32) {
        if self.at == Some(index) {
            self.at = shelf.newer(index);
        }
    }
}

#[cfg(test)]
mod tests;
