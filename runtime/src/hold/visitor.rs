//! A thread that comes to the gates of one keeper: by its name they know their regular, and by its count of closings it
//! learns that one of them was closed while it left.

use crate::sync::modelled::{AtomicU32, Ordering};

/// One thread at the gates of one keeper. The thread keeps it, and so does the keeper while the thread lives.
///
/// ```
/// use stratal_runtime::hold::Visitor;
/// let visitor = Visitor::new(7).expect("names are not 0");
/// assert_eq!((visitor.id(), Visitor::new(0).is_none()), (7, true));
/// ```
#[derive(Debug)]
#[repr(align(128))]
pub struct Visitor {
    id: u32,
    /// Written by the keeper, under its lock.
    closings: AtomicU32,
}

impl Visitor {
    /// A visitor whose `id` no other visitor of that keeper has or had; `None` for 0, which names nobody.
    #[must_use]
    pub fn new(id: u32) -> Option<Self> {
        (id != 0).then(|| Self { id, closings: AtomicU32::new(0) })
    }

    /// Its name.
    #[inline]
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The keeper has closed a gate of which this is the regular, and is about to read its count.
    pub fn closing(&self) {
        let closings = self.closings.load(Ordering::Relaxed);
        // Publishes the closing: who sees this sees the gate closed.
        self.closings.store(closings.wrapping_add(1), Ordering::Release);
    }

    #[inline]
    pub(super) fn closings(&self) -> u32 {
        self.closings.load(Ordering::Acquire)
    }
}
