//! Blocks that another thread frees: handed to a successor, sent through a channel, sent there and back; and threads
//! that hardly live.

use crate::block::Block;
use crate::dice::{Dice, Sizes};
use crate::{Done, Point, Run};
use crossbeam_channel::{Receiver, Sender, bounded};

pub(crate) const POINTS: &[Point] =
    &[("larson", larson), ("pc", pc), ("pingpong", pingpong), ("threads", threads)];

/// Blocks per message.
const BATCH: usize = 64;
/// Messages under way.
const DEPTH: usize = 32;

/// Slots of small blocks, replaced at random by a thread that hands them to its successor and ends.
fn larson(run: &Run) -> Done {
    const LIVE: usize = 5000;
    const REPLACED: usize = 100_000;
    let sizes = Sizes::skewed(8, 1024);
    let generations = run.scaled(200);
    run.on_each(|thread| {
        let mut dice = Dice::new(thread);
        let mut slots: Vec<Block> = (0..LIVE).map(|_| Block::written(sizes.of(dice.roll()), 8)).collect();
        for generation in 0..generations {
            let sizes = &sizes;
            let life = move || {
                let mut dice = Dice::new(thread + 2 * generation);
                for _ in 0..REPLACED {
                    let roll = dice.roll();
                    let slot = &mut slots[((roll & 0xf_ffff) * LIVE) >> 20];
                    std::mem::replace(slot, Block::written(sizes.of(roll), 8)).free();
                }
                slots
            };
            let born = std::thread::scope(|scope| scope.spawn(life).join());
            slots = born.expect("points do not panic");
        }
        slots.into_iter().for_each(Block::free);
        generations * REPLACED
    })
}

/// Batches through a channel: with one thread it is both ends in turn, with two each is one end.
fn pc(run: &Run) -> Done {
    let batches = run.scaled(400_000) / DEPTH * DEPTH + DEPTH;
    let (sender, receiver) = bounded(DEPTH);
    if run.threads == 1 {
        for _ in 0..batches / DEPTH {
            produce(&sender, DEPTH);
            consume(&receiver, DEPTH);
        }
    } else {
        std::thread::scope(|scope| {
            scope.spawn(|| produce(&sender, batches));
            consume(&receiver, batches);
        });
    }
    Done::from(batches * BATCH)
}

fn produce(sender: &Sender<Box<[Block; BATCH]>>, batches: usize) {
    for _ in 0..batches {
        let batch = Box::new(std::array::from_fn(|at| Block::written(32 + 8 * (at % 16), 8)));
        sender.send(batch).expect("the consumer listens");
    }
}

fn consume(receiver: &Receiver<Box<[Block; BATCH]>>, batches: usize) {
    for batch in receiver.iter().take(batches) {
        (*batch).into_iter().for_each(Block::free);
    }
}

/// Two threads that answer each other: each frees what it gets and sends as much back.
fn pingpong(run: &Run) -> Done {
    const BLOCKS: usize = 1000;
    let serve = || (0..BLOCKS).map(|at| Block::written(32 + 8 * (at % 64), 8)).collect::<Vec<_>>();
    let volleys = run.scaled(5000);
    let (there, table) = bounded::<Vec<Block>>(1);
    let (back, other) = bounded::<Vec<Block>>(1);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for ball in table.iter().take(volleys) {
                ball.into_iter().for_each(Block::free);
                back.send(serve()).expect("the server listens");
            }
        });
        for _ in 0..volleys {
            there.send(serve()).expect("the other listens");
            other.recv().expect("the other answers").into_iter().for_each(Block::free);
        }
    });
    Done::from(2 * volleys * BLOCKS)
}

/// Threads that take 200 blocks, free them and end. An operation is a block.
fn threads(run: &Run) -> Done {
    const BLOCKS: usize = 200;
    let sizes = Sizes::skewed(16, 1024);
    let lives = run.scaled(8000);
    run.on_each(|thread| {
        for life in 0..lives {
            let live = || {
                let mut dice = Dice::new(thread + 2 * life);
                let blocks: Vec<Block> =
                    (0..BLOCKS).map(|_| Block::written(sizes.of(dice.roll()), 8)).collect();
                blocks.into_iter().for_each(Block::free);
            };
            std::thread::scope(|scope| scope.spawn(live).join()).expect("points do not panic");
        }
        lives * BLOCKS
    })
}
