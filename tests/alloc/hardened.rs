//! Promise: with feature `hardened`, each crime against the heap ends the process at once, or at the next use of the
//! block, with one line that says what was done.

use std::alloc::{GlobalAlloc, Layout};
use std::os::unix::process::ExitStatusExt;
use std::thread;

use stratal::Stratal;

use crate::child::{is_child, run_again};
use crate::corruption::{alloc, dies_saying, free};

const SIGSEGV: i32 = 11;

fn layout() -> Layout {
    Layout::new::<[u64; 40]>()
}

/// Runs the calling test again as a child that touches a guard page.
fn faults(test: &str, crime: fn()) {
    if is_child() {
        crime();
        return;
    }
    let output = run_again(test, 0);
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), Some(SIGSEGV), "{said}");
}

/// Writes on behind a block, a byte in every sixteen, until something stops it.
fn overflow(block: *mut u8) {
    for i in (0..1 << 20).step_by(16) {
        // SAFETY: none: this is the crime.
        unsafe { block.add(i).write_volatile(1) };
    }
}

#[test]
fn a_second_free_is_noticed_at_once() {
    dies_saying("hardened::a_second_free_is_noticed_at_once", "a block was freed twice", || {
        let block = alloc(layout());
        free(block, layout());
        free(block, layout());
        std::process::exit(0);
    });
}

#[test]
fn a_second_free_on_another_thread_is_noticed_at_once() {
    let test = "hardened::a_second_free_on_another_thread_is_noticed_at_once";
    dies_saying(test, "a block was freed twice", || {
        let block = alloc(layout()).expose_provenance();
        free(std::ptr::with_exposed_provenance_mut(block), layout());
        let other = thread::spawn(move || free(std::ptr::with_exposed_provenance_mut(block), layout()));
        let _ = other.join();
        std::process::exit(0);
    });
}

#[test]
fn a_pointer_that_is_no_block_is_noticed_at_once() {
    dies_saying("hardened::a_pointer_that_is_no_block_is_noticed_at_once", "middle", || {
        free(alloc(layout()).wrapping_add(16), layout());
        std::process::exit(0);
    });
}

#[test]
fn a_foreign_pointer_is_noticed_at_once() {
    dies_saying("hardened::a_foreign_pointer_is_noticed_at_once", "not allocated", || {
        let mut local = [0_u64; 64];
        free(local.as_mut_ptr().cast(), layout());
        std::process::exit(0);
    });
}

#[test]
fn another_size_is_noticed_at_once() {
    dies_saying("hardened::another_size_is_noticed_at_once", "another size", || {
        free(alloc(layout()), Layout::new::<[u64; 80]>());
        std::process::exit(0);
    });
}

#[test]
fn a_write_to_a_freed_block_is_noticed_when_it_is_handed_out() {
    let test = "hardened::a_write_to_a_freed_block_is_noticed_when_it_is_handed_out";
    dies_saying(test, "a freed block was written to", || {
        let block = alloc(layout());
        free(block, layout());
        // SAFETY: none: this is the crime.
        unsafe { block.add(100).write_volatile(7) };
        for _ in 0..100_000 {
            free(alloc(layout()), layout());
        }
        std::process::exit(0);
    });
}

#[test]
fn a_forged_link_is_noticed_when_it_is_followed() {
    let test = "hardened::a_forged_link_is_noticed_when_it_is_followed";
    dies_saying(test, "its link is none", || {
        // Freed elsewhere, blocks come home linked through their own first words.
        let blocks: Vec<usize> = (0..20_000).map(|_| alloc(layout()).expose_provenance()).collect();
        let forger = thread::spawn(move || {
            for &block in &blocks {
                free(std::ptr::with_exposed_provenance_mut(block), layout());
            }
            // The last thousand are in quarantine; most of the others wait on the list of this test's thread.
            for &block in &blocks[..10_000] {
                let block = std::ptr::with_exposed_provenance_mut::<usize>(block);
                // SAFETY: none: this is the crime.
                unsafe { block.write_volatile(0x4141_4141_4141_4140) };
            }
        });
        forger.join().unwrap();
        (0..20_000).for_each(|_| assert!(!alloc(layout()).is_null()));
        std::process::exit(0);
    });
}

#[test]
fn a_freed_block_holds_junk() {
    let block = alloc(layout());
    // SAFETY: inside the block.
    unsafe { block.write_bytes(0x11, layout().size()) };
    free(block, layout());
    // SAFETY: none: it was freed. The quarantine keeps it mapped and out of use.
    let found = unsafe { block.add(64).read_volatile() };
    assert_ne!(found, 0x11);
}

#[test]
fn a_write_past_a_slab_stops() {
    faults("hardened::a_write_past_a_slab_stops", || overflow(alloc(layout())));
}

#[test]
fn a_write_past_a_run_stops() {
    faults("hardened::a_write_past_a_run_stops", || overflow(alloc(Layout::new::<[u8; 200_000]>())));
}

#[test]
fn a_large_block_reads_zero_after_it_was_freed() {
    let layout = Layout::new::<[u8; 200_000]>();
    let block = alloc(layout);
    // SAFETY: inside the block.
    unsafe { block.write_bytes(0x11, layout.size()) };
    free(block, layout);
    // SAFETY: the layout is not empty.
    let again = unsafe { Stratal::new().alloc(layout) };
    // SAFETY: live, and initialised: fresh pages read as zero.
    assert!((0..layout.size()).all(|i| unsafe { again.add(i).read() } == 0));
    free(again, layout);
}

/// Pages that were swept from under a part of a free block are no crime.
#[test]
fn free_memory_that_goes_back_page_by_page_is_no_crime() {
    // Blocks that begin and end within pages, and others whose slabs make the heap sweep.
    let (odd, other) = (Layout::new::<[u64; 640]>(), Layout::new::<[u64; 1024]>());
    let blocks: Vec<_> = (0..6000).map(|_| alloc(odd)).collect();
    let (kept, gone): (Vec<_>, Vec<_>) = blocks.into_iter().enumerate().partition(|(i, _)| i % 10 == 0);
    gone.into_iter().for_each(|(_, block)| free(block, odd));
    let others: Vec<_> = (0..6000).map(|_| alloc(other)).collect();
    let again: Vec<_> = (0..6000).map(|_| alloc(odd)).collect();
    others.into_iter().for_each(|block| free(block, other));
    again.into_iter().chain(kept.into_iter().map(|(_, block)| block)).for_each(|block| free(block, odd));
}
