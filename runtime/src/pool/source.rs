//! Where a pool gets its memory: the operating system, with a tap that tests can turn off.

use std::ptr::NonNull;

use crate::sys::raw;

/// The operating system as one pool sees it.
#[derive(Debug)]
pub(crate) struct Source {
    #[cfg(test)]
    calls_left: crate::sync::unmodelled::AtomicUsize,
}

impl Source {
    pub(crate) const fn new() -> Self {
        Self {
            #[cfg(test)]
            calls_left: crate::sync::unmodelled::AtomicUsize::new(usize::MAX),
        }
    }

    /// Reserves zeroed addresses; `None` if the system refuses.
    pub(crate) fn reserve(&self, len: usize, align: usize) -> Option<NonNull<u8>> {
        if self.is_refusing() {
            return None;
        }
        raw::reserve(len, align).ok()
    }

    #[cfg(not(test))]
    fn is_refusing(&self) -> bool {
        false
    }

    #[cfg(test)]
    fn is_refusing(&self) -> bool {
        use crate::sync::unmodelled::Ordering::Relaxed;
        self.calls_left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_err()
    }

    /// Grants this many more reservations, then refuses.
    #[cfg(test)]
    pub(crate) fn refuse_after(&self, calls: usize) {
        self.calls_left.store(calls, crate::sync::unmodelled::Ordering::Relaxed);
    }
}
