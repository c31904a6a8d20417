//! Promise: the allocator keeps its contract when called directly, on threads that end as well.

use std::ffi::c_void;
use std::ptr::NonNull;
use std::thread;

use super::*;
use crate::sys::process::ExitKey;

const HEAP: Stratal = Stratal::new();

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 8).unwrap()
}

#[test]
fn sizes_of_one_class_are_resized_in_place_and_others_keep_their_bytes() {
    // SAFETY: not empty.
    let mut block = unsafe { HEAP.alloc(layout(100)) };
    // SAFETY: 100 bytes long.
    unsafe { block.write_bytes(7, 100) };
    // SAFETY: live, with this layout.
    assert_eq!(unsafe { HEAP.realloc(block, layout(100), 112) }, block);
    for (from, to) in [(112, 5000), (5000, 200_000), (200_000, 100)] {
        // SAFETY: live, with this layout.
        block = unsafe { HEAP.realloc(block, layout(from), to) };
        // SAFETY: at least 100 bytes long, and written above.
        assert!((0..100).all(|i| unsafe { block.add(i).read() } == 7), "{from} to {to}");
    }
    // SAFETY: live, with this layout.
    unsafe { HEAP.dealloc(block, layout(100)) };
}

/// A key destructor that allocates, after the heap of its thread was left.
extern "C" fn allocate_late(_: *mut c_void) {
    for size in [10, 1000, 30_000, 100_000] {
        // SAFETY: not empty.
        let block = unsafe { HEAP.alloc(layout(size)) };
        assert!(!block.is_null());
        // SAFETY: that long.
        unsafe { block.write_bytes(1, size) };
        // SAFETY: live, with this layout.
        unsafe { HEAP.dealloc(block, layout(size)) };
    }
}

#[test]
fn destructors_that_run_after_the_heap_was_left_may_allocate() {
    // The heap's own key exists after the first allocation, so that keys made now are destroyed after it.
    // SAFETY: not empty.
    let first = unsafe { HEAP.alloc(layout(8)) };
    let late = ExitKey::new(allocate_late).unwrap();
    for _ in 0..if cfg!(miri) { 2 } else { 200 } {
        thread::spawn(move || {
            // SAFETY: not empty.
            let block = unsafe { HEAP.alloc(layout(64)) };
            assert!(late.arm(NonNull::dangling()));
            // SAFETY: live, with this layout.
            unsafe { HEAP.dealloc(block, layout(64)) };
        })
        .join()
        .unwrap();
    }
    // SAFETY: live, with this layout.
    unsafe { HEAP.dealloc(first, layout(8)) };
}

#[test]
fn the_counters_agree_with_what_is_held() {
    let before = HEAP.stats();
    // SAFETY: not empty.
    let block = unsafe { HEAP.alloc(layout(20 << 20)) };
    let during = HEAP.stats();
    assert!(during.large_bytes >= 20 << 20);
    assert!(during.live_bytes >= during.large_bytes);
    assert!(during.reserved_bytes >= during.committed_bytes);
    assert_eq!(during.classes[0].block_bytes, 16);
    assert_eq!(before.classes.len(), during.classes.len());
    // SAFETY: live, with this layout.
    unsafe { HEAP.dealloc(block, layout(20 << 20)) };
}
