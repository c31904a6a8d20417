//! Suite `stream`: layers of many budgets and compute times against the plan's bound and a mapping, and the main job
//! against a mapping of the same checkpoint, with the same bytes of memory.
//!
//! In the main job ours is `stratal run`, computing included. The rival maps the checkpoint and only touches each page in order,
//! window by window with `WILLNEED`, in a memory cgroup whose limit is the peak that ours reached in the same round:
//! it computes nothing, so the comparison favours it. The limit is the bound that `stratal run` states.

use super::{Scale, Suite};
use crate::child;
use crate::contest::{Contender, Contest, Metric, Part};
use crate::stats::median;
use cgroup::Cgroup;
use serde::Deserialize;
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use stratal::{Error, ErrorKind, Result};

mod cgroup;
mod layers;
mod mapped;
mod plot;

pub(crate) use plot::plot;

pub(crate) const SUITE: Suite = Suite {
    name: "stream",
    about: "layer streaming, and the main job, against mmap in a cgroup of the same bytes",
    contests,
    child,
};

/// The point of the main job.
const MAIN_JOB: &str = "1 GiB, a quarter in memory";

/// Traversals before the counted ones: the first is recorded, the second finds its rhythm.
const WARM_UP: usize = 2;
const GIB: f64 = (1_u64 << 30) as f64;

/// What `stratal run --json` says, as far as it is needed here.
#[derive(Deserialize)]
struct Job {
    peak_rss_bytes: u64,
    passes: Vec<Pass>,
}

#[derive(Deserialize)]
struct Pass {
    wall_ns: f64,
    bound_ns: f64,
    bytes_read: f64,
    bytes_min: f64,
}

/// What our latest run left for the others of its round.
#[derive(Clone, Copy, Default)]
struct Latest {
    peak_bytes: u64,
    limit: [f64; 2],
}

fn contests(scale: Scale) -> Result<Vec<Contest>> {
    let mut contests = layers::contests(scale)?;
    if scale.chosen.point(MAIN_JOB) {
        contests.extend(main_job(scale)?);
    }
    Ok(contests)
}

fn main_job(scale: Scale) -> Result<Option<Contest>> {
    if let Err(reason) = Cgroup::with_limit(1 << 30) {
        eprintln!("SKIPPED: suite stream needs a memory cgroup to write to: {reason}");
        return Ok(None);
    }
    let passes = if scale.quick { "3" } else { "6" };
    let cache = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench/stream");
    std::fs::create_dir_all(&cache)?;
    let mut command = Command::new(child::own("stratal-cli", "stratal")?);
    command.args(["run", "--json", "--passes", passes, "--cache-dir"]).arg(&cache);

    let latest = Rc::new(Cell::new(Latest::default()));
    latest.set(run(&mut command)?.1);
    let (ours, bound, rival) = (Rc::clone(&latest), Rc::clone(&latest), latest);
    let contenders = vec![
        Contender {
            name: "stratal run",
            part: Part::Ours,
            run: Box::new(move || {
                let (costs, found) = run(&mut command)?;
                ours.set(found);
                Ok(costs)
            }),
        },
        Contender { name: "bound", part: Part::Limit, run: Box::new(move || Ok(bound.get().limit.to_vec())) },
        Contender {
            name: "mmap",
            part: Part::Rival,
            run: Box::new(move || map(&cache, passes, rival.get().peak_bytes)),
        },
    ];
    let metrics = vec![
        Metric { name: "", unit: "s/pass", goal: Some(1.0) },
        Metric { name: "read", unit: "GiB/pass", goal: Some(1.0) },
    ];
    Ok(Some(Contest { suite: "stream", point: MAIN_JOB.to_owned(), metrics, contenders }))
}

/// Runs the main job: seconds and GiB per pass, and what others of the round need.
fn run(command: &mut Command) -> Result<(Vec<f64>, Latest)> {
    let text = child::output(command)?;
    let job: Job = serde_json::from_str(&text)
        .map_err(|error| Error::new(ErrorKind::Format, "`stratal run --json` changed").caused_by(error))?;
    let passes = job.passes.get(WARM_UP..).unwrap_or_default();
    let middle = |cost: fn(&Pass) -> f64| {
        let values: Vec<f64> = passes.iter().map(cost).collect();
        median(&values).ok_or_else(|| Error::new(ErrorKind::Format, "too few passes"))
    };
    let costs = vec![middle(|pass| pass.wall_ns)? / 1e9, middle(|pass| pass.bytes_read)? / GIB];
    let limit = [middle(|pass| pass.bound_ns)? / 1e9, middle(|pass| pass.bytes_min)? / GIB];
    Ok((costs, Latest { peak_bytes: job.peak_rss_bytes, limit }))
}

/// Runs the mapping in a cgroup of `bytes`.
fn map(cache: &Path, passes: &str, bytes: u64) -> Result<Vec<f64>> {
    let group = Cgroup::with_limit(bytes)?;
    let mut command = child::this(&["stream"])?;
    command.arg(group.path()).arg(checkpoint(cache)?).arg(passes);
    child::measure(&mut command)
}

/// The checkpoint that `stratal run` made, the largest if it made others.
fn checkpoint(cache: &Path) -> Result<PathBuf> {
    let made = std::fs::read_dir(cache)?.flatten().map(|entry| entry.path());
    let made = made.filter(|path| path.extension().is_some_and(|ending| ending == "safetensors"));
    let largest = made.max_by_key(|path| path.metadata().map_or(0, |found| found.len()));
    largest
        .ok_or_else(|| Error::new(ErrorKind::Missing, "no checkpoint was made").with("file", cache.display()))
}

fn child(arguments: &[String]) -> Result<Vec<f64>> {
    let unknown =
        || Error::new(ErrorKind::Missing, "suite stream needs a cgroup, a file and a number of passes");
    if let [task, rest @ ..] = arguments
        && [layers::OURS, layers::MAPPED].contains(&task.as_str())
    {
        return layers::child(task, rest);
    }
    let [group, file, passes] = arguments else { return Err(unknown()) };
    let passes = passes.parse().map_err(|_| unknown())?;
    cgroup::join(Path::new(group))?;
    mapped::traverse(Path::new(file), passes, WARM_UP)
}
