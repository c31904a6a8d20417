//! Promises of the gate: the window, the tags, and who gives way.

use super::*;

const MIB: u32 = 1 << 20;

fn fill(gate: &mut Gate, lane: Lane, len: u32, now: Duration) -> u32 {
    let mut went = 0;
    while gate.admits(lane, Op::Read, len, now) {
        gate.went(lane, len);
        went += 1;
    }
    went
}

/// Prefetch fills the window and no more; a demand then waits for a piece of it to come back.
#[test]
fn the_window_holds() {
    let mut gate = Gate::new();
    let window = gate.window_bytes(Op::Read);
    assert_eq!(u64::from(fill(&mut gate, Lane::Prefetch, 2 * MIB, Duration::ZERO) * 2 * MIB), window);
    assert!(!gate.admits(Lane::Demand, Op::Read, 2 * MIB, Duration::ZERO));
    gate.came(Lane::Prefetch, Op::Read, 2 * MIB, 2 * MIB, true, Duration::ZERO);
    assert!(gate.admits(Lane::Demand, Op::Read, 2 * MIB, Duration::ZERO));
}

/// A demand goes past a device full of patient pieces at once, and they keep to their share while it lasts and a
/// moment after.
#[test]
fn patient_lanes_give_way() {
    let mut gate = Gate::new();
    let full = fill(&mut gate, Lane::WriteBack, 2 * MIB, Duration::ZERO);
    gate.submitted(Lane::Demand, Op::Write);
    assert!(!gate.is_waited(Duration::ZERO), "a write that is waited for makes room, as patient ones do");
    gate.submitted(Lane::Demand, Op::Read);
    assert!(gate.admits(Lane::Demand, Op::Read, 2 * MIB, Duration::ZERO));
    for _ in 0..full {
        gate.came(Lane::WriteBack, Op::Write, 2 * MIB, 2 * MIB, true, Duration::ZERO);
    }
    assert_eq!(fill(&mut gate, Lane::Background, 2 * MIB, Duration::ZERO), full / PATIENT_SHARE as u32);
    gate.ended(Lane::Demand, Op::Read, Duration::from_millis(1));
    assert!(!gate.admits(Lane::WriteBack, Op::Write, 2 * MIB, Duration::from_millis(2)));
    assert!(gate.admits(Lane::WriteBack, Op::Write, 2 * MIB, Duration::from_millis(2) + WAITED));
}

/// However small the pieces and deep the choice, tags are left over; and one piece may always go.
#[test]
fn tags_are_never_used_up() {
    let mut gate = Gate::new();
    gate.fix(4096);
    assert_eq!(fill(&mut gate, Lane::Demand, 4096, Duration::ZERO), TAGS_MAX);
    let mut gate = Gate::new();
    gate.fix(4096);
    assert_eq!(fill(&mut gate, Lane::Demand, 4 * MIB, Duration::ZERO), TAGS_MAX / 8);
    assert!(Gate::new().admits(Lane::Background, Op::Write, u32::MAX / 2, Duration::ZERO));
}

/// A depth that was chosen is kept.
#[test]
fn a_chosen_depth_is_kept() {
    for depth in [1, 3] {
        let mut gate = Gate::new();
        gate.fix(depth);
        assert_eq!(fill(&mut gate, Lane::Prefetch, 4096, Duration::ZERO), depth);
    }
}
