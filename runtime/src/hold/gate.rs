//! A gate before bytes that their keeper may want to take away: shared holds, counted in one word.
//!
//! ```text
//!  31    30 ........ 0
//!  open  holds inside       an open gate is entered and left by one addition; who adds to a closed one takes it back
//! ```
//!
//! The keeper counts whoever is inside when it closes the gate, and each of them, leaving, learns that it was closed and
//! tells the keeper under its lock. The gate opens again only when all have left, so nobody of before is mistaken for
//! one of after.
//!
//! Invariants: who entered sees everything that the keeper did before it opened the gate; a keeper that closed it and
//! found nobody inside sees everything that holders did before they left, and nobody enters until it opens again. So
//! bytes behind a closed gate are the keeper's alone once everybody that it counted has told it.

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
/// assert!(gate.open()); // by the keeper, under its lock, as is the closing
/// assert!(gate.enter());
/// assert_eq!(gate.close(), 1); // one is still inside, and the bytes must stay
/// assert!(!gate.leave()); // closed meanwhile: now tell the keeper, under its lock
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

    /// Gives a hold back; `false` where the gate was closed meanwhile: the keeper has counted the hold and is to be told.
    #[inline]
    #[must_use = "a keeper that is not told keeps the bytes"]
    pub fn leave(&self) -> bool {
        self.0.leave()
    }

    /// The keeper, under its lock, opens the gate; `false` while somebody of before its closing is inside.
    pub fn open(&self) -> bool {
        self.0.open()
    }

    /// The keeper, under its lock, closes the gate. Returns the holds inside, each of which will tell it; none where it
    /// was closed already.
    pub fn close(&self) -> u32 {
        self.0.close()
    }

    /// Whether it can be entered now.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.word.load(Ordering::Relaxed) & OPEN != 0
    }

    /// Holds inside an open gate, now; 0 where it is closed.
    #[must_use]
    pub fn holds(&self) -> u32 {
        let word = self.0.word.load(Ordering::Relaxed);
        if word & OPEN == 0 { 0 } else { word & !OPEN }
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
    // One addition and no look before it: a load that an exchange then depends on would double the price. Holds stay far
    // below 2^31, the bit beside them: each takes at least 16 bytes of a lease.
    #[inline]
    fn enter(&self) -> bool {
        // Consumes the opening: the bytes are as the keeper left them.
        let entered = self.word.fetch_add(1, O::CONSUME) & OPEN != 0;
        if !entered {
            // While this counts, the gate cannot open.
            self.word.fetch_sub(1, Ordering::Relaxed);
        }
        entered
    }

    #[inline]
    fn leave(&self) -> bool {
        // Publishes what the holder did with the bytes to whoever closes the gate.
        self.word.fetch_sub(1, O::PUBLISH) & OPEN != 0
    }

    fn open(&self) -> bool {
        match self.word.compare_exchange(0, OPEN, O::PUBLISH, Ordering::Relaxed) {
            Ok(_) => true,
            Err(word) => word & OPEN != 0,
        }
    }

    fn close(&self) -> u32 {
        // Only the keeper opens, so a closed gate stays closed, and what is added to it is taken back.
        if self.word.load(Ordering::Relaxed) & OPEN == 0 {
            return 0;
        }
        self.word.fetch_and(!OPEN, O::CONSUME) & !OPEN
    }
}

#[cfg(test)]
mod tests;
