//! How often what went wrong: counted where it happens, so that a campaign can say how many faults it survived.

use crate::observe::counters::Counter;
use std::fmt;
use std::io;

/// Faults that a simulator has injected, by kind. `total` is their sum.
#[derive(Debug, Default)]
pub struct Tally {
    /// Attempts that moved only a part, and said so.
    pub short: Told,
    /// Attempts that failed.
    pub failed: Told,
    /// Reads with one bit wrong.
    pub flipped: Told,
    /// Attempts that moved only a part, and said that they moved everything.
    pub torn: Told,
    /// Attempts that went elsewhere, and said that all was well.
    pub astray: Told,
    /// Flights that were held back.
    pub late: Told,
    /// Flights that never complete.
    pub stuck: Told,
    /// Rounds in which flights overtook one another.
    pub reordered: Told,
    /// Registrations of memory that were refused.
    pub unregistered: Told,
}

/// Faults of one kind.
#[derive(Debug, Default)]
pub struct Told(Counter);

impl Told {
    /// How often so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.get()
    }

    pub(super) fn add(&self, times: u64) {
        self.0.add(times);
    }

    /// Counts an attempt and gives its outcome on.
    pub(super) fn told(&self, outcome: io::Result<u32>) -> io::Result<u32> {
        self.add(1);
        outcome
    }
}

impl Tally {
    fn kinds(&self) -> [(&'static str, u64); 9] {
        [
            ("short", self.short.get()),
            ("failed", self.failed.get()),
            ("flipped", self.flipped.get()),
            ("torn", self.torn.get()),
            ("astray", self.astray.get()),
            ("late", self.late.get()),
            ("stuck", self.stuck.get()),
            ("reordered", self.reordered.get()),
            ("unregistered", self.unregistered.get()),
        ]
    }

    /// All faults so far.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.kinds().iter().map(|(_, times)| times).sum()
    }
}

impl fmt::Display for Tally {
    /// `12 short, 3 failed`: the kinds that happened.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let happened = self.kinds().into_iter().filter(|(_, times)| *times > 0);
        for (i, (kind, times)) in happened.enumerate() {
            write!(f, "{}{times} {kind}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
