//! Promise: a cache grows with what a program turns over, no further than allowed, and lets go of it by the clock; no
//! block is lost on the way.

use std::collections::BTreeSet;

use super::super::heap::tests::Bench;
use super::*;

const COUNT: usize = if cfg!(miri) { 1500 } else { 20_000 };

fn class(size: usize) -> Class {
    Class::of(size, 1).unwrap()
}

/// Takes so many blocks and frees them in the same order.
fn turn(bench: &Bench, heap: &Heap, class: Class, count: usize) {
    let blocks: Vec<_> = (0..count).map(|_| bench.alloc(heap, class)).collect();
    assert!(blocks.iter().all(|block| !block.is_null()));
    assert_eq!(blocks.iter().collect::<BTreeSet<_>>().len(), count);
    blocks.into_iter().for_each(|block| bench.free(heap, class, block));
}

fn turn_until_wide(bench: &Bench, heap: &Heap, class: Class) {
    for _ in 0..20 {
        turn(bench, heap, class, COUNT);
    }
}

#[test]
fn what_goes_home_and_is_fetched_again_soon_stays() {
    let bench = Bench::new();
    let (heap, class) = (bench.heap(), class(16));
    turn_until_wide(&bench, heap, class);
    let before = heap.counts(class);
    turn(&bench, heap, class, COUNT);
    assert_eq!(heap.counts(class), before, "all of it came from the cache and went back");
    assert!(before.cached >= COUNT && before.cached <= class.elastic());
    heap.settle(&bench.0);
    assert_eq!((bench.held(), heap.capacity(class)), ((0, 0), class.cached()));
    bench.end();
}

#[test]
fn a_single_wave_widens_nothing() {
    let bench = Bench::new();
    let (heap, class) = (bench.heap(), class(16));
    turn(&bench, heap, class, COUNT);
    assert_eq!(heap.capacity(class), class.cached());
    heap.settle(&bench.0);
    bench.end();
}

#[test]
fn caches_of_larger_blocks_stay_as_they_are() {
    let bench = Bench::new();
    let (heap, class) = (bench.heap(), class(2048));
    (0..20).for_each(|_| turn(&bench, heap, class, 200));
    assert_eq!(heap.capacity(class), class.cached());
    heap.settle(&bench.0);
    bench.end();
}

#[test]
fn tick_by_tick_a_wide_cache_becomes_what_it_was() {
    let bench = Bench::new();
    let (heap, class) = (bench.heap(), class(32));
    turn_until_wide(&bench, heap, class);
    let mut capacity = heap.capacity(class);
    assert!(capacity > class.cached());
    while capacity > class.cached() {
        heap.narrow(&bench.0, class, false);
        let now = heap.capacity(class);
        assert!(now == (capacity / 2).max(class.cached()) && heap.counts(class).cached <= now);
        capacity = now;
    }
    assert_eq!(heap.elastic().wide_bytes.get(), 0);
    // The same array again.
    turn_until_wide(&bench, heap, class);
    assert!(heap.capacity(class) > class.cached());
    heap.settle(&bench.0);
    assert_eq!(bench.held(), (0, 0));
    bench.end();
}

#[test]
fn all_caches_together_keep_to_the_allowance() {
    let bench = Bench::new();
    let heap = bench.heap();
    for class in Class::all() {
        (0..20).for_each(|_| heap.widen(&bench.0, class));
        assert!(heap.capacity(class) <= class.elastic());
    }
    let exceeding = |class: Class| heap.capacity(class).saturating_sub(class.cached()) * class.bytes();
    let wide_bytes = heap.elastic().wide_bytes.get();
    assert_eq!(Class::all().map(exceeding).sum::<usize>(), wide_bytes);
    assert!(wide_bytes <= ALLOWANCE);
    bench.end();
}

#[test]
fn without_memory_for_the_array_the_cache_stays_narrow() {
    let bench = Bench::new();
    let (heap, class) = (bench.heap(), class(16));
    turn(&bench, heap, class, COUNT);
    bench.0.room.source.refuse_after(0);
    turn(&bench, heap, class, COUNT);
    turn(&bench, heap, class, COUNT);
    assert_eq!(heap.capacity(class), class.cached());
    bench.0.room.source.refuse_after(usize::MAX);
    heap.settle(&bench.0);
    assert_eq!(bench.held(), (0, 0));
    bench.end();
}
