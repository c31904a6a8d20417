//! Promise: large blocks keep their bytes however they grow, and zeroed ones are zero.

use super::*;

/// Bytes between two that are looked at: prime, so that all places within a page are met.
const STRIDE: usize = if cfg!(miri) { 5003 } else { 61 };

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 64).unwrap()
}

fn fill(block: *mut u8, len: usize) {
    for i in (0..len).step_by(STRIDE) {
        // SAFETY: the caller's block is `len` bytes long.
        unsafe { block.add(i).write(i as u8 | 1) };
    }
}

fn is_filled(block: *mut u8, len: usize) -> bool {
    // SAFETY: the caller's block is `len` bytes long, and these bytes were written by `fill`.
    (0..len).step_by(STRIDE).all(|i| unsafe { block.add(i).read() } == i as u8 | 1)
}

fn end(pool: Pool) {
    // SAFETY: the tests use no block after this.
    unsafe { pool.dismantle() };
}

fn resize(pool: &Pool, kept: &RunCache, block: *mut u8, from: usize, to: usize) -> *mut u8 {
    // SAFETY: a live block of this pool with that layout; sizes are small.
    unsafe { super::resize(pool, kept, block, layout(from), to) }
}

#[test]
#[cfg_attr(feature = "hardened", ignore = "what has a guard behind it moves")]
fn a_block_with_room_behind_it_grows_and_shrinks_in_place() {
    let (pool, kept) = (Pool::new(0), RunCache::nothing());
    let block = alloc(&pool, &kept, layout(100_000), false);
    fill(block, 100_000);
    assert_eq!(resize(&pool, &kept, block, 100_000, 5_000_000), block);
    assert!(is_filled(block, 100_000));
    assert_eq!(resize(&pool, &kept, block, 5_000_000, 70_000), block);
    assert!(is_filled(block, 70_000));
    let next = alloc(&pool, &kept, layout(100_000), false);
    assert!(next > block && next < block.wrapping_add(5_000_000), "the tail was given back");
    assert!(resize(&pool, &kept, block, 70_000, 1000).is_null(), "small blocks live in slabs");
    free(&pool, &kept, block);
    free(&pool, &kept, next);
    assert_eq!(pool.large_runs.lock().held().1, 0);
    end(pool);
}

#[test]
#[cfg_attr(feature = "hardened", ignore = "what has a guard behind it moves")]
fn a_long_block_without_room_moves_with_its_pages_and_leaves_zeroes() {
    const LONG: usize = if cfg!(miri) { 1 << 20 } else { 4 << 20 };
    let (pool, kept) = (Pool::new(0), RunCache::nothing());
    let block = alloc(&pool, &kept, layout(LONG), false);
    let obstacle = alloc(&pool, &kept, layout(100_000), false);
    fill(block, LONG);
    let moved = resize(&pool, &kept, block, LONG, 2 * LONG);
    assert!(!moved.is_null() && moved != block);
    assert!(is_filled(moved, LONG));
    let reused = alloc(&pool, &kept, layout(LONG), true);
    assert_eq!(reused, block, "the hole is used again");
    // SAFETY: `LONG` bytes, zeroed.
    assert!((0..LONG).step_by(STRIDE).all(|i| unsafe { reused.add(i).read() } == 0));
    for block in [moved, obstacle, reused] {
        free(&pool, &kept, block);
    }
    end(pool);
}

#[test]
#[cfg_attr(feature = "hardened", ignore = "what has a guard behind it moves")]
fn a_short_block_without_room_is_copied_to_where_it_can_grow() {
    let (pool, kept) = (Pool::new(0), RunCache::nothing());
    let block = alloc(&pool, &kept, layout(100_000), false);
    let obstacle = alloc(&pool, &kept, layout(100_000), false);
    fill(block, 100_000);
    let copy = resize(&pool, &kept, block, 100_000, 300_000);
    assert!(!copy.is_null() && copy != block);
    assert!(is_filled(copy, 100_000));
    assert_eq!(resize(&pool, &kept, copy, 300_000, 600_000), copy, "room was left behind it");
    assert!(is_filled(copy, 100_000));
    free(&pool, &kept, copy);
    free(&pool, &kept, obstacle);
    assert_eq!(pool.large_runs.lock().held().1, 0, "what was moved is free");
    end(pool);
}

#[test]
fn zeroed_blocks_are_zero_when_their_memory_was_used() {
    let (pool, kept) = (Pool::new(0), RunCache::nothing());
    for _ in 0..2 {
        let block = alloc(&pool, &kept, layout(300_000), true);
        // SAFETY: 300 000 bytes, zeroed.
        assert!((0..300_000).step_by(STRIDE).all(|i| unsafe { block.add(i).read() } == 0));
        fill(block, 300_000);
        free(&pool, &kept, block);
    }
    end(pool);
}

#[test]
fn a_refused_block_is_null() {
    let (pool, kept) = (Pool::new(0), RunCache::nothing());
    pool.room.source.refuse_after(0);
    assert!(alloc(&pool, &kept, layout(100_000), false).is_null());
    assert!(alloc(&pool, &kept, layout(isize::MAX as usize - 4096), false).is_null());
    pool.room.source.refuse_after(usize::MAX);
    let block = alloc(&pool, &kept, layout(100_000), false);
    assert!(!block.is_null());
    pool.room.source.refuse_after(0);
    assert!(resize(&pool, &kept, block, 100_000, 4 << 30).is_null());
    free(&pool, &kept, block);
    end(pool);
}
