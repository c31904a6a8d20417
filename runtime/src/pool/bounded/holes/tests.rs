//! Promise: holes tile the free space exactly, joined wherever they touch, for eight bytes each.

use super::*;
use proptest::prelude::*;

/// The naive truth: one flag per unit.
struct Units(Vec<bool>);

impl Units {
    /// Every hole as first unit and length.
    fn holes(&self) -> Vec<(u32, u32)> {
        let mut holes: Vec<(u32, u32)> = Vec::new();
        for (unit, _) in self.0.iter().enumerate().filter(|(_, free)| **free) {
            match holes.last_mut() {
                Some((first, len)) if *first + *len == unit as u32 => *len += 1,
                _ => holes.push((unit as u32, 1)),
            }
        }
        holes
    }

    fn set(&mut self, hole: Hole, free: bool) {
        self.0[hole.first() as usize..hole.end() as usize].fill(free);
    }
}

fn all(holes: &Holes) -> Vec<(u32, u32)> {
    holes.leaves.iter().flat_map(|leaf| &leaf.holes).map(|hole| (hole.first(), hole.len())).collect()
}

fn check(holes: &Holes, truth: &Units) {
    let expected = truth.holes();
    assert_eq!(all(holes), expected);
    assert_eq!(holes.count(), expected.len());
    assert_eq!(holes.longest(), expected.iter().map(|(_, len)| *len).max().unwrap_or(0));
    assert_eq!(holes.units().0, expected.iter().map(|(_, len)| u64::from(*len)).sum::<u64>());
    assert!(holes.leaves.iter().all(|leaf| (1..=LEAF_MAX).contains(&leaf.holes.len())));
}

const UNITS: u32 = 4000;

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 64 }, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any order of taking and giving leaves what a flag per unit says, and takes the lowest place that fits.
    #[test]
    fn holes_agree_with_a_flag_per_unit(steps in prop::collection::vec((1_u32..40, 0_u32..4, any::<u16>()), 1..600)) {
        let (mut holes, mut truth) = (Holes::new(), Units(vec![false; UNITS as usize]));
        let whole = Hole::new(0, UNITS, true);
        prop_assert!(holes.give(whole));
        truth.set(whole, true);
        let mut blocks: Vec<Hole> = Vec::new();
        for (len, align, pick) in steps {
            if pick % 3 == 0 && !blocks.is_empty() {
                let block = blocks.swap_remove(usize::from(pick) % blocks.len());
                prop_assert!(holes.give(Hole::new(block.first(), block.len(), false)));
                truth.set(block, true);
                prop_assert!(!holes.give(block), "free already");
            } else {
                let align = 1 << align;
                let place = |hole: Hole| {
                    let first = hole.first().next_multiple_of(align);
                    (first + len <= hole.end()).then_some(first)
                };
                let lowest = truth.holes().into_iter().find_map(|(first, len)| place(Hole::new(first, len, true)));
                let taken = holes.take(len, place);
                prop_assert_eq!(taken.map(Hole::first), lowest);
                if let Some(block) = taken {
                    truth.set(block, false);
                    blocks.push(block);
                }
            }
        }
        check(&holes, &truth);
        prop_assert!(holes.count() <= blocks.len() + 1);
        for block in blocks {
            prop_assert!(holes.give(block));
        }
        prop_assert_eq!(all(&holes), vec![(0, UNITS)]);
    }
}

/// Cleanness is never claimed for units that were used, and counted apart.
#[test]
fn what_was_used_is_dirty_until_it_is_cleaned() {
    let mut holes = Holes::new();
    assert!(holes.give(Hole::new(0, 100, true)));
    assert_eq!(holes.units(), (100, 0));
    let block = holes.take(10, |hole| Some(hole.first())).unwrap();
    assert!(block.is_clean());
    assert!(holes.give(Hole::new(block.first(), block.len(), false)));
    assert_eq!(holes.units(), (100, 100), "joined with what was used, nothing is known any more");
    holes.clean(|hole| hole.len() == 100);
    assert_eq!(holes.units(), (100, 0));
    assert_eq!(holes.take_last(99), None);
    assert_eq!(holes.take_last(100), Some(Hole::new(0, 100, true)));
    assert_eq!(holes.units(), (0, 0));
}

/// Thousands of holes stay near eight bytes each, whatever order they came in.
#[test]
fn a_hole_costs_little_more_than_eight_bytes() {
    let holes_made = if cfg!(miri) { 500 } else { 20_000 };
    for step in [1, 7, 4099] {
        let mut holes = Holes::new();
        for i in 0..holes_made {
            let unit = i * step % holes_made * 2;
            assert!(holes.give(Hole::new(unit, 1, false)));
        }
        assert_eq!(holes.count(), holes_made as usize);
        let each = holes.metadata_bytes() as f64 / f64::from(holes_made);
        assert!(each < 9.5, "{each} bytes per hole in steps of {step}");
    }
}
