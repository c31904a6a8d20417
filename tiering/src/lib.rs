//! Where each tensor is, where it should be, and moving it.
//!
//! The ladder, each rung using only those before it:
//! `error, observe < tier, object < residency | plan | policy < store | origin | transfer < engine | launch`;
//! `io` and `device` stand beside the middle and know only errors and observe.
#![deny(unsafe_code)]

#[allow(unsafe_code, reason = "device memory: frames, windows, drivers")]
pub mod device;
pub mod engine;
pub mod error;
#[allow(unsafe_code, reason = "the kernel reads and writes these buffers")]
pub mod io;
#[allow(unsafe_code, reason = "arguments of kernels are addresses")]
pub mod launch;
pub mod object;
pub mod observe;
#[allow(unsafe_code, reason = "mapping a trusted file is an unsafe constructor")]
pub mod origin;
pub mod plan;
pub mod policy;
pub mod residency;
#[allow(unsafe_code, reason = "calls the operating system for unnamed files and space")]
pub mod store;
pub mod tier;
pub mod transfer;
