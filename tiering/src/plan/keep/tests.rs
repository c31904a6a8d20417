//! The kept set is as large as it may be, prefers what saves most, and is spread evenly.

use super::*;
use crate::object::Trace;
use crate::plan::samples::{CHUNK, ring, touch, trace};
use proptest::prelude::*;

fn kept(trace: &Trace, capacity: u32, window: u32) -> Vec<u32> {
    let bytes = |chunks: u32| u64::from(chunks * CHUNK);
    let schedule = Schedule::plan(trace, bytes(capacity), bytes(window)).unwrap();
    let room = Room { capacity_bytes: bytes(capacity), window_bytes: bytes(window) };
    choose(&schedule, room).iter().map(|touch| touch.chunk.chunk).collect()
}

proptest! {
    /// After any prefix of the pass the bytes taken are the same share of it, to within the largest chunk, and less
    /// than one chunk that would fit is left over.
    #[test]
    fn takes_evenly(sizes in prop::collection::vec(1_u32..20, 1..80), room in 0_u64..900) {
        let touches: Vec<Touch> = (0..).zip(&sizes).map(|(chunk, bytes)| touch(chunk, *bytes)).collect();
        let total: u64 = sizes.iter().map(|bytes| u64::from(*bytes)).sum();
        let largest = f64::from(*sizes.iter().max().unwrap());
        let taken = spread(&touches, room);
        let taken_bytes: u64 = taken.iter().map(|touch| u64::from(touch.bytes)).sum();
        prop_assert!(taken_bytes <= room);
        let left = touches.iter().filter(|touch| !taken.contains(touch));
        prop_assert!(left.clone().all(|touch| u64::from(touch.bytes) > room - taken_bytes));
        let share = room.min(total) as f64 / total as f64;
        let (mut passed, mut held) = (0.0, 0.0);
        for touch in &touches {
            passed += f64::from(touch.bytes);
            held += if taken.contains(touch) { f64::from(touch.bytes) } else { 0.0 };
            // The fill-up at the end adds at most what one chunk left over.
            prop_assert!((held - passed * share).abs() <= 2.0 * largest);
        }
    }
}

/// Of 64 equal chunks a quarter is every fourth, not the first sixteen.
#[test]
fn a_quarter_is_every_fourth() {
    let kept = kept(&ring(64, 1), 20, 4);
    assert_eq!(kept, (0..16).map(|index| 4 * index + 3).collect::<Vec<u32>>());
}

/// A chunk used at both ends of a pass saves two fetches per byte, and is kept before those that save one.
#[test]
fn what_saves_most_is_kept_first() {
    let chunks: Vec<u32> = (0..16).chain([100]).chain(16..32).chain([100]).collect();
    assert!(kept(&trace(chunks.chunks(1)), 4, 2).contains(&100));
}

/// A chunk used again before the window has streamed by costs one fetch for both uses: no reason to prefer it.
#[test]
fn near_repetitions_save_nothing() {
    let chunks: Vec<u32> = [100, 100].into_iter().chain(0..32).collect();
    let schedule =
        Schedule::plan(&trace(chunks.chunks(1)), u64::from(8 * CHUNK), u64::from(4 * CHUNK)).unwrap();
    let fetches = candidates(&schedule, u64::from(4 * CHUNK));
    assert!(fetches.iter().all(|candidate| candidate.fetches == 1));
}
