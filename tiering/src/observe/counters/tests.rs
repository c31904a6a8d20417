//! Per-pass figures are differences of snapshots.

use super::*;

/// What was added between two snapshots is their difference, and zero counters stay out of the text.
#[test]
fn a_difference_is_what_was_added() {
    let counters = Counters::default();
    counters.bytes_read.add(5);
    let before = counters.snapshot();
    counters.bytes_read.add(7);
    counters.hits.add(1);
    let pass = counters.snapshot() - before;
    assert_eq!((pass.bytes_read, pass.hits, pass.misses), (7, 1, 0));
    assert_eq!(pass.to_string(), "bytes_read 7, hits 1");
}

/// Additions from many threads are all kept.
#[test]
fn threads_lose_nothing() {
    let counters = Counters::default();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..1000).for_each(|_| counters.leases.add(1)));
        }
    });
    assert_eq!(counters.snapshot().leases, 4000);
}
