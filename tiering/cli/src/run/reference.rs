//! The same passes with everything in memory, in a child process: what computing alone takes, and the right bits.
//!
//! The child reads the checkpoint by plain reads, not through the engine, so that it also judges the engine's bytes.
//! It answers on standard output with one JSON object. Its memory is its own and does not count for the parent.

use super::model::{Llama, Weights};
use super::session::Session;
use super::shape::ModelShape;
use super::steps::{StepTimes, Steps};
use crate::args::ReferenceArgs;
use crate::output;
use serde::{Deserialize, Serialize};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Stdio};
use stratal::runtime::tensor::managed::Access;
use stratal::tiering::origin::TensorEntry;
use stratal::{
    Alignment, AnyTensor, Checkpoint, DType, Error, ErrorKind, Heap, MemorySource, Params, Result,
};

/// What the child answers.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Reference {
    /// Hash of the bits of all logits.
    pub(crate) logits_hash: String,
    /// Tokens generated.
    pub(crate) tokens: Vec<u32>,
    /// What computing took.
    pub(crate) times: StepTimes,
}

/// What the child is asked.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    /// The same checkpoint.
    pub(crate) checkpoint: &'a Path,
    /// Passes to run.
    pub(crate) passes: u32,
    /// The same prompt.
    pub(crate) prompt: &'a [u32],
    /// Threads that compute.
    pub(crate) threads: usize,
    /// Bytes of a lease, so that its steps are those of the parent.
    pub(crate) lease_bytes: u64,
}

/// Starts the child and reads its answer.
///
/// # Errors
/// `Io` when it cannot be started or fails; it says why on standard error itself. `Format` when its answer is none.
pub(crate) fn ask(question: &Question<'_>) -> Result<Reference> {
    let named = |error: Error| error.with("process", "stratal reference");
    let program = std::env::current_exe().map_err(|error| named(error.into()))?;
    let prompt: Vec<String> = question.prompt.iter().map(u32::to_string).collect();
    let mut child = Command::new(program)
        .arg("reference")
        .arg("--checkpoint")
        .arg(question.checkpoint)
        .args(["--passes", &question.passes.to_string()])
        .args(["--prompt", &prompt.join(",")])
        .args(["--threads", &question.threads.to_string()])
        .args(["--lease-bytes", &question.lease_bytes.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|error| named(error.into()))?;
    let lifeline = child.stdin.take();
    let output = child.wait_with_output().map_err(|error| named(error.into()))?;
    drop(lifeline);
    if !output.status.success() {
        let message = format!("the run with everything in memory ended with {}", output.status);
        return Err(named(Error::new(ErrorKind::Io, message)));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| named(Error::new(ErrorKind::Format, "its answer is not JSON").caused_by(error)))
}

/// Ends this process when the other end of its standard input goes: nobody waits for the answer then.
fn end_with_parent() -> Result<()> {
    let watch = || {
        // Whatever ends the reading, the parent is gone.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(1);
    };
    std::thread::Builder::new().name("lifeline".into()).spawn(watch)?;
    Ok(())
}

/// `stratal reference`: is the child.
///
/// # Errors
/// Those of reading the checkpoint, and of a lease; out of memory.
pub(crate) fn serve(args: &ReferenceArgs) -> Result<()> {
    super::start_threads(Some(args.threads))?;
    end_with_parent()?;
    let checkpoint = Checkpoint::open(&args.checkpoint)?;
    let weights = Weights::load(&Heap, &load(&checkpoint)?)?;
    let model = Llama::new(weights, ModelShape::of(&checkpoint)?, args.lease_bytes)?;
    let mut session = Session::new(&model, &args.prompt, args.passes)?;
    let mut times = StepTimes::default();
    for _ in 0..args.passes {
        let mut steps = Steps::default();
        session.pass(&mut steps)?;
        times.push(steps.finish().0);
    }
    let (logits_hash, tokens) = (session.logits_hash(), session.generated().to_vec());
    output::line(&output::to_json(&Reference { logits_hash, tokens, times })?)
}

/// Every tensor of a checkpoint, read into this process's memory.
pub(crate) fn load(checkpoint: &Checkpoint) -> Result<MemorySource> {
    let tensors = checkpoint.tensors().iter();
    tensors.map(|entry| Ok((entry.name.to_string(), read(checkpoint, entry)?))).collect()
}

/// One tensor, read by plain reads.
fn read(checkpoint: &Checkpoint, entry: &TensorEntry) -> Result<AnyTensor> {
    let named = |error: Error| error.with("tensor", &entry.name);
    if entry.dtype != DType::BF16 {
        let message = format!("the tensor holds {}, a model to run holds BF16", entry.dtype);
        return Err(named(Error::new(ErrorKind::Dtype, message)));
    }
    let tensor = AnyTensor::zeros(DType::BF16, &entry.shape, Alignment::default()).map_err(named)?;
    let mut lease = tensor.lease(Access::Write).map_err(named)?;
    let file = checkpoint.files().get(entry.file as usize);
    let (Some(file), Some(bytes)) = (file, lease.bytes_mut()) else {
        return Err(named(Error::new(ErrorKind::Unsupported, "memory of our own cannot be written")));
    };
    let read = file.file.read_exact_at(bytes, entry.offset);
    read.map_err(|error| named(Error::from(error)).with("file", file.path.display()))?;
    drop(lease);
    Ok(tensor)
}
