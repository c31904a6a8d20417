//! The bounds are what they say: no pass can be faster, and the plan bound is exact on cases done by hand.

use super::*;
use crate::object::Touch;
use crate::plan::samples::{CHUNK, ring, touch};

/// One byte per nanosecond.
const GB_PER_S: f64 = 1e9;
const CHUNK_NS: u64 = CHUNK as u64;

/// The roofline is the larger of computing and moving.
#[test]
fn roofline_is_the_larger_part() {
    assert_eq!(roofline_ns(10, 5, GB_PER_S), 10);
    assert_eq!(roofline_ns(10, 50, GB_PER_S), 50);
}

/// Two steps, each with its chunk fetched as the one before begins: done by hand.
#[test]
fn moves_are_timed_by_the_recurrence() {
    let trace = ring(2, 1);
    let fetch = |chunk, demand| Move::Fetch { touch: touch(chunk, CHUNK), demand };
    let moves = [
        fetch(0, true),  // link busy 0 .. C
        Move::Begin(0),  // C
        fetch(1, false), // C .. 2C
        Move::End(0),    // C + 100
        Move::Begin(1),  // 2C
        Move::End(1),    // 2C + 3C
        Move::Begin(2),  // nothing to fetch
        Move::End(2),    // 5C + 100
        Move::Begin(3),
        Move::End(3), // 8C + 100
    ];
    let ends = moves_ns(&trace, &moves, &[100, 3 * CHUNK_NS], GB_PER_S);
    assert_eq!(ends, [5 * CHUNK_NS, 3 * CHUNK_NS + 100]);
}

/// A stream bound by the disk takes its bytes, one bound by compute its compute, once it has settled.
#[test]
fn a_settled_ring_reaches_the_roofline() {
    let trace = ring(64, 2);
    let (capacity, window) = (u64::from(24 * CHUNK), u64::from(8 * CHUNK));
    let streamed = u64::from(48 * CHUNK);
    for step_ns in [10, CHUNK_NS / 4, 8 * CHUNK_NS] {
        let compute = vec![step_ns; 32];
        let passes = bound_ns(&trace, &compute, GB_PER_S, capacity, window, 6).unwrap();
        let roofline = roofline_ns(32 * step_ns, streamed, GB_PER_S);
        assert!(passes[5] >= roofline, "{passes:?} against {roofline}");
        assert!(passes[5] * 100 <= roofline * 105, "{passes:?} against {roofline}");
    }
}

/// Spreading is what reaches it: the same bytes with the misses in one place take longer when compute and disk are
/// balanced.
#[test]
fn clustered_misses_are_slower_than_spread_ones() {
    let trace = ring(64, 1);
    let (capacity, window) = (u64::from(36 * CHUNK), u64::from(4 * CHUNK));
    let step_ns = vec![CHUNK_NS / 2; 64];
    let spread = bound_ns(&trace, &step_ns, GB_PER_S, capacity, window, 5).unwrap()[4];
    // By hand: chunks 0 .. 32 stay, the rest streams through four slots, fetched as soon as a slot is free.
    let mut moves: Vec<Move> =
        (0..32).map(|chunk| Move::Fetch { touch: touch(chunk, CHUNK), demand: true }).collect();
    let mut ahead: Vec<Touch> = Vec::new();
    for position in 0..5 * 64 {
        moves.push(Move::Begin(position));
        moves.push(Move::End(position));
        let coming = (position + 1..position + 65).map(|at| touch((at % 64) as u32, CHUNK));
        ahead.retain(|touch| u64::from(touch.chunk.chunk) != position % 64);
        for touch in coming.filter(|touch| touch.chunk.chunk >= 32).take(4) {
            if !ahead.contains(&touch) {
                moves.push(Move::Fetch { touch, demand: false });
                ahead.push(touch);
            }
        }
    }
    let clustered = moves_ns(&trace, &moves, &step_ns, GB_PER_S)[4];
    assert!(clustered * 10 > spread * 13, "{clustered} against {spread}");
}
