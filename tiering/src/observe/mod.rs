//! Counters, events and clock: a sink. Everyone may call it, it calls nobody.
