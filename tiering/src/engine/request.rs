//! Leases that wait: what each needs, in order of arrival, and what became of it.
//!
//! Nothing is held while waiting. A request is granted when all of its chunks are there at once; until then they
//! are only *wanted*, which keeps them from being chosen as victims. When the oldest request is starved of room,
//! chunks that only later ones want may go: so the oldest always gets on, and no two requests can each hold what
//! the other needs.

use crate::error::Error;
use crate::object::ChunkKey;
use std::ops::RangeInclusive;
use stratal_runtime::tensor::managed::Access;

/// The chunks that a lease holds together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) object: u32,
    pub(super) chunks: RangeInclusive<u32>,
}

impl Span {
    pub(super) fn keys(&self) -> impl DoubleEndedIterator<Item = ChunkKey> + use<> {
        let object = self.object;
        self.chunks.clone().map(move |chunk| ChunkKey { object, chunk })
    }

    pub(super) fn contains(&self, key: ChunkKey) -> bool {
        self.object == key.object && self.chunks.contains(&key.chunk)
    }
}

/// What became of a request.
#[derive(Debug)]
pub(super) enum Outcome {
    Waiting,
    /// All chunks are leased for the waiter.
    Granted,
    Failed(Error),
}

/// A lease that waits.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) ticket: u64,
    pub(super) span: Span,
    pub(super) access: Access,
    pub(super) outcome: Outcome,
}

/// All leases that wait, oldest first.
#[derive(Debug, Default)]
pub(super) struct Requests {
    queue: Vec<Request>,
    next_ticket: u64,
}

impl Requests {
    /// Adds a request and names it.
    pub(super) fn push(&mut self, span: Span, access: Access) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.queue.push(Request { ticket, span, access, outcome: Outcome::Waiting });
        ticket
    }

    /// Takes a request out, whatever became of it.
    pub(super) fn remove(&mut self, ticket: u64) -> Option<Request> {
        let index = self.queue.iter().position(|request| request.ticket == ticket)?;
        Some(self.queue.remove(index))
    }

    /// Whether a request still waits.
    pub(super) fn is_waiting(&self, ticket: u64) -> bool {
        self.waiting().any(|request| request.ticket == ticket)
    }

    pub(super) fn waiting(&self) -> impl Iterator<Item = &Request> {
        self.queue.iter().filter(|request| matches!(request.outcome, Outcome::Waiting))
    }

    pub(super) fn get_mut(&mut self, ticket: u64) -> Option<&mut Request> {
        self.queue.iter_mut().find(|request| request.ticket == ticket)
    }
}
