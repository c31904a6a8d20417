//! Leases that wait: what each needs, in order of arrival, and what became of it.
//!
//! Nothing is held while waiting. A request is granted when all of its chunks are there at once; until then they
//! are only *wanted*, which keeps them from being chosen as victims. When the oldest request is starved of room,
//! chunks that only later ones want may go: so the oldest always gets on, and no two requests can each hold what
//! the other needs.

use super::slice::Lent;
use crate::error::Error;
use crate::object::ChunkKey;
use std::ops::RangeInclusive;
use std::task::Waker;
use stratal_runtime::tensor::managed::Access;

/// How long readers first wait for a writer.
pub(super) const TURN_NS: u64 = 20_000_000;

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

    fn overlaps(&self, other: &Self) -> bool {
        self.object == other.object
            && self.chunks.start() <= other.chunks.end()
            && other.chunks.start() <= self.chunks.end()
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
    /// When it came, by the engine's clock.
    pub(super) since_ns: u64,
    /// Whether bytes were missing then: else it waits for other leases.
    pub(super) missed: bool,
    /// Whoever polls for it; `None` where a thread sleeps for it.
    pub(super) task: Option<Task>,
}

/// A future that waits for a lease.
#[derive(Debug)]
pub(super) struct Task {
    /// What it will hold.
    pub(super) lent: Lent,
    pub(super) waker: Waker,
}

impl Request {
    /// Whether readers that come later wait for this writer: by turns, each twice as long as the last. In its turns the
    /// readers before it drain, so that it does not starve; in the others a reader that holds a lease and takes another
    /// gets on, so that it does not wait for itself.
    fn goes_first(&self, now_ns: u64) -> bool {
        let turns = now_ns.saturating_sub(self.since_ns) / TURN_NS + 1;
        turns.ilog2().is_multiple_of(2)
    }
}

/// All leases that wait, oldest first.
#[derive(Debug, Default)]
pub(super) struct Requests {
    queue: Vec<Request>,
    next_ticket: u64,
}

impl Requests {
    /// Adds a request and names it.
    pub(super) fn push(&mut self, span: Span, access: Access, now_ns: u64, missed: bool) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.queue.push(Request {
            ticket,
            span,
            access,
            outcome: Outcome::Waiting,
            since_ns: now_ns,
            missed,
            task: None,
        });
        ticket
    }

    /// Takes a request out, whatever became of it.
    pub(super) fn remove(&mut self, ticket: u64) -> Option<Request> {
        let index = self.queue.iter().position(|request| request.ticket == ticket)?;
        Some(self.queue.remove(index))
    }

    /// Requests of futures that wait since before `before_ns`.
    pub(super) fn overdue(&self, before_ns: u64) -> Vec<u64> {
        let overdue = |request: &&Request| request.task.is_some() && request.since_ns <= before_ns;
        self.waiting().filter(overdue).map(|request| request.ticket).collect()
    }

    /// When the worker has to look at a request that waits: at half its deadline, from where on nothing throttles it, and,
    /// where a future waits, at the deadline.
    pub(super) fn due_ns(&self, now_ns: u64, deadline_ns: u64) -> Option<u64> {
        let due = |request: &Request| {
            let after = |ns: u64| request.since_ns.saturating_add(ns);
            let half = Some(after(deadline_ns / 2)).filter(|half_ns| now_ns < *half_ns);
            half.or_else(|| request.task.is_some().then(|| after(deadline_ns)))
        };
        self.waiting().filter_map(due).min()
    }

    /// Whether a request still waits.
    pub(super) fn is_waiting(&self, ticket: u64) -> bool {
        self.waiting().any(|request| request.ticket == ticket)
    }

    pub(super) fn waiting(&self) -> impl Iterator<Item = &Request> {
        self.queue.iter().filter(|request| matches!(request.outcome, Outcome::Waiting))
    }

    /// Whether a lease to read has to let a writer go first who came before it: before `ticket`, or who waits at all.
    pub(super) fn yields(&self, span: &Span, access: Access, ticket: Option<u64>, now_ns: u64) -> bool {
        access == Access::Read && self.writers_before(span, ticket).any(|writer| writer.goes_first(now_ns))
    }

    /// Whether a writer of the span waits, and came before `ticket`.
    pub(super) fn has_writer_before(&self, span: &Span, ticket: u64) -> bool {
        self.writers_before(span, Some(ticket)).next().is_some()
    }

    fn writers_before(&self, span: &Span, ticket: Option<u64>) -> impl Iterator<Item = &Request> {
        let before = move |request: &Request| ticket.is_none_or(|ticket| request.ticket < ticket);
        let writes = |request: &Request| request.access == Access::Write;
        self.waiting()
            .filter(move |request| before(request) && writes(request) && request.span.overlaps(span))
    }

    pub(super) fn get_mut(&mut self, ticket: u64) -> Option<&mut Request> {
        self.queue.iter_mut().find(|request| request.ticket == ticket)
    }
}
