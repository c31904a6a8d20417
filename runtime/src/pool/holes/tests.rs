//! Promise: pages of free slots go back to the system, pages with a live block keep every byte, and a slab that did
//! not change is not swept twice.

use super::*;
use std::ptr;

/// Blocks of one class that fill a few slabs, each written with its number.
fn filled(pool: &Pool, heap: &Heap, class: Class, count: usize) -> Vec<*mut u8> {
    (0..count)
        .map(|i| {
            let cached = heap.cache(class).pop();
            let block = if cached.is_null() { heap.refill(pool, class) } else { cached };
            // SAFETY: a fresh block of that many bytes.
            unsafe { block.write_bytes(i as u8 | 1, class.bytes()) };
            block
        })
        .collect()
}

/// A slab at a made-up address: descriptors never touch the memory they describe.
fn fresh_slab(class: Class) -> Box<Slab> {
    // SAFETY: zeroes are a slab of class 0 without a set bit.
    let slab: Box<Slab> = unsafe { Box::new(std::mem::zeroed()) };
    slab.open(ptr::without_provenance_mut(1 << 20), true, class, ptr::dangling());
    slab
}

fn free(pool: &Pool, heap: &Heap, class: Class, block: *mut u8) {
    if !heap.cache(class).push(block) {
        heap.spill_over(pool, class, block);
    }
}

#[test]
fn holes_read_zero_and_live_blocks_keep_their_bytes() {
    let pool = Pool::new(0);
    let heap = pool.adopt().expect("memory");
    // SAFETY: heaps live as long as the pool, and this test owns it.
    let heap = unsafe { heap.as_ref() };
    let class = Class::of(2048, 1).expect("small");
    let blocks = filled(&pool, heap, class, 256);
    // One of eight stays: six of the seven between two that stay are three whole pages.
    let (kept, gone): (Vec<_>, Vec<_>) = blocks.iter().enumerate().partition(|(i, _)| i % 8 == 0);
    gone.iter().for_each(|&(_, &block)| free(&pool, heap, class, block));
    heap.settle(&pool);
    for &(i, block) in &kept {
        // SAFETY: live, and that many bytes long.
        assert!((0..2048).all(|at| unsafe { block.add(at).read() } == i as u8 | 1), "block {i}");
    }
    if !cfg!(miri) {
        // SAFETY: free, but mapped; the test alone uses this pool.
        let is_zero = |block: *mut u8| (0..2048).all(|at| unsafe { block.add(at).read() } == 0);
        let zero = gone.iter().filter(|&&(_, &block)| is_zero(block)).count();
        assert!(zero >= gone.len() / 2, "{zero} of {} were given back", gone.len());
    }
    kept.iter().for_each(|&(_, &block)| free(&pool, heap, class, block));
    heap.settle(&pool);
    // SAFETY: no block is used any more.
    unsafe { pool.dismantle() };
}

#[test]
fn a_slab_is_swept_when_more_is_free_and_quiet_when_nothing_left() {
    let class = Class::of(4096, 1).expect("small");
    let slab = fresh_slab(class);
    let mut all = vec![ptr::null_mut(); class.slots()];
    assert_eq!(slab.take(&mut all), class.slots());
    assert!(!slab.was_quiet() && slab.was_quiet());
    slab.put(&[all[3], all[4], all[9]]);
    assert!(slab.begin_sweep() && !slab.begin_sweep(), "nothing changed");
    let mut gaps = Vec::new();
    slab.for_each_gap(false, |first, end| gaps.push(end - first));
    assert_eq!(gaps, [1, 2], "the list is the slots from behind");
    slab.put(&[all[5]]);
    assert!(slab.begin_sweep());
    let young = fresh_slab(class);
    young.take(&mut all[..2]);
    let rows = |with_fresh| {
        let mut rows = Vec::new();
        young.for_each_gap(with_fresh, |first, end| rows.push((first, end)));
        rows
    };
    assert_eq!(
        (rows(false), rows(true)),
        (vec![], vec![(2, class.slots())]),
        "never used, and asked for or not"
    );
    let mut one = [ptr::null_mut()];
    slab.take(&mut one);
    assert!(!slab.begin_sweep(), "fewer are free");
    slab.put(&one);
    assert!(slab.begin_sweep(), "the slot was used meanwhile");
}

#[test]
fn a_heap_sweeps_each_time_it_grows_by_an_eighth() {
    let sweeps = Sweeps::new();
    let class = Class::of(SLICE / 2, 1).expect("small");
    let due = (0..1000).filter(|_| sweeps.opened(class)).count();
    // From 4 MiB to 500 MiB: by 4 MiB up to 32, then by eighths.
    assert!((20..60).contains(&due), "{due}");
    (0..500).for_each(|_| sweeps.closed(class));
    assert!((0..500).all(|_| !sweeps.opened(class)), "below its peak it sweeps by decay alone");
}

/// Whoever frees a peak and falls asleep comes by no tick: what it let go of goes back as its large blocks do.
#[test]
fn large_blocks_that_are_given_back_take_the_holes_of_quiet_slabs_along() {
    let pool = Pool::new(0);
    let heap = pool.adopt().expect("memory");
    // SAFETY: heaps live as long as the pool, and this test owns it.
    let heap = unsafe { heap.as_ref() };
    let class = Class::of(4096, 1).expect("small");
    let blocks = filled(&pool, heap, class, 64);
    blocks[1..].iter().for_each(|&block| free(&pool, heap, class, block));
    let is_zero = |block: *mut u8| {
        // SAFETY: free, but mapped; the test alone uses this pool.
        (0..4096).all(|at| unsafe { block.add(at).read() } == 0)
    };
    let gone = || blocks[1..].iter().filter(|&&block| is_zero(block)).count();
    heap.let_go(SLICES_PER_SWEEP - 1);
    heap.let_go(1);
    assert_eq!(gone(), 0, "slots were taken just now");
    heap.let_go(SLICES_PER_SWEEP);
    assert!(gone() >= 32, "{} went back", gone());
    // SAFETY: live, and that many bytes long.
    let is_kept = (0..4096).all(|at| unsafe { blocks[0].add(at).read() } == 1);
    assert!(is_kept, "the block that stays keeps its bytes");
    free(&pool, heap, class, blocks[0]);
    heap.settle(&pool);
    // SAFETY: no block is used any more.
    unsafe { pool.dismantle() };
}
