//! The io_uring driver: one thread owns the ring, a full queue, files and memory known beforehand.
//!
//! Invariant: a flight's buffer lives in the table from `submit` until the kernel has completed its submission.
//! Dropping the driver waits for the kernel, then closes the ring; flights that do not end in time are leaked,
//! because the kernel may still move their bytes.
//!
//! ```text
//! submit ──> flights (table) + due ──wait: push──> SQ ══kernel══> CQ ──reap──> advance ─┬─> done
//!                              ^                                                        │
//!                              └──────────────── the rest of a short transfer ──────────┘
//! ```

mod fixed;
mod flight;
pub(in crate::io) mod raw;
mod ring;

use super::file::IoFile;
use super::files::Files;
use super::underway::Underway;
use super::{Completion, DRAIN_DEADLINE, FileSlot, Flight, Io, IoBuf, Op, Wake};
use crate::error::{Error, ErrorKind, Result};
use fixed::{FixedFiles, Regions, Target};
use flight::{Flights, Ticket};
use io_uring::{opcode, squeue, types};
use ring::Ring;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Flights one ring carries at most.
const MAX_ENTRIES: usize = 4096;

/// Submissions beside flights: the wake and a cancellation.
const SPARE_ENTRIES: u32 = 2;

/// Names the wake's submission; tickets never reach this high.
const WAKE: u64 = u64::MAX;

/// Names the cancellation at the end.
const CANCEL: u64 = u64::MAX - 1;

/// io_uring driver. Belongs to the thread that opened it.
#[derive(Debug)]
pub struct Uring<B: IoBuf> {
    ring: Ring,
    flights: Flights<B>,
    due: VecDeque<Ticket>,
    ready: Vec<Completion<B>>,
    files: Files,
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
    /// A ring carrying `entries` flights at once, after a no-op and a read have gone through it.
    ///
    /// # Errors
    /// `Unsupported` with the refused step and the kernel's answer.
    pub fn open(entries: usize) -> Result<Self> {
        let entries = entries.clamp(1, MAX_ENTRIES) as u32;
        let ring = Ring::open(entries + SPARE_ENTRIES)?;
        let fixed_files = FixedFiles::new(ring.raw());
        let regions = Regions::new(ring.raw());
        Ok(Self {
            ring,
            flights: Flights::new(entries),
            due: VecDeque::new(),
            ready: Vec::new(),
            files: Files::default(),
            fixed_files,
            regions,
            bell: Arc::new(Bell::new()?),
            bell_armed: false,
        })
    }

    /// Puts what is due into the submission queue.
    fn push_due(&mut self) {
        if !self.bell_armed {
            let fd = types::Fd(self.bell.event.as_raw_fd());
            let poll = opcode::PollAdd::new(fd, libc::POLLIN as u32).build().user_data(WAKE);
            // SAFETY:
            // - the event is open until after the ring is closed: both are fields of the driver
            self.bell_armed = unsafe { self.ring.push(&poll) };
        }
        while let Some(&ticket) = self.due.front() {
            let Some(underway) = self.flights.get_mut(ticket) else {
                self.due.pop_front();
                continue;
            };
            let entry =
                submission(underway, &self.fixed_files, &self.regions).user_data(ticket.to_user_data());
            // SAFETY:
            // - the flight owns its buffer and file, and stays in the table until its completion is reaped
            // - a flight that does not complete before the driver goes is leaked
            if !unsafe { self.ring.push(&entry) } {
                return;
            }
            self.due.pop_front();
        }
    }

    /// Takes all posted completions; true when the bell was among them.
    fn reap(&mut self, done: &mut Vec<Completion<B>>) -> bool {
        let mut rung = false;
        while let Some((data, outcome)) = self.ring.reap() {
            match data {
                WAKE => {
                    self.bell.quiet();
                    self.bell_armed = false;
                    rung = true;
                }
                CANCEL => {}
                _ => self.advance(Ticket::from_user_data(data), outcome, done),
            }
        }
        rung
    }

    fn advance(&mut self, ticket: Ticket, outcome: io::Result<u32>, done: &mut Vec<Completion<B>>) {
        let Some(underway) = self.flights.get_mut(ticket) else { return };
        let Some(result) = underway.advance(outcome) else {
            self.due.push_back(ticket);
            return;
        };
        if let Some(underway) = self.flights.remove(ticket) {
            let completion = underway.end(result);
            self.land(completion.flight.file);
            done.push(completion);
        }
    }

    fn land(&mut self, slot: FileSlot) {
        if self.files.land(slot) {
            self.fixed_files.remove(self.ring.raw(), slot);
        }
    }

