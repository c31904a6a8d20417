//! What happens, told by the `tracing` crate where its feature is on; without it nothing here does anything.
//!
//! | what | kind | fields |
//! |---|---|---|
//! | `lease` | span, debug, over a lease that the gates did not grant | `access`, `tensor`, `waited_ns`, `missed` |
//! | `flight` | event, trace, at the end of a flight | `lane`, `op`, `bytes`, `object`, `chunk`, `error` |
//! | `engine` | event, info, of what reports keep: `schedule`, `fallback`, `poison` … | `what`, `detail`, `at_ns` |
//!
//! All have the target `stratal`. Invariant: nobody is told anything while the engine's lock is held, so a subscriber may
//! take its time, and may use the engine.

#![cfg_attr(not(feature = "tracing"), allow(unused_variables, reason = "nobody is told"))]

use super::events::Event;
use crate::error::Error;

/// The span of one lease.
#[derive(Debug)]
pub struct LeaseSpan {
    #[cfg(feature = "tracing")]
    span: tracing::span::EnteredSpan,
}

impl LeaseSpan {
    /// Begins it; its end is that of the value.
    #[must_use]
    pub fn begin(access: &'static str) -> Self {
        Self {
            #[cfg(feature = "tracing")]
            span: tracing::debug_span!(
                target: "stratal",
                "lease",
                access,
                tensor = tracing::field::Empty,
                waited_ns = tracing::field::Empty,
                missed = tracing::field::Empty,
            )
            .entered(),
        }
    }

    /// It had to wait.
    pub fn waited(&self, tensor: &str, waited_ns: u64, missed: bool) {
        #[cfg(feature = "tracing")]
        self.span.record("tensor", tensor).record("waited_ns", waited_ns).record("missed", missed);
    }
}

/// A flight has ended.
#[derive(Clone, Copy, Debug)]
pub struct FlightEnd<'a> {
    /// Its lane.
    pub lane: &'static str,
    /// `read` or `write`.
    pub op: &'static str,
    /// Bytes moved.
    pub bytes: u64,
    /// The object and its chunk, where it moved one.
    pub chunk: Option<(u32, u32)>,
    /// Why it failed.
    pub error: Option<&'a Error>,
}

/// Tells of a flight's end.
pub fn flight(end: &FlightEnd<'_>) {
    #[cfg(feature = "tracing")]
    {
        let (object, chunk) = end.chunk.unzip();
        let error = end.error.map(tracing::field::display);
        let FlightEnd { lane, op, bytes, .. } = *end;
        tracing::trace!(target: "stratal", lane, op, bytes, object, chunk, error, "flight");
    }
}

/// Tells of something worth reporting.
pub fn event(event: &Event) {
    #[cfg(feature = "tracing")]
    tracing::info!(target: "stratal", what = event.what, detail = %event.detail, at_ns = event.at_ns, "engine");
}
