//! Limits follow from the trace, the compute times and the memory.

use super::{Limits, Means, fit};
use crate::run::steps::StepTimes;
use stratal::tiering::object::{ChunkKey, Step, Touch, Trace};

/// Promise: steps line up at the end of a pass, where all passes are alike.
#[test]
fn steps_line_up_at_the_end() {
    assert_eq!(fit(&[1, 2, 3], 2), [2, 3]);
    assert_eq!(fit(&[1, 2], 3), [0, 1, 2]);
    assert_eq!(fit(&[], 2), [0, 0]);
}

/// Promise: a pass that computes for nothing is bound by its bytes, one that computes long by its computing.
#[test]
fn the_bound_follows_disk_or_compute() {
    let touch = |chunk| Touch { chunk: ChunkKey { object: 0, chunk }, bytes: 1000 };
    let trace = Trace { steps: (0..8).map(|chunk| Step { touches: vec![touch(chunk)] }).collect() };
    let means = Means { budget_bytes: 4000, window_bytes: 2000, disk_bytes_per_s: 1e9 };
    let limits = |ns: u64| {
        let mut times = StepTimes::default();
        times.push(vec![ns; 8]);
        Limits::of(&trace, &times, means, 5).unwrap()
    };
    let idle = limits(0);
    assert_eq!(idle.bytes_min[0], 8000);
    assert!(idle.bytes_min_full_budget[4] < idle.bytes_min[4]);
    assert!(idle.bound_ns[4] >= idle.bytes_min_full_budget[4], "a byte takes a nanosecond");
    assert!(limits(50_000).bound_ns[4] >= 8 * 50_000);
}
