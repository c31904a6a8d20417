//! Promise: a thread that frees a large block gets it back at once, keeps little, and a second free is noticed.

use super::super::runs::Want;
use super::*;

/// A pool and the runs that one thread keeps of it.
struct Bench {
    pool: Pool,
    kept: RunCache,
}

impl Bench {
    fn new() -> Self {
        let kept = RunCache::nothing();
        kept.open();
        Self { pool: Pool::new(0), kept }
    }

    fn run(&self, slices: u32) -> *mut u8 {
        self.pool.take_run(Want::of(slices)).unwrap().start
    }

    fn put(&self, start: *mut u8) -> bool {
        let (slices, entry) = self.pool.used_run(start);
        self.kept.put(slices, start, entry)
    }

    fn used(&self) -> usize {
        self.pool.large_runs.lock().held().1 as usize
    }

    fn end(self) {
        // SAFETY: nothing of this pool is used below.
        unsafe { self.pool.dismantle() };
    }
}

#[test]
fn what_was_freed_last_comes_first_and_only_for_its_length() {
    let bench = Bench::new();
    let (first, second, longer) = (bench.run(2), bench.run(2), bench.run(3));
    for start in [first, second, longer] {
        assert!(bench.put(start));
    }
    assert_eq!(bench.kept.slices(), 7);
    assert_eq!(bench.kept.take(2), second);
    assert_eq!(bench.kept.take(2), first);
    assert!(bench.kept.take(2).is_null() && bench.kept.take(1).is_null() && bench.kept.take(0).is_null());
    assert_eq!(bench.kept.take(3), longer);
    assert!(bench.kept.take(ROWS + 1).is_null());
    bench.end();
}

#[test]
fn a_cache_is_bounded_and_what_is_too_much_goes_to_the_pool() {
    let bench = Bench::new();
    for round in 0..4 * ROOM {
        let start = bench.run(1 + round % (ROWS as u32 + 2));
        if !bench.put(start) {
            bench.kept.halve(&bench.pool);
            if !bench.put(start) {
                bench.pool.give_run(start, false);
            }
        }
        assert!(bench.kept.slices() <= ROOM as usize);
        assert_eq!(bench.kept.slices(), bench.used(), "nothing is in two places, nothing lost");
    }
    bench.kept.empty(&bench.pool);
    assert_eq!((bench.kept.slices(), bench.used()), (0, 0));
    bench.end();
}

#[test]
fn halving_gives_back_the_oldest() {
    let bench = Bench::new();
    let starts: Vec<_> = (0..5).map(|_| bench.run(1)).collect();
    assert!(starts.iter().all(|&start| bench.put(start)));
    bench.kept.halve(&bench.pool);
    assert_eq!([bench.kept.take(1), bench.kept.take(1)], [starts[4], starts[3]]);
    assert!(bench.kept.take(1).is_null());
    bench.end();
}

#[test]
fn a_cache_that_was_not_opened_takes_nothing() {
    let bench = Bench::new();
    let (start, closed) = (bench.run(1), RunCache::nothing());
    let (slices, entry) = bench.pool.used_run(start);
    assert!(!closed.put(slices, start, entry) && !closed.suits(1));
    assert!(closed.take(1).is_null());
    bench.end();
}

#[test]
fn a_run_that_is_kept_is_neither_used_nor_joined_to_its_neighbours() {
    let bench = Bench::new();
    let (left, kept, right) = (bench.run(4), bench.run(4), bench.run(4));
    assert!(bench.put(kept));
    bench.pool.give_run(left, false);
    bench.pool.give_run(right, false);
    let between = bench.run(8);
    assert!(between >= right, "{between:?} lies over {kept:?}");
    assert!(!bench.pool.resize_run(between, 1 << 30));
    assert_eq!(bench.kept.take(4), kept);
    assert_eq!(bench.pool.used_run(kept).0, 4);
    bench.end();
}
