//! Promises of the frame pool: the budget holds to the page, moving copies nothing and loses nothing.

use super::{Block, FRAME_BYTES, FramePool, PAGE_BYTES, Window};
use std::sync::Arc;

fn alloc(pool: &mut FramePool, bytes: usize) -> Option<Block> {
    loop {
        let block = pool.alloc(bytes);
        let Some(growth) = pool.growth().filter(|_| block.is_none()) else { return block };
        pool.add(growth.commit().expect("the machine has memory"));
    }
}

/// The budget holds to the page, in whole frames and in runs.
#[test]
fn never_hands_out_more_than_the_budget() {
    let budget = 2 * FRAME_BYTES + 3 * PAGE_BYTES;
    let mut pool = FramePool::new(budget as u64 + 100);
    assert_eq!(pool.budget_bytes(), budget as u64);
    let frames: Vec<_> = (0..2).map(|_| alloc(&mut pool, FRAME_BYTES).unwrap()).collect();
    assert!(alloc(&mut pool, FRAME_BYTES).is_none());
    let run = alloc(&mut pool, 2 * PAGE_BYTES + 1).unwrap();
    assert_eq!(run.pages(), 3);
    assert!(alloc(&mut pool, 1).is_none());
    assert_eq!(pool.used_bytes(), budget as u64);
    for block in frames.into_iter().chain([run]) {
        pool.free(block).unwrap();
    }
    assert_eq!(pool.used_bytes(), 0);
    assert!(alloc(&mut pool, FRAME_BYTES).is_some());
}

/// Runs share a frame without overlapping, and the frame is whole again when they are gone.
#[test]
fn runs_share_a_frame_and_return_it() {
    let mut pool = FramePool::new(FRAME_BYTES as u64);
    let mut runs: Vec<_> = (1..=8).map(|pages| alloc(&mut pool, pages * PAGE_BYTES).unwrap()).collect();
    for (i, run) in runs.iter_mut().enumerate() {
        run.as_mut_slice().fill(i as u8 + 1);
    }
    for (i, run) in runs.iter().enumerate() {
        assert!(run.as_slice().iter().all(|&byte| byte == i as u8 + 1));
    }
    assert!(alloc(&mut pool, FRAME_BYTES).is_none());
    runs.drain(..).for_each(|run| pool.free(run).unwrap());
    assert!(alloc(&mut pool, FRAME_BYTES).is_some());
}

/// A frame keeps its bytes through a window and back, at the address the window promises, and chunks side by side
/// read as one slice.
#[test]
fn moving_keeps_the_bytes_and_the_address() {
    let mut pool = FramePool::new(3 * FRAME_BYTES as u64);
    let window = Arc::new(Window::reserve(2 * FRAME_BYTES + 5000).unwrap());
    let mut first = alloc(&mut pool, FRAME_BYTES).unwrap();
    let mut second = alloc(&mut pool, FRAME_BYTES).unwrap();
    let mut tail = alloc(&mut pool, 5000).unwrap();
    for (i, block) in [&mut first, &mut second, &mut tail].into_iter().enumerate() {
        block.as_mut_slice().fill(i as u8 + 1);
        block.move_into(&window, i * FRAME_BYTES).unwrap();
        assert_eq!(block.address().as_ptr(), window.start().as_ptr().wrapping_add(i * FRAME_BYTES));
        assert!(block.as_slice().iter().all(|&byte| byte == i as u8 + 1));
    }
    assert!(tail.move_into(&window, 2 * FRAME_BYTES + FRAME_BYTES).is_err(), "outside the window");
    let home = {
        pool.free(second).unwrap();
        alloc(&mut pool, FRAME_BYTES).unwrap()
    };
    assert!(home.as_slice().iter().all(|&byte| byte == 2), "the pages came home with their bytes");
    pool.free(home).unwrap();
    pool.free(first).unwrap();
    pool.free(tail).unwrap();
    assert_eq!(pool.used_bytes(), 0);
}

/// A block outlives the pool and the window it came from: nothing is freed under a transfer.
#[test]
fn a_block_keeps_its_memory_alive() {
    let mut pool = FramePool::new(FRAME_BYTES as u64);
    let mut block = alloc(&mut pool, FRAME_BYTES).unwrap();
    let window = Arc::new(Window::reserve(FRAME_BYTES).unwrap());
    block.move_into(&window, 0).unwrap();
    block.as_mut_slice().fill(7);
    drop(window);
    drop(pool);
    assert!(block.as_slice().iter().all(|&byte| byte == 7));
}

/// Any order of frames and tails coming and going keeps every byte: runs that moved apart are one frame again.
#[test]
fn frames_and_tails_come_and_go_in_any_order() {
    let mut pool = FramePool::new(24 * FRAME_BYTES as u64);
    let windows: Vec<_> = (0..6).map(|_| Arc::new(Window::reserve(4 * FRAME_BYTES).unwrap())).collect();
    let mut slots: Vec<Option<(Block, u8)>> = (0..24).map(|_| None).collect();
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for round in 0..6000_u32 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let slot = (state >> 33) as usize % slots.len();
        if let Some((block, value)) = slots[slot].take() {
            assert!(block.as_slice().iter().step_by(97).all(|&byte| byte == value), "round {round}");
            pool.free(block).unwrap();
            continue;
        }
        let bytes =
            if slot % 4 == 3 { 4096 + (state >> 40) as usize % (FRAME_BYTES - 4096) } else { FRAME_BYTES };
        let Some(mut block) = alloc(&mut pool, bytes) else { continue };
        block.move_into(&windows[slot / 4], slot % 4 * FRAME_BYTES).unwrap();
        let value = (round % 251) as u8;
        block.as_mut_slice().fill(value);
        slots[slot] = Some((block, value));
    }
}
