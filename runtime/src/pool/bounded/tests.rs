//! Promises of pools as objects: blocks are apart, aligned and zero, the limit holds and explains itself, and memory
//! comes and goes as described.

use std::error::Error as _;
use std::thread;

use super::*;
use crate::align::{HUGE_PAGE, is_aligned};

fn pool(capacity: usize) -> Pool {
    Pool::builder().name("test").capacity(capacity).build().unwrap()
}

/// The equations of [`PoolStats`].
fn assert_obeys(stats: &PoolStats) {
    assert_eq!(stats.live_bytes + stats.free_bytes, stats.capacity_bytes, "{stats:?}");
    assert!(stats.asked_bytes <= stats.live_bytes && stats.live_bytes <= stats.peak_bytes, "{stats:?}");
    assert!(stats.peak_bytes <= stats.capacity_bytes, "{stats:?}");
    assert_eq!(stats.allocations - stats.frees, stats.live_blocks, "{stats:?}");
    assert_eq!(stats.sizes.iter().map(|size| size.blocks).sum::<u64>(), stats.live_blocks, "{stats:?}");
    assert!(stats.live_bytes <= stats.committed_bytes, "{stats:?}");
    assert!(stats.committed_bytes <= stats.reserved_bytes, "{stats:?}");
    assert!(stats.longest_free_bytes <= stats.free_bytes, "{stats:?}");
    assert!(stats.holes as u64 <= stats.live_blocks + 1, "{stats:?}");
}

/// Random blocks on several threads keep their bytes, their alignment and their zeroes; the counters obey their
/// equations meanwhile and end at nothing.
#[test]
fn threads_share_a_pool() {
    let pool = pool(1 << 20);
    let rounds = if cfg!(miri) { 60 } else { 20_000 };
    thread::scope(|scope| {
        for seed in 1..=4_u64 {
            let pool = &pool;
            scope.spawn(move || churn(pool, seed, rounds));
        }
        (0..100).for_each(|_| assert_obeys(&pool.stats()));
    });
    let stats = pool.stats();
    assert_obeys(&stats);
    assert_eq!((stats.live_blocks, stats.live_bytes, stats.holes), (0, 0, 1));
    assert_eq!(stats.longest_free_bytes, stats.capacity_bytes);
}

fn churn(pool: &Pool, seed: u64, rounds: usize) {
    let mut state = seed;
    let mut held: Vec<PoolBuffer> = Vec::new();
    for round in 0..rounds {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let roll = (state >> 33) as usize;
        if roll % 5 < 2 && !held.is_empty() {
            let gone = held.swap_remove(roll % held.len());
            assert!(gone.iter().all(|byte| *byte == gone[0]), "round {round}");
            continue;
        }
        let align = 1 << (roll % 13);
        let asked = match roll % 7 {
            0 => pool.allocate_unzeroed(roll % 9000),
            _ => pool.allocate_aligned(1 + roll % 5000, align),
        };
        let Ok(mut block) = asked else {
            held.truncate(held.len() / 2);
            continue;
        };
        assert!(is_aligned(block.as_ptr().addr(), if roll.is_multiple_of(7) { 64 } else { align.max(64) }));
        assert!(roll.is_multiple_of(7) || block.iter().all(|byte| *byte == 0), "round {round}");
        block.fill(roll as u8 | 1);
        held.push(block);
    }
}

/// A refusal names the pool, what was asked, and what there is; one that no waiting would cure is told apart.
#[test]
fn the_limit_explains_itself() {
    let pool = pool(10 * 4096);
    let mut blocks: Vec<_> = (0..10).map(|_| pool.allocate(4096).unwrap()).collect();
    drop(blocks.remove(7));
    drop(blocks.remove(3));
    let error = pool.allocate(4097).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSpace);
    assert_eq!(error.fact("pool"), Some("test"));
    let full = *error.source().unwrap().downcast_ref::<PoolFull>().unwrap();
    let said = (full.asked_bytes, full.free_bytes, full.longest_free_bytes, full.capacity_bytes);
    assert_eq!(said, (4097, 8192, 4096, 40960));
    assert_eq!(
        error.to_string(),
        "no space: the pool has no such block (pool `test`): \
         4097 bytes asked, 8192 of 40960 free, the longest free block has 4096"
    );
    assert_eq!(pool.allocate(40961).unwrap_err().kind(), ErrorKind::Budget);
    assert_eq!(pool.allocate(usize::MAX).unwrap_err().kind(), ErrorKind::Budget);
    assert_eq!(pool.stats().refused, 3);
    assert!((pool.stats().fragmentation() - 0.5).abs() < 1e-9);
    assert!((pool.pressure() - 0.8).abs() < 1e-9);
}

/// What cannot be a pool is refused by name, without a panic.
#[test]
fn impossible_pools_are_refused() {
    let refused = [
        Pool::builder().name("odd"),
        Pool::builder().name("odd").capacity(63),
        Pool::builder().name("odd").capacity(4096).align(48),
        Pool::builder().name("odd").capacity(4096).align(2 << 30),
        Pool::builder().name("odd").capacity(4096).align(0),
        Pool::builder().name("odd").capacity(4096).preallocate(4097),
    ];
    for builder in refused {
        let error = builder.build().unwrap_err();
        assert_eq!((error.kind(), error.fact("pool")), (ErrorKind::Unsupported, Some("odd")));
    }
    if !cfg!(miri) {
        let error = Pool::builder().name("vast").capacity(usize::MAX).build().unwrap_err();
        assert_eq!((error.kind(), error.fact("pool")), (ErrorKind::OutOfMemory, Some("vast")));
    }
    assert_eq!(pool(4096).allocate_aligned(1, 3).unwrap_err().kind(), ErrorKind::Unsupported);
}

