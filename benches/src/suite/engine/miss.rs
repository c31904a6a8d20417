//! A demand miss of 4 MiB, alone and while everything else is being written: the 99th percentile of its wait.
//!
//! Alone, a tensor that was spilled is read back under an engine that does nothing else. Under load, a second thread
//! dirties tensors without pause in the same engine, so that it spills all the time.

use super::{contender, contest, engine, tensors};
use crate::contest::{Contest, Part};
use crate::suite::Scale;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use stratal::{Dyn, Engine, Result, Tensor};

const BYTES: usize = 4 << 20;
/// Tensors that the misses go round; more than the budget holds.
const READ: usize = 24;
/// Tensors that the writer goes round.
const WRITTEN: usize = 24;

pub(super) fn under_write_back(scale: Scale) -> Result<Contest> {
    let misses = if scale.quick { 60 } else { 400 };
    let (mut loaded, mut alone) = (None, None);
    Ok(contest(
        "demand miss under write-back, p99",
        "us",
        Some(2.0),
        vec![
            contender("stratal", Part::Ours, move || {
                let world = world(&mut loaded)?;
                let done = AtomicBool::new(false);
                std::thread::scope(|scope| {
                    let writer = scope.spawn(|| write(world, &done));
                    let waits = read(world, misses);
                    done.store(true, Ordering::Relaxed);
                    writer.join().expect("the writer returns its errors")?;
                    waits
                })
            }),
            contender("unloaded", Part::Rival, move || read(world(&mut alone)?, misses)),
        ],
    ))
}

struct World {
    _engine: Engine,
    read: Vec<Tensor<f32, (Dyn,)>>,
    written: Vec<Tensor<f32, (Dyn,)>>,
}

fn world(made: &mut Option<World>) -> Result<&World> {
    if made.is_none() {
        let engine = engine("64 MiB")?;
        let (read, written) = (tensors(&engine, READ, BYTES)?, tensors(&engine, WRITTEN, BYTES)?);
        *made = Some(World { _engine: engine, read, written });
    }
    Ok(made.as_ref().expect("made above"))
}

/// Reads tensors in an order that does not repeat, and gives the 99th percentile of the waits that were misses, in
/// microseconds.
fn read(world: &World, misses: usize) -> Result<f64> {
    let mut waits = Vec::with_capacity(misses);
    let mut at = 0_u64;
    for _ in 0..misses * 3 {
        at = at.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let tensor = &world.read[(at >> 33) as usize % world.read.len()];
        let since = Instant::now();
        drop(tensor.read()?);
        let waited = since.elapsed();
        // A hit takes well under a microsecond, a read of 4 MiB a hundred times that.
        if waited.as_micros() >= 20 {
            waits.push(waited.as_nanos() as f64 / 1e3);
        }
        if waits.len() == misses {
            break;
        }
    }
    waits.sort_by(f64::total_cmp);
    Ok(waits[(waits.len() * 99 / 100).min(waits.len() - 1)])
}

fn write(world: &World, done: &AtomicBool) -> Result<()> {
    let mut value = 0.0;
    while !done.load(Ordering::Relaxed) {
        for tensor in world.written.iter().take_while(|_| !done.load(Ordering::Relaxed)) {
            value += 1.0;
            tensor.write()?.as_mut_slice()[0] = value;
        }
    }
    Ok(())
}
