//! The passes themselves, measured: what each took, and what the engine moved for it.

use super::live::Live;
use super::model::Llama;
use super::session::Session;
use super::steps::{StepTimes, Steps, nanos};
use crate::progress::Progress;
use std::time::Instant;
use stratal::{Engine, Error, Result};

/// What a pass took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    pub(super) wall_ns: u64,
    pub(super) wait_ns: u64,
    pub(super) bytes_read: u64,
    pub(super) bytes_written: u64,
}

/// What came out of all passes.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) taken: Vec<Taken>,
    pub(super) tokens: Vec<u32>,
    pub(super) logits_hash: String,
    /// What computing took between leases, where it shares the processors with the engine.
    pub(super) times: StepTimes,
}

/// Runs `passes` traversals from `prompt`.
///
/// # Errors
/// Those of a lease; `Shape` when the prompt is none.
pub(super) fn run(
    engine: &Engine,
    model: &Llama,
    prompt: &[u32],
    passes: u32,
    progress: Progress,
) -> Result<Outcome> {
    let mut session = Session::new(model, prompt, passes)?;
    let bar = progress.steps("generating", u64::from(passes));
    let (mut taken, mut times) = (Vec::new(), StepTimes::default());
    let live = Live::new(engine, &bar);
    live.watch(|| {
        for _ in 0..passes {
            taken.push(one(engine, &mut session, &mut times)?);
            live.look();
            bar.advance(1);
        }
        Ok::<_, Error>(())
    })?;
    let (tokens, logits_hash) = (session.generated().to_vec(), session.logits_hash());
    Ok(Outcome { taken, tokens, logits_hash, times })
}

fn one(engine: &Engine, session: &mut Session<'_>, times: &mut StepTimes) -> Result<Taken> {
    let before = engine.counters();
    engine.begin_pass();
    let mut steps = Steps::default();
    let start = Instant::now();
    session.pass(&mut steps)?;
    let wall_ns = nanos(start, Instant::now());
    let moved = engine.counters() - before;
    let (compute_ns, wait_ns) = steps.finish();
    times.push(compute_ns);
    Ok(Taken { wall_ns, wait_ns, bytes_read: moved.bytes_read, bytes_written: moved.bytes_written })
}
