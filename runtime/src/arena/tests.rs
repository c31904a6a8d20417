//! Promise: values of an arena are aligned, apart from each other, and inside it.

use super::*;

#[test]
fn values_are_aligned_and_do_not_overlap() {
    let arena = Arena::with_capacity(256).unwrap();
    let bytes = arena.copy(&[1u8, 2, 3]).unwrap();
    let words = arena.fill_with(4, |i| i as u64 + 10).unwrap();
    let wide = arena.copy(&[u128::MAX]).unwrap();
    assert!(words.as_ptr().addr().is_multiple_of(8) && wide.as_ptr().addr().is_multiple_of(16));
    bytes[2] = 9;
    words[3] = 99;
    assert_eq!((&*bytes, &*words, &*wide), (&[1, 2, 9][..], &[10, 11, 12, 99][..], &[u128::MAX][..]));
    assert_eq!(arena.used_bytes(), 64);
}

#[test]
fn what_does_not_fit_is_none_and_leaves_the_rest_usable() {
    let mut arena = Arena::with_capacity(64).unwrap();
    assert!(arena.fill_with(9, |i| i as u64).is_none());
    assert!(arena.fill_with(usize::MAX, |_| 0u64).is_none());
    assert!(arena.fill_with(8, |i| i as u64).is_some());
    assert!(arena.copy(&[0u8]).is_none());
    assert_eq!(arena.copy::<u8>(&[]), Some(&mut [][..]));
    arena.clear();
    assert!(arena.fill_with(64, |_| 0u8).is_some());
    assert_eq!(Arena::with_capacity(usize::MAX).unwrap_err().kind(), ErrorKind::OutOfMemory);
    assert_eq!(Arena::with_capacity(0).unwrap().capacity_bytes(), 0);
}

#[test]
fn a_value_may_come_from_the_arena_itself() {
    let arena = Arena::with_capacity(256).unwrap();
    let sums = arena
        .fill_with(3, |i| arena.fill_with(i + 1, |j| j as u32).map_or(0, |part| part.iter().sum()))
        .unwrap();
    assert_eq!(sums, [0, 1, 3]);
}
