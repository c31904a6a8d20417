//! Figures for the `metrics` facade, where its feature is on; without it nothing here does anything.
//!
//! | name | kind | labels |
//! |---|---|---|
//! | `stratal_NAME_total`, for each of the [counters](super::counters) | counter | `engine` |
//! | `stratal_budget_bytes`, `stratal_used_bytes`, `stratal_dirty_bytes`, `stratal_flights` | gauge | `engine` |
//! | `stratal_lease_wait_seconds`, by `missed` = `true`, `false` | histogram | `missed` |
//!
//! Counters and gauges are published by the engine's own thread when they have changed, at most four times a second, and
//! outside its lock. `engine` numbers the engines of the process.

#![cfg_attr(not(feature = "metrics"), allow(unused_variables, dead_code, reason = "nobody is told"))]

use super::counters::Snapshot;
use std::time::Duration;

/// Time between two publications.
const PERIOD_NS: u64 = 250_000_000;

/// What is there now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// Bytes that the host tier may hold.
    pub budget_bytes: u64,
    /// Bytes it holds.
    pub used_bytes: u64,
    /// Of those, bytes that no home has.
    pub dirty_bytes: u64,
    /// Flights under way.
    pub flights: u64,
}

/// Publishes the figures of one engine.
#[derive(Debug)]
pub struct Publisher {
    engine: u64,
    counted: Snapshot,
    due_ns: u64,
}

impl Publisher {
    /// Of the engine with this number.
    #[must_use]
    pub fn new(engine: u64) -> Self {
        Self { engine, counted: Snapshot::default(), due_ns: 0 }
    }

    /// Publishes what has changed where it is time to, and says when to come again: never, where nothing has.
    pub fn publish(&mut self, now_ns: u64, counted: Snapshot, levels: impl FnOnce() -> Levels) -> Duration {
        #[cfg(feature = "metrics")]
        if counted != self.counted {
            if now_ns < self.due_ns {
                return Duration::from_nanos(self.due_ns - now_ns);
            }
            self.tell(&counted, levels());
            self.counted = counted;
            self.due_ns = now_ns.saturating_add(PERIOD_NS);
        }
        Duration::MAX
    }

    /// Publishes whatever has not been, at the end.
    pub fn finish(&mut self, counted: Snapshot, levels: Levels) {
        #[cfg(feature = "metrics")]
        self.tell(&counted, levels);
    }

    #[cfg(feature = "metrics")]
    fn tell(&self, counted: &Snapshot, levels: Levels) {
        let engine = self.engine.to_string();
        for (name, value) in counted.fields() {
            metrics::counter!(format!("stratal_{name}_total"), "engine" => engine.clone()).absolute(value);
        }
        let Levels { budget_bytes, used_bytes, dirty_bytes, flights } = levels;
        for (name, value) in [
            ("stratal_budget_bytes", budget_bytes),
            ("stratal_used_bytes", used_bytes),
            ("stratal_dirty_bytes", dirty_bytes),
            ("stratal_flights", flights),
        ] {
            metrics::gauge!(name, "engine" => engine.clone()).set(value as f64);
        }
    }
}

/// A lease has waited.
pub fn waited(ns: u64, missed: bool) {
    #[cfg(feature = "metrics")]
    metrics::histogram!("stratal_lease_wait_seconds", "missed" => if missed { "true" } else { "false" })
        .record(ns as f64 / 1e9);
}