/// Memory comes in steps ahead of use, and goes back from the far end, or from between blocks if asked.
#[test]
fn memory_grows_in_steps_and_goes_back() {
    let step = 1 << 20;
    let pool = Pool::builder().capacity(8 << 20).growth(step).preallocate(step).build().unwrap();
    assert_eq!(pool.stats().committed_bytes, step);
    let low = pool.allocate(600_000).unwrap();
    assert_eq!(pool.stats().committed_bytes, step);
    let middle = pool.allocate(600_000).unwrap();
    assert_eq!(pool.stats().committed_bytes, 2 * step);
    let high = pool.allocate(64).unwrap();
    drop(middle);
    assert_obeys(&pool.stats());
    assert!(pool.shrink() < 2 * step, "the highest block is in use");
    let committed = pool.stats().committed_bytes;
    assert!(pool.purge() >= 600_000 - 2 * 4096, "the hole between the blocks");
    assert!(pool.stats().committed_bytes <= committed - 600_000);
    assert!(pool.allocate(600_000).unwrap().iter().all(|byte| *byte == 0));
    drop((low, high));
    pool.purge();
    assert_eq!(pool.stats().committed_bytes, 0);
    assert_eq!(pool.allocate(8 << 20).unwrap().len(), 8 << 20);
    assert_obeys(&pool.stats());
}

/// What a block held is never seen as zero that is not, whatever was wiped in between.
#[test]
fn zeroes_are_zero_after_every_kind_of_reuse() {
    let pool = pool(64 * 1024);
    for round in 0..4 {
        let mut blocks: Vec<_> = (1..=9).map(|i| pool.allocate(i * 700).unwrap()).collect();
        assert!(blocks.iter().all(|block| block.iter().all(|byte| *byte == 0)), "round {round}");
        blocks.iter_mut().for_each(|block| block.fill(0xA5));
        blocks.retain(|block| block.len() % 3 == round % 3);
        match round {
            0 => pool.shrink(),
            1 => pool.purge(),
            _ => 0,
        };
        let more: Vec<_> = (0..3).map(|_| pool.allocate_aligned(5000, 4096).unwrap()).collect();
        assert!(more.iter().all(|block| block.iter().all(|byte| *byte == 0)), "round {round}");
        assert_obeys(&pool.stats());
    }
}

/// A block outlives every handle of its pool, on another thread, and its memory goes back with it.
#[test]
fn a_block_keeps_its_pool_alive() {
    let mut block = pool(1 << 20).allocate(1000).unwrap();
    block.fill(7);
    let block = thread::spawn(move || block).join().unwrap();
    assert!(block.iter().all(|byte| *byte == 7));
    assert_eq!(block.pool().stats().live_blocks, 1);
}

/// Alignments up to a gigabyte are exact; so are empty blocks, which take nothing.
#[test]
fn alignment_is_exact() {
    for shift in [6, 12, 21] {
        let align = 1 << shift;
        let pool = Pool::builder().capacity(4 * align).align(align).build().unwrap();
        let blocks: Vec<_> = (0..4).map(|_| pool.allocate(1).unwrap()).collect();
        assert!(blocks.iter().all(|block| is_aligned(block.as_ptr().addr(), align)));
        let empty = pool.allocate_for::<u128>(0).unwrap();
        assert!(empty.is_empty() && is_aligned(empty.as_ptr().addr(), align));
        assert_eq!(pool.stats().live_blocks, 4);
    }
    if cfg!(miri) {
        return;
    }
    let pool = pool(3 << 30);
    let block = pool.allocate_aligned(100, 1 << 30).unwrap();
    assert!(is_aligned(block.as_ptr().addr(), 1 << 30));
}

/// Wishes about pages and nodes never fail a pool; a node that no machine has is not claimed.
#[test]
fn wishes_are_wishes() {
    let pool = Pool::builder().capacity(3 * HUGE_PAGE).huge_pages(true).numa(0).build().unwrap();
    let block = pool.allocate(HUGE_PAGE).unwrap();
    assert!(block.iter().all(|byte| *byte == 0) && is_aligned(block.as_ptr().addr(), HUGE_PAGE));
    if pool.numa_node().is_none() {
        println!("SKIPPED: numa: this kernel or sandbox refuses mbind");
    }
    for node in [1000, 100_000] {
        assert_eq!(Pool::builder().capacity(4096).numa(node).build().unwrap().numa_node(), None);
    }
}

/// Eight bytes describe an allocation: nothing while it lives, eight for the hole it may leave.
#[test]
fn an_allocation_costs_at_most_eight_bytes_of_metadata() {
    let count = if cfg!(miri) { 300 } else { 30_000 };
    for size in [1, 100, 4000, 70_000] {
        let pool = pool(count * 16 * size.max(64));
        let empty = pool.stats().metadata_bytes;
        let per = |blocks: usize| (pool.stats().metadata_bytes - empty) as f64 / blocks as f64;
        let mut blocks: Vec<_> = (0..count).map(|i| pool.allocate_unzeroed(size + i % 8).unwrap()).collect();
        assert!(per(count) < 0.1, "{} bytes each, filled", per(count));
        let mut state = 1_u64;
        for _ in 0..4 * count {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = (state >> 33) as usize % blocks.len();
            drop(blocks.swap_remove(at));
            blocks.push(pool.allocate_unzeroed(size + (state >> 40) as usize % (8 * size)).unwrap());
        }
        assert!(per(count) <= 8.0, "{} bytes each, in steady use", per(count));
        blocks.sort_by_key(|block| block.as_ptr());
        let mut keep = false;
        blocks.retain(|_| {
            keep = !keep;
            keep
        });
        assert!(per(count) <= 8.0, "{} bytes each, every second freed", per(count));
    }
}
