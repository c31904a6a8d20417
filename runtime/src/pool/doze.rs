//! When a helper thread may sleep, and who starts or wakes it: one word, changed by read-modify-writes only.
//!
//! ```text
//! absent ──first notice: start──▶ awake ⇄ awake + news ──nothing left──▶ asleep ──notice: wake──▶ asleep + news ─▶ awake
//! ```
//!
//! Whoever makes work says so afterwards (`notice`). The helper takes the news, then looks for work, and falls asleep
//! only if there are no news since. So either the work is seen, or the notice finds the helper asleep. `O` is weakened
//! only by models.

use std::marker::PhantomData;

use crate::sync::modelled::{AtomicU32, Ordering};
use crate::sync::{Orders, Paired};

const ABSENT: u32 = 0;
const AWAKE: u32 = 1;
const ASLEEP: u32 = 2;
/// Added to each: work was made that the helper has not looked for.
const NEWS: u32 = 4;

/// The word of one helper.
#[derive(Debug)]
pub(crate) struct Doze<O: Orders = Paired> {
    state: AtomicU32,
    orders: PhantomData<O>,
}

/// What a notice asks of the one who gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duty {
    Nothing,
    /// Start the helper.
    Start,
    /// Wake it.
    Wake,
}

impl<O: Orders> Doze<O> {
    #[cfg(not(stratal_loom))]
    pub(crate) const fn absent() -> Self {
        Self { state: AtomicU32::new(ABSENT), orders: PhantomData }
    }

    #[cfg(stratal_loom)]
    pub(crate) fn absent() -> Self {
        Self { state: AtomicU32::new(ABSENT), orders: PhantomData }
    }

    /// There is work; whoever is told to start or wake the helper does.
    pub(crate) fn notice(&self) -> Duty {
        match self.state.fetch_or(NEWS, O::PUBLISH) {
            ABSENT => Duty::Start,
            ASLEEP => Duty::Wake,
            _ => Duty::Nothing,
        }
    }

    /// The helper is gone, or could not be started: the next notice tries again.
    #[cfg(not(stratal_loom))]
    pub(crate) fn forget(&self) {
        self.state.store(ABSENT, Ordering::Relaxed);
    }

    /// The helper takes the news; what it looks at from now on includes all work noticed before.
    pub(crate) fn take_news(&self) {
        self.state.swap(AWAKE, O::CONSUME);
    }

    /// The helper found nothing to do; whether it may sleep, which it does while [`is_asleep`](Self::is_asleep).
    pub(crate) fn fall_asleep(&self) -> bool {
        self.state.compare_exchange(AWAKE, ASLEEP, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Whether nobody has work.
    pub(crate) fn is_asleep(&self) -> bool {
        self.state.load(Ordering::Relaxed) == ASLEEP
    }

    /// Sleeps while it is asleep; may return early.
    #[cfg(not(stratal_loom))]
    pub(crate) fn sleep(&self) {
        crate::sys::process::wait(&self.state, ASLEEP);
    }

    /// Wakes the helper.
    #[cfg(not(stratal_loom))]
    pub(crate) fn wake(&self) {
        crate::sys::process::wake_one(&self.state);
    }
}

#[cfg(test)]
mod tests;
