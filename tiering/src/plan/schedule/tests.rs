//! Next uses are exact, the kept set leaves the window free, and Belady's choice is taken only where it reads less.

use super::*;
use crate::object::Step;
use crate::plan::samples::{CHUNK, arbitrary, ring, touch, trace, widest};
use proptest::prelude::*;

fn plan(trace: &Trace, chunks: u32, window: u32) -> Schedule {
    Schedule::plan(trace, u64::from(chunks * CHUNK), u64::from(window * CHUNK)).unwrap()
}

proptest! {
    /// The next use is the one found by walking the repetition step by step.
    #[test]
    fn next_use_is_found_by_walking(trace in arbitrary(8, 20, true), room in 0_u64..40, from in 0_u64..60) {
        let schedule = Schedule::plan(&trace, widest(&trace) + room, room / 2).unwrap();
        for number in 0..9 {
            let chunk = touch(number, 0).chunk;
            let uses = |position: &u64| {
                trace.steps[*position as usize % trace.steps.len()].touches.iter().any(|one| one.chunk == chunk)
            };
            let walked = (from + 1..=from + schedule.len()).find(uses);
            prop_assert_eq!(schedule.first_use_after(chunk, from), walked);
            prop_assert_eq!(schedule.next_use(chunk, from).position(), walked);
        }
    }

    /// Kept chunks leave the window free, or everything fits.
    #[test]
    fn the_kept_set_leaves_the_window(trace in arbitrary(16, 30, true), room in 0_u64..80, window in 0_u64..40) {
        let capacity = widest(&trace) + room;
        let schedule = Schedule::plan(&trace, capacity, window).unwrap();
        let all = trace.distinct_bytes();
        prop_assert!(schedule.kept_bytes() <= capacity.saturating_sub(window) || all <= capacity);
        prop_assert!(all > capacity || schedule.kept_bytes() == all);
    }
}

/// A chunk used several times in one step counts as one use of it.
#[test]
fn repeated_touches_of_a_step_are_one_use() {
    let trace = Trace {
        steps: vec![Step { touches: vec![touch(0, 8), touch(0, 8)] }, Step { touches: vec![touch(1, 8)] }],
    };
    let schedule = Schedule::plan(&trace, 64, 0).unwrap();
    assert_eq!(schedule.first_use_after(touch(0, 8).chunk, 0), Some(2));
    assert_eq!(schedule.step(2), trace.steps[0].touches);
}

/// A ring is spread: kept chunks rank as victims after streamed ones, whatever their distance.
#[test]
fn a_ring_is_spread() {
    let schedule = plan(&ring(64, 1), 16, 4);
    assert_eq!((schedule.shape(), schedule.kept_bytes()), (Shape::Spread, u64::from(12 * CHUNK)));
    assert_eq!(schedule.pass_bytes(), u64::from(52 * CHUNK));
    let chunks = || (0..64).map(|chunk| touch(chunk, CHUNK).chunk);
    let kept = chunks().filter(|chunk| schedule.keeps(*chunk));
    let last_kept = kept.map(|chunk| schedule.next_use(chunk, 5)).max();
    let streamed = chunks().filter(|chunk| !schedule.keeps(*chunk));
    assert!(last_kept < streamed.map(|chunk| schedule.next_use(chunk, 5)).min());
    assert_eq!(schedule.next_use(touch(99, 1).chunk, 5), NextUse::Never);
}

/// What the plan lets go is told from what it keeps, and from what is used again before the window has passed.
#[test]
fn what_leaves_is_known_when_it_was_used() {
    let schedule = plan(&ring(64, 1), 16, 4);
    for position in 0..64_u32 {
        let chunk = touch(position, CHUNK).chunk;
        assert_eq!(schedule.streams(chunk, u64::from(position)), !schedule.keeps(chunk));
    }
    // Chunk 20 lies between any two others.
    let steps: Vec<u32> = (0..20).flat_map(|chunk| [chunk, 20]).collect();
    let schedule = plan(&trace(steps.chunks(1)), 8, 4);
    assert!(!schedule.streams(touch(20, CHUNK).chunk, 1));
    let leaving = (0..20).filter(|chunk| schedule.streams(touch(*chunk, CHUNK).chunk, u64::from(2 * chunk)));
    assert_eq!(leaving.count() as u64 * u64::from(CHUNK), schedule.pass_bytes());
    assert!(!schedule.streams(touch(99, CHUNK).chunk, 0));
}

/// Where each chunk is used twice in different regions, farthest-first reads clearly less and is planned.
#[test]
fn phases_are_planned_by_belady() {
    // Two phases, each looping over its own half: within a phase its chunks should all stay.
    let half = |first: u32| (0..6).flat_map(move |_| first..first + 10);
    let chunks: Vec<u32> = half(0).chain(half(10)).collect();
    let schedule = plan(&trace(chunks.chunks(1)), 12, 1);
    assert_eq!(schedule.shape(), Shape::Belady);
    assert!(schedule.pass_bytes() <= u64::from(22 * CHUNK), "{}", schedule.pass_bytes());
}

/// What cannot be planned is said, not planned wrongly.
#[test]
fn impossible_plans_are_refused() {
    let refused = |trace: &Trace| Schedule::plan(trace, u64::from(CHUNK), 0).unwrap_err().kind();
    assert_eq!(refused(&Trace::default()), ErrorKind::Unsupported);
    assert_eq!(refused(&trace([[].as_slice()])), ErrorKind::Unsupported);
    assert_eq!(refused(&trace([[0, 1].as_slice()])), ErrorKind::Budget);
}
