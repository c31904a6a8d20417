//! Vectors that grow: many small ones, and one of 256 MiB.

use crate::dice::{Dice, Sizes};
use crate::{Done, Point, Run};
use std::hint::black_box;

pub(crate) const POINTS: &[Point] = &[("vecgrow", vecgrow), ("vecbig", vecbig)];

/// Vectors of words pushed to their length, 4 to 16,384, from nothing. An operation is a push.
fn vecgrow(run: &Run) -> Done {
    let lengths = Sizes::skewed(4, 16 << 10);
    run.on_each(|thread| {
        let (mut dice, mut pushed) = (Dice::new(thread), 0);
        while pushed < run.scaled(100_000_000) {
            let length = lengths.of(dice.roll());
            black_box(grown(length));
            pushed += length;
        }
        pushed
    })
}

/// One vector of 256 MiB. An operation is 64 KiB appended.
fn vecbig(run: &Run) -> Done {
    let bytes = run.scaled(256 << 20);
    black_box(grown(bytes / 8));
    Done::from(bytes.div_ceil(64 << 10))
}

/// Pushed word by word, as a parser or a reader does.
fn grown(length: usize) -> Vec<u64> {
    let mut words = Vec::new();
    for word in 0..length as u64 {
        words.push(black_box(word));
    }
    words
}
