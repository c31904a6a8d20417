//! Promise: whatever the disk does, a lease yields the right bytes or a typed error in time; nothing is lost, the
//! budget holds, and when the disk recovers so does everything.

use crate::world::{checkpoint, directory, load, policy, value};
use std::path::Path;
use stratal::tiering::io::sim::{Fault, Faults, Sim};
use stratal::{Dyn, Engine, ErrorKind, Tensor};

/// Seeds of the campaign; each is a run of its own.
const SEEDS: u64 = 24;

/// Operations per seed.
const OPERATIONS: u32 = 120;

const BUDGET: &str = "10 MiB";

fn engine(dir: &Path, faults: Faults) -> Engine {
    let policy = policy(dir, BUDGET, "10 s").unwrap();
    Engine::builder().policy(policy).driver(move || Ok(Box::new(Sim::open(8, faults)?))).build().unwrap()
}

fn dice(state: &mut u64, sides: usize) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize % sides
}

/// A tensor that the program writes, and the round it was last written whole.
struct State {
    tensor: Tensor<u32, (Dyn,)>,
    round: u32,
}

impl State {
    fn write(&mut self, round: u32) -> stratal::Result<()> {
        let mut lease = self.tensor.write()?;
        lease.as_mut_slice().iter_mut().enumerate().for_each(|(at, word)| *word = round ^ at as u32);
        self.round = round;
        Ok(())
    }

    fn read(&self) -> stratal::Result<()> {
        let lease = self.tensor.read()?;
        let wrong = lease.iter().enumerate().find(|(at, word)| **word != self.round ^ *at as u32);
        assert_eq!(wrong, None, "{} holds another round than {}", self.tensor.name(), self.round);
        Ok(())
    }
}

fn check_weights(tensor: &Tensor<f32, (Dyn,)>, index: usize) -> stratal::Result<()> {
    let lease = tensor.read()?;
    let wrong = lease.iter().enumerate().find(|(at, found)| **found != value(index, *at));
    assert_eq!(wrong, None, "weights {index}");
    Ok(())
}

fn tolerable(outcome: &stratal::Result<()>, seed: u64) -> bool {
    match outcome {
        Ok(()) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Io, "seed {seed}: {error}");
            assert!(error.fact("tensor").is_some() && error.fact("file").is_some(), "seed {seed}: {error}");
            false
        }
    }
}

/// Short transfers, failures, delays and reordering at random: every lease is right or a typed error that names
/// tensor and file; every tensor is whole afterwards.
#[test]
fn a_disk_that_fails_at_random_never_yields_wrong_bytes() {
    let dir = directory();
    let elements = [700_001, 1 << 20, 5, 300_000];
    let path = checkpoint(dir.path(), &elements);
    let mut refused = 0;
    for seed in 0..SEEDS {
        let faults = Faults {
            short_per_mille: 150,
            fail_per_mille: if seed % 3 == 0 { 0 } else { 120 },
            delay_waits: (seed % 4) as u32,
            reorder: seed % 2 == 0,
            ..Faults::none(seed)
        };
        let engine = engine(dir.path(), faults);
        let weights = load(&engine, &path, elements.len());
        let mut states: Vec<State> = (0..6)
            .map(|i| State { tensor: engine.zeros(&format!("state.{i}"), [600_000]).unwrap(), round: 0 })
            .collect();
        for (i, state) in states.iter_mut().enumerate() {
            while !tolerable(&state.write(i as u32), seed) {}
        }
        let mut rolls = seed;
        for operation in 0..OPERATIONS {
            let pick = dice(&mut rolls, 6);
            let outcome = match dice(&mut rolls, 3) {
                0 => check_weights(&weights[pick % 4], pick % 4),
                1 => states[pick].read(),
                _ => states[pick].write(operation),
            };
            refused += u32::from(!tolerable(&outcome, seed));
        }
        for state in &states {
            while !tolerable(&state.read(), seed) {}
        }
        let report = engine.report();
        assert!(report.peak_bytes <= report.budget_bytes, "seed {seed}: {report}");
    }
    assert!(refused > 0, "the campaign met no failure");
}

/// A transfer that never ends is a deadline for who waits for it, and no obstacle to the rest.
#[test]
fn a_transfer_that_never_ends_is_a_deadline() {
    let dir = directory();
    let path = checkpoint(dir.path(), &[1000, 1000]);
    let policy = policy(dir.path(), BUDGET, "300 ms").unwrap();
    let faults = Faults::none(1).at(0, Fault::Stuck);
    let engine =
        Engine::builder().policy(policy).driver(move || Ok(Box::new(Sim::open(8, faults)?))).build().unwrap();
    let weights = load(&engine, &path, 2);
    let error = weights[0].read().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline, "{error}");
    assert_eq!(error.fact("tensor"), Some("t.0"));
    check_weights(&weights[1], 1).unwrap();
}

/// A driver that breaks for good fails every waiter and every later call, and nobody waits.
#[test]
fn a_driver_that_breaks_closes_the_engine() {
    let dir = directory();
    let path = checkpoint(dir.path(), &[1 << 20, 1 << 20, 1 << 20, 1 << 20]);
    let faults = Faults { breaks_after_waits: Some(3), ..Faults::none(1) };
    let engine = engine(dir.path(), faults);
    let weights = load(&engine, &path, 4);
    let errors = (0..8).filter_map(|i| weights[i % 4].read().err()).collect::<Vec<_>>();
    assert!(errors.iter().any(|error| error.kind() == ErrorKind::Closed), "{errors:?}");
}
