//! Promise: what can never fit is refused at once, by name and number; what fits later waits, and not for ever.

use crate::world::{checkpoint, directory, engine, load, policy};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};
use stratal::{Engine, ErrorKind, Policy, TierKind};

/// A lease larger than the budget names the tensor, the tier, and both numbers, without waiting.
#[test]
fn a_lease_larger_than_the_budget_is_refused_at_once() {
    let dir = directory();
    let path = checkpoint(dir.path(), &[1 << 20, 16]);
    let engine = engine(dir.path(), "1 MiB");
    let tensors = load(&engine, &path, 2);
    let since = Instant::now();
    let error = tensors[0].read().unwrap_err();
    assert!(since.elapsed() < Duration::from_secs(4), "waited as for what may come: up to 5 s");
    assert_eq!(error.kind(), ErrorKind::Budget, "{error}");
    assert_eq!(error.fact("tensor"), Some("t.0"));
    assert_eq!(error.fact("tier"), Some("dram"));
    assert!(error.to_string().contains("1048576"), "{error}");
    assert_eq!(tensors[1].read().unwrap().len(), 16, "what fits is served");
    let rows = tensors[0].read_rows(0..1000).unwrap();
    assert_eq!(rows.len(), 1000, "and so are rows of what does not");
}

/// A budget of nothing is an impossible policy, named by its key.
#[test]
fn a_budget_of_zero_is_an_impossible_policy() {
    let error = policy(directory().path(), "0", "1 s").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Policy, "{error}");
    assert!(error.to_string().contains("budget"), "{error}");
}

/// Two exclusive leases: the second waits, then says that the first excluded it; once the first is gone it is had.
#[test]
fn a_second_exclusive_lease_waits_and_then_says_why() {
    let dir = directory();
    let engine = Engine::builder().policy(policy(dir.path(), "8 MiB", "200 ms").unwrap()).build().unwrap();
    let tensor = engine.zeros::<f32, (stratal::Dyn,)>("state", [1000]).unwrap();
    let mut first = tensor.write().unwrap();
    first.as_mut_slice().fill(1.0);
    for error in [tensor.write().unwrap_err(), tensor.read().unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        assert_eq!(error.fact("tensor"), Some("state"));
    }
    drop(first);
    assert!(tensor.read().unwrap().iter().all(|&value| value == 1.0));
    let readers = (tensor.read().unwrap(), tensor.read().unwrap());
    assert_eq!(tensor.write().unwrap_err().kind(), ErrorKind::Conflict);
    drop(readers);
    tensor.write().unwrap();
}

/// Leases that hold the whole budget starve another one until its deadline, which says what is held; it is served
/// as soon as they go.
#[test]
fn a_held_budget_is_a_deadline_and_not_a_hang() {
    let dir = directory();
    let path = checkpoint(dir.path(), &[1 << 20, 1 << 20, 1 << 20]);
    let engine = Engine::builder().policy(policy(dir.path(), "9 MiB", "300 ms").unwrap()).build().unwrap();
    let tensors = load(&engine, &path, 3);
    let held = (tensors[0].read().unwrap(), tensors[1].read().unwrap());
    let error = tensors[2].read().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline, "{error}");
    assert_eq!(error.fact("tensor"), Some("t.2"));
    drop(held);
    tensors[2].read().unwrap();
}

/// A lease needed elsewhere is waited for: a reader on another thread is served when the writer lets go.
#[test]
fn a_reader_gets_its_turn_when_the_writer_lets_go() {
    let dir = directory();
    let engine = engine(dir.path(), "8 MiB");
    let tensor = engine.zeros::<i32, (stratal::Dyn,)>("state", [10]).unwrap();
    let mut writer = tensor.write().unwrap();
    let (begun, waiting) = channel();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            begun.send(()).unwrap();
            tensor.read().unwrap()[0]
        });
        waiting.recv().unwrap();
        std::thread::sleep(Duration::from_millis(50));
        writer.as_mut_slice()[0] = 42;
        drop(writer);
        assert_eq!(reader.join().unwrap(), 42);
    });
}

/// Two threads that each need most of the budget get on in turns: neither holds what the other waits for.
#[test]
fn two_threads_that_need_most_of_the_budget_take_turns() {
    let dir = directory();
    let elements = [3 << 20, 3 << 20];
    let path = checkpoint(dir.path(), &elements);
    let engine = engine(dir.path(), "16 MiB");
    let tensors = load(&engine, &path, 2);
    std::thread::scope(|scope| {
        for tensor in &tensors {
            scope.spawn(|| (0..20).for_each(|_| drop(tensor.read().unwrap())));
        }
    });
}

/// A closed engine refuses new leases; those held stay readable.
#[test]
fn a_closed_engine_refuses_and_keeps_its_promises() {
    let dir = directory();
    let path = checkpoint(dir.path(), &[100, 100]);
    let engine = engine(dir.path(), "8 MiB");
    let tensors = load(&engine, &path, 2);
    let held = tensors[0].read().unwrap();
    engine.close();
    assert_eq!(tensors[1].read().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(held[1], crate::world::value(0, 1));
    drop((tensors, engine));
    assert_eq!(held[99], crate::world::value(0, 99), "a lease outlives engine and tensor");
}

/// Tiers that this version does not fill are refused when the engine is built, by name.
#[test]
fn tiers_that_nothing_fills_are_refused_at_the_start() {
    let policies = [
        ("dram", Policy::builder().tier("more", TierKind::Dram, "8 MiB"), ErrorKind::Unsupported),
        ("fast", Policy::builder().device_tier("fast", "sim:9", "8 MiB"), ErrorKind::Unsupported),
        ("vast", Policy::builder().device_tier("vast", "sim:0", "1 TiB"), ErrorKind::Policy),
        ("tiny", Policy::builder().device_tier("tiny", "sim:0", "1 MiB"), ErrorKind::Policy),
    ];
    for (name, words, kind) in policies {
        let policy = words.tier("dram", TierKind::Dram, "16 MiB").build().unwrap();
        let error = Engine::builder().policy(policy).build().unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(error.fact("tier"), Some(name), "{error}");
    }
}

/// A budget costs what is used of it, however large it is.
#[test]
fn a_vast_budget_commits_only_what_is_used() {
    let dir = directory();
    let engine = engine(dir.path(), "10 TiB");
    let tensor = engine.zeros::<f32, (stratal::Dyn,)>("small", [1000]).unwrap();
    let since = Instant::now();
    tensor.write().unwrap();
    assert!(since.elapsed() < Duration::from_secs(20));
}
