//! One tensor's way into the engine: hits pass its gates, everything else goes to the core.
//!
//! ```text
//!  acquire ─ gates open ──> enter, note, lent      no lock, no bell; no shared addition where this thread is the regular
//!          └ else ────────> the core               a miss, a writer, or bytes that nobody has used yet
//!  release ─ gates open ──> leave
//!          └ closed ──────> the core               somebody waits for the bytes
//! ```
//!
//! Invariant: while a hold is inside a gate, the entry lives: by its tensor, or once that is dropped by the core, which
//! keeps it as the object's anchor until the last hold has left. So a hold through a gate counts no `Arc`.

use super::super::state::Shared;
use super::gates::{Barred, Gates, Pass};
use super::hits::Writer;
use super::{Handle, index};
use crate::device::{Device, DeviceBlock, Lender, Lending};
use crate::error::Result;
use std::any::Any;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Weak};
use std::task::{Poll, Waker};
use stratal_runtime::hold::Left;
use stratal_runtime::sys::forks;
use stratal_runtime::tensor::managed::{Access, Advice, Held, Hit, Keeper, Managed};

/// The keeper of one tensor.
pub(in crate::engine) struct Entry {
    me: Weak<Self>,
    object: u32,
    gates: Arc<Gates>,
    shared: Arc<Shared>,
    /// What the device room knows of it.
    lending: Lending,
    /// Keeps the worker.
    _engine: Arc<Handle>,
}

impl Entry {
    /// The handle on an object of `engine`, as tensors hold it.
    pub(in crate::engine) fn managed(
        engine: &Arc<Handle>,
        object: u32,
        gates: Arc<Gates>,
        name: Arc<str>,
    ) -> Managed {
        let (shared, _engine) = (Arc::clone(&engine.0), Arc::clone(engine));
        let entry: Arc<dyn Keeper> = Arc::new_cyclic(|me: &Weak<Self>| {
            let lending = Lending::new(Weak::<Self>::clone(me));
            Self { me: Weak::clone(me), object, gates, shared, lending, _engine }
        });
        Managed::new(entry, u64::from(object), name)
    }

    /// A hold on bytes whose gates are open.
    #[inline]
    fn enter(&self, writer: Option<&Writer>, range: &Range<u64>) -> Option<Hit> {
        let pass = match self.gates.enter(range, writer.and_then(Writer::visitor)) {
            Ok(pass) => pass,
            Err(barred) if barred.is_quiet() => return None,
            Err(barred) => {
                self.withdraw(writer, barred);
                return None;
            }
        };
        let Some(bytes) = self.gates.address(range.start) else {
            self.leave(pass);
            return None;
        };
        self.shared.note_hit(writer, pass.noted(self.object), self.gates.weight(pass));
        Some(Hit { bytes, token: pass.token() })
    }

    /// Makes good what came of entering in vain.
    #[cold]
    fn withdraw(&self, writer: Option<&Writer>, Barred { inside, unclear }: Barred) {
        if let (Some(writer), Some(part)) = (writer, unclear) {
            writer.resolve(self.object, Arc::as_ptr(&self.gates), part);
        }
        if let Some(inside) = inside {
            self.leave(inside);
        }
    }

    #[inline]
    fn leave(&self, pass: Pass) {
        // Kept aside: of what is unclear, and may not have been counted, nothing here may be touched any more.
        let (object, gates) = (self.object, Arc::as_ptr(&self.gates));
        self.shared.as_writer(|writer| {
            self.gates.leave(pass, writer.and_then(Writer::visitor), |part, left| match (left, writer) {
                (Left::Unclear, Some(writer)) => writer.resolve(object, gates, part),
                _ => self.leave_closed(part),
            });
        });
    }

    #[cold]
    fn leave_closed(&self, part: Pass) {
        // The core still counts the part, so the entry lives; from here on this count keeps it, and the engine.
        let Some(me) = self.me.upgrade() else { return };
        let anchor = me.shared.leave_closed(me.object, part);
        drop((anchor, me));
    }
}

// SAFETY:
// - `bytes .. bytes + len` is valid until `release`: through a gate, because the core closes it before it gives a chunk
//   away, and counts whoever is inside as a lease of the residency table; else because all chunks under it are leased
//   there. Leased copies are neither evicted nor moved, and their blocks keep span and window alive inside `Shared`,
//   which the entry holds;
// - it changes only by its holder: fills go only to absent copies, and an exclusive lease excludes all others;
// - the placement keeps a whole tensor aligned to 64 bytes and a slice to its element;
// - holds through a gate are anchored: the tensor's `Managed` counts the entry, and `forget`, its last act, leaves an
//   anchor with the core while anybody is inside.
unsafe impl Keeper for Entry {
    #[inline]
    fn hit(&self, _: u64, range: Range<u64>) -> Option<Hit> {
        if forks() != self.shared.front.forks {
            return None;
        }
        self.shared.as_writer(|writer| self.enter(writer, &range))
    }

    fn acquire(&self, id: u64, range: Range<u64>, access: Access) -> Result<Held> {
        self.shared.acquire(id, range, access)
    }

    fn poll_acquire(
        &self,
        id: u64,
        range: Range<u64>,
        access: Access,
        ticket: &mut Option<u64>,
        waker: &Waker,
    ) -> Poll<Result<Held>> {
        if ticket.is_none()
            && access == Access::Read
            && let Some(Hit { bytes, token }) = self.hit(id, range.clone())
        {
            let len = (range.end - range.start) as usize;
            return Poll::Ready(Ok(Held { bytes, len, token, anchored: true }));
        }
        self.shared.poll_acquire(id, range, access, ticket, waker)
    }

    fn abandon(&self, ticket: u64) {
        self.shared.abandon(ticket);
    }

    #[inline]
    fn release(&self, token: u64) {
        match Pass::of_token(token) {
            Some(_) if forks() != self.shared.front.forks => {}
            Some(pass) => self.leave(pass),
            None => self.shared.release(token),
        }
    }

    fn prefetch(&self, id: u64, range: Range<u64>) {
        if let Ok(index) = index(id) {
            self.shared.prefetch(index, &range);
        }
    }

    fn advise(&self, id: u64, range: Range<u64>, advice: Advice) -> Result<()> {
        self.shared.advise(index(id)?, &range, advice)
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(&self.lending)
    }

    fn forget(&self, id: u64) {
        let Ok(index) = index(id) else { return };
        if !self.shared.is_at_home() {
            return;
        }
        let mut core = self.shared.lock();
        self.shared.forget_object(&mut core, index);
        if let Some(object) = core.catalogue.get_mut(index).filter(|object| object.inside > 0) {
            object.anchor = self.me.upgrade();
        }
        drop(core);
        self.shared.wake();
    }
}

impl Lender for Entry {
    fn lend(&self, device: Device, access: Access) -> Result<(DeviceBlock, u64)> {
        self.shared.lend_on(self.object, device, access)
    }

    fn give_back(&self, token: u64, torn: bool) {
        self.shared.give_back_on(token, torn);
    }

    fn expect_on(&self, device: Device) {
        self.shared.expect_on(self.object, device);
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("object", &self.object).finish_non_exhaustive()
    }
}
