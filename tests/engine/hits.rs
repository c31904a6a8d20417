//! Promise: a hit takes no lock and loses nothing: no bytes go under it, no lease goes uncounted, no writer starves.

use crate::world::{adopt, checkpoint, directory, engine, load, value};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use stratal::runtime::tensor::managed::Access;
use stratal::{Checkpoint, Dyn, Tensor};
use stratal_support::dice::Dice;

const MIB: usize = 1 << 18; // f32 elements

/// Threads that hit, miss and write at random, under a budget that holds half: every byte is the right one, and the
/// counters add up.
#[test]
fn hits_beside_evictions_see_the_right_bytes() {
    let dir = directory();
    let engine = engine(dir.path(), "8 MiB");
    let elements: Vec<usize> = (0..12).map(|i| [MIB / 8, MIB, 5 * MIB / 2][i % 3]).collect();
    let path = checkpoint(dir.path(), &elements);
    let tensors = load(&engine, &path, elements.len());
    let state = engine.zeros::<f32, (Dyn,)>("state", [MIB]).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let (tensors, state, elements) = (&tensors, &state, &elements);
            scope.spawn(move || {
                let mut dice = Dice::new(thread + 1);
                for round in 0..400 {
                    let i = dice.below(tensors.len());
                    let lease = tensors[i].read().unwrap();
                    let at = dice.below(elements[i]);
                    assert_eq!(lease[at], value(i, at), "tensor {i}, element {at}");
                    let row = dice.below(elements[i]);
                    let rows = tensors[i].read_rows(row..row + 1).unwrap();
                    assert_eq!(rows[0], value(i, row), "tensor {i}, row {row}");
                    if round % 40 == 0 {
                        drop((lease, rows));
                        let mut all = state.write().unwrap();
                        assert!(all.iter().all(|element| *element == all[0]), "half a write was seen");
                        all.as_mut_slice().fill(round as f32);
                    }
                }
            });
        }
    });
    let counted = engine.counters();
    assert_eq!(counted.chunk_leases, counted.hits + counted.misses, "{counted}");
    assert!(counted.leases >= 4 * 2 * 400, "{counted}");
    assert!(counted.hits > 0 && counted.misses > 0, "{counted}");
    assert_eq!(engine.report().leases, 0);
}

/// Threads that come to the same tensors again and again, so that the gates know them, while others take the bytes away,
/// write, and end their leases: every byte is the right one, and nobody's hold is left behind.
#[test]
fn regulars_hold_and_lose_their_bytes_as_others_do() {
    let dir = directory();
    let engine = engine(dir.path(), "8 MiB");
    let path = checkpoint(dir.path(), &[MIB; 10]);
    let tensors = load(&engine, &path, 10);
    let state = engine.zeros::<f32, (Dyn,)>("state", [MIB]).unwrap();
    let (send, received) = std::sync::mpsc::sync_channel(4);
    std::thread::scope(|scope| {
        let (tensors, state) = (&tensors, &state);
        scope.spawn(move || {
            for (i, lease) in received {
                let lease: stratal::ReadLease<f32, (Dyn,)> = lease;
                assert_eq!(lease[i], value(i, i));
            }
        });
        for thread in 0..2 {
            let send = send.clone();
            scope.spawn(move || {
                for round in 0..60 {
                    let i = 2 * thread + round % 2;
                    for at in 0..150 {
                        assert_eq!(tensors[i].read().unwrap()[at], value(i, at), "tensor {i}, element {at}");
                        assert_eq!(state.read().unwrap()[at] % 1.0, 0.0);
                    }
                    send.send((i, tensors[i].read().unwrap())).unwrap();
                }
            });
        }
        drop(send);
        scope.spawn(move || {
            for round in 0..60 {
                let i = 4 + round % 6;
                assert_eq!(tensors[i].read().unwrap()[round], value(i, round));
                state.write().unwrap().as_mut_slice().fill(round as f32);
            }
        });
    });
    // A hold that was left behind would keep writers out.
    tensors.iter().for_each(|tensor| tensor.write().unwrap().as_mut_slice()[0] = 1.0);
    let counted = engine.counters();
    assert_eq!(counted.chunk_leases, counted.hits + counted.misses, "{counted}");
    assert_eq!(engine.report().leases, 0);
}

/// Hits are followed though nobody tells the engine of them one by one: a pass that is all but resident is learned.
#[test]
fn hits_are_part_of_the_pass_that_is_learned() {
    let dir = directory();
    let engine = engine(dir.path(), "16 MiB");
    let path = checkpoint(dir.path(), &[MIB; 18]);
    let tensors = load(&engine, &path, 18);
    for _ in 0..6 {
        tensors.iter().for_each(|tensor| drop(tensor.read().unwrap()));
    }
    let trace = engine.trace().expect("a pass of 18 leases repeats");
    assert_eq!(trace.steps.len() % 18, 0, "{} steps", trace.steps.len());
}

/// Leases that were hits hold bytes and engine beyond tensor and engine, on any thread.
#[test]
fn a_hit_outlives_its_tensor_and_its_engine() {
    let dir = directory();
    let engine = engine(dir.path(), "8 MiB");
    let path = checkpoint(dir.path(), &[MIB, 3 * MIB]);
    let tensors = load(&engine, &path, 2);
    tensors.iter().for_each(|tensor| drop(tensor.read().unwrap()));
    let leases: Vec<_> =
        tensors.iter().map(|tensor| (tensor.read().unwrap(), tensor.read().unwrap())).collect();
    assert_eq!(engine.report().leases, 4);
    drop((engine, tensors));
    let check = |leases: Vec<(stratal::ReadLease<f32, (Dyn,)>, _)>| {
        for (i, (one, other)) in leases.into_iter().enumerate() {
            drop::<stratal::ReadLease<f32, (Dyn,)>>(other);
            assert!((0..one.len()).step_by(997).all(|at| one[at] == value(i, at)));
        }
    };
    std::thread::spawn(move || check(leases)).join().unwrap();
}

