//! How many forks lie between the program and this process: a child tells itself from its parent by one load.

use super::process;
use crate::sync::unmodelled::{AtomicU32, Ordering};

static FORKS: AtomicU32 = AtomicU32::new(0);
static COUNTED: AtomicU32 = AtomicU32::new(0);

/// Forks by `fork` since [`count_forks`], on the way to this process. A child made by a bare system call, which
/// runs no handlers, is not told.
#[inline]
#[must_use]
pub fn forks() -> u32 {
    FORKS.load(Ordering::Relaxed)
}

/// Makes [`forks`] count from now on; calling it again does nothing. Whether the system took the handler.
pub fn count_forks() -> bool {
    COUNTED.swap(1, Ordering::Relaxed) != 0 || process::at_fork(nothing, nothing, count)
}

extern "C" fn nothing() {}

/// Runs in the child, which has one thread.
extern "C" fn count() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}
