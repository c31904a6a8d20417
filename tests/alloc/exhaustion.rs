//! Promise: out of memory is a null pointer; what is live stays whole, and memory that is freed can be used again.

use std::alloc::{GlobalAlloc, Layout};

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
