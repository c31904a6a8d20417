//! Defences of the global allocator, by feature `hardened`: what costs too much for every program, and is worth it
//! for some.
//!
//! | crime | noticed | by |
//! |---|---|---|
//! | a block freed twice | at the second free | a bit per slot that says whether the application has it ([`Ward`]) |
//! | a pointer freed that is no block | at the free | the table of slices, looked at by every free |
//! | a freed block written to | when it is handed out again | junk that every free block is full of |
//! | a freed block read | the reader sees junk | as above |
//! | a write past a slab, or past a run | at the write | a page without access at the end of each ([`guard`]) |
//! | a link of a remote list forged | when it is followed | links are kept under a key of the process ([`key`]) |
//!
//! What is freed waits in a quarantine before it is handed out again, so that a late write finds a free block.
//!
//! Large blocks lose their memory when they are freed, and read as zero. Limits: a guard page costs the process a
//! mapping or two of the 65 530 it may have; once they are used up, further slabs and runs go without.

pub(super) mod guard;
pub(super) mod key;
mod quarantine;
mod ward;

pub(super) use quarantine::{acquire, release};
pub(super) use ward::Ward;

use super::class::Class;
use super::corrupt::corrupt;
use super::whole::Pool;
use crate::sys;

/// What free memory is full of: no pointer, no small number, no text.
const JUNK: u8 = 0xF5;

/// A word of it.
pub(super) const JUNK_WORD: usize = usize::from_ne_bytes([JUNK; size_of::<usize>()]);

/// Checks a block that leaves for the application: nobody wrote to it, and nobody has it.
pub(super) fn handed_out(pool: &Pool, class: Class, block: *mut u8) {
    // SAFETY: a free block of the class, which belongs to the caller.
    let bytes = unsafe { std::slice::from_raw_parts(block, class.bytes()) };
    // Its part of each page is junk since it was freed, or zero since the system gave the page, perhaps in exchange
    // for one that was swept from under a part of the block.
    let page = sys::page_size();
    let (first, rest) = bytes.split_at(bytes.len().min(page - block.addr() % page));
    for part in std::iter::once(first).chain(rest.chunks(page)) {
        if !part.iter().all(|byte| *byte == JUNK) && !part.iter().all(|byte| *byte == 0) {
            corrupt("a freed block was written to", block.addr());
        }
    }
    let slab = pool.slab_of(block);
    slab.ward().enter(slab.slot_of(block), block);
}

/// Checks a block that the application freed, and puts it into quarantine; what leaves that in exchange is free.
pub(super) fn came_back(pool: &Pool, class: Class, block: *mut u8) -> Option<(Class, *mut u8)> {
    let slab = pool.slab_of(block);
    if slab.class() != class {
        corrupt("a block was freed with another size,", block.addr());
    }
    slab.ward().leave(slab.slot_of(block), block);
    // SAFETY: a block of the class, which the application has just given up.
    unsafe { block.write_bytes(JUNK, class.bytes()) };
    quarantine::exchange(class, block)
}

#[cfg(test)]
mod tests;
