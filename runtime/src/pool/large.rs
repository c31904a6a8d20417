//! Large blocks: one run each. Growth stays in place where it can, moves pages where that pays, and copies else.

use std::alloc::Layout;
use std::ptr;

use super::checks;
use super::class::{Class, GUARD, SLICE};
use super::run_cache::RunCache;
use super::runs::Want;
use super::segment::{HUGE_SLICES, Slice};
use super::whole::Pool;
use crate::align::HUGE_PAGE;

/// Bytes from which moving pages is cheaper than copying them.
const MOVE_MIN: usize = 1 << 20;

/// What a large layout asks of the runs; `None` if no address space could hold it.
fn want(size: usize, align: usize) -> Option<Want> {
    let slices = u32::try_from((size.max(1) + GUARD).div_ceil(SLICE)).ok()?;
    Some(Want { align: align.div_ceil(SLICE) as u64, ..Want::of(slices) })
}

/// A large block, zeroed if asked; null if the system refuses. `kept` is the calling thread's.
#[inline]
pub(crate) fn alloc(pool: &Pool, kept: &RunCache, layout: Layout, zeroed: bool) -> *mut u8 {
    if layout.align() <= SLICE {
        let start = kept.take(layout.size().div_ceil(SLICE));
        if !start.is_null() {
            if zeroed {
                // SAFETY: the run is at least that long, and nobody else has it.
                unsafe { start.write_bytes(0, layout.size()) };
            }
            return start;
        }
    }
    alloc_slowly(pool, kept, layout, zeroed)
}

#[inline(never)]
fn alloc_slowly(pool: &Pool, kept: &RunCache, layout: Layout, zeroed: bool) -> *mut u8 {
    let Some(want) = want(layout.size(), layout.align()) else { return ptr::null_mut() };
    let run = pool.take_run(want).or_else(|| {
        // The last resort before giving up.
        kept.empty(pool);
        pool.take_run(want)
    });
    let Some(run) = run else { return ptr::null_mut() };
    if zeroed && !run.is_zero {
        // SAFETY: the run is at least that long, and nobody else has it.
        unsafe { run.start.write_bytes(0, layout.size()) };
    }
    // SAFETY: just taken; the block ends before the last bytes of what was wanted.
    unsafe { checks::run_taken(run.start, want.slices) };
    run.start
}

/// Frees a large block; aborts if it is none. `kept` is the calling thread's. How many slices went back to the pool.
#[inline]
pub(crate) fn free(pool: &Pool, kept: &RunCache, block: *mut u8) -> u32 {
    let (slices, entry) = pool.used_run(block);
    if kept.put(slices, block, entry) { 0 } else { free_slowly(pool, kept, block, slices, entry) }
}

#[inline(never)]
fn free_slowly(pool: &Pool, kept: &RunCache, block: *mut u8, slices: u32, entry: &Slice) -> u32 {
    if kept.suits(slices) {
        kept.halve(pool);
        if kept.put(slices, block, entry) {
            // About as much went instead.
            return slices;
        }
    }
    // SAFETY: the run of a block that its owner gave up.
    let is_zero = unsafe { checks::closed(block, slices) };
    pool.give_run(block, is_zero);
    slices
}

/// Bytes of a large block that its owner may use; aborts if it is none.
pub(crate) fn usable(pool: &Pool, block: *mut u8) -> usize {
    pool.used_run(block).0 as usize * SLICE - GUARD
}

/// Makes a large block `size` bytes long, where it is if there is room, else elsewhere, with its contents; null if that
/// is no large block any more, or if the system refuses.
///
/// # Safety
///
/// `block` is a large block of this pool with `layout`, and the caller's, whose runs `kept` are; `size` is not zero
/// and, rounded up to the alignment, not above `isize::MAX`. If the result is not null, the block is gone.
pub(crate) unsafe fn resize(
    pool: &Pool,
    kept: &RunCache,
    block: *mut u8,
    layout: Layout,
    size: usize,
) -> *mut u8 {
    // What has a guard behind it moves.
    if cfg!(feature = "hardened") || Class::of(size, layout.align()).is_some() {
        return ptr::null_mut();
    }
    let Some(want) = want(size, layout.align()) else { return ptr::null_mut() };
    if pool.used_run(block).0 == want.slices || pool.resize_run(block, want.slices) {
        return block;
    }
    // What has grown once grows again.
    let roomy = Want { room: want.slices.saturating_mul(2), ..want };
    let longest = layout.size() >= MOVE_MIN;
    let Some(run) = pool.take_run(if longest { in_phase(roomy, block) } else { roomy }) else {
        return ptr::null_mut();
    };
    // SAFETY: the caller's block, and a run that was just taken; growth makes the new one longer.
    if longest && unsafe { pool.move_pages(block, layout.size().div_ceil(SLICE), run.start) } {
        pool.give_run(block, true);
        return run.start;
    }
    // SAFETY: two runs of at least that many bytes, and a fresh one overlaps no other.
    unsafe { ptr::copy_nonoverlapping(block, run.start, layout.size().min(size)) };
    free(pool, kept, block);
    run.start
}

/// The same, at the place within a huge page that `block` has: so those move whole.
fn in_phase(want: Want, block: *mut u8) -> Want {
    let phase = (block.addr() % HUGE_PAGE / SLICE) as u32;
    if want.align > 1 { want } else { Want { align: u64::from(HUGE_SLICES), phase, ..want } }
}

#[cfg(test)]
mod tests;
