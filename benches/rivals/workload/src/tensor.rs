//! Training steps: dozens of large buffers taken on the way forward, freed on the way back, the same in every step or
//! of new shapes; and large zeroed buffers that are hardly used.
//!
//! The first step is not timed: it stands for thousands.

use crate::block::{Block, layout};
use crate::dice::{Dice, Sizes};
use crate::{Done, Point, Run};

const MIB: usize = 1 << 20;
const PAGE: usize = 4096;

pub(crate) const POINTS: &[Point] = &[
    ("tensor", |run| steps(run, 16, LARGE, Shapes::Same, Touch::All)),
    ("tensorP", |run| steps(run, 30, LARGE, Shapes::Same, Touch::Pages)),
    ("tensorV", |run| steps(run, 12, LARGE, Shapes::New, Touch::All)),
    ("tensorS", |run| steps(run, 60, SMALL, Shapes::Same, Touch::All)),
    ("tensorSP", |run| steps(run, 300, SMALL, Shapes::Same, Touch::Pages)),
    ("tensorSV", |run| steps(run, 60, SMALL, Shapes::New, Touch::All)),
    ("zeroed", zeroed),
];

/// Bytes of a buffer, from and to.
type Range = (usize, usize);
const LARGE: Range = (MIB, 16 * MIB);
const SMALL: Range = (64 << 10, 4 * MIB);

/// Whether a step repeats the last one.
#[derive(Clone, Copy)]
enum Shapes {
    Same,
    New,
}

/// What is written of a buffer.
#[derive(Clone, Copy)]
enum Touch {
    All,
    Pages,
}

impl Touch {
    fn write(self, block: &mut Block) {
        match self {
            Self::All => block.fill(1),
            Self::Pages => block.touch(usize::MAX, PAGE),
        }
    }
}

/// Steps of 24 layers. An operation is a MiB of buffers.
fn steps(run: &Run, full: usize, (low, high): Range, shapes: Shapes, touch: Touch) -> Done {
    const LAYERS: usize = 24;
    let sizes = Sizes::skewed(low, high);
    // Two threads step half as often, each with buffers of its own.
    let count = run.scaled(full / run.threads).max(2);
    let bytes = |step: usize, thread: usize| {
        let mut dice = Dice::new(thread + if matches!(shapes, Shapes::New) { 2 * step } else { 0 });
        std::array::from_fn::<usize, LAYERS, _>(|_| sizes.of(dice.roll()) & !63)
    };
    let train = |thread: usize, steps: std::ops::Range<usize>| {
        steps.map(|at| step(&bytes(at, thread), touch)).sum::<usize>()
    };
    run.on_each(|thread| train(thread, 0..1));
    run.start();
    let done = run.on_each(|thread| train(thread, 1..count));
    Done::from(done.operations.div_ceil(MIB))
}

/// One step: activations forward, each with a scratch buffer; backward a gradient, and the activation is freed.
fn step(layers: &[usize], touch: Touch) -> usize {
    let take = |bytes: usize| {
        let mut block = Block::take(layout(bytes, 64));
        touch.write(&mut block);
        block
    };
    let mut activations = Vec::with_capacity(layers.len());
    for &bytes in layers {
        let scratch = take(bytes / 2);
        activations.push(take(bytes));
        scratch.free();
    }
    while let Some(activation) = activations.pop() {
        let gradient = take(activation.bytes());
        activation.free();
        gradient.free();
    }
    layers.iter().map(|bytes| bytes / 2 * 5).sum()
}

/// Zeroed buffers of 64 KiB to 8 MiB, of which an eighth is used. An operation is a MiB.
fn zeroed(run: &Run) -> Done {
    const LIVE: usize = 8;
    let sizes = Sizes::skewed(64 << 10, 8 * MIB);
    let done = run.on_each(|thread| {
        let mut dice = Dice::new(thread);
        let mut taken = 0;
        let mut fresh = |dice: &mut Dice| {
            let mut block = Block::zeroed(layout(sizes.of(dice.roll()), 64));
            block.touch(block.bytes() / 8, PAGE);
            taken += block.bytes();
            block
        };
        let mut blocks: Vec<Block> = (0..LIVE).map(|_| fresh(&mut dice)).collect();
        for at in 0..run.scaled(2000 / run.threads) {
            std::mem::replace(&mut blocks[at % LIVE], fresh(&mut dice)).free();
        }
        blocks.into_iter().for_each(Block::free);
        taken
    });
    Done::from(done.operations.div_ceil(MIB))
}
