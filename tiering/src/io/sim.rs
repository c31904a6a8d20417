//! A working driver whose failures are planned: bytes really move, and what goes wrong follows from a seed.
//!
//! Invariant: the same seed, plan and calls give the same completions in the same order. Time is counted in ticks,
//! not in seconds: only a driver with nothing but stuck flights sleeps.

use super::file::IoFile;
use super::queue::{Attempt, Queue};
use super::table::Ticket;
use super::{Completion, DriverStats, FileSlot, Flight, Io, IoBuf, Lane, Op, Wake, blocking};
use crate::error::{Error, ErrorKind, Result};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

mod tally;

pub use tally::Tally;

/// What goes wrong with one flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Its first attempt moves only a part.
    Short,
    /// Its first attempt fails with this error number, such as `libc::EIO`.
    Fail(i32),
    /// It never completes.
    Stuck,
    /// A read brings one bit wrong and says that all is well; a write is as it should be.
    Flip,
    /// Its first attempt moves only a part, and says that it moved everything.
    Torn,
    /// It reads from another place, or writes to one, and says that all is well.
    Misdirected,
}

/// What goes wrong, and how often. Rates are per thousand flights.
///
/// ```
/// use stratal_tiering::io::sim::{Fault, Faults};
/// let faults = Faults { short_per_mille: 200, reorder: true, ..Faults::none(7) }.at(3, Fault::Stuck);
/// assert_eq!(faults.seed, 7);
/// ```
#[derive(Clone, Debug)]
pub struct Faults {
    /// Decides everything random.
    pub seed: u64,
    /// Flights that move in parts.
    pub short_per_mille: u16,
    /// Flights that fail.
    pub fail_per_mille: u16,
    /// The error number they fail with.
    pub errno: i32,
    /// Flights that flip a bit, are torn, or go astray, and say that all is well.
    pub damage_per_mille: u16,
    /// Flights take up to this many waits.
    pub delay_waits: u32,
    /// What a wait takes while flights are under way, as on a slow disk.
    pub latency: Duration,
    /// Whether flights complete in random order.
    pub reorder: bool,
    /// Whether the driver refuses to open.
    pub refused: bool,
    /// After this many waits, every wait fails.
    pub breaks_after_waits: Option<u64>,
    /// What goes wrong with the flight of this number, counted from 0, whatever the rates say.
    pub planned: HashMap<u64, Fault>,
    /// The same by the number of the write, counted from 0 over writes alone.
    pub planned_writes: HashMap<u64, Fault>,
    /// Counts what has gone wrong; simulators whose plans are clones of one another share it.
    pub tally: Arc<Tally>,
}

impl Faults {
    /// Nothing goes wrong.
    #[must_use]
    pub fn none(seed: u64) -> Self {
        Self {
            seed,
            short_per_mille: 0,
            fail_per_mille: 0,
            errno: libc::EIO,
            damage_per_mille: 0,
            delay_waits: 0,
            latency: Duration::ZERO,
            reorder: false,
            refused: false,
            breaks_after_waits: None,
            planned: HashMap::new(),
            planned_writes: HashMap::new(),
            tally: Arc::default(),
        }
    }

    /// Plans a fault for the `nth` flight submitted, counted from 0, whatever the rates say.
    #[must_use]
    pub fn at(mut self, nth: u64, fault: Fault) -> Self {
        self.planned.insert(nth, fault);
        self
    }

    /// Plans a fault for the `nth` write submitted, counted from 0, whatever the rates say.
    #[must_use]
    pub fn at_write(mut self, nth: u64, fault: Fault) -> Self {
        self.planned_writes.insert(nth, fault);
        self
    }
}

/// A regular file in memory that holds `bytes` and demands 4096-byte alignment as a disk would; `name` is its path
/// in errors.
///
/// # Errors
/// `Io` when the system refuses memory files.
pub fn memory_file(name: &str, bytes: &[u8]) -> Result<IoFile> {
    IoFile::in_memory(Path::new(name), bytes)
}

/// Simulated driver.
#[derive(Debug)]
pub struct Sim<B: IoBuf> {
    faults: Faults,
    dice: Dice,
    queue: Queue<B>,
    pending: VecDeque<Pending>,
    /// What the plan has for flights that have not begun.
    fates: HashMap<Ticket, Fate>,
    bell: Arc<Bell>,
    submitted: u64,
    writes: u64,
    waits: u64,
    ticks: u64,
}

