//! `stratal doctor`: what this machine offers, each finding with the reason where something is missing.

mod cuda;
mod files;
mod memory;

pub(crate) use memory::{Memory, kibibytes};

use crate::args::DoctorArgs;
use crate::directories;
use crate::disk;
use crate::output;
use crate::progress::Progress;
use crate::units::{Bytes, Rate};
use cuda::Cuda;
use files::{DirectIo, IoUring};
use memory::HugePages;
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};
use stratal::tiering::tier::TierKind;
use stratal::{Error, Policy, Result};

/// Everything found.
#[derive(Debug, Serialize)]
struct Diagnosis {
    directory: PathBuf,
    io_uring: IoUring,
    direct_io: DirectIo,
    huge_pages: HugePages,
    memory: Memory,
    cuda: Cuda,
    /// Bytes per second that all processors together read from memory.
    memory_bytes_per_s: f64,
    /// Bytes per second that a raw ring reads from a file in the directory.
    disk_bytes_per_s: f64,
    /// A policy for this machine, as TOML.
    policy: String,
}

/// Examines and prints.
///
/// # Errors
/// `Io` and its kin when the directory cannot be made or written, naming it.
pub(crate) fn doctor(args: &DoctorArgs) -> Result<()> {
    let progress = Progress::new();
    let directory = match &args.dir {
        Some(directory) => directory.clone(),
        None => directories::cache(None)?,
    };
    let named = |error: Error| error.with("directory", directory.display());
    std::fs::create_dir_all(&directory).map_err(|error| named(error.into()))?;
    let scratch = files::Scratch::create(&directory, progress).map_err(named)?;
    let disk_bytes_per_s = disk::limit(scratch.path(), progress)?;
    let diagnosis = Diagnosis {
        io_uring: IoUring::examine(),
        direct_io: DirectIo::examine(scratch.path())?,
        huge_pages: HugePages::examine(),
        memory: Memory::examine(),
        cuda: Cuda::examine(),
        memory_bytes_per_s: memory::read_bandwidth(),
        disk_bytes_per_s,
        policy: suggest(&directory)?.to_string(),
        directory: directory.clone(),
    };
    output::print(&diagnosis, args.json)
}

/// Half of the memory limit for DRAM, and spills into `directory`.
fn suggest(directory: &Path) -> Result<Policy> {
    Policy::builder()
        .tier("dram", TierKind::Dram, "auto")
        .unbounded_tier("nvme", TierKind::Nvme)
        .spill_directory(directory)
        .build()
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "io_uring      {}", verdict(self.io_uring.usable, "usable", &self.io_uring.why_not))?;
        let DirectIo { usable, memory_alignment_bytes, offset_alignment_bytes, why_not } = &self.direct_io;
        let aligned =
            format!("usable: memory to {memory_alignment_bytes}, offsets to {offset_alignment_bytes} bytes");
        writeln!(f, "direct I/O    {} in {}", verdict(*usable, &aligned, why_not), self.directory.display())?;
        let HugePages { mode, usable } = &self.huge_pages;
        writeln!(f, "huge pages    {mode}{}", if *usable { "" } else { ": pages of 4 KiB only" })?;
        let Memory { total_bytes, available_bytes, limit_bytes, limited_by } = &self.memory;
        let [total, available, limit] = [*total_bytes, *available_bytes, *limit_bytes].map(Bytes);
        writeln!(f, "memory        {total}, {available} available; limit {limit} (by the {limited_by})")?;
        let module = self.cuda.module.as_deref().unwrap_or("installed");
        writeln!(f, "CUDA driver   {}", verdict(self.cuda.driver, module, &self.cuda.why_not))?;
        writeln!(f, "memory reads  {}", Rate(self.memory_bytes_per_s))?;
        writeln!(f, "disk reads    {}", Rate(self.disk_bytes_per_s))?;
        write!(f, "\nA policy for this machine:\n\n{}", self.policy)
    }
}

/// What is there, or why it is not.
fn verdict<'a>(usable: bool, there: &'a str, why_not: &'a Option<String>) -> &'a str {
    if usable { there } else { why_not.as_deref().unwrap_or("not usable") }
}

#[cfg(test)]
mod tests;
