//! The engine through the passes of an order, and the yardsticks through the same.

use super::optimum::{latest, lru, min};
use super::orders::{Order, TENSORS};
use crate::suite::disk;
use std::hint::black_box;
use stratal::{Dyn, Engine, Error, ErrorKind, Policy, Result, Tensor, TierKind};

/// The passes before a change, and after it.
const BEFORE: usize = 4;

/// Sizes of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    /// Bytes of a tensor.
    pub(super) chunk_bytes: u64,
    /// Tensors that fit.
    pub(super) resident: u64,
    /// Of those, tensors that may be there ahead of their use.
    pub(super) window: u64,
    /// Passes.
    pub(super) passes: usize,
}

/// Tensors read per pass, by metric.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) ours: [f64; 2],
    pub(super) least: [f64; 2],
    pub(super) lru: [f64; 2],
}

impl Setting {
    /// What so many tensors are.
    pub(super) fn gib(self, tensors: [f64; 2]) -> Vec<f64> {
        tensors.map(|tensors| tensors * self.chunk_bytes as f64 / disk::GIB).to_vec()
    }

    fn engine(self) -> Result<Engine> {
        let policy = Policy::builder()
            .tier("dram", TierKind::Dram, self.resident * self.chunk_bytes)
            .prefetch_window(self.window * self.chunk_bytes)
            .spill_directory(disk::folder()?);
        Engine::builder().policy(policy.build()?).build()
    }
}

/// Tensors per pass of some passes.
fn mean(passes: &[f64]) -> f64 {
    passes.iter().sum::<f64>() / passes.len().max(1) as f64
}

/// Tensors of noise, each one chunk: what repeats would cost no bytes.
fn tensors(engine: &Engine, bytes: u64) -> Result<Vec<Tensor<u64, (Dyn,)>>> {
    let mut state = 1_u64;
    let made = (0..TENSORS).map(|i| {
        let tensor = engine.zeros(&format!("t.{i}"), [bytes as usize / 8])?;
        for word in tensor.write()?.as_mut_slice() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *word = state;
        }
        Ok(tensor)
    });
    made.collect()
}

/// Tensors that each pass of ours reads.
fn ours(setting: Setting, passes: &[Vec<usize>]) -> Result<Vec<f64>> {
    let engine = setting.engine()?;
    let tensors = tensors(&engine, setting.chunk_bytes)?;
    let mut read = Vec::new();
    for pass in passes {
        engine.begin_pass();
        let before = engine.counters().bytes_read;
        for tensor in pass {
            black_box(tensors[*tensor].read()?[7]);
        }
        read.push((engine.counters().bytes_read - before) as f64 / setting.chunk_bytes as f64);
    }
    let moved = engine.counters();
    if moved.spills < TENSORS - setting.resident {
        return Err(Error::new(ErrorKind::Format, "the tensors of suite bytes were not all stored")
            .with("spills", moved.spills));
    }
    Ok(read)
}

/// Misses of each pass.
fn by_pass(missed: &[bool], passes: &[Vec<usize>]) -> Vec<f64> {
    let mut rest = missed;
    let mut count = |pass: &Vec<usize>| {
        let (this, later) = rest.split_at(pass.len());
        rest = later;
        this.iter().filter(|missed| **missed).count() as f64
    };
    passes.iter().map(&mut count).collect()
}

/// The same order all the time.
pub(super) fn steady(setting: Setting, order: Order) -> Result<Found> {
    let passes = vec![order.pass(0); setting.passes];
    let read = ours(setting, &passes)?;
    // Longer than ours, so that the end, after which MIN keeps nothing, does not weigh.
    let long = vec![order.pass(0); TENSORS as usize + 2];
    let leases = long.concat();
    let room = (setting.resident - setting.window) as usize;
    let reactive = by_pass(&lru(&leases, setting.resident as usize), &long);
    // From what LRU leaves of a pass that nobody foresaw, and over the passes that ours makes: MIN's misses of a circle go
    // up and down by one, in a rhythm of as many passes as there are tensors.
    let begun = by_pass(&min(&leases, room, &latest(&long[0], room)), &long);
    let settled = |passes: &[f64]| mean(&passes[2..passes.len() - 1]);
    Ok(Found {
        ours: [mean(&read[2..]), mean(&read[1..])],
        least: [mean(&begun[1..setting.passes - 1]), mean(&begun[..setting.passes - 1])],
        lru: [settled(&reactive); 2],
    })
}

/// One order, then another.
pub(super) fn changed(setting: Setting, order: Order, change: Order) -> Result<Found> {
    let before = (0..BEFORE as u64).map(|pass| order.pass(pass));
    let passes: Vec<_> = before.chain((0..setting.passes as u64).map(|pass| change.pass(1 + pass))).collect();
    let read = ours(setting, &passes)?;
    let leases = passes.concat();
    let reactive = by_pass(&lru(&leases, setting.resident as usize), &passes);
    let room = (setting.resident - setting.window) as usize;
    let long: Vec<_> = (0..TENSORS + 2).map(|pass| change.pass(1 + pass)).collect();
    let least = by_pass(&min(&long.concat(), room, &[]), &long);
    // The first new pass is seen, the second is followed: from the third on it has to be as good as any.
    let parts = |passes: &[f64]| [mean(&passes[BEFORE..=BEFORE]), mean(&passes[BEFORE + 2..])];
    Ok(Found {
        ours: parts(&read),
        least: [mean(&least[2..3]), mean(&least[2..least.len() - 1])],
        lru: parts(&reactive),
    })
}