/// A piece with the simulated device.
#[derive(Debug)]
struct Pending {
    attempt: Attempt,
    fate: Fate,
}

/// What happens to the first piece of a flight.
#[derive(Clone, Copy, Debug, Default)]
struct Fate {
    fault: Option<Fault>,
    waits_left: u32,
}

/// splitmix64: small, and the same everywhere.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 when that is 0.
    fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound.max(1)
    }
}

#[derive(Debug, Default)]
struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Wake for Bell {
    fn wake(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }
}

impl Bell {
    /// Waits for a ring and takes it back; false at the timeout.
    fn wait(&self, timeout: Duration) -> bool {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut rung, _) = self
            .changed
            .wait_timeout_while(rung, timeout, |rung| !*rung)
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *rung)
    }
}

impl<B: IoBuf> Sim<B> {
    /// A simulator carrying `entries` flights at once.
    ///
    /// # Errors
    /// `Unsupported` when the plan says that it is refused.
    pub fn open(entries: usize, faults: Faults) -> Result<Self> {
        if faults.refused {
            return Err(Error::new(ErrorKind::Unsupported, "the plan refuses the driver"));
        }
        Ok(Self {
            dice: Dice(faults.seed),
            faults,
            queue: Queue::new(u32::try_from(entries.max(1)).unwrap_or(u32::MAX)),
            pending: VecDeque::new(),
            fates: HashMap::new(),
            bell: Arc::new(Bell::default()),
            submitted: 0,
            writes: 0,
            waits: 0,
            ticks: 0,
        })
    }

    fn fault_of(&mut self, nth: u64, write: Option<u64>) -> Option<Fault> {
        let (short, fail) = (u64::from(self.faults.short_per_mille), u64::from(self.faults.fail_per_mille));
        let damage = u64::from(self.faults.damage_per_mille);
        let roll = self.dice.below(1000);
        let random = match roll {
            _ if roll < fail => Some(Fault::Fail(self.faults.errno)),
            _ if roll < fail + short => Some(Fault::Short),
            _ if roll < fail + short + damage => {
                Some([Fault::Flip, Fault::Torn, Fault::Misdirected][(roll % 3) as usize])
            }
            _ => None,
        };
        let planned_write = || self.faults.planned_writes.get(&write?).copied();
        self.faults.planned.get(&nth).copied().or_else(planned_write).or(random)
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.ticks)
    }

    /// One tick: every piece that is due makes an attempt. False when none can ever move again.
    fn tick(&mut self) -> bool {
        self.ticks += 1;
        let now = self.now();
        let mut alive = false;
        while let Some(attempt) = self.queue.depart(now) {
            let fate = self.fates.remove(&attempt.flight).unwrap_or_default();
            self.faults.tally.late.add(u64::from(fate.waits_left > 0));
            self.faults.tally.stuck.add(u64::from(fate.fault == Some(Fault::Stuck)));
            self.pending.push_back(Pending { attempt, fate });
            alive = true;
        }
        if self.faults.reorder {
            let mut moved = false;
            for last in (1..self.pending.len()).rev() {
                let other = self.dice.below(last as u64 + 1) as usize;
                self.pending.swap(last, other);
                moved |= other != last;
            }
            self.faults.tally.reordered.add(u64::from(moved));
        }
        for _ in 0..self.pending.len() {
            let Some(mut pending) = self.pending.pop_front() else { break };
            let stuck = pending.fate.fault == Some(Fault::Stuck);
            alive |= !stuck;
            if stuck || pending.fate.waits_left > 0 {
                pending.fate.waits_left = pending.fate.waits_left.saturating_sub(1);
                self.pending.push_back(pending);
                continue;
            }
            let outcome = self.attempt(&mut pending);
            self.queue.arrive(pending.attempt.ticket, outcome, now);
        }
        alive
    }

    fn attempt(&mut self, pending: &mut Pending) -> io::Result<u32> {
        let attempt = &pending.attempt;
        let blocks = |dice: &mut Dice| {
            // Direct I/O stops at block boundaries, perhaps before the first. Below the length of the piece.
            let align = attempt.file.offset_align();
            (dice.below(u64::from(attempt.piece.len)) / align * align) as u32
        };
        // SAFETY:
        // - the queue is told of the end after this, and not before
        let moved = |most: u32| unsafe { blocking::transfer(attempt, most) };
        let tally = &self.faults.tally;
        match pending.fate.fault.take() {
            Some(Fault::Fail(errno)) => {
                tally.failed.add(1);
                Err(io::Error::from_raw_os_error(errno))
            }
            Some(Fault::Short) => match blocks(&mut self.dice) {
                0 => tally.short.told(Ok(0)),
                part => tally.short.told(moved(part)),
            },
            Some(Fault::Flip) => {
                let moved = moved(u32::MAX)?;
                if attempt.op == Op::Read && moved > 0 {
                    let bit = self.dice.below(8 * u64::from(moved));
                    // SAFETY:
                    // - the queue is told of the end after this, and not before
                    unsafe { blocking::flip(attempt, (bit / 8) as u32, (bit % 8) as u8) };
                    tally.flipped.add(1);
                }
                Ok(moved)
            }
            Some(Fault::Torn) => {
                let part = blocks(&mut self.dice);
                if part > 0 {
                    moved(part)?;
                }
                tally.torn.told(Ok(attempt.piece.len))
            }
            // SAFETY:
            // - the queue is told of the end after this, and not before
            Some(Fault::Misdirected) => tally.astray.told(unsafe { blocking::transfer_astray(attempt) }),
            Some(Fault::Stuck) | None => moved(u32::MAX),
        }
    }
}

