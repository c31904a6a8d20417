//! Every call of the device's driver, with every fault: typed errors, nothing lost that another tier holds, nothing hangs.

use super::{MIB, SIM, Vector, World, pattern, sim, world};
use crate::world::directory;
use stratal::tiering::device::{Call, Driver, Fault, Faults};
use stratal::{ErrorKind, LeaseOn, Result};

const LEN: usize = 2 * MIB + 100;

/// Calls that the engine makes of a device while it serves leases.
const CALLS: [Call; 15] = [
    Call::Memory,
    Call::Reserve,
    Call::Unreserve,
    Call::Create,
    Call::Destroy,
    Call::Map,
    Call::Unmap,
    Call::Record,
    Call::Wait,
    Call::IsPast,
    Call::WaitHost,
    Call::Upload,
    Call::Download,
    Call::Pin,
    Call::OpenStream,
];

fn is_typed(kind: ErrorKind) -> bool {
    use ErrorKind::{Budget, Conflict, Deadline, Device, Lost, NoSpace, OutOfMemory, Poisoned};
    matches!(kind, OutOfMemory | Device | Lost | Poisoned | NoSpace | Deadline | Budget | Conflict)
}

/// What a tensor may hold: the last write that succeeded, or one whose end is not known.
struct State {
    tensor: Vector,
    may: Vec<Vec<u8>>,
}

fn judged<T>(context: &str, result: Result<T>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            assert!(is_typed(error.kind()), "{context}: {error}");
            None
        }
    }
}

/// Some of everything: host and device writes, evictions of both kinds, recalls.
fn work(context: &str, world: &World, states: &mut [State]) {
    for round in 0..2 {
        for (i, state) in states.iter_mut().enumerate() {
            let bytes = pattern(i + round * 10 + 1, LEN);
            let lease = judged(context, state.tensor.write_on(SIM));
            if let Some(lease) = lease {
                // Whether an upload that the device lost has happened, nobody knows.
                match judged(context, world.stream.upload(lease.block(), 0, bytes.clone())) {
                    Some(_) if !world.sim.is_lost() => state.may = vec![bytes],
                    _ => state.may.push(bytes),
                }
            }
            if let Some(bytes) = judged(context, world.seen(&state.tensor)) {
                assert!(state.may.contains(&bytes), "{context}: tensor {i} on the device");
                state.may = vec![bytes];
            }
        }
    }
}

fn check(context: &str, world: &World, states: &[State]) {
    for (i, state) in states.iter().enumerate() {
        match state.tensor.read() {
            Ok(lease) => {
                let right = state.may.iter().any(|bytes| **bytes == *lease.as_slice());
                assert!(right, "{context}: tensor {i} on the host");
            }
            Err(error) => {
                assert!(is_typed(error.kind()), "{context}: {error}");
                assert_eq!(error.fact("tensor"), Some(&*format!("state.{i}")), "{context}: {error}");
                assert!(world.sim.is_lost(), "{context}: only a lost device loses bytes: {error}");
            }
        }
    }
}

/// One run with one planned fault.
fn strike(call: Call, fault: Fault, nth: u64) {
    let context = format!("{call:?} {fault:?} {nth}");
    let dir = directory();
    let device = sim(32 * MIB);
    {
        let world = world(dir.path(), device.clone(), "8 MiB", "12 MiB");
        let mut states: Vec<State> = (0..3)
            .map(|i| {
                let tensor = world.engine.zeros(&format!("state.{i}"), [LEN]).unwrap();
                State { tensor, may: vec![vec![0; LEN]] }
            })
            .collect();
        let safe: Vector = world.engine.zeros("safe", [LEN]).unwrap();
        safe.write().unwrap().as_mut_slice().copy_from_slice(&pattern(99, LEN));
        judged(&context, world.seen(&safe));
        device.plan(Faults::default().with(call, nth, fault));
        work(&context, &world, &mut states);
        check(&context, &world, &states);
        device.plan(Faults::default());
        if device.is_lost() {
            let error = safe.read_on(SIM).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Lost, "{context}: {error}");
            assert!(world.engine.report().devices[0].lost, "{context}");
        } else {
            work(&context, &world, &mut states);
            check(&context, &world, &states);
            assert!(world.seen(&safe).unwrap() == pattern(99, LEN), "{context}");
        }
        assert!(*safe.read().unwrap().as_slice() == *pattern(99, LEN), "{context}: another tier holds it");
        // A poisoned tensor starts anew when all of it is overwritten.
        for state in &states {
            state.tensor.write().unwrap().as_mut_slice().fill(3);
            assert!(state.tensor.read().unwrap().iter().all(|byte| *byte == 3), "{context}");
        }
        let wrong = device.violations();
        assert!(wrong.is_empty(), "{context}: {wrong:?}");
    }
    if !device.is_lost() {
        let left = device.outstanding();
        assert_eq!((left.pinned, left.streams), (0, 0), "{context}: {left:?}");
    }
}

#[test]
fn failures_and_exhaustion_are_lived_with() {
    for call in CALLS {
        for fault in [Fault::Failure, Fault::OutOfMemory] {
            strike(call, fault, 1);
        }
    }
}

#[test]
fn a_lost_device_takes_nothing_else_with_it() {
    for call in CALLS {
        for fault in [Fault::Sticky, Fault::Lost] {
            strike(call, fault, 2);
        }
    }
}
