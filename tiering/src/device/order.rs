//! Who used device bytes last: the order that streams do not give by themselves.
//!
//! Invariant: a writer comes after every earlier use, a reader after the last writer. Uses that have ended, and uses
//! of the same stream, cost nothing; the lists keep their capacity, so in the steady state nothing is allocated.

use super::stream::Event;
use crate::error::{ErrorKind, Result};
use std::time::{Duration, Instant};

/// How work uses bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// Reads them.
    Read,
    /// Writes them, and perhaps reads them too.
    Write,
}

/// The last writers of some bytes, and who read them since.
///
/// There is more than one writer only right after the bytes changed hands: their last users then count as writers.
#[derive(Debug, Default)]
pub struct Uses {
    writes: Vec<Event>,
    reads: Vec<Event>,
}

impl Uses {
    /// Calls `after` with every event that work of this kind has to come after.
    pub(super) fn order(&self, touch: Touch, mut after: impl FnMut(&Event) -> Result<()>) -> Result<()> {
        self.writes.iter().try_for_each(&mut after)?;
        match touch {
            Touch::Read => Ok(()),
            Touch::Write => self.reads.iter().try_for_each(after),
        }
    }

    /// Adds work that was ordered after what is here.
    pub(super) fn note(&mut self, touch: Touch, event: Event) {
        match touch {
            Touch::Read => add(&mut self.reads, event),
            Touch::Write => {
                self.reads.clear();
                self.writes.clear();
                self.writes.push(event);
            }
        }
    }

    /// Takes everything of `other` over, as uses that anything later comes after.
    pub(super) fn inherit(&mut self, other: Self) {
        other.writes.into_iter().chain(other.reads).for_each(|event| add(&mut self.writes, event));
    }

    /// A copy of all uses, as writers.
    pub(super) fn handed_on(&self) -> Self {
        let mut copy = Self::default();
        self.writes.iter().chain(&self.reads).for_each(|event| add(&mut copy.writes, event.clone()));
        copy
    }

    /// Forgets uses that have ended.
    pub(super) fn prune(&mut self) {
        let under_way = |event: &Event| !matches!(event.is_past(), Ok(true));
        self.writes.retain(under_way);
        self.reads.retain(under_way);
    }

    /// Waits until every use has ended. `Lost` says that the rest has, and that a lost device does nothing any more.
    pub(super) fn wait(&self, timeout: Duration) -> Result<()> {
        let (since, mut lost) = (Instant::now(), Ok(()));
        for event in self.writes.iter().chain(&self.reads) {
            match event.wait(timeout.saturating_sub(since.elapsed())) {
                Err(error) if error.kind() == ErrorKind::Lost => lost = Err(error),
                other => other?,
            }
        }
        lost
    }
}

/// Adds an event, in place of an earlier one of its stream.
fn add(events: &mut Vec<Event>, event: Event) {
    if events.iter().any(|later| later.covers(&event)) {
        return;
    }
    match events.iter_mut().find(|earlier| event.covers(earlier)) {
        Some(earlier) => *earlier = event,
        None => events.push(event),
    }
}
