//! The gates before an object's host copies, through which a hit passes without a lock.
//!
//! ```text
//!  whole   ─ entered by leases on all of the object; open only while every chunk may be shared
//!  chunk 0 ─ entered by leases on some chunks, one by one; none where the object has one chunk
//!  chunk 1 ─
//! ```
//!
//! Invariant: a gate is open only while residency would grant a shared lease of every chunk behind it. The core closes
//! it before it takes that away, and counts the holds that are still inside as shared leases of those chunks: from then
//! on they are in the residency table, and end under the lock.

use crate::transfer::Placement;
use std::ops::{Range, RangeInclusive};
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicPtr, Ordering};
use stratal_runtime::hold::{Entered, Gate, Left, Visitor};

/// Marks a token of a hold that came through a gate; tokens of other leases have it clear.
const GATED: u64 = 1 << 63;

/// The chunks of a hold on the whole object.
const WHOLE: u32 = u32::MAX;

/// Most chunks that a lease enters one by one.
const CHUNKS_MAX: u32 = 8;

/// What a gated hold stands for, in 32 bits: all chunks, or a first and a last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Pass(u32);

impl Pass {
    fn of(chunks: &RangeInclusive<u32>) -> Option<Self> {
        let (first, last) = (*chunks.start(), *chunks.end());
        (last < 0xFFFF && last - first < CHUNKS_MAX).then_some(Self(first << 16 | last))
    }

    fn alone(chunk: u32) -> Self {
        Self(chunk << 16 | chunk)
    }

    /// The pass that a token stands for, if it came through a gate.
    pub(super) fn of_token(token: u64) -> Option<Self> {
        (token & GATED != 0).then_some(Self(token as u32))
    }

    pub(super) fn token(self) -> u64 {
        GATED | u64::from(self.0)
    }

    /// As a trail notes it, with the object.
    pub(super) fn noted(self, object: u32) -> u64 {
        u64::from(object) << 32 | u64::from(self.0)
    }

    /// Object and pass of a note.
    pub(in crate::engine) fn of_note(note: u64) -> (u32, Self) {
        ((note >> 32) as u32, Self(note as u32))
    }

    /// The chunks, of an object that has `count`.
    pub(in crate::engine) fn chunks(self, count: u32) -> RangeInclusive<u32> {
        if self.0 == WHOLE { 0..=count.saturating_sub(1) } else { self.0 >> 16..=self.0 & 0xFFFF }
    }
}

/// Why a hold was not had.
#[derive(Clone, Copy, Debug)]
pub(super) struct Barred {
    /// Chunks that were entered before one was closed: the caller leaves them.
    pub(super) inside: Option<Pass>,
    /// What the core may have counted although it never was a hold: the caller has it resolved.
    pub(super) unclear: Option<Pass>,
}

impl Barred {
    const QUIETLY: Self = Self { inside: None, unclear: None };

    /// What stands for all of `part` that did not come in.
    fn by(entered: Entered, part: Pass) -> Self {
        Self { unclear: (entered == Entered::Unclear).then_some(part), ..Self::QUIETLY }
    }

    /// Whether nothing is left to do.
    pub(super) fn is_quiet(self) -> bool {
        self.inside.is_none() && self.unclear.is_none()
    }
}

/// The gates of one object, and where its bytes are while one is open. Alone on its cache lines: threads that lease
/// different objects do not slow each other down.
#[derive(Debug)]
#[repr(align(128))]
pub(in crate::engine) struct Gates {
    whole: Gate,
    chunks: Box<[Gate]>,
    placement: Placement,
    /// Address of the object's first byte; set before a gate opens, and the same until all are closed and empty.
    first: AtomicPtr<u8>,
}

impl Gates {
    pub(in crate::engine) fn new(placement: Placement) -> Self {
        let each = if placement.chunks() > 1 { placement.chunks() } else { 0 };
        Self {
            whole: Gate::new(),
            chunks: (0..each).map(|_| Gate::new()).collect(),
            placement,
            first: AtomicPtr::new(null_mut()),
        }
    }

