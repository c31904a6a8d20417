//! Counters, events and clock: a sink. Everyone may call it, it calls nobody.

pub mod clock;
pub mod counters;
pub mod events;
