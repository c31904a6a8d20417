//! Reads every byte of a cold file by `tokio::fs`, or out of a `foyer` cache on disk that was filled with it before.
//!
//! `rival-files tokio::fs|foyer FILE FOLDER` ends in one JSON array: seconds and CPU seconds per GiB.

mod cached;
mod plain;

use std::error::Error;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::Instant;

/// Bytes of one read, and reads at once.
const BLOCK: usize = 2 << 20;
const DEPTH: usize = 16;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [who, file, folder] = arguments.as_slice() else {
        return Err("names who, a file and a folder".into());
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let numbers = match who.as_str() {
        "tokio::fs" => runtime.block_on(plain::read(Path::new(file)))?,
        "foyer" => runtime.block_on(cached::read(Path::new(file), Path::new(folder)))?,
        other => return Err(format!("no rival {other}").into()),
    };
    println!("[{}, {}]", numbers[0], numbers[1]);
    Ok(())
}

/// What elapsed since the beginning of a measurement, per GiB.
struct Clock(Instant, f64);

impl Clock {
    fn start() -> Self {
        Self(Instant::now(), cpu_s())
    }

    fn per_gib(&self, bytes: u64) -> [f64; 2] {
        let gib = bytes as f64 / (1_u64 << 30) as f64;
        [self.0.elapsed().as_secs_f64() / gib, (cpu_s() - self.1) / gib]
    }
}

/// CPU time of all threads so far.
fn cpu_s() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid for writes, and the clock exists on every Linux.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Drops the file's pages from the page cache.
fn forget(path: &Path) -> Outcome<()> {
    let file = File::open(path)?;
    // SAFETY: the descriptor is open for the duration of the call, which touches no memory of ours.
    unsafe { libc::posix_fadvise(file.as_raw_fd(), 0, 0, libc::POSIX_FADV_DONTNEED) };
    Ok(())
}
