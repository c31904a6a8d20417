//! Holes: whole pages of free slots inside slabs that are still in use, given back to the system.
//!
//! The bitmap of a slab shows them; nothing is stored in a free slot, so nothing is lost with it. They go back
//!
//! - before a heap grows past its peak by an eighth: a program that frees most of what it had and goes on with other
//!   sizes then fills the memory it let go of, not new memory beside it;
//! - by decay, from slabs that gave nothing out between two ticks;
//! - for every few MiB of large blocks that a thread gives back, from slabs that gave nothing out meanwhile: one that frees
//!   a peak and falls asleep comes by no tick any more.
//!
//! A slab whose free slots have not become more since its last sweep is not looked at again.

use std::ptr;

use super::class::{Class, SLICE};
use super::heap::Heap;
use super::slab::Slab;
use super::whole::Pool;
use crate::sync::owned::Cell;
use crate::sys::{self, RANGES_MAX, Range};

/// Bytes of slabs by which a heap grows at least between two sweeps.
const GROWTH_MIN: usize = 4 << 20;

/// Bytes of the smallest blocks whose slabs are swept: among smaller ones that were freed at random, whole pages are
/// too rare to be worth a system call each.
const BLOCK_MIN: usize = 1024;

/// The same where three quarters of a slab are free.
const SPARSE_BLOCK_MIN: usize = 64;

/// Slices of large blocks that a thread gives back between two sweeps of what is quiet: 8 MiB.
const SLICES_PER_SWEEP: u32 = 128;

/// Slow calls of a heap between two looks at the clock.
const CALLS_PER_LOOK: u32 = 16;

/// When a heap sweeps.
#[derive(Debug)]
pub(crate) struct Sweeps {
    slab_bytes: Cell<usize>,
    /// Sweep before there are more bytes of slabs than this.
    due_bytes: Cell<usize>,
    calls: Cell<u32>,
    slices_gone: Cell<u32>,
    tick_ms: Cell<u64>,
}

impl Sweeps {
    pub(crate) const fn new() -> Self {
        Self {
            slab_bytes: Cell::new(0),
            due_bytes: Cell::new(GROWTH_MIN),
            calls: Cell::new(0),
            slices_gone: Cell::new(0),
            tick_ms: Cell::new(0),
        }
    }

    /// Counts a slab that was opened; whether a sweep is due before its memory is used.
    pub(crate) fn opened(&self, class: Class) -> bool {
        let bytes = self.slab_bytes.get() + class.slab_slices() as usize * SLICE;
        self.slab_bytes.set(bytes);
        let is_due = bytes > self.due_bytes.get();
        if is_due {
            self.due_bytes.set(bytes + (bytes / 8).max(GROWTH_MIN));
        }
        is_due
    }

    /// Counts a slab that was closed.
    pub(crate) fn closed(&self, class: Class) {
        self.slab_bytes.set(self.slab_bytes.get() - class.slab_slices() as usize * SLICE);
    }

    /// Counts slices of large blocks that went back to the pool; whether a sweep of what is quiet is due.
    pub(crate) fn let_go(&self, slices: u32) -> bool {
        let gone = self.slices_gone.get().saturating_add(slices);
        let is_due = gone >= SLICES_PER_SWEEP;
        self.slices_gone.set(if is_due { 0 } else { gone });
        is_due
    }

    /// Whether a tick has passed since this said so last; looks at the clock now and then.
    pub(crate) fn is_new_tick(&self, pool: &Pool) -> bool {
        let calls = self.calls.get().wrapping_add(1);
        self.calls.set(calls);
        if !calls.is_multiple_of(CALLS_PER_LOOK) {
            return false;
        }
        pool.tick();
        let tick_ms = pool.last_tick_ms();
        self.tick_ms.replace(tick_ms) != tick_ms
    }
}

/// Holes that were found and go back together: one system call costs as much as clearing a page.
struct Holes {
    page: usize,
    ranges: [Range; RANGES_MAX],
    count: usize,
}

impl Heap {
    /// Gives back the holes of every slab, or only of those that gave nothing out since the last such call.
    pub(super) fn sweep(&self, only_quiet: bool) {
        let page = sys::page_size();
        let mut holes = Holes::new(page);
        for class in Class::all().filter(|class| class.bytes() >= SPARSE_BLOCK_MIN) {
            let free_min = match class.bytes() {
                BLOCK_MIN.. => page.div_ceil(class.bytes()),
                _ => class.slots() / 4 * 3,
            };
            self.shelf(class).for_each(|slab| {
                let is_quiet = slab.was_quiet();
                if (is_quiet || !only_quiet) && slab.free() >= free_min && slab.begin_sweep() {
                    holes.of(slab, only_quiet);
                }
            });
        }
        holes.give_back();
    }
}

impl Holes {
    const fn new(page: usize) -> Self {
        Self { page, ranges: [Range { start: ptr::null_mut(), len: 0 }; RANGES_MAX], count: 0 }
    }

    /// Adds those of a slab of the calling thread, which takes nothing from it before they went back; perhaps with slots
    /// that were never used, which a huge page may have backed all the same.
    fn of(&mut self, slab: &Slab, with_fresh: bool) {
        let (page, bytes) = (self.page, slab.class().bytes());
        slab.for_each_gap(with_fresh, |first, end| {
            // A slab starts at a multiple of any page size, so offsets are rounded instead of addresses.
            let (first, end) = ((first * bytes).next_multiple_of(page), end * bytes / page * page);
            if first < end {
                if self.count == RANGES_MAX {
                    self.give_back();
                }
                self.ranges[self.count] = Range { start: slab.base().wrapping_add(first), len: end - first };
                self.count += 1;
            }
        });
    }

    fn give_back(&mut self) {
        // SAFETY: the pages hold free slots only, whose contents nobody has a use for.
        unsafe { sys::decommit_each(&self.ranges[..self.count]) };
        self.count = 0;
    }
}

#[cfg(test)]
mod tests;
