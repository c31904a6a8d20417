//! The rival: reads, steps and writes group by group, by threads past the page cache, as many groups at once as the
//! budget holds. It keeps nothing from one step to the next, and every step ends with its last write.
//!
//! ```text
//! readers ──> groups in order ──> step ──> writers
//!    ^                                        │
//!    └──────────── free buffers ──────────────┘
//! ```

use super::super::disk::{GIB, MIB};
use super::managed::compare;
use super::{COUNTED, GROUP, GROUP_BYTES, WARM_UP, step};
use crate::stats::median;
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;
use stratal::tiering::io::buf::AlignedBuf;
use stratal::{Error, ErrorKind, Result};

/// Threads on either side.
const THREADS: usize = 4;

/// Bytes of one call.
const CALL: usize = 2 * MIB as usize;

/// Seconds and GiB moved per step.
pub(super) fn run(folder: &Path, groups: usize, budget: u64) -> Result<Vec<f64>> {
    let path = folder.join("adam-pipeline.bin");
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .custom_flags(libc::O_DIRECT)
        .open(&path)?;
    // The name goes now: whatever ends the run, the space comes back.
    std::fs::remove_file(&path)?;
    let mut buffers = Vec::new();
    for _ in 0..(budget as usize / GROUP_BYTES).clamp(2 * THREADS, 64) {
        buffers.push(AlignedBuf::huge(GROUP_BYTES)?);
    }
    for group in 0..groups {
        buffers[0].fill(0);
        step::begin(group, &mut floats(&mut buffers[0])[..GROUP]);
        file.write_all_at(&buffers[0], (group * GROUP_BYTES) as u64)?;
    }
    let mut pull = vec![0.0; GROUP];
    let mut walls = Vec::new();
    for at in 1..=WARM_UP + COUNTED {
        let start = Instant::now();
        buffers = pass(&file, groups, buffers, |group, buffer| {
            let (parameters, moments) = floats(buffer).split_at_mut(GROUP);
            let (first, second) = moments.split_at_mut(GROUP);
            step::gradient(group, at, parameters, &mut pull);
            step::step(at, &pull, parameters, first, second);
        })?;
        if at > WARM_UP {
            walls.push(start.elapsed().as_secs_f64());
        }
    }
    for group in 0..groups {
        file.read_exact_at(&mut buffers[0], (group * GROUP_BYTES) as u64)?;
        compare(group, &floats(&mut buffers[0])[..GROUP])?;
    }
    let wall = median(&walls).ok_or_else(|| Error::new(ErrorKind::Missing, "no steps"))?;
    Ok(vec![wall, 2.0 * (groups * GROUP_BYTES) as f64 / GIB])
}

/// A buffer, and the group in it.
type Filled = (usize, AlignedBuf);

/// Every group read, worked on in order, and written; gives the buffers back.
fn pass(
    file: &File,
    groups: usize,
    buffers: Vec<AlignedBuf>,
    mut work: impl FnMut(usize, &mut AlignedBuf),
) -> Result<Vec<AlignedBuf>> {
    let (free, freed) = channel();
    buffers.into_iter().for_each(|buffer| drop(free.send(buffer)));
    let (freed, next) = (Mutex::new(freed), Mutex::new(0));
    let (read, ready) = channel::<Result<Filled>>();
    let (write, written) = channel::<Filled>();
    let written = Mutex::new(written);
    std::thread::scope(|scope| -> Result<()> {
        for _ in 0..THREADS {
            let (read, free, freed, next) = (read.clone(), free.clone(), &freed, &next);
            scope.spawn(move || reader(file, groups, (freed, &free), next, &read));
        }
        drop(read);
        let writers: Vec<_> = (0..THREADS)
            .map(|_| {
                let (free, written) = (free.clone(), &written);
                scope.spawn(move || writer(file, written, &free))
            })
            .collect();
        let mut early = BTreeMap::new();
        for wanted in 0..groups {
            while !early.contains_key(&wanted) {
                let (group, buffer) = ready.recv().map_err(|_| gone())??;
                early.insert(group, buffer);
            }
            if let Some(mut buffer) = early.remove(&wanted) {
                work(wanted, &mut buffer);
                write.send((wanted, buffer)).map_err(|_| gone())?;
            }
        }
        drop(write);
        writers.into_iter().try_for_each(|writer| writer.join().map_err(|_| gone())?)
    })?;
    drop(free);
    Ok(freed.into_inner().map_err(|_| gone())?.into_iter().collect())
}

fn gone() -> Error {
    Error::new(ErrorKind::Closed, "a thread of the pipeline is gone")
}

/// Takes a buffer first and a group then, so that the group wanted next always has one.
fn reader(
    file: &File,
    groups: usize,
    (freed, free): (&Mutex<Receiver<AlignedBuf>>, &Sender<AlignedBuf>),
    next: &Mutex<usize>,
    read: &Sender<Result<Filled>>,
) {
    loop {
        let Ok(buffer) = freed.lock().map(|freed| freed.recv()) else { return };
        let (Ok(mut buffer), Ok(mut taken)) = (buffer, next.lock()) else { return };
        let group = *taken;
        if group >= groups {
            drop(taken);
            // For the next step, and to let the other readers see the end.
            return drop(free.send(buffer));
        }
        *taken += 1;
        drop(taken);
        let mut offset = (group * GROUP_BYTES) as u64;
        let done = buffer.chunks_mut(CALL).try_for_each(|part| {
            file.read_exact_at(part, offset)?;
            offset += part.len() as u64;
            Ok(())
        });
        if read.send(done.map(|()| (group, buffer))).is_err() {
            return;
        }
    }
}

fn writer(file: &File, written: &Mutex<Receiver<Filled>>, free: &Sender<AlignedBuf>) -> Result<()> {
    loop {
        let Ok(Ok((group, buffer))) = written.lock().map(|written| written.recv()) else { return Ok(()) };
        let mut offset = (group * GROUP_BYTES) as u64;
        for part in buffer.chunks(CALL) {
            file.write_all_at(part, offset)?;
            offset += part.len() as u64;
        }
        // Nobody wants it once everything has been read.
        drop(free.send(buffer));
    }
}

fn floats(bytes: &mut [u8]) -> &mut [f32] {
    // SAFETY: every bit pattern is a number, and the buffer is aligned far beyond four bytes.
    let (_, floats, _) = unsafe { bytes.align_to_mut::<f32>() };
    floats
}
