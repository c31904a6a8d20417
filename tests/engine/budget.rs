//! Promise: a budget changes while the engine runs. A lowered one is reached as soon as leases allow, or the call says
//! why not; nothing is lost on the way, and nobody waits for what can never be had.

use crate::spill::{MIB, Vector, check, vectors, write};
use crate::world::{checkpoint, directory, engine, load, policy, value};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use stratal::tiering::io::sim::{Faults, Sim};
use stratal::{Engine, ErrorKind, Policy, TierKind};

fn mib(count: u64) -> u64 {
    count << 20
}

/// Waits until the engine holds no more than its budget.
fn settled(engine: &Engine) {
    let patience = Instant::now();
    while engine.report().used_bytes > engine.budget_bytes() {
        assert!(patience.elapsed() < Duration::from_secs(60), "{}", engine.report());
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Dirty tensors are written down, clean ones forgotten; all of them come back, under any later budget.
#[test]
fn a_lowered_budget_is_reached_and_nothing_is_lost() {
    let dir = directory();
    let engine = engine(dir.path(), "40 MiB");
    let tensors = vectors(&engine, 12, 3 * MIB);
    tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, i, 0).unwrap());
    assert!(engine.report().used_bytes >= mib(30));
    for budget in [mib(20), mib(7), mib(64), mib(5), mib(40)] {
        engine.set_budget(budget).unwrap();
        assert_eq!(engine.budget_bytes(), budget);
        assert!(engine.window_bytes() < budget);
        let report = engine.report();
        assert!(report.used_bytes <= budget, "{report}");
        tensors.iter().enumerate().for_each(|(i, tensor)| check(tensor, i, 0));
        assert!(engine.report().used_bytes <= budget);
    }
    let before = engine.counters();
    tensors.iter().enumerate().for_each(|(i, tensor)| check(tensor, i, 0));
    assert_eq!((engine.counters() - before).bytes_read, 0, "the raised budget holds all of them");
}

/// What is leased stays. The call ends at its deadline and says so; the rest follows when the leases end.
#[test]
fn leases_are_not_taken_away() {
    let dir = directory();
    let path = checkpoint(dir.path(), &[1 << 20, 1 << 20, 1 << 20]);
    let engine = Engine::builder().policy(policy(dir.path(), "16 MiB", "2 s").unwrap()).build().unwrap();
    let tensors = load(&engine, &path, 3);
    let held = (tensors[0].read().unwrap(), tensors[1].read().unwrap());
    drop(tensors[2].read().unwrap());
    let error = engine.set_budget(mib(5)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline, "{error}");
    assert_eq!(error.fact("tier"), Some("dram"));
    assert_eq!(engine.budget_bytes(), mib(5), "it is in force");
    assert!(held.0.iter().enumerate().all(|(at, found)| *found == value(0, at)));
    let waits = tensors[2].read_rows(0..10).unwrap_err();
    assert_eq!(waits.kind(), ErrorKind::Deadline, "{waits}");
    drop(held);
    settled(&engine);
    assert_eq!(tensors[2].read().unwrap()[7], value(2, 7));
}

/// A lease that waits and does not fit any more is told at once, as later ones are.
#[test]
fn waiting_leases_that_no_longer_fit_are_refused() {
    let dir = directory();
    let path = checkpoint(dir.path(), &[1 << 20, 2 << 20]);
    let engine = engine(dir.path(), "9 MiB");
    let tensors = load(&engine, &path, 2);
    let held = tensors[0].read().unwrap();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| tensors[1].read().map(|lease| lease.len()));
        std::thread::sleep(Duration::from_millis(50));
        let since = Instant::now();
        engine.set_budget(mib(6)).unwrap();
        let error = waiter.join().unwrap().unwrap_err();
        assert_eq!((error.kind(), error.fact("tensor")), (ErrorKind::Budget, Some("t.1")), "{error}");
        assert!(since.elapsed() < Duration::from_secs(4), "told at once, not at the deadline");
    });
    drop(held);
    assert_eq!(tensors[1].read().unwrap_err().kind(), ErrorKind::Budget);
    engine.set_budget(mib(12)).unwrap();
    assert_eq!(tensors[1].read().unwrap().len(), 2 << 20);
}

/// Where dirty tensors have no place to go the call says so at once, and they stay.
#[test]
fn a_full_store_is_named_and_loses_nothing() {
    let dir = directory();
    let policy = Policy::builder()
        .tier("dram", TierKind::Dram, "16 MiB")
        .spill_directory(dir.path())
        .spill_capacity("4 MiB")
        .build()
        .unwrap();
    let engine = Engine::builder().policy(policy).build().unwrap();
    let tensors = vectors(&engine, 6, 2 * MIB);
    tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, i, 0).unwrap());
    let error = engine.set_budget(mib(4)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
    engine.set_budget(mib(16)).unwrap();
    tensors.iter().enumerate().for_each(|(i, tensor)| check(tensor, i, 0));
}

