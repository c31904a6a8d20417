//! Recorder, cursor, schedule and prefetcher together: what the engine tells and asks at every lease.
//!
//! It learns the first pass that repeats, follows it, and learns anew when the program changes. Until it has learned
//! every next use is [`NextUse::Never`], so that any policy behaves as its reactive self.

use super::cursor::{Cursor, Sighting};
use super::prefetch::Prefetcher;
use super::schedule::Schedule;
use super::trace::{Pass, Recorder};
use crate::object::{ChunkKey, NextUse, Touch, Trace};

/// What a lease told the follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "after Learned or Stale the eviction policy holds next uses that no longer hold"]
pub enum Followed {
    /// No schedule yet.
    Recording,
    /// A new schedule holds from now on: reset the eviction policy by [`Follower::next_use`].
    Learned,
    /// The lease is this position of the schedule.
    At(u64),
    /// The lease is not in the schedule; the position stays.
    Unscheduled,
    /// The leases of late are mostly not in the schedule: until it fits again, nothing is predicted nor fetched ahead.
    /// Reset the eviction policy.
    Suspended,
    /// The schedule fits again: reset the eviction policy.
    Resumed,
    /// The schedule no longer fits and is dropped: reset the eviction policy.
    Stale,
}

/// A schedule being followed.
#[derive(Debug)]
struct Learned {
    trace: Trace,
    schedule: Schedule,
    cursor: Cursor,
    prefetcher: Prefetcher,
    /// Leases outside the schedule that were not taken for the first time: no noise, but a pass that was cut short.
    recurring: u64,
    /// Whether the leases of late are mostly others: the schedule predicts nothing.
    suspended: bool,
}

/// Learns passes and follows them.
#[derive(Debug)]
pub struct Follower {
    capacity_bytes: u64,
    window_bytes: u64,
    recorder: Recorder,
    learned: Option<Learned>,
}

impl Follower {
    /// Plans for a tier of `capacity_bytes`, of which `window_bytes` hold chunks fetched ahead.
    #[must_use]
    pub fn new(capacity_bytes: u64, window_bytes: u64) -> Self {
        Self { capacity_bytes, window_bytes, recorder: Recorder::new(), learned: None }
    }

    /// The tier has another capacity from now on, and another part of it for chunks fetched ahead: the pass is planned
    /// anew, and followed from where it is. One that no longer fits is dropped.
    pub fn resize(&mut self, capacity_bytes: u64, window_bytes: u64) -> Followed {
        (self.capacity_bytes, self.window_bytes) = (capacity_bytes, window_bytes);
        let Some(learned) = self.learned.take() else { return Followed::Recording };
        let Ok(schedule) = Schedule::plan(&learned.trace, capacity_bytes, window_bytes) else {
            return Followed::Stale;
        };
        let prefetcher = Prefetcher::new(window_bytes, learned.cursor.position());
        self.learned = Some(Learned { schedule, prefetcher, ..learned });
        Followed::Learned
    }

    /// The application begins a pass. The first call makes later ones delimit passes, and nothing is guessed from
    /// then on.
    pub fn begin_pass(&mut self) -> Followed {
        let ended = self.recorder.begin_pass();
        match (&mut self.learned, ended) {
            (Some(learned), _) if !learned.cursor.is_lost() => {
                learned.cursor.begin_pass();
                Followed::At(learned.cursor.position())
            }
            (_, Some(trace)) => self.learn(trace),
            (Some(_), None) => Followed::Unscheduled,
            (None, None) => Followed::Recording,
        }
    }

    /// A lease was taken on these chunks.
    pub fn lease(&mut self, touches: &[Touch]) -> Followed {
        let found = self.recorder.record(touches);
        let followed = self.learned.as_mut().map_or(Followed::Recording, |learned| learned.lease(touches));
        if let (Followed::Unscheduled, Some(learned)) = (followed, &mut self.learned) {
            learned.recurring += u64::from(self.recorder.recurs());
        }
        let repeating = self.recorder.repeating();
        match repeating {
            Some(pass) if followed == Followed::Stale || (found && self.improves(&pass)) => {
                self.learn(self.recorder.trace(&pass))
            }
            _ => {
                self.learned.take_if(|_| followed == Followed::Stale);
                followed
            }
        }
    }

