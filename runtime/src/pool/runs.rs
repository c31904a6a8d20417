//! Runs: neighbouring slices handed out as one, and joined again when free.
//!
//! Free runs lie in bins by length, newest first. Free neighbours are always joined. Memory that stays free for two
//! ticks goes back to the system: a loop which frees and allocates the same buffers never pays for faults, and a
//! program that has let go of its memory does not keep it.

use super::bins::{Bins, RunId};
use super::segment::{Kind, Room, SegmentMap};
use super::stretch::{State, Stretch};
use crate::sync::unmodelled::Ordering::Relaxed;

/// Milliseconds between two ticks.
const TICK_MS: u64 = 500;

/// Runs of one bin that are looked at before the next bin is tried.
const LOOKS: usize = 16;

/// How many slices, at which multiple of slices.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Want {
    pub(crate) slices: u32,
    /// A power of two.
    pub(crate) align: u64,
}

/// A run that was handed out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) id: RunId,
    pub(crate) start: *mut u8,
    /// Whether it reads as zero.
    pub(crate) is_zero: bool,
}

/// The runs of one kind. Equation, in slices: `used` plus what lies in bins is the sum of the frontiers; `dirty`
/// is what lies in bins and is not known to be zero.
#[derive(Debug)]
pub(crate) struct Runs {
    kind: Kind,
    bins: Bins,
    used: u64,
    dirty: u64,
    tick_ms: u64,
}

impl Runs {
    pub(crate) const fn new(kind: Kind) -> Self {
        Self { kind, bins: Bins::new(), used: 0, dirty: 0, tick_ms: 0 }
    }

    /// Slices that may hold memory, and those of them that are handed out.
    pub(crate) fn held(&self) -> (u64, u64) {
        (self.used + self.dirty, self.used)
    }

    /// Hands out a run, from the bins, from a frontier, or from a new segment; `None` if the system refuses.
    pub(crate) fn take(&mut self, map: &SegmentMap, room: &Room, want: Want) -> Option<Run> {
        loop {
            let seen = map.count();
            if let Some(found) = self.take_free(map, want).or_else(|| self.take_fresh(map, want)) {
                return Some(found);
            }
            let align = usize::try_from(want.align).ok()?;
            if !map.grow(room, seen, self.kind, want.slices as usize, align) {
                return None;
            }
        }
    }

    /// Takes back the run that starts at `id`; `false`, and nothing happens, if none does.
    pub(crate) fn give(&mut self, map: &SegmentMap, id: RunId, is_zero: bool) -> bool {
        let Some(used) = self.used_at(map, id) else { return false };
        self.used -= u64::from(used.len);
        used.unmark();
        self.join(map, used.with(if is_zero { State::Zero } else { State::Dirty }));
        true
    }

    /// Slices of the run that is handed out and starts at `id`.
    pub(crate) fn len(&self, map: &SegmentMap, id: RunId) -> Option<u32> {
        Some(self.used_at(map, id)?.len)
    }

    /// Makes a used run longer or shorter where it is; `false`, and nothing happens, if there is no room behind it.
    pub(crate) fn resize(&mut self, map: &SegmentMap, id: RunId, slices: u32) -> bool {
        match self.used_at(map, id) {
            None => false,
            Some(used) if slices < used.len => {
                self.shrink(map, used, slices);
                true
            }
            Some(used) => slices == used.len || self.extend(map, used, slices),
        }
    }

    /// Ages free memory if a tick has passed, and gives back what was free for two.
    pub(crate) fn tick(&mut self, map: &SegmentMap, now_ms: u64) {
        if self.dirty > 0 && now_ms.wrapping_sub(self.tick_ms) >= TICK_MS {
            self.tick_ms = now_ms;
            self.sweep(map, |free| match free.state {
                State::Dirty => State::Aged,
                State::Aged => trim(free),
                settled => settled,
            });
        }
    }

    /// Gives back all free memory now, even if that breaks huge pages.
    pub(crate) fn purge(&mut self, map: &SegmentMap) {
        self.sweep(map, |free| {
            let gone = free.state == State::Zero || free.segment.decommit(free.first, free.len);
            if gone { State::Zero } else { free.state }
        });
    }

