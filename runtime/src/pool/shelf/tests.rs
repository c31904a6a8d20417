//! Promise: the fullest slab serves first, full ones are on no list, and the counters agree with the slabs.

use super::super::class::Class;
use super::*;

fn slab(number: usize, class: Class) -> Box<Slab> {
    // SAFETY: zeroes are a slab of class 0 without a set bit.
    let slab: Box<Slab> = unsafe { Box::new(std::mem::zeroed()) };
    slab.open(ptr::without_provenance_mut(number << 20), true, class, ptr::dangling());
    slab
}

#[test]
fn the_fullest_slab_serves_first() {
    let class = Class::of(64, 16).unwrap();
    let shelf = Shelf::new();
    let slabs: Vec<_> = (1..=3).map(|number| slab(number, class)).collect();
    slabs.iter().for_each(|slab| shelf.add(slab));
    let (slots, half) = (class.slots(), class.slots() / 2);
    let mut blocks = vec![ptr::null_mut(); slots];
    // One used up, one with few free slots, one half empty.
    assert_eq!(shelf.take(&slabs[0], &mut blocks), slots);
    assert_eq!(shelf.take(&slabs[1], &mut blocks[24..]), slots - 24);
    let low = blocks[25];
    assert_eq!(shelf.take(&slabs[2], &mut blocks[..half]), half);
    assert!(ptr::eq(shelf.fullest().unwrap(), &raw const *slabs[1]));
    let counts = shelf.counts();
    assert_eq!((counts.slabs, counts.taken - counts.returned), (3, 2 * slots - 24 + half));
    let mut visited = 0;
    shelf.for_each(|_| visited += 1);
    assert_eq!(visited, 2, "the full one is on no list");
    // The few left in it are used up, then the half empty one serves.
    let mut rest = vec![ptr::null_mut(); 24];
    assert_eq!(shelf.take(&slabs[1], &mut rest), 24);
    assert!(ptr::eq(shelf.fullest().unwrap(), &raw const *slabs[2]) && shelf.has_only_this());
    // One block that comes home puts its slab up again, as the fullest.
    shelf.put(&slabs[1], &[low]);
    assert!(ptr::eq(shelf.fullest().unwrap(), &raw const *slabs[1]));
    shelf.remove(&slabs[1]);
    shelf.remove(&slabs[2]);
    assert!(shelf.fullest().is_none());
}
