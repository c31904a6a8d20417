//! The window is never passed, nothing is handed out twice, and what was not fetched comes again.

use super::*;
use crate::plan::samples::{CHUNK, arbitrary, ring, touch, widest};
use proptest::prelude::*;
use std::collections::HashSet;

fn sixteen() -> Schedule {
    Schedule::plan(&ring(16, 2), u64::from(8 * CHUNK), u64::from(4 * CHUNK)).unwrap()
}

fn key(chunk: u32) -> ChunkKey {
    touch(chunk, 0).chunk
}

/// Chunks come in order of use, until the window is full; using them makes room for as many.
#[test]
fn fills_the_window_in_order() {
    let schedule = sixteen();
    let mut walk = Prefetcher::new(u64::from(4 * CHUNK), 7);
    let mut handed = HashSet::new();
    let mut next = |walk: &mut Prefetcher| {
        let touch = walk.next(&schedule, &mut |chunk| handed.contains(&chunk))?;
        handed.insert(touch.chunk);
        Some(touch.chunk.chunk)
    };
    let first: Vec<u32> = std::iter::from_fn(|| next(&mut walk)).collect();
    assert_eq!((first, walk.ahead_bytes()), (vec![0, 1, 2, 3], u64::from(4 * CHUNK)));
    walk.used(8);
    assert_eq!(walk.ahead_bytes(), u64::from(2 * CHUNK));
    assert_eq!([next(&mut walk), next(&mut walk), next(&mut walk)], [Some(4), Some(5), None]);
}

/// A cancelled chunk gives its bytes back and is handed out again, before what follows it.
#[test]
fn a_cancelled_chunk_comes_again() {
    let schedule = sixteen();
    let mut walk = Prefetcher::new(u64::from(4 * CHUNK), 7);
    let mut present = vec![key(0), key(2)];
    for chunk in [1, 3] {
        assert_eq!(
            walk.next(&schedule, &mut |key| present.contains(&key)).map(|touch| touch.chunk),
            Some(key(chunk))
        );
        present.push(key(chunk));
    }
    present.retain(|chunk| *chunk != key(1));
    walk.cancelled(&schedule, key(1));
    assert_eq!(walk.ahead_bytes(), u64::from(CHUNK));
    assert_eq!(
        walk.next(&schedule, &mut |key| present.contains(&key)).map(|touch| touch.chunk),
        Some(key(1))
    );
}

/// With everything present the walk ends after a pass instead of going round.
#[test]
fn a_resident_pass_ends_the_walk() {
    let schedule = sixteen();
    let mut asked = 0_u32;
    let mut walk = Prefetcher::new(u64::from(4 * CHUNK), 7);
    let mut all = |_| {
        asked += 1;
        true
    };
    assert_eq!(walk.next(&schedule, &mut all), None);
    assert_eq!(walk.next(&schedule, &mut all), None);
    assert_eq!(asked, 16);
}

proptest! {
    /// Handed out and unused bytes stay within the window, or are one chunk, under any order of uses, failures and
    /// resumptions.
    #[test]
    fn the_window_is_never_passed(
        trace in arbitrary(12, 24, true),
        window in 0_u64..30,
        events in prop::collection::vec((0_u64..4, 0_u32..12, any::<bool>()), 0..80),
    ) {
        let schedule = Schedule::plan(&trace, widest(&trace) + 8, 8).unwrap();
        let mut walk = Prefetcher::new(window, schedule.len() - 1);
        let mut position = schedule.len() - 1;
        let mut handed: Vec<Touch> = Vec::new();
        for (steps, cancelled, fails) in events {
            while let Some(touch) = walk.next(&schedule, &mut |chunk| handed.iter().any(|one| one.chunk == chunk)) {
                prop_assert!(walk.ahead_bytes() <= window || walk.ahead_bytes() == u64::from(touch.bytes));
                handed.push(touch);
            }
            if fails {
                walk.cancelled(&schedule, key(cancelled));
                handed.retain(|one| one.chunk != key(cancelled));
            }
            position += steps;
            walk.used(position);
            let ahead = |one: &Touch| schedule.first_use_after(one.chunk, position).is_some();
            handed.retain(|one| ahead(one) && !schedule.step(position).contains(one));
        }
    }
}
