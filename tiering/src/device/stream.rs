//! A stream as a timeline: work goes in through a turn, and an event is a number on it.
//!
//! Whoever submits takes a [`Turn`], names what the work uses, submits, and ends the turn, which records where the
//! work ends. An [`Event`] is that number and the stream it is on. A stream has only a ring of driver events; one that
//! is recorded again has moved on, so asking it for an older number is late, never early, and no event is ever made
//! or forgotten on the way of a launch.
//!
//! ```text
//! turn ── uses(block) ── submit .. ── end ──> Event{stream, 7}
//!                                             ring of driver events [ 4 | 5 | 6 | 7 ]     passed: 5
//! ```
//!
//! Invariants: numbers grow in the order of submission; `passed <= next`; a slot's number is stored after its event
//! was recorded, so an event never passes before its work has ended. What a stream keeps is dropped only once the
//! work submitted before it has ended, or never.

use super::driver::{Address, Driver, Geometry, RawEvent, RawFunction, RawStream};
use super::lock::lock;
use super::order::{Touch, Uses};
use crate::error::{Error, ErrorKind, Result};
use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

/// Driver events of one stream.
const SLOTS: usize = 32;
/// How long a stream that is dropped waits for its work; after that it keeps what the work uses for ever.
const DRAIN: Duration = Duration::from_secs(30);

/// A queue of work on one device; a handle that clones. The last one waits for the work, up to half a minute.
///
/// ```
/// use std::time::Duration;
/// use stratal_tiering::device::{DevicePool, Driver, Sim, SimSpec, Stream};
/// use std::sync::Arc;
/// let device: Arc<dyn Driver> = Sim::open(SimSpec::default())?;
/// let pool = DevicePool::new(&device, 64 << 20);
/// let stream = Stream::open(&device)?;
/// let block = pool.allocate(4096)?;
/// stream.upload(&block, 0, vec![7_u8; 4096])?;
/// let back = stream.download(vec![0_u8; 100], &block, 3000)?.wait(Duration::from_secs(10))?;
/// assert_eq!(back, [7; 100]);
/// # Ok::<(), stratal_tiering::error::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Stream(Arc<Open>);

/// Ends what the stream keeps when the last handle goes; events may outlive it.
struct Open {
    timeline: Arc<Timeline>,
    /// What whoever launches keeps beside the stream, as long as its work may use it.
    attached: OnceLock<Box<dyn Any + Send + Sync>>,
}

/// Where work on a stream ended; cheap to clone.
#[derive(Clone)]
pub struct Event {
    timeline: Arc<Timeline>,
    number: u64,
}

struct Slot {
    event: RawEvent,
    /// The latest number recorded here.
    number: AtomicU64,
}

struct Timeline {
    driver: Arc<dyn Driver>,
    raw: RawStream,
    slots: Vec<Slot>,
    /// The number given out last; only a turn changes it.
    last: AtomicU64,
    passed: AtomicU64,
    kept: Mutex<VecDeque<(u64, Box<dyn Any + Send>)>>,
}

impl Stream {
    /// Opens a stream.
    ///
    /// # Errors
    /// What the driver says.
    pub fn open(driver: &Arc<dyn Driver>) -> Result<Self> {
        let raw = driver.open_stream()?;
        // From here on the timeline closes what was opened, whatever fails.
        let mut timeline = Timeline {
            driver: Arc::clone(driver),
            raw,
            slots: Vec::with_capacity(SLOTS),
            last: AtomicU64::new(0),
            passed: AtomicU64::new(0),
            kept: Mutex::new(VecDeque::new()),
        };
        for _ in 0..SLOTS {
            timeline.slots.push(Slot { event: driver.open_event()?, number: AtomicU64::new(0) });
        }
        Ok(Self(Arc::new(Open { timeline: Arc::new(timeline), attached: OnceLock::new() })))
    }

    /// The device.
    #[must_use]
    pub fn driver(&self) -> &Arc<dyn Driver> {
        &self.timeline().driver
    }

    /// The driver's handle, for calls that this type does not offer.
    #[must_use]
    pub fn raw(&self) -> RawStream {
        self.timeline().raw
    }

    fn timeline(&self) -> &Arc<Timeline> {
        &self.0.timeline
    }

    /// What is kept beside the stream until its work has ended: made by `make` at the first call. There is one such
    /// thing; `None` where it is of another type. It must not hold this stream or an [`Event`] of it.
    pub(crate) fn attachment<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<&T> {
        self.0.attached.get_or_init(|| Box::new(make())).downcast_ref()
    }

