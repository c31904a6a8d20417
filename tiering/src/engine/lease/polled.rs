//! Leases that are polled for: the same requests as those of sleeping threads, with a waker in place of a sleeper.
//!
//! The worker calls the wakers, without the lock, and ends requests whose deadline has passed. Giving a request up takes
//! it out of the queue, or ends the lease that it was granted meanwhile; flights go on, and keep their blocks.

use super::super::request::{Outcome, Task};
use super::super::state::{Core, Hold, Shared};
use super::{Asked, NOTHING};
use crate::error::{Error, ErrorKind, Result};
use crate::observe::clock::Clock;
use crate::residency::state::Exclusive;
use std::ops::Range;
use std::task::{Poll, Waker};
use std::time::Duration;
use stratal_runtime::tensor::managed::{Access, Held};

impl Shared {
    pub(super) fn poll_acquire(
        &self,
        id: u64,
        range: Range<u64>,
        access: Access,
        ticket: &mut Option<u64>,
        waker: &Waker,
    ) -> Poll<Result<Held>> {
        match *ticket {
            None => match self.ask_first(id, range, access, waker) {
                Ok(Ok(held)) => Poll::Ready(Ok(held)),
                Ok(Err(request)) => {
                    *ticket = Some(request);
                    Poll::Pending
                }
                Err(error) => Poll::Ready(Err(error)),
            },
            Some(request) => {
                let answer = self.ask_again(request, waker);
                if answer.is_ready() {
                    *ticket = None;
                }
                answer
            }
        }
    }

    /// The lease, or the ticket of a request for it.
    fn ask_first(
        &self,
        id: u64,
        range: Range<u64>,
        access: Access,
        waker: &Waker,
    ) -> Result<std::result::Result<Held, u64>> {
        let mut core = self.enter(id)?;
        let answer = match self.ask(&mut core, id, range, access)? {
            Asked::Nothing => Ok(NOTHING),
            Asked::Leased(lent) => Ok(self.hold(&mut core, lent, access)?),
            Asked::Absent(lent) => {
                let ticket = self.enqueue(&mut core, &lent.span, access, self.clock.now_ns());
                if let Some(request) = core.requests.get_mut(ticket) {
                    request.task = Some(Task { lent, waker: waker.clone() });
                }
                Err(ticket)
            }
        };
        drop(core);
        self.wake();
        Ok(answer)
    }

    fn ask_again(&self, ticket: u64, waker: &Waker) -> Poll<Result<Held>> {
        if !self.is_at_home() {
            let message = "the engine stayed in the process that was forked; build another one here";
            return Poll::Ready(Err(Error::new(ErrorKind::Unsupported, message)));
        }
        let mut core = self.lock();
        if core.requests.is_waiting(ticket) {
            if let Some(task) = core.requests.get_mut(ticket).and_then(|request| request.task.as_mut()) {
                task.waker.clone_from(waker);
            }
            return Poll::Pending;
        }
        let given_up = || Error::new(ErrorKind::Missing, "the request was given up");
        let Some(request) = core.requests.remove(ticket) else { return Poll::Ready(Err(given_up())) };
        let ns = self.clock.now_ns().saturating_sub(request.since_ns);
        let waited = self.note_wait(&core, &request, ns);
        let held = match (request.outcome, request.task) {
            (Outcome::Granted, Some(task)) => self.hold(&mut core, task.lent, request.access),
            (Outcome::Failed(error), _) => Err(error),
            (Outcome::Granted | Outcome::Waiting, _) => Err(given_up()),
        };
        drop(core);
        self.wake();
        waited.tell();
        Poll::Ready(held)
    }

    /// Takes a request back, whatever became of it.
    pub(super) fn abandon(&self, ticket: u64) {
        if !self.is_at_home() {
            return;
        }
        let mut core = self.lock();
        let Some(request) = core.requests.remove(ticket) else { return };
        match request.outcome {
            Outcome::Waiting => {
                self.unwant(&mut core, &request.span);
                self.collect(&mut core, request.span.object);
            }
            Outcome::Granted => {
                let hold = Hold { span: request.span, access: request.access };
                self.unlease(&mut core, &hold, Exclusive::Untouched);
            }
            Outcome::Failed(_) => {}
        }
        self.grant_ready(&mut core);
        drop(core);
        self.wake();
    }

    /// By the worker: ends requests of futures whose deadline has passed. Returns the time until
    /// the next request is to be looked at.
    pub(in crate::engine) fn expire(&self, core: &mut Core) -> Duration {
        let deadline_ns = u64::try_from(self.policy.deadline().as_nanos()).unwrap_or(u64::MAX);
        let now_ns = self.clock.now_ns();
        if let Some(before_ns) = now_ns.checked_sub(deadline_ns) {
            for ticket in core.requests.overdue(before_ns) {
                let Some(request) = core.requests.get_mut(ticket) else { continue };
                let (span, access) = (request.span.clone(), request.access);
                let error = self.too_late(core, &span, access);
                self.end_request(core, ticket, Outcome::Failed(error));
            }
        }
        let due = core.requests.due_ns(now_ns, deadline_ns);
        due.map_or(Duration::MAX, |due_ns| Duration::from_nanos(due_ns.saturating_sub(now_ns)))
    }
}
