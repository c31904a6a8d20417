//! Pure: traces, schedules, bounds, and an independent validator. Never touches a byte or a clock.
//!
//! ```text
//! leases ─> Recorder ─ one pass ─> Schedule (what stays, what streams, who is used next)
//!    └────> Cursor ── where we are ──┴──> Prefetcher (what to fetch now)       Follower is the three together
//!
//! Schedule ─> Rehearsal (every move of some passes) ─> bound: how fast at best · validate: is it legal
//! Trace ─> min: how few bytes at best
//! ```

pub mod aside;
pub mod bound;
pub mod cursor;
mod farthest;
pub mod follow;
mod keep;
pub mod min;
pub mod prefetch;
pub mod rehearse;
pub mod route;
#[cfg(test)]
mod samples;
pub mod schedule;
pub mod trace;
pub mod validate;
