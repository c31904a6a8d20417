//! The io_uring driver: one thread owns the ring, a full queue, files and memory known beforehand.
//!
//! Invariant: a flight's buffer lives in the queue's table from `submit` until the kernel has completed every
//! submission of it, a cancelled one too. Dropping the driver waits for the kernel, then closes the ring; flights that
//! do not end in time are leaked, because the kernel may still move their bytes.
//!
//! ```text
//! submit ──> queue ──wait: depart──> SQ ══kernel══> CQ ──reap: arrive──> queue ──> done
//! ```

mod fixed;
pub(in crate::io) mod raw;
mod ring;

use super::file::IoFile;
use super::queue::{Attempt, PIECES_MAX, Queue};
use super::table::Ticket;
use super::{
    Completion, DRAIN_DEADLINE, DriverStats, FileSlot, FixedPlace, Flight, Io, IoBuf, Lane, Op, Wake,
};
use crate::error::{Error, ErrorKind, Result};
use fixed::{FixedFiles, Regions, Target};
use io_uring::{opcode, squeue, types};
use ring::Ring;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Flights one ring carries at most.
const MAX_ENTRIES: usize = 4096;

/// Submissions beside pieces: the wake and cancellations.
const SPARE_ENTRIES: u32 = 32;

/// Names the wake's submission; tickets never reach this high.
const WAKE: u64 = u64::MAX;

/// Names cancellations.
const CANCEL: u64 = u64::MAX - 1;

/// io_uring driver. Belongs to the thread that opened it.
#[derive(Debug)]
pub struct Uring<B: IoBuf> {
    ring: Ring,
    queue: Queue<B>,
    /// Time zero of the queue.
    start: Instant,
    fixed_files: FixedFiles,
    regions: Regions,
    bell: Arc<Bell>,
    bell_armed: bool,
}

/// Ends a `wait` through an eventfd that the ring polls.
#[derive(Debug)]
struct Bell {
    event: File,
    rung: AtomicBool,
}

impl Bell {
    fn new() -> Result<Self> {
        // SAFETY:
        // - the call takes numbers only
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            let cause = io::Error::last_os_error();
            return Err(Error::new(ErrorKind::Io, "the system refuses an event to wake by").caused_by(cause));
        }
        // SAFETY:
        // - `fd` was just opened and nobody else owns it
        let event = unsafe { File::from_raw_fd(fd) };
        Ok(Self { event, rung: AtomicBool::new(false) })
    }

    /// Takes the ring back, after it has ended a wait.
    fn quiet(&self) {
        let mut count = [0; 8];
        // Non-blocking: nothing to read means nobody rang.
        let _ = (&self.event).read(&mut count);
        // Whoever finds this still set rang before here, and the owner looks at its work after here.
        self.rung.swap(false, Ordering::AcqRel);
    }
}

impl Wake for Bell {
    fn wake(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            // Cannot fail: the counter is far from full.
            let _ = (&self.event).write(&1_u64.to_ne_bytes());
        }
    }
}

impl<B: IoBuf> Uring<B> {
    /// A ring holding `entries` flights at once, after a no-op and a read have gone through it.
    ///
    /// # Errors
    /// `Unsupported` with the refused step and the kernel's answer.
    pub fn open(entries: usize) -> Result<Self> {
        let entries = entries.clamp(1, MAX_ENTRIES) as u32;
        let ring = Ring::open(PIECES_MAX + SPARE_ENTRIES)?;
        let fixed_files = FixedFiles::new(ring.raw());
        let regions = Regions::new(ring.raw());
        Ok(Self {
            ring,
            queue: Queue::new(entries),
            start: Instant::now(),
            fixed_files,
            regions,
            bell: Arc::new(Bell::new()?),
            bell_armed: false,
        })
    }

    /// Puts what may go into the submission queue.
    fn push_due(&mut self) {
        if !self.bell_armed {
            let fd = types::Fd(self.bell.event.as_raw_fd());
            let poll = opcode::PollAdd::new(fd, libc::POLLIN as u32).build().user_data(WAKE);
            // SAFETY:
            // - the event is open until after the ring is closed: both are fields of the driver
            self.bell_armed = unsafe { self.ring.push(&poll) };
        }
        let now = self.start.elapsed();
        while !self.ring.is_full()
            && let Some(attempt) = self.queue.depart(now)
        {
            let place = self.queue.fixed_place(&attempt);
            let entry = submission(&attempt, place, &self.fixed_files, &self.regions);
            let entry = entry.user_data(attempt.ticket.to_user_data());
            // SAFETY:
            // - the flight owns its buffer and file, and stays in the queue's table until this completion is reaped
            // - a flight that does not complete before the driver goes is leaked
            let pushed = unsafe { self.ring.push(&entry) };
            debug_assert!(pushed, "the ring had room");
        }
    }

    /// Takes all posted completions; true when the bell was among them.
    fn reap(&mut self) -> bool {
        let mut rung = false;
        let now = self.start.elapsed();
        while let Some((data, outcome)) = self.ring.reap() {
            match data {
                WAKE => {
                    self.bell.quiet();
                    self.bell_armed = false;
                    rung = true;
                }
                CANCEL => {}
                _ => self.queue.arrive(Ticket::from_user_data(data), outcome, now),
            }
        }
        for slot in self.queue.take_freed() {
            self.fixed_files.remove(self.ring.raw(), slot);
        }
        rung
    }