    /// A pass is worth planning when there is none, when the present one does not fit, or when the present one turns
    /// out to be an inner loop of it.
    fn improves(&self, pass: &Pass) -> bool {
        self.learned.as_ref().is_none_or(|learned| {
            let len = learned.schedule.len();
            let encloses = pass.len() as u64 >= 2 * len && learned.recurring * 4 >= len;
            learned.cursor.is_lost() || encloses
        })
    }

    /// Plans a trace. One that cannot be planned has a lease that the tier cannot serve either, and that lease says
    /// so to its caller.
    fn learn(&mut self, trace: Trace) -> Followed {
        let Ok(schedule) = Schedule::plan(&trace, self.capacity_bytes, self.window_bytes) else {
            let stale = self.learned.take().is_some();
            return if stale { Followed::Stale } else { Followed::Recording };
        };
        let cursor = Cursor::new(&trace);
        let prefetcher = Prefetcher::new(self.window_bytes, cursor.position());
        self.learned = Some(Learned { trace, schedule, cursor, prefetcher, recurring: 0, suspended: false });
        Followed::Learned
    }

    /// The schedule followed now.
    #[must_use]
    pub fn schedule(&self) -> Option<&Schedule> {
        self.learned.as_ref().map(|learned| &learned.schedule)
    }

    /// The pass followed now, as it was recorded.
    #[must_use]
    pub fn trace(&self) -> Option<&Trace> {
        self.learned.as_ref().map(|learned| &learned.trace)
    }

    /// The position of the latest lease found in the schedule.
    #[must_use]
    pub fn position(&self) -> Option<u64> {
        self.learned.as_ref().map(|learned| learned.cursor.position())
    }

    /// When a chunk is used next, ranked as victims are chosen.
    #[must_use]
    pub fn next_use(&self, chunk: ChunkKey) -> NextUse {
        let next = |learned: &Learned| learned.schedule.next_use(chunk, learned.cursor.position());
        let trusted = self.learned.as_ref().filter(|learned| !learned.suspended);
        trusted.map_or(NextUse::Never, next)
    }

    /// Whether the schedule lets a chunk go before its next use: it is not kept, and more is used until then than the
    /// window can hold.
    #[must_use]
    pub fn streams(&self, chunk: ChunkKey) -> bool {
        let trusted = self.learned.as_ref().filter(|learned| !learned.suspended);
        trusted.is_some_and(|learned| learned.schedule.streams(chunk, learned.cursor.position()))
    }

    /// The chunk to fetch now, not present nor on its way by `is_present`; `None` without a schedule and while the
    /// window is full. Make room for it by victims that yield to its [`Self::next_use`], or give it back by
    /// [`Self::cancelled`] and try again after a lease was taken or released.
    pub fn next_prefetch(&mut self, is_present: &mut dyn FnMut(ChunkKey) -> bool) -> Option<Touch> {
        let learned = self.learned.as_mut().filter(|learned| !learned.suspended)?;
        let Learned { schedule, prefetcher, .. } = learned;
        prefetcher.next(schedule, is_present)
    }

    /// A chunk handed out was not fetched after all, or a present one was evicted: it is handed out again when its
    /// use is near.
    pub fn cancelled(&mut self, chunk: ChunkKey) {
        if let Some(Learned { schedule, prefetcher, .. }) = &mut self.learned {
            prefetcher.cancelled(schedule, chunk);
        }
    }
}

impl Learned {
    fn lease(&mut self, touches: &[Touch]) -> Followed {
        let followed = match self.cursor.advance(touches) {
            Sighting::Expected(position) | Sighting::Resumed(position) => {
                self.prefetcher.used(position);
                Followed::At(position)
            }
            Sighting::Unknown => Followed::Unscheduled,
        };
        let suspended = if self.suspended { !self.cursor.is_sure() } else { self.cursor.is_lost() };
        let before = std::mem::replace(&mut self.suspended, suspended);
        match (before, suspended) {
            _ if self.cursor.is_stale() => Followed::Stale,
            (false, true) => Followed::Suspended,
            (true, false) => Followed::Resumed,
            _ => followed,
        }
    }
}

#[cfg(test)]
mod tests;
