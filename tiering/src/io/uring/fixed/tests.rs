//! Promises of registered memory: only what the kernel took is named by number.

use super::*;

fn regions() -> Regions {
    let base = 1 << 40;
    let region = Region { index: Some(7), base, len: 5 << 29, first_entry: 3 };
    Regions { regions: vec![region], room: 8 }
}

/// A place is found in the entry its bytes lie in, entries being 1 GiB apart.
#[test]
fn places_find_their_entries() {
    let regions = regions();
    let at = |skip: u64| FixedPlace { region: 7, address: (1 << 40) + skip };
    assert_eq!(regions.find(at(0), 4096), Some((3, 1 << 40)));
    assert_eq!(regions.find(at(1 << 30), 4096), Some((4, (1 << 40) + (1 << 30))));
    assert_eq!(regions.find(at((5 << 29) - 4096), 4096), Some((5, (1 << 40) + (5 << 29) - 4096)));
}

/// What lies outside, across two entries, or in an unknown region goes by address instead.
#[test]
fn other_places_are_not_named() {
    let regions = regions();
    let at = |address: u64| FixedPlace { region: 7, address };
    for (place, len) in [
        (at((1 << 40) - 1), 4096),
        (at((1 << 40) + (5 << 29) - 4095), 4096),
        (at((1 << 40) + (1 << 30) - 2048), 4096),
        (at(u64::MAX), 4096),
        (at(1 << 40), 0),
        (FixedPlace { region: 6, address: 1 << 40 }, 4096),
    ] {
        assert_eq!(regions.find(place, len), None, "{place:?}");
    }
}

/// Entries are found in the first gap that is long enough.
#[test]
fn entries_of_forgotten_regions_are_used_again() {
    let mut regions = regions();
    assert_eq!(regions.regions[0].entries(), 3);
    assert_eq!(regions.gap(3), Some((0, 0)));
    assert_eq!(regions.gap(2), Some((0, 0)));
    assert_eq!(regions.gap(4), None);
    regions.regions.insert(0, Region { index: Some(1), base: 0, len: 2 << 30, first_entry: 0 });
    assert_eq!(regions.gap(1), Some((1, 2)));
    assert_eq!(regions.gap(2), Some((2, 6)));
    assert_eq!(regions.gap(3), None);
}

/// A region that the kernel would not let go of is named no more, and its entries stay taken.
#[test]
fn a_region_that_stays_pinned_is_not_named() {
    let mut regions = regions();
    regions.regions[0].index = None;
    assert_eq!(regions.find(FixedPlace { region: 7, address: 1 << 40 }, 4096), None);
    assert_eq!(regions.gap(4), None);
}
