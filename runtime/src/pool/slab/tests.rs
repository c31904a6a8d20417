//! Promise: a slab gives every slot once, lowest first, aligned and inside its slices, and takes each back once.

use std::collections::BTreeSet;

use super::*;

/// A slab at a made-up address: descriptors never touch the memory they describe.
fn slab(class: Class) -> Box<Slab> {
    // SAFETY: zeroes are a slab of class 0 without a set bit.
    let slab: Box<Slab> = unsafe { Box::new(std::mem::zeroed()) };
    slab.open(ptr::without_provenance_mut(1 << 20), class, ptr::dangling());
    slab
}

#[test]
fn every_slot_of_every_class_is_given_once() {
    for class in Class::all() {
        let slab = slab(class);
        let mut given = Vec::new();
        let mut batch = [ptr::null_mut(); 100];
        while !slab.is_used_up() {
            let taken = slab.take(&mut batch);
            assert!(taken > 0);
            given.extend_from_slice(&batch[..taken]);
        }
        assert_eq!(slab.take(&mut batch), 0);
        assert_eq!(given.len(), class.slots());
        assert!(given.is_sorted());
        let end = (1 << 20) + class.slab_slices() as usize * super::super::class::SLICE;
        assert!(given.iter().all(|block| block.addr() + class.bytes() <= end));
        assert_eq!(given.iter().map(|block| block.addr()).collect::<BTreeSet<_>>().len(), given.len());
        given.iter().for_each(|&block| slab.put(block));
        assert!(slab.is_idle());
    }
}

#[test]
fn the_lowest_free_slots_are_given_again_first() {
    let class = Class::of(48, 16).unwrap();
    let slab = slab(class);
    let mut all = vec![ptr::null_mut(); class.slots()];
    assert_eq!(slab.take(&mut all), class.slots());
    for i in [700, 3, 64, 128] {
        slab.put(all[i]);
    }
    let mut some = [ptr::null_mut(); 3];
    assert_eq!(slab.take(&mut some), 3);
    assert_eq!(some, [all[3], all[64], all[128]]);
    slab.put(all[5]);
    assert_eq!(slab.take(&mut some), 2);
    assert_eq!(some[..2], [all[5], all[700]]);
    assert!(slab.is_used_up());
}
