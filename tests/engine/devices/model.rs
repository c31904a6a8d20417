//! Random leases on host and device, against a model of what every tensor holds.

use super::{MIB, SIM, Vector, World, pattern, sim, world};
use crate::world::directory;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use stratal::LeaseOn;
use stratal_support::dice::Dice;

struct Entry {
    tensor: Vector,
    bytes: Vec<u8>,
}

fn fresh(world: &World, number: usize, dice: &mut Dice) -> Entry {
    let lens = [1, 4000, 600_000, 2 * MIB, 2 * MIB + 1, 3 * MIB + 77, 5 * MIB];
    let len = lens[dice.below(lens.len())];
    Entry { tensor: world.engine.zeros(&format!("t.{number}"), [len]).unwrap(), bytes: vec![0; len] }
}

fn step(world: &World, entry: &mut Entry, round: usize, dice: &mut Dice) {
    let (tensor, bytes) = (&entry.tensor, &mut entry.bytes);
    match dice.below(7) {
        0 => assert!(*tensor.read().unwrap().as_slice() == **bytes, "on the host, round {round}"),
        1 | 2 => assert!(world.seen(tensor).unwrap() == *bytes, "on the device, round {round}"),
        3 => {
            *bytes = pattern(round, bytes.len());
            tensor.write().unwrap().as_mut_slice().copy_from_slice(bytes);
        }
        4 => {
            *bytes = pattern(round, bytes.len());
            world.overwrite(tensor, bytes.clone()).unwrap();
        }
        5 => {
            // A part of it, on the device.
            let at = dice.below(bytes.len());
            let len = dice.below(bytes.len() - at) + 1;
            bytes[at..at + len].fill(round as u8);
            let lease = tensor.write_on(SIM).unwrap();
            world.stream.fill(lease.block(), at as u64, len as u64, round as u8).unwrap();
        }
        _ => tensor.will_need_on(SIM),
    }
}

/// One thread, budgets of a few frames: every lease shows what was written last, wherever it was written.
#[test]
fn leases_show_what_was_written_last() {
    let dir = directory();
    for seed in 0..2 {
        let world = world(dir.path(), sim(32 * MIB), "8 MiB", "14 MiB");
        let mut dice = Dice::new(seed + 11);
        let mut entries: Vec<Entry> = (0..8).map(|number| fresh(&world, number, &mut dice)).collect();
        for round in 0..120 {
            let at = dice.below(entries.len());
            if dice.below(20) == 0 {
                entries[at] = fresh(&world, 100 + round, &mut dice);
            }
            step(&world, &mut entries[at], round, &mut dice);
            world.check_budgets();
        }
    }
}

/// Several threads, each with tensors of its own, compete for the room of both tiers.
#[test]
fn threads_compete_for_both_tiers() {
    let dir = directory();
    let world = Arc::new(world(dir.path(), sim(32 * MIB), "12 MiB", "24 MiB"));
    let rounds = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let (world, rounds) = (Arc::clone(&world), &rounds);
            scope.spawn(move || {
                let mut dice = Dice::new(seed + 90);
                let mut entries: Vec<Entry> = (0..3).map(|number| fresh(&world, number, &mut dice)).collect();
                for round in 0..60 {
                    let at = dice.below(entries.len());
                    step(&world, &mut entries[at], round, &mut dice);
                    rounds.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(rounds.into_inner(), 240);
    world.check_budgets();
}

/// Threads share tensors: each write fills all of a tensor with one byte, so no reader may see two.
#[test]
fn no_reader_sees_half_a_write() {
    let dir = directory();
    let world = Arc::new(world(dir.path(), sim(32 * MIB), "6 MiB", "16 MiB"));
    let tensors: Vec<Vector> =
        (0..3).map(|i| world.engine.zeros(&format!("t.{i}"), [2 * MIB + 9]).unwrap()).collect();
    let one = |bytes: &[u8]| assert!(bytes.iter().all(|byte| *byte == bytes[0]), "half a write");
    let written = Mutex::new(0);
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let (world, tensors, written) = (&world, &tensors, &written);
            scope.spawn(move || {
                let mut dice = Dice::new(seed + 5);
                for round in 0..40_u8 {
                    let tensor = &tensors[dice.below(3)];
                    match dice.below(4) {
                        0 => one(tensor.read().unwrap().as_slice()),
                        1 => one(&world.seen(tensor).unwrap()),
                        2 => tensor.write().unwrap().as_mut_slice().fill(round),
                        _ => {
                            world.overwrite(tensor, vec![round; 2 * MIB + 9]).unwrap();
                            *written.lock().unwrap() += 1;
                        }
                    }
                }
            });
        }
    });
    assert!(written.into_inner().unwrap() > 0);
    world.check_budgets();
}
