//! Promise: a block can be measured and freed by its address alone, as C does, whatever its size and alignment.

use std::alloc::{GlobalAlloc, Layout};

use stratal::Stratal;

#[test]
fn every_block_knows_its_size_and_can_be_freed_without_it() {
    let pool = Stratal::new();
    for shift in 0..=16 {
        for size in [1, 16, 100, 1000, 32 << 10, 33 << 10, 64 << 10, 65 << 10, 200_000, 5 << 20] {
            let layout = Layout::from_size_align(size, 1 << shift).unwrap();
            // SAFETY: the layout is not empty.
            let block = unsafe { pool.alloc(layout) };
            let usable = pool.usable_size(block);
            assert!(usable >= size, "{layout:?}: {usable}");
            // SAFETY: that many bytes are the caller's.
            unsafe { block.write_bytes(0xA5, usable) };
            // SAFETY: allocated above, and not used below.
            unsafe { pool.free_unsized(block) };
            // SAFETY: the layout is not empty.
            let again = unsafe { pool.alloc(layout) };
            // Other threads of this binary may get to a large one first, and a quarantine keeps small ones.
            let is_next = usable <= 64 << 10 && !cfg!(feature = "hardened");
            assert!(
                !is_next || again == block,
                "{layout:?}: freed by address, it goes where a sized free puts it"
            );
            // SAFETY: allocated above, and not used below.
            unsafe { pool.dealloc(again, layout) };
        }
    }
}
