//! A gate before bytes that their keeper may want to take away: shared holds, counted.
//!
//! ```text
//!  word   31 ........ 1    0
//!         holds inside     open      an open gate is entered and left by one addition; who adds to a closed one takes it back
//!  owned  holds of the gate's regular, the one thread that counts here by plain stores
//! ```
//!
//! The keeper counts whoever is inside when it closes the gate, and each of them, leaving, learns that it was closed and
//! tells the keeper under its lock. The gate opens again only when all have left, so nobody of before is mistaken for
//! one of after.
//!
//! Two additions to shared memory cost more than everything else that a hit does. So a thread that comes often, and
//! alone, becomes the gate's *regular*: it counts in a word that nobody else writes, then looks whether the gate is
//! open. The keeper pays instead: it closes, makes the regular's processor drain its stores by a barrier on all threads,
//! and reads. (Counting: Choi, Shull, Torrellas, "Biased reference counting", PACT 2018. The barrier on one side: Dice,
//! Huang, Yang, "Asymmetric Dekker synchronization", 2001; membarrier(2).) Holds may be taken here and given back
//! there: either count wraps, their sum does not.
//!
//! Of one step of the regular the keeper cannot know on which side of its reading it fell: one that met a closing. Such a
//! step is *unclear*; its thread goes to the keeper at once, and there, under the lock, what the keeper read tells.
//!
//! Invariants: who entered sees everything that the keeper did before it opened the gate; a keeper that closed it and
//! found nobody inside sees everything that holders did before they left, and nobody enters until it opens again. So
//! bytes behind a closed gate are the keeper's alone once everybody that it counted has told it.

use super::Visitor;
use crate::sync::modelled::{AtomicU32, Ordering};
use crate::sync::{Orders, Paired};
use std::marker::PhantomData;

const OPEN: u32 = 1;
const ONE: u32 = 2;

/// Holds are counted in so many bits of either word.
const HOLDS: u32 = u32::MAX >> 1;

/// Times that one thread alone enters before it is the regular: a closing costs the keeper a barrier from then on.
const PATIENCE: u32 = 64;

/// What came of entering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "who is inside must leave, and what is unclear must be resolved"]
pub enum Entered {
    /// The hold counts.
    Inside,
    /// The gate is closed: ask the keeper.
    Closed,
    /// The gate is closed, and the keeper may have counted the attempt: [`Gate::resolve`] first.
    Unclear,
}

/// What came of leaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a keeper that is not told keeps the bytes"]
pub enum Left {
    /// The gate is open; nobody need know.
    Quietly,
    /// The gate was closed meanwhile, and the keeper has counted the hold: tell it.
    Counted,
    /// The keeper closed some gate of this regular meanwhile, and may have counted the hold: [`Gate::resolve`] tells.
    Unclear,
}

/// Counts who holds bytes, until their keeper closes it. It begins closed and empty.
///
/// ```
/// use stratal_runtime::hold::{Entered, Gate, Left};
/// let gate = Gate::new();
/// assert_eq!(gate.enter(None), Entered::Closed); // ask the keeper
/// assert!(gate.open()); // by the keeper, under its lock, as is the closing
/// assert_eq!(gate.enter(None), Entered::Inside);
/// assert_eq!(gate.close(|_| {}), 1); // one is still inside, and the bytes must stay
/// assert_eq!(gate.leave(None), Left::Counted); // closed meanwhile: now tell the keeper, under its lock
/// ```
#[derive(Debug, Default)]
pub struct Gate(Counted<Paired>);

impl Gate {
    /// A closed gate with nobody inside.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a hold. A `visitor` who comes often counts without a shared addition; only the visitor's own thread may
    /// name it.
    #[inline]
    pub fn enter(&self, visitor: Option<&Visitor>) -> Entered {
        self.0.enter(visitor)
    }

    /// Gives a hold back, whoever took it. Unless `Counted`, the gate is not touched once the hold has ended, and may be
    /// gone by the return.
    #[inline]
    pub fn leave(&self, visitor: Option<&Visitor>) -> Left {
        self.0.leave(visitor)
    }

    /// Under the keeper's lock, by the thread of `visitor` after a step that was unclear: whether the keeper had counted a
    /// hold that is no more. Says so once.
    #[must_use = "a counted hold is to be ended"]
    pub fn resolve(&self, visitor: &Visitor) -> bool {
        self.0.resolve(visitor)
    }

    /// The keeper, under its lock, opens the gate; `false` while somebody of before its closing is inside.
    pub fn open(&self) -> bool {
        self.0.open()
    }

    /// The keeper, under its lock, closes the gate. Returns the holds inside, each of which will tell it; none where it
    /// was closed already.
    ///
    /// Where the gate has a regular, `barrier` is called with its [`Visitor::id`]: it calls [`Visitor::closing`] there, if
    /// the visitor still is, and then a barrier on all threads, such as [`sys::Barrier`](crate::sys::Barrier). It may do
    /// neither where it runs on the regular's own thread.
    pub fn close(&self, barrier: impl FnOnce(u32)) -> u32 {
        self.0.close(barrier)
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
        if word & OPEN == 0 { 0 } else { sum(word, self.0.owned.load(Ordering::Relaxed)) }
    }
}

/// Holds that a word and the regular's count stand for together.
fn sum(word: u32, owned: u32) -> u32 {
    (word >> 1).wrapping_add(owned) & HOLDS
}

/// The gate; `O` is weakened only by models.
#[derive(Debug)]
struct Counted<O: Orders> {
    word: AtomicU32,
    /// The regular's [`Visitor::id`]; 0 for none.
    regular: AtomicU32,
    /// Written by the regular alone.
    owned: AtomicU32,
    /// What the keeper read of `owned` at the last closing. Under its lock.
    seen: AtomicU32,
    /// Who entered last, and how often in a row. Lost updates only delay.
    latest: AtomicU32,
    entries: AtomicU32,
    orders: PhantomData<O>,
}

