//! The only door to atomics and cells: `std`, or `loom` under its cfg.
//!
//! Code whose interleavings are modelled takes its atomics and cells from [`modelled`]. What lives in a `static`,
//! which loom cannot build, takes them from [`unmodelled`], and what one thread owns from [`owned`]: always `std`.
//!
//! The two halves of every hand-over, publish and consume, take their memory orderings from an [`Orders`], so that
//! a model can run the same code with a weaker one and prove that it would be noticed.

use modelled::Ordering;

/// Atomics that loom can schedule, and cells whose accesses it checks for races.
pub(crate) mod modelled {
    #[cfg(stratal_loom)]
    pub(crate) use loom::{
        cell::UnsafeCell,
        sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering, fence},
        thread::yield_now,
    };
    #[cfg(not(stratal_loom))]
    pub(crate) use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering, fence};

    /// The cheap half of a fence whose dear half is a barrier on all threads: the compiler alone keeps the order, and
    /// the barrier has the processor keep it. To a model it is a fence.
    #[inline]
    pub(crate) fn light_fence() {
        #[cfg(stratal_loom)]
        fence(Ordering::SeqCst);
        #[cfg(not(stratal_loom))]
        std::sync::atomic::compiler_fence(Ordering::SeqCst);
    }

    /// `std`'s cell behind loom's interface.
    #[cfg(not(stratal_loom))]
    #[derive(Debug)]
    #[repr(transparent)]
    pub(crate) struct UnsafeCell<T: ?Sized>(std::cell::UnsafeCell<T>);

    #[cfg(not(stratal_loom))]
    impl<T> UnsafeCell<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(std::cell::UnsafeCell::new(value))
        }

        /// Calls `write` with the place, which it may read and write.
        pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
            write(self.0.get())
        }
    }
}

/// Atomics of statics and counters, outside every model.
pub(crate) mod unmodelled {
    #[cfg(not(stratal_loom))]
    pub(crate) use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64};
    pub(crate) use std::sync::atomic::{AtomicUsize, Ordering};
}

/// Threads that end before the call that started them.
#[cfg(not(stratal_loom))]
pub(crate) mod threads {
    pub(crate) use std::thread::{scope, sleep};

    /// How many threads may run at once, asked for the first time only: the answer takes reading files.
    pub(crate) fn available() -> usize {
        static KNOWN: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
        *KNOWN.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from))
    }
}

#[cfg(all(feature = "initial-exec", target_os = "linux", not(any(miri, stratal_loom))))]
pub(crate) mod slot;

/// `std`'s thread-local behind the same grammar: the words are those of the last expression, and not needed.
#[cfg(not(any(all(feature = "initial-exec", target_os = "linux", not(miri)), stratal_loom)))]
pub(crate) mod slot {
    macro_rules! slot {
        (static $name:ident: $kind:ty = [&$first:path, 0] = $same:expr;) => {
            std::thread_local! { static $name: $kind = const { $same } }
        };
    }

    pub(crate) use slot;
}

/// Cells and the thread-local of one thread.
pub(crate) mod owned {
    #[cfg(not(stratal_loom))]
    pub(crate) use crate::sync::slot::slot;
    pub(crate) use std::cell::Cell;
    #[cfg(all(debug_assertions, not(stratal_loom)))]
    pub(crate) use std::thread_local as local;
}

/// Threads that end before their scope does.
pub(crate) use std::thread::scope;

/// The memory orderings of one hand-over between threads.
pub(crate) trait Orders {
    /// Of the store that publishes.
    const PUBLISH: Ordering;
    /// Of the load that consumes.
    const CONSUME: Ordering;

    /// Between a store and a load of each side of a hand-over where one of the two loads must find the other's store.
    #[inline]
    fn fence() {
        modelled::fence(Ordering::SeqCst);
    }

    /// [`Self::fence`] where the other side makes a barrier on all threads.
    #[inline]
    fn light() {
        modelled::light_fence();
    }
}

/// The orderings that make a hand-over: everything before the publishing is visible after the consuming.
#[derive(Debug)]
pub(crate) struct Paired;

impl Orders for Paired {
    const PUBLISH: Ordering = Ordering::Release;
    const CONSUME: Ordering = Ordering::Acquire;
}

/// [`Paired`] with the publishing side weakened: a mutant that models must reject.
#[cfg(all(test, stratal_loom))]
#[derive(Debug)]
pub(crate) struct WeakPublish;

#[cfg(all(test, stratal_loom))]
impl Orders for WeakPublish {
    const PUBLISH: Ordering = Ordering::Relaxed;
    const CONSUME: Ordering = Ordering::Acquire;
}

/// [`Paired`] with the consuming side weakened: a mutant that models must reject.
#[cfg(all(test, stratal_loom))]
#[derive(Debug)]
pub(crate) struct WeakConsume;

#[cfg(all(test, stratal_loom))]
impl Orders for WeakConsume {
    const PUBLISH: Ordering = Ordering::Release;
    const CONSUME: Ordering = Ordering::Relaxed;
}

/// [`Paired`] without its full fences: a mutant that models must reject.
#[cfg(all(test, stratal_loom))]
#[derive(Debug)]
pub(crate) struct NoFence;

#[cfg(all(test, stratal_loom))]
impl Orders for NoFence {
    const PUBLISH: Ordering = Ordering::Release;
    const CONSUME: Ordering = Ordering::Acquire;

    fn fence() {}
}

/// [`Paired`] without its light fences: a mutant that models must reject.
#[cfg(all(test, stratal_loom))]
#[derive(Debug)]
pub(crate) struct NoLight;

#[cfg(all(test, stratal_loom))]
impl Orders for NoLight {
    const PUBLISH: Ordering = Ordering::Release;
    const CONSUME: Ordering = Ordering::Acquire;

    fn light() {}
}
