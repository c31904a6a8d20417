//! Memory, and typed views of it: the allocator, shapes, tensors. No file I/O, no CUDA, no async.
//!
//! The ladder, each rung using only those before it:
//! `error, align, nearest, number < sync < sys | simd | hold < pool < arena | shm < tensor < kernel < private`.
#![deny(unsafe_code)]

pub mod align;
#[allow(unsafe_code, reason = "a bump region hands out its own bytes")]
pub mod arena;
pub mod error;
pub mod hold;
#[cfg(not(stratal_loom))]
pub mod kernel;
pub mod nearest;
pub mod number;
#[allow(unsafe_code, reason = "the allocator: bytes are born here")]
pub mod pool;
#[doc(hidden)]
#[cfg(not(stratal_loom))]
pub mod private;
#[allow(unsafe_code, reason = "vector instructions, and elements as cache lines")]
pub mod simd;
#[allow(unsafe_code, reason = "the only door to atomics and cells")]
mod sync;
#[allow(unsafe_code, reason = "the contract with the operating system")]
pub mod sys;
#[cfg(not(stratal_loom))]
pub mod tensor;

#[cfg(not(stratal_loom))]
pub use pool::Stratal;
