//! Runs of units against a naive model.

use super::Slab;
use std::collections::BTreeSet;

#[test]
fn runs_are_disjoint_first_fit_and_come_back() {
    let (mut slab, mut model, mut held) = (Slab::new(2 << 20), BTreeSet::new(), Vec::new());
    let mut dice = 7_u64;
    for _ in 0..3000 {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if dice >> 63 == 0 || held.is_empty() {
            let len = 1 + (dice >> 20) % 100_000;
            let units = len.div_ceil(512) as usize;
            let fits = (0..=4096 - units).find(|&first| model.range(first..first + units).next().is_none());
            assert_eq!(slab.take(len), fits.map(|first| (first, units)));
            if let Some(first) = fits {
                model.extend(first..first + units);
                held.push((first, units));
            }
        } else {
            let (first, units) = held.swap_remove((dice >> 30) as usize % held.len());
            slab.give(first, units);
            (first..first + units).for_each(|unit| assert!(model.remove(&unit)));
        }
        assert_eq!(slab.is_empty(), model.is_empty());
    }
}
