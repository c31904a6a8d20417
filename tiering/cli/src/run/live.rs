//! What the engine does while a run runs, in a few words beside the progress: how fast it reads, how often a lease finds
//! its bytes, how long it waits, how many flights are under way.
//!
//! A thread looks four times a second, and whoever ends a pass looks too, so that a short run says something. It only
//! reads counters: watching costs the run nothing that can be measured.

use crate::progress::Bar;
use std::fmt;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use stratal::Engine;
use stratal::tiering::observe::counters::Snapshot;

/// Time between two looks.
const PERIOD: Duration = Duration::from_millis(250);

/// What was counted at one moment.
#[derive(Clone, Copy, Debug)]
struct Seen {
    at: Instant,
    counted: Snapshot,
    /// Time that reads were under way, all of them together.
    flown_ns: u64,
}

impl Seen {
    fn now(engine: &Engine) -> Self {
        let flown_ns = engine.driver_report().reading.taken_ns;
        Self { at: Instant::now(), counted: engine.counters(), flown_ns }
    }
}

/// What happened between two looks.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Glance {
    bytes_per_s: f64,
    /// Of leased chunks, those that were there; `None` where none was leased.
    hit_share: Option<f64>,
    /// Of the time, that which leases waited.
    stall_share: f64,
    /// Reads under way on average.
    depth: f64,
}

impl Glance {
    fn of(moved: Snapshot, flown_ns: u64, time: Duration) -> Self {
        let ns = (time.as_nanos() as f64).max(1.0);
        Self {
            bytes_per_s: moved.bytes_read as f64 * 1e9 / ns,
            hit_share: (moved.chunk_leases > 0).then(|| moved.hits as f64 / moved.chunk_leases as f64),
            stall_share: moved.stall_ns as f64 / ns,
            depth: flown_ns as f64 / ns,
        }
    }
}

impl fmt::Display for Glance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} GB/s read", self.bytes_per_s / 1e9)?;
        if let Some(share) = self.hit_share {
            write!(f, ", {:.0} % hits", 100.0 * share)?;
        }
        write!(f, ", {:.0} % waiting, {:.1} flights", 100.0 * self.stall_share, self.depth)
    }
}

/// Watches an engine and says on a bar what it does.
#[derive(Debug)]
pub(super) struct Live<'a> {
    engine: &'a Engine,
    bar: &'a Bar,
    last: Mutex<Seen>,
    over: Mutex<bool>,
    ended: Condvar,
}

impl<'a> Live<'a> {
    pub(super) fn new(engine: &'a Engine, bar: &'a Bar) -> Self {
        let last = Mutex::new(Seen::now(engine));
        Self { engine, bar, last, over: Mutex::new(false), ended: Condvar::new() }
    }

    /// Does `work` while a thread watches.
    pub(super) fn watch<T>(&self, work: impl FnOnce() -> T) -> T {
        /// Ends the watching, however the work ends.
        struct End<'b, 'a>(&'b Live<'a>);
        impl Drop for End<'_, '_> {
            fn drop(&mut self) {
                *self.0.over.lock().unwrap_or_else(PoisonError::into_inner) = true;
                self.0.ended.notify_all();
            }
        }
        std::thread::scope(|scope| {
            scope.spawn(|| self.look_now_and_then());
            let _end = End(self);
            work()
        })
    }

    /// Says what happened since the last look.
    pub(super) fn look(&self) {
        let now = Seen::now(self.engine);
        let before = std::mem::replace(&mut *self.last.lock().unwrap_or_else(PoisonError::into_inner), now);
        let flown_ns = now.flown_ns.saturating_sub(before.flown_ns);
        let glance = Glance::of(now.counted - before.counted, flown_ns, now.at.duration_since(before.at));
        self.bar.say(glance.to_string());
    }

    fn look_now_and_then(&self) {
        let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        while !*over {
            let (woken, waited) =
                self.ended.wait_timeout(over, PERIOD).unwrap_or_else(PoisonError::into_inner);
            over = woken;
            if waited.timed_out() {
                self.look();
            }
        }
    }
}

#[cfg(test)]
mod tests;
