//! The only door to atomics, cells, threads and thread-locals: `std`, or `loom` under its cfg.
