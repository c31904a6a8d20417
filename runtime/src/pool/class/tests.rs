//! Promise: every small layout gets a class that holds it, aligned, with little waste.

use super::*;

#[test]
fn sizes_ascend_and_waste_at_most_a_fifth() {
    let sizes: Vec<_> = Class::all().map(Class::bytes).collect();
    assert_eq!((sizes[0], sizes[7], sizes[8], *sizes.last().unwrap()), (16, 128, 160, SMALL_MAX));
    for pair in sizes.windows(2) {
        assert!(pair[0] < pair[1]);
        assert!(pair[1] <= 128 || (pair[1] - pair[0]) * 5 <= pair[1], "{pair:?}");
    }
}

#[cfg_attr(miri, ignore = "arithmetic alone, long under the interpreter")]
#[test]
fn every_size_gets_the_smallest_class_that_holds_it() {
    for size in 1..=SMALL_MAX {
        let class = Class::of(size, 1).unwrap();
        assert!(class.bytes() >= size);
        assert!(Class::all().take(class.index()).all(|smaller| smaller.bytes() < size), "{size}");
    }
    assert_eq!(Class::of(0, 1), None, "no caller may ask for nothing");
    assert_eq!(Class::of(SMALL_MAX + 1, 1), None);
    assert_eq!(Class::of(isize::MAX as usize, 1), None);
}

#[cfg_attr(miri, ignore = "arithmetic alone, long under the interpreter")]
#[test]
fn every_alignment_divides_the_class_it_leads_to() {
    for shift in 0..=16 {
        let align = 1 << shift;
        for size in 1..=SMALL_MAX {
            let class = Class::of(size, align).unwrap();
            assert!(class.bytes().is_multiple_of(align), "{size} aligned to {align}");
        }
    }
    assert_eq!(Class::of(8, 2 * SLICE), None, "a slab cannot promise more than 64 KiB");
    assert_eq!(Class::of(8, 1 << 62), None);
    assert_eq!(Class::of((1 << 62) + 8, 1 << 62), None);
}

#[test]
fn slots_and_caches_fit_their_limits() {
    for class in Class::all() {
        assert!(class.slots() <= SLOTS_MAX && class.slots() >= 8 - usize::from(GUARD != 0));
        assert!(class.cached() <= CACHED_MAX && class.cached() >= 8);
        let last = (class.slots() - 1) * class.bytes();
        assert_eq!(class.cut().slot_at(last), Some(class.slots() - 1));
        assert_eq!(class.cut().slot_at(last + 1), None);
        assert_eq!(class.cut().slot_at(last + class.bytes()), None, "past the last slot");
        assert_eq!(class.cut().slot_at(usize::MAX - 15), None, "before the first");
        assert!(class.elastic() >= class.cached());
    }
}
