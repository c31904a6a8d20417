//! Letters: foreign blocks of one batch, sorted by the heap they belong to and sent to it, one exchange each.

use std::ptr;

use super::class::Class;
use super::heap::Heap;
use super::remote::{Block, Chain};
use super::whole::Pool;

/// Owners that one batch is sorted by before anything is sent.
pub(super) const ADDRESSEES: usize = 4;

/// Blocks of one class on their way to a few owners.
pub(super) struct Mail<'a> {
    pool: &'a Pool,
    class: Class,
    letters: [Letter; ADDRESSEES],
}

struct Letter {
    owner: *const Heap,
    blocks: Chain,
    count: usize,
}

impl Letter {
    const fn to(owner: *const Heap) -> Self {
        Self { owner, blocks: Chain::new(), count: 0 }
    }
}

impl<'a> Mail<'a> {
    /// Nothing to send yet.
    pub(super) const fn new(pool: &'a Pool, class: Class) -> Self {
        Self { pool, class, letters: [const { Letter::to(ptr::null()) }; ADDRESSEES] }
    }

    /// Adds blocks of `owner`.
    ///
    /// # Safety
    ///
    /// The blocks are of the class, free, and given up by the caller.
    pub(super) unsafe fn add(&mut self, owner: *const Heap, blocks: &[*mut u8]) {
        let place = self.place_of(owner);
        let letter = &mut self.letters[place];
        letter.count += blocks.len();
        for &block in blocks {
            // SAFETY: given up by the caller; blocks are aligned to 16 and not shorter than that.
            unsafe { letter.blocks.push(block.cast::<Block>()) };
        }
    }

    /// The letter to `owner`: if all have other addressees, the first is sent and begun anew.
    fn place_of(&mut self, owner: *const Heap) -> usize {
        for place in 0..ADDRESSEES {
            if ptr::eq(self.letters[place].owner, owner) {
                return place;
            }
            if self.letters[place].owner.is_null() {
                self.letters[place].owner = owner;
                return place;
            }
        }
        self.send_one(0, owner);
        0
    }

    /// Sends everything.
    pub(super) fn send(mut self) {
        (0..ADDRESSEES).for_each(|place| self.send_one(place, ptr::null()));
    }

    fn send_one(&mut self, place: usize, next_owner: *const Heap) {
        let letter = std::mem::replace(&mut self.letters[place], Letter::to(next_owner));
        // SAFETY: null, or the owner of a slab: a heap, which lives as long as the pool.
        if let Some(owner) = unsafe { letter.owner.as_ref() } {
            self.pool.deliver(owner, self.class, letter.blocks, letter.count);
        }
    }
}
