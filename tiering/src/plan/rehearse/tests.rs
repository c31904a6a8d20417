//! Every plan is legal, never does harm, and reads about as little as MIN with the window set aside.

use super::*;
use crate::object::Trace;
use crate::plan::min;
use crate::plan::samples::{CHUNK, arbitrary, ring, widest, zigzag};
use crate::plan::validate::validate;
use proptest::prelude::*;

fn played(trace: &Trace, capacity_bytes: u64, window_bytes: u64, passes: u32) -> Rehearsal {
    let schedule = Schedule::plan(trace, capacity_bytes, window_bytes).unwrap();
    let rehearsal = rehearse(&schedule, passes);
    assert_eq!(validate(trace, capacity_bytes, passes, &rehearsal.moves), Ok(()));
    rehearsal
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever the trace, the capacity and the window, the moves are legal by an independent validator.
    #[test]
    fn moves_are_legal(trace in arbitrary(16, 40, true), room in 0_u64..60, window in 0_u64..60) {
        let capacity = widest(&trace) + room;
        played(&trace, capacity, window.min(capacity), 4);
    }
}

/// Cyclic streaming, the main job's pattern: from the third pass on at most MIN at capacity − window.
#[test]
fn a_ring_reads_no_more_than_min_beside_the_window() {
    for (n, width, room, window) in [(64, 1, 16, 4), (512, 4, 128, 16), (513, 7, 128, 16), (40, 2, 38, 6)] {
        let trace = ring(n, width);
        let (capacity, window) = (u64::from(room * CHUNK), u64::from(window * CHUNK));
        let bytes = played(&trace, capacity, window, 6).pass_bytes;
        let fewest = min::bytes_per_pass(&trace, capacity - window, 6).unwrap();
        for pass in 2..6 {
            assert!(bytes[pass] <= fewest[pass] * 101 / 100, "ring {n}: {bytes:?} against {fewest:?}");
        }
    }
}

/// Forward and backward: within 2 % of MIN at capacity − window.
#[test]
fn a_zigzag_reads_about_min_beside_the_window() {
    let trace = zigzag(200);
    let (capacity, window) = (u64::from(60 * CHUNK), u64::from(8 * CHUNK));
    let bytes: u64 = played(&trace, capacity, window, 6).pass_bytes[2..].iter().sum();
    let fewest: u64 = min::bytes_per_pass(&trace, capacity - window, 6).unwrap()[2..].iter().sum();
    assert!(bytes * 100 <= fewest * 102, "{bytes} against {fewest}");
}

/// What fits is read once.
#[test]
fn what_fits_is_read_once() {
    let trace = ring(32, 3);
    assert_eq!(
        played(&trace, u64::from(32 * CHUNK), u64::from(4 * CHUNK), 3).pass_bytes,
        [u64::from(32 * CHUNK), 0, 0]
    );
}

/// In the steady state nothing is fetched on demand while the window has room for a step: all is asked for ahead.
#[test]
fn a_settled_stream_never_waits_for_room() {
    let trace = ring(256, 2);
    let moves = played(&trace, u64::from(64 * CHUNK), u64::from(16 * CHUNK), 5).moves;
    let settled = moves.iter().skip_while(|one| **one != Move::End(3 * 128 - 1));
    assert!(settled.clone().any(|one| matches!(one, Move::Fetch { .. })));
    assert!(settled.clone().all(|one| !matches!(one, Move::Fetch { demand: true, .. })));
}
