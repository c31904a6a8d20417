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
    unsafe { cache.adopt(array.as_mut_ptr(), 4) };
    assert!(cache.pop().is_null());
    assert!((1..=4).all(|i| cache.push(block(i))));
    assert!(!cache.push(block(5)));
    assert_eq!(cache.len(), 4);
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
    unsafe { cache.adopt(array.as_mut_ptr(), 8) };
    (1..=8).for_each(|i| assert!(cache.push(block(i))));
    let mut out = [ptr::null_mut(); 3];
    assert_eq!(cache.take_oldest(&mut out), 3);
    assert_eq!(out, [block(1), block(2), block(3)]);
    assert_eq!(cache.pop(), block(8));
    let mut all = [ptr::null_mut(); 8];
    assert_eq!(cache.take_oldest(&mut all), 4);
    assert_eq!(all[..4], [block(4), block(5), block(6), block(7)]);
    assert_eq!(cache.take_oldest(&mut all), 0);
    assert!(cache.pop().is_null());
}

#[test]
fn the_cache_of_nothing_is_empty_and_full() {
    let cache = Cache::nothing();
    assert!(cache.pop().is_null());
    assert!(!cache.push(block(1)));
    assert_eq!(cache.len(), 0);
}
