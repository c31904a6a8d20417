//! Promise: whichever request for memory the system refuses, once or from then on, callers get null, nothing that is
//! live is harmed, nothing is lost, and the pool is as good as new when memory is back.

use std::alloc::Layout;

use super::*;
use crate::pool::large;

/// A block of the program, painted at both ends with its number.
struct Painted {
    start: *mut u8,
    bytes: usize,
    class: Option<Class>,
    number: u8,
}

impl Painted {
    fn paint(start: *mut u8, bytes: usize, class: Option<Class>, number: u8) -> Self {
        for at in [0, bytes - 1] {
            // SAFETY: inside the block, which is the program's.
            unsafe { start.add(at).write(number) };
        }
        Self { start, bytes, class, number }
    }

    fn check(&self) {
        for at in [0, self.bytes - 1] {
            // SAFETY: inside the block, painted.
            assert_eq!(unsafe { self.start.add(at).read() }, self.number, "{} bytes", self.bytes);
        }
    }
}

/// A whole program on two heaps: small and large blocks, half of them freed by the other heap.
struct Program<'p> {
    pool: &'p Pool,
    heaps: Vec<&'p Heap>,
    live: Vec<Painted>,
    nulls: usize,
}

impl<'p> Program<'p> {
    fn start(pool: &'p Pool) -> Self {
        // SAFETY: heaps live as long as the pool, and this program owns those it adopts.
        let heaps = (0..2).filter_map(|_| pool.adopt().map(|heap| unsafe { heap.as_ref() })).collect();
        Self { pool, heaps, live: Vec::new(), nulls: 0 }
    }

    fn heap(&self, i: usize) -> Option<&'p Heap> {
        self.heaps.get(i % self.heaps.len().max(1)).copied()
    }

    fn run(&mut self) {
        let rounds = if cfg!(miri) { 1 } else { 3 };
        for round in 0..rounds {
            for (i, class) in Class::all().enumerate() {
                let count = if cfg!(miri) { 2 } else { 20 };
                (0..count).for_each(|_| self.alloc_small(i + round, class));
            }
            for slices in [1, 3, 40, 700] {
                self.alloc_large(round, slices * SLICE);
            }
            let gone = self.live.len() / 2;
            for i in 0..gone {
                let block = self.live.swap_remove(i * 7 % self.live.len());
                self.free(i, &block);
            }
        }
    }

    fn alloc_small(&mut self, by: usize, class: Class) {
        let Some(heap) = self.heap(by) else { return };
        let cached = heap.cache(class).pop();
        let block = if cached.is_null() { heap.refill(self.pool, class) } else { cached };
        self.keep(block, class.bytes(), Some(class));
    }

    fn alloc_large(&mut self, by: usize, bytes: usize) {
        let Some(heap) = self.heap(by) else { return };
        let layout = Layout::from_size_align(bytes, 64).unwrap();
        let block = large::alloc(self.pool, heap.runs(), layout, true);
        self.keep(block, bytes, None);
    }

    fn keep(&mut self, block: *mut u8, bytes: usize, class: Option<Class>) {
        if block.is_null() {
            self.nulls += 1;
        } else {
            self.live.push(Painted::paint(block, bytes, class, self.live.len() as u8));
        }
    }

    fn free(&self, by: usize, block: &Painted) {
        block.check();
        let Some(heap) = self.heap(by) else { return };
        match block.class {
            None => _ = large::free(self.pool, heap.runs(), block.start),
            Some(class) if heap.cache(class).push(block.start) => {}
            Some(class) => heap.spill_over(self.pool, class, block.start),
        }
    }

    /// Frees everything, and leaves the heaps; how many blocks were refused.
    fn end(mut self) -> usize {
        for (i, block) in std::mem::take(&mut self.live).iter().enumerate() {
            self.free(i, block);
        }
        // What goes home from the second may arrive at the first.
        (0..2).for_each(|_| self.heaps.iter().for_each(|heap| heap.settle(self.pool)));
        for heap in &self.heaps {
            // SAFETY: adopted at the start, and not used below.
            unsafe { self.pool.leave(NonNull::from(*heap)) };
        }
        self.nulls
    }
}

/// Runs a program on a pool that refuses so many requests from the `k`-th on, then another when memory is back;
/// whether none was refused.
fn survives(k: usize, refusals: usize) -> bool {
    let pool = Pool::new(0);
    pool.room.source.refuse(k, refusals);
    let mut program = Program::start(&pool);
    program.run();
    program.end();
    let is_clean = !pool.room.source.has_refused(refusals);
    pool.room.source.refuse_after(usize::MAX);
    let mut again = Program::start(&pool);
    again.run();
    assert_eq!(again.end(), 0, "memory is back after request {k} was refused");
    assert_eq!(pool.slab_runs.lock().held().1, 0, "a slab was lost to request {k}");
    assert_eq!(pool.large_runs.lock().held().1, 0, "a run was lost to request {k}");
    // SAFETY: the programs freed all they had.
    unsafe { pool.dismantle() };
    is_clean
}

#[test]
fn every_request_may_be_refused() {
    for refusals in [1, usize::MAX] {
        let clean =
            (0..1000).find(|&k| survives(k, refusals)).expect("a program asks for memory a few times");
        assert!(clean >= 4, "the program asks for memory {clean} times only");
    }
}
