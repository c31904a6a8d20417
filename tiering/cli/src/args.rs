//! The command line: every command and option, with the help that explains it.

use crate::units::Bytes;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Runs models that do not fit in memory, and says what this machine can do for them.
#[derive(Debug, Parser)]
#[command(name = "stratal", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Says what this machine offers: io_uring, direct I/O, huge pages, memory, CUDA, bandwidths; suggests a policy
    Doctor(DoctorArgs),
    /// Lists the tensors of a checkpoint without reading them
    Inspect(InspectArgs),
    /// Generates tokens with a model larger than its memory budget, and measures how close to the limit it runs
    #[command(long_about = RUN_ABOUT)]
    Run(RunArgs),
    /// The same passes with everything in memory; `run` starts this for itself
    #[command(hide = true)]
    Reference(ReferenceArgs),
}

const RUN_ABOUT: &str = "\
Generates tokens with a model larger than its memory budget, and measures how close to the limit it runs.

Without arguments it makes, once, a Llama-shaped bf16 checkpoint of 1 GiB in the cache directory, and runs it \
under a memory budget of a quarter of its weights. One pass is one traversal of the weights: the first takes the \
prompt, each gives one token per sequence.

For each pass it prints the wall time, the bytes read beside the fewest possible (MIN), the bandwidth reached \
beside what the disk gave a raw ring just before and after, and the bound: the wall time of an exact simulation \
of the same leases at that bandwidth. The time of computing alone, which the bound needs, is measured in a child \
process that holds all weights in memory: three passes of it, or all with --verify, which also compares a hash of \
the bits of all logits. Where the weights do not fit in memory, it is what the run itself measured between leases.

While it runs, standard error shows how fast it reads, how many leases find their bytes, how much of the time they \
wait, and how many reads are under way: beside a bar on a terminal, in lines elsewhere, not at all with --quiet.";

/// `stratal doctor`
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Directory to examine, where spilled tensors or checkpoints would lie [default: the cache directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// `stratal inspect`
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// A .safetensors file, a .safetensors.index.json, or a directory that holds one of them
    #[arg(value_name = "FILE")]
    pub(crate) checkpoint: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// `stratal run`
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Run this Llama-shaped bf16 checkpoint instead of making one
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// Size of the model to make
    #[arg(long, value_enum, default_value_t = ModelSize::Gib, conflicts_with = "checkpoint")]
    pub(crate) model: ModelSize,
    /// Bytes of weights in memory at any instant, such as 256MiB [default: a quarter of the weights]
    #[arg(long, value_name = "BYTES")]
    pub(crate) budget: Option<Bytes>,
    /// A policy file; its memory tier and budget then apply
    #[arg(long, value_name = "FILE", conflicts_with = "budget")]
    pub(crate) policy: Option<PathBuf>,
    /// Traversals of the weights
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) passes: u32,
    /// Token ids every sequence starts from
    #[arg(long, value_name = "IDS", value_delimiter = ',', default_value = "1")]
    pub(crate) prompt: Vec<u32>,
    /// Threads that compute [default: one per processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Where made checkpoints are kept [default: $XDG_CACHE_HOME/stratal or ~/.cache/stratal]
    #[arg(long, value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
    /// Compare the bits of all logits with a run that has everything in memory
    #[arg(long)]
    pub(crate) verify: bool,
    /// Show no progress
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Sizes of model that `run` can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModelSize {
    /// 1 GiB of weights
    Gib,
    /// 40 MiB of weights
    Tiny,
}

/// `stratal reference`
#[derive(Debug, Args)]
pub(crate) struct ReferenceArgs {
    #[arg(long)]
    pub(crate) checkpoint: PathBuf,
    #[arg(long)]
    pub(crate) passes: u32,
    #[arg(long, value_delimiter = ',')]
    pub(crate) prompt: Vec<u32>,
    #[arg(long)]
    pub(crate) threads: u16,
    #[arg(long)]
    pub(crate) lease_bytes: u64,
}
