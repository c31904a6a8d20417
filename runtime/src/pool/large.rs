//! Large blocks: one run each. Growth stays in place where it can, moves pages where that pays, and copies else.

use std::alloc::Layout;
use std::ptr;

use super::class::{Class, SLICE};
use super::run_cache::RunCache;
use super::runs::Want;
use super::segment::{HUGE_SLICES, Slice};
use super::whole::Pool;
use crate::align::HUGE_PAGE;

/// Bytes from which moving pages is cheaper than copying them.
const MOVE_MIN: usize = 1 << 20;

/// What a large layout asks of the runs; `None` if no address space could hold it.
fn want(size: usize, align: usize) -> Option<Want> {
    let slices = u32::try_from(size.max(1).div_ceil(SLICE)).ok()?;
    let align = align.div_ceil(SLICE) as u64;
    // Blocks that can hold a huge page start at one.
    let align = if size >= HUGE_PAGE { align.max(u64::from(HUGE_SLICES)) } else { align };
    Some(Want { slices, align })
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
    run.start
}

/// Frees a large block; aborts if it is none. `kept` is the calling thread's.
#[inline]
pub(crate) fn free(pool: &Pool, kept: &RunCache, block: *mut u8) {
    let (slices, entry) = pool.used_run(block);
    if !kept.put(slices, block, entry) {
        free_slowly(pool, kept, block, slices, entry);
    }
}

#[inline(never)]
fn free_slowly(pool: &Pool, kept: &RunCache, block: *mut u8, slices: u32, entry: &Slice) {
    if kept.suits(slices) {
        kept.halve(pool);
        if kept.put(slices, block, entry) {
            return;
        }
    }
    pool.give_run(block, false);
}

/// Bytes of a large block that its owner may use; aborts if it is none.
pub(crate) fn usable(pool: &Pool, block: *mut u8) -> usize {
    pool.used_run(block).0 as usize * SLICE
}

/// Tries to make a large block `size` bytes long and keep its address or its pages; null if it must be copied.
///
/// # Safety
///
/// `block` is a large block of this pool with `layout`, and the caller's; `size` is not zero and, rounded up to
/// the alignment, not above `isize::MAX`. If the result is not null, the block is gone.
pub(crate) unsafe fn resize(pool: &Pool, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
    if Class::of(size, layout.align()).is_some() {
        return ptr::null_mut();
    }
    let Some(want) = want(size, layout.align()) else { return ptr::null_mut() };
    if pool.resize_run(block, want.slices) {
        return block;
    }
    if layout.size() < MOVE_MIN {
        return ptr::null_mut();
    }
    let Some(run) = pool.take_run(want) else { return ptr::null_mut() };
    // SAFETY: the caller's block, and a run that was just taken; growth makes the new one longer.
    let moved = unsafe { pool.move_pages(block, layout.size().div_ceil(SLICE), run.start) };
    if !moved {
        pool.give_run(run.start, run.is_zero);
        return ptr::null_mut();
    }
    pool.give_run(block, true);
    run.start
}

#[cfg(test)]
mod tests;
