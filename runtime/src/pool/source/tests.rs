//! Promise: whichever request for addresses the system refuses, once or for good, the caller gets null, what lives
//! stays whole, and everything works again afterwards.

use std::alloc::Layout;

use super::super::class::Class;
use super::super::heap::Heap;
use super::super::large;
use super::super::whole::Pool;

/// Sizes of the program: small ones of several classes, runs, and some that need segments of their own.
const SIZES: [usize; 9] = [40, 20_000, 100_000, 3 << 20, 40 << 20, 700, 70_000, 40 << 20, 5 << 20];

struct Block {
    start: *mut u8,
    layout: Layout,
    color: u8,
}

impl Block {
    /// Its ends, where it is painted.
    fn ends(&self) -> [usize; 2] {
        [0, self.layout.size() - 1]
    }

    fn paint(self) -> Self {
        // SAFETY: inside the block, which is this test's.
        self.ends().into_iter().for_each(|at| unsafe { self.start.add(at).write(self.color) });
        self
    }

    fn check(&self) {
        // SAFETY: inside the block, and painted.
        assert!(self.ends().into_iter().all(|at| unsafe { self.start.add(at).read() } == self.color));
    }
}

fn alloc(pool: &Pool, heap: &Heap, size: usize, color: u8) -> Option<Block> {
    let layout = Layout::from_size_align(size, 64).unwrap();
    let start = match Class::of(size, 64) {
        Some(class) => {
            let cached = heap.cache(class).pop();
            if cached.is_null() { heap.refill(pool, class) } else { cached }
        }
        None => large::alloc(pool, heap.runs(), layout, false),
    };
    (!start.is_null()).then(|| Block { start, layout, color }.paint())
}

fn free(pool: &Pool, heap: &Heap, block: Block) {
    block.check();
    match Class::of(block.layout.size(), 64) {
        Some(class) if heap.cache(class).push(block.start) => {}
        Some(class) => heap.spill_over(pool, class, block.start),
        None => _ = large::free(pool, heap.runs(), block.start),
    }
}

/// Doubles a large block; it stays as it was if that is refused.
fn grow(pool: &Pool, heap: &Heap, block: &mut Block) {
    let (from, size) = (block.layout, block.layout.size() * 2);
    block.check();
    // SAFETY: a live block of this layout.
    let start = unsafe { large::resize(pool, heap.runs(), block.start, from, size) };
    if !start.is_null() {
        // SAFETY: at least that long now.
        assert_eq!(unsafe { start.add(from.size() - 1).read() }, block.color);
        *block = Block { start, layout: Layout::from_size_align(size, 64).unwrap(), ..*block }.paint();
    }
}

/// Runs the program with `refusals` after `granted` requests; whether any came.
fn survives(granted: usize, refusals: usize) -> bool {
    let pool = Pool::new(0);
    pool.room.source.refuse(granted, refusals);
    let mut blocks = Vec::new();
    let heap = pool.adopt().or_else(|| {
        pool.room.source.refuse(usize::MAX, 0);
        pool.adopt()
    });
    // SAFETY: heaps live as long as the pool, and this test owns it.
    let heap = unsafe { heap.expect("nothing is refused any more").as_ref() };
    for (round, &size) in SIZES.iter().cycle().take(4 * SIZES.len()).enumerate() {
        blocks.extend(alloc(&pool, heap, size, round as u8 | 1));
        if round % 5 == 4 && blocks.len() > 2 {
            free(&pool, heap, blocks.swap_remove(round % blocks.len()));
        }
        if let Some(block) = blocks.iter_mut().find(|block| block.layout.size() == 5 << 20) {
            grow(&pool, heap, block);
        }
    }
    let was_refused = granted == 0 || pool.room.source.has_refused(refusals);
    pool.room.source.refuse(usize::MAX, 0);
    let all: Option<Vec<_>> = SIZES.iter().map(|&size| alloc(&pool, heap, size, 3)).collect();
    blocks.extend(all.expect("the pool recovers"));
    blocks.into_iter().for_each(|block| free(&pool, heap, block));
    heap.settle(&pool);
    assert_eq!(pool.large_runs.lock().held().1, 0, "after {granted} requests");
    // SAFETY: no block is used any more.
    unsafe { pool.dismantle() };
    was_refused
}

#[cfg_attr(miri, ignore = "hundreds of MiB, which the interpreter fills")]
#[test]
fn every_request_in_turn_is_refused_once_and_for_good() {
    for refusals in [1, usize::MAX] {
        let granted = (0..1000).take_while(|&granted| survives(granted, refusals)).count();
        assert!((5..1000).contains(&granted), "{granted} requests were refused in turn");
    }
}
