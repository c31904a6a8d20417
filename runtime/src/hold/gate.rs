//! A gate before bytes that their keeper may want to take away: shared holds, counted in one word.
//!
//! ```text
//!  31    30 ........ 0
//!  open  holds inside       an open gate is entered and left by anybody;
//!                           a closed one is entered by nobody, and left under the keeper's lock
//! ```
//!
//! Invariants: who entered sees everything that the keeper did before it opened the gate; a keeper that closed it and
//! found nobody inside sees everything that holders did before they left, and nobody enters until it opens again. So
//! bytes behind a closed and empty gate are the keeper's alone.

use crate::sync::modelled::{AtomicU32, Ordering};
use crate::sync::{Orders, Paired};
use std::marker::PhantomData;

const OPEN: u32 = 1 << 31;

/// Counts who holds bytes, until their keeper closes it. It begins closed and empty.
///
/// ```
/// use stratal_runtime::hold::Gate;
/// let gate = Gate::new();
/// assert!(!gate.enter()); // closed: ask the keeper
/// assert!(gate.open()); // by the keeper, under its lock, as is everything but entering and leaving
/// assert!(gate.enter());
/// assert_eq!(gate.close(), 1); // one is still inside, and the bytes must stay
/// assert!(!gate.leave()); // closed meanwhile: leave under the keeper's lock
/// assert_eq!(gate.leave_closed(), 0); // now they may go
/// ```
#[derive(Debug, Default)]
pub struct Gate(Counted<Paired>);

impl Gate {
    /// A closed gate with nobody inside.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a hold; `false` where the gate is closed.
    #[inline]
    #[must_use = "who entered must leave"]
    pub fn enter(&self) -> bool {
        self.0.enter()
    }

    /// Gives a hold back; `false` where the gate was closed meanwhile: the hold still counts, and goes by
    /// [`leave_closed`](Self::leave_closed).
    #[inline]
    #[must_use = "a hold that was not given back keeps the bytes"]
    pub fn leave(&self) -> bool {
        self.0.leave()
    }

    /// The keeper, under its lock, opens the gate; `false` while holds of before its closing are inside.
    pub fn open(&self) -> bool {
        self.0.open()
    }

    /// The keeper, under its lock, closes the gate. Returns the holds that are still inside.
    pub fn close(&self) -> u32 {
        self.0.close()
    }

    /// Gives back, under the keeper's lock, a hold that [`leave`](Self::leave) refused. Returns the holds that are
    /// still inside.
    pub fn leave_closed(&self) -> u32 {
        self.0.leave_closed()
    }

    /// Whether it can be entered now.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.word.load(Ordering::Relaxed) & OPEN != 0
    }

    /// Holds that are inside now.
    #[must_use]
    pub fn holds(&self) -> u32 {
        self.0.word.load(Ordering::Relaxed) & !OPEN
    }
}

/// The gate; `O` is weakened only by models.
#[derive(Debug)]
struct Counted<O: Orders> {
    word: AtomicU32,
    orders: PhantomData<O>,
}

impl<O: Orders> Default for Counted<O> {
    fn default() -> Self {
        Self { word: AtomicU32::new(0), orders: PhantomData }
    }
}

impl<O: Orders> Counted<O> {
    #[inline]
    fn enter(&self) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            // Full is closed too: 2^31 holds.
            if word & OPEN == 0 || word == u32::MAX {
                return false;
            }
            // Consumes the opening: the bytes are as the keeper left them.
            match self.word.compare_exchange_weak(word, word + 1, O::CONSUME, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
    }

    #[inline]
    fn leave(&self) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            if word & OPEN == 0 {
                return false;
            }
            // Publishes what the holder did with the bytes to whoever closes the gate.
            match self.word.compare_exchange_weak(word, word - 1, O::PUBLISH, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
    }

    fn open(&self) -> bool {
        // While it is closed, only calls under the keeper's lock change the word.
        let word = self.word.load(Ordering::Relaxed);
        if word == 0 {
            self.word.store(OPEN, O::PUBLISH);
        }
        word == 0 || word & OPEN != 0
    }

    fn close(&self) -> u32 {
        self.word.fetch_and(!OPEN, O::CONSUME) & !OPEN
    }

    fn leave_closed(&self) -> u32 {
        debug_assert!(self.word.load(Ordering::Relaxed) & OPEN == 0, "an open gate is left without the lock");
        // The keeper's lock carries what the holder did.
        self.word.fetch_sub(1, Ordering::Relaxed) - 1
    }
}

#[cfg(test)]
mod tests;
