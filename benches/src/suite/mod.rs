//! The suites, one per file: each turns the options into contests.

use crate::contest::Contest;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;
use stratal::{Error, ErrorKind, Result};

pub(crate) mod alloc;
pub(crate) mod io;
pub(crate) mod stream;

/// What a suite needs to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// Small inputs: shows that the suite runs, decides nothing.
    pub(crate) quick: bool,
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
pub(crate) const SUITES: &[Suite] = &[alloc::SUITE, io::SUITE, stream::SUITE];

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
