//! Where a pool gets its memory: the operating system, with a tap that tests can turn off.

use std::ptr::NonNull;

#[cfg(test)]
use crate::sync::unmodelled::{AtomicUsize, Ordering::Relaxed};
use crate::sys::raw;

/// The operating system as one pool sees it.
#[derive(Debug)]
pub(crate) struct Source {
    #[cfg(test)]
    tap: Tap,
}

/// What tests let through.
#[cfg(test)]
#[derive(Debug)]
struct Tap {
    calls_left: AtomicUsize,
    /// Calls that are refused after those, before all are granted again.
    refusals_left: AtomicUsize,
}

impl Source {
    pub(crate) const fn new() -> Self {
        Self {
            #[cfg(test)]
            tap: Tap { calls_left: AtomicUsize::new(usize::MAX), refusals_left: AtomicUsize::new(0) },
        }
    }

    /// Reserves zeroed addresses; `None` if the system refuses.
    pub(crate) fn reserve(&self, len: usize, align: usize) -> Option<NonNull<u8>> {
        if self.is_refusing() {
            return None;
        }
        raw::reserve(len, align).ok()
    }

    /// Gives addresses back; if the system refuses, they are lost, and nothing else.
    ///
    /// # Safety
    ///
    /// The range was reserved here, and nothing uses it any more.
    pub(crate) unsafe fn release(&self, start: NonNull<u8>, len: usize) {
        // SAFETY: forwarded.
        let _ = unsafe { raw::release(start, len) };
    }

    #[cfg(not(test))]
    fn is_refusing(&self) -> bool {
        false
    }

    #[cfg(test)]
    fn is_refusing(&self) -> bool {
        let one_less = |left: usize| left.checked_sub(1);
        self.tap.calls_left.fetch_update(Relaxed, Relaxed, one_less).is_err()
            && self.tap.refusals_left.fetch_update(Relaxed, Relaxed, one_less).is_ok()
    }

    /// Grants this many more reservations, then refuses.
    #[cfg(test)]
    pub(crate) fn refuse_after(&self, calls: usize) {
        self.refuse(calls, usize::MAX);
    }

    /// Grants this many more reservations, then refuses so many, then grants all.
    #[cfg(test)]
    pub(crate) fn refuse(&self, calls: usize, refusals: usize) {
        self.tap.calls_left.store(calls, Relaxed);
        self.tap.refusals_left.store(refusals, Relaxed);
    }

    /// Whether all those refusals are still to come.
    #[cfg(test)]
    pub(crate) fn has_refused(&self, refusals: usize) -> bool {
        self.tap.refusals_left.load(Relaxed) < refusals
    }
}

#[cfg(test)]
mod tests;
