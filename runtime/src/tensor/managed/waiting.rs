//! A lease that is waited for by polling.
//!
//! Invariant: while `ticket` names a request, the keeper knows it; it is answered or abandoned once.

use super::{Access, Lease, Managed};
use crate::error::Result;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// A request for a range of an object's bytes.
#[derive(Debug)]
pub(in super::super) struct Waiting {
    managed: Arc<Managed>,
    range: Range<u64>,
    access: Access,
    ticket: Option<u64>,
}

impl Waiting {
    pub(in super::super) fn new(managed: Arc<Managed>, range: Range<u64>, access: Access) -> Self {
        Self { managed, range, access, ticket: None }
    }
}

impl Future for Waiting {
    type Output = Result<Lease>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { managed, range, access, ticket } = self.get_mut();
        let (keeper, waker) = (&managed.keeper, context.waker());
        match keeper.poll_acquire(managed.id, range.clone(), *access, ticket, waker) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(held) => {
                *ticket = None;
                // SAFETY: `held` was acquired just now.
                Poll::Ready(held.map(|held| unsafe { Lease::of(keeper, held, *access) }))
            }
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.managed.keeper.abandon(ticket);
        }
    }
}