/// A copy that a hit holds is no victim: whoever needs its room waits, and goes on when it is dropped.
#[test]
fn a_held_hit_is_not_evicted() {
    let dir = directory();
    let engine = engine(dir.path(), "4 MiB");
    let small = engine.zeros::<f32, (Dyn,)>("small", [MIB]).unwrap();
    let big = engine.zeros::<f32, (Dyn,)>("big", [4 * MIB]).unwrap();
    small.write().unwrap().as_mut_slice().fill(1.0);
    drop(small.read().unwrap());
    let hit = small.read().unwrap();
    std::thread::scope(|scope| {
        let all = scope.spawn(|| big.read().map(|lease| lease[7]));
        std::thread::sleep(Duration::from_millis(50));
        assert!(!all.is_finished() && hit.iter().all(|element| *element == 1.0));
        drop(hit);
        assert_eq!(all.join().unwrap().unwrap(), 0.0);
    });
    assert!(small.read().unwrap().iter().all(|element| *element == 1.0));
}

/// Readers whose leases overlap without end do not keep a writer out.
#[test]
fn overlapping_readers_do_not_starve_a_writer() {
    let dir = directory();
    let engine = engine(dir.path(), "8 MiB");
    let tensor = engine.zeros::<f32, (Dyn,)>("shared", [MIB]).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let held = tensor.read().unwrap();
                    std::thread::sleep(Duration::from_micros(700));
                    drop(held);
                }
            });
        }
        std::thread::sleep(Duration::from_millis(20));
        let since = Instant::now();
        let wrote = tensor.write().map(drop);
        done.store(true, Ordering::Relaxed);
        assert!(wrote.is_ok() && since.elapsed() < Duration::from_secs(2), "{:?} {wrote:?}", since.elapsed());
    });
}

/// A thread that holds a lease and takes another one while a writer waits is let through.
#[test]
fn a_reader_that_reads_again_does_not_lock_itself_out() {
    let dir = directory();
    let engine = engine(dir.path(), "8 MiB");
    let tensor = engine.zeros::<f32, (Dyn,)>("shared", [MIB]).unwrap();
    let first = tensor.read().unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| tensor.write().map(drop));
        std::thread::sleep(Duration::from_millis(50));
        let again = tensor.read().map(drop);
        drop(first);
        assert!(again.is_ok(), "{again:?}");
        assert!(writer.join().unwrap().is_ok());
    });
}

/// A dropped tensor's index is used again: leases and hits of the old one say nothing of the new.
#[test]
fn a_new_tensor_is_not_mistaken_for_an_old_one() {
    let dir = directory();
    let engine = engine(dir.path(), "8 MiB");
    let path = checkpoint(dir.path(), &[MIB]);
    let opened = Checkpoint::open(&path).unwrap();
    for _ in 0..50 {
        let tensors = adopt(&engine, &opened, 1);
        drop(tensors[0].read().unwrap());
        let held = tensors[0].read().unwrap();
        drop(tensors);
        let fresh: Tensor<f32, (Dyn,)> = engine.zeros("fresh", [MIB]).unwrap();
        assert!(fresh.read().unwrap().iter().all(|element| *element == 0.0));
        assert_eq!(held[5], value(0, 5));
    }
    assert_eq!(engine.report().leases, 0);
}

/// A pass of many leases is planned while the program goes on: it is followed soon after, and no byte is wrong meanwhile.
#[test]
fn a_long_pass_is_planned_beside_the_program() {
    let dir = directory();
    let engine = engine(dir.path(), "8 MiB");
    let path = checkpoint(dir.path(), &[MIB; 12]);
    let tensors = load(&engine, &path, 12);
    let mut dice = Dice::new(3);
    // Long stays with one tensor, so that little is fetched.
    let order: Vec<usize> = (0..25).flat_map(|_| std::iter::repeat_n(dice.below(12), 100)).collect();
    let begun = Instant::now();
    while engine.counters().schedules == 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "no pass was learned: {}", engine.report());
        engine.begin_pass();
        for &i in &order {
            assert_eq!(tensors[i].read().unwrap()[5], value(i, 5));
        }
    }
    let steps = engine.trace().map(|trace| trace.steps.len());
    assert_eq!(steps, Some(order.len()), "hits were lost on the way: {}", engine.report());
    for &i in &order {
        assert_eq!(tensors[i].read().unwrap()[7], value(i, 7));
    }
}

/// A lease of no bytes holds nothing, and gives nothing back that others hold.
#[test]
fn a_lease_of_no_bytes_leaves_the_others_alone() {
    let dir = directory();
    let engine = engine(dir.path(), "8 MiB");
    let tensor = engine.zeros::<f32, (Dyn,)>("state", [MIB]).unwrap();
    tensor.write().unwrap().as_mut_slice().fill(1.0);
    let held = tensor.read().unwrap();
    for _ in 0..3 {
        let managed = tensor.as_any().as_managed().unwrap();
        drop(managed.acquire(0..0, Access::Read).unwrap());
    }
    let others: Vec<_> =
        (0..3).map(|i| engine.zeros::<f32, (Dyn,)>(&format!("other.{i}"), [MIB]).unwrap()).collect();
    for _ in 0..2 {
        others.iter().for_each(|other| other.write().unwrap().as_mut_slice().fill(2.0));
    }
    assert!(held.iter().all(|element| *element == 1.0), "its bytes were taken from under a lease");
    drop(held);
    assert_eq!(engine.report().leases, 0);
    assert!(tensor.write().is_ok());
}
