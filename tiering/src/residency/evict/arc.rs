//! ARC: a list of what was used once and one of what was used again, with ghosts of both that say which of them
//! deserves more room. (Megiddo and Modha, "ARC: A Self-Tuning, Low Overhead Replacement Cache", FAST 2003.)
//!
//! Sizes are in bytes and relative to the bytes present. A ghost that comes back moves the target before the next
//! victim is chosen, not before its own: room was made for it already. Every operation is O(1) amortised.

use super::reactive::{Order, Reactive};
use super::shelf::Shelf;

/// Balances recency against frequency by what it evicted too early.
pub type Arc = Reactive<Balance>;

/// The two lists' balance.
#[derive(Debug, Default)]
pub struct Balance {
    /// Bytes that the copies used once may take.
    once_bytes: u64,
}

const ONCE: u8 = 0;
const AGAIN: u8 = 1;
const ONCE_GHOSTS: u8 = 2;
const AGAIN_GHOSTS: u8 = 3;

impl Balance {
    fn present(shelf: &Shelf) -> u64 {
        shelf.bytes(ONCE) + shelf.bytes(AGAIN)
    }

    fn trim_ghosts(shelf: &mut Shelf) {
        let present = Self::present(shelf);
        for (ghosts, beside) in [(ONCE_GHOSTS, ONCE), (AGAIN_GHOSTS, AGAIN)] {
            while shelf.bytes(ghosts) + shelf.bytes(beside) > present
                && let Some(ghost) = shelf.oldest(ghosts)
            {
                shelf.drop_node(ghost);
            }
        }
    }
}

impl Order for Balance {
    const NAME: &'static str = "arc";
    const LISTS: u8 = 4;

    fn enter(&mut self, shelf: &mut Shelf, index: u32) {
        let bytes = u128::from(shelf.node(index).bytes);
        let (once, again) = (u128::from(shelf.bytes(ONCE_GHOSTS)), u128::from(shelf.bytes(AGAIN_GHOSTS)));
        // As much as its own bytes, or more where the other list of ghosts is the longer one.
        let step = |other: u128, own: u128| (bytes * other / own.max(1)).max(bytes) as u64;
        let list = match shelf.list_of(index) {
            Some(ONCE_GHOSTS) => {
                self.once_bytes = (self.once_bytes + step(again, once)).min(Self::present(shelf));
                AGAIN
            }
            Some(AGAIN_GHOSTS) => {
                self.once_bytes = self.once_bytes.saturating_sub(step(once, again));
                AGAIN
            }
            _ => ONCE,
        };
        shelf.node_mut(index).count = u8::from(list == AGAIN);
        shelf.push(index, list);
    }

    fn used(&mut self, shelf: &mut Shelf, index: u32, again: bool) {
        let node = shelf.node_mut(index);
        node.count |= u8::from(again);
        let list = if node.count > 0 { AGAIN } else { ONCE };
        shelf.push(index, list);
    }

    fn aside(&mut self, shelf: &mut Shelf, index: u32) {
        shelf.unlist(index);
    }

    fn back(&mut self, shelf: &mut Shelf, index: u32) {
        let list = if shelf.node(index).count > 0 { AGAIN } else { ONCE };
        shelf.push(index, list);
    }

    fn candidate(&mut self, shelf: &mut Shelf) -> Option<u32> {
        let once = shelf.oldest(ONCE);
        match shelf.oldest(AGAIN) {
            Some(again) if once.is_none() || shelf.bytes(ONCE) <= self.once_bytes => Some(again),
            _ => once,
        }
    }

    fn evicted(&mut self, shelf: &mut Shelf, index: u32) {
        let ghosts = if shelf.list_of(index) == Some(ONCE) { ONCE_GHOSTS } else { AGAIN_GHOSTS };
        shelf.push(index, ghosts);
        Self::trim_ghosts(shelf);
    }
}

#[cfg(test)]
mod tests;
