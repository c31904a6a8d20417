//! A barrier on all threads of this process, so that a frequent step needs none of its own: membarrier(2).

use super::attempt;
use crate::sync::threads::sleep;

/// Linux's membarrier, private and expedited: linux/membarrier.h.
const REGISTER: libc::c_int = 1 << 4;
const PASS: libc::c_int = 1 << 3;

/// How long a processor can hold a store back, and much more.
const DRAINED: std::time::Duration = std::time::Duration::from_millis(1);

/// The right to use the barrier, which the system has granted to this process.
///
/// What a thread stored before a compiler fence and what it loads after it are in order for whoever calls
/// [`Barrier::pass`] in between: either the load finds what the caller stored before the call, or the caller finds the
/// store after it.
#[derive(Clone, Copy, Debug)]
pub struct Barrier(());

impl Barrier {
    /// Asks the system; `None` where it refuses, as kernels before 4.14 and some filters of system calls do.
    #[must_use]
    pub fn register() -> Option<Self> {
        (!cfg!(miri) && call(REGISTER)).then_some(Self(()))
    }

    /// Returns once every thread of this process has passed a full fence. Takes a microsecond or some, for interrupting
    /// the other processors on which this process runs.
    pub fn pass(self) {
        if !call(PASS) {
            // A filter that was put in place later. No processor holds a store back for so long.
            sleep(DRAINED);
        }
    }
}

fn call(command: libc::c_int) -> bool {
    // SAFETY: takes numbers only, and touches no memory of this process.
    attempt(-1, || unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) }).is_ok()
}
