//! What the disk can do, beside what is made of it: the limit of the same minute, and files to measure with.
//!
//! The limit is the best of a sweep by a bare ring, and of one by fio where that is installed. A run is held between
//! two probes of the limit and made again where they differ by more than a tenth: a disk that others use too moved
//! meanwhile, and the run says nothing.

use crate::child;
use crate::contest::Runner;
use serde::Deserialize;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use stratal::tiering::io::file::IoFile;
use stratal::tiering::io::limit::{Effort, Mix, measure_mix};
use stratal::{DType, Error, ErrorKind, Result, TensorSpec, Writer};

/// Runs of one sample before it is kept although the limit moved.
const TRIES: u32 = 4;
/// How far the limit may move between the probes around a run.
const STEADY: f64 = 0.10;

pub(super) const GIB: f64 = (1_u64 << 30) as f64;
pub(super) const MIB: u64 = 1 << 20;

/// Where suites keep their files.
pub(super) fn folder() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// A checkpoint of `count` tensors `t.0`, `t.1`, … of `bytes` each, of bytes that do not compress; made once.
pub(super) fn checkpoint(count: usize, bytes: u64) -> Result<PathBuf> {
    let path = folder()?.join(format!("{count}x{bytes}.safetensors"));
    if path.exists() {
        return Ok(path);
    }
    let unfinished = path.with_extension("unfinished");
    let elements = bytes as usize / 4;
    let specs: Vec<_> =
        (0..count).map(|i| TensorSpec::new(format!("t.{i}"), DType::F32, [elements])).collect();
    let mut writer = Writer::create(&unfinished, &specs, &[])?;
    let (mut state, mut tensor) = (1_u64, vec![0_u8; bytes as usize]);
    for spec in 0..count {
        for word in tensor.as_chunks_mut::<4>().0 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Between 0.5 and 1: sums of them stay finite.
            *word = (0x3f00_0000 | (state >> 41) as u32).to_le_bytes();
        }
        writer.tensor(&format!("t.{spec}"), &tensor)?;
    }
    writer.finish()?;
    File::open(&unfinished)?.sync_all()?;
    std::fs::rename(&unfinished, &path)?;
    Ok(path)
}

/// Probes of one file in one direction.
pub(super) struct Probe {
    path: PathBuf,
    mix: Mix,
    time: Duration,
    /// Made anew for every probe: space that is promised and was never written costs the file system more than any
    /// other, and a spill file begins with such.
    fresh_bytes: Option<u64>,
    /// The best point of fio, found at the first probe; `None` inside where there is no fio.
    fio: Option<Option<(u32, u32)>>,
}

impl Probe {
    /// Of reads of `path`.
    pub(super) fn reads(path: &Path, quick: bool) -> Self {
        Self::new(path.to_path_buf(), Mix::Reads, quick)
    }

    /// Of writes, or of both, over a file of `bytes` in `folder` that has been written before.
    pub(super) fn over(folder: &Path, mix: Mix, bytes: u64, quick: bool) -> Result<Self> {
        let path = folder.join(format!("probe-{bytes}.bin"));
        if !path.metadata().is_ok_and(|found| found.len() == bytes) {
            let (mut file, block) = (File::create(&path)?, vec![1_u8; MIB as usize]);
            for _ in 0..bytes / MIB {
                file.write_all(&block)?;
            }
            file.sync_all()?;
        }
        Ok(Self::new(path, mix, quick))
    }

    fn new(path: PathBuf, mix: Mix, quick: bool) -> Self {
        let time = Duration::from_millis(if quick { 200 } else { 1000 });
        Self { path, mix, time, fresh_bytes: None, fio: quick.then_some(None) }
    }

    /// Of writes to space that was never written.
    pub(super) fn fresh(folder: &Path, bytes: u64, quick: bool) -> Self {
        let probe = Self::new(folder.join("probe-fresh.bin"), Mix::Writes, quick);
        Self { fresh_bytes: Some(bytes), ..probe }
    }

    /// Makes the file anew where that is wanted.
    fn refresh(&self) -> Result<()> {
        let Some(bytes) = self.fresh_bytes else { return Ok(()) };
        let file = File::create(&self.path)?;
        // SAFETY: the call takes numbers only, and the descriptor is open for its duration.
        let rc =
            unsafe { libc::fallocate(std::os::fd::AsRawFd::as_raw_fd(&file), 0, 0, bytes as libc::off_t) };
        if rc == 0 { Ok(()) } else { Err(std::io::Error::last_os_error().into()) }
    }

