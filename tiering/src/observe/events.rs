//! What happened recently, in words: a bounded ring that a report can print. Nothing waits for it.

use std::collections::VecDeque;
use std::fmt::{self, Debug};
use std::sync::{Mutex, PoisonError};

/// One thing that happened: a fixed word, and which thing it happened to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, by the engine's clock.
    pub at_ns: u64,
    /// What: `fallback`, `schedule`, `retry`, `poison` …
    pub what: &'static str,
    /// Which tensor, tier or file, and why.
    pub detail: String,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>12.6} s {}: {}", self.at_ns as f64 / 1e9, self.what, self.detail)
    }
}

/// Takes events. Implementations neither block nor fail.
pub trait Sink: Debug + Send + Sync {
    /// Takes one event.
    fn event(&self, event: Event);
}

/// Keeps the most recent events and counts the ones it dropped.
#[derive(Debug)]
pub struct Recent {
    limit: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<Event>,
    dropped: u64,
    /// The latest of them that [`Recent::take_untold`] has not given yet.
    untold: usize,
}

impl Recent {
    /// Keeps up to `limit` events.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, kept: Mutex::new(Kept::default()) }
    }

    /// The kept events, oldest first, and how many older ones were dropped.
    #[must_use]
    pub fn snapshot(&self) -> (Vec<Event>, u64) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.events.iter().cloned().collect(), kept.dropped)
    }

    /// The kept events that this has not given before, oldest first: to tell them to others, outside any lock.
    #[must_use]
    pub fn take_untold(&self) -> Vec<Event> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let untold = std::mem::take(&mut kept.untold);
        let told = kept.events.len() - untold;
        kept.events.iter().skip(told).cloned().collect()
    }
}

impl Sink for Recent {
    fn event(&self, event: Event) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.events.push_back(event);
        kept.untold += 1;
        if kept.events.len() > self.limit {
            kept.events.pop_front();
            kept.dropped += 1;
        }
        kept.untold = kept.untold.min(kept.events.len());
    }
}

#[cfg(test)]
mod tests;
