//! Promise: who writes faster than the disk is slowed down and never stopped; the disk takes no more bytes a day than the
//! policy says, and whoever has to wait for that learns why.

use crate::spill::{MIB, check, vectors, write};
use crate::world::directory;
use std::path::Path;
use std::time::{Duration, Instant};
use stratal::tiering::io::sim::{Faults, Sim};
use stratal::tiering::policy::PolicyBuilder;
use stratal::{Engine, ErrorKind, Policy, TierKind, WearExhausted};

fn words(dir: &Path, budget: &str) -> PolicyBuilder {
    Policy::builder().tier("dram", TierKind::Dram, budget).spill_directory(dir).deadline("10 s")
}

fn built(words: PolicyBuilder) -> Engine {
    Engine::builder().policy(words.build().unwrap()).build().unwrap()
}

/// Writers of clean tensors wait while more is dirty than allowed and the disk is at work; all of them get on, and what
/// they wrote comes back.
#[test]
fn writers_wait_for_the_disk_and_get_on() {
    let dir = directory();
    let words = words(dir.path(), "24 MiB").low_watermark(0.2).high_watermark(0.3).throttle_watermark(0.4);
    let slow = Faults { latency: Duration::from_millis(100), ..Faults::none(3) };
    let engine = Engine::builder()
        .policy(words.build().unwrap())
        .driver(move || Ok(Box::new(Sim::open(8, slow)?)))
        .build()
        .unwrap();
    let tensors = vectors(&engine, 10, 2 * MIB);
    for round in 0..4 {
        tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, i, round).unwrap());
    }
    tensors.iter().enumerate().for_each(|(i, tensor)| check(tensor, i, 3));
    let report = engine.report();
    assert!(report.counters.writes_throttled > 0, "{report}");
    assert!(report.counters.spills > 0, "{report}");
}

/// A program that holds all of its dirty tensors and takes one more is not kept: nothing can be written down for it.
#[test]
fn a_program_that_holds_everything_is_not_kept() {
    let dir = directory();
    let words = words(dir.path(), "16 MiB").low_watermark(0.1).high_watermark(0.1).throttle_watermark(0.1);
    let engine = built(words);
    let tensors = vectors(&engine, 6, 2 * MIB);
    let since = Instant::now();
    let leases: Vec<_> = tensors.iter().map(|tensor| tensor.write().unwrap()).collect();
    assert!(since.elapsed() < Duration::from_secs(4), "nobody waits for half a deadline");
    drop(leases);
    tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, i, 1).unwrap());
    tensors.iter().enumerate().for_each(|(i, tensor)| check(tensor, i, 1));
}

/// A store that takes nothing keeps no writer whose room is there.
#[test]
fn a_full_store_keeps_no_writer() {
    let dir = directory();
    let words = words(dir.path(), "16 MiB").low_watermark(0.1).high_watermark(0.1).throttle_watermark(0.2);
    let engine = built(words.spill_capacity("4096 B"));
    let tensors = vectors(&engine, 7, 2 * MIB);
    let since = Instant::now();
    tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, i, 0).unwrap());
    assert!(since.elapsed() < Duration::from_secs(8), "{:?}", since.elapsed());
}

/// Beyond the bytes of a day a spill fails or waits, as the policy says; clean copies go on being evicted, reads go on,
/// and no more was written than allowed.
#[test]
fn a_day_takes_no_more_than_its_bytes() {
    let dir = directory();
    for choice in [WearExhausted::Fail, WearExhausted::Wait] {
        // The least that may be written at once is 16 MiB.
        let engine =
            built(words(dir.path(), "12 MiB").wear_per_day("20 MiB").wear_exhausted(choice).deadline("2 s"));
        let tensors = vectors(&engine, 40, MIB);
        let refusal =
            tensors.iter().enumerate().find_map(|(i, tensor)| write(tensor, i, 0).err().map(|e| (i, e)));
        let (written, error) = refusal.expect("40 MiB are more than 12 in memory and 16 on disk");
        let expected = if choice == WearExhausted::Fail { ErrorKind::Wear } else { ErrorKind::Deadline };
        assert_eq!(error.kind(), expected, "{error}");
        assert!(error.to_string().contains("day") && error.fact("tensor").is_some(), "{error}");
        assert!(written >= 20, "only {written} were written");
        let report = engine.report();
        assert!(report.wear.today_bytes <= 17 << 20 && report.wear.today_bytes >= 12 << 20, "{report}");
        assert!(report.to_string().contains("wear: "), "{report}");
        tensors[written - 8..written]
            .iter()
            .enumerate()
            .for_each(|(i, tensor)| check(tensor, written - 8 + i, 0));
    }
}

/// Near the end of a day's bytes clean copies go before dirty ones, so that writes are saved.
#[test]
fn clean_copies_go_first_when_little_may_be_written() {
    let dir = directory();
    let words = words(dir.path(), "16 MiB").wear_per_day("16 MiB").eviction(stratal::Eviction::Lru);
    let engine = built(words);
    let clean = vectors(&engine, 8, MIB);
    clean.iter().enumerate().for_each(|(i, tensor)| write(tensor, i, 0).unwrap());
    engine.set_budget(4 << 20).unwrap();
    engine.set_budget(16 << 20).unwrap();
    let spilled = engine.counters().bytes_written;
    assert!(spilled >= 4 << 20, "{spilled} were written");
    let dirty = vectors(&engine, 6, MIB);
    dirty.iter().enumerate().for_each(|(i, tensor)| write(tensor, i, 1).unwrap());
    drop(clean.iter().enumerate().map(|(i, tensor)| check(tensor, i, 0)).collect::<Vec<_>>());
    let before = engine.counters();
    for _ in 0..4 {
        clean.iter().take(4).enumerate().for_each(|(i, tensor)| check(tensor, i, 0));
        dirty.iter().enumerate().for_each(|(i, tensor)| check(tensor, i, 1));
    }
    let moved = engine.counters() - before;
    assert!(moved.bytes_written <= 2 << 20, "{moved}");
}
