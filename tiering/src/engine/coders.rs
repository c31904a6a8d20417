//! Threads that encode and decode chunks, so that the worker never waits for either.
//!
//! Invariant: a job owns the blocks it works on, until its outcome gives them back; so nothing that a user drops can
//! free them. There are as many jobs at once as there are scratch blocks, which are inside the budget.
//!
//! ```text
//! worker ── Job{source, scratch} ──> coder ── Outcome{source, scratch, written} ──> worker, woken
//! ```

use crate::device::host::Block;
use crate::error::{Error, ErrorKind, Result};
use crate::io::{Lane, Wake};
use crate::object::ChunkKey;
use crate::policy::Codec;
use crate::store::Written;
use crate::store::checksum::Checksum;
use crate::store::codec::{self, Form, Sealer, Space, constant};
use crossbeam::channel::{Receiver, Sender, unbounded};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

/// Most threads.
const THREADS_MAX: usize = 4;

/// A chunk's bytes, as its tensor sees them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contents {
    /// Bytes that belong to the chunk.
    pub(super) bytes: u32,
    /// Bytes of an element.
    pub(super) width: u8,
    pub(super) codec: Codec,
}

/// Work for a coder.
#[derive(Debug)]
pub(super) enum Job {
    /// Encode `source` into `scratch`.
    Encode { key: ChunkKey, contents: Contents, source: Block, scratch: Block, lane: Lane },
    /// Decode `scratch` into `target`.
    Decode { key: ChunkKey, contents: Contents, written: Written, target: Block, scratch: Block },
}

/// What came of a job, and its blocks back.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) key: ChunkKey,
    pub(super) contents: Contents,
    /// The chunk's block.
    pub(super) block: Block,
    pub(super) scratch: Block,
    /// How urgent the write of what was encoded is.
    pub(super) lane: Lane,
    /// Nanoseconds it took.
    pub(super) ns: u64,
    pub(super) made: Made,
}

/// What a coder made.
#[derive(Debug)]
pub(super) enum Made {
    /// Bytes for the store, in the scratch block; `None` where the chunk is best stored as it is.
    Encoded(Result<Option<Written>>),
    /// The chunk.
    Decoded(Result<()>),
}

/// The threads. Dropped, they end their jobs and go.
#[derive(Debug)]
pub(super) struct Coders {
    jobs: Option<Sender<Job>>,
    outcomes: Receiver<Outcome>,
    threads: Vec<JoinHandle<()>>,
}

impl Coders {
    /// As many threads as there are processors for, within bounds; `sealer` encrypts and decrypts, where given.
    ///
    /// # Errors
    /// `Io` where the system has no thread to give.
    pub(super) fn start(sealer: Option<Arc<Sealer>>, waker: &Arc<dyn Wake>) -> Result<Self> {
        let (jobs, work) = unbounded::<Job>();
        let (done, outcomes) = unbounded();
        let count = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
        let mut coders = Self { jobs: Some(jobs), outcomes, threads: Vec::new() };
        for _ in 0..count {
            let (work, done, sealer, waker) = (work.clone(), done.clone(), sealer.clone(), Arc::clone(waker));
            let code = move || {
                let mut space = Space::default();
                for job in work {
                    let outcome = job.run(sealer.as_deref(), &mut space);
                    if done.send(outcome).is_err() {
                        return;
                    }
                    waker.wake();
                }
            };
            let thread = std::thread::Builder::new().name("stratal-coder".into()).spawn(code)?;
            coders.threads.push(thread);
        }
        Ok(coders)
    }

    /// How many work side by side.
    pub(super) fn count(&self) -> u32 {
        self.threads.len() as u32
    }

    /// Hands a job over; back where no thread is left to do it.
    #[allow(clippy::result_large_err, reason = "the job goes back to its owner, blocks included")]
    pub(super) fn submit(&self, job: Job) -> Result<(), Job> {
        match &self.jobs {
            Some(jobs) => jobs.send(job).map_err(|refused| refused.0),
            None => Err(job),
        }
    }

    /// What has been done since.
    pub(super) fn outcomes(&self) -> impl Iterator<Item = Outcome> {
        self.outcomes.try_iter()
    }
}

impl Drop for Coders {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // A coder that panicked has said so; its blocks are lost to the pool, and to nobody else.
            drop(thread.join());
        }
    }
}

impl Job {
    fn run(self, sealer: Option<&Sealer>, space: &mut Space) -> Outcome {
        let start = Instant::now();
        let (key, contents, block, scratch, lane, made) = match self {
            Self::Encode { key, contents, source, mut scratch, lane } => {
                let made = encode(&contents, &source, &mut scratch, sealer, space);
                (key, contents, source, scratch, lane, Made::Encoded(made))
            }
            Self::Decode { key, contents, written, mut target, mut scratch } => {
                let made = decode(&contents, &written, &mut target, &mut scratch, sealer, space);
                (key, contents, target, scratch, Lane::Demand, Made::Decoded(made))
            }
        };
        let ns = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Outcome { key, contents, block, scratch, lane, ns, made }
    }
}

fn encode(
    contents: &Contents,
    source: &Block,
    scratch: &mut Block,
    sealer: Option<&Sealer>,
    space: &mut Space,
) -> Result<Option<Written>> {
    let bytes = source.as_slice().get(..contents.bytes as usize).ok_or_else(too_short)?;
    if let Some(word) = constant::find(bytes) {
        let written = Written { form: Form::Constant(word), bytes: 0, ..Written::default() };
        return Ok(Some(written));
    }
    let output = scratch.as_mut_slice();
    let encoded = codec::encode(contents.codec, contents.width, bytes, output, space);
    let (form, len) = match (encoded, sealer) {
        (Some(encoded), _) => encoded,
        (None, None) => return Ok(None),
        (None, Some(_)) => {
            output.get_mut(..bytes.len()).ok_or_else(too_short)?.copy_from_slice(bytes);
            (Form::Raw, bytes.len())
        }
    };
    let stored = output.get_mut(..len).ok_or_else(too_short)?;
    let seal = sealer.map(|sealer| sealer.seal(stored)).transpose()?;
    Ok(Some(Written { form, bytes: len as u32, checksum: Checksum::of(stored), seal }))
}

fn decode(
    contents: &Contents,
    written: &Written,
    target: &mut Block,
    scratch: &mut Block,
    sealer: Option<&Sealer>,
    space: &mut Space,
) -> Result<()> {
    let stored = scratch.as_mut_slice().get_mut(..written.bytes as usize).ok_or_else(too_short)?;
    written.checksum.verify(stored)?;
    if let Some(seal) = &written.seal {
        let keyless = || Error::new(ErrorKind::Corrupt, "a sealed chunk, and no key");
        sealer.ok_or_else(keyless)?.open(seal, stored)?;
    }
    let output = target.as_mut_slice().get_mut(..contents.bytes as usize).ok_or_else(too_short)?;
    codec::decode(written.form, stored, output, space)
}

fn too_short() -> Error {
    Error::new(ErrorKind::Corrupt, "a block is shorter than its chunk")
}
