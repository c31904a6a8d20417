//! Promise: an automatic budget gives way at once, comes back slowly, and stays between its bounds.

use super::*;
use proptest::prelude::*;

const GIB: u64 = 1 << 30;
const SECOND: u64 = 1_000_000_000;

fn reading(room_bytes: u64, stalled_us: u64) -> Reading {
    Reading { limit_bytes: 16 * GIB, room_bytes, stalled_us }
}

fn holding(budget_bytes: u64) -> Holding {
    Holding { budget_bytes, committed_bytes: budget_bytes }
}

/// Others take memory: the budget is what they leave, less the margin; when they go it returns step by step.
#[test]
fn it_makes_way_at_once_and_returns_slowly() {
    let mut governor = Governor::new();
    assert_eq!(
        governor.decide(0, reading(7 * GIB, 0), false, holding(8 * GIB)),
        None,
        "there is room for both"
    );
    let taken = governor.decide(SECOND, reading(0, 0), false, holding(8 * GIB));
    assert_eq!(taken, Some(7 * GIB), "all but the margin");
    let budget = 7 * GIB;
    assert_eq!(governor.decide(2 * SECOND, reading(9 * GIB, 0), false, holding(budget)), None, "not yet");
    let back = governor.decide(12 * SECOND, reading(9 * GIB, 0), false, holding(budget));
    assert_eq!(back, Some(budget + GIB / 4));
    assert_eq!(governor.decide(13 * SECOND, reading(9 * GIB, 0), false, holding(budget + GIB / 4)), None);
}

/// Stalls, or the kernel's alarm, cost an eighth at a time, and no more often than once in a second.
#[test]
fn pressure_costs_an_eighth_at_a_time() {
    let mut governor = Governor::new();
    let calm = reading(8 * GIB, 1000);
    assert_eq!(
        governor.decide(0, calm, false, holding(8 * GIB)),
        None,
        "the first look has nothing to compare"
    );
    assert_eq!(governor.decide(5 * SECOND, reading(8 * GIB, 401_000), false, holding(8 * GIB)), None, "8 %");
    let stalled = reading(8 * GIB, 1_401_000);
    assert_eq!(governor.decide(10 * SECOND, stalled, false, holding(8 * GIB)), Some(7 * GIB), "20 %");
    assert_eq!(
        governor.decide(10 * SECOND + 1, stalled, true, holding(7 * GIB)),
        None,
        "a second has not passed"
    );
    let again = governor.decide(12 * SECOND, stalled, true, holding(7 * GIB));
    assert_eq!(again, Some(7 * GIB - 7 * GIB / 8));
    assert_eq!(governor.decide(20 * SECOND, stalled, false, holding(6 * GIB)), None, "calm for 8 s only");
}

proptest! {
    /// Whatever it reads, what it decides lies between an eighth of half the limit and half of it, and a lowered budget
    /// is never above what there is, the margin set aside.
    #[test]
    fn it_stays_between_its_bounds(
        limit in 1_u64..1 << 50,
        looks in prop::collection::vec((0_u64..1 << 50, 0_u64..100_000_000, any::<bool>()), 1..30),
    ) {
        let mut governor = Governor::new();
        let (mut budget, mut stalled) = (limit / 2, 0);
        for (second, (room, waited, alarm)) in (0_u64..).zip(looks) {
            stalled += waited;
            let room_bytes = room.min(limit);
            let now = Reading { limit_bytes: limit, room_bytes, stalled_us: stalled };
            if let Some(decided) = governor.decide(second * 3 * SECOND, now, alarm, holding(budget)) {
                let (ceiling, floor) = ((limit / 2).max(1), (limit / 16).max(1));
                prop_assert!(decided >= floor && decided <= ceiling.max(floor) && decided != budget);
                prop_assert!(decided <= budget.saturating_add(room_bytes).max(floor));
                budget = decided;
            }
        }
    }
}
