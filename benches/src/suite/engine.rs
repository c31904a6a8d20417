//! Suite `engine`: what the engine costs where it moves nothing, and how well it keeps its promises under load.
//!
//! Hits are held against the hand-written way, a map behind a lock that gives counted buffers; the limit is the two
//! atomic operations without which nothing is counted. What has no rival is held against the promise itself.

use super::{Scale, Suite};
use crate::child;
use crate::contest::{Contender, Contest, Metric, Part, Runner};
use std::path::PathBuf;
use stratal::tiering::tier::TierKind;
use stratal::{Dyn, Engine, Error, ErrorKind, Policy, Result, Tensor};

mod hits;
mod idle;
mod memory;
mod miss;

pub(crate) const SUITE: Suite = Suite {
    name: "engine",
    about: "hits, misses under write-back, idle cost and exact memory of the tiering engine",
    contests,
    child,
};

fn contests(scale: Scale) -> Result<Vec<Contest>> {
    let mut contests = vec![
        hits::alone(scale),
        hits::together(scale),
        idle::slept(scale)?,
        miss::under_write_back(scale)?,
        memory::exact("chunks of 2 MiB")?,
        memory::exact("129.5 MiB")?,
    ];
    contests.retain(|contest| scale.chosen.point(&contest.point));
    Ok(contests)
}

/// Children measure what the rest of a process would blur: its memory, its idle threads.
fn child(arguments: &[String]) -> Result<Vec<f64>> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["idle", seconds] => idle::measure(seconds),
        ["memory", sizes] => memory::measure(sizes),
        _ => Err(Error::new(ErrorKind::Missing, "no such task of suite engine")),
    }
}

/// A contest of one metric between ours, a promise, and others.
fn contest(point: &str, unit: &'static str, goal: Option<f64>, contenders: Vec<Contender>) -> Contest {
    let metrics = vec![Metric { name: "", unit, goal }];
    Contest { suite: "engine", point: point.to_owned(), metrics, contenders }
}

/// A promise in numbers: ours may not be above it.
fn promise(name: &'static str, value: f64) -> Contender {
    Contender { name, part: Part::Goal, run: Box::new(move || Ok(vec![value])) }
}

fn contender(name: &'static str, part: Part, mut run: impl FnMut() -> Result<f64> + 'static) -> Contender {
    let run: Runner = Box::new(move || Ok(vec![run()?]));
    Contender { name, part, run }
}

/// An engine with this budget that spills beside the build.
fn engine(budget: &str) -> Result<Engine> {
    let policy = Policy::builder().tier("dram", TierKind::Dram, budget).spill_directory(folder()?);
    Engine::builder().policy(policy.build()?).build()
}

fn folder() -> Result<PathBuf> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench/engine");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Tensors of so many bytes each, written once.
fn tensors(engine: &Engine, count: usize, bytes: usize) -> Result<Vec<Tensor<f32, (Dyn,)>>> {
    let make = |i| {
        let tensor = engine.zeros::<f32, (Dyn,)>(&format!("t.{i}"), [bytes / 4])?;
        tensor.write()?.as_mut_slice().fill(i as f32);
        Ok(tensor)
    };
    (0..count).map(make).collect()
}
