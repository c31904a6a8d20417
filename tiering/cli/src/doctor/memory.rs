//! Memory: how much this process may use, whether huge pages are to be had, and how fast it reads.

use rayon::prelude::*;
use serde::Serialize;
use std::fs::read_to_string;
use std::time::Instant;

/// Bytes read to measure the bandwidth: more than last-level caches hold.
const SWEEP_BYTES: usize = 256 << 20;
const SWEEPS: usize = 4;

/// What this process may use.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Memory {
    /// Memory of the machine.
    pub(crate) total_bytes: u64,
    /// Of it, what is free or can be freed now.
    pub(crate) available_bytes: u64,
    /// What this process may use.
    pub(crate) limit_bytes: u64,
    /// Who says so: `cgroup`, `machine`, `unknown`.
    pub(crate) limited_by: &'static str,
}

impl Memory {
    /// Asks the kernel; what it does not tell is 0.
    pub(crate) fn examine() -> Self {
        let info = read_to_string("/proc/meminfo").unwrap_or_default();
        let limit = stratal::tiering::policy::memory::limit();
        Self {
            total_bytes: kibibytes(&info, "MemTotal:"),
            available_bytes: kibibytes(&info, "MemAvailable:"),
            limit_bytes: limit.bytes,
            limited_by: limit.source,
        }
    }

    /// What a program can take now: less than the limit where others already use the machine.
    pub(crate) fn usable_bytes(&self) -> u64 {
        self.limit_bytes.min(self.available_bytes)
    }
}

/// A field of `/proc/meminfo` or `/proc/self/status`, in bytes; 0 if it is not there.
pub(crate) fn kibibytes(text: &str, field: &str) -> u64 {
    let value =
        text.lines().find_map(|line| line.strip_prefix(field)?.split_whitespace().next()?.parse().ok());
    value.map_or(0, |kibibytes: u64| kibibytes << 10)
}

/// Whether two-megabyte pages are to be had.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct HugePages {
    /// `always`, `madvise`, `never`, or `unknown`.
    pub(super) mode: String,
    /// Whether a program that asks gets them.
    pub(super) usable: bool,
}

impl HugePages {
    /// Asks the kernel.
    pub(super) fn examine() -> Self {
        Self::parse(&read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").unwrap_or_default())
    }

    /// The chosen one of `always [madvise] never`.
    fn parse(text: &str) -> Self {
        let chosen = text.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(mode, _)| mode);
        let mode = chosen.unwrap_or("unknown").to_owned();
        let usable = mode == "always" || mode == "madvise";
        Self { mode, usable }
    }
}

/// Bytes per second that all threads together read from memory, best of a few sweeps.
pub(super) fn read_bandwidth() -> f64 {
    let words = vec![1_u64; SWEEP_BYTES / size_of::<u64>()];
    let sweep = |_| {
        let start = Instant::now();
        let sum: u64 = words.par_chunks(1 << 17).map(|part| part.iter().fold(0, |a, b| a ^ b)).sum();
        std::hint::black_box(sum);
        SWEEP_BYTES as f64 / start.elapsed().as_secs_f64()
    };
    (0..SWEEPS).map(sweep).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests;
