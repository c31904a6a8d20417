//! Promise: runs never overlap, are aligned, join when free, and are zero when they say so.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::class::SLICE;
use super::super::lock::Lock;
use super::super::meta::Meta;
use super::super::source::Source;
use super::super::whole::Pool;
use super::*;

/// Runs of a pool that grows on demand, and the model: first byte to length in bytes.
struct Bench {
    pool: Pool,
    live: BTreeMap<usize, (Run, u32)>,
}

impl Bench {
    fn new() -> Self {
        Self { pool: Pool::new(0), live: BTreeMap::new() }
    }

    fn take(&mut self, slices: u32, align: u64) -> Option<Run> {
        let pool = &self.pool;
        let run = pool.large_runs.lock().take(&pool.map, &pool.room, Want { align, ..Want::of(slices) })?;
        let start = run.start.addr();
        assert!(start.is_multiple_of(align as usize * SLICE));
        let before = self.live.range(..start + slices as usize * SLICE).next_back();
        assert!(before.is_none_or(|(&other, &(_, len))| other + len as usize * SLICE <= start), "overlap");
        self.live.insert(start, (run, slices));
        Some(run)
    }

    fn give(&mut self, place: usize) {
        if let Some(start) = self.nth(place) {
            let (run, _) = self.live.remove(&start).unwrap();
            assert!(self.pool.large_runs.lock().give(&self.pool.map, run.id, false));
        }
    }

    fn resize(&mut self, place: usize, slices: u32) {
        let Some(start) = self.nth(place) else { return };
        let after = self.live.range(start + 1..).next().map(|(&after, _)| after);
        let (run, len) = self.live.get_mut(&start).unwrap();
        if self.pool.large_runs.lock().resize(&self.pool.map, run.id, slices) {
            *len = slices;
            let end = start + slices as usize * SLICE;
            assert!(after.is_none_or(|after| end <= after), "grown into a neighbour");
        } else {
            assert!(slices > *len, "shrinking always works");
        }
    }

    fn nth(&self, place: usize) -> Option<usize> {
        self.live.keys().nth(place % self.live.len().max(1)).copied()
    }

    fn held(&self) -> (u64, u64) {
        self.pool.large_runs.lock().held()
    }

    fn end(self) {
        // SAFETY: nothing of this pool is used below.
        unsafe { self.pool.dismantle() };
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 200 }, ..ProptestConfig::default() })]

    #[test]
    fn random_runs_agree_with_the_model(steps in prop::collection::vec((0..4u8, 0..64usize, 1..90u32, 0..7u32), 1..120)) {
        let mut bench = Bench::new();
        for (kind, place, slices, align) in steps {
            match kind {
                0 | 1 => drop(bench.take(slices, 1 << align)),
                2 => bench.give(place),
                _ => bench.resize(place, slices),
            }
            let used: u64 = bench.live.values().map(|&(_, slices)| u64::from(slices)).sum();
            prop_assert_eq!(bench.held().1, used);
        }
        while !bench.live.is_empty() {
            bench.give(0);
        }
        let frontiers: u64 = bench.pool.map.iter().map(|(_, segment)| u64::from(segment.frontier())).sum();
        let joined = bench.take(GROWTH_SLICES, 1);
        prop_assert!(joined.is_some());
        prop_assert_eq!(bench.pool.map.count() > 1 || frontiers <= u64::from(GROWTH_SLICES), true);
        bench.end();
    }
}

/// Slices of the smallest segment: what fits once everything is joined.
const GROWTH_SLICES: u32 = 512;

#[test]
fn freed_neighbours_join_to_one_run() {
    let mut bench = Bench::new();
    let runs: Vec<_> = (0..4).map(|_| bench.take(4, 1).unwrap()).collect();
    for place in [0, 1, 1, 0] {
        bench.give(place);
    }
    assert_eq!(bench.take(16, 1).unwrap().start, runs[0].start);
    bench.end();
}

#[test]
fn only_untouched_runs_say_that_they_are_zero() {
    let mut bench = Bench::new();
    assert!(bench.take(4, 1).unwrap().is_zero);
    bench.give(0);
    assert!(!bench.take(4, 1).unwrap().is_zero, "it was used before");
    bench.give(0);
    bench.pool.purge();
    let purged = bench.take(4, 1).unwrap();
    assert!(purged.is_zero);
    assert_eq!(bench.held(), (4, 4));
    bench.end();
}

