//! How fast a disk can be read, or written, at all: the limit that everything else is shown beside.
//!
//! Invariant: a point counts only completions of a full queue, from when its first round has ended to its deadline,
//! so neither filling nor draining the queue flatters or blames the disk.

use super::buf::AlignedBuf;
use super::file::IoFile;
use super::threads::Threads;
use super::uring::raw::RawTransfers;
use super::{FileSlot, Flight, Io, Lane, Op};
use crate::error::{Error, ErrorKind, Result};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Alignment that no direct I/O exceeds.
const MEMORY_ALIGN: usize = 64 << 10;

/// What to try, and what it may cost.
#[derive(Clone, Debug)]
pub struct Effort {
    /// Bytes of one read.
    pub blocks: Vec<u32>,
    /// Reads at once.
    pub depths: Vec<u32>,
    /// Time for all points together; a slow disk may take twice as long.
    pub time: Duration,
    /// Memory for all reads at once; points that need more are left out. Freed afterwards.
    pub memory_bytes: usize,
}

impl Effort {
    /// Blocks from 512 KiB to 4 MiB at depths from 4 to 32, in 64 MiB and about 3 s.
    #[must_use]
    pub fn full() -> Self {
        Self {
            blocks: vec![512 << 10, 1 << 20, 2 << 20, 4 << 20],
            depths: vec![4, 8, 16, 32],
            time: Duration::from_secs(3),
            memory_bytes: 64 << 20,
        }
    }

    /// Four points that are among the best on most disks, in 64 MiB and about half a second.
    #[must_use]
    pub fn quick() -> Self {
        Self {
            blocks: vec![1 << 20, 2 << 20],
            depths: vec![8, 32],
            time: Duration::from_millis(500),
            memory_bytes: 64 << 20,
        }
    }
}

/// One block size at one depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Bytes of one read.
    pub block_bytes: u32,
    /// Reads at once.
    pub depth: u32,
    /// Bytes counted.
    pub bytes: u64,
    /// Time they took.
    pub elapsed: Duration,
}

impl Point {
    /// Bytes per second.
    #[must_use]
    pub fn bytes_per_s(&self) -> f64 {
        self.bytes as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }
}

/// What a disk can do.
#[derive(Clone, Debug)]
pub struct Limit {
    /// What read it: `io_uring`, or `threads` where that is refused.
    pub driver: &'static str,
    /// Whether the page cache was passed by; else the figure is not the disk's.
    pub direct: bool,
    /// Every point measured, at least one.
    pub points: Vec<Point>,
    /// The fastest of them.
    pub best: Point,
}

/// What the transfers of a measurement are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mix {
    /// Reads.
    #[default]
    Reads,
    /// Writes.
    Writes,
    /// By turns a read and a write.
    Both,
}

impl Mix {
    /// The direction of the `nth` transfer.
    fn op(self, nth: u64) -> Op {
        match self {
            Self::Writes => Op::Write,
            Self::Both if nth % 2 == 1 => Op::Write,
            Self::Reads | Self::Both => Op::Read,
        }
    }
}

/// A way to keep transfers under way.
pub(super) trait Transfers {
    fn name(&self) -> &'static str;

    /// Starts the transfer of a slot; its last one has ended.
    fn start(&mut self, slot: u32, block: u32, offset: u64, op: Op) -> Result<()>;

    /// Waits for transfers to end: slot and bytes of each.
    fn ended(&mut self, ended: &mut Vec<(u32, u32)>) -> Result<()>;
}

/// Measures how fast `file` can be read, at each point of `effort`, by a bare ring.
///
/// The file must hold data: holes read faster than any disk. Reads go through it in order, and start over at its end.
///
/// ```no_run
/// use stratal_tiering::io::{file::IoFile, limit::{Effort, measure}};
/// # fn main() -> Result<(), stratal_tiering::error::Error> {
/// let file = std::sync::Arc::new(IoFile::open_read("model.safetensors".as_ref())?);
/// let limit = measure(&file, &Effort::quick())?;
/// println!("{:.2} GB/s", limit.best.bytes_per_s() / 1e9);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// `Unsupported` when no point of `effort` fits its memory and the file, `OutOfMemory`, `Io` when a read fails,
/// `Deadline` when the disk answers nothing for 30 s; all name the file.
pub fn measure(file: &Arc<IoFile>, effort: &Effort) -> Result<Limit> {
    measure_mix(file, effort, Mix::Reads)
}

