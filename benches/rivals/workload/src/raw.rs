//! Loops around the allocator itself: pairs, queues, and churn of small, medium and aligned blocks.

use crate::block::{Block, layout};
use crate::dice::{Dice, Sizes};
use crate::{Done, Point, Run};
use std::sync::Barrier;

pub(crate) const POINTS: &[Point] = &[
    ("fast16", |run| pairs(run, 16, 8, 40_000_000)),
    ("fast64", |run| pairs(run, 64, 8, 40_000_000)),
    ("fast64a", |run| pairs(run, 64, 64, 35_000_000)),
    ("fast512", |run| pairs(run, 512, 8, 30_000_000)),
    ("fast4k", |run| pairs(run, 4096, 8, 9_000_000)),
    ("fast32k", |run| pairs(run, 32 << 10, 8, 9_000_000)),
    ("fifo64", |run| run.on_each(|_| fifo(run.scaled(40_000_000)))),
    ("churn", |run| churn(run, 4096, 8, &Sizes::skewed(8, 1024), 25_000_000)),
    ("churnL", |run| churn(run, 400_000, 8, &Sizes::skewed(8, 1024), 2_000_000)),
    ("churn64a", |run| churn(run, 1024, 64, &Sizes::skewed(64, 32 << 10), 5_000_000)),
    ("med", |run| churn(run, 512, 8, &Sizes::even(1 << 10, 33 << 10), 5_000_000)),
    ("al4k", |run| churn(run, 256, 4096, &Sizes::even(4 << 10, 64 << 10), 5_000_000)),
    // Not for the clock: their instructions are counted.
    ("count0", |run| Done::from(idle_pairs(run.scaled(1_000_000)))),
    ("count64", |run| pairs(run, 64, 8, 1_000_000)),
    ("count4k", |run| pairs(run, 4096, 8, 1_000_000)),
];

/// Taken and given back at once.
fn pairs(run: &Run, bytes: usize, align: usize, full: usize) -> Done {
    let layout = layout(bytes, align);
    run.on_each(|_| {
        let pairs = run.scaled(full);
        for _ in 0..pairs {
            Block::take(layout).free();
        }
        pairs
    })
}

/// The loop of `pairs` without the allocator, so that its own instructions can be taken off.
fn idle_pairs(pairs: usize) -> usize {
    let layout = layout(64, 8);
    (0..pairs).for_each(|_| drop(Block::none(layout)));
    pairs
}

/// 256 blocks taken, then freed in the same order.
fn fifo(blocks: usize) -> usize {
    let mut queue = Vec::with_capacity(256);
    for _ in 0..blocks / 256 {
        queue.extend((0..256).map(|_| Block::written(64, 8)));
        queue.drain(..).for_each(Block::free);
    }
    blocks / 256 * 256
}

/// So many live blocks, replaced at random once all are there.
fn churn(run: &Run, live: usize, align: usize, sizes: &Sizes, full: usize) -> Done {
    let (filled, timed) = (Barrier::new(run.threads), Barrier::new(run.threads));
    run.on_each(|thread| {
        let mut dice = Dice::new(thread);
        let mut blocks: Vec<Block> =
            (0..live).map(|_| Block::written(sizes.of(dice.roll()), align)).collect();
        if filled.wait().is_leader() {
            run.start();
        }
        timed.wait();
        let operations = run.scaled(full);
        for _ in 0..operations {
            let roll = dice.roll();
            let slot = &mut blocks[((roll & 0xf_ffff) * live) >> 20];
            let fresh = Block::written(sizes.of(roll), align);
            std::mem::replace(slot, fresh).free();
        }
        blocks.into_iter().for_each(Block::free);
        operations
    })
}
