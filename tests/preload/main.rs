//! Promise: `libstratal_malloc.so` keeps every promise of `malloc(3)`, through the whole life of a process, and
//! programs that were not written for it compute the same under it.
//!
//! The programs of `c/` say what is checked; this crate builds them, runs them under the library, and judges their ends.

mod contract;
mod library;
mod life;
mod programs;
