//! Promises of the simulator: planned faults happen, and happen again under the same seed.

use super::*;
use crate::io::buf::AlignedBuf;
use crate::io::conformance::{pattern, read};
use std::time::Instant;

const BLOCK: usize = 4096;

/// Tags and outcomes of 64 reads, in the order in which they completed.
fn play(faults: Faults) -> Vec<(u64, Result<u32, ErrorKind>)> {
    let bytes: Vec<u8> = (0..64 * BLOCK as u64).map(pattern).collect();
    let mut sim = Sim::<AlignedBuf>::open(64, faults).unwrap();
    let slot = sim.attach(Arc::new(memory_file("weights", &bytes).unwrap())).unwrap();
    for i in 0..64 {
        sim.submit(read(slot, i * BLOCK as u64, BLOCK)).unwrap();
    }
    let mut done = Vec::new();
    while sim.in_flight() > 0 {
        sim.wait(Duration::from_millis(1), &mut done).unwrap();
    }
    let outcomes = done.into_iter().map(|completion| {
        let offset = completion.flight.offset;
        if completion.result.is_ok() {
            assert!(completion.flight.buf.iter().zip(offset..).all(|(&byte, at)| byte == pattern(at)));
        }
        (completion.flight.tag, completion.result.map_err(|error| error.kind()))
    });
    outcomes.collect()
}

/// The same seed gives the same story, another seed another.
#[test]
fn a_seed_decides() {
    let restless = |seed| Faults {
        short_per_mille: 300,
        fail_per_mille: 100,
        delay_waits: 4,
        reorder: true,
        ..Faults::none(seed)
    };
    let story = play(restless(1));
    assert_eq!(story, play(restless(1)));
    assert_ne!(story, play(restless(2)));
    assert!(story.iter().any(|(_, result)| *result == Err(ErrorKind::Io)));
    assert!(!story.is_sorted_by_key(|(tag, _)| *tag), "completions come in any order");
}

/// A planned fault hits the flight it was planned for, and no other.
#[test]
fn planned_faults_hit_their_flight() {
    let story = play(Faults::none(1).at(3, Fault::Fail(libc::ENOSPC)).at(4, Fault::Short));
    let failed: Vec<_> = story.iter().filter(|(_, result)| result.is_err()).collect();
    assert_eq!(failed, [&(3 * BLOCK as u64, Err(ErrorKind::NoSpace))]);
}

/// Damage is told as success: a flipped bit, a torn end, bytes from elsewhere.
#[test]
fn damage_is_told_as_success() {
    let bytes: Vec<u8> = (0..64 * BLOCK as u64).map(pattern).collect();
    for fault in [Fault::Flip, Fault::Torn, Fault::Misdirected] {
        let mut sim = Sim::<AlignedBuf>::open(1, Faults::none(9).at(0, fault)).unwrap();
        let slot = sim.attach(Arc::new(memory_file("weights", &bytes).unwrap())).unwrap();
        let mut wrong = Vec::new();
        for _ in 0..2 {
            sim.submit(read(slot, 8 * BLOCK as u64, 4 * BLOCK)).unwrap();
            let mut done = Vec::new();
            sim.wait(Duration::from_millis(1), &mut done).unwrap();
            assert_eq!(done[0].result.as_ref().ok(), Some(&(4 * BLOCK as u32)), "{fault:?}");
            let right = bytes[8 * BLOCK..12 * BLOCK].iter().zip(&done[0].flight.buf[..]);
            wrong.push(right.filter(|(right, found)| right != found).count());
        }
        assert!(wrong[0] > 0 && wrong[1] == 0, "{fault:?} {wrong:?}");
        assert_eq!(wrong[0] == 1, fault == Fault::Flip);
    }
}

/// A stuck flight never completes; waits time out, wakes end them, and dropping the driver leaks its buffer.
#[test]
fn a_stuck_flight_stays() {
    let mut sim = Sim::<AlignedBuf>::open(2, Faults::none(1).at(0, Fault::Stuck)).unwrap();
    let file = Arc::new(memory_file("weights", &[0; BLOCK]).unwrap());
    let weak = Arc::downgrade(&file);
    let slot = sim.attach(file).unwrap();
    sim.submit(read(slot, 0, BLOCK)).unwrap();
    sim.submit(read(slot, 0, BLOCK)).unwrap();
    let mut done = Vec::new();
    sim.wait(Duration::from_secs(5), &mut done).unwrap();
    assert_eq!((done.len(), sim.in_flight()), (1, 1));
    let start = Instant::now();
    sim.wait(Duration::from_millis(20), &mut done).unwrap();
    assert!(start.elapsed() >= Duration::from_millis(20));
    sim.waker().wake();
    sim.wait(Duration::from_secs(60), &mut done).unwrap();
    assert_eq!(done.len(), 1);
    drop(sim);
    assert_eq!(weak.strong_count(), 1, "the stuck flight keeps its buffer and file");
}

/// A plan may refuse the driver, or break it while it works.
#[test]
fn the_driver_itself_may_fail() {
    let refused = Sim::<AlignedBuf>::open(1, Faults { refused: true, ..Faults::none(1) }).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported);
    let mut sim =
        Sim::<AlignedBuf>::open(1, Faults { breaks_after_waits: Some(1), ..Faults::none(1) }).unwrap();
    sim.wait(Duration::ZERO, &mut Vec::new()).unwrap();
    let broken = sim.wait(Duration::ZERO, &mut Vec::new()).unwrap_err();
    assert_eq!(broken.kind(), ErrorKind::Io);
}

/// What is injected is counted, by kind, and by all who share the plan; what is planned for a write hits no read.
#[test]
fn what_goes_wrong_is_counted() {
    let mut faults = Faults { short_per_mille: 300, delay_waits: 2, reorder: true, ..Faults::none(5) };
    faults = faults.at_write(0, Fault::Fail(libc::ENOSPC));
    let story = play(faults.clone());
    assert!(story.iter().all(|(_, result)| result.is_ok()), "none of them writes");
    let tally = &faults.tally;
    assert!(tally.short.get() > 5 && tally.late.get() > 10 && tally.reordered.get() > 0, "{tally}");
    assert_eq!((tally.failed.get(), tally.torn.get()), (0, 0));
    let once = tally.total();
    play(faults.clone());
    assert_eq!(tally.total(), 2 * once, "the same seed, the same faults: {tally}");
    assert!(tally.to_string().contains("short") && !tally.to_string().contains("torn"), "{tally}");
}
