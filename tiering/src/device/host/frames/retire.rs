//! A pool becomes smaller: spans retire, and what they have free goes back to the kernel.
//!
//! A span is registered with the disk driver as a whole, and registered pages stay pinned however they are advised. So
//! the span is what retires: it is unregistered, no further block is made of it, its free pages are decommitted, and its
//! blocks follow one by one as they come home. When the last one has, its addresses are free again. Blocks of a retiring
//! span stay where they are and are moved as before, only unregistered.
//!
//! ```text
//! set_budget ──> surplus: spans retire ──> unregister, decommit (without the pool) ──> gave_back
//!                   ^                                                                     │
//!                   └──── free: a block of a retiring span came home <── evicted ─────────┘
//! ```
//!
//! Invariant: what is in a [`Surplus`] is no part of any block, nor ever will be again.

use super::{FRAME_PAGES, FramePool, PAGE_BYTES, Packed, Span};
use std::sync::Arc;
use stratal_runtime::sys;

/// Consecutive pages at home that no block has.
#[derive(Debug)]
struct Run {
    span: Arc<Span>,
    page: usize,
    pages: usize,
}

/// Memory that goes back to the kernel.
#[derive(Debug, Default)]
#[must_use = "it stays committed, and out of use, until it is decommitted and told to its pool"]
pub struct Surplus {
    /// Spans to unregister.
    regions: Vec<u16>,
    runs: Vec<Run>,
}

impl Surplus {
    pub(super) fn push(&mut self, span: &Arc<Span>, page: usize, pages: usize) {
        self.runs.push(Run { span: Arc::clone(span), page, pages });
    }

    /// Regions to unregister with the driver, before anything else is done.
    #[must_use]
    pub fn regions(&self) -> &[u16] {
        &self.regions
    }

    /// Bytes of it.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        (self.pages() * PAGE_BYTES) as u64
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.regions.is_empty() && self.runs.is_empty()
    }

    fn pages(&self) -> usize {
        self.runs.iter().map(|run| run.pages).sum()
    }

    /// Gives the memory to the kernel: some time per frame, spent without the pool. Returns the bytes that the kernel
    /// would not take; they stay out of use all the same.
    pub fn decommit(&self) -> u64 {
        let refused = self.runs.iter().filter(|run| !run.decommit());
        refused.map(|run| (run.pages * PAGE_BYTES) as u64).sum()
    }
}

impl Run {
    fn decommit(&self) -> bool {
        // SAFETY:
        // - the pages lie in the span, which `self` keeps alive, and at home: a block goes there before it is freed;
        // - no block has them, so nobody reads or writes them, and no flight owns them.
        unsafe { sys::decommit(self.span.address(self.page), self.pages * PAGE_BYTES) }.is_ok()
    }
}

impl FramePool {
    /// Changes the budget, in whole pages. Blocks stay; what is committed beyond it is [`Self::surplus`] as soon as it is
    /// free.
    pub fn set_budget(&mut self, budget_bytes: u64) {
        self.budget_pages = usize::try_from(budget_bytes).unwrap_or(usize::MAX) / PAGE_BYTES;
    }

    /// Bytes that the kernel has given and not got back.
    #[must_use]
    pub fn committed_bytes(&self) -> u64 {
        (self.committed_pages * PAGE_BYTES) as u64
    }

    /// Whether [`Self::surplus`] has anything to give.
    #[must_use]
    pub fn has_surplus(&self) -> bool {
        !self.leaving.is_empty() || (self.beyond_pages() > 0 && self.emptiest().is_some())
    }

    /// Whether spans that retire have something free.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        !self.leaving.is_empty()
    }

    /// Takes out what is free and beyond the budget. Unregister its regions, decommit it, and say so by
    /// [`Self::gave_back`].
    pub fn surplus(&mut self) -> Surplus {
        while self.beyond_pages() > 0
            && let Some(span) = self.emptiest()
        {
            self.retire(span);
        }
        let surplus = std::mem::take(&mut self.leaving);
        self.going_pages += surplus.pages();
        surplus
    }

    /// Memory was decommitted: it no longer counts.
    pub fn gave_back(&mut self, surplus: Surplus) {
        self.going_pages -= surplus.pages();
        self.committed_pages -= surplus.pages();
        for run in surplus.runs {
            let at = usize::from(run.span.index());
            let Some(tenure) = self.spans[at].as_mut() else { continue };
            tenure.pages -= run.pages;
            if tenure.pages == 0 {
                self.spans[at] = None;
            }
        }
    }

    pub(super) fn retires(&self, span: usize) -> bool {
        self.spans[span].as_ref().is_some_and(|tenure| tenure.retires)
    }

    /// Pages committed beyond the budget that are not about to go.
    fn beyond_pages(&self) -> usize {
        let staying = self.committed_pages - self.going_pages - self.leaving.pages();
        staying.saturating_sub(self.budget_pages)
    }

    /// The span with the most free pages, if one has any.
    fn emptiest(&self) -> Option<usize> {
        let mut free = vec![0; self.spans.len()];
        self.free_frames.iter().for_each(|(span, _)| free[*span] += FRAME_PAGES);
        self.packed.iter().for_each(|packed| free[packed.span] += packed.pages - packed.taken_pages);
        let (span, most) = free.into_iter().enumerate().max_by_key(|(_, pages)| *pages)?;
        (most > 0).then_some(span)
    }

    /// Makes no further block of a span: what it has free leaves.
    fn retire(&mut self, index: usize) {
        let Some(tenure) = self.spans[index].as_mut() else { return };
        tenure.retires = true;
        let span = Arc::clone(&tenure.span);
        let leaving = &mut self.leaving;
        leaving.regions.push(span.index());
        self.free_frames.retain(|(of, page)| {
            if *of == index {
                leaving.push(&span, *page, FRAME_PAGES);
            }
            *of != index
        });
        self.packed.retain(|packed| {
            if packed.span == index {
                packed.free_runs().for_each(|(page, pages)| leaving.push(&span, page, pages));
            }
            packed.span != index
        });
    }
}

impl Packed {
    /// The runs that no block has: first page in the span, and pages.
    fn free_runs(&self) -> impl Iterator<Item = (usize, usize)> {
        let mut page = 0;
        std::iter::from_fn(move || {
            page = (page..self.pages).find(|page| !self.is_taken(*page))?;
            let end = (page..self.pages).find(|page| self.is_taken(*page)).unwrap_or(self.pages);
            let run = (self.first_page + page, end - page);
            page = end;
            Some(run)
        })
    }
}

#[cfg(test)]
mod tests;
