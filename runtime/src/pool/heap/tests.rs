//! Promise: blocks circulate between caches, slabs and threads without loss, and slabs that are idle are given back.

use std::collections::BTreeSet;
use std::sync::mpsc::channel;
use std::thread;

use super::super::letter::ADDRESSEES;
use super::*;

/// A pool of a test, and what its heaps gave.
pub(in super::super) struct Bench(pub(in super::super) Pool);

impl Bench {
    pub(in super::super) fn new() -> Self {
        Self(Pool::new(0))
    }

    pub(in super::super) fn heap(&self) -> &Heap {
        let heap = self.0.adopt().unwrap();
        // SAFETY: heaps live as long as the pool, and this test owns it.
        unsafe { heap.as_ref() }
    }

    pub(in super::super) fn alloc(&self, heap: &Heap, class: Class) -> *mut u8 {
        let block = heap.cache(class).pop();
        if block.is_null() { heap.refill(&self.0, class) } else { block }
    }

    pub(in super::super) fn free(&self, heap: &Heap, class: Class, block: *mut u8) {
        if !heap.cache(class).push(block) {
            heap.spill_over(&self.0, class, block);
        }
    }

    /// Blocks of all classes that are not in slabs, and slices of slabs.
    pub(in super::super) fn held(&self) -> (usize, u64) {
        let mut blocks = 0;
        self.0.for_each_heap(|heap| {
            let out = |class| heap.counts(class).taken - heap.counts(class).returned;
            blocks += Class::all().map(out).sum::<usize>();
        });
        (blocks, self.0.slab_runs.lock().held().1)
    }

    pub(in super::super) fn end(self) {
        // SAFETY: the tests use no block after this.
        unsafe { self.0.dismantle() };
    }
}

fn class(size: usize) -> Class {
    Class::of(size, 1).unwrap()
}

#[test]
fn blocks_are_distinct_and_all_come_back() {
    let bench = Bench::new();
    let heap = bench.heap();
    for size in [16, 100, 1000, 5000, 32 << 10, 64 << 10] {
        let class = class(size);
        let count = if cfg!(miri) { 40 } else { 3 * class.slots() };
        let blocks: Vec<_> = (0..count).map(|_| bench.alloc(heap, class)).collect();
        assert!(blocks.iter().all(|block| !block.is_null()));
        assert_eq!(blocks.iter().collect::<BTreeSet<_>>().len(), count);
        for &block in &blocks {
            // SAFETY: ours, and that long.
            unsafe { block.write_bytes(0xA5, class.bytes()) };
        }
        blocks.into_iter().for_each(|block| bench.free(heap, class, block));
    }
    heap.settle(&bench.0);
    assert_eq!(bench.held(), (0, 0));
    bench.end();
}

#[test]
fn a_freed_block_is_the_next_one_allocated() {
    let bench = Bench::new();
    let heap = bench.heap();
    let block = bench.alloc(heap, class(64));
    bench.free(heap, class(64), block);
    assert_eq!(bench.alloc(heap, class(64)), block);
    bench.end();
}

#[test]
fn blocks_freed_by_another_heap_return_to_their_owner() {
    let bench = Bench::new();
    let (owner, other) = (bench.heap(), bench.heap());
    let class = class(64);
    let count = if cfg!(miri) { 600 } else { 5000 };
    let blocks: Vec<_> = (0..count).map(|_| bench.alloc(owner, class)).collect();
    blocks.iter().for_each(|&block| bench.free(other, class, block));
    other.settle(&bench.0);
    assert_eq!(
        (other.counts(class).slabs, other.counts(class).taken),
        (0, 0),
        "the other heap never owned a slab"
    );
    owner.settle(&bench.0);
    assert_eq!(bench.held(), (0, 0));
    bench.end();
}

#[test]
fn blocks_of_many_owners_are_sorted() {
    let bench = Bench::new();
    let owners: Vec<_> = (0..3 * ADDRESSEES).map(|_| bench.heap()).collect();
    let other = bench.heap();
    for round in 0..30 {
        let blocks: Vec<_> = owners.iter().map(|owner| bench.alloc(owner, class(256))).collect();
        assert_eq!(blocks.iter().collect::<BTreeSet<_>>().len(), owners.len(), "round {round}");
        blocks.into_iter().for_each(|block| bench.free(other, class(256), block));
    }
    other.settle(&bench.0);
    owners.iter().for_each(|owner| owner.settle(&bench.0));
    assert_eq!(bench.held(), (0, 0));
    bench.end();
}

