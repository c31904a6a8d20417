//! The lock of the slow paths: 4 bytes, buildable in a `static`, held across a fork, never poisoned.
//!
//! Taken only where a thread asks for or gives back whole slabs, runs or heaps, thousands of small allocations
//! apart. It spins briefly, then sleeps.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use crate::sync::modelled::{AtomicU32, Ordering, UnsafeCell};
use crate::sync::{Orders, Paired};

const FREE: u32 = 0;
const HELD: u32 = 1;
/// Held, and somebody may sleep on it.
const AWAITED: u32 = 2;

/// How often an attempt looks again before it sleeps.
const SPINS: u32 = 64;

/// A value that one thread at a time may reach. `O` is weakened only by models.
#[derive(Debug)]
pub(crate) struct Lock<T, O: Orders = Paired> {
    state: AtomicU32,
    value: UnsafeCell<T>,
    orders: PhantomData<O>,
}

// SAFETY: a guard, of which one exists at a time, is the only way to the value, and handing the lock over carries
// every access along (`Orders`).
unsafe impl<T: Send, O: Orders> Sync for Lock<T, O> {}

impl<T, O: Orders> Lock<T, O> {
    #[cfg(not(stratal_loom))]
    pub(crate) const fn new(value: T) -> Self {
        Self { state: AtomicU32::new(FREE), value: UnsafeCell::new(value), orders: PhantomData }
    }

    #[cfg(stratal_loom)]
    pub(crate) fn new(value: T) -> Self {
        Self { state: AtomicU32::new(FREE), value: UnsafeCell::new(value), orders: PhantomData }
    }

    /// Waits for the lock and takes it until the guard is dropped.
    pub(crate) fn lock(&self) -> Guard<'_, T, O> {
        self.acquire();
        Guard(self)
    }

    /// Takes the lock without a guard, for a fork that must find it consistent.
    pub(crate) fn acquire(&self) {
        if self.state.compare_exchange(FREE, HELD, O::CONSUME, Ordering::Relaxed).is_ok() {
            return;
        }
        for _ in 0..SPINS {
            std::hint::spin_loop();
            let free = self.state.load(Ordering::Relaxed) == FREE;
            if free && self.state.compare_exchange(FREE, HELD, O::CONSUME, Ordering::Relaxed).is_ok() {
                return;
            }
        }
        while self.state.swap(AWAITED, O::CONSUME) != FREE {
            self.sleep();
        }
    }

    /// Gives up what [`acquire`](Self::acquire) took.
    ///
    /// # Safety
    ///
    /// The caller holds the lock, and no guard of it exists.
    pub(crate) unsafe fn release(&self) {
        if self.state.swap(FREE, O::PUBLISH) == AWAITED {
            self.wake();
        }
    }

    #[cfg(not(stratal_loom))]
    fn sleep(&self) {
        crate::sys::process::wait(&self.state, AWAITED);
    }

    #[cfg(not(stratal_loom))]
    fn wake(&self) {
        crate::sys::process::wake_one(&self.state);
    }

    #[cfg(stratal_loom)]
    fn sleep(&self) {
        crate::sync::modelled::yield_now();
    }

    #[cfg(stratal_loom)]
    fn wake(&self) {}
}

/// The right to use what a [`Lock`] protects.
#[derive(Debug)]
pub(crate) struct Guard<'l, T, O: Orders>(&'l Lock<T, O>);

impl<T, O: Orders> Deref for Guard<'_, T, O> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this guard is the only way to the value, and is borrowed for as long as the result.
        self.0.value.with_mut(|value| unsafe { &*value })
    }
}

impl<T, O: Orders> DerefMut for Guard<'_, T, O> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this guard is the only way to the value, and is borrowed mutably for as long as the result.
        self.0.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T, O: Orders> Drop for Guard<'_, T, O> {
    fn drop(&mut self) {
        // SAFETY: the guard holds the lock and is gone after this.
        unsafe { self.0.release() };
    }
}

#[cfg(test)]
mod tests;
