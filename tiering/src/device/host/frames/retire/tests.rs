//! Promises of a pool that becomes smaller: what is free goes back, what is in use stays whole, and both are counted.

use crate::device::host::{Block, FRAME_BYTES, FramePool, PAGE_BYTES, Window};
use std::sync::Arc;

const FRAME: u64 = FRAME_BYTES as u64;

fn alloc(pool: &mut FramePool, bytes: usize) -> Option<Block> {
    loop {
        let block = pool.alloc(bytes);
        let Some(growth) = pool.growth().filter(|_| block.is_none()) else { return block };
        pool.add(growth.commit().expect("the machine has memory"));
    }
}

fn give_back(pool: &mut FramePool) -> u64 {
    let surplus = pool.surplus();
    assert_eq!(surplus.decommit(), 0, "the system takes its memory back");
    let bytes = surplus.bytes();
    pool.gave_back(surplus);
    bytes
}

/// Shrunk below what is in use: free frames go at once, the others as they come home, and the rest keeps its bytes.
#[test]
fn blocks_stay_whole_while_their_spans_retire() {
    let mut pool = FramePool::new(40 * FRAME);
    let window = Arc::new(Window::reserve(8 * FRAME_BYTES).unwrap());
    let mut frames: Vec<_> = (0..24).map(|_| alloc(&mut pool, FRAME_BYTES).unwrap()).collect();
    for (at, block) in frames.iter_mut().enumerate() {
        block.as_mut_slice().fill(at as u8 + 1);
        if at % 3 == 0 {
            block.move_into(&window, at / 3 * FRAME_BYTES).unwrap();
        }
    }
    assert_eq!(pool.committed_bytes(), 32 * FRAME);
    pool.set_budget(10 * FRAME);
    assert!(pool.growth().is_none());
    assert_eq!(give_back(&mut pool), 8 * FRAME, "what nobody has");
    assert_eq!(pool.committed_bytes(), pool.used_bytes());
    while frames.len() > 6 {
        pool.free(frames.swap_remove(frames.len() / 2)).unwrap();
        give_back(&mut pool);
        assert!(pool.committed_bytes() <= pool.used_bytes().max(10 * FRAME));
    }
    for block in &frames {
        let value = block.as_slice()[0];
        assert!(block.as_slice().iter().all(|byte| *byte == value) && value > 0);
    }
    let more: Vec<_> = std::iter::from_fn(|| alloc(&mut pool, FRAME_BYTES)).collect();
    assert!(more.iter().all(|block| block.as_slice().iter().all(|byte| *byte == 0)), "new memory is zero");
    assert!(pool.committed_bytes() <= 10 * FRAME && pool.used_bytes() >= 9 * FRAME);
    frames.into_iter().chain(more).for_each(|block| pool.free(block).unwrap());
}

/// Runs of pages that share a frame leave one by one; pages between them leave before.
#[test]
fn runs_of_a_retiring_span_leave_page_by_page() {
    let mut pool = FramePool::new(2 * FRAME);
    let mut runs: Vec<_> = (0..100).map(|_| alloc(&mut pool, 5 * PAGE_BYTES).unwrap()).collect();
    let kept = runs.split_off(99);
    pool.set_budget(5 * PAGE_BYTES as u64);
    let page = PAGE_BYTES as u64;
    assert_eq!(give_back(&mut pool), 2 * FRAME - 500 * page);
    for (left, run) in (0..99).rev().zip(runs) {
        pool.free(run).unwrap();
        assert_eq!(give_back(&mut pool), 5 * page);
        assert_eq!(pool.committed_bytes(), 5 * page * (left + 1));
    }
    assert!(alloc(&mut pool, 1).is_none(), "the budget is in use");
    kept.into_iter().for_each(|run| pool.free(run).unwrap());
    assert_eq!((give_back(&mut pool), pool.committed_bytes()), (5 * page, 0));
    assert!(alloc(&mut pool, 5 * PAGE_BYTES).is_some(), "there is a new span");
}

/// A budget may be raised above the one that addresses were first reserved for, and change as often as one likes.
#[test]
fn a_budget_goes_up_and_down() {
    let mut pool = FramePool::new(FRAME);
    let mut blocks = Vec::new();
    let mut state = 7_u64;
    for _ in 0..60 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let budget = (1 + (state >> 33) % 48) * FRAME;
        pool.set_budget(budget);
        while pool.used_bytes() > budget {
            let at = (state >> 40) as usize % blocks.len();
            let block: Block = blocks.swap_remove(at);
            assert!(block.as_slice().iter().step_by(4099).all(|byte| *byte == 9));
            pool.free(block).unwrap();
        }
        while pool.has_surplus() {
            give_back(&mut pool);
        }
        assert!(pool.committed_bytes() <= budget);
        while let Some(mut block) = alloc(&mut pool, FRAME_BYTES) {
            block.as_mut_slice().fill(9);
            blocks.push(block);
        }
        assert_eq!(pool.used_bytes(), budget, "all of it can be had");
    }
}
