//! Runs: neighbouring slices handed out as one, and joined again when free.
//!
//! Free runs lie in bins by length, newest first. Free neighbours are joined at once, but for a long zero one beside a
//! dirty one: what is known to be zero stays known until a request fits in neither (`mend`). Memory that stays free
//! goes back to the system by and by (`decay`).

use super::bins::{Bins, RunId};
use super::segment::{Kind, Room, SegmentMap};
use super::stretch::{State, Stretch};
use crate::sync::unmodelled::Ordering::Relaxed;

/// Free runs that are looked at for one request, in each bin until one fits.
const LOOKS: usize = 64;

/// How many slices, and where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Want {
    pub(crate) slices: u32,
    /// A power of two: the run starts `phase` slices after a multiple of so many.
    pub(crate) align: u64,
    pub(crate) phase: u32,
    /// Slices that should be free from the start of the run on, so that it can grow. If there are none, fewer do.
    pub(crate) room: u32,
}

impl Want {
    /// So many slices, anywhere.
    pub(crate) fn of(slices: u32) -> Self {
        Self { slices, align: 1, phase: 0, room: slices }
    }
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
    pub(super) used: u64,
    /// Most slices that were handed out at once.
    peak: u64,
    /// Runs that were handed out, and that came back.
    taken: u64,
    returned: u64,
    dirty: u64,
    /// Ticks that have passed.
    pub(super) now: u32,
    /// Whether free neighbours may have been left apart.
    has_seams: bool,
}

impl Runs {
    pub(crate) const fn new(kind: Kind) -> Self {
        Self {
            kind,
            bins: Bins::new(),
            used: 0,
            peak: 0,
            taken: 0,
            returned: 0,
            dirty: 0,
            now: 0,
            has_seams: false,
        }
    }

    /// Runs that were handed out since the beginning, and runs that came back.
    pub(crate) fn traffic(&self) -> (u64, u64) {
        (self.taken, self.returned)
    }

    /// Most slices that were handed out at once.
    pub(crate) fn peak(&self) -> u64 {
        self.peak
    }

    /// Slices that may hold memory, and those of them that are handed out.
    pub(crate) fn held(&self) -> (u64, u64) {
        (self.used + self.dirty, self.used)
    }

    /// Hands out a run, from the bins, from a frontier, or from a new segment; `None` if the system refuses.
    pub(crate) fn take(&mut self, map: &SegmentMap, room: &Room, want: Want) -> Option<Run> {
        loop {
            let seen = map.count();
            let tight = Want { room: want.slices, ..want };
            if let Some(found) = self.take_free(map, want).or_else(|| self.take_free(map, tight)) {
                return Some(found);
            }
            if self.has_seams && self.mend(map) {
                continue;
            }
            if let Some(found) = self.take_fresh(map, tight) {
                return Some(found);
            }
            let align = usize::try_from(want.align).ok()?;
            // Segments start at a multiple of `align`, and what comes before the phase is not used.
            let slices = want.phase as usize + want.slices as usize;
            if !map.grow(room, seen, self.kind, slices, align) {
                return None;
            }
        }
    }

