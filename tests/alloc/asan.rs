//! Promise: under AddressSanitizer (`.ci/campaign.sh asan`), a touch of a freed block, or past the end of a live one, is
//! reported.

use std::alloc::Layout;

use crate::child::{is_child, run_again};
use crate::corruption::{alloc, free};

/// Runs the calling test again as a child that AddressSanitizer stops.
fn is_reported(test: &str, crime: fn()) {
    if is_child() {
        crime();
        return;
    }
    let output = run_again(test, 0);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("use-after-poison"), "{said}");
}

#[test]
fn a_read_of_a_freed_block() {
    is_reported("asan::a_read_of_a_freed_block", || {
        let layout = Layout::new::<[u64; 40]>();
        let block = alloc(layout);
        free(block, layout);
        // SAFETY: none: this is the crime.
        let found = unsafe { block.add(100).read_volatile() };
        println!("{found}");
    });
}

#[test]
fn a_read_past_a_live_block() {
    is_reported("asan::a_read_past_a_live_block", || {
        let block = alloc(Layout::new::<[u8; 300]>());
        // SAFETY: none: this is the crime. The block of its class has 320 bytes.
        let found = unsafe { block.add(304).read_volatile() };
        println!("{found}");
    });
}
