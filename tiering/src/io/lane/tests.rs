//! Promises of the lanes: the urgent first, everybody in the end.

use super::*;

fn drain(lanes: &mut Lanes<u32>) -> Vec<(Lane, u32)> {
    std::iter::from_fn(|| lanes.take(|_, _| true)).collect()
}

/// A demand overtakes whatever was queued before it; within a lane the order stays.
#[test]
fn the_urgent_go_first() {
    let mut lanes = Lanes::default();
    for (item, lane) in Lane::ALL.into_iter().rev().chain(Lane::ALL.into_iter().rev()).enumerate() {
        lanes.push(lane, item as u32);
    }
    let order: Vec<_> = drain(&mut lanes).into_iter().map(|(_, item)| item).collect();
    assert_eq!(order, [3, 7, 2, 6, 1, 5, 0, 4]);
    assert!(lanes.is_empty());
}

/// Under demand without end every lane still gets one turn in `SHARE`, and no more.
#[test]
fn nobody_waits_for_ever() {
    let mut lanes = Lanes::default();
    (0..100).for_each(|item| lanes.push(Lane::Background, item));
    (0..100).for_each(|item| lanes.push(Lane::WriteBack, item));
    let mut turns = [0_u32; 4];
    for item in 0..SHARE * 20 {
        lanes.push(Lane::Demand, item);
        let (lane, _) = lanes.take(|_, _| true).unwrap();
        turns[lane.index()] += 1;
    }
    let expected = SHARE * 20 / (SHARE + 1);
    for lane in [Lane::WriteBack, Lane::Background] {
        assert!(turns[lane.index()].abs_diff(expected) <= 2, "{lane}: {turns:?}");
    }
}

/// A lane that may not go is passed by, and goes as soon as it may.
#[test]
fn a_lane_held_back_does_not_hold_up_the_rest() {
    let mut lanes = Lanes::default();
    lanes.push(Lane::Demand, 1);
    lanes.push(Lane::WriteBack, 2);
    assert_eq!(lanes.take(|lane, _| lane.is_patient()), Some((Lane::WriteBack, 2)));
    assert_eq!(lanes.take(|lane, _| lane.is_patient()), None);
    assert_eq!(lanes.take(|_, _| true), Some((Lane::Demand, 1)));
}
