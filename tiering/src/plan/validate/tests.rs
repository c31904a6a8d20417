//! The validator accepts what is legal and catches every kind of corruption.

use super::*;
use crate::object::Touch;
use crate::plan::rehearse::rehearse;
use crate::plan::samples::{CHUNK, arbitrary, ring, touch, widest};
use crate::plan::schedule::Schedule;
use proptest::prelude::*;
use proptest::sample::Index;

const A: ChunkKey = ChunkKey { object: 0, chunk: 0 };
const B: ChunkKey = ChunkKey { object: 0, chunk: 1 };

fn fetch(touch: Touch) -> Move {
    Move::Fetch { touch, demand: false }
}

/// A one-chunk-per-step ring of two, in room for one: the only plan there is.
fn tight() -> (Trace, Vec<Move>) {
    let (a, b) = (touch(0, CHUNK), touch(1, CHUNK));
    let demand = |touch| Move::Fetch { touch, demand: true };
    let moves = vec![
        demand(a),
        Move::Begin(0),
        Move::End(0),
        Move::Evict(A),
        demand(b),
        Move::Begin(1),
        Move::End(1),
    ];
    (ring(2, 1), moves)
}

fn fault_after(change: impl FnOnce(&mut Vec<Move>)) -> Fault {
    let (trace, mut moves) = tight();
    change(&mut moves);
    validate(&trace, u64::from(CHUNK), 1, &moves).unwrap_err().fault
}

/// Each kind of fault is called by its name.
#[test]
fn every_fault_is_named() {
    let (trace, moves) = tight();
    validate(&trace, u64::from(CHUNK), 1, &moves).unwrap();
    assert!(matches!(fault_after(|moves| _ = moves.remove(3)), Fault::OverCapacity { .. }));
    assert_eq!(fault_after(|moves| moves.insert(1, moves[0])), Fault::AlreadyPresent(A));
    assert_eq!(
        fault_after(|moves| moves.insert(0, fetch(touch(9, CHUNK)))),
        Fault::WrongChunk(touch(9, 1).chunk)
    );
    assert_eq!(fault_after(|moves| moves.insert(0, Move::Evict(B))), Fault::NotPresent(B));
    assert_eq!(fault_after(|moves| moves.insert(2, Move::Evict(A))), Fault::Held(A));
    assert_eq!(fault_after(|moves| _ = moves.remove(4)), Fault::Missing(B));
    assert_eq!(fault_after(|moves| moves.swap(1, 2)), Fault::OutOfOrder);
    assert_eq!(fault_after(|moves| _ = moves.pop()), Fault::Incomplete);
}

/// A prefetch that displaces a chunk used before its own is harm, even where the plan would still work.
#[test]
fn harm_is_named() {
    let trace = ring(3, 1);
    let chunks = [touch(0, CHUNK), touch(1, CHUNK), touch(2, CHUNK)];
    let moves =
        [fetch(chunks[0]), fetch(chunks[1]), Move::Begin(0), Move::End(0), Move::Evict(B), fetch(chunks[2])];
    let violation = validate(&trace, u64::from(2 * CHUNK), 1, &moves).unwrap_err();
    assert_eq!(violation.fault, Fault::SoonerNeeded { evicted: B, fetched: chunks[2].chunk });
    assert_eq!(violation.index, 5);
}

/// Whether a plan cannot do without its first move: an eviction may be superfluous, and so is a fetch for a pass that
/// is no longer played.
fn is_vital(trace: &Trace, moves: &[Move]) -> bool {
    let uses = |position: u64, chunk| {
        let step = &trace.steps[position as usize % trace.steps.len()];
        step.touches.iter().any(|touch| touch.chunk == chunk)
    };
    match moves[0] {
        Move::Evict(_) => false,
        Move::Begin(_) | Move::End(_) => true,
        Move::Fetch { touch, .. } => moves.iter().any(|later| match *later {
            Move::Evict(chunk) => chunk == touch.chunk,
            Move::Begin(position) => uses(position, touch.chunk),
            _ => false,
        }),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// A valid plan with one move removed, doubled, or moved to another place across a dependency is caught; a
    /// thousand of them, a thousand caught.
    #[test]
    fn corrupt_plans_are_caught(
        trace in arbitrary(8, 12, true),
        room in 0_u64..20,
        kind in 0..3,
        at in any::<Index>(),
    ) {
        let capacity = widest(&trace) + room;
        let schedule = Schedule::plan(&trace, capacity, capacity / 3).unwrap();
        let mut moves = rehearse(&schedule, 2).moves;
        prop_assert_eq!(validate(&trace, capacity, 2, &moves), Ok(()));
        let vital: Vec<usize> = (0..moves.len()).filter(|index| is_vital(&trace, &moves[*index..])).collect();
        let index = vital[at.index(vital.len())];
        match kind {
            0 => _ = moves.remove(index),
            1 => moves.insert(index, moves[index]),
            _ => moves[index] = match moves[index] {
                Move::Fetch { touch, demand } => {
                    Move::Fetch { touch: Touch { bytes: touch.bytes + 1, ..touch }, demand }
                }
                Move::Begin(position) => Move::Begin(position + 1),
                Move::End(position) => Move::End(position + 1),
                Move::Evict(chunk) => Move::Evict(chunk),
            },
        }
        prop_assert!(validate(&trace, capacity, 2, &moves).is_err());
    }
}