/// As [`measure`], with writes among the transfers, or only those. What the file held is lost: zeros are
/// written, or what was read elsewhere in it.
///
/// # Errors
/// As [`measure`]; `Io` where the file was not opened for writing.
pub fn measure_mix(file: &Arc<IoFile>, effort: &Effort, mix: Mix) -> Result<Limit> {
    let len = file.len()?;
    let tries = tries(effort, len);
    let Some(depth) = tries.iter().map(|&(_, depth)| depth).max() else {
        let message =
            format!("no block and depth fit {} bytes of memory and {len} of file", effort.memory_bytes);
        return Err(Error::new(ErrorKind::Unsupported, message).with("file", file.path().display()));
    };
    let memory = tries.iter().map(|&(block, depth)| block as usize * depth as usize).max().unwrap_or(0);
    let mut transfers: Box<dyn Transfers> = match RawTransfers::open(file, AlignedBuf::huge(memory)?, depth) {
        Ok(raw) => Box::new(raw),
        Err(refused) if refused.kind() == ErrorKind::Unsupported => Box::new(Pooled::open(file, depth)?),
        Err(error) => return Err(error),
    };
    let mut cursor = Cursor { next: 0, len, mix, taken: 0 };
    let span = effort.time / tries.len() as u32;
    let start = Instant::now();
    let mut points = Vec::with_capacity(tries.len());
    for (block, depth) in tries {
        if start.elapsed() < effort.time * 2 || points.is_empty() {
            points.push(point(transfers.as_mut(), &mut cursor, block, depth, span)?);
        }
    }
    let fastest = points.iter().copied().max_by(|a, b| a.bytes_per_s().total_cmp(&b.bytes_per_s()));
    match fastest {
        Some(best) => Ok(Limit { driver: transfers.name(), direct: file.is_direct(), points, best }),
        None => {
            Err(Error::new(ErrorKind::Unsupported, "nothing to measure").with("file", file.path().display()))
        }
    }
}

/// The points that fit memory and file.
fn tries(effort: &Effort, len: u64) -> Vec<(u32, u32)> {
    let fits = |&(block, depth): &(u32, u32)| {
        let bytes = u64::from(block) * u64::from(depth);
        bytes > 0 && bytes <= effort.memory_bytes as u64 && u64::from(block) <= len
    };
    let depths = &effort.depths;
    effort
        .blocks
        .iter()
        .flat_map(|&block| depths.iter().map(move |&depth| (block, depth)))
        .filter(fits)
        .collect()
}

/// Where the next transfer starts: on through the file, and over again at its end.
struct Cursor {
    next: u64,
    len: u64,
    mix: Mix,
    taken: u64,
}

impl Cursor {
    fn take(&mut self, block: u32) -> (u64, Op) {
        let block = u64::from(block);
        let mut offset = self.next.next_multiple_of(block);
        if offset + block > self.len {
            offset = 0;
        }
        self.next = offset + block;
        self.taken += 1;
        (offset, self.mix.op(self.taken))
    }
}

fn point(
    transfers: &mut dyn Transfers,
    cursor: &mut Cursor,
    block: u32,
    depth: u32,
    span: Duration,
) -> Result<Point> {
    let deadline = Instant::now() + span;
    for slot in 0..depth {
        let (offset, op) = cursor.take(block);
        transfers.start(slot, block, offset, op)?;
    }
    let (mut running, mut warming, mut counted, mut bytes) = (depth, depth, 0, 0);
    let (mut from, mut to) = (deadline, deadline);
    let mut ended = Vec::new();
    while running > 0 {
        transfers.ended(&mut ended)?;
        let now = Instant::now();
        let full = running == depth && warming == 0;
        let enough = now >= deadline && counted >= depth;
        for (slot, count) in ended.drain(..) {
            if full {
                counted += 1;
                bytes += u64::from(count);
                to = now;
            } else if warming > 0 {
                warming -= 1;
                from = now;
            }
            if enough {
                running -= 1;
            } else {
                let (offset, op) = cursor.take(block);
                transfers.start(slot, block, offset, op)?;
            }
        }
    }
    Ok(Point { block_bytes: block, depth, bytes, elapsed: to.saturating_duration_since(from) })
}

/// Transfers by the thread pool, for machines without io_uring.
struct Pooled {
    driver: Threads<AlignedBuf>,
    file: FileSlot,
    spare: Vec<AlignedBuf>,
}

impl Pooled {
    fn open(file: &Arc<IoFile>, depth: u32) -> Result<Self> {
        let mut driver = Threads::open(depth as usize)?;
        driver.fix_depth(depth);
        let file = driver.attach(Arc::clone(file))?;
        Ok(Self { driver, file, spare: Vec::new() })
    }
}

impl Transfers for Pooled {
    fn name(&self) -> &'static str {
        "threads"
    }

    fn start(&mut self, slot: u32, block: u32, offset: u64, op: Op) -> Result<()> {
        let buf = match self.spare.pop() {
            Some(buf) if buf.len() == block as usize => buf,
            _ => AlignedBuf::zeroed(block as usize, MEMORY_ALIGN)?,
        };
        let (file, tag) = (self.file, u64::from(slot));
        let flight = Flight { op, file, offset, len: block, need: block, buf, tag, lane: Lane::Demand };
        self.driver.submit(flight).map_err(|flight| {
            Error::new(ErrorKind::Unsupported, "more transfers than the pool has room for")
                .with("slot", flight.tag)
        })
    }

    fn ended(&mut self, ended: &mut Vec<(u32, u32)>) -> Result<()> {
        let mut done = Vec::new();
        self.driver.wait(Duration::from_secs(30), &mut done)?;
        if done.is_empty() {
            return Err(Error::new(ErrorKind::Deadline, "the disk answered nothing for 30 s"));
        }
        for completion in done {
            // Tags came from slots.
            ended.push((completion.flight.tag as u32, completion.result?));
            self.spare.push(completion.flight.buf);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