#[test]
fn zero_and_dirty_neighbours_stay_apart_until_a_request_needs_both() {
    let mut bench = Bench::new();
    let whole = bench.take(80, 1).unwrap();
    bench.give(0);
    bench.pool.purge();
    let dirty = bench.take(40, 1).unwrap();
    assert!(dirty.is_zero && dirty.start == whole.start);
    bench.give(0);
    let zero = bench.take(39, 1).unwrap();
    assert!(!zero.is_zero, "what fits best is the dirty half");
    bench.give(0);
    assert_eq!(bench.held().0, 40, "freeing the dirty half did not spoil the other");
    let both = bench.take(80, 1).unwrap();
    assert!(!both.is_zero && both.start == whole.start);
    bench.end();
}

#[test]
fn a_run_grows_over_free_neighbours_of_every_kind_and_past_the_frontier() {
    let mut bench = Bench::new();
    let runs: Vec<_> = (0..3).map(|_| bench.take(4, 1).unwrap()).collect();
    bench.give(1);
    bench.pool.purge();
    bench.give(1);
    bench.resize(0, 10);
    assert_eq!(bench.held().1, 10);
    bench.resize(0, 40);
    assert_eq!(bench.held(), (40, 40));
    bench.resize(0, 2);
    assert_eq!(bench.held(), (40, 2));
    assert_eq!(bench.take(38, 1).unwrap().start, runs[0].start.wrapping_add(2 * SLICE));
    bench.end();
}

#[test]
fn what_is_no_run_is_refused() {
    let mut bench = Bench::new();
    let run = bench.take(8, 1).unwrap();
    let pool = &bench.pool;
    let mut runs = pool.large_runs.lock();
    for slice in [1, 7, 8, 4000, u32::MAX] {
        assert!(!runs.give(&pool.map, RunId { slice: run.id.slice.saturating_add(slice), ..run.id }, false));
    }
    assert!(!runs.give(&pool.map, RunId { segment: 9, slice: 0 }, false));
    assert!(runs.give(&pool.map, run.id, false));
    assert!(!runs.give(&pool.map, run.id, false), "twice");
    drop(runs);
    bench.end();
}

#[test]
fn a_refused_segment_is_none_and_changes_nothing() {
    let room = Room { source: Source::new(), meta: Lock::new(Meta::new()) };
    let map = SegmentMap::new(1 << 40);
    let mut runs = Runs::new(Kind::Large);
    room.source.refuse_after(0);
    let want = Want::of(1);
    assert!(runs.take(&map, &room, want).is_none());
    assert_eq!((map.count(), runs.held()), (0, (0, 0)));
}

/// A segment that is added for a run at some place within a huge page has room for it there.
#[test]
fn a_long_run_out_of_phase_takes_one_new_segment() {
    let pool = Pool::new(0);
    let want = Want { align: 32, phase: 5, ..Want::of(3000) };
    let run = pool.large_runs.lock().take(&pool.map, &pool.room, want).expect("memory");
    assert_eq!(run.start.addr() / SLICE % 32, 5);
    assert_eq!(pool.map.count(), 1);
    // SAFETY: nothing of this pool is used below.
    unsafe { pool.dismantle() };
}

/// However many runs of a bin are a little too short, a longer one in the next bin is found.
#[test]
fn short_runs_of_the_same_bin_do_not_hide_longer_ones() {
    let mut bench = Bench::new();
    // One segment for all.
    bench.take(2000, 1).unwrap();
    bench.give(0);
    let short: Vec<_> = (0..2 * LOOKS).map(|_| [8, 1].map(|slices| bench.take(slices, 1).unwrap())).collect();
    let long = bench.take(100, 1).unwrap();
    bench.take(1, 1).unwrap();
    for run in short.iter().map(|[eight, _]| eight).chain([&long]) {
        bench.live.remove(&run.start.addr());
        assert!(bench.pool.large_runs.lock().give(&bench.pool.map, run.id, false));
    }
    let fitting = bench.take(9, 1).unwrap();
    assert_eq!(fitting.start, long.start);
    bench.end();
}