impl<B: IoBuf> Io<B> for Sim<B> {
    fn name(&self) -> &'static str {
        "sim"
    }

    fn attach(&mut self, file: Arc<IoFile>) -> Result<FileSlot> {
        self.queue.attach(file)
    }

    fn detach(&mut self, slot: FileSlot) {
        self.queue.detach(slot);
    }

    /// Refuses, as a kernel does that has no memory to lock.
    unsafe fn register(&mut self, _index: u16, _base: NonNull<u8>, _len: usize) -> bool {
        self.faults.tally.unregistered.add(1);
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
        let op = flight.op;
        let Some(ticket) = self.queue.submit(flight, self.now())? else { return Ok(()) };
        let write = (op == Op::Write).then_some(self.writes);
        self.writes += u64::from(write.is_some());
        let fault = self.fault_of(self.submitted, write);
        // At most `delay_waits`, which has 32 bits.
        let waits_left = self.dice.below(u64::from(self.faults.delay_waits) + 1) as u32;
        self.fates.insert(ticket, Fate { fault, waits_left });
        self.submitted += 1;
        Ok(())
    }

    fn cancel(&mut self, tag: u64) -> bool {
        let now = self.now();
        let Some(pieces) = self.queue.cancel(tag, now) else { return false };
        for piece in pieces {
            self.pending.retain(|pending| pending.attempt.ticket != piece);
            self.queue.arrive(piece, Err(io::Error::from_raw_os_error(libc::ECANCELED)), now);
        }
        true
    }

    fn wait(&mut self, timeout: Duration, done: &mut Vec<Completion<B>>) -> Result<()> {
        self.waits += 1;
        if self.faults.breaks_after_waits.is_some_and(|most| self.waits > most) {
            return Err(Error::new(ErrorKind::Io, "the plan broke the driver").with("waits", self.waits));
        }
        if self.queue.in_flight() > 0 {
            std::thread::sleep(self.faults.latency);
        }
        let before = done.len();
        loop {
            self.queue.take_ready(done);
            let alive = self.tick();
            self.queue.take_ready(done);
            if done.len() > before || self.bell.wait(Duration::ZERO) || timeout.is_zero() {
                return Ok(());
            }
            if !alive {
                self.bell.wait(timeout);
                return Ok(());
            }
        }
    }

    fn waker(&self) -> Arc<dyn Wake> {
        Arc::clone(&self.bell) as Arc<dyn Wake>
    }
}

impl<B: IoBuf> Drop for Sim<B> {
    fn drop(&mut self) {
        // What is stuck is leaked, as a driver must whose kernel does not answer.
        if self.pending.iter().any(|pending| pending.fate.fault == Some(Fault::Stuck)) {
            self.queue.leak();
        }
    }
}

#[cfg(test)]
mod tests;
