//! Tensors whose bytes somebody else keeps: the one trait through which `runtime` speaks to an engine.
//!
//! Runtime never names the engine. It holds a [`Managed`] id and asks its [`Keeper`] for the bytes; the keeper
//! brings them to host memory and holds them still until the [`Lease`] is dropped. A lease owns its entry: it
//! keeps the keeper alive and borrows nothing, so kernels, futures and other threads may outlive the scope that
//! took it.
//!
//! ```text
//! Tensor ── Managed{keeper, id} ── keeper.acquire(id, range) ──> Lease{ptr, len, token} ── drop ──> release
//! ```

use crate::error::Result;
use std::any::Any;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;
use std::task::{Poll, Waker};

mod waiting;

pub(super) use waiting::Waiting;

/// How a lease will use the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Shared: any number at once; the bytes do not change while it is held.
    Read,
    /// Exclusive: no other lease and no transfer reads the copy; releasing it makes a new generation.
    Write,
}

/// What the application knows of the uses to come. A keeper decides by it what to bring up, what to keep and what
/// goes first; wrong advice costs time, nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Advice {
    /// Used soon: bring it up ahead of need.
    WillNeed,
    /// Not used for long: the first to go when room is needed. The next lease ends it.
    WillNotNeed,
    /// Used next after so many more leases of the keeper's tensors, those of others counted. The next lease ends it.
    NextUse(u64),
    /// Kept in memory whatever else is needed, until told otherwise; counted against the budget.
    Resident(bool),
    /// Small parts in no order: what is asked for is fetched, nothing beside it.
    Random,
    /// No longer [`Self::Random`].
    Normal,
}

/// Bytes that a keeper holds still until `token` is released.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// First byte; aligned to at least 64 for a whole tensor, and to the dtype for a slice.
    pub bytes: NonNull<u8>,
    /// Length in bytes.
    pub len: usize,
    /// What the keeper needs to release it.
    pub token: u64,
    /// Whether the keeper stays alive by itself until the token is released: the lease then does not count it.
    pub anchored: bool,
}

/// Bytes at hand, as [`Keeper::hit`] lends them: two words, which travel in registers.
#[derive(Clone, Copy, Debug)]
pub struct Hit {
    /// First byte; aligned as in [`Held`].
    pub bytes: NonNull<u8>,
    /// What the keeper needs to release it.
    pub token: u64,
}

/// A service that keeps the bytes of tensors and lends them out.
///
/// # Safety
/// From `acquire` until the matching `release`, `bytes .. bytes + len` is valid for reads, and for writes too under
/// [`Access::Write`]; it neither moves nor changes except by the holder; a `Write` range overlaps no other range
/// held; `bytes` is aligned to the element size of the object. Where `acquire` says `anchored`, the `Arc` that holds the
/// keeper keeps a count of its own until the token is released. What `hit` lends is held as by an anchored `acquire` of
/// that range to read.
pub unsafe trait Keeper: Send + Sync + fmt::Debug {
    /// Lends `range` (in bytes of the object) to read, anchored, if that takes no waiting; what else is to say,
    /// [`Self::acquire`] says.
    fn hit(&self, id: u64, range: Range<u64>) -> Option<Hit> {
        let _ = (id, range);
        None
    }

    /// Brings `range` (in bytes of the object) to host memory and holds it still, waiting at most the keeper's
    /// deadline.
    ///
    /// # Errors
    /// Typed, naming the tensor: over budget, deadline, conflict, i/o, truncated, poisoned, closed.
    fn acquire(&self, id: u64, range: Range<u64>, access: Access) -> Result<Held>;

    /// As [`Self::acquire`] without waiting: where the bytes are not there, `ticket` names the request from then on, and
    /// `waker` is called once asking again will give an answer. An answer ends the request; so does [`Self::abandon`].
    /// A keeper that has all bytes at hand answers at once.
    fn poll_acquire(
        &self,
        id: u64,
        range: Range<u64>,
        access: Access,
        ticket: &mut Option<u64>,
        waker: &Waker,
    ) -> Poll<Result<Held>> {
        let _ = (ticket, waker);
        Poll::Ready(self.acquire(id, range, access))
    }

    /// Gives a request up that `poll_acquire` named.
    fn abandon(&self, ticket: u64) {
        let _ = ticket;
    }

    /// Ends the hold that `acquire` returned as `token`; each token is released once.
    fn release(&self, token: u64);

    /// Asks for `range` to be brought up soon; may do nothing, never fails its caller.
    fn prefetch(&self, id: u64, range: Range<u64>);

    /// The keeper itself, for the crate that it comes from to know it again; `None` from one that nobody needs to know.
    fn as_any(&self) -> Option<&dyn Any> {
        None
    }

    /// Tells what is known of the uses of `range` to come. A keeper that decides nothing by it ignores it.
    ///
    /// # Errors
    /// `Shape` where the range lies outside; `Budget` where [`Advice::Resident`] asks for more than may be kept; `Closed`.
    fn advise(&self, _id: u64, _range: Range<u64>, _advice: Advice) -> Result<()> {
        Ok(())
    }

    /// The last handle of the object is gone: its copies may be forgotten once no lease holds them.
    fn forget(&self, id: u64);
}

/// A handle on one object of a keeper; the object is forgotten when its last handle goes.
#[derive(Debug)]
pub struct Managed {
    keeper: Arc<dyn Keeper>,
    id: u64,
    name: Arc<str>,
}

impl Managed {
    /// A handle on object `id` of `keeper`, called `name` in errors. One handle stands for one object: the keeper
    /// is told to forget it when this value is dropped.
    #[must_use]
    pub fn new(keeper: Arc<dyn Keeper>, id: u64, name: Arc<str>) -> Self {
        Self { keeper, id, name }
    }