    /// Takes a hold on a range of bytes, where every gate before it is open.
    ///
    /// # Errors
    /// What the caller has to make good.
    #[inline]
    pub(super) fn enter(&self, range: &Range<u64>, visitor: Option<&Visitor>) -> Result<Pass, Barred> {
        if range.start >= range.end || range.end > self.placement.bytes {
            return Err(Barred::QUIETLY);
        }
        if self.chunks.is_empty() || range.end - range.start == self.placement.bytes {
            return match self.whole.enter(visitor) {
                Entered::Inside => Ok(Pass(WHOLE)),
                barred => Err(Barred::by(barred, Pass(WHOLE))),
            };
        }
        self.enter_chunks(self.placement.chunks_of(range), visitor)
    }

    fn enter_chunks(&self, chunks: RangeInclusive<u32>, visitor: Option<&Visitor>) -> Result<Pass, Barred> {
        let pass = Pass::of(&chunks).ok_or(Barred::QUIETLY)?;
        for chunk in chunks.clone() {
            let entered = self.chunks[chunk as usize].enter(visitor);
            if entered != Entered::Inside {
                let before = *chunks.start()..=chunk.wrapping_sub(1);
                let inside = if chunk == *chunks.start() { None } else { Pass::of(&before) };
                return Err(Barred { inside, ..Barred::by(entered, Pass::alone(chunk)) });
            }
        }
        Ok(pass)
    }

    /// Chunks that a pass goes through.
    #[inline]
    pub(super) fn weight(&self, pass: Pass) -> u64 {
        if pass.0 == WHOLE {
            self.chunks.len().max(1) as u64
        } else {
            u64::from((pass.0 & 0xFFFF) - (pass.0 >> 16) + 1)
        }
    }

    /// Gives a hold back; `tell` is called for each part of it that the core has counted as a lease, or may have. Nothing
    /// here is touched after the last part has gone, unless it was counted: the object may be gone then.
    #[inline]
    pub(super) fn leave(&self, pass: Pass, visitor: Option<&Visitor>, mut tell: impl FnMut(Pass, Left)) {
        if pass.0 == WHOLE {
            let left = self.whole.leave(visitor);
            if left != Left::Quietly {
                tell(pass, left);
            }
            return;
        }
        for chunk in pass.chunks(0) {
            let left = self.chunks[chunk as usize].leave(visitor);
            if left != Left::Quietly {
                tell(Pass::alone(chunk), left);
            }
        }
    }

    /// By the core, after a step of `visitor` on one gate that was unclear: whether it had been counted as a lease.
    pub(super) fn resolve(&self, part: Pass, visitor: &Visitor) -> bool {
        let gate = if part.0 == WHOLE { Some(&self.whole) } else { self.chunks.get((part.0 >> 16) as usize) };
        gate.is_some_and(|gate| gate.resolve(visitor))
    }

    /// Address of byte `offset` of the object; only for a holder.
    #[inline]
    pub(super) fn address(&self, offset: u64) -> Option<NonNull<u8>> {
        // The entering of the gate carries what was stored before its opening.
        let first = NonNull::new(self.first.load(Ordering::Relaxed))?;
        NonNull::new(first.as_ptr().wrapping_add(offset as usize))
    }

    /// By the core: opens the gate of a chunk whose object begins at `first`.
    pub(in crate::engine) fn open_chunk(&self, chunk: u32, first: NonNull<u8>) {
        if let Some(gate) = self.chunks.get(chunk as usize) {
            self.first.store(first.as_ptr(), Ordering::Relaxed);
            gate.open();
        }
    }

    /// By the core: opens the gate of the whole object.
    pub(in crate::engine) fn open_whole(&self, first: NonNull<u8>) {
        self.first.store(first.as_ptr(), Ordering::Relaxed);
        self.whole.open();
    }

    /// By the core: closes the gates before a chunk; `barrier` is that of [`Gate::close`]. Returns the holds inside that
    /// were not counted as leases before: of the whole object, and of the chunk alone.
    pub(in crate::engine) fn close(&self, chunk: u32, barrier: impl Fn(u32)) -> (u32, u32) {
        let whole = self.whole.close(&barrier);
        (whole, self.chunks.get(chunk as usize).map_or(0, |gate| gate.close(&barrier)))
    }

    /// Holds that are inside open gates.
    pub(in crate::engine) fn holds(&self) -> usize {
        self.chunks.iter().chain([&self.whole]).map(|gate| gate.holds() as usize).sum()
    }

    /// Whether a chunk can be entered now.
    pub(in crate::engine) fn is_open(&self, chunk: u32) -> bool {
        self.whole.is_open() || self.chunks.get(chunk as usize).is_some_and(Gate::is_open)
    }
}
