//! Promise: the allocator never overlaps, misaligns or loses a byte, on any thread, across forks and thread exits.

mod alignment;
#[cfg(stratal_asan)]
mod asan;
mod child;
mod corruption;
mod exhaustion;
mod fork;
#[cfg(feature = "hardened")]
mod hardened;
mod idle;
mod leaks;
mod model;
mod stats;
mod threads;
mod unsized_free;

#[global_allocator]
static GLOBAL: stratal::Stratal = stratal::Stratal::new();
