//! The run under the budget: an engine, a model in it, all passes, and what is left to report once they are gone.

use super::model::{Llama, Weights};
use super::passes::{self, Outcome};
use super::report::Fixed;
use super::shape::ModelShape;
use crate::args::RunArgs;
use crate::doctor::kibibytes;
use crate::progress::Progress;
use stratal::tiering::object::Trace;
use stratal::tiering::tier::TierKind;
use stratal::{Checkpoint, Engine, Params, Policy, Result};

/// Code, stacks, the ring, caches of the allocator.
const PROGRAM_BYTES: u64 = 32 << 20;

/// A lease has at most these bytes: more would not be read faster, and be waited for longer.
const LEASE_BYTES_MAX: u64 = 8 << 20;
/// It is at most this part of the window, so that what follows arrives while it is used ...
const LEASES_PER_WINDOW: u64 = 4;
/// ... and at most this part of the budget.
const LEASES_PER_BUDGET: u64 = 8;

/// What a run under the budget leaves behind.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) outcome: Outcome,
    /// The leases of one pass.
    pub(super) trace: Trace,
    pub(super) fixed: Fixed,
    pub(super) io: &'static str,
    pub(super) budget_bytes: u64,
    pub(super) window_bytes: u64,
    pub(super) lease_bytes: u64,
    /// Most memory this process held, up to the end of the passes.
    pub(super) peak_rss_bytes: u64,
}

/// Runs all passes; engine and weights are gone when it returns.
///
/// # Errors
/// Those of policy, engine, loading and leasing; `Shape` where model or prompt are not what they should be.
pub(super) fn run(
    args: &RunArgs,
    checkpoint: &Checkpoint,
    shape: &ModelShape,
    progress: Progress,
) -> Result<Stage> {
    let engine = Engine::builder().policy(policy(args, checkpoint)?).build()?;
    let (budget_bytes, window_bytes) = (engine.budget_bytes(), engine.window_bytes());
    let share = (window_bytes / LEASES_PER_WINDOW).min(budget_bytes / LEASES_PER_BUDGET);
    let lease_bytes = share.min(LEASE_BYTES_MAX);
    let model = Llama::new(Weights::load(&engine, checkpoint)?, *shape, lease_bytes)?;
    let outcome = passes::run(&engine, &model, &args.prompt, args.passes, progress)?;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    Ok(Stage {
        outcome,
        trace: trace(&engine),
        fixed: fixed(shape, args.prompt.len(), args.passes),
        io: engine.io_backend(),
        budget_bytes,
        window_bytes,
        lease_bytes,
        peak_rss_bytes: kibibytes(&status, "VmHWM:"),
    })
}

/// The policy file, or one whose budget is the one asked for or a quarter of the weights.
fn policy(args: &RunArgs, checkpoint: &Checkpoint) -> Result<Policy> {
    if let Some(path) = &args.policy {
        return Policy::from_file(path);
    }
    let budget_bytes = args.budget.map_or(checkpoint.total_bytes() / 4, |bytes| bytes.0);
    Policy::builder().tier("dram", TierKind::Dram, budget_bytes).build()
}

/// The recorded pass. A run of a single one has not repeated any: that it ended is then told here.
fn trace(engine: &Engine) -> Trace {
    let ended = || {
        engine.begin_pass();
        engine.trace()
    };
    engine.trace().or_else(ended).unwrap_or_default()
}

/// What a run needs besides weights, by its sizes.
pub(super) fn fixed(shape: &ModelShape, prompt: usize, passes: u32) -> Fixed {
    let positions = prompt as u64 + u64::from(passes);
    Fixed {
        kv_cache_bytes: positions * shape.kv_bytes_per_position(),
        activation_bytes: prompt as u64 * shape.activation_bytes_per_token(),
        row_bytes: (rayon::current_num_threads() * shape.widest_row() * size_of::<f32>()) as u64,
        program_bytes: PROGRAM_BYTES,
    }
}

#[cfg(test)]
mod tests;
