//! Promise: a slab gives every slot once, lowest first, aligned and inside its slices, and takes each back once.

use std::collections::BTreeSet;

use super::*;

/// A slab at a made-up address: descriptors never touch the memory they describe.
fn slab(class: Class) -> Box<Slab> {
    // SAFETY: zeroes are a slab of class 0 without a set bit.
    let slab: Box<Slab> = unsafe { Box::new(std::mem::zeroed()) };
    slab.open(ptr::without_provenance_mut(1 << 20), true, class, ptr::dangling());
    slab
}

#[test]
fn every_slot_of_every_class_is_given_once() {
    for class in Class::all() {
        let slab = slab(class);
        let mut given: Vec<*mut u8> = Vec::new();
        let mut batch = [ptr::null_mut(); 100];
        while !slab.is_used_up() {
            let taken = slab.take(&mut batch);
            assert!(taken > 0);
            given.extend(batch[..taken].iter().rev());
        }
        assert_eq!(slab.take(&mut batch), 0);
        assert_eq!(given.len(), class.slots());
        assert!(given.is_sorted());
        let end = (1 << 20) + class.slab_slices() as usize * super::super::class::SLICE;
        assert!(given.iter().all(|block| block.addr() + class.bytes() <= end));
        assert_eq!(given.iter().map(|block| block.addr()).collect::<BTreeSet<_>>().len(), given.len());
        given.chunks(7).for_each(|blocks| slab.put(blocks));
        assert!(slab.is_idle());
    }
}

#[test]
fn the_lowest_free_slots_are_given_again_first() {
    let class = Class::of(48, 16).unwrap();
    let slab = slab(class);
    let mut all = vec![ptr::null_mut(); class.slots()];
    assert_eq!(slab.take(&mut all), class.slots());
    all.reverse();
    slab.put(&[all[700], all[3], all[64], all[128]]);
    let mut some = [ptr::null_mut(); 3];
    assert_eq!(slab.take(&mut some), 3);
    assert_eq!(some, [all[128], all[64], all[3]]);
    slab.put(&[all[5]]);
    assert_eq!(slab.take(&mut some), 2);
    assert_eq!(some[..2], [all[700], all[5]]);
    assert!(slab.is_used_up());
}

#[test]
fn fresh_slots_are_known_until_they_are_given() {
    let class = Class::of(4096, 16).unwrap();
    let slab = slab(class);
    let first = slab.take_fresh();
    assert_eq!(first.addr(), 1 << 20);
    let mut some = [ptr::null_mut(); 2];
    assert_eq!(slab.take(&mut some), 2);
    assert_eq!(slab.take_fresh().addr(), (1 << 20) + 3 * 4096);
    slab.put(&[first]);
    assert!(slab.take_fresh().is_null(), "a slot that was used goes first, and is not known to be zero");
    assert_eq!(slab.take(&mut some[..1]), 1);
    assert_eq!(some[0], first);
    assert_eq!(slab.take_fresh().addr(), (1 << 20) + 4 * 4096);
}

#[test]
fn slots_of_dirty_slices_are_never_fresh() {
    let class = Class::of(4096, 16).unwrap();
    let slab = slab(class);
    slab.open(ptr::without_provenance_mut(1 << 20), false, class, ptr::dangling());
    assert!(slab.take_fresh().is_null());
}

#[test]
fn neighbours_are_recognised_by_their_slab() {
    let class = Class::of(64, 16).unwrap();
    let slab = slab(class);
    let at = |offset: usize| ptr::without_provenance_mut::<u8>((1 << 20) + offset);
    assert_eq!(slab.leading(&[at(0), at(640), at(65_472), at(65_536), at(64)]), 3);
    assert_eq!(slab.leading(&[at(0).wrapping_sub(64), at(0)]), 0);
}
