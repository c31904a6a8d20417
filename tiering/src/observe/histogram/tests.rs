//! Promises of histograms: the stated error against a sorted list, exact sums, no lost count under threads.

use super::*;
use proptest::prelude::*;

/// The quantile as its definition says.
fn naive(sorted: &[u64], share: f64) -> u64 {
    let rank = ((share * sorted.len() as f64).ceil() as usize).max(1);
    sorted[rank - 1]
}

proptest! {
    /// Any durations, any quantile: never below the truth, at most a sixteenth above.
    #[test]
    fn quantiles_keep_the_stated_error(
        mut all in prop::collection::vec(prop_oneof![0..100_u64, 0..1_000_000_u64, 0..1_u64 << 40], 1..200),
        share in 0.0..=1.0_f64,
    ) {
        let histogram = Histogram::new();
        all.iter().for_each(|ns| histogram.record(*ns));
        let seen = histogram.snapshot();
        all.sort_unstable();
        let (truth, told) = (naive(&all, share), seen.quantile_ns(share).unwrap());
        prop_assert!(told >= truth && told - truth <= truth / 16, "{told} for {truth}");
        prop_assert_eq!(seen.count(), all.len() as u64);
        prop_assert_eq!((seen.sum_ns(), seen.max_ns()), (all.iter().sum(), all[all.len() - 1]));
    }
}

/// Every bucket begins where the one before ends.
#[test]
fn buckets_leave_no_gap() {
    for at in 0..BUCKETS - 1 {
        assert_eq!((bucket(upper_ns(at)), bucket(upper_ns(at) + 1)), (at, at + 1));
    }
    assert_eq!(bucket(u64::MAX), BUCKETS - 1);
}

/// Beyond the last octave only the maximum is exact, and it is what is told.
#[test]
fn what_takes_for_ever_is_told_as_the_maximum() {
    let histogram = Histogram::new();
    [1 << 45, 1 << 50].into_iter().for_each(|ns| histogram.record(ns));
    assert_eq!(histogram.snapshot().quantile_ns(0.5), Some(1 << 50));
}

/// Four threads lose nothing; a difference is what was added in between.
#[test]
fn threads_lose_nothing() {
    let histogram = Histogram::new();
    histogram.record(7);
    let before = histogram.snapshot();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..1000).for_each(|ns| histogram.record(ns)));
        }
    });
    let added = histogram.snapshot() - &before;
    assert_eq!((added.count(), added.sum_ns()), (4000, 4 * 999 * 500));
    assert_eq!(added.mean_ns(), Some(499));
}

/// Nothing counted is said so, and divides by nothing.
#[test]
fn an_empty_one_says_none() {
    let empty = Histogram::new().snapshot();
    assert_eq!((empty.mean_ns(), empty.quantile_ns(0.5), empty.to_string().as_str()), (None, None, "none"));
    assert_eq!(Distribution::default().quantile_ns(1.0), None);
    assert!(Distribution::default().is_empty());
}

/// It stays small: a few KiB each, whatever is recorded.
#[test]
fn it_is_a_few_kib() {
    assert!(BUCKETS * size_of::<AtomicU64>() <= 5 << 10);
}
