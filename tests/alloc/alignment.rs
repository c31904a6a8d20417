//! Promise: every alignment from 1 byte to 1 GiB is exact, for small blocks, long ones and resized ones.

use std::alloc::{GlobalAlloc, Layout};

use stratal::Stratal;
use stratal_support::shadow::{Ledger, Shadow};

#[test]
fn every_alignment_is_exact() {
    let mut shadow = Shadow::new(Stratal::new(), Ledger::default(), 1);
    for shift in 0..=30 {
        let align = 1usize << shift;
        for size in [1, align.min(1 << 20), (align + align / 2).min(3 << 20), 100_000] {
            let layout = Layout::from_size_align(size, align).unwrap();
            assert!(shadow.alloc(layout, false), "{layout:?}");
            assert!(shadow.alloc(layout, true), "{layout:?}");
            assert!(shadow.realloc(0, size * 2), "{layout:?}");
        }
        while !shadow.is_empty() {
            shadow.free(0);
        }
    }
}

#[test]
fn impossible_layouts_are_null() {
    for (size, align) in [(1, 1 << 62), (isize::MAX as usize - 4096, 1), (1 << 60, 1 << 30), (8, 1 << 50)] {
        let layout = Layout::from_size_align(size, align).unwrap();
        // SAFETY: the layout is not empty.
        assert!(unsafe { Stratal::new().alloc(layout) }.is_null(), "{layout:?}");
        // SAFETY: as above.
        assert!(unsafe { Stratal::new().alloc_zeroed(layout) }.is_null(), "{layout:?}");
    }
}

#[test]
fn a_resize_that_cannot_be_met_keeps_the_block() {
    let layout = Layout::from_size_align(3 << 20, 64).unwrap();
    // SAFETY: the layout is not empty.
    let block = unsafe { Stratal::new().alloc_zeroed(layout) };
    // SAFETY: live, with this layout; the size is below `isize::MAX`.
    assert!(unsafe { Stratal::new().realloc(block, layout, isize::MAX as usize - 4096) }.is_null());
    // SAFETY: live still, and zeroed.
    assert!((0..layout.size()).all(|i| unsafe { block.add(i).read() } == 0));
    // SAFETY: live, with this layout.
    unsafe { Stratal::new().dealloc(block, layout) };
}
