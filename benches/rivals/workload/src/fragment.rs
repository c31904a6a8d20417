//! Memory that stays: six phases of different sizes with survivors between them, and what is held some time after a peak.

use crate::block::Block;
use crate::dice::{Dice, Sizes};
use crate::memory::{peak_mib, resident_mib};
use crate::{Done, Point, Run};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub(crate) const POINTS: &[Point] = &[
    ("frag", frag),
    ("asleep", |run| after_peak(run, |seconds| std::thread::sleep(Duration::from_secs_f64(seconds)))),
    ("awake", |run| after_peak(run, trickle)),
];

const MIB: usize = 1 << 20;

/// Sizes of the phases.
const PHASES: [usize; 6] = [8192, 2048, 512, 4096, 1024, 256];

/// Phase by phase so many bytes of blocks, 85 % of them freed at random at its end. Further figure: peak resident
/// memory by the live bytes at their peak, the list of blocks included.
fn frag(run: &Run) -> Done {
    let live = AtomicUsize::new(0);
    let mut done = run.on_each(|thread| {
        let (mut dice, mut blocks, mut operations) = (Dice::new(thread), Vec::new(), 0);
        let (mut held, mut peak) = (0, 0);
        for bytes in PHASES {
            let (survivors, fresh) = (blocks.len(), run.scaled(64 * MIB) / bytes);
            blocks.extend((0..fresh).map(|_| Block::written(bytes, 8)));
            operations += fresh;
            held += fresh * bytes;
            peak = peak.max(held + blocks.capacity() * size_of::<Block>());
            held -= thin(&mut blocks, survivors, &mut dice);
        }
        live.fetch_add(peak, Ordering::Relaxed);
        blocks.into_iter().for_each(Block::free);
        operations
    });
    done.figures.push(peak_mib() * MIB as f64 / live.into_inner() as f64);
    done
}

/// Frees 85 % of the blocks from `first` on, in random order; how many bytes.
fn thin(blocks: &mut Vec<Block>, first: usize, dice: &mut Dice) -> usize {
    let mut freed = 0;
    for _ in 0..(blocks.len() - first) * 85 / 100 {
        let block = blocks.swap_remove(first + dice.below(blocks.len() - first));
        freed += block.bytes();
        block.free();
    }
    freed
}

/// A program with 96 MiB of state serves a burst of 192 MiB of all sizes, frees it, and waits. Further figure: what is
/// resident after the wait by the live bytes.
fn after_peak(run: &Run, wait: fn(f64)) -> Done {
    let sizes = Sizes::skewed(16, 2 * MIB);
    let mut dice = Dice::new(0);
    let mut take = |bytes: usize| {
        let (mut blocks, mut taken) = (Vec::new(), 0);
        while taken < bytes {
            let mut block = Block::written(sizes.of(dice.roll()), 8);
            block.touch(usize::MAX, 4096);
            taken += block.bytes();
            blocks.push(block);
        }
        (blocks, taken)
    };
    let (state, live) = take(run.scaled(96 * MIB));
    let (burst, _) = take(run.scaled(192 * MIB));
    burst.into_iter().for_each(Block::free);
    wait(if run.scaled(100) < 100 { 0.5 } else { 10.0 });
    let held = resident_mib() * MIB as f64 / live as f64;
    state.into_iter().for_each(Block::free);
    Done { operations: 1, figures: vec![held] }
}

/// Waits as a server does between requests: a little work ten times a second.
fn trickle(seconds: f64) {
    for _ in 0..(seconds * 10.0) as usize {
        let blocks: Vec<Block> = (1..100).map(|at| Block::written(at * 16, 8)).collect();
        blocks.into_iter().for_each(Block::free);
        std::thread::sleep(Duration::from_millis(100));
    }
}
