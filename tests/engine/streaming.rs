//! Promise: a checkpoint larger than the budget reads the same as it was written, within the budget, and once a pass
//! is known with no more bytes than the plan says.

use crate::world::{checkpoint, directory, engine, load, value};
use stratal::{Dyn, Tensor};

fn check(tensor: &Tensor<f32, (Dyn,)>, index: usize) {
    let lease = tensor.read().unwrap();
    for (at, &found) in lease.iter().enumerate() {
        assert_eq!(found, value(index, at), "tensor {index}, element {at}");
    }
}

/// Aligned, shifted and unaligned tensors, large, small and empty, come back whole, pass after pass.
#[test]
fn every_byte_comes_back_whatever_its_alignment() {
    let dir = directory();
    let elements = [1_500_000, 3, 700_001, 16, 524_288, 0, 2_000_003, 1, 1_048_576, 999];
    let path = checkpoint(dir.path(), &elements);
    let engine = engine(dir.path(), "12 MiB");
    let tensors = load(&engine, &path, elements.len());
    for _ in 0..4 {
        engine.begin_pass();
        for (i, tensor) in tensors.iter().enumerate() {
            check(tensor, i);
        }
    }
    let report = engine.report();
    assert!(report.peak_bytes <= 12 << 20, "{report}");
    assert_eq!(report.counters.bytes_written, 0, "a checkpoint is never copied: {report}");
    assert!(report.counters.schedules >= 1, "{report}");
}

/// From the third pass on, the engine reads what the plan says and not the whole checkpoint.
#[test]
fn a_known_pass_reads_no_more_than_planned() {
    let dir = directory();
    let elements = [1 << 20; 16];
    let path = checkpoint(dir.path(), &elements);
    let engine = engine(dir.path(), "32 MiB");
    let tensors = load(&engine, &path, elements.len());
    let mut before = engine.counters();
    for pass in 0..5 {
        engine.begin_pass();
        tensors.iter().enumerate().for_each(|(i, tensor)| check(tensor, i));
        let moved = engine.counters() - before;
        before = engine.counters();
        if pass >= 2 {
            assert!(moved.bytes_read <= (64 - 24) << 20, "pass {pass}: {moved}");
            assert_eq!(moved.wasted_prefetches, 0, "pass {pass}: {moved}");
        }
    }
}

/// Unaligned tensors under a budget with room for more staging than the driver carries flights: pieces wait their
/// turn, and large tensors come through whole.
#[test]
fn more_pieces_than_flights_wait_their_turn() {
    let dir = directory();
    let elements = [3, 9 << 20, 9 << 20];
    let path = checkpoint(dir.path(), &elements);
    let engine = engine(dir.path(), "100 MiB");
    let tensors = load(&engine, &path, elements.len());
    tensors.iter().for_each(Tensor::prefetch);
    tensors.iter().enumerate().for_each(|(i, tensor)| check(tensor, i));
    assert!(engine.counters().bytes_copied > 0);
}

/// Unaligned tensors that together take the whole budget never starve their own staging.
#[test]
fn staging_comes_before_the_targets_that_need_it() {
    let dir = directory();
    let elements = [3, (3 << 19) - 7, (3 << 19) - 7, (3 << 19) - 7];
    let path = checkpoint(dir.path(), &elements);
    let engine = engine(dir.path(), "8 MiB");
    let tensors = load(&engine, &path, elements.len());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..3 {
                    tensors.iter().for_each(Tensor::prefetch);
                    tensors.iter().enumerate().for_each(|(i, tensor)| check(tensor, i));
                }
            });
        }
    });
}

/// Hints of tensors that are dropped unread leave room for later hints.
#[test]
fn hints_of_dropped_tensors_are_forgotten() {
    let dir = directory();
    let path = checkpoint(dir.path(), &[1 << 20; 6]);
    let engine = engine(dir.path(), "24 MiB");
    for _ in 0..5 {
        let tensors = load(&engine, &path, 6);
        let since = std::time::Instant::now();
        let before = engine.counters().prefetches;
        tensors.iter().for_each(Tensor::prefetch);
        while engine.counters().prefetches == before && since.elapsed().as_secs() < 60 {
            std::thread::yield_now();
        }
        assert!(engine.counters().prefetches > before, "{}", engine.report());
    }
}

/// Rows leased from one model do not stand in the way of the same rows of the next one.
#[test]
fn a_held_row_of_a_dropped_model_is_no_row_of_the_next() {
    let dir = directory();
    let path = checkpoint(dir.path(), &[4 << 20]);
    let engine = engine(dir.path(), "8 MiB");
    let first = load(&engine, &path, 1);
    let held = first[0].read_rows(1000..1010).unwrap();
    drop(first);
    let second = load(&engine, &path, 1);
    let again = second[0].read_rows(1000..1010).unwrap();
    assert_eq!(*held, *again);
    assert_eq!(again[0], value(0, 1000));
}