    /// Asks the kernel to stop what matches; the answer comes as the completions of what was stopped.
    fn push_cancel(&mut self, entry: squeue::Entry) {
        if self.ring.is_full() {
            // Makes room; what fails here fails again in `wait`, which says so.
            let _ = self.ring.enter(Duration::ZERO);
        }
        // SAFETY:
        // - a cancellation names no memory
        unsafe { self.ring.push(&entry.user_data(CANCEL)) };
    }

    fn enter(&self, timeout: Duration) -> Result<()> {
        self.ring.enter(timeout).map_err(|cause| {
            Error::new(ErrorKind::Io, "the ring broke")
                .with("in_flight", self.queue.in_flight())
                .caused_by(cause)
        })
    }

    /// Ends or abandons everything under way; true when nothing is left.
    fn drain(&mut self) -> bool {
        self.queue.cancel_all(self.start.elapsed());
        self.push_cancel(opcode::AsyncCancel2::new(types::CancelBuilder::any().all()).build());
        let deadline = Instant::now() + DRAIN_DEADLINE;
        while self.queue.away() > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.ring.enter(left).is_err() {
                return false;
            }
            self.reap();
        }
        true
    }
}

/// The submission for a piece, whose buffer is at `place` in a registered region if it is in one.
fn submission(
    attempt: &Attempt,
    place: Option<FixedPlace>,
    files: &FixedFiles,
    regions: &Regions,
) -> squeue::Entry {
    let piece = attempt.piece;
    let place = place.and_then(|place| regions.find(place, piece.len));
    let start = attempt.start.as_ptr();
    macro_rules! aimed {
        ($fd:expr) => {
            match (attempt.op, place) {
                (Op::Read, Some((entry, at))) => {
                    opcode::ReadFixed::new($fd, at as *mut u8, piece.len, entry).offset(piece.offset).build()
                }
                (Op::Write, Some((entry, at))) => {
                    opcode::WriteFixed::new($fd, at as *const u8, piece.len, entry)
                        .offset(piece.offset)
                        .build()
                }
                (Op::Read, None) => opcode::Read::new($fd, start, piece.len).offset(piece.offset).build(),
                (Op::Write, None) => opcode::Write::new($fd, start, piece.len).offset(piece.offset).build(),
            }
        };
    }
    match files.target(attempt.slot, &attempt.file) {
        Target::Fixed(fd) => aimed!(fd),
        Target::Plain(fd) => aimed!(fd),
    }
}

impl<B: IoBuf> Io<B> for Uring<B> {
    fn name(&self) -> &'static str {
        "io_uring"
    }

    fn attach(&mut self, file: Arc<IoFile>) -> Result<FileSlot> {
        let slot = self.queue.attach(Arc::clone(&file))?;
        self.fixed_files.insert(self.ring.raw(), slot, &file);
        Ok(slot)
    }

    fn detach(&mut self, slot: FileSlot) {
        if self.queue.detach(slot) {
            self.fixed_files.remove(self.ring.raw(), slot);
        }
    }

    unsafe fn register(&mut self, index: u16, base: NonNull<u8>, len: usize) -> bool {
        // SAFETY:
        // - the pages stay allocated until the driver, and so the ring, is dropped: the caller's promise
        unsafe { self.regions.register(self.ring.raw(), index, base, len) }
    }

    fn unregister(&mut self, index: u16) -> bool {
        // What names the region goes to the kernel first, which holds its pages until it has ended.
        let told = self.enter(Duration::ZERO).is_ok() && !self.ring.has_unsubmitted();
        self.regions.unregister(self.ring.raw(), index, told)
    }

    fn capacity(&self) -> usize {
        self.queue.capacity()
    }

    fn room(&self, lane: Lane) -> usize {
        self.queue.room(lane)
    }

    fn fix_depth(&mut self, pieces: u32) {
        self.queue.fix_depth(pieces);
    }

    fn stats(&self) -> Arc<DriverStats> {
        Arc::clone(self.queue.stats())
    }

    fn in_flight(&self) -> usize {
        self.queue.in_flight()
    }

    fn submit(&mut self, flight: Flight<B>) -> std::result::Result<(), Flight<B>> {
        self.queue.submit(flight, self.start.elapsed()).map(drop)
    }

    fn cancel(&mut self, tag: u64) -> bool {
        let Some(pieces) = self.queue.cancel(tag, self.start.elapsed()) else { return false };
        for piece in pieces {
            self.push_cancel(opcode::AsyncCancel::new(piece.to_user_data()).build());
        }
        true
    }

    fn wait(&mut self, timeout: Duration, done: &mut Vec<Completion<B>>) -> Result<()> {
        let before = done.len();
        self.queue.take_ready(done);
        let start = Instant::now();
        loop {
            self.push_due();
            let left =
                if done.len() > before { Duration::ZERO } else { timeout.saturating_sub(start.elapsed()) };
            self.enter(left)?;
            let rung = self.reap();
            self.queue.take_ready(done);
            if rung || left.is_zero() || done.len() > before {
                break;
            }
        }
        // The device goes on while the owner looks at what is done.
        self.push_due();
        if self.ring.has_unsubmitted() {
            self.enter(Duration::ZERO)?;
        }
        Ok(())
    }

    fn waker(&self) -> Arc<dyn Wake> {
        Arc::clone(&self.bell) as Arc<dyn Wake>
    }
}

impl<B: IoBuf> Drop for Uring<B> {
    fn drop(&mut self) {
        if !self.drain() {
            self.queue.leak();
        }
        // Closing lets go of pinned memory some time later; this does it now.
        let _ = self.ring.raw().submitter().unregister_buffers();
    }
}

#[cfg(test)]
mod tests;
