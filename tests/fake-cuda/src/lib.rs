//! `libcuda.so.1` and `libnvrtc.so` for tests: every call that the CUDA device makes, on host memory.
//!
//! Behind the driver's C interface stands the simulator of the tiering crate, compiled in from its own sources, so that
//! streams run in order, events pass when their work has ended, and its book of uses tells what a GPU would not. Kernels
//! run too: what the compiler half makes of CUDA C is the source again, which the driver half has g++ translate for the
//! host. Faults are planned call by call through the functions that begin with `stratal_fake_`.
//!
//! Invariant: what a call answers depends on the calls before it and the faults that were planned, never on the clock.

#[path = "../../../tiering/src/device/sim/mod.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "the sources of another crate, of which a part is used"
)]
mod sim;

#[path = "../../../tiering/src/device/code.rs"]
#[allow(dead_code, unreachable_pub, reason = "the sources of another crate, of which a part is used")]
mod code;
#[path = "../../../tiering/src/device/driver.rs"]
#[allow(dead_code, unreachable_pub, reason = "the sources of another crate, of which a part is used")]
mod driver;
#[path = "../../../runtime/src/error.rs"]
#[allow(dead_code, unreachable_pub, reason = "the sources of another crate, of which a part is used")]
mod error;
#[path = "../../../tiering/src/device/lock.rs"]
#[allow(dead_code, unreachable_pub, reason = "the sources of another crate, of which a part is used")]
mod lock;

mod compiler;
mod cuda;
mod kernel;
mod machine;
mod nvrtc;
