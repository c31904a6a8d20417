//! Points of whole tensors through the engine: a cold checkpoint read in order under a small budget, and states
//! written until most of them are on disk.

use super::super::disk::{self, GIB, MIB, Probe, Shared};
use super::super::{Scale, forget};
use super::clock;
use crate::child;
use crate::contest::{Contender, Contest, Metric, Part};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;
use stratal::{
    Adopt, Checkpoint, Dyn, Engine, Error, ErrorKind, ParamSource, Policy, Result, Tensor, TierKind,
};

/// Tensors of the read, and bytes of all of them at effort 1.
const TENSORS: usize = 64;
const READ_BYTES: u64 = 8 << 30;
/// Bytes written at effort 1, and of one tensor.
const SPILL_BYTES: u64 = 16 << 30;
const SPILL_TENSOR_BYTES: u64 = 32 << 20;
/// Budget of both, in tensors.
const BUDGET_TENSORS: u64 = 4;

/// What is promised: parts of the limit, and CPU seconds per 10⁹ bytes.
const READ_GOAL: f64 = 0.98;
const SPILL_GOAL: f64 = 0.97;
const CPU_GOAL: f64 = 0.15;

/// Rivals that read the same file: those of the other points, and programs of their own.
const HERE: [&str; 2] = ["mmap", "pread threads"];
const PROGRAMS: [&str; 2] = ["tokio::fs", "foyer"];

/// Names of the tasks of children.
pub(super) const READ: &str = "tensors";
pub(super) const SPILL: &str = "spill";

/// The contests of both points.
pub(super) fn contests(scale: Scale) -> Result<Vec<Contest>> {
    let mut contests = Vec::new();
    if scale.chosen.point("64 cold tensors") {
        contests.push(read(scale)?);
    }
    if scale.chosen.point("spill") {
        contests.push(spill(scale)?);
    }
    Ok(contests)
}

fn metrics() -> Vec<Metric> {
    vec![
        Metric { name: "", unit: "s/GiB", goal: Some(1.0) },
        Metric { name: "cpu", unit: "CPU s/GiB", goal: Some(1.0) },
    ]
}

fn read(scale: Scale) -> Result<Contest> {
    let bytes = tensor_bytes(scale.effort);
    let file = disk::checkpoint(TENSORS, bytes)?;
    let mut command = child::this(&["io", READ, "engine"])?;
    command.arg(&file);
    let mut probe = Probe::reads(&file, scale.quick);
    let [ours, limit, goal] = Shared::runners(move || {
        let (found, limit) = disk::between(|| probe.rate(), |_| child::measure(&mut command))?;
        let best = GIB / limit;
        Ok([found, vec![best, 0.0], vec![best / READ_GOAL, CPU_GOAL * GIB / 1e9]])
    });
    let mut contenders = vec![
        Contender { name: "stratal", part: Part::Ours, run: ours },
        Contender { name: "fio or raw ring", part: Part::Limit, run: limit },
        Contender { name: "0.98 x limit, 0.15 CPU s/GB", part: Part::Goal, run: goal },
    ];
    for name in HERE {
        let mut command = child::this(&["io", name, "sequential 2 MiB"])?;
        command.arg(&file);
        contenders.push(Contender {
            name,
            part: Part::Rival,
            run: Box::new(move || child::measure(&mut command)),
        });
    }
    for name in PROGRAMS.into_iter().filter(|name| scale.chosen.rival(name)) {
        match child::program("files", "rival-files") {
            Ok(program) => {
                let mut command = std::process::Command::new(program);
                command.arg(name).arg(&file).arg(disk::folder()?.join("foyer"));
                let run = Box::new(move || child::measure(&mut command));
                contenders.push(Contender { name, part: Part::Rival, run });
            }
            Err(error) => eprintln!("SKIPPED: {name} could not be built: {error}"),
        }
    }
    let point = format!("64 cold tensors/{} MiB", bytes / MIB);
    Ok(Contest { suite: "io", point, metrics: metrics(), contenders })
}

fn tensor_bytes(effort: f64) -> u64 {
    let wanted = READ_BYTES as f64 * effort.min(1.0) / TENSORS as f64;
    ((wanted as u64) / (2 * MIB)).max(1) * 2 * MIB
}