    fn used_at<'m>(&self, map: &'m SegmentMap, id: RunId) -> Option<Stretch<'m>> {
        Stretch::at(map, id).filter(|run| run.state == State::Used && run.segment.kind() == self.kind)
    }

    fn shrink(&mut self, map: &SegmentMap, used: Stretch<'_>, slices: u32) {
        let middle = used.first + slices;
        used.unmark();
        used.cut(used.first, middle).mark();
        self.used -= u64::from(used.len - slices);
        self.join(map, used.cut(middle, used.end()).with(State::Dirty));
    }

    fn extend(&mut self, map: &SegmentMap, used: Stretch<'_>, slices: u32) -> bool {
        let Some(end) = used.first.checked_add(slices) else { return false };
        if used.end() == used.segment.frontier() {
            if end > used.segment.slices() {
                return false;
            }
            used.segment.advance(end);
        } else {
            let Some(free) = used.after(map) else { return false };
            if !free.state.is_free() || free.end() < end {
                return false;
            }
            self.unlink(map, free);
            self.link(map, free.cut(end, free.end()));
        }
        used.unmark();
        used.cut(used.first, end).mark();
        self.used += u64::from(slices - used.len);
        true
    }

    /// Finds room among the free runs: the shortest of the first bin that has any long enough.
    fn take_free(&mut self, map: &SegmentMap, want: Want) -> Option<Run> {
        for bin in self.bins.occupied_from(Bins::of(want.slices)) {
            let mut best: Option<(Stretch<'_>, u32)> = None;
            let mut next = self.bins.head(bin);
            for _ in 0..LOOKS {
                let Some(free) = next.and_then(|id| Stretch::at(map, id)) else { break };
                if let Some(first) = free.fit(want.slices, want.align)
                    && best.is_none_or(|(shortest, _)| free.len < shortest.len)
                {
                    best = Some((free, first));
                }
                next = RunId::from_word(free.entry().next.load(Relaxed));
            }
            if let Some((free, first)) = best {
                self.unlink(map, free);
                return Some(self.carve(map, free, first, want.slices));
            }
        }
        None
    }

    /// Finds room at a frontier, starting in the free run before it, if there is one.
    fn take_fresh(&mut self, map: &SegmentMap, want: Want) -> Option<Run> {
        for (number, segment) in map.iter().filter(|(_, segment)| segment.kind() == self.kind) {
            let (frontier, slices) = (segment.frontier(), segment.slices());
            let fresh =
                Stretch { segment, number, first: frontier, len: slices - frontier, state: State::Zero };
            let last = fresh.before(map).filter(|last| last.state.is_free());
            let whole = last.map_or(fresh, |last| last.cut(last.first, slices));
            if let Some(first) = whole.fit(want.slices, want.align) {
                if let Some(last) = last {
                    self.unlink(map, last);
                }
                let end = first + want.slices;
                segment.advance(end);
                return Some(self.carve(map, whole.cut(whole.first, end), first, want.slices));
            }
        }
        None
    }

    /// Hands out `slices` from `first` of a stretch that is in no bin, and keeps what is left of it.
    fn carve(&mut self, map: &SegmentMap, free: Stretch<'_>, first: u32, slices: u32) -> Run {
        let end = first + slices;
        self.link(map, free.cut(free.first, first));
        self.link(map, free.cut(end, free.end()));
        let used = free.cut(first, end).with(State::Used);
        used.mark();
        self.used += u64::from(slices);
        Run { id: used.id(), start: free.segment.address(first), is_zero: free.state == State::Zero }
    }

    /// Joins a stretch that became free with its free neighbours.
    fn join(&mut self, map: &SegmentMap, freed: Stretch<'_>) {
        let mut joined = freed;
        for neighbour in [freed.before(map), freed.after(map)].into_iter().flatten() {
            if neighbour.state.is_free() {
                self.unlink(map, neighbour);
                joined.first = joined.first.min(neighbour.first);
                joined.len += neighbour.len;
                joined.state = joined.state.joined_with(neighbour.state);
            }
        }
        self.link(map, joined);
    }

    /// Marks a free stretch, if there is any of it, and puts it into its bin.
    fn link(&mut self, map: &SegmentMap, free: Stretch<'_>) {
        if free.len == 0 {
            return;
        }
        free.mark();
        let bin = Bins::of(free.len);
        let head = self.bins.head(bin);
        free.entry().previous.store(0, Relaxed);
        free.entry().next.store(head.map_or(0, RunId::to_word), Relaxed);
        if let Some(head) = head.and_then(|id| Stretch::at(map, id)) {
            head.entry().previous.store(free.id().to_word(), Relaxed);
        }
        self.bins.set_head(bin, Some(free.id()));
        self.count(free, u64::wrapping_add);
    }

    /// Takes a free run out of its bin and clears its tags.
    fn unlink(&mut self, map: &SegmentMap, free: Stretch<'_>) {
        let previous = RunId::from_word(free.entry().previous.load(Relaxed));
        let next = RunId::from_word(free.entry().next.load(Relaxed));
        match previous.and_then(|id| Stretch::at(map, id)) {
            Some(previous) => previous.entry().next.store(next.map_or(0, RunId::to_word), Relaxed),
            None => self.bins.set_head(Bins::of(free.len), next),
        }
        if let Some(next) = next.and_then(|id| Stretch::at(map, id)) {
            next.entry().previous.store(previous.map_or(0, RunId::to_word), Relaxed);
        }
        free.unmark();
        self.count(free, u64::wrapping_sub);
    }

    /// Counts a free run that comes or goes.
    fn count(&mut self, free: Stretch<'_>, change: fn(u64, u64) -> u64) {
        if free.state != State::Zero {
            self.dirty = change(self.dirty, u64::from(free.len));
        }
    }

    /// Gives every free run the state that `settle` returns for it.
    fn sweep(&mut self, map: &SegmentMap, settle: impl Fn(Stretch<'_>) -> State) {
        for bin in self.bins.occupied_from(0) {
            let mut next = self.bins.head(bin);
            while let Some(free) = next.and_then(|id| Stretch::at(map, id)) {
                let settled = free.with(settle(free));
                self.count(free, u64::wrapping_sub);
                self.count(settled, u64::wrapping_add);
                settled.mark();
                next = RunId::from_word(free.entry().next.load(Relaxed));
            }
        }
    }
}

/// Decommits a free run as far as that breaks no huge page.
fn trim(free: Stretch<'_>) -> State {
    let (first, len) = free.segment.without_broken_huge_pages(free.first, free.len);
    let gone = len > 0 && free.segment.decommit(first, len);
    if gone && len == free.len { State::Zero } else { State::Trimmed }
}

#[cfg(test)]
mod tests;