    /// Takes the turn of all devices of this kind: whoever else submits to one waits until it ends. A thread that
    /// holds a turn takes no other, and calls nothing of a stream but through it.
    #[must_use]
    pub fn turn(&self) -> Turn<'_> {
        self.timeline().turn()
    }

    /// Marks the end of what was submitted so far.
    ///
    /// # Errors
    /// What the driver says.
    pub fn record(&self) -> Result<Event> {
        self.turn().end()
    }

    /// Lets what is submitted from now on wait for `event`, on the device.
    ///
    /// # Errors
    /// `Unsupported` for an event of a driver that this one does not know; what the driver says.
    pub fn wait(&self, event: &Event) -> Result<()> {
        self.turn().after(event)
    }

    /// Holds `thing` until everything submitted so far has ended. It must not hold an [`Event`] of this stream.
    ///
    /// # Errors
    /// What the driver says; the thing is then held until the stream ends.
    pub fn keep(&self, thing: impl Send + 'static) -> Result<()> {
        let mut turn = self.turn();
        turn.keep(Box::new(thing));
        turn.end().map(drop)
    }

    /// Waits until everything submitted so far has ended.
    ///
    /// # Errors
    /// `Deadline`, and what the driver says.
    pub fn finish(&self, timeout: Duration) -> Result<()> {
        self.record()?.wait(timeout)?;
        self.timeline().reap();
        Ok(())
    }
}

impl Timeline {
    fn turn(self: &Arc<Self>) -> Turn<'_> {
        Turn { timeline: self, held: Some(lock(self.driver.turns())) }
    }

    fn slot(&self, number: u64) -> &Slot {
        // Below SLOTS.
        &self.slots[(number % SLOTS as u64) as usize]
    }

    /// Whether the slot that `number` was recorded in has passed it; `None` when the record failed.
    fn look(&self, number: u64, timeout: Duration) -> Result<Option<bool>> {
        if self.passed.load(Ordering::Acquire) >= number {
            return Ok(Some(true));
        }
        let slot = self.slot(number);
        // Read before the event is asked: it may move on in between, and is then later than this says.
        let held = slot.number.load(Ordering::Acquire);
        if held < number {
            return Ok(None);
        }
        let past = if timeout.is_zero() {
            // SAFETY: events of the ring are open until the timeline is dropped.
            unsafe { self.driver.is_past(slot.event) }?
        } else {
            // SAFETY: as above.
            unsafe { self.driver.wait_host(slot.event, timeout) }?
        };
        if past {
            self.passed.fetch_max(held, Ordering::AcqRel);
        }
        Ok(Some(past))
    }

    /// Records `number` in its slot.
    fn mark(&self, number: u64) -> Result<()> {
        let slot = self.slot(number);
        // SAFETY: both are open until the timeline is dropped.
        unsafe { self.driver.record(slot.event, self.raw) }?;
        slot.number.store(number, Ordering::Release);
        Ok(())
    }

    /// Drops what was kept for work that has ended.
    fn reap(&self) {
        loop {
            // Dropped without the lock: a lease may do much when it ends.
            let ended = {
                let mut kept = lock(&self.kept);
                match kept.front() {
                    Some((number, _)) if matches!(self.look(*number, Duration::ZERO), Ok(Some(true))) => {
                        kept.pop_front()
                    }
                    _ => None,
                }
            };
            if ended.is_none() {
                return;
            }
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let (timeline, attached) = (&self.timeline, self.attached.take());
        let drained = || timeline.turn().end().and_then(|event| event.wait(DRAIN));
        let unused = attached.is_none() && lock(&timeline.kept).is_empty();
        if unused || drained().is_ok() || timeline.driver.is_lost() {
            lock(&timeline.kept).clear();
        } else {
            // The device may still use them.
            std::mem::forget(std::mem::take(&mut *lock(&timeline.kept)));
            std::mem::forget(attached);
        }
    }
}

impl Drop for Timeline {
    fn drop(&mut self) {
        for slot in &self.slots {
            // SAFETY: the timeline opened it, and nothing names it any more. A failure leaves it to the driver.
            let _ = unsafe { self.driver.close_event(slot.event) };
        }
        // SAFETY: as above.
        let _ = unsafe { self.driver.close_stream(self.raw) };
    }
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timeline.fmt(f)
    }
}

impl fmt::Debug for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.driver.properties().name;
        let passed = self.passed.load(Ordering::Relaxed);
        f.debug_struct("Timeline")
            .field("device", name)
            .field("raw", &self.raw.0)
            .field("passed", &passed)
            .finish()
    }
}

/// The right to submit to a stream, held while one piece of work goes in.
///
/// Dropping it ends it too, without an event for the caller.
#[derive(Debug)]
pub struct Turn<'a> {
    timeline: &'a Arc<Timeline>,
    /// None once the turn has ended.
    held: Option<MutexGuard<'a, ()>>,
}