    /// Bytes per second, the best of what was tried.
    pub(super) fn rate(&mut self) -> Result<f64> {
        self.refresh()?;
        let file = match self.mix {
            Mix::Reads => IoFile::open_read(&self.path)?,
            Mix::Writes | Mix::Both => writable(&self.path)?,
        };
        let effort = Effort {
            blocks: vec![1 << 20, 2 << 20],
            depths: vec![4, 8, 16, 32],
            time: self.time,
            memory_bytes: 64 << 20,
        };
        let ring = measure_mix(&Arc::new(file), &effort, self.mix)?.best.bytes_per_s();
        self.refresh()?;
        Ok(ring.max(self.fio_rate()))
    }

    fn fio_rate(&mut self) -> f64 {
        let best = *self.fio.get_or_insert_with(|| sweep(&self.path, self.mix));
        let rate = best.and_then(|(block, depth)| fio(&self.path, self.mix, block, depth, self.time));
        rate.unwrap_or(0.0)
    }
}

/// Opens a file of ours for direct writes.
fn writable(path: &Path) -> Result<IoFile> {
    use std::os::unix::fs::OpenOptionsExt;
    let file = File::options().read(true).write(true).custom_flags(libc::O_DIRECT).open(path)?;
    IoFile::for_spill(file.into(), path, None)
}

/// The point at which fio is fastest.
fn sweep(path: &Path, mix: Mix) -> Option<(u32, u32)> {
    let points = [1, 2, 4].into_iter().flat_map(|mib| [4, 8, 16, 32].map(|depth| (mib << 20, depth)));
    let rated = points.filter_map(|(block, depth)| {
        Some(((block, depth), fio(path, mix, block, depth, Duration::from_millis(500))?))
    });
    rated.max_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(point, _)| point)
}

#[derive(Deserialize)]
struct Fio {
    jobs: Vec<FioJob>,
}

#[derive(Deserialize)]
struct FioJob {
    read: FioSide,
    write: FioSide,
}

#[derive(Deserialize)]
struct FioSide {
    bw_bytes: f64,
}

/// What fio reaches at one point; `None` where it is not installed or refuses.
fn fio(path: &Path, mix: Mix, block: u32, depth: u32, time: Duration) -> Option<f64> {
    let rw = match mix {
        Mix::Reads => "read",
        Mix::Writes => "write",
        Mix::Both => "rw",
    };
    let mut command = Command::new("fio");
    command.args(["--name=probe", "--ioengine=io_uring", "--direct=1", "--registerfiles", "--fixedbufs"]);
    command.args([
        "--output-format=json",
        "--time_based",
        "--invalidate=0",
        "--norandommap",
        "--end_fsync=0",
    ]);
    command.arg(format!("--filename={}", path.display()));
    command.arg(format!("--rw={rw}")).arg(format!("--bs={block}")).arg(format!("--iodepth={depth}"));
    command.arg(format!("--runtime={}ms", time.as_millis()));
    let text = child::output(&mut command).ok()?;
    let jobs = serde_json::from_str::<Fio>(text.get(text.find('{')?..)?).ok()?.jobs;
    jobs.first().map(|job| job.read.bw_bytes + job.write.bw_bytes)
}

/// Runs between two probes, again where the limit moved meanwhile; the larger probe is the limit.
pub(super) fn between<T>(
    mut probe: impl FnMut() -> Result<f64>,
    mut run: impl FnMut(f64) -> Result<T>,
) -> Result<(T, f64)> {
    let mut before = probe()?;
    for _ in 1..TRIES {
        let found = run(before)?;
        let after = probe()?;
        if (after / before - 1.0).abs() <= STEADY {
            return Ok((found, after.max(before)));
        }
        before = after;
    }
    let found = run(before)?;
    let after = probe()?;
    eprintln!("the disk did not keep still: {:.2} and {:.2} GB/s around a run", before / 1e9, after / 1e9);
    Ok((found, after.max(before)))
}

/// Contenders that one measurement serves: the first of a round to run makes it, the others take what it left.
pub(super) struct Shared<const N: usize> {
    measure: Box<dyn FnMut() -> Result<[Vec<f64>; N]>>,
    left: HashMap<usize, Vec<f64>>,
}

impl<const N: usize> Shared<N> {
    /// A runner for each of the values that `measure` gives.
    pub(super) fn runners(measure: impl FnMut() -> Result<[Vec<f64>; N]> + 'static) -> [Runner; N] {
        let shared = Rc::new(RefCell::new(Self { measure: Box::new(measure), left: HashMap::new() }));
        std::array::from_fn(|at| {
            let shared = Rc::clone(&shared);
            Box::new(move || shared.borrow_mut().take(at)) as Runner
        })
    }

    fn take(&mut self, at: usize) -> Result<Vec<f64>> {
        if !self.left.contains_key(&at) {
            self.left = (self.measure)()?.into_iter().enumerate().collect();
        }
        self.left.remove(&at).ok_or_else(|| Error::new(ErrorKind::Format, "a measurement left too little"))
    }
}
