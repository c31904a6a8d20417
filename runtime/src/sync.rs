//! The only door to atomics, cells, threads and thread-locals: `std`, or `loom` under its cfg.
//!
//! What lives in a `static`, which loom cannot build, is [`unmodelled`]: always `std`.

/// Atomics of statics and counters, outside every model.
pub(crate) mod unmodelled {
    pub(crate) use std::sync::atomic::{AtomicUsize, Ordering};
}