impl Turn<'_> {
    /// Lets the work wait for `event`, on the device; an event of this stream is no wait.
    ///
    /// # Errors
    /// `Unsupported` for an event of a driver that this one does not know; what the driver says.
    pub fn after(&mut self, event: &Event) -> Result<()> {
        let (here, there) = (self.timeline, &event.timeline);
        if Arc::ptr_eq(here, there) || there.passed.load(Ordering::Acquire) >= event.number {
            return Ok(());
        }
        if here.driver.family() != there.driver.family() {
            let message = "devices of different drivers do not wait for each other";
            return Err(Error::new(ErrorKind::Unsupported, message)
                .with("device", &here.driver.properties().name)
                .with("other", &there.driver.properties().name));
        }
        let slot = there.slot(event.number);
        if slot.number.load(Ordering::Acquire) < event.number {
            // Nobody else has a turn, so its record failed; one that is made now is later, and so enough.
            // SAFETY: both are open while the event holds its timeline.
            unsafe { there.driver.record(slot.event, there.raw) }?;
        }
        // SAFETY: the stream is open, and the event while its timeline is held.
        unsafe { here.driver.wait(here.raw, slot.event) }
    }

    /// Says that the work reads or writes what `uses` belongs to: it waits for whoever used it before, and whoever
    /// comes later waits for it.
    ///
    /// # Errors
    /// Those of [`Turn::after`].
    pub fn uses(&mut self, uses: &Mutex<Uses>, touch: Touch) -> Result<()> {
        let event = self.event();
        let mut uses = lock(uses);
        uses.order(touch, |earlier| self.after(earlier))?;
        uses.note(touch, event);
        Ok(())
    }

    /// Holds `thing` until the work of this turn has ended.
    pub fn keep(&mut self, thing: Box<dyn Any + Send>) {
        lock(&self.timeline.kept).push_back((self.number(), thing));
    }

    /// Launches a kernel.
    ///
    /// # Errors
    /// What the driver says.
    ///
    /// # Safety
    /// As [`Driver::launch`]; every block that the kernel touches was named to [`Turn::uses`] or is ordered otherwise,
    /// and lives until the work has ended.
    pub unsafe fn launch(
        &mut self,
        function: RawFunction,
        geometry: &Geometry,
        arguments: &[u8],
    ) -> Result<()> {
        let timeline = self.timeline;
        // SAFETY: promised by the caller.
        unsafe { timeline.driver.launch(function, geometry, arguments, timeline.raw) }
    }

    /// Copies host bytes to the device.
    ///
    /// # Errors
    /// What the driver says.
    ///
    /// # Safety
    /// As [`Driver::upload`].
    pub unsafe fn upload(&mut self, to: Address, from: *const u8, len: u64) -> Result<()> {
        let timeline = self.timeline;
        // SAFETY: promised by the caller.
        unsafe { timeline.driver.upload(to, from, len, timeline.raw) }
    }

    /// Copies device bytes to the host.
    ///
    /// # Errors
    /// What the driver says.
    ///
    /// # Safety
    /// As [`Driver::download`].
    pub unsafe fn download(&mut self, to: *mut u8, from: Address, len: u64) -> Result<()> {
        let timeline = self.timeline;
        // SAFETY: promised by the caller.
        unsafe { timeline.driver.download(to, from, len, timeline.raw) }
    }

    fn number(&self) -> u64 {
        self.timeline.last.load(Ordering::Relaxed) + 1
    }

    /// The event that this turn will record when it ends.
    fn event(&self) -> Event {
        Event { timeline: Arc::clone(self.timeline), number: self.number() }
    }

    /// Ends the turn: the event passes when the work has ended.
    ///
    /// # Errors
    /// What the driver says; work that was submitted runs all the same.
    pub fn end(mut self) -> Result<Event> {
        let event = self.event();
        self.close()?;
        Ok(event)
    }

    fn close(&mut self) -> Result<()> {
        let number = self.number();
        self.timeline.last.store(number, Ordering::Relaxed);
        let marked = self.timeline.mark(number);
        self.held = None;
        if !lock(&self.timeline.kept).is_empty() {
            self.timeline.reap();
        }
        marked
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.held.is_some() {
            // Blocks may have been told of this number. If the record fails, waits for it record afresh.
            let _ = self.close();
        }
    }
}

impl Event {
    /// Whether the work has ended.
    ///
    /// # Errors
    /// `Lost` and whatever else made it impossible to tell.
    pub fn is_past(&self) -> Result<bool> {
        self.look(Duration::ZERO)
    }

    /// Waits until the work has ended.
    ///
    /// # Errors
    /// `Deadline` when `timeout` came first; `Lost`, and what the driver says.
    pub fn wait(&self, timeout: Duration) -> Result<()> {
        if self.look(timeout)? {
            return Ok(());
        }
        let name = &self.timeline.driver.properties().name;
        Err(Error::new(ErrorKind::Deadline, "work on the device had not ended").with("device", name))
    }

    /// Whether both are on one stream, and this one is not earlier.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.timeline, &other.timeline) && self.number >= other.number
    }

    fn look(&self, timeout: Duration) -> Result<bool> {
        if let Some(past) = self.timeline.look(self.number, timeout)? {
            return Ok(past);
        }
        // The record failed, or its turn is not over: what is recorded now covers it.
        let start = Instant::now();
        let fresh = self.timeline.turn().end()?;
        let left = timeout.saturating_sub(start.elapsed());
        Ok(self.timeline.look(fresh.number, left)?.unwrap_or(false))
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("number", &self.number).field("stream", &self.timeline).finish()
    }
}
