//! A trail: what one thread held, in order, for the keeper to read later.
//!
//! A ring that one thread writes without waiting and one reader at a time empties. What does not fit is counted and
//! lost, so nobody ever waits for the reader.
//!
//! Invariant: `tail ≤ head ≤ tail + slots`; the slots from `tail` to `head` are the reader's, the others the writer's.

use crate::sync::modelled::{AtomicU64, Ordering};
use crate::sync::{Orders, Paired};
use std::marker::PhantomData;

/// What a reading tells besides the steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Steps that found no room since the last reading, or were skipped.
    pub lost: u64,
    /// Weight of all steps since the last reading, the lost ones included.
    pub weight: u64,
}

/// One hold: when, by the clock of the writer, and what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// The writer's time.
    pub at: u64,
    /// The writer's word for it.
    pub what: u64,
}

/// Remembers the holds of one thread.
///
/// ```
/// use stratal_runtime::hold::{Step, Told, Trail};
/// let trail = Trail::new(2);
/// assert!(trail.note(Step { at: 1, what: 7 }, 1));
/// assert!(trail.note(Step { at: 2, what: 8 }, 1));
/// assert!(!trail.note(Step { at: 3, what: 9 }, 4)); // full: lost, and counted
/// let mut seen = Vec::new();
/// assert_eq!(trail.read(&mut |step| seen.push(step.what)), Told { lost: 1, weight: 6 });
/// assert_eq!(seen, [7, 8]);
/// ```
#[derive(Debug)]
pub struct Trail(Ring<Paired>);

impl Trail {
    /// A trail of `slots` steps, rounded up to a power of two.
    #[must_use]
    pub fn new(slots: usize) -> Self {
        Self(Ring::new(slots))
    }

    /// Notes a step and its weight, by the one thread that writes; `false` where the trail was full and the step is
    /// lost.
    #[inline]
    pub fn note(&self, step: Step, weight: u64) -> bool {
        self.0.note(step, weight)
    }

    /// Takes all steps out, oldest first, by the one reader.
    pub fn read(&self, each: &mut dyn FnMut(Step)) -> Told {
        self.0.read(each)
    }

    /// Forgets all steps, by the one reader: all are lost.
    pub fn skip(&self) -> Told {
        self.0.skip()
    }

    /// Whether there is nothing to read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What one side alone writes, on lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Side {
    at: AtomicU64,
    lost: AtomicU64,
    weight: AtomicU64,
}

/// The trail; `O` is weakened only by models.
#[derive(Debug)]
struct Ring<O: Orders> {
    /// Written by the writer: the next slot, the steps that found none, the weight of all.
    head: Side,
    /// Written by the reader: the oldest slot, and what it has told of.
    tail: Side,
    slots: Box<[(AtomicU64, AtomicU64)]>,
    orders: PhantomData<O>,
}

impl<O: Orders> Ring<O> {
    fn new(slots: usize) -> Self {
        let slot = |_| (AtomicU64::new(0), AtomicU64::new(0));
        let slots = (0..slots.next_power_of_two()).map(slot).collect();
        Self { head: Side::default(), tail: Side::default(), slots, orders: PhantomData }
    }

    fn slot(&self, at: u64) -> &(AtomicU64, AtomicU64) {
        &self.slots[at as usize & (self.slots.len() - 1)]
    }

    #[inline]
    fn note(&self, Step { at, what }: Step, weight: u64) -> bool {
        let before = self.head.weight.load(Ordering::Relaxed);
        self.head.weight.store(before + weight, Ordering::Relaxed);
        let head = self.head.at.load(Ordering::Relaxed);
        // Consumes the reading: the slot is free again.
        if head - self.tail.at.load(O::CONSUME) == self.slots.len() as u64 {
            let lost = self.head.lost.load(Ordering::Relaxed);
            self.head.lost.store(lost + 1, Ordering::Relaxed);
            return false;
        }
        let slot = self.slot(head);
        slot.0.store(at, Ordering::Relaxed);
        slot.1.store(what, Ordering::Relaxed);
        self.head.at.store(head + 1, O::PUBLISH);
        true
    }

    fn read(&self, each: &mut dyn FnMut(Step)) -> Told {
        let head = self.head.at.load(O::CONSUME);
        let tail = self.tail.at.load(Ordering::Relaxed);
        for at in tail..head {
            let slot = self.slot(at);
            each(Step { at: slot.0.load(Ordering::Relaxed), what: slot.1.load(Ordering::Relaxed) });
        }
        self.tail.at.store(head, O::PUBLISH);
        self.tell()
    }

    fn skip(&self) -> Told {
        let head = self.head.at.load(O::CONSUME);
        let tail = self.tail.at.load(Ordering::Relaxed);
        self.tail.at.store(head, O::PUBLISH);
        let told = self.tell();
        Told { lost: told.lost + head - tail, ..told }
    }

    fn tell(&self) -> Told {
        let since = |now: &AtomicU64, told: &AtomicU64| {
            let now = now.load(Ordering::Relaxed);
            let before = told.load(Ordering::Relaxed);
            told.store(now, Ordering::Relaxed);
            now - before
        };
        Told {
            lost: since(&self.head.lost, &self.tail.lost),
            weight: since(&self.head.weight, &self.tail.weight),
        }
    }

    fn is_empty(&self) -> bool {
        self.head.weight.load(Ordering::Relaxed) == self.tail.weight.load(Ordering::Relaxed)
            && self.head.at.load(Ordering::Relaxed) == self.tail.at.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
