//! The limit of a disk: what a raw ring reads from it, best of a sweep over sizes and depths.

use crate::progress::Progress;
use std::path::Path;
use std::sync::Arc;
use stratal::Result;
use stratal::tiering::io::file::IoFile;
use stratal::tiering::io::limit::{Effort, measure};

/// A file below this is read over and over by a full sweep, which then says more about caches than about the disk.
const SMALL_BYTES: u64 = 256 << 20;

/// Bytes per second of the fastest point of the sweep over `path`; its buffers are freed again.
///
/// # Errors
/// Those of opening and reading the file, naming it.
pub(crate) fn limit(path: &Path, progress: Progress) -> Result<f64> {
    progress.note("measuring the disk ...");
    let file = Arc::new(IoFile::open_read(path)?);
    let effort = if file.len()? < SMALL_BYTES { Effort::quick() } else { Effort::full() };
    Ok(measure(&file, &effort)?.best.bytes_per_s())
}