#[test]
fn heaps_that_are_left_are_adopted_with_their_slabs() {
    let bench = Bench::new();
    let first = bench.0.adopt().unwrap();
    // SAFETY: adopted above.
    let kept = bench.alloc(unsafe { first.as_ref() }, class(64));
    // SAFETY: adopted above, and not used until adopted again.
    unsafe { bench.0.leave(first) };
    let again = bench.heap();
    assert!(ptr::eq(again, first.as_ptr()));
    bench.free(again, class(64), kept);
    again.settle(&bench.0);
    assert_eq!(bench.held(), (0, 0));
    bench.end();
}

#[test]
fn threads_pass_blocks_in_a_ring() {
    struct Block(*mut u8);
    // SAFETY: whoever receives the block owns it.
    unsafe impl Send for Block {}
    let bench = Bench::new();
    let rounds = if cfg!(miri) { 300 } else { 20_000 };
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..3).map(|_| channel::<Block>()).unzip();
    thread::scope(|scope| {
        for (i, arriving) in receivers.into_iter().enumerate() {
            let next = senders[(i + 1) % 3].clone();
            let bench = &bench;
            scope.spawn(move || {
                let heap = bench.heap();
                for round in 0..rounds {
                    let block = bench.alloc(heap, class(32));
                    // SAFETY: ours, and 32 bytes long.
                    unsafe { block.cast::<usize>().write(round) };
                    next.send(Block(block)).unwrap();
                    arriving.try_iter().for_each(|block| bench.free(heap, class(32), block.0));
                }
                drop(next);
                arriving.into_iter().for_each(|block| bench.free(heap, class(32), block.0));
            });
        }
        drop(senders);
    });
    bench.0.for_each_heap(|heap| heap.settle(&bench.0));
    bench.0.for_each_heap(|heap| heap.settle(&bench.0));
    assert_eq!(bench.held(), (0, 0));
    bench.end();
}

#[test]
fn whichever_reservation_is_refused_nothing_is_lost() {
    for granted in 0..8 {
        let bench = Bench::new();
        bench.0.room.source.refuse_after(granted);
        let mut blocks = Vec::new();
        if let Some(heap) = bench.0.adopt() {
            // SAFETY: adopted above.
            let heap = unsafe { heap.as_ref() };
            for _ in 0..40 {
                let block = bench.alloc(heap, class(20_000));
                if !block.is_null() {
                    blocks.push(block);
                }
            }
            assert_eq!(blocks.iter().collect::<BTreeSet<_>>().len(), blocks.len());
            bench.0.room.source.refuse_after(usize::MAX);
            let block = bench.alloc(heap, class(20_000));
            assert!(!block.is_null(), "recovers after {granted} reservations");
            blocks.push(block);
            blocks.into_iter().for_each(|block| bench.free(heap, class(20_000), block));
            heap.settle(&bench.0);
            assert_eq!(bench.held(), (0, 0));
        } else {
            assert_eq!(granted, 0);
        }
        bench.end();
    }
}

/// What a thread leaves behind when it ends goes back within a few ticks, whether or not another thread begins.
#[test]
fn what_a_heap_that_was_left_keeps_goes_home_by_the_clock() {
    let bench = Bench::new();
    let heap = bench.heap();
    let class = class(4096);
    let blocks: Vec<_> = (0..500).map(|_| bench.alloc(heap, class)).collect();
    blocks.into_iter().for_each(|block| bench.free(heap, class, block));
    assert!(bench.held().0 > 0, "the cache keeps some");
    // SAFETY: adopted by this test, which does not use it below.
    unsafe { bench.0.leave(NonNull::from(heap)) };
    // As in the child of a fork, while another thread of the parent settled heaps.
    bench.0.is_settling.store(1, Relaxed);
    bench.0.forget_others();
    bench.0.ticked_ms.store(0, Relaxed);
    bench.0.tick();
    assert_eq!(bench.held(), (0, 0));
    bench.end();
}
