//! Stretches of slices as the slice tables hold them: boundary tags and states.
//!
//! The slices before a segment's frontier are partitioned into runs. The table entry of a run's first slice holds
//! its length and state, the entry of its last slice its length again (a boundary tag), and the entries between
//! hold neither; so both neighbours of a run are found in one step, and a pointer that is no run is recognised.
//!
//! Everything here is called under the lock of the runs of that kind.

use super::bins::RunId;
use super::segment::{Segment, SegmentMap, Slice};
use crate::sync::unmodelled::Ordering::Relaxed;

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
    /// Free and dirty since before the last tick.
    Aged = 4,
    /// Free and dirty, but decommitted as far as huge pages allow.
    Trimmed = 5,
    /// Freed, and kept ready by the thread that freed it.
    Kept = 6,
}

impl State {
    fn from_word(word: u32) -> Option<Self> {
        match word {
            1 => Some(Self::Used),
            2 => Some(Self::Zero),
            3 => Some(Self::Dirty),
            4 => Some(Self::Aged),
            5 => Some(Self::Trimmed),
            6 => Some(Self::Kept),
            _ => None,
        }
    }

    /// Whether the pool may hand it out or join it.
    pub(super) fn is_free(self) -> bool {
        !matches!(self, Self::Used | Self::Kept)
    }

    /// The state of two free neighbours together.
    pub(super) fn joined_with(self, other: Self) -> Self {
        if self == other { self } else { Self::Dirty }
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
        (len > 0).then_some(Self { segment, number: id.segment, first: id.slice, len, state })
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

    /// The table entry of the first slice.
    pub(super) fn entry(self) -> &'m Slice {
        self.segment.entry(self.first)
    }

    /// Writes the tags, which makes the stretch a run.
    pub(super) fn mark(self) {
        self.entry().head.store(self.len, Relaxed);
        self.entry().state.store(self.state as u32, Relaxed);
        self.segment.entry(self.end() - 1).tail.store(self.len, Relaxed);
    }

    /// Clears the tags, before the slices become part of other runs.
    pub(super) fn unmark(self) {
        self.entry().head.store(0, Relaxed);
        self.segment.entry(self.end() - 1).tail.store(0, Relaxed);
    }

    /// Where `slices` at a multiple of `align` slices fit, if they do.
    pub(super) fn fit(self, slices: u32, align: u64) -> Option<u32> {
        let first = self.segment.aligned(self.first, align)?;
        let end = first.checked_add(slices)?;
        (end <= self.end()).then_some(first)
    }
}
