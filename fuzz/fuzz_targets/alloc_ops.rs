//! Any bytes as calls to the allocator: every block aligned, apart from the others, zero when asked, and kept whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stratal_runtime::Stratal;
use stratal_support::operation;
use stratal_support::shadow::{Ledger, Shadow};

fuzz_target!(|input: &[u8]| operation::run(&mut Shadow::new(Stratal::new(), Ledger::default(), 1), input));
