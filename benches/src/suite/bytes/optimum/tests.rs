//! Promises of the yardsticks: MIN is what trying everything finds, LRU what its definition says.

use super::*;

fn count(missed: &[bool]) -> usize {
    missed.iter().filter(|missed| **missed).count()
}

/// The fewest misses over every choice of victims.
fn fewest(leases: &[usize], present: &[usize], room: usize) -> usize {
    let Some((tensor, rest)) = leases.split_first() else { return 0 };
    if present.contains(tensor) {
        return fewest(rest, present, room);
    }
    let with = |kept: &[usize]| 1 + fewest(rest, &[kept, &[*tensor]].concat(), room);
    if present.len() < room {
        return with(present);
    }
    let without = |at: usize| [&present[..at], &present[at + 1..]].concat();
    (0..present.len()).map(|at| with(&without(at))).min().unwrap_or(usize::MAX)
}

#[test]
fn min_is_what_trying_everything_finds() {
    let mut state = 3_u64;
    for _ in 0..200 {
        let leases: Vec<usize> = (0..9)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 40) as usize % 5
            })
            .collect();
        for room in 1..4 {
            assert_eq!(count(&min(&leases, room, &[])), fewest(&leases, &[], room), "{leases:?} in {room}");
            assert!(count(&lru(&leases, room)) >= fewest(&leases, &[], room));
        }
    }
}

#[test]
fn min_begins_with_what_is_there() {
    let ring: Vec<usize> = (0..4).cycle().take(12).collect();
    let held = latest(&ring, 3);
    assert_eq!(held, [1, 2, 3]);
    for room in 1..4 {
        let held = latest(&ring, room);
        assert_eq!(count(&min(&ring, room, &held)), fewest(&ring, &held, room));
    }
    assert_eq!((latest(&ring, 0), latest(&[5, 5, 6], 3)), (vec![], vec![5, 6]));
}

#[test]
fn a_ring_is_the_worst_of_lru() {
    let leases: Vec<usize> = (0..4).cycle().take(40).collect();
    assert_eq!(count(&lru(&leases, 3)), 40);
    assert_eq!(lru(&[0, 1, 0, 2, 0, 1], 2), [true, true, false, true, false, true]);
}
