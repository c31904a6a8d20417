//! Promise: a run is found in the bin its length belongs to, and later bins hold longer runs only.

use super::*;

#[cfg_attr(miri, ignore = "arithmetic alone, long under the interpreter")]
#[test]
fn bins_ascend_with_length() {
    let mut last = 0;
    for slices in 1..100_000u32 {
        let bin = Bins::of(slices);
        assert!(bin >= last && bin < BINS);
        last = bin;
    }
    assert!(Bins::of(u32::MAX) < BINS);
    assert_ne!(Bins::of(3), Bins::of(2));
    assert_eq!(Bins::of(40), Bins::of(47));
    assert_ne!(Bins::of(47), Bins::of(48));
}

#[test]
fn ids_survive_the_word() {
    assert_eq!(RunId::from_word(0), None);
    for id in [RunId { segment: 0, slice: 0 }, RunId { segment: 255, slice: u32::MAX }] {
        assert_eq!(RunId::from_word(id.to_word()), Some(id));
    }
}

#[test]
fn only_occupied_bins_are_visited() {
    let mut bins = Bins::new();
    let id = RunId { segment: 0, slice: 7 };
    for bin in [0, 5, 64, 127] {
        bins.set_head(bin, Some(id));
    }
    assert!(bins.occupied_from(0).eq([0, 5, 64, 127]));
    assert!(bins.occupied_from(6).eq([64, 127]));
    bins.set_head(127, None);
    assert!(bins.occupied_from(65).eq([0_usize; 0]));
}
