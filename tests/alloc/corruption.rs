//! Promise: freeing a block twice, or what was never allocated, ends the process with one line that says so.

use std::alloc::{GlobalAlloc, Layout};
use std::hint::black_box;
use std::os::unix::process::ExitStatusExt;

use stratal::Stratal;

use crate::child::{is_child, run_again};

const SIGABRT: i32 = 6;

/// Runs the calling test again as a child that misuses the heap, and checks how it ends.
pub(crate) fn dies_saying(test: &str, expected: &str, misuse: fn()) {
    if is_child() {
        misuse();
        return;
    }
    let output = run_again(test, 0);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), Some(SIGABRT), "{said}");
    let line = said.lines().find(|line| line.starts_with("stratal: heap corruption: "));
    assert!(line.is_some_and(|line| line.contains(expected)), "{said}");
}

pub(crate) fn alloc(layout: Layout) -> *mut u8 {
    // SAFETY: layouts of this file are not empty.
    black_box(unsafe { Stratal::new().alloc(layout) })
}

pub(crate) fn free(block: *mut u8, layout: Layout) {
    // SAFETY: none: these tests break the contract, in a process of their own that must not survive it.
    unsafe { Stratal::new().dealloc(black_box(block), layout) };
}

/// Makes the caches spill what was freed to them.
fn spill(layout: Layout) {
    let blocks: Vec<_> = (0..2000).map(|_| alloc(layout)).collect();
    blocks.into_iter().for_each(|block| free(block, layout));
}

#[test]
fn a_small_block_freed_twice() {
    dies_saying("corruption::a_small_block_freed_twice", "twice", || {
        let layout = Layout::new::<[u64; 40]>();
        let others: Vec<_> = (0..200).map(|_| alloc(layout)).collect();
        let block = alloc(layout);
        free(block, layout);
        free(block, layout);
        others.into_iter().for_each(|block| free(block, layout));
        spill(layout);
    });
}

#[test]
fn a_pointer_into_a_block() {
    dies_saying("corruption::a_pointer_into_a_block", "middle", || {
        let layout = Layout::new::<[u64; 40]>();
        free(alloc(layout).wrapping_add(16), layout);
        spill(layout);
    });
}

#[test]
fn a_foreign_pointer() {
    dies_saying("corruption::a_foreign_pointer", "not allocated", || {
        let layout = Layout::new::<[u64; 40]>();
        let mut local = [0u64; 64];
        free(local.as_mut_ptr().cast(), layout);
        let blocks: Vec<_> = (0..500).map(|_| alloc(layout)).collect();
        blocks.into_iter().for_each(|block| free(block, layout));
    });
}

#[test]
fn a_large_block_freed_twice() {
    dies_saying("corruption::a_large_block_freed_twice", "large block", || {
        let layout = Layout::new::<[u8; 200_000]>();
        let block = alloc(layout);
        free(block, layout);
        free(block, layout);
    });
}

#[test]
fn a_pointer_into_a_large_block() {
    dies_saying("corruption::a_pointer_into_a_large_block", "large block", || {
        let layout = Layout::new::<[u8; 200_000]>();
        free(alloc(layout).wrapping_add(65536), layout);
    });
}
