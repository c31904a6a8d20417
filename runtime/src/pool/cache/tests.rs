//! Promise: a cache gives every block back exactly once, newest first, and never takes more than it holds.

use super::*;

fn block(i: usize) -> *mut u8 {
    ptr::without_provenance_mut(16 * i)
}

#[test]
fn blocks_come_back_newest_first_and_no_more_than_fit() {
    let mut array = [ptr::null_mut(); 5];
    let cache = Cache::nothing();
    // SAFETY: five zeroed slots that outlive the cache's use; it is empty.
    unsafe { cache.move_to(array.as_mut_ptr(), 4, 0) };
    assert!(cache.pop().is_null());
    assert!((1..=4).all(|i| cache.push(block(i))));
    assert!(!cache.push(block(5)));
    assert_eq!(cache.len(4), 4);
    for i in (1..=4).rev() {
        assert_eq!(cache.pop(), block(i));
    }
    assert!(cache.pop().is_null());
}

#[test]
fn the_oldest_leave_first_and_the_rest_keeps_its_order() {
    let mut array = [ptr::null_mut(); 9];
    let cache = Cache::nothing();
    // SAFETY: nine zeroed slots that outlive the cache's use; it is empty.
    unsafe { cache.move_to(array.as_mut_ptr(), 8, 0) };
    (1..=8).for_each(|i| assert!(cache.push(block(i))));
    let mut out = [ptr::null_mut(); 3];
    assert_eq!(cache.take_oldest(8, &mut out), 3);
    assert_eq!(out, [block(1), block(2), block(3)]);
    assert_eq!(cache.pop(), block(8));
    let mut all = [ptr::null_mut(); 8];
    assert_eq!(cache.take_oldest(8, &mut all), 4);
    assert_eq!(all[..4], [block(4), block(5), block(6), block(7)]);
    assert_eq!(cache.take_oldest(8, &mut all), 0);
    assert!(cache.pop().is_null());
}

#[test]
fn the_newest_leave_in_the_order_they_have() {
    let mut array = [ptr::null_mut(); 9];
    let cache = Cache::nothing();
    // SAFETY: nine zeroed slots that outlive the cache's use; it is empty.
    unsafe { cache.move_to(array.as_mut_ptr(), 4, 0) };
    (1..=4).for_each(|i| assert!(cache.push(block(i))));
    assert!(!cache.push(block(5)));
    // SAFETY: the array has nine slots, and the capacity was 4.
    unsafe { cache.bound(8, 4) };
    assert!(cache.push(block(5)));
    let mut out = [ptr::null_mut(); 3];
    assert_eq!(cache.take_newest(8, &mut out), 3);
    assert_eq!(out, [block(3), block(4), block(5)]);
    assert_eq!(cache.take_newest(8, &mut out), 2);
    assert_eq!((out[0], out[1], cache.take_newest(8, &mut out)), (block(1), block(2), 0));
    assert!(cache.pop().is_null());
}

#[test]
fn the_cache_of_nothing_is_empty_and_full() {
    let cache = Cache::nothing();
    assert!(cache.pop().is_null());
    assert!(!cache.push(block(1)));
    assert_eq!(cache.len(0), 0);
}

#[test]
fn a_longer_array_keeps_what_the_cache_holds() {
    let (mut short, mut long) = ([ptr::null_mut(); 3], [ptr::null_mut(); 7]);
    let cache = Cache::nothing();
    // SAFETY: three zeroed slots that outlive the cache's use; it is of capacity 0.
    unsafe { cache.move_to(short.as_mut_ptr(), 2, 0) };
    assert!(cache.push(block(1)) && cache.push(block(2)) && !cache.push(block(3)));
    // SAFETY: seven zeroed slots that outlive the cache's use; it is of capacity 2.
    unsafe { cache.move_to(long.as_mut_ptr(), 6, 2) };
    assert_eq!(cache.len(6), 2);
    assert!((3..=6).all(|i| cache.push(block(i))) && !cache.push(block(7)));
    assert!((1..=6).rev().all(|i| cache.pop() == block(i)));
    assert!(cache.pop().is_null());
}

#[test]
fn filling_stops_where_the_cache_ends() {
    let mut array = [ptr::null_mut(); 5];
    let cache = Cache::nothing();
    // SAFETY: five zeroed slots that outlive the cache's use; it is of capacity 0.
    unsafe { cache.move_to(array.as_mut_ptr(), 4, 0) };
    cache.push(block(1));
    cache.fill(10, |vacant| {
        assert_eq!(vacant.len(), 3);
        vacant[..2].copy_from_slice(&[block(3), block(2)]);
        2
    });
    assert_eq!(cache.len(4), 3);
    assert!((1..=3).rev().map(|i| if i == 1 { 1 } else { 5 - i }).all(|i| cache.pop() == block(i)));
}