/// Says that the test below has a process of its own.
const ALONE: &str = "STRATAL_TEST_ALONE";

/// Bytes that a line of `/proc/self/status` tells.
fn status(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) << 10
}

/// What a lowered budget no longer covers is the system's again, pinned or not, and what it covers is all there is; in a
/// process of its own, so that nobody else's memory is counted.
#[test]
fn memory_goes_back_to_the_system() {
    if std::env::var_os(ALONE).is_none() {
        let name = "budget::memory_goes_back_to_the_system";
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(ALONE, "1")
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success(), "{told}{}", String::from_utf8_lossy(&child.stderr));
        return;
    }
    let dir = directory();
    let engine = engine(dir.path(), "96 MiB");
    let tensors = vectors(&engine, 44, 2 * MIB);
    tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, i, 0).unwrap());
    let held = tensors[7].read().unwrap();
    let before = (status("RssAnon:"), status("VmPin:"));
    assert!(before.0 > mib(88), "{before:?}");
    if before.1 == 0 {
        println!("SKIPPED: this machine registers no memory, so none was pinned");
    }
    for budget in [mib(40), mib(8)] {
        engine.set_budget(budget).unwrap();
        let after = (status("RssAnon:"), status("VmPin:"));
        assert!(after.0 <= before.0 - mib(88) + budget + mib(4), "{budget}: {before:?} became {after:?}");
        let patience = Instant::now();
        while status("VmPin:") > budget + mib(1) {
            // The kernel lets go of pages some time after it was told to.
            assert!(patience.elapsed() < Duration::from_secs(30), "{budget}: {before:?} became {after:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    drop(held);
    tensors.iter().enumerate().for_each(|(i, tensor)| check(tensor, i, 0));
    assert!(status("RssAnon:") <= before.0 - mib(76), "{}", status("RssAnon:"));
}

/// A budget of nothing changes nothing.
#[test]
fn a_budget_of_nothing_is_refused() {
    let dir = directory();
    let engine = engine(dir.path(), "8 MiB");
    assert_eq!(engine.set_budget(4095).unwrap_err().kind(), ErrorKind::Budget);
    assert_eq!(engine.budget_bytes(), mib(8));
    engine.close();
    assert_eq!(engine.set_budget(mib(4)).unwrap_err().kind(), ErrorKind::Closed);
}

/// A learned schedule is planned anew for the budget of the moment: a pass reads what that does not hold.
#[test]
fn a_learned_pass_follows_the_budget() {
    let dir = directory();
    let path = checkpoint(dir.path(), &[512 << 10; 20]);
    let engine = engine(dir.path(), "20 MiB");
    let tensors = load(&engine, &path, 20);
    let pass = || tensors.iter().for_each(|tensor| drop(tensor.read().unwrap()));
    let read = |passes: u64| {
        pass();
        let before = engine.counters();
        (0..passes).for_each(|_| pass());
        (engine.counters() - before).bytes_read / passes
    };
    (0..3).for_each(|_| pass());
    for budget in [20, 30, 14, 44] {
        engine.set_budget(mib(budget)).unwrap();
        let scheduled = engine.report().scheduled_bytes_per_pass.expect("the pass is known");
        let missing = mib(40_u64.saturating_sub(budget));
        assert!(scheduled >= missing && scheduled <= missing + mib(6), "{budget} MiB: {scheduled}");
        let read = read(3);
        assert!(read <= scheduled + mib(4), "{budget} MiB: {read} read, {scheduled} planned");
    }
    assert_eq!(read(2), 0, "all of it fits");
}

/// Budgets that change at random under threads that write and read, on a disk that is late and out of order.
#[test]
fn nothing_is_lost_while_budgets_change_at_random() {
    let dir = directory();
    let faults = Faults { short_per_mille: 100, delay_waits: 2, reorder: true, ..Faults::none(5) };
    let policy = policy(dir.path(), "24 MiB", "20 s").unwrap();
    let engine =
        Engine::builder().policy(policy).driver(move || Ok(Box::new(Sim::open(8, faults)?))).build().unwrap();
    let tensors: Vec<Vec<Vector>> = (0..2).map(|_| vectors(&engine, 5, 2 * MIB + 4000)).collect();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let worker = |mine: &Vec<Vector>| {
            for round in 0..12 {
                mine.iter().enumerate().for_each(|(i, tensor)| write(tensor, i, round).unwrap());
                mine.iter().enumerate().rev().for_each(|(i, tensor)| check(tensor, i, round));
            }
        };
        let workers: Vec<_> = tensors.iter().map(|mine| scope.spawn(move || worker(mine))).collect();
        scope.spawn(|| {
            let mut state = 3_u64;
            while !over.load(Ordering::Relaxed) {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let budget = mib(9 + (state >> 33) % 20);
                engine.set_budget(budget).unwrap();
                let report = engine.report();
                assert!(report.used_bytes <= budget, "{report}");
            }
        });
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        over.store(true, Ordering::Relaxed);
    });
}
