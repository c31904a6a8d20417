//! Promises of registered memory: only what the kernel took is named by number.

use super::*;

fn regions() -> Regions {
    let base = 1 << 40;
    let region = Region { index: 7, base, len: 5 << 29, first_entry: 3 };
    Regions { regions: vec![region], used: 6, room: 8 }
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
