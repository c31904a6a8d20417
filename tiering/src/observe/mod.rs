//! Counters, histograms, stalls, events and clock: a sink. Everyone may call it, it calls nobody of this crate.
//!
//! Whoever wants to be told instead of asking turns on feature `tracing` ([`spans`]) or `metrics` ([`gauges`]).

pub mod clock;
pub mod counters;
pub mod events;
pub mod gauges;
pub mod histogram;
pub mod spans;
pub mod stalls;
