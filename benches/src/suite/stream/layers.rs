//! Layer streaming: layers of one size leased in order, each computed on for a chosen part of the time it takes to
//! read, against the exact bound of the plan; and the same arithmetic over a mapping in a cgroup of the same bytes.

use super::super::disk::{self, GIB, MIB, Probe, Shared};
use super::super::{Scale, forget};
use super::cgroup::{self, Cgroup};
use crate::child;
use crate::contest::{Contender, Contest, Metric, Part, Runner};
use crate::stats::median;
use memmap2::{Advice, Mmap};
use std::cell::Cell;
use std::fs::File;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Instant;
use stratal::tiering::plan::bound::bound_ns;
use stratal::{
    Adopt, Checkpoint, Dyn, Engine, Error, ErrorKind, ParamSource, Policy, Result, Tensor, TierKind,
};

/// Layers, and bytes of one at effort 1.
pub(super) const LAYERS: usize = 64;
const LAYER_BYTES: u64 = 64 * MIB;

/// Layers that the budget holds, and compute time by reading time of a layer.
pub(super) const BUDGETS: [u64; 3] = [16, 32, 48];
pub(super) const RATIOS: [(f64, &str); 5] =
    [(0.25, "0.25"), (0.5, "0.5"), (1.0, "1"), (2.0, "2"), (4.0, "4")];

/// Largest wall by bound.
fn goal(ratio: f64) -> f64 {
    if ratio == 1.0 { 1.08 } else { 1.05 }
}

/// Passes before the counted ones, and those.
const WARM_UP: usize = 2;
const COUNTED: usize = 3;

/// Names of the tasks of children.
pub(super) const OURS: &str = "layers";
pub(super) const MAPPED: &str = "mapped-layers";

/// In which order a pass leases the layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// First to last.
    Cyclic,
    /// First to last and back.
    Mirrored,
}

impl Order {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Cyclic => "cyclic",
            Self::Mirrored => "forward+backward",
        }
    }

    fn pass(self) -> Vec<usize> {
        match self {
            Self::Cyclic => (0..LAYERS).collect(),
            Self::Mirrored => (0..LAYERS).chain((0..LAYERS).rev()).collect(),
        }
    }
}

/// One point.
#[derive(Clone, Copy, Debug)]
struct Job {
    order: Order,
    resident: u64,
    ratio: f64,
    bytes_per_s: f64,
}

impl Job {
    fn arguments(&self) -> [String; 4] {
        let order = if self.order == Order::Cyclic { "cyclic" } else { "mirrored" };
        [order.into(), self.resident.to_string(), self.ratio.to_string(), self.bytes_per_s.to_string()]
    }

    fn parse(arguments: &[String]) -> Option<Self> {
        let [order, resident, ratio, rate] = arguments else { return None };
        let order = if order == "cyclic" { Order::Cyclic } else { Order::Mirrored };
        let (resident, ratio) = (resident.parse().ok()?, ratio.parse().ok()?);
        Some(Self { order, resident, ratio, bytes_per_s: rate.parse().ok()? })
    }
}

/// The name of a point.
pub(super) fn point(order: Order, resident: u64, ratio: &str) -> String {
    format!("{} {resident} of {LAYERS} resident at {ratio}", order.name())
}

/// Every point: all budgets and ratios in a circle, the middle budget there and back.
pub(super) fn contests(scale: Scale) -> Result<Vec<Contest>> {
    let bytes = ((LAYER_BYTES as f64 * scale.effort.min(1.0)) as u64 / (2 * MIB)).max(1) * 2 * MIB;
    let mut contests = Vec::new();
    for order in [Order::Cyclic, Order::Mirrored] {
        for resident in
            BUDGETS.into_iter().filter(|resident| order == Order::Cyclic || *resident == BUDGETS[1])
        {
            for (ratio, name) in RATIOS {
                let point = point(order, resident, name);
                let shown = !scale.quick || (resident == BUDGETS[2] && ratio == 0.5);
                if shown && scale.chosen.point(&point) {
                    let job = Job { order, resident, ratio, bytes_per_s: 0.0 };
                    contests.push(contest(scale, point, job, bytes)?);
                }
            }
        }
    }
    Ok(contests)
}

