//! Our driver behind its trait, with registered buffers and a full queue.

use super::DEPTH;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use stratal::Result;
use stratal::tiering::io::buf::AlignedBuf;
use stratal::tiering::io::file::IoFile;
use stratal::tiering::io::{Flight, Io, IoBuf, Lane, Op, open};

const DEADLINE: Duration = Duration::from_secs(30);

/// Reads every block through the best driver of this machine.
pub(super) fn read(path: &Path, offsets: &[u64], block: usize, ready: &mut dyn FnMut()) -> Result<()> {
    let file = IoFile::open_read(path)?;
    let mut free = Vec::new();
    for _ in 0..DEPTH {
        let mut buffer = AlignedBuf::zeroed(block, file.mem_align().max(4096))?;
        buffer.fill(1);
        free.push(buffer);
    }
    let (mut driver, refused) = open::<AlignedBuf>(DEPTH)?;
    if let Some(reason) = refused {
        eprintln!("SKIPPED: the ring, threads stand in: {reason}");
    }
    for (region, buffer) in free.iter_mut().enumerate() {
        register(driver.as_mut(), region as u16, buffer);
    }
    let file = driver.attach(Arc::new(file))?;
    ready();
    let mut done = Vec::new();
    let mut left = offsets.iter();
    while left.len() > 0 || driver.in_flight() > 0 {
        while let Some(&offset) = left.as_slice().first() {
            let Some(buf) = free.pop() else { break };
            let len = block as u32;
            let flight =
                Flight { op: Op::Read, file, offset, len, need: len, buf, tag: 0, lane: Lane::Demand };
            match driver.submit(flight) {
                Ok(()) => drop(left.next()),
                Err(full) => {
                    free.push(full.buf);
                    break;
                }
            }
        }
        driver.wait(DEADLINE, &mut done)?;
        for completion in done.drain(..) {
            completion.result?;
            black_box(completion.flight.buf[0]);
            free.push(completion.flight.buf);
        }
    }
    Ok(())
}

/// Registers a buffer as a region of its own; a driver that refuses reads into it unregistered.
fn register(driver: &mut dyn Io<AlignedBuf>, region: u16, buffer: &mut AlignedBuf) {
    // SAFETY: the pages stay allocated until the driver is dropped: the caller's buffers outlive it.
    let taken = unsafe { driver.register(region, buffer.start(), buffer.len()) };
    if taken {
        // SAFETY: the region was just registered over exactly these bytes, and the driver is dropped first.
        unsafe { buffer.place(region) };
    }
}
