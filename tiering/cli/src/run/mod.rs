//! `stratal run`: a model larger than its memory budget, token by token, measured against its limits.
//!
//! ```text
//! checkpoint (made once) ── disk sweep ── passes under the budget ── peak memory ── disk sweep ── reference child
//!                                                                                                     │
//!                 report <── MIN and bound of the recorded pass, with the child's compute times <─────┘
//! ```

mod ahead;
mod attention;
mod generate;
mod limits;
mod live;
mod matmul;
mod model;
mod ops;
mod passes;
pub(crate) mod reference;
mod report;
mod session;
mod shape;
mod stage;
mod steps;

use crate::args::{ModelSize, RunArgs};
use crate::directories;
use crate::disk;
use crate::doctor::Memory;
use crate::output;
use crate::progress::Progress;
use crate::units::Bytes;
use limits::{Limits, Means};
use passes::Taken;
use reference::{Question, Reference};
use report::{PassReport, RunReport};
use shape::ModelShape;
use stage::Stage;
use steps::StepTimes;
use stratal::{Checkpoint, Error, ErrorKind, Result};

/// Passes of a reference that only times computing.
const TIMING_PASSES: u32 = 3;

/// `stratal run`.
///
/// # Errors
/// What opening, making, leasing and measuring meet; `Budget` when `--verify` needs more memory than there is;
/// `Conflict` when it finds other bits.
pub(crate) fn run(args: &RunArgs) -> Result<()> {
    let progress = Progress::unless(args.quiet);
    start_threads(args.threads)?;
    let checkpoint = checkpoint(args, progress)?;
    let shape = ModelShape::of(&checkpoint)?;
    let fits = fits_in_memory(args, &checkpoint)?;
    let file = checkpoint.files().first().map(|file| file.path.clone()).unwrap_or_default();
    let before = disk::limit(&file, progress)?;
    let stage = stage::run(args, &checkpoint, &shape, progress)?;
    let after = disk::limit(&file, progress)?;
    let means = Means {
        budget_bytes: stage.budget_bytes,
        window_bytes: stage.window_bytes,
        disk_bytes_per_s: before.max(after),
    };
    let reference = if fits { Some(ask(args, &checkpoint, stage.lease_bytes, progress)?) } else { None };
    let report = report(args, &checkpoint, stage, reference.as_ref(), means)?;
    output::print(&report, args.json)?;
    match report.outputs_equal {
        Some(false) => {
            Err(Error::new(ErrorKind::Conflict, "the logits differ from those with everything in memory"))
        }
        _ => Ok(()),
    }
}

/// Starts the threads that compute: as many as asked for, or one per processor.
///
/// # Errors
/// `Io` when the system refuses them.
fn start_threads(threads: Option<u16>) -> Result<()> {
    let builder = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads.unwrap_or(0)));
    builder
        .build_global()
        .map_err(|error| Error::new(ErrorKind::Io, "no threads to compute on").caused_by(error))
}

/// The checkpoint asked for, or the made one.
fn checkpoint(args: &RunArgs, progress: Progress) -> Result<Checkpoint> {
    if let Some(path) = &args.checkpoint {
        return Checkpoint::open(path);
    }
    let (name, shape) = match args.model {
        ModelSize::Gib => ("llama-1gib.safetensors", ModelShape::GIB),
        ModelSize::Tiny => ("llama-tiny.safetensors", ModelShape::TINY),
    };
    let path = directories::cache(args.cache_dir.as_deref())?.join(name);
    generate::ensure(&path, &shape, progress)
}

/// Whether the reference can hold all weights, with a tenth to spare; without `--verify` it is not needed.
fn fits_in_memory(args: &RunArgs, checkpoint: &Checkpoint) -> Result<bool> {
    let (weights, usable) = (checkpoint.total_bytes(), Memory::examine().usable_bytes());
    let fits = weights <= usable - usable / 10;
    if args.verify && !fits {
        let message = format!(
            "to verify, all {} of weights must fit in memory, of which {} can be used",
            Bytes(weights),
            Bytes(usable)
        );
        return Err(Error::new(ErrorKind::Budget, message).with("file", checkpoint.path().display()));
    }
    Ok(fits)
}

/// The same passes with everything in memory; fewer if only their time is wanted.
fn ask(args: &RunArgs, checkpoint: &Checkpoint, lease_bytes: u64, progress: Progress) -> Result<Reference> {
    progress.note("the same with everything in memory ...");
    let passes = if args.verify { args.passes } else { args.passes.min(TIMING_PASSES) };
    reference::ask(&Question {
        checkpoint: checkpoint.path(),
        passes,
        prompt: &args.prompt,
        threads: rayon::current_num_threads(),
        lease_bytes,
    })
}

/// Puts everything together. Without a reference, computing is what the run itself measured between its leases.
fn report(
    args: &RunArgs,
    checkpoint: &Checkpoint,
    stage: Stage,
    reference: Option<&Reference>,
    means: Means,
) -> Result<RunReport> {
    let outcome = &stage.outcome;
    let equal = |reference: &Reference| {
        reference.logits_hash == outcome.logits_hash && reference.tokens == outcome.tokens
    };
    let (times, compute_measured) = match reference {
        Some(reference) => (&reference.times, "in memory"),
        None => (&outcome.times, "between leases"),
    };
    let limits = Limits::of(&stage.trace, times, means, args.passes)?;
    let pass = |(index, taken): (usize, &Taken)| pass_report(index, taken, times, &limits);
    Ok(RunReport {
        checkpoint: checkpoint.path().display().to_string(),
        weights_bytes: checkpoint.total_bytes(),
        io: stage.io,
        threads: rayon::current_num_threads(),
        outputs_equal: reference.filter(|_| args.verify).map(equal),
        passes: outcome.taken.iter().enumerate().map(pass).collect(),
        logits_hash: stage.outcome.logits_hash,
        tokens: stage.outcome.tokens,
        budget_bytes: stage.budget_bytes,
        window_bytes: stage.window_bytes,
        lease_bytes: stage.lease_bytes,
        peak_rss_bytes: stage.peak_rss_bytes,
        fixed_bytes: stage.fixed.total(),
        fixed: stage.fixed,
        compute_measured,
        disk_limit_bytes_per_s: means.disk_bytes_per_s,
    })
}

fn pass_report(index: usize, taken: &Taken, times: &StepTimes, limits: &Limits) -> PassReport {
    let of = |all: &[u64]| all.get(index).copied().unwrap_or(0);
    PassReport {
        tokens: 1,
        wall_ns: taken.wall_ns,
        compute_ns: times.compute_ns(index),
        wait_ns: taken.wait_ns,
        bytes_read: taken.bytes_read,
        bytes_written: taken.bytes_written,
        bytes_min: of(&limits.bytes_min),
        bytes_min_full_budget: of(&limits.bytes_min_full_budget),
        bound_ns: of(&limits.bound_ns),
        disk_bytes_per_s: taken.bytes_read as f64 * 1e9 / taken.wall_ns.max(1) as f64,
    }
}
