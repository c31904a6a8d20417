//! Ours: states as tensors of the engine, leased group by group in the order that the engine learns.

use super::super::disk::GIB;
use super::{COUNTED, GROUP, WARM_UP, step};
use crate::stats::median;
use std::path::Path;
use std::time::{Duration, Instant};
use stratal::{Dyn, Engine, Error, ErrorKind, Policy, Result, Tensor, TierKind};

type State = Tensor<f32, (Dyn,)>;

/// Seconds and GiB moved per step, and seconds of arithmetic in it.
pub(super) fn run(folder: &Path, groups: usize, budget: u64) -> Result<Vec<f64>> {
    let policy = Policy::builder()
        .tier("dram", TierKind::Dram, budget)
        .spill_directory(folder)
        // Of what is dirty, the plan says what leaves and is to be written; what it keeps need not be.
        .high_watermark(1.0)
        .low_watermark(0.95)
        .build()?;
    let engine = Engine::builder().policy(policy).build()?;
    let states = |name: &str| -> Result<Vec<State>> {
        (0..groups).map(|group| engine.zeros(&format!("{name}.{group}"), [GROUP])).collect()
    };
    let [parameters, first, second] = [states("parameters")?, states("first")?, states("second")?];
    let pull: State = engine.zeros("gradient", [GROUP])?;
    for (group, parameters) in parameters.iter().enumerate() {
        step::begin(group, parameters.write()?.as_mut_slice());
    }
    let (mut walls, mut moved, mut arithmetic) = (Vec::new(), Vec::new(), Vec::new());
    for at in 1..=WARM_UP + COUNTED {
        engine.begin_pass();
        let (start, before) = (Instant::now(), bytes(&engine));
        let mut computing = Duration::ZERO;
        for group in 0..groups {
            let mut parameters = parameters[group].write()?;
            let (mut first, mut second) = (first[group].write()?, second[group].write()?);
            let mut pull = pull.write()?;
            let since = Instant::now();
            step::gradient(group, at, &parameters, pull.as_mut_slice());
            let states = (first.as_mut_slice(), second.as_mut_slice());
            step::step(at, &pull, parameters.as_mut_slice(), states.0, states.1);
            computing += since.elapsed();
        }
        if at > WARM_UP {
            walls.push(start.elapsed().as_secs_f64());
            moved.push((bytes(&engine) - before) as f64 / GIB);
            arithmetic.push(computing.as_secs_f64());
        }
    }
    eprintln!("{}", engine.report());
    for (group, parameters) in parameters.iter().enumerate() {
        compare(group, &parameters.read()?)?;
    }
    let middle = |values: &[f64]| median(values).ok_or_else(|| Error::new(ErrorKind::Missing, "no steps"));
    Ok(vec![middle(&walls)?, middle(&moved)?, middle(&arithmetic)?])
}

/// Bytes read and written so far.
fn bytes(engine: &Engine) -> u64 {
    let counters = engine.counters();
    counters.bytes_read + counters.bytes_written
}

/// # Errors
/// `Format` where a parameter differs from Adam in memory by a bit.
pub(super) fn compare(group: usize, found: &[f32]) -> Result<()> {
    let expected = step::in_memory(group, WARM_UP + COUNTED);
    let wrong = found.iter().zip(&expected).position(|(found, right)| found.to_bits() != right.to_bits());
    wrong.map_or(Ok(()), |at| {
        let message = "a parameter differs from Adam in memory";
        Err(Error::new(ErrorKind::Format, message).with("group", group).with("element", at))
    })
}
