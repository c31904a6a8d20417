//! Pure: who holds a copy of each chunk, in which state; leases; eviction policies. Never touches a byte or a clock.
//!
//! The engine asks for a transition *before* it moves bytes and reports the end *after*: every method either makes
//! one legal transition or refuses with a typed [`state::Refused`] and changes nothing. So a bad policy or a late
//! completion can be slow, never wrong.

pub mod evict;
pub mod ledger;
pub mod state;
pub mod table;
