//! The suites, one per file: each turns the options into contests.

use crate::contest::Contest;
use crate::row::{self, Row};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use stratal::{Error, ErrorKind, Result};

#[cfg(test)]
mod tests;

pub(crate) mod adam;
pub(crate) mod alloc;
pub(crate) mod bytes;
pub(crate) mod device;
mod disk;
pub(crate) mod engine;
pub(crate) mod io;
pub(crate) mod kernels;
pub(crate) mod kv;
pub(crate) mod macros;
pub(crate) mod preload;
pub(crate) mod store;
pub(crate) mod stream;
pub(crate) mod tensor;

/// What a suite needs to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// Small inputs: shows that the suite runs, decides nothing.
    pub(crate) quick: bool,
    /// How much of the full work is done, 1 being all of it.
    pub(crate) effort: f64,
    /// What the user asked for. Points and rivals that a suite makes all the same are left out later.
    pub(crate) chosen: &'static Chosen,
}

/// Points and rivals by name; an empty list means all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chosen {
    /// Points: `fast64` for the point with any number of threads, `fast64/2` for one, `tensor*` for a beginning.
    pub(crate) points: Vec<String>,
    /// Rivals.
    pub(crate) rivals: Vec<String>,
    /// The folder of the public traces.
    pub(crate) traces: Option<PathBuf>,
}

impl Chosen {
    /// Whether the point takes part.
    pub(crate) fn point(&self, name: &str) -> bool {
        self.points.is_empty() || self.points.iter().any(|wanted| matches(wanted, name))
    }

    /// Whether the rival takes part.
    pub(crate) fn rival(&self, name: &str) -> bool {
        self.rivals.is_empty() || self.rivals.iter().any(|wanted| wanted == name)
    }
}

/// Whether `name` is the point that was wanted, or one of them.
fn matches(wanted: &str, name: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => wanted == name || name.split_once('/').is_some_and(|(point, _)| point == wanted),
    }
}

/// One suite.
pub(crate) struct Suite {
    /// Name on the command line.
    pub(crate) name: &'static str,
    /// What it compares.
    pub(crate) about: &'static str,
    /// Its contests.
    pub(crate) contests: fn(Scale) -> Result<Vec<Contest>>,
    /// Its children: runs the task named by the arguments and gives its numbers.
    pub(crate) child: fn(&[String]) -> Result<Vec<f64>>,
}

/// Every suite.
pub(crate) const SUITES: &[Suite] = &[
    adam::SUITE,
    alloc::SUITE,
    bytes::SUITE,
    preload::SUITE,
    device::SUITE,
    engine::SUITE,
    io::SUITE,
    kernels::SUITE,
    kv::SUITE,
    macros::SUITE,
    store::SUITE,
    stream::SUITE,
    tensor::SUITE,
];

/// Rounds of a full run. Nine give a 95 % interval that excludes the extremes, six the least that has one: enough
/// where points are many.
pub(crate) fn rounds(suite: &str) -> usize {
    let many = [alloc::SUITE.name, bytes::SUITE.name, kv::SUITE.name, preload::SUITE.name];
    if many.contains(&suite) { 6 } else { 9 }
}

/// How much of its full work a suite does unless told.
pub(crate) fn effort(suite: &str) -> f64 {
    if [io::SUITE.name, stream::SUITE.name, adam::SUITE.name].contains(&suite) { 0.25 } else { 1.0 }
}

/// Rows that a suite derives from those of its points.
pub(crate) fn derive(suite: &str, rows: &[Row]) -> Vec<Row> {
    match suite {
        "alloc" => alloc::summary(rows),
        "preload" => preload::summary(rows),
        _ => Vec::new(),
    }
}

/// A suite's rows for people.
pub(crate) fn report(suite: &str, rows: &[Row]) -> String {
    if suite == alloc::SUITE.name { alloc::report(rows) } else { row::table(rows) }
}

/// Draws what suite `alloc` or `stream` found, as SVG.
///
/// # Errors
/// `Missing` where there are no such rows; `Io` where the file cannot be written.
pub(crate) fn plot(rows: &[Row], path: &Path) -> Result<()> {
    if rows.iter().any(|row| row.suite == stream::SUITE.name) {
        stream::plot(rows, path)
    } else {
        alloc::plot(rows, path)
    }
}

/// For suites whose children are other programs.
fn no_child(_: &[String]) -> Result<Vec<f64>> {
    Err(Error::new(ErrorKind::Unsupported, "this suite has no children of its own"))
}

/// Drops the file's pages from the page cache.
fn forget(path: &Path) -> Result<()> {
    let file = File::open(path)?;
    // SAFETY: the descriptor is open for the duration of the call, which touches no memory of ours.
    let refused = unsafe { libc::posix_fadvise(file.as_raw_fd(), 0, 0, libc::POSIX_FADV_DONTNEED) };
    if refused == 0 { Ok(()) } else { Err(std::io::Error::from_raw_os_error(refused).into()) }
}
