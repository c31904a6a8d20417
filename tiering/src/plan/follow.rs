//! Recorder, cursor, schedule and prefetcher together: what the engine tells and asks at every lease.
//!
//! It learns the first pass that repeats, follows it, and learns anew when the program changes. Until it has learned
//! every next use is [`NextUse::Never`], so that any policy behaves as its reactive self.

use super::aside::{Awaited, Plan, Task};
use super::cursor::{Cursor, Sighting};
use super::prefetch::Prefetcher;
use super::schedule::Schedule;
use super::trace::{Pass, Recorder, signature};
use crate::object::{ChunkKey, NextUse, Touch, Trace};
use std::sync::Arc;

/// Uses of chunks in a pass that is planned where it is learned, in about a millisecond, though longer ones are planned
/// aside.
const PLANNED_AT_ONCE: usize = 2048;

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
    trace: Arc<Trace>,
    schedule: Schedule,
    cursor: Cursor,
    prefetcher: Prefetcher,
    /// Leases outside the schedule that were not taken for the first time: no noise, but a pass that was cut short.
    recurring: u64,
    /// Whether the leases of late are mostly others: the schedule predicts nothing.
    suspended: bool,
    /// Whether the latest lease was the one expected: what follows it is worth fetching.
    expected: bool,
    /// Leases that were the expected ones, and of those the ones before this pass.
    kept_promises: u64,
    kept_before: u64,
}

/// Learns passes and follows them.
///
/// A pass that the application marks is followed at once, though it was seen only once. A program whose marked passes
/// are all different makes every such schedule wrong; after the first that was, a pass must be like the one before it.
#[derive(Debug)]
pub struct Follower {
    capacity_bytes: u64,
    window_bytes: u64,
    recorder: Recorder,
    learned: Option<Learned>,
    /// Signatures of the marked pass that ended last.
    before: Vec<u64>,
    /// Whether the latest schedule of a marked pass was lost before half of it came true.
    doubtful: bool,
    /// Most uses of a pass that is planned at once.
    at_once: usize,
    awaited: Option<Awaited>,
    /// Tasks so far.
    tasks: u64,
}

impl Follower {
    /// Plans for a tier of `capacity_bytes`, of which `window_bytes` hold chunks fetched ahead.
    #[must_use]
    pub fn new(capacity_bytes: u64, window_bytes: u64) -> Self {
        let recorder = Recorder::new();
        Self {
            capacity_bytes,
            window_bytes,
            recorder,
            learned: None,
            before: Vec::new(),
            doubtful: false,
            at_once: usize::MAX,
            awaited: None,
            tasks: 0,
        }
    }

    /// Has long passes planned by whoever asks for [`Self::task`].
    #[must_use]
    pub fn planned_aside(self) -> Self {
        Self { at_once: PLANNED_AT_ONCE, ..self }
    }

    /// A pass to plan, once; its plan goes to [`Self::install`].
    pub fn task(&mut self) -> Option<Task> {
        let awaited = self.awaited.as_mut()?;
        (!std::mem::replace(&mut awaited.is_taken, true)).then(|| awaited.task.clone())
    }

    /// Follows a plan from where the program is by now, unless it has gone elsewhere meanwhile.
    pub fn install(&mut self, plan: Plan) -> Followed {
        let Some(awaited) = self.awaited.take_if(|awaited| awaited.task.number == plan.number) else {
            return Followed::Unscheduled;
        };
        if awaited.cursor.is_lost() {
            return Followed::Unscheduled;
        }
        self.follow(awaited.task.trace, plan.schedule.ok(), awaited.cursor)
    }

    /// The tier has another capacity from now on, and another part of it for chunks fetched ahead: the pass is planned
    /// anew, and followed from where it is. One that no longer fits is dropped.
    pub fn resize(&mut self, capacity_bytes: u64, window_bytes: u64) -> Followed {
        (self.capacity_bytes, self.window_bytes) = (capacity_bytes, window_bytes);
        if let Some(Awaited { task, cursor, .. }) = self.awaited.take() {
            self.await_plan(task.trace, cursor);
        }
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
        let leases = ended.as_ref().map_or(0, |trace| trace.steps.len() as u64);
        let fits = self.learned.as_mut().is_some_and(|learned| learned.end_pass(leases));
        if let Some(awaited) = &mut self.awaited {
            awaited.cursor.begin_pass();
        }
        match (&mut self.learned, ended) {
            (Some(learned), _) if fits => {
                learned.cursor.begin_pass();
                Followed::At(learned.cursor.position())
            }
            (_, Some(trace)) => self.learn_marked(trace),
            (Some(_), None) => Followed::Unscheduled,
            (None, None) => Followed::Recording,
        }
    }

