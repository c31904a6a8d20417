//! Which flights go first: four lanes, and a small share for those that would wait for ever.
//!
//! Invariant: what is taken comes from the first lane that has something and may go, but for every
//! [`SHARE`]th time that a lane was passed over, which is its turn. So a demand never queues behind the background,
//! and the background always gets on.
//!
//! ```text
//! demand      ▓▓ ────────────────┐
//! prefetch    ▓▓▓▓▓▓ ────────────┤
//! write-back  ▓▓▓▓▓▓▓▓▓▓ ────────┼──> the first that may go ──> device
//! background  ▓▓▓▓ ──────────────┘    (a lane passed over 16 times goes once)
//! ```

use std::collections::VecDeque;
use std::fmt;

/// Times that a lane is passed over before it is its turn.
const SHARE: u32 = 16;

/// How urgent a flight is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    /// Somebody waits for it.
    #[default]
    Demand,
    /// Needed soon.
    Prefetch,
    /// Writes a dirty copy down before its room is needed.
    WriteBack,
    /// Nobody minds when.
    Background,
}

impl Lane {
    /// All lanes, most urgent first.
    pub const ALL: [Self; 4] = [Self::Demand, Self::Prefetch, Self::WriteBack, Self::Background];

    /// Its place in tables of all lanes.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Whether nobody waits for it now or soon.
    #[must_use]
    pub const fn is_patient(self) -> bool {
        matches!(self, Self::WriteBack | Self::Background)
    }

    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Demand => "demand",
            Self::Prefetch => "prefetch",
            Self::WriteBack => "write-back",
            Self::Background => "background",
        }
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What waits in each lane, first come first served.
#[derive(Debug)]
pub(super) struct Lanes<T> {
    queues: [VecDeque<T>; Lane::ALL.len()],
    /// How often each was passed over since its last turn.
    passed: [u32; Lane::ALL.len()],
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self { queues: std::array::from_fn(|_| VecDeque::new()), passed: [0; Lane::ALL.len()] }
    }
}

impl<T> Lanes<T> {
    pub(super) fn push(&mut self, lane: Lane, item: T) {
        self.queues[lane.index()].push_back(item);
    }

    /// Puts something back that has begun: it goes on before others of its lane begin.
    pub(super) fn push_front(&mut self, lane: Lane, item: T) {
        self.queues[lane.index()].push_front(item);
    }

    /// Takes what goes next among the lanes that `may` go.
    pub(super) fn take(&mut self, may: impl Fn(Lane, &T) -> bool) -> Option<(Lane, T)> {
        let ready = |lane: &Lane| self.queues[lane.index()].front().is_some_and(|front| may(*lane, front));
        let due = |lane: &Lane| self.passed[lane.index()] >= SHARE;
        let lanes = Lane::ALL.iter().copied();
        let lane =
            lanes.clone().find(|lane| due(lane) && ready(lane)).or_else(|| lanes.clone().find(ready))?;
        for other in lanes.filter(|other| !self.queues[other.index()].is_empty()) {
            self.passed[other.index()] += 1;
        }
        self.passed[lane.index()] = 0;
        Some((lane, self.queues[lane.index()].pop_front()?))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queues.iter().all(VecDeque::is_empty)
    }

    /// Keeps what `keep` says.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.queues.iter_mut().for_each(|queue| queue.retain(&mut keep));
    }
}

#[cfg(test)]
mod tests;
