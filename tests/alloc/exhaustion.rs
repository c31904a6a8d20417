//! Promise: out of memory is a null pointer; what is live stays whole, and memory that is freed can be used again.

use std::alloc::{GlobalAlloc, Layout};
use std::process::Command;

use stratal::Stratal;
use stratal_support::operation;
use stratal_support::shadow::{Ledger, Shadow};

use crate::child::{assert_succeeds, is_child};

const ADDRESS_KIB: usize = 400 << 10;

/// Allocates until null and returns how many bytes there were; frees everything, checking it.
fn exhaust(size: usize) -> usize {
    let mut shadow = Shadow::new(Stratal::new(), Ledger::default(), 1);
    // Bookkeeping of the shadow heap is memory too, so a little is kept aside for it.
    let aside = vec![0u8; 8 << 20];
    let layout = Layout::from_size_align(size, 16).expect("sizes here are small");
    let mut bytes = 0;
    loop {
        // SAFETY: the layout is not empty.
        let block = unsafe { Stratal::new().alloc(layout) };
        if block.is_null() {
            break;
        }
        // SAFETY: live, with this layout.
        unsafe { Stratal::new().dealloc(block, layout) };
        if !shadow.alloc(layout, false) {
            break;
        }
        bytes += size;
        assert!(bytes < ADDRESS_KIB << 10, "the limit does not bind");
    }
    drop(aside);
    bytes
}

#[test]
fn an_address_limit_gives_null_and_the_heap_recovers() {
    if !is_child() {
        return assert_succeeds("exhaustion::an_address_limit_gives_null_and_the_heap_recovers", ADDRESS_KIB);
    }
    let first = exhaust(1 << 20);
    assert!(first > 100 << 20, "only {first} bytes could be allocated");
    let second = exhaust(1 << 20);
    assert!(second >= first / 10 * 9, "after {first} bytes were freed, only {second} could be allocated");
    let mut shadow = Shadow::new(Stratal::new(), Ledger::default(), 2);
    operation::run(&mut shadow, &(0..=255).cycle().take(100_000).collect::<Vec<u8>>());
}

#[test]
fn an_ordinary_program_runs_under_a_tight_address_limit() {
    if !is_child() {
        return assert_succeeds("exhaustion::an_ordinary_program_runs_under_a_tight_address_limit", 96 << 10);
    }
    let words: Vec<String> = (0..20_000).map(|i| format!("word {i}")).collect();
    let total: usize = words.iter().map(String::len).sum();
    assert_eq!(total, 20_000 * 5 + 10 + 180 + 2700 + 36_000 + 50_000);
}

#[test]
fn an_address_limit_set_after_the_start_is_heeded() {
    if !is_child() {
        return assert_succeeds("exhaustion::an_address_limit_set_after_the_start_is_heeded", 0);
    }
    let kept: Vec<Vec<u8>> = (1..100usize).map(|i| vec![i as u8; i * 1000]).collect();
    let limit = format!("--as={}", 1 << 30);
    let pid = format!("--pid={}", std::process::id());
    if !Command::new("prlimit").args([&pid, &limit]).status().is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: prlimit is not installed, or may not lower the limit");
        return;
    }
    let mut blocks = Vec::new();
    let layout = Layout::from_size_align(1 << 20, 16).expect("small");
    for megabytes in 0.. {
        assert!(megabytes < 1024, "the limit does not bind");
        // SAFETY: the layout is not empty.
        let block = unsafe { Stratal::new().alloc(layout) };
        if block.is_null() {
            break;
        }
        blocks.push(block);
    }
    assert!(blocks.len() > 300, "only {} MiB could be allocated", blocks.len());
    for block in blocks.drain(..) {
        // SAFETY: allocated above with this layout.
        unsafe { Stratal::new().dealloc(block, layout) };
    }
    // Addresses of segments stay with the pool, so this comes out of them.
    let again: Vec<Vec<u8>> = (0..200).map(|i| vec![i as u8; 1 << 20]).collect();
    assert!(again.iter().chain(&kept).all(|block| block.iter().all(|&byte| byte == block[0])));
}
