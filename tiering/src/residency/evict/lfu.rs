//! Least frequently used, aged: the least used copy goes, the longest idle of equals; all counts halve from time to
//! time, so that what was popular once does not stay for ever. Every operation is O(1) amortised.

use super::reactive::{Order, Reactive};
use super::shelf::Shelf;

/// Evicts the copy that was used least of late.
pub type Lfu = Reactive<Frequency>;

/// The uses counted.
#[derive(Debug, Default)]
pub struct Frequency {
    /// Uses since the counts were halved.
    uses: usize,
}

/// Uses beyond this count no more; as many lists and one.
const COUNT_MAX: u8 = 63;

/// Counts halve after so many uses per copy.
const HALVING_USES: usize = 16;

impl Frequency {
    fn count_use(&mut self, shelf: &mut Shelf) {
        self.uses += 1;
        if !self.uses.is_multiple_of(64) {
            return;
        }
        let present: usize = (0..=COUNT_MAX).map(|count| shelf.len(count)).sum();
        if self.uses < HALVING_USES * present.max(1) {
            return;
        }
        self.uses = 0;
        for count in 1..=COUNT_MAX {
            // As many as there are now: those that halve onto this list come to its end.
            for _ in 0..shelf.len(count) {
                let Some(index) = shelf.oldest(count) else { break };
                shelf.node_mut(index).count = count / 2;
                shelf.push(index, count / 2);
            }
        }
    }
}

impl Order for Frequency {
    const NAME: &'static str = "lfu";
    const LISTS: u8 = COUNT_MAX + 1;

    fn enter(&mut self, shelf: &mut Shelf, index: u32) {
        shelf.push(index, 0);
    }

    fn used(&mut self, shelf: &mut Shelf, index: u32, again: bool) {
        let node = shelf.node_mut(index);
        node.count = (node.count + u8::from(again)).min(COUNT_MAX);
        let count = node.count;
        shelf.push(index, count);
        self.count_use(shelf);
    }

    fn aside(&mut self, shelf: &mut Shelf, index: u32) {
        shelf.unlist(index);
    }

    fn back(&mut self, shelf: &mut Shelf, index: u32) {
        let count = shelf.node(index).count;
        shelf.push(index, count);
    }

    fn candidate(&mut self, shelf: &mut Shelf) -> Option<u32> {
        (0..=COUNT_MAX).find_map(|count| shelf.oldest(count))
    }
}

#[cfg(test)]
mod tests;
