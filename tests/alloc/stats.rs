//! Promise: what the allocator says it holds is what is held, to the block, however threads freed and allocated.

use std::alloc::{GlobalAlloc, Layout};
use std::thread;

use stratal::runtime::pool::Stats;
use stratal::{MemoryTracker, Stratal};
use stratal_support::dice::Dice;
use stratal_support::operation::{Operation, apply};
use stratal_support::shadow::{Ledger, Shadow};

use crate::child::{assert_succeeds, is_child};

/// The equations of [`Stats`], while nothing else runs.
fn assert_obeys(stats: &Stats) {
    let small: usize = stats.classes.iter().map(|class| class.live_bytes()).sum();
    assert_eq!(stats.live_bytes, stats.large_bytes + small, "{stats}");
    assert!(stats.live_bytes + stats.cached_bytes <= stats.committed_bytes, "{stats}");
    assert!(stats.committed_bytes <= stats.reserved_bytes && stats.live_bytes <= stats.peak_bytes, "{stats}");
    let out: u64 = stats.classes.iter().map(|class| (class.blocks + class.cached) as u64).sum();
    assert_eq!(stats.allocations - stats.frees, stats.large_blocks + out, "{stats}");
    for class in stats.classes {
        assert!((class.blocks + class.cached) * class.block_bytes <= class.slab_bytes, "{stats}");
    }
}

#[test]
fn counters_obey_their_equations_after_work_on_threads() {
    // In a process of its own, where nothing else allocates while it looks.
    if !is_child() {
        return assert_succeeds("stats::counters_obey_their_equations_after_work_on_threads", 0);
    }
    let ledger = Ledger::default();
    thread::scope(|scope| {
        for seed in 1..=4 {
            let mut shadow = Shadow::new(Stratal::new(), ledger.clone(), seed);
            scope.spawn(move || {
                let mut dice = Dice::new(seed);
                for _ in 0..20_000 {
                    let operation = Operation::decode((dice.roll() as u32).to_le_bytes());
                    assert!(apply(&mut shadow, operation));
                }
            });
        }
    });
    assert_obeys(&Stratal::new().stats());
}

#[test]
fn live_blocks_are_counted_to_the_last() {
    if !is_child() {
        return assert_succeeds("stats::live_blocks_are_counted_to_the_last", 0);
    }
    let layout = Layout::new::<[u64; 40]>();
    let count = |stats: &Stats| {
        let class = stats.classes.iter().find(|class| class.block_bytes == 320);
        class.map_or(0, |class| class.blocks)
    };
    let mut blocks = Vec::with_capacity(3000);
    let tracker = MemoryTracker::process();
    let before = Stratal::new().stats();
    for i in 0..5000 {
        // SAFETY: the layout is not empty.
        blocks.push(unsafe { Stratal::new().alloc(layout) });
        if i % 3 == 0 {
            // SAFETY: live, with this layout.
            unsafe { Stratal::new().dealloc(blocks.swap_remove(i / 3), layout) };
        }
    }
    let after = Stratal::new().stats();
    // Freed blocks that wait in a quarantine are not in caches, so they count as live.
    let waiting = if cfg!(feature = "hardened") { 1024 } else { 0 };
    let found = count(&after) - count(&before);
    assert!((blocks.len()..=blocks.len() + waiting).contains(&found), "{found} of {}", blocks.len());
    assert_obeys(&after);
    assert!(tracker.change().live_bytes >= (blocks.len() * 320) as i64);
    for block in blocks {
        // SAFETY: live, with this layout.
        unsafe { Stratal::new().dealloc(block, layout) };
    }
    assert!(count(&Stratal::new().stats()) - count(&before) <= waiting);
}