fn contest(scale: Scale, point: String, job: Job, bytes: u64) -> Result<Contest> {
    let file = disk::checkpoint(LAYERS, bytes)?;
    let mut probe = Probe::reads(&file, scale.quick);
    let latest = Rc::new(Cell::new((0_u64, 1e9)));
    let (theirs, path) = (Rc::clone(&latest), file.clone());
    let [ours, bound, promised] = Shared::runners(move || {
        let (found, limit) = disk::between(
            || probe.rate(),
            |rate| {
                let job = Job { bytes_per_s: rate, ..job };
                child::measure(child::this(&["stream", OURS])?.arg(&path).args(job.arguments()))
            },
        )?;
        let [wall, bound, read, least, peak] = found[..] else {
            return Err(Error::new(ErrorKind::Format, "a child of suite stream says five numbers"));
        };
        latest.set((peak as u64, limit));
        Ok([vec![wall, read], vec![bound, least], vec![bound * goal(job.ratio), least * 1.02]])
    });
    let mut contenders = vec![
        Contender { name: "stratal", part: Part::Ours, run: ours },
        Contender { name: "plan bound R2", part: Part::Limit, run: bound },
        Contender {
            name: if job.ratio == 1.0 { "1.08 x R2" } else { "1.05 x R2" },
            part: Part::Goal,
            run: promised,
        },
    ];
    if let Some(run) = mapping(file, job, theirs) {
        contenders.push(Contender { name: "mmap", part: Part::Rival, run });
    }
    let promised =
        (job.order == Order::Cyclic && job.ratio <= 0.5 && job.resident == BUDGETS[2]).then_some(1.0 / 3.0);
    let metrics = vec![
        Metric { name: "", unit: "s/pass", goal: Some(promised.unwrap_or(1.0)) },
        Metric { name: "read", unit: "GiB/pass", goal: None },
    ];
    Ok(Contest { suite: "stream", point, metrics, contenders })
}

/// The rival, in a group of as many bytes as ours needed; none where no group can be made.
fn mapping(file: PathBuf, job: Job, latest: Rc<Cell<(u64, f64)>>) -> Option<Runner> {
    if let Err(reason) = Cgroup::with_limit(1 << 30) {
        eprintln!("SKIPPED: mmap needs a memory cgroup to write to: {reason}");
        return None;
    }
    Some(Box::new(move || {
        let (peak_bytes, rate) = latest.get();
        // In the first round of a backward order ours has not run yet: its budget stands in.
        let layer = file.metadata()?.len() / LAYERS as u64;
        let group = Cgroup::with_limit(peak_bytes.max(job.resident * layer + 16 * MIB))?;
        let job = Job { bytes_per_s: rate, ..job };
        let mut command = child::this(&["stream", MAPPED])?;
        child::measure(command.arg(&file).args(job.arguments()).arg(group.path()))
    }))
}

/// Runs the task of a child.
pub(super) fn child(task: &str, arguments: &[String]) -> Result<Vec<f64>> {
    let unknown =
        || Error::new(ErrorKind::Missing, "a task of suite stream names file, order, budget, ratio, rate");
    let [file, rest @ ..] = arguments else { return Err(unknown()) };
    let (job, group) = rest.split_at_checked(4).ok_or_else(unknown)?;
    let job = Job::parse(job).ok_or_else(unknown)?;
    match (task, group) {
        (OURS, []) => stream(Path::new(file), job),
        (MAPPED, [group]) => {
            cgroup::join(Path::new(group))?;
            map(Path::new(file), job)
        }
        _ => Err(unknown()),
    }
}

/// Arithmetic that takes a chosen time per layer: blocks of the first cache level, gone over again and again.
struct Compute {
    /// Goings over a block, on average.
    times: f64,
}

/// Elements of a block.
const BLOCK: usize = 4096;

impl Compute {
    /// Takes `ns` for `layer`, as far as one going over it is not more already.
    fn calibrated(layer: &[f32], ns: f64) -> Self {
        let timed = |times: f64| {
            let least = (0..3).map(|_| {
                let start = Instant::now();
                black_box(Self { times }.run(layer));
                start.elapsed().as_nanos() as f64
            });
            least.fold(f64::INFINITY, f64::min)
        };
        let (once, nine) = (timed(1.0), timed(9.0));
        let each = ((nine - once) / 8.0).max(1.0);
        Self { times: (1.0 + (ns - once) / each).max(1.0) }
    }

    /// Goes over a layer: a damped sum, so that no going over can be left out.
    fn run(&self, layer: &[f32]) -> f32 {
        let (mut lanes, mut owed) = ([0.0_f32; 16], 0.0);
        // Or the compiler makes it before the clock is read.
        for block in black_box(layer).chunks(BLOCK) {
            owed += self.times;
            while owed >= 1.0 {
                owed -= 1.0;
                for values in block.as_chunks::<16>().0 {
                    for (lane, value) in lanes.iter_mut().zip(values) {
                        *lane = *lane * 0.75 + value;
                    }
                }
            }
        }
        lanes.iter().sum()
    }
}

/// The time a layer is to take.
fn compute_ns(job: Job, layer_bytes: u64) -> f64 {
    job.ratio * layer_bytes as f64 / job.bytes_per_s * 1e9
}