impl<O: Orders> Default for Counted<O> {
    fn default() -> Self {
        let [word, regular, owned, seen, latest, entries] = [(); 6].map(|()| AtomicU32::new(0));
        Self { word, regular, owned, seen, latest, entries, orders: PhantomData }
    }
}

impl<O: Orders> Counted<O> {
    /// The regular, if `visitor` is.
    #[inline]
    fn known<'v>(&self, visitor: Option<&'v Visitor>) -> Option<&'v Visitor> {
        visitor.filter(|visitor| visitor.id() == self.regular.load(Ordering::Relaxed))
    }

    #[inline]
    fn enter(&self, visitor: Option<&Visitor>) -> Entered {
        if self.known(visitor).is_some() {
            return self.enter_regularly();
        }
        // One addition and no look before it: a load that an exchange then depends on would double the price. Holds stay
        // far below 2^31: each takes at least 16 bytes of a lease. Consumes the opening: the bytes are as the keeper left
        // them.
        if self.word.fetch_add(ONE, O::CONSUME) & OPEN != 0 {
            if let Some(visitor) = visitor {
                self.remember(visitor);
            }
            return Entered::Inside;
        }
        // While this counted, the gate could not open.
        self.word.fetch_sub(ONE, Ordering::Relaxed);
        Entered::Closed
    }

    #[inline]
    fn enter_regularly(&self) -> Entered {
        if self.word.load(Ordering::Relaxed) & OPEN == 0 {
            return Entered::Closed;
        }
        let owned = self.owned.load(Ordering::Relaxed);
        self.owned.store(owned.wrapping_add(1), Ordering::Relaxed);
        // Either the keeper's barrier finds the store, or the load finds the gate closed.
        O::light();
        if self.word.load(O::CONSUME) & OPEN != 0 {
            return Entered::Inside;
        }
        self.owned.store(owned, Ordering::Relaxed);
        Entered::Unclear
    }

    #[inline]
    fn leave(&self, visitor: Option<&Visitor>) -> Left {
        if let Some(visitor) = self.known(visitor) {
            let closings = visitor.closings();
            if self.word.load(Ordering::Relaxed) & OPEN != 0 {
                let owned = self.owned.load(Ordering::Relaxed);
                // Publishes what the holder did with the bytes.
                self.owned.store(owned.wrapping_sub(1), O::PUBLISH);
                // Either the keeper's barrier finds the store, or the load finds its closing.
                O::light();
                return if visitor.closings() == closings { Left::Quietly } else { Left::Unclear };
            }
            // The keeper counts this hold as it counts others'.
        }
        // Publishes what the holder did with the bytes to whoever closes the gate.
        if self.word.fetch_sub(ONE, O::PUBLISH) & OPEN != 0 { Left::Quietly } else { Left::Counted }
    }

    /// Makes a visitor who comes again and again the regular.
    #[inline]
    fn remember(&self, visitor: &Visitor) {
        if self.regular.load(Ordering::Relaxed) != 0 {
            return;
        }
        if self.latest.load(Ordering::Relaxed) != visitor.id() {
            self.latest.store(visitor.id(), Ordering::Relaxed);
            self.entries.store(0, Ordering::Relaxed);
            return;
        }
        let entries = self.entries.load(Ordering::Relaxed);
        self.entries.store(entries.wrapping_add(1), Ordering::Relaxed);
        if entries >= PATIENCE {
            self.claim(visitor);
        }
    }

    /// By a holder.
    #[cold]
    fn claim(&self, visitor: &Visitor) {
        let (id, relaxed) = (visitor.id(), Ordering::Relaxed);
        if self.regular.compare_exchange(0, id, relaxed, relaxed).is_ok() {
            // Either the keeper's closing finds the claim, or whatever the regular does next finds the gate closed.
            O::fence();
        }
    }

    fn resolve(&self, visitor: &Visitor) -> bool {
        let owned = self.owned.load(Ordering::Relaxed);
        // An open gate was not closed by what made the step unclear: it could not have opened again.
        let counted = self.regular.load(Ordering::Relaxed) == visitor.id()
            && self.word.load(Ordering::Relaxed) & OPEN == 0
            && self.seen.load(Ordering::Relaxed) == owned.wrapping_add(1);
        if counted {
            self.seen.store(owned, Ordering::Relaxed);
        }
        counted
    }

    fn open(&self) -> bool {
        if self.word.load(Ordering::Relaxed) & OPEN != 0 {
            return true;
        }
        let owned = self.owned.load(O::CONSUME);
        if owned != self.seen.load(Ordering::Relaxed) {
            // A step of the regular is unclear.
            return false;
        }
        let empty = owned.wrapping_neg() << 1;
        self.word.compare_exchange(empty, empty | OPEN, O::PUBLISH, Ordering::Relaxed).is_ok()
    }

    fn close(&self, barrier: impl FnOnce(u32)) -> u32 {
        // Only the keeper opens, so a closed gate stays closed, and what is added to it is taken back.
        if self.word.load(Ordering::Relaxed) & OPEN == 0 {
            return 0;
        }
        let word = self.word.fetch_and(!OPEN, O::CONSUME);
        O::fence();
        let regular = self.regular.load(Ordering::Relaxed);
        if regular != 0 {
            barrier(regular);
        }
        let owned = self.owned.load(O::CONSUME);
        self.seen.store(owned, Ordering::Relaxed);
        sum(word, owned)
    }
}

#[cfg(test)]
mod tests;
