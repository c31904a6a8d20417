//! S3-FIFO: a small queue on probation, a main queue, and ghosts of what failed probation. (Yang et al., "FIFO
//! Queues are All You Need for Cache Eviction", SOSP 2023.)
//!
//! ```text
//! new ──> small (a tenth) ──used twice──> main ──used since──┐
//!              └──else──> ghost ──wanted again──> main <─────┘ (goes round, one use less)
//! ```
//!
//! Sizes are in bytes and relative to the bytes present, so that a budget may change while it runs. Leased copies
//! keep their place, and go round when they reach the end of a queue. Every operation is O(1) amortised.

use super::reactive::{Order, Reactive};
use super::shelf::{Presence, Shelf};

/// Evicts what is not used again soon after it came; scans leave the main queue alone.
pub type S3Fifo = Reactive<Queues>;

/// The queues' rule.
#[derive(Debug, Default)]
pub struct Queues;

const SMALL: u8 = 0;
const MAIN: u8 = 1;
const GHOST: u8 = 2;

/// The small queue's part of the bytes: one in so many.
const SMALL_SHARE: u64 = 10;

/// Uses beyond this count no more.
const COUNT_MAX: u8 = 3;

/// Uses after the first that pass probation.
const PASSED: u8 = 2;

impl Queues {
    fn small_is_over(shelf: &Shelf) -> bool {
        let (small, main) = (shelf.bytes(SMALL), shelf.bytes(MAIN));
        small * SMALL_SHARE >= small + main || main == 0
    }
}

impl Order for Queues {
    const NAME: &'static str = "s3-fifo";
    const LISTS: u8 = 3;

    fn enter(&mut self, shelf: &mut Shelf, index: u32) {
        let list = if shelf.list_of(index) == Some(GHOST) { MAIN } else { SMALL };
        shelf.node_mut(index).count = 0;
        shelf.push(index, list);
    }

    fn used(&mut self, shelf: &mut Shelf, index: u32, again: bool) {
        let node = shelf.node_mut(index);
        node.count = (node.count + u8::from(again)).min(COUNT_MAX);
    }

    fn aside(&mut self, _shelf: &mut Shelf, _index: u32) {}

    fn back(&mut self, _shelf: &mut Shelf, _index: u32) {}

    fn candidate(&mut self, shelf: &mut Shelf) -> Option<u32> {
        // Ends: some copy is here; what is small leaves for main, and a round of main takes a use from each. Where a
        // round finds only leased ones, the copy is in the small queue.
        let mut leased = 0;
        loop {
            let small = Self::small_is_over(shelf) || leased > shelf.len(MAIN);
            let list = if small && shelf.len(SMALL) > 0 { SMALL } else { MAIN };
            let index = shelf.oldest(list)?;
            let node = shelf.node_mut(index);
            match (list, node.presence, node.count) {
                (SMALL, Presence::Here, count) if count < PASSED => return Some(index),
                (MAIN, Presence::Here, 0) => return Some(index),
                (SMALL, ..) => node.count = 0,
                (_, presence, count) => {
                    node.count = count.saturating_sub(1);
                    leased = if presence == Presence::Out { leased + 1 } else { 0 };
                }
            }
            shelf.push(index, MAIN);
        }
    }

    fn evicted(&mut self, shelf: &mut Shelf, index: u32) {
        if shelf.list_of(index) != Some(SMALL) {
            return shelf.drop_node(index);
        }
        shelf.push(index, GHOST);
        while shelf.bytes(GHOST) > shelf.bytes(MAIN).max(shelf.bytes(SMALL))
            && let Some(ghost) = shelf.oldest(GHOST)
        {
            shelf.drop_node(ghost);
        }
    }
}

#[cfg(test)]
mod tests;
