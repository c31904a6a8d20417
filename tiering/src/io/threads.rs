//! The driver for machines that refuse io_uring: a pool of threads in pread and pwrite.
//!
//! Invariant: a flight stays in the queue's table until every piece of it has come back, whether a worker has made the
//! attempt or not. Dropping the driver waits for the workers; where one does not come back in time, the flights are
//! leaked rather than freed while the kernel still moves their bytes.

use super::file::IoFile;
use super::queue::{Attempt, PIECES_MAX, Queue};
use super::table::Ticket;
use super::{Completion, DRAIN_DEADLINE, DriverStats, FileSlot, Flight, Io, IoBuf, Lane, Wake, blocking};
use crate::error::{Error, ErrorKind, Result};
use crossbeam::channel::{Receiver, Sender, bounded, select};
use std::io;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// More threads than this add no bandwidth: each carries one blocking transfer.
const MAX_THREADS: usize = 32;

/// Thread pool driver.
#[derive(Debug)]
pub struct Threads<B: IoBuf> {
    queue: Queue<B>,
    /// Time zero of the queue.
    start: Instant,
    jobs: Option<Sender<Job>>,
    ended: Receiver<Outcome>,
    wakes: Receiver<()>,
    waker: Arc<Bell>,
    /// Attempts not yet begun come back unmade.
    closing: Arc<AtomicBool>,
    workers: Vec<JoinHandle<()>>,
}

/// An attempt on its way to a worker.
#[derive(Debug)]
struct Job(Attempt);

// SAFETY:
// - the buffer it points into is `Send`, and no thread but the worker that has the job touches those bytes
unsafe impl Send for Job {}

/// What came of an attempt.
type Outcome = (Ticket, io::Result<u32>);

/// Ends a `wait`; one ring is enough however many ask.
#[derive(Debug)]
struct Bell(Sender<()>);

impl Wake for Bell {
    fn wake(&self) {
        // Full means that the next wait ends anyway; closed, that there is none.
        let _ = self.0.try_send(());
    }
}

impl<B: IoBuf> Threads<B> {
    /// A pool holding `entries` flights at once, carried by at most 32 threads.
    ///
    /// # Errors
    /// `Io` when the system refuses even one thread.
    pub fn open(entries: usize) -> Result<Self> {
        let capacity = u32::try_from(entries.max(1)).unwrap_or(u32::MAX);
        let (jobs, queue) = bounded(PIECES_MAX as usize);
        let (report, ended) = bounded(PIECES_MAX as usize);
        let (ring, wakes) = bounded(1);
        let closing = Arc::new(AtomicBool::new(false));
        let mut workers = Vec::new();
        for index in 0..MAX_THREADS {
            match spawn(index, queue.clone(), report.clone(), Arc::clone(&closing)) {
                Ok(worker) => workers.push(worker),
                Err(cause) if workers.is_empty() => {
                    return Err(
                        Error::new(ErrorKind::Io, "the system refuses an I/O thread").caused_by(cause)
                    );
                }
                Err(_) => break,
            }
        }
        Ok(Self {
            queue: Queue::new(capacity),
            start: Instant::now(),
            jobs: Some(jobs),
            ended,
            wakes,
            waker: Arc::new(Bell(ring)),
            closing,
            workers,
        })
    }

    /// Hands the workers what may go, and takes what they have done.
    fn turn(&mut self) {
        let now = self.start.elapsed();
        while let Ok((ticket, outcome)) = self.ended.try_recv() {
            self.queue.arrive(ticket, outcome, now);
        }
        let Some(jobs) = &self.jobs else { return };
        while let Some(attempt) = self.queue.depart(now) {
            let ticket = attempt.ticket;
            // Full it is never: it has a place for every piece there can be.
            if jobs.try_send(Job(attempt)).is_err() {
                self.queue.arrive(ticket, Err(io::Error::from(io::ErrorKind::BrokenPipe)), now);
            }
        }
    }
}

fn spawn(
    index: usize,
    queue: Receiver<Job>,
    report: Sender<Outcome>,
    closing: Arc<AtomicBool>,
) -> io::Result<JoinHandle<()>> {
    let work = move || {
        for Job(attempt) in queue {
            let outcome = if closing.load(Ordering::Acquire) {
                Err(io::Error::from_raw_os_error(libc::ECANCELED))
            } else {
                // SAFETY:
                // - the driver is told of the end below, and not before
                unsafe { blocking::transfer(&attempt, u32::MAX) }
            };
            if report.send((attempt.ticket, outcome)).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name(format!("stratal-io-{index}")).spawn(work)
}

/// Only a panic ends a worker before its driver.
fn gone() -> Error {
    Error::new(ErrorKind::Closed, "the I/O threads are gone")
}

impl<B: IoBuf> Io<B> for Threads<B> {
    fn name(&self) -> &'static str {
        "threads"
    }

    fn attach(&mut self, file: Arc<IoFile>) -> Result<FileSlot> {
        self.queue.attach(file)
    }

    fn detach(&mut self, slot: FileSlot) {
        self.queue.detach(slot);
    }

    unsafe fn register(&mut self, _index: u16, _base: NonNull<u8>, _len: usize) -> bool {
        false
    }

    fn unregister(&mut self, _index: u16) -> bool {
        true
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
        // A worker cannot be stopped in the middle: the flight ends when it comes back.
        self.queue.cancel(tag, self.start.elapsed()).is_some()
    }

    fn wait(&mut self, timeout: Duration, done: &mut Vec<Completion<B>>) -> Result<()> {
        let (before, start) = (done.len(), Instant::now());
        loop {
            self.turn();
            self.queue.take_ready(done);
            let left = timeout.saturating_sub(start.elapsed());
            if done.len() > before || left.is_zero() {
                return Ok(());
            }
            let (ended, wakes) = (self.ended.clone(), self.wakes.clone());
            select! {
                recv(ended) -> outcome => match outcome {
                    Ok((ticket, outcome)) => self.queue.arrive(ticket, outcome, self.start.elapsed()),
                    Err(_) => return Err(gone()),
                },
                recv(wakes) -> _ => {
                    self.turn();
                    self.queue.take_ready(done);
                    return Ok(());
                }
                default(left) => {}
            }
        }
    }

    fn waker(&self) -> Arc<dyn Wake> {
        Arc::clone(&self.waker) as Arc<dyn Wake>
    }
}

impl<B: IoBuf> Drop for Threads<B> {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Release);
        self.jobs = None;
        self.queue.cancel_all(self.start.elapsed());
        let deadline = Instant::now() + DRAIN_DEADLINE;
        while self.queue.away() > 0 {
            match self.ended.recv_deadline(deadline) {
                Ok((ticket, outcome)) => self.queue.arrive(ticket, outcome, self.start.elapsed()),
                // A worker is stuck in a transfer, or has panicked with one.
                Err(_) => return self.queue.leak(),
            }
        }
        for worker in self.workers.drain(..) {
            // A worker that panicked has nothing to tell a driver that goes.
            let _ = worker.join();
        }
    }
}
