//! The rival of suite `stream`: a mapped checkpoint, touched page by page in order, pass after pass.

use crate::stats::median;
use memmap2::Mmap;
use std::fs::File;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;
use stratal::{Error, ErrorKind, Result};

const PAGE: usize = 4096;
/// Bytes asked for ahead of where the pass is.
const WINDOW: usize = 8 << 20;

/// Seconds and GiB read per pass, medians over the passes after `warm_up`.
pub(super) fn traverse(path: &Path, passes: usize, warm_up: usize) -> Result<Vec<f64>> {
    crate::suite::forget(path)?;
    let file = File::open(path)?;
    // SAFETY: nobody changes the checkpoint while it is mapped: its writer has finished.
    let map = unsafe { Mmap::map(&file)? };
    let (mut seconds, mut gib) = (Vec::new(), Vec::new());
    for _ in 0..passes {
        let (start, before) = (Instant::now(), bytes_read()?);
        touch(&map)?;
        seconds.push(start.elapsed().as_secs_f64());
        gib.push((bytes_read()? - before) as f64 / (1_u64 << 30) as f64);
    }
    let middle = |values: &[f64]| median(values.get(warm_up..).unwrap_or_default());
    match (middle(&seconds), middle(&gib)) {
        (Some(seconds), Some(gib)) => Ok(vec![seconds, gib]),
        _ => Err(Error::new(ErrorKind::Missing, "no passes after the warm-up")),
    }
}

/// Touches every page, asking for the next window while in this one.
fn touch(map: &Mmap) -> Result<()> {
    for start in (0..map.len()).step_by(WINDOW) {
        let ahead = (start + WINDOW).min(map.len());
        let wanted = WINDOW.min(map.len() - ahead);
        map.advise_range(memmap2::Advice::WillNeed, ahead.next_multiple_of(PAGE).min(map.len()), wanted)?;
        let window = &map[start..ahead];
        black_box(window.iter().step_by(PAGE).map(|&byte| u64::from(byte)).sum::<u64>());
    }
    Ok(())
}

/// Bytes this process has caused to be read from disk, page faults included.
pub(super) fn bytes_read() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/self/io")?;
    let line = text.lines().find_map(|line| line.strip_prefix("read_bytes: "));
    line.and_then(|number| number.parse().ok())
        .ok_or_else(|| Error::new(ErrorKind::Format, "no read_bytes").with("file", "/proc/self/io"))
}