    /// The name used in errors.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Who keeps the bytes.
    #[must_use]
    pub fn keeper(&self) -> &Arc<dyn Keeper> {
        &self.keeper
    }

    /// The keeper's id of the object.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Takes a lease on `range` (bytes).
    ///
    /// # Errors
    /// Those of [`Keeper::acquire`].
    #[inline]
    pub fn acquire(&self, range: Range<u64>, access: Access) -> Result<Lease> {
        match self.hit(&range, access) {
            Some(lease) => Ok(lease),
            None => Lease::take(&self.keeper, self.id, range, access),
        }
    }

    /// A lease on bytes that the keeper has at hand.
    #[inline(always)]
    pub(super) fn hit(&self, range: &Range<u64>, access: Access) -> Option<Lease> {
        if access != Access::Read {
            return None;
        }
        let Hit { bytes, token } = self.keeper.hit(self.id, range.clone())?;
        let held = Held { bytes, len: (range.end - range.start) as usize, token, anchored: true };
        // SAFETY: `held` was lent just now, anchored.
        Some(unsafe { Lease::of(&self.keeper, held, access) })
    }

    /// Tells what is known of the uses of `range` (bytes) to come.
    ///
    /// # Errors
    /// Those of [`Keeper::advise`].
    pub fn advise(&self, range: Range<u64>, advice: Advice) -> Result<()> {
        self.keeper.advise(self.id, range, advice)
    }

    /// Asks for `range` (bytes) to be brought up soon.
    pub fn prefetch(&self, range: Range<u64>) {
        self.keeper.prefetch(self.id, range);
    }
}

impl Drop for Managed {
    fn drop(&mut self) {
        self.keeper.forget(self.id);
    }
}

/// The right to use bytes that a keeper holds still; dropping it makes them evictable.
pub struct Lease {
    /// Counted unless the hold is anchored.
    keeper: ManuallyDrop<Arc<dyn Keeper>>,
    bytes: NonNull<u8>,
    len: usize,
    token: u64,
    terms: Terms,
}

/// What a lease may do and owes, in a whole word: a lease that moves is copied by words, and a copy of fewer bytes than
/// were stored just before waits for the store.
#[derive(Clone, Copy)]
struct Terms(usize);

impl Terms {
    const WRITE: usize = 1;
    const ANCHORED: usize = 2;

    #[inline]
    fn of(access: Access, anchored: bool) -> Self {
        let write = if access == Access::Write { Self::WRITE } else { 0 };
        Self(write | if anchored { Self::ANCHORED } else { 0 })
    }

    #[inline]
    fn are_anchored(self) -> bool {
        self.0 & Self::ANCHORED != 0
    }

    #[inline]
    fn access(self) -> Access {
        if self.0 & Self::WRITE != 0 { Access::Write } else { Access::Read }
    }
}

// SAFETY: the held range stays valid and unmoved whichever thread holds the lease (contract of `Keeper`), and the
// keeper itself is `Send + Sync`.
unsafe impl Send for Lease {}
// SAFETY: through `&Lease` the bytes are only read, and nobody writes them while it is held except its owner
// through `&mut Lease` (contract of `Keeper`).
unsafe impl Sync for Lease {}

impl Lease {
    /// Takes a lease on `range` (bytes) of object `id`.
    pub(super) fn take(keeper: &Arc<dyn Keeper>, id: u64, range: Range<u64>, access: Access) -> Result<Self> {
        let held = keeper.acquire(id, range, access)?;
        // SAFETY: `held` was acquired just now.
        Ok(unsafe { Self::of(keeper, held, access) })
    }

    /// The lease of what `keeper` holds.
    ///
    /// # Safety
    /// `held` was acquired from `keeper` for this access, and is released by nobody else.
    #[inline(always)]
    unsafe fn of(keeper: &Arc<dyn Keeper>, held: Held, access: Access) -> Self {
        let keeper = if held.anchored {
            // SAFETY:
            // - the copy is never dropped (`drop` below), so the counts stay what they are;
            // - somebody else counts the keeper until the token is released (contract of `Keeper`), and it is not used
            //   after that.
            ManuallyDrop::new(unsafe { std::ptr::read(keeper) })
        } else {
            ManuallyDrop::new(Arc::clone(keeper))
        };
        let Held { bytes, len, token, anchored } = held;
        Self { keeper, bytes, len, token, terms: Terms::of(access, anchored) }
    }

    /// The bytes.
    #[inline]
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY:
        // - `bytes .. bytes + len` is valid for reads until `release`, which only `drop` calls (contract of `Keeper`);
        // - nobody writes it while `&self` lives: writers need the exclusive lease and `&mut`.
        unsafe { std::slice::from_raw_parts(self.bytes.as_ptr(), self.len) }
    }

    /// The bytes to write, if this is an exclusive lease.
    #[must_use]
    pub fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        if self.terms.access() != Access::Write {
            return None;
        }
        // SAFETY:
        // - a `Write` hold is valid for reads and writes and overlaps no other hold (contract of `Keeper`);
        // - `&mut self` excludes every other borrow of this lease.
        Some(unsafe { std::slice::from_raw_parts_mut(self.bytes.as_ptr(), self.len) })
    }
}

/// Apart, and by value: so the address of a lease goes nowhere, and one that is used where it was taken needs no memory.
#[inline(never)]
fn uncount(keeper: Arc<dyn Keeper>) {
    drop(keeper);
}

impl Drop for Lease {
    #[inline]
    fn drop(&mut self) {
        self.keeper.release(self.token);
        if !self.terms.are_anchored() {
            // SAFETY: counted by `of`, taken once, here, and used no more.
            uncount(unsafe { ManuallyDrop::take(&mut self.keeper) });
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("access", &self.terms.access())
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