/// Wall and bound in seconds per pass, GiB read per pass and the least possible, and peak memory in bytes.
fn stream(file: &Path, job: Job) -> Result<Vec<f64>> {
    let checkpoint = Checkpoint::open(file)?;
    let layer_bytes = file.metadata()?.len() / LAYERS as u64 / MIB * MIB;
    let policy = Policy::builder().tier("dram", TierKind::Dram, job.resident * layer_bytes).build()?;
    let engine = Engine::builder().policy(policy).build()?;
    let source = engine.source(&checkpoint)?;
    let layers = (0..LAYERS)
        .map(|i| Tensor::<f32, (Dyn,)>::from_any(source.adopt(&format!("t.{i}"), None)?).map_err(Error::from))
        .collect::<Result<Vec<_>>>()?;
    let compute = Compute::calibrated(&layers[0].read()?, compute_ns(job, layer_bytes));
    let order = job.order.pass();
    let (mut walls, mut reads, mut steps) = (Vec::new(), Vec::new(), vec![Vec::new(); order.len()]);
    for pass in 0..WARM_UP + COUNTED {
        engine.begin_pass();
        let (start, before) = (Instant::now(), engine.counters().bytes_read);
        for (at, &layer) in order.iter().enumerate() {
            let lease = layers[layer].read()?;
            let since = Instant::now();
            black_box(compute.run(&lease));
            if pass >= WARM_UP {
                steps[at].push(since.elapsed().as_nanos() as f64);
            }
        }
        if pass >= WARM_UP {
            walls.push(start.elapsed().as_secs_f64());
            reads.push((engine.counters().bytes_read - before) as f64 / GIB);
        }
    }
    let step_ns: Vec<u64> = steps.iter().map(|times| median(times).unwrap_or(0.0) as u64).collect();
    let none = || Error::new(ErrorKind::Missing, "the engine has learned no pass");
    let trace = engine.trace().ok_or_else(none)?;
    let (budget, window) = (engine.budget_bytes(), engine.window_bytes());
    let bound =
        bound_ns(&trace, &step_ns, job.bytes_per_s, budget, window, 5)?.last().copied().ok_or_else(none)?;
    let report = engine.report();
    let least = report.scheduled_bytes_per_pass.unwrap_or(0) as f64 / GIB;
    eprintln!("{report}");
    let (wall, read) = (median(&walls).ok_or_else(none)?, median(&reads).ok_or_else(none)?);
    Ok(vec![wall, bound as f64 / 1e9, read, least, peak_bytes()?])
}

/// Seconds and GiB read per pass over a mapping.
fn map(file: &Path, job: Job) -> Result<Vec<f64>> {
    forget(file)?;
    let opened = File::open(file)?;
    // SAFETY: nobody changes the checkpoint while it is mapped: its writer has finished.
    let map = unsafe { Mmap::map(&opened)? };
    let layer_bytes = map.len() / LAYERS / MIB as usize * MIB as usize;
    let start = map.len() - layer_bytes * LAYERS;
    let bytes = |layer: usize| &map[start + layer * layer_bytes..start + (layer + 1) * layer_bytes];
    // The payload of a checkpoint begins at a multiple of 8.
    let floats = |layer: usize| as_floats(bytes(layer));
    let resident: Vec<f32> = (0..layer_bytes / 4).map(|at| 0.5 + (at % 7) as f32 / 16.0).collect();
    let compute = Compute::calibrated(&resident, compute_ns(job, layer_bytes as u64));
    drop(resident);
    let order = job.order.pass();
    let (mut walls, mut reads) = (Vec::new(), Vec::new());
    for pass in 0..WARM_UP + COUNTED {
        let (since, before) = (Instant::now(), super::mapped::bytes_read()?);
        for (at, &layer) in order.iter().enumerate() {
            if let Some(&next) = order.get(at + 1) {
                let ahead = start + next * layer_bytes;
                map.advise_range(Advice::WillNeed, ahead / 4096 * 4096, layer_bytes)?;
            }
            black_box(compute.run(floats(layer)));
        }
        if pass >= WARM_UP {
            walls.push(since.elapsed().as_secs_f64());
            reads.push((super::mapped::bytes_read()? - before) as f64 / GIB);
        }
    }
    let none = || Error::new(ErrorKind::Missing, "no passes after the warm-up");
    Ok(vec![median(&walls).ok_or_else(none)?, median(&reads).ok_or_else(none)?])
}

/// Bytes of a mapping as the numbers that are there.
fn as_floats(bytes: &[u8]) -> &[f32] {
    // SAFETY: every bit pattern is a number, and what is not aligned is left out.
    let (_, floats, _) = unsafe { bytes.align_to::<f32>() };
    floats
}

/// Most memory this process ever held.
fn peak_bytes() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.map(|kib| kib * 1024.0)
        .ok_or_else(|| Error::new(ErrorKind::Format, "no VmHWM").with("file", "/proc/self/status"))
}
