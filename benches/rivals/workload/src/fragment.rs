//! Memory that stays: six phases of different sizes with survivors between them, and what is held some time after a peak.

use crate::block::Block;
use crate::dice::{Dice, Sizes};
use crate::memory::{peak_mib, resident_mib};
use crate::{Done, Point, Run};
use std::time::Duration;

pub(crate) const POINTS: &[Point] = &[
    ("frag", frag),
    ("asleep", |run| after_peak(run, |seconds| std::thread::sleep(Duration::from_secs_f64(seconds)))),
    ("awake", |run| after_peak(run, trickle)),
];

const MIB: usize = 1 << 20;

/// Sizes of the phases, from and to.
const PHASES: [(usize, usize); 6] =
    [(512, 2048), (32, 128), (4096, 16384), (128, 512), (16, 64), (2048, 8192)];

/// Phase by phase so many bytes of blocks, 85 % of them freed at random at its end. Further figure: peak resident
/// memory by the live bytes at their peak.
fn frag(run: &Run) -> Done {
    let live: std::sync::Mutex<usize> = std::sync::Mutex::new(0);
    let mut done = run.on_each(|thread| {
        let (mut dice, mut blocks, mut operations) = (Dice::new(thread), Vec::new(), 0);
        let (mut held, mut peak) = (0, 0);
        for (low, high) in PHASES {
            let (sizes, mut fresh) = (Sizes::even(low, high), 0);
            let survivors = blocks.len();
            while fresh < run.scaled(64 * MIB) {
                let block = Block::written(sizes.of(dice.roll()), 8);
                fresh += block.bytes();
                blocks.push(block);
            }
            operations += blocks.len() - survivors;
            peak = peak.max(held + fresh);
            held += fresh - thin(&mut blocks, survivors, &mut dice);
        }
        *live.lock().expect("points do not panic") += peak;
        blocks.into_iter().for_each(Block::free);
        operations
    });
    let live = *live.lock().expect("points do not panic");
    done.figures.push(peak_mib() * MIB as f64 / live as f64);
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

/// A program with 32 MiB of state serves a burst of 224 MiB of all sizes, frees it, and waits. Further figure: what is
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
    let (state, live) = take(run.scaled(32 * MIB));
    let (burst, _) = take(run.scaled(224 * MIB));
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