    fn enter(&self, timeout: Duration) -> Result<()> {
        self.ring.enter(timeout).map_err(|cause| {
            Error::new(ErrorKind::Io, "the ring broke")
                .with("in_flight", self.flights.busy())
                .caused_by(cause)
        })
    }

    /// Ends or abandons everything under way; true when nothing is left.
    fn drain(&mut self) -> bool {
        // Never submitted, or between two attempts: the kernel does not hold these.
        for ticket in std::mem::take(&mut self.due) {
            drop(self.flights.remove(ticket));
        }
        let cancel = opcode::AsyncCancel2::new(types::CancelBuilder::any().all()).build().user_data(CANCEL);
        // SAFETY:
        // - a cancellation names no memory
        unsafe { self.ring.push(&cancel) };
        let deadline = Instant::now() + DRAIN_DEADLINE;
        let mut ended = Vec::new();
        while self.flights.busy() > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.ring.enter(left).is_err() {
                return false;
            }
            self.reap(&mut ended);
            for ticket in std::mem::take(&mut self.due) {
                drop(self.flights.remove(ticket));
            }
            ended.clear();
        }
        true
    }
}

/// The submission for what a flight moves next.
fn submission<B: IoBuf>(underway: &Underway<B>, files: &FixedFiles, regions: &Regions) -> squeue::Entry {
    let flight = underway.flight();
    let piece = underway.piece();
    let place = flight.buf.fixed().and_then(|mut place| {
        place.address = place.address.checked_add(u64::from(piece.skip))?;
        regions.find(place, piece.len)
    });
    // `skip` is within the buffer: `board` checked it. The kernel writes through the address, not through us.
    let start = flight.buf.start().as_ptr().wrapping_add(piece.skip as usize);
    macro_rules! aimed {
        ($fd:expr) => {
            match (flight.op, place) {
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
    match files.target(flight.file, underway.file()) {
        Target::Fixed(fd) => aimed!(fd),
        Target::Plain(fd) => aimed!(fd),
    }
}

impl<B: IoBuf> Io<B> for Uring<B> {
    fn name(&self) -> &'static str {
        "io_uring"
    }

    fn attach(&mut self, file: Arc<IoFile>) -> Result<FileSlot> {
        let slot = self.files.attach(Arc::clone(&file))?;
        self.fixed_files.insert(self.ring.raw(), slot, &file);
        Ok(slot)
    }

    fn detach(&mut self, slot: FileSlot) {
        if self.files.detach(slot) {
            self.fixed_files.remove(self.ring.raw(), slot);
        }
    }

    unsafe fn register(&mut self, index: u16, base: NonNull<u8>, len: usize) -> bool {
        // SAFETY:
        // - the pages stay allocated until the driver, and so the ring, is dropped: the caller's promise
        unsafe { self.regions.register(self.ring.raw(), index, base, len) }
    }

    fn capacity(&self) -> usize {
        self.flights.capacity()
    }

    fn in_flight(&self) -> usize {
        self.flights.busy() + self.ready.len()
    }

    fn submit(&mut self, flight: Flight<B>) -> std::result::Result<(), Flight<B>> {
        if self.in_flight() >= self.flights.capacity() {
            return Err(flight);
        }
        match Underway::board(&mut self.files, flight).map(|underway| self.flights.insert(underway)) {
            Ok(Ok(ticket)) => self.due.push_back(ticket),
            Ok(Err(underway)) => {
                let flight = underway.into_flight();
                self.land(flight.file);
                return Err(flight);
            }
            Err(completion) => self.ready.push(completion),
        }
        Ok(())
    }

    fn wait(&mut self, timeout: Duration, done: &mut Vec<Completion<B>>) -> Result<()> {
        let before = done.len();
        done.append(&mut self.ready);
        let start = Instant::now();
        loop {
            self.push_due();
            let left =
                if done.len() > before { Duration::ZERO } else { timeout.saturating_sub(start.elapsed()) };
            self.enter(left)?;
            let rung = self.reap(done);
            if rung || left.is_zero() || done.len() > before {
                break;
            }
        }
        if !self.due.is_empty() {
            // The rest of short transfers moves on while the owner looks at what is done.
            self.push_due();
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
            let leaked = std::mem::replace(&mut self.flights, Flights::new(0));
            std::mem::forget(leaked);
        }
        // Closing lets go of pinned memory some time later; this does it now.
        let _ = self.ring.raw().submitter().unregister_buffers();
    }
}

#[cfg(test)]
mod tests;
