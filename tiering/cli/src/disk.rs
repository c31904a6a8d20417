//! The limit of a disk: what a raw ring reads from it, best of a sweep over sizes and depths.

use crate::progress::Progress;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use stratal::Result;
use stratal::tiering::io::file::IoFile;
use stratal::tiering::io::limit::{Effort, measure};

/// A file below this is read over and over by a sweep, which then says more about caches than about the disk.
const SMALL_BYTES: u64 = 256 << 20;

/// Short: a virtual disk may lend a burst of bandwidth, and what the sweep spends of it the passes would lack.
const SWEEP_TIME: Duration = Duration::from_millis(700);

/// Bytes per second of the fastest point of the sweep over `path`; its buffers are freed again.
///
/// # Errors
/// Those of opening and reading the file, naming it.
pub(crate) fn limit(path: &Path, progress: Progress) -> Result<f64> {
    progress.note("measuring the disk ...");
    let file = Arc::new(IoFile::open_read(path)?);
    Ok(measure(&file, &effort(file.len()?))?.best.bytes_per_s())
}

/// Sizes and depths around what disks serve best.
fn effort(file_bytes: u64) -> Effort {
    if file_bytes < SMALL_BYTES {
        return Effort::quick();
    }
    let blocks = vec![1 << 20, 2 << 20, 4 << 20];
    Effort { blocks, depths: vec![8, 16, 32], time: SWEEP_TIME, ..Effort::full() }
}
