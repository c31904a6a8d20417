//! Decay: memory that stays free goes back to the system, a little at each tick, without a lock held meanwhile.
//!
//! ```text
//! freed ──1 s at most──▶ decommitted as far as whole huge pages go ──3 s──▶ all of it, breaking huge pages
//! ```
//!
//! A loop which frees and allocates the same buffers never pays for faults, and a program that has let go of its
//! memory does not keep it. Ticks happen on slow paths; a program that idles entirely starts a thread for them
//! ([`Stratal::purge_in_background`](super::Stratal::purge_in_background)).
//!
//! Runs that are being decommitted are out of their bins and marked used, so nobody takes or joins them.

use super::class::SLICE;
use super::lock::Lock;
use super::runs::Runs;
use super::segment::SegmentMap;
use super::stretch::{State, Stretch};
use super::whole::Pool;
use crate::sync::unmodelled::Ordering::Relaxed;
use crate::sys::process;

/// Milliseconds of a tick.
const TICK_MS: u64 = 500;

/// Runs that leave their bins at a time.
const BATCH: usize = 16;

/// Slices that one tick gives back at most: 128 MiB, so that nobody waits long. The next slow path goes on.
const SLICES_PER_TICK: u32 = 2048;

/// For how many ticks memory must have been free.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// Before whole huge pages and small pages go back.
    whole: u32,
    /// Before huge pages are broken for the rest.
    broken: u32,
}

impl Patience {
    const USUAL: Self = Self { whole: 2, broken: 8 };
    const NONE: Self = Self { whole: 0, broken: 0 };

    fn is_over(self, free: Stretch<'_>, now: u32) -> bool {
        match free.state {
            State::Dirty => now.wrapping_sub(free.since) >= self.whole,
            State::Trimmed => now.wrapping_sub(free.since) >= self.broken,
            _ => false,
        }
    }

    /// Gives a run back that is out of its bin; what it is afterwards.
    fn settle(self, run: Stretch<'_>, now: u32) -> Stretch<'_> {
        let may_break = now.wrapping_sub(run.since) >= self.broken;
        let (first, len) = match may_break {
            true => (run.first, run.len),
            false => run.segment.without_broken_huge_pages(run.first, run.len),
        };
        let gone = len == 0 || run.segment.decommit(first, len);
        match (gone, len == run.len) {
            (true, true) => run.with(State::Zero),
            (true, false) => run.with(State::Trimmed),
            // The system refused, perhaps because the pages are locked: try again much later.
            (false, _) => Stretch { state: State::Trimmed, since: now, ..run },
        }
    }
}

/// Runs that left their bins.
struct Due<'m> {
    runs: [Option<Stretch<'m>>; BATCH],
    slices: u32,
}

impl Runs {
    /// Takes runs out of their bins that were free for long, at most so many slices of them.
    fn take_due<'m>(&mut self, map: &'m SegmentMap, patience: Patience, slices_max: u32) -> Due<'m> {
        let mut due = Due { runs: [None; BATCH], slices: 0 };
        let mut count = 0;
        self.for_each_free(map, |runs, free| {
            if patience.is_over(free, runs.now) {
                runs.unlink(map, free);
                let part = free.cut(free.first, free.first + free.len.min(slices_max - due.slices));
                runs.link(map, free.cut(part.end(), free.end()));
                part.with(State::Used).mark();
                due.runs[count] = Some(part);
                due.slices += part.len;
                count += 1;
            }
            count < BATCH && due.slices < slices_max
        });
        due
    }
}

impl Pool {
    /// Lets memory age if a tick has passed. Called on slow paths, without a lock held.
    pub(crate) fn tick(&self) {
        let now_ms = process::coarse_ms();
        let last_ms = self.ticked_ms.load(Relaxed);
        let is_due = now_ms.saturating_sub(last_ms) >= TICK_MS;
        if is_due && self.ticked_ms.compare_exchange(last_ms, now_ms, Relaxed, Relaxed).is_ok() {
            self.tick_at(now_ms, last_ms);
        }
    }

    #[cold]
    fn tick_at(&self, now_ms: u64, last_ms: u64) {
        self.settle_idle();
        let held: u64 = [&self.slab_runs, &self.large_runs].map(|runs| runs.lock().held().0).iter().sum();
        let is_pressed = self.limits.is_pressed(held as usize * SLICE);
        let patience = if is_pressed { Patience::NONE } else { Patience::USUAL };
        for runs in [&self.slab_runs, &self.large_runs] {
            runs.lock().now = (now_ms / TICK_MS) as u32;
            if !self.decay(runs, patience, SLICES_PER_TICK) {
                // Not done: the next slow path finds the tick due again.
                self.ticked_ms.store(last_ms, Relaxed);
            }
        }
    }

    /// Gives all free memory back now, even if that breaks huge pages.
    pub(crate) fn purge(&self) {
        self.settle_idle();
        for runs in [&self.slab_runs, &self.large_runs] {
            // What the system refuses to take would stay due, so there is an end to it.
            let (held, used) = { runs.lock().held() };
            let dirty = u32::try_from(held - used).unwrap_or(u32::MAX);
            self.decay(runs, Patience::NONE, dirty);
        }
    }

    /// Gives back what patience is over for, at most so many slices; whether that was all.
    fn decay(&self, runs: &Lock<Runs>, patience: Patience, slices_max: u32) -> bool {
        let mut left = slices_max;
        while left > 0 {
            let (due, now) = {
                let mut runs = runs.lock();
                (runs.take_due(&self.map, patience, left), runs.now)
            };
            if due.slices == 0 {
                return true;
            }
            left -= due.slices;
            let settled = due.runs.map(|run| run.map(|run| patience.settle(run, now)));
            let mut runs = runs.lock();
            for run in settled.into_iter().flatten() {
                run.with(State::Used).unmark();
                runs.join(&self.map, run);
            }
        }
        false
    }
}

#[cfg(test)]
mod tests;
