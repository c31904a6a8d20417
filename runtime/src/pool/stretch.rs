//! Stretches of slices as the slice tables hold them: boundary tags and states.
//!
//! The slices before a segment's frontier are partitioned into runs. The table entry of a run's first slice holds
//! its length and state, the entry of its last slice its length again (a boundary tag), and the entries between
//! hold neither; so both neighbours of a run are found in one step, and a pointer that is no run is recognised.
//!
//! Everything here is called under the lock of the runs of that kind.

use super::bins::RunId;
use super::runs::Want;
use super::segment::{Segment, SegmentMap, Slice};
use crate::sync::unmodelled::Ordering::Relaxed;

/// Slices from which a zero run is not joined with a dirty one: 2 MiB.
const ZERO_APART: u32 = 32;

/// State of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum State {
    /// Somebody's.
    Used = 1,
    /// Free, and reads as zero.
    Zero = 2,
    /// Free, with contents.
    Dirty = 3,
    /// Free and dirty, but decommitted as far as huge pages allow.
    Trimmed = 4,
    /// Freed, and kept ready by the thread that freed it.
    Kept = 5,
}

impl State {
    fn from_word(word: u32) -> Option<Self> {
        match word {
            1 => Some(Self::Used),
            2 => Some(Self::Zero),
            3 => Some(Self::Dirty),
            4 => Some(Self::Trimmed),
            5 => Some(Self::Kept),
            _ => None,
        }
    }

    /// Whether the pool may hand it out or join it.
    pub(super) fn is_free(self) -> bool {
        !matches!(self, Self::Used | Self::Kept)
    }
}

/// Neighbouring slices of one state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch<'m> {
    pub(super) segment: &'m Segment,
    pub(super) number: u32,
    pub(super) first: u32,
    pub(super) len: u32,
    pub(super) state: State,
    /// The tick at which it became dirty; means nothing in other states.
    pub(super) since: u32,
}

impl<'m> Stretch<'m> {
    /// The run that starts at `id`, if one does.
    pub(super) fn at(map: &'m SegmentMap, id: RunId) -> Option<Self> {
        let segment = map.get(id.segment)?;
        if id.slice >= segment.frontier() {
            return None;
        }
        let entry = segment.entry(id.slice);
        let len = entry.head.load(Relaxed);
        let state = State::from_word(entry.state.load(Relaxed))?;
        let since = entry.since.load(Relaxed);
        (len > 0).then_some(Self { segment, number: id.segment, first: id.slice, len, state, since })
    }

    /// The run that ends where this one starts.
    pub(super) fn before(self, map: &'m SegmentMap) -> Option<Self> {
        let last = self.first.checked_sub(1)?;
        let len = self.segment.entry(last).tail.load(Relaxed);
        Self::at(map, RunId { segment: self.number, slice: self.first.checked_sub(len)? })
    }

    /// The run that starts where this one ends.
    pub(super) fn after(self, map: &'m SegmentMap) -> Option<Self> {
        Self::at(map, RunId { segment: self.number, slice: self.end() })
    }

    pub(super) fn id(self) -> RunId {
        RunId { segment: self.number, slice: self.first }
    }

    pub(super) fn end(self) -> u32 {
        self.first + self.len
    }

    /// The part from `first` to before `end`.
    pub(super) fn cut(self, first: u32, end: u32) -> Self {
        Self { first, len: end - first, ..self }
    }

    /// The same slices in another state.
    pub(super) fn with(self, state: State) -> Self {
        Self { state, ..self }
    }

    /// Whether a free neighbour may be joined to this free stretch at once.
    pub(super) fn suits(self, other: Self) -> bool {
        let (zero, dirty) = if self.state == State::Zero { (self, other) } else { (other, self) };
        zero.state != State::Zero || dirty.state == State::Zero || zero.len < ZERO_APART
    }

    /// Two free neighbours as one. It is zero if both are, and as old as its longer part: a hot sliver beside a long
    /// cold stretch does not keep that from ageing.
    pub(super) fn joined_with(self, other: Self) -> Self {
        let state =
            if self.state == State::Zero && other.state == State::Zero { State::Zero } else { State::Dirty };
        let longer = if self.len >= other.len { self } else { other };
        Self {
            first: self.first.min(other.first),
            len: self.len + other.len,
            state,
            since: longer.since,
            ..self
        }
    }

    /// The table entry of the first slice.
    pub(super) fn entry(self) -> &'m Slice {
        self.segment.entry(self.first)
    }

    /// Writes the tags, which makes the stretch a run.
    pub(super) fn mark(self) {
        self.entry().head.store(self.len, Relaxed);
        self.entry().state.store(self.state as u32, Relaxed);
        self.entry().since.store(self.since, Relaxed);
        self.segment.entry(self.end() - 1).tail.store(self.len, Relaxed);
    }

    /// Clears the tags, before the slices become part of other runs.
    pub(super) fn unmark(self) {
        self.entry().head.store(0, Relaxed);
        self.segment.entry(self.end() - 1).tail.store(0, Relaxed);
    }

    /// Where what is wanted fits, if it does, with all the room it should have.
    pub(super) fn fit(self, want: Want) -> Option<u32> {
        let first = self.segment.aligned(self.first, want.align, want.phase)?;
        let end = first.checked_add(want.room)?;
        (end <= self.end()).then_some(first)
    }
}