    /// Learns a pass that the application has marked, unless the last such did not come again and nor does this one.
    fn learn_marked(&mut self, trace: Trace) -> Followed {
        let kept = |learned: &Learned| 2 * learned.kept_promises >= learned.schedule.len();
        self.doubtful = self.learned.as_ref().map_or(self.doubtful, |learned| !kept(learned));
        let signatures: Vec<u64> = trace.steps.iter().map(|step| signature(&step.touches)).collect();
        let same = signatures.iter().zip(&self.before).filter(|(one, other)| one == other).count();
        let is_alike = 2 * same >= signatures.len().max(self.before.len());
        self.before = signatures;
        if !self.doubtful || is_alike {
            self.doubtful = false;
            return self.learn(trace);
        }
        let stale = self.learned.take().is_some();
        if stale { Followed::Stale } else { Followed::Recording }
    }

    /// A lease was taken on these chunks.
    pub fn lease(&mut self, touches: &[Touch]) -> Followed {
        let found = self.recorder.record(touches);
        if let Some(awaited) = &mut self.awaited {
            awaited.cursor.advance(touches);
        }
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

    /// A pass is worth planning when there is none, not even awaited, when the present one does not fit, or when the
    /// present one turns out to be an inner loop of it.
    fn improves(&self, pass: &Pass) -> bool {
        if self.is_awaiting() {
            return false;
        }
        self.learned.as_ref().is_none_or(|learned| {
            let len = learned.schedule.len();
            let encloses = pass.len() as u64 >= 2 * len && learned.recurring * 4 >= len;
            learned.cursor.is_lost() || encloses
        })
    }

    /// Plans a trace, or has it planned. Meanwhile nothing is predicted: what was followed did not fit any more.
    fn learn(&mut self, trace: Trace) -> Followed {
        let cursor = Cursor::new(&trace);
        if trace.steps.iter().map(|step| step.touches.len()).sum::<usize>() <= self.at_once {
            let schedule = Schedule::plan(&trace, self.capacity_bytes, self.window_bytes);
            return self.follow(Arc::new(trace), schedule.ok(), cursor);
        }
        if !self.is_awaiting() {
            self.await_plan(Arc::new(trace), cursor);
        }
        self.unlearn()
    }

    /// Whether a plan is awaited that the program still fits.
    fn is_awaiting(&self) -> bool {
        self.awaited.as_ref().is_some_and(|awaited| !awaited.cursor.is_lost())
    }

    fn await_plan(&mut self, trace: Arc<Trace>, cursor: Cursor) {
        self.tasks += 1;
        let (capacity_bytes, window_bytes) = (self.capacity_bytes, self.window_bytes);
        let task = Task { number: self.tasks, trace, capacity_bytes, window_bytes };
        self.awaited = Some(Awaited { task, cursor, is_taken: false });
    }

    fn unlearn(&mut self) -> Followed {
        let stale = self.learned.take().is_some();
        if stale { Followed::Stale } else { Followed::Recording }
    }

    /// Follows a schedule. A trace that has none, since it cannot be planned, has a lease that the tier cannot serve
    /// either, and that lease says so to its caller.
    fn follow(&mut self, trace: Arc<Trace>, schedule: Option<Schedule>, cursor: Cursor) -> Followed {
        let Some(schedule) = schedule else { return self.unlearn() };
        self.awaited = None;
        let prefetcher = Prefetcher::new(self.window_bytes, cursor.position());
        self.learned = Some(Learned {
            trace,
            schedule,
            cursor,
            prefetcher,
            recurring: 0,
            suspended: false,
            expected: true,
            kept_promises: 0,
            kept_before: 0,
        });
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
        self.learned.as_ref().map(|learned| &*learned.trace)
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

    /// The chunk to fetch now, not present nor on its way by `is_present`; `None` without a schedule, while the window is
    /// full, and after a lease that was not the expected one: where that led is known once another one fits. Make room
    /// for it by victims that yield to its [`Self::next_use`], or give it back by
    /// [`Self::cancelled`] and try again after a lease was taken or released.
    pub fn next_prefetch(&mut self, is_present: &mut dyn FnMut(ChunkKey) -> bool) -> Option<Touch> {
        let learned = self.learned.as_mut().filter(|learned| !learned.suspended && learned.expected)?;
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
    /// A marked pass of so many leases has ended: whether the schedule still fits, three quarters of them being those
    /// expected. What fits less is another pass, even where the cursor found its way through it.
    fn end_pass(&mut self, leases: u64) -> bool {
        let kept = self.kept_promises - std::mem::replace(&mut self.kept_before, self.kept_promises);
        !self.cursor.is_lost() && 4 * kept >= 3 * leases
    }

    fn lease(&mut self, touches: &[Touch]) -> Followed {
        let sighting = self.cursor.advance(touches);
        self.expected = matches!(sighting, Sighting::Expected(_));
        self.kept_promises += u64::from(self.expected);
        let followed = match sighting {
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
