//! Promise: the application is told when memory gets scarce and when it is no longer, and nothing it does then harms the
//! engine.

use crate::spill::{MIB, vectors, write};
use crate::world::directory;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use stratal::{Engine, ErrorKind, MemoryPressure, Policy, TierKind};

fn policy(dir: &std::path::Path) -> Policy {
    let policy = Policy::builder().tier("dram", TierKind::Dram, "20 MiB").spill_directory(dir);
    policy.pressure_levels([0.5, 0.9]).deadline("20 s").build().unwrap()
}

fn next(told: &Receiver<MemoryPressure>) -> MemoryPressure {
    told.recv_timeout(Duration::from_secs(60)).expect("a level was crossed")
}

/// Leases reach the levels one by one; what is clean and idle counts as free, however full the tier is.
#[test]
fn levels_are_told_up_and_down() {
    let dir = directory();
    let (tell, told) = channel();
    let policy = policy(dir.path());
    let engine = Engine::builder()
        .policy(policy)
        .on_pressure(move |now| tell.send(*now).unwrap_or_default())
        .build()
        .unwrap();
    let tensors = vectors(&engine, 10, 2 * MIB);
    let mut leases: Vec<_> = tensors[..6].iter().map(|tensor| tensor.write().unwrap()).collect();
    let half = next(&told);
    assert_eq!((half.level, half.rising), (Some(0.5), true), "{half:?}");
    assert!(half.leased_bytes >= 10 << 20 && half.bound_bytes <= half.used_bytes && half.part() >= 0.5);
    leases.extend(tensors[6..].iter().map(|tensor| tensor.write().unwrap()));
    let most = next(&told);
    assert_eq!((most.level, most.rising), (Some(0.9), true), "{most:?}");
    drop(leases);
    drop(tensors);
    let below = std::iter::from_fn(|| Some(next(&told))).find(|now| now.level.is_none()).unwrap();
    assert!(!below.rising && below.part() < 0.5, "{below:?}");
}

/// A callback that panics, and one that asks for what is not there: the first is not called again, the second gets an
/// error, and the engine goes on.
#[test]
fn a_callback_cannot_harm_the_engine() {
    let dir = directory();
    let (tell, told) = channel();
    let (hand, handed) = channel::<stratal::Tensor<u8, (stratal::Dyn,)>>();
    let engine = Engine::builder()
        .policy(policy(dir.path()))
        .on_pressure(|_| panic!("a listener of the test panics"))
        .on_pressure(move |_| {
            for tensor in handed.try_iter() {
                drop(tell.send(tensor.read().map(drop)));
            }
        })
        .build()
        .unwrap();
    let tensors = vectors(&engine, 8, 2 * MIB);
    hand.send(engine.zeros("absent", [100]).unwrap()).unwrap();
    let leases: Vec<_> = tensors.iter().map(|tensor| tensor.write().unwrap()).collect();
    let refused = told.recv_timeout(Duration::from_secs(60)).unwrap().unwrap_err();
    assert_eq!((refused.kind(), refused.fact("tensor")), (ErrorKind::Conflict, Some("absent")), "{refused}");
    drop(leases);
    tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, i, 1).unwrap());
    let report = engine.report();
    assert_eq!(report.events.iter().filter(|event| event.what == "callback").count(), 1, "{report}");
}