    /// Takes back the run that starts at `id`; `false`, and nothing happens, if none does.
    pub(crate) fn give(&mut self, map: &SegmentMap, id: RunId, is_zero: bool) -> bool {
        let Some(used) = self.used_at(map, id) else { return false };
        self.used -= u64::from(used.len);
        self.returned += 1;
        used.unmark();
        self.add(map, used.with(if is_zero { State::Zero } else { State::Dirty }));
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

    fn used_at<'m>(&self, map: &'m SegmentMap, id: RunId) -> Option<Stretch<'m>> {
        Stretch::at(map, id).filter(|run| run.state == State::Used && run.segment.kind() == self.kind)
    }

    fn shrink(&mut self, map: &SegmentMap, used: Stretch<'_>, slices: u32) {
        let middle = used.first + slices;
        used.unmark();
        used.cut(used.first, middle).mark();
        self.used -= u64::from(used.len - slices);
        self.add(map, used.cut(middle, used.end()).with(State::Dirty));
    }

    fn extend(&mut self, map: &SegmentMap, used: Stretch<'_>, slices: u32) -> bool {
        let Some(end) = used.first.checked_add(slices).filter(|&end| end <= used.segment.slices()) else {
            return false;
        };
        let frontier = used.segment.frontier();
        let behind = |slice: u32| Stretch::at(map, RunId { slice, ..used.id() });
        let mut free_until = used.end();
        while free_until < end.min(frontier) {
            match behind(free_until) {
                Some(free) if free.state.is_free() => free_until = free.end(),
                _ => return false,
            }
        }
        let mut taken_until = used.end();
        while let Some(free) = behind(taken_until).filter(|free| free.first < end) {
            self.unlink(map, free);
            self.link(map, free.cut(end.min(free.end()), free.end()));
            taken_until = free.end();
        }
        if end > frontier {
            used.segment.advance(end);
        }
        used.unmark();
        used.cut(used.first, end).mark();
        self.used += u64::from(slices - used.len);
        self.peak = self.peak.max(self.used);
        true
    }

    /// Finds room among the free runs, at the lowest address that is found: what is in use stays together, and the
    /// far end may cool down.
    fn take_free(&mut self, map: &SegmentMap, want: Want) -> Option<Run> {
        let mut best: Option<(Stretch<'_>, u32)> = None;
        let mut looks = LOOKS;
        for bin in self.bins.occupied_from(Bins::of(want.room)) {
            if best.is_none() {
                // What was too short or badly aligned in the bins before does not hide what fits in this one.
                looks = LOOKS;
            }
            let mut next = self.bins.head(bin);
            while looks > 0
                && let Some(free) = next.and_then(|id| Stretch::at(map, id))
            {
                looks -= 1;
                let is_lower =
                    best.is_none_or(|(best, _)| (free.number, free.first) < (best.number, best.first));
                if is_lower && let Some(first) = free.fit(want) {
                    best = Some((free, first));
                }
                next = RunId::from_word(free.entry().next.load(Relaxed));
            }
        }
        let (free, first) = best?;
        self.unlink(map, free);
        Some(self.carve(map, free, first, want.slices))
    }

    /// Finds room at a frontier, starting in the free run before it, if there is one.
    fn take_fresh(&mut self, map: &SegmentMap, want: Want) -> Option<Run> {
        for (number, segment) in map.iter().filter(|(_, segment)| segment.kind() == self.kind) {
            let (frontier, slices) = (segment.frontier(), segment.slices());
            let fresh = Stretch {
                segment,
                number,
                first: frontier,
                len: slices - frontier,
                state: State::Zero,
                since: 0,
            };
            let last = fresh.before(map).filter(|last| last.state.is_free());
            let whole = last.map_or(fresh, |last| last.cut(last.first, slices));
            if let Some(first) = whole.fit(want) {
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
        self.peak = self.peak.max(self.used);
        self.taken += 1;
        Run { id: used.id(), start: free.segment.address(first), is_zero: free.state == State::Zero }
    }

    /// Adds what became free just now.
    fn add(&mut self, map: &SegmentMap, freed: Stretch<'_>) {
        self.join(map, Stretch { since: self.now, ..freed });
    }

    /// Puts a free stretch into its bin, together with free neighbours of its kind.
    pub(super) fn join(&mut self, map: &SegmentMap, freed: Stretch<'_>) {
        let mut joined = freed;
        for neighbour in [freed.before(map), freed.after(map)].into_iter().flatten() {
            if !neighbour.state.is_free() {
                continue;
            }
            if joined.suits(neighbour) {
                self.unlink(map, neighbour);
                joined = joined.joined_with(neighbour);
            } else {
                self.has_seams = true;
            }
        }
        self.link(map, joined);
    }

    /// Joins all free neighbours, whatever they hold; whether there were any.
    #[cold]
    fn mend(&mut self, map: &SegmentMap) -> bool {
        self.has_seams = false;
        let (kind, mut found) = (self.kind, false);
        for (number, _) in map.iter().filter(|(_, segment)| segment.kind() == kind) {
            let mut slice = 0;
            while let Some(run) = Stretch::at(map, RunId { segment: number, slice }) {
                slice = run.end();
                let next = run.after(map).filter(|next| run.state.is_free() && next.state.is_free());
                if let Some(next) = next {
                    self.unlink(map, run);
                    self.unlink(map, next);
                    self.link(map, run.joined_with(next));
                    slice = run.first;
                    found = true;
                }
            }
        }
        found
    }

    /// Marks a free stretch, if there is any of it, and puts it into its bin.
    pub(super) fn link(&mut self, map: &SegmentMap, free: Stretch<'_>) {
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
    pub(super) fn unlink(&mut self, map: &SegmentMap, free: Stretch<'_>) {
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

    /// Free runs from the shortest bin on, as long as `visit` says so; it may unlink the one it is given.
    pub(super) fn for_each_free<'m>(
        &mut self,
        map: &'m SegmentMap,
        mut visit: impl FnMut(&mut Self, Stretch<'m>) -> bool,
    ) {
        for bin in self.bins.occupied_from(0) {
            let mut next = self.bins.head(bin);
            while let Some(free) = next.and_then(|id| Stretch::at(map, id)) {
                next = RunId::from_word(free.entry().next.load(Relaxed));
                if !visit(self, free) {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
