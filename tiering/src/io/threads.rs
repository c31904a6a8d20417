//! The driver for machines that refuse io_uring: a pool of threads in pread and pwrite.
//!
//! Invariant: a flight is owned by exactly one of the job queue, a worker and the event queue. Dropping the driver
//! waits for the workers; one that does not come back in time leaks its flight rather than free memory that the
//! kernel still moves.

use super::file::IoFile;
use super::files::Files;
use super::underway::Underway;
use super::{Completion, DRAIN_DEADLINE, FileSlot, Flight, Io, IoBuf, Wake, blocking};
use crate::error::{Error, ErrorKind, Result};
use crossbeam::channel::{Receiver, Sender, bounded, select};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// More threads than this add no bandwidth: each carries one blocking transfer.
const MAX_THREADS: usize = 32;

/// What the workers do with flights, in [`Pool::phase`].
const RUNNING: u8 = 0;
/// Flights not yet begun are dropped.
const CLOSING: u8 = 1;
/// Nobody waits any more: flights are leaked when their transfer returns.
const ABANDONED: u8 = 2;

/// Thread pool driver.
#[derive(Debug)]
pub struct Threads<B: IoBuf> {
    files: Files,
    jobs: Option<Sender<Underway<B>>>,
    ended: Receiver<Completion<B>>,
    wakes: Receiver<()>,
    waker: Arc<Bell>,
    ready: Vec<Completion<B>>,
    capacity: usize,
    in_flight: usize,
    phase: Arc<AtomicU8>,
    workers: Vec<JoinHandle<()>>,
}

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
    /// A pool carrying `entries` flights at once, by at most 32 threads.
    ///
    /// # Errors
    /// `Io` when the system refuses even one thread.
    pub fn open(entries: usize) -> Result<Self> {
        let capacity = entries.max(1);
        let (jobs, queue) = bounded(capacity);
        let (report, ended) = bounded(capacity);
        let (ring, wakes) = bounded(1);
        let phase = Arc::new(AtomicU8::new(RUNNING));
        let mut workers = Vec::new();
        for index in 0..capacity.min(MAX_THREADS) {
            match spawn(index, queue.clone(), report.clone(), Arc::clone(&phase)) {
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
            files: Files::default(),
            jobs: Some(jobs),
            ended,
            wakes,
            waker: Arc::new(Bell(ring)),
            ready: Vec::new(),
            capacity,
            in_flight: 0,
            phase,
            workers,
        })
    }

    fn land(&mut self, completion: Completion<B>, done: &mut Vec<Completion<B>>) {
        self.in_flight -= 1;
        self.files.land(completion.flight.file);
        done.push(completion);
    }
}

fn spawn<B: IoBuf>(
    index: usize,
    queue: Receiver<Underway<B>>,
    report: Sender<Completion<B>>,
    phase: Arc<AtomicU8>,
) -> std::io::Result<JoinHandle<()>> {
    let work = move || {
        for underway in queue {
            if phase.load(Ordering::Acquire) != RUNNING {
                continue;
            }
            let completion = carry(underway);
            if phase.load(Ordering::Acquire) == ABANDONED {
                std::mem::forget(completion);
            } else if let Err(unread) = report.send(completion) {
                // The transfer has ended, so its buffer may go.
                drop(unread);
            }
        }
    };
    std::thread::Builder::new().name(format!("stratal-io-{index}")).spawn(work)
}

/// Only a panic ends a worker before its driver.
fn gone() -> Error {
    Error::new(ErrorKind::Closed, "the I/O threads are gone")
}

/// Carries one flight to its end.
fn carry<B: IoBuf>(mut underway: Underway<B>) -> Completion<B> {
    loop {
        let outcome = blocking::transfer(&underway, u32::MAX);
        if let Some(result) = underway.advance(outcome) {
            return underway.end(result);
        }
    }
}

impl<B: IoBuf> Io<B> for Threads<B> {
    fn name(&self) -> &'static str {
        "threads"
    }

    fn attach(&mut self, file: Arc<IoFile>) -> Result<FileSlot> {
        self.files.attach(file)
    }

    fn detach(&mut self, slot: FileSlot) {
        self.files.detach(slot);
    }

    unsafe fn register(&mut self, _index: u16, _base: NonNull<u8>, _len: usize) -> bool {
        false
    }

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn in_flight(&self) -> usize {
        self.in_flight + self.ready.len()
    }

    fn submit(&mut self, flight: Flight<B>) -> std::result::Result<(), Flight<B>> {
        let Some(jobs) = self.jobs.as_ref().filter(|_| self.in_flight() < self.capacity) else {
            return Err(flight);
        };
        match Underway::board(&mut self.files, flight).map(|underway| jobs.try_send(underway)) {
            Ok(Ok(())) => self.in_flight += 1,
            Ok(Err(refused)) => {
                let completion = refused.into_inner().end(Err(gone()));
                self.files.land(completion.flight.file);
                self.ready.push(completion);
            }
            Err(completion) => self.ready.push(completion),
        }
        Ok(())
    }

    fn wait(&mut self, timeout: Duration, done: &mut Vec<Completion<B>>) -> Result<()> {
        if !self.ready.is_empty() {
            done.append(&mut self.ready);
        } else {
            let (ended, wakes) = (self.ended.clone(), self.wakes.clone());
            select! {
                recv(ended) -> completion => match completion {
                    Ok(completion) => self.land(completion, done),
                    Err(_) => return Err(gone()),
                },
                recv(wakes) -> _ => {}
                default(timeout) => {}
            }
        }
        while let Ok(completion) = self.ended.try_recv() {
            self.land(completion, done);
        }
        Ok(())
    }

    fn waker(&self) -> Arc<dyn Wake> {
        Arc::clone(&self.waker) as Arc<dyn Wake>
    }
}

impl<B: IoBuf> Drop for Threads<B> {
    fn drop(&mut self) {
        self.phase.store(CLOSING, Ordering::Release);
        self.jobs = None;
        let deadline = Instant::now() + DRAIN_DEADLINE;
        // The queue reports its end when the last worker has left.
        while self.workers.iter().any(|worker| !worker.is_finished()) {
            match self.ended.recv_deadline(deadline) {
                Ok(ended) => drop(ended),
                Err(_) if Instant::now() >= deadline => {
                    self.phase.store(ABANDONED, Ordering::Release);
                    return;
                }
                Err(_) => break,
            }
        }
        for worker in self.workers.drain(..) {
            // A worker that panicked has nothing to tell a driver that goes.
            let _ = worker.join();
        }
    }
}
