//! Memories that are not files: host frames and windows, and later device memory. Knows no objects.
//!
//! A memory hands out [`host::Block`]s that own their bytes, so a flight can carry one and nothing frees it under
//! DMA. Blocks come in frames of 2 MiB, which move into the address window of whoever needs them without copying
//! a byte.

pub mod host;