fn spill(scale: Scale) -> Result<Contest> {
    let bytes = ((SPILL_BYTES as f64 * scale.effort.min(1.0)) as u64).max(8 * SPILL_TENSOR_BYTES);
    let folder = disk::folder()?;
    let mut command = child::this(&["io", SPILL])?;
    command.arg(&folder).arg(bytes.to_string());
    let mut probe = Probe::fresh(&folder, 2 << 30, scale.quick);
    let [ours, limit, goal] = Shared::runners(move || {
        let (found, limit) = disk::between(|| probe.rate(), |_| child::measure(&mut command))?;
        Ok([found, vec![GIB / limit], vec![GIB / limit / SPILL_GOAL]])
    });
    let contenders = vec![
        Contender { name: "stratal", part: Part::Ours, run: ours },
        Contender { name: "fio or raw ring", part: Part::Limit, run: limit },
        Contender { name: "0.97 x limit", part: Part::Goal, run: goal },
    ];
    let point = format!("spill/{:.1} GiB", bytes as f64 / GIB);
    Ok(Contest { suite: "io", point, metrics: metrics()[..1].to_vec(), contenders })
}

/// Runs the task of a child: `engine FILE`, or `FOLDER BYTES`.
pub(super) fn child(task: &str, arguments: &[String]) -> Result<Vec<f64>> {
    let unknown = || Error::new(ErrorKind::Missing, "no such task of suite io");
    let [first, second] = arguments else { return Err(unknown()) };
    match task {
        READ => read_all(Path::new(second)),
        _ => spill_all(&PathBuf::from(first), second.parse().map_err(|_| unknown())?),
    }
}

/// An engine whose budget has been committed: fresh memory costs what the machine makes of it.
fn engine(folder: &Path, budget: u64) -> Result<Engine> {
    let policy = Policy::builder().tier("dram", TierKind::Dram, budget).spill_directory(folder).build()?;
    let engine = Engine::builder().policy(policy).build()?;
    let whole: Tensor<u8, (Dyn,)> = engine.zeros("whole", [budget as usize / 8 * 7])?;
    drop(whole.write()?);
    Ok(engine)
}

/// Leases every tensor once, in order, with hints for those that come next.
fn read_all(file: &Path) -> Result<Vec<f64>> {
    let checkpoint = Checkpoint::open(file)?;
    let bytes = file.metadata()?.len();
    let engine = engine(&disk::folder()?, (BUDGET_TENSORS * bytes / TENSORS as u64).max(64 * MIB))?;
    let source = engine.source(&checkpoint)?;
    let tensors = (0..TENSORS)
        .map(|i| Tensor::<f32, (Dyn,)>::from_any(source.adopt(&format!("t.{i}"), None)?).map_err(Error::from))
        .collect::<Result<Vec<_>>>()?;
    forget(file)?;
    let (start, cpu, before) = (Instant::now(), clock::cpu_ns(), engine.counters().bytes_read);
    for (i, tensor) in tensors.iter().enumerate() {
        for next in tensors.iter().skip(i + 1).take(2) {
            next.prefetch();
        }
        let lease = tensor.read()?;
        black_box(lease.first().copied());
    }
    let (wall, cpu) = (start.elapsed().as_secs_f64(), clock::cpu_ns() - cpu);
    let gib = (engine.counters().bytes_read - before) as f64 / GIB;
    eprintln!("{}", engine.report());
    Ok(vec![wall / gib, cpu as f64 / 1e9 / gib])
}

/// Writes tensors one after the other, until `bytes` of them were written; seconds per GiB that reached the disk.
fn spill_all(folder: &Path, bytes: u64) -> Result<Vec<f64>> {
    let engine = engine(folder, 2 * BUDGET_TENSORS * SPILL_TENSOR_BYTES)?;
    let elements = SPILL_TENSOR_BYTES as usize / 8;
    let mut tensors: Vec<Tensor<u64, (Dyn,)>> = Vec::new();
    let mut start = None;
    for i in 0..bytes / SPILL_TENSOR_BYTES {
        let tensor: Tensor<u64, (Dyn,)> = engine.zeros(&format!("state.{i}"), [elements])?;
        let mut lease = tensor.write()?;
        lease.as_mut_slice().iter_mut().enumerate().for_each(|(at, word)| *word = i ^ at as u64);
        drop(lease);
        tensors.push(tensor);
        // The clock starts when the budget is full: from here on the disk sets the pace.
        if i == 2 * BUDGET_TENSORS {
            start = Some((Instant::now(), engine.counters().bytes_written));
        }
    }
    let (start, before) = start.ok_or_else(|| Error::new(ErrorKind::Missing, "too few bytes to spill"))?;
    let gib = (engine.counters().bytes_written - before) as f64 / GIB;
    let wall = start.elapsed().as_secs_f64();
    eprintln!("{}", engine.report());
    Ok(vec![wall / gib.max(1e-9)])
}
