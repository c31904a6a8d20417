//! The heaps that no thread uses: what a thread leaves behind when it ends, the next one adopts.
//!
//! A heap keeps its slabs while it is idle, so nothing is copied or re-labelled at thread exit, and blocks that
//! other threads free meanwhile go to the same place as before. Which thread owns a heap is decided by the lock.

use std::ptr::NonNull;

use super::lock::Lock;
use crate::sync::{Orders, Paired};

/// Something a [`Roster`] can link.
pub(crate) trait Linked {
    /// Sets the successor; called under the lock of the roster.
    fn set_next(&self, next: Option<NonNull<Self>>);

    /// The successor that was set last; called under the lock of the roster.
    fn next(&self) -> Option<NonNull<Self>>;
}

/// Idle heaps, last left first adopted: its slabs are the warmest. `O` is weakened only by models.
#[derive(Debug)]
pub(crate) struct Roster<T, O: Orders = Paired>(Lock<Head<T>, O>);

#[derive(Debug)]
struct Head<T>(Option<NonNull<T>>);

// SAFETY: a heap on the roster is reached through the lock only, so it moves between threads with it.
unsafe impl<T> Send for Head<T> {}

impl<T: Linked, O: Orders> Roster<T, O> {
    #[cfg(not(stratal_loom))]
    pub(crate) const fn new() -> Self {
        Self(Lock::new(Head(None)))
    }

    #[cfg(stratal_loom)]
    pub(crate) fn new() -> Self {
        Self(Lock::new(Head(None)))
    }

    /// Leaves a heap for the next thread.
    ///
    /// # Safety
    ///
    /// `heap` lives as long as the roster, and the calling thread owns it and does not use it afterwards.
    pub(crate) unsafe fn leave(&self, heap: NonNull<T>) {
        let mut head = self.0.lock();
        // SAFETY: it is alive, and still the caller's.
        unsafe { heap.as_ref() }.set_next(head.0);
        head.0 = Some(heap);
    }

    /// Takes an idle heap, which the calling thread then owns.
    pub(crate) fn adopt(&self) -> Option<NonNull<T>> {
        let mut head = self.0.lock();
        let heap = head.0?;
        // SAFETY: it was left here alive, and nobody uses it.
        head.0 = unsafe { heap.as_ref() }.next();
        Some(heap)
    }

    /// Takes the first idle heap that `is_wanted`, which the calling thread then owns.
    pub(crate) fn adopt_where(&self, is_wanted: impl Fn(&T) -> bool) -> Option<NonNull<T>> {
        let mut head = self.0.lock();
        let mut before: Option<NonNull<T>> = None;
        let mut next = head.0;
        while let Some(heap) = next {
            // SAFETY: it was left here alive, and nobody uses it.
            let idle = unsafe { heap.as_ref() };
            next = idle.next();
            if is_wanted(idle) {
                match before {
                    // SAFETY: as above, and still on the roster.
                    Some(before) => unsafe { before.as_ref() }.set_next(next),
                    None => head.0 = next,
                }
                return Some(heap);
            }
            before = Some(heap);
        }
        None
    }

    /// Takes the lock for a fork; see [`Lock::acquire`].
    #[cfg(not(stratal_loom))]
    pub(crate) fn acquire(&self) {
        self.0.acquire();
    }

    /// Gives up what [`acquire`](Self::acquire) took.
    ///
    /// # Safety
    ///
    /// As for [`Lock::release`].
    #[cfg(not(stratal_loom))]
    pub(crate) unsafe fn release(&self) {
        // SAFETY: forwarded.
        unsafe { self.0.release() };
    }
}

#[cfg(test)]
mod tests;
