//! Suite `io`: reading a cold file through our driver, against threads that `pread` and against a mapping; then whole
//! tensors through the engine, read and spilled, against what the disk can do.
//!
//! Every run reads the whole file in a process of its own and gives wall and CPU seconds per GiB. The page cache is
//! dropped before a run that would use it. The limit is a bare ring that keeps its queue full and does nothing else,
//! and for whole tensors fio beside it.

use super::{Scale, Suite, forget};
use crate::child;
use crate::contest::{Contender, Contest, Metric, Part};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use stratal::tiering::io::file::IoFile;
use stratal::tiering::io::limit::{Effort, measure};
use stratal::{Error, ErrorKind, Result};

#[path = "../../rivals/workload/src/clock.rs"]
mod clock;
mod mapped;
mod ring;
mod tensors;
mod threads;

pub(crate) const SUITE: Suite = Suite {
    name: "io",
    about: "file reads through our ring against pread threads and mmap",
    contests,
    child,
};

/// Flights or threads under way at once.
const DEPTH: usize = 16;

/// One way to read a file: everything at the offsets given, so many bytes each. Calls back when its memory is ready,
/// which starts the clock: fresh memory costs what the machine makes of it, and says nothing about reading.
type Reader = fn(&Path, &[u64], usize, &mut dyn FnMut()) -> Result<()>;

/// The bare ring: it times itself.
const LIMIT: &str = "raw ring";

const READERS: [(&str, Part, Reader); 3] = [
    ("stratal", Part::Ours, ring::read),
    ("pread threads", Part::Rival, threads::read),
    ("mmap", Part::Rival, mapped::read),
];

/// Point, bytes per read, and whether the reads are in random order.
const POINTS: [(&str, usize, bool); 3] = [
    ("sequential 2 MiB", 2 << 20, false),
    ("random 2 MiB", 2 << 20, true),
    ("random 64 KiB", 64 << 10, true),
];

fn contests(scale: Scale) -> Result<Vec<Contest>> {
    let file = file(if scale.quick { 256 << 20 } else { 1 << 30 })?;
    let blocks = POINTS.iter().map(|(point, ..)| contest(point, &file));
    blocks.chain(tensors::contests(scale)?.into_iter().map(Ok)).collect()
}

fn contest(point: &'static str, file: &Path) -> Result<Contest> {
    let mut contenders = Vec::new();
    // Beside ours, so that a disk that slows down under load slows both.
    let [ours, rivals @ ..] = READERS.map(|(name, part, _)| (name, part));
    for (name, part) in [ours, (LIMIT, Part::Limit)].into_iter().chain(rivals) {
        let mut command = child::this(&["io", name, point])?;
        command.arg(file);
        contenders.push(Contender { name, part, run: Box::new(move || child::measure(&mut command)) });
    }
    let metrics = vec![
        Metric { name: "", unit: "s/GiB", goal: Some(1.05) },
        Metric { name: "cpu", unit: "CPU s/GiB", goal: Some(1.0) },
    ];
    Ok(Contest { suite: "io", point: point.to_owned(), metrics, contenders })
}

fn child(arguments: &[String]) -> Result<Vec<f64>> {
    let unknown = || Error::new(ErrorKind::Missing, "no such task of suite io");
    if let [task, rest @ ..] = arguments
        && [tensors::READ, tensors::SPILL].contains(&task.as_str())
    {
        return tensors::child(task, rest);
    }
    let [reader, point, file] = arguments else { return Err(unknown()) };
    let (_, block, random) = POINTS.iter().find(|(name, ..)| name == point).ok_or_else(unknown)?;
    let file = Path::new(file);
    if reader == LIMIT {
        return limit(file, *block);
    }
    let (.., read) = READERS.iter().find(|(name, ..)| name == reader).ok_or_else(unknown)?;
    let bytes = File::open(file)?.metadata()?.len();
    let offsets = offsets(bytes, *block as u64, *random);
    forget(file)?;
    let (mut start, mut cpu) = (Instant::now(), 0);
    read(file, &offsets, *block, &mut || (start, cpu) = (Instant::now(), clock::cpu_ns()))?;
    let per_gib = (1_u64 << 30) as f64 / bytes as f64;
    Ok(vec![start.elapsed().as_secs_f64() * per_gib, (clock::cpu_ns() - cpu) as f64 / 1e9 * per_gib])
}

/// What a bare ring reaches at this block size, in order, in about a second.
fn limit(path: &Path, block: usize) -> Result<Vec<f64>> {
    let file = Arc::new(IoFile::open_read(path)?);
    let effort = Effort {
        blocks: vec![block as u32],
        depths: vec![DEPTH as u32],
        time: Duration::from_secs(1),
        memory_bytes: (DEPTH * block).next_multiple_of(2 << 20),
    };
    let (start, cpu) = (Instant::now(), clock::cpu_ns());
    let best = measure(&file, &effort)?.best;
    let busy = (clock::cpu_ns() - cpu) as f64 / start.elapsed().as_nanos() as f64;
    let seconds = (1_u64 << 30) as f64 / best.bytes_per_s();
    Ok(vec![seconds, seconds * busy])
}

/// Every block of the file once, in order or shuffled by a fixed generator.
fn offsets(bytes: u64, block: u64, random: bool) -> Vec<u64> {
    let mut offsets: Vec<u64> = (0..bytes / block).map(|index| index * block).collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for last in (1..offsets.len()).rev().filter(|_| random) {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        offsets.swap(last, (state >> 33) as usize % (last + 1));
    }
    offsets
}

/// The file to read, made once: bytes that do not compress.
fn file(bytes: usize) -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("io-{bytes}.bin"));
    if path.metadata().is_ok_and(|found| found.len() == bytes as u64) {
        return Ok(path);
    }
    let mut file = File::create(&path)?;
    let mut state = 1_u64;
    let mut block = vec![0; 1 << 20];
    for _ in 0..bytes / block.len() {
        for word in block.as_chunks_mut::<8>().0 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *word = state.to_le_bytes();
        }
        file.write_all(&block)?;
    }
    file.sync_all()?;
    Ok(path)
}
