//! The frame pool: spans of frames up to a budget, whole frames and page runs handed out as blocks.
//!
//! Invariants: `used + free + leaving == pages committed`, and where the budget has not just been lowered that is at most
//! the budget; a frame is either whole (free or in one block) or packed with runs; a frame whose last run returns is
//! whole again. The pool grows span by span as blocks are first needed, so a large budget costs nothing until it is used.
//! Spans are blocks of a [`Pool`] of their own, which frames leave and come home to by remapping: copies and staging
//! buffers come from one place with one limit. How a pool becomes smaller: [`retire`].

mod retire;

pub use retire::Surplus;

use super::block::Block;
use super::{FRAME_BYTES, FRAME_PAGES, PAGE_BYTES};
use crate::error::{Error, ErrorKind, Result};
use std::cmp::Ordering;
use std::ptr::NonNull;
use std::sync::Arc;
use stratal_runtime::pool::{Pool, PoolBuffer};
use stratal_runtime::sys;

/// The pool grows by an eighth of what it has, and by at least and at most so many frames: in little steps while it
/// is small, in few spans when it is large. What is never used is never committed.
const SPAN_FRAMES_MIN: usize = 16;
const SPAN_FRAMES_MAX: usize = 512;
const GROWTH_SHARE: usize = 8;

/// Frames that addresses are reserved for, at most: 64 TiB of them.
const ADDRESSED_FRAMES_MAX: usize = (64 << 40) / FRAME_BYTES;

/// A long block of the addresses, committed and mapped until the last of its own blocks is gone. Its bytes are
/// reached through those.
#[derive(Debug)]
pub(super) struct Span {
    bytes: PoolBuffer,
    index: u16,
}

impl Span {
    fn commit(addresses: &Pool, len: usize, index: u16) -> Result<Self> {
        let bytes = addresses.allocate_unzeroed(len)?;
        let start = bytes.as_non_null();
        // SAFETY: the block was taken just now and nothing else knows it. A child after fork must not share pages
        // under DMA.
        unsafe { sys::dont_fork(start, len) };
        // SAFETY: as above; huge pages are faulted in now, so that registration pins them whole.
        unsafe { sys::populate(start, len) }?;
        Ok(Self { bytes, index })
    }

    pub(super) fn index(&self) -> u16 {
        self.index
    }

    pub(super) fn address(&self, page: usize) -> NonNull<u8> {
        debug_assert!(page * PAGE_BYTES < self.bytes.len());
        // SAFETY: blocks are only made of pages inside the span.
        unsafe { self.bytes.as_non_null().add(page * PAGE_BYTES) }
    }
}

/// Memory that became part of the pool and wants registering with the disk driver.
#[derive(Clone, Copy, Debug)]
pub struct Region {
    /// Index to register it under.
    pub index: u16,
    /// First byte.
    pub start: NonNull<u8>,
    /// Bytes.
    pub len: usize,
}

// SAFETY: a region is only a pair of numbers about memory that the pool keeps alive.
unsafe impl Send for Region {}

/// A frame that is shared by runs of pages.
#[derive(Debug)]
struct Packed {
    span: usize,
    first_page: usize,
    pages: usize,
    taken: [u64; FRAME_PAGES / 64],
    taken_pages: usize,
}

impl Packed {
    fn new(span: usize, first_page: usize, pages: usize) -> Self {
        Self { span, first_page, pages, taken: [0; FRAME_PAGES / 64], taken_pages: 0 }
    }

    fn is_taken(&self, page: usize) -> bool {
        self.taken[page / 64] >> (page % 64) & 1 == 1
    }

    fn set(&mut self, page: usize, taken: bool) {
        let bit = 1 << (page % 64);
        if taken {
            self.taken[page / 64] |= bit;
        } else {
            self.taken[page / 64] &= !bit;
        }
    }

    /// First fit of `pages` consecutive free pages.
    fn find(&self, pages: usize) -> Option<usize> {
        if self.pages - self.taken_pages < pages {
            return None;
        }
        let mut run = 0;
        for page in 0..self.pages {
            run = if self.is_taken(page) { 0 } else { run + 1 };
            if run == pages {
                return Some(page + 1 - pages);
            }
        }
        None
    }

    fn mark(&mut self, first: usize, pages: usize, taken: bool) {
        (first..first + pages).for_each(|page| self.set(page, taken));
        if taken {
            self.taken_pages += pages;
        } else {
            self.taken_pages -= pages;
        }
    }
}

/// A span of the pool.
#[derive(Debug)]
struct Tenure {
    span: Arc<Span>,
    /// Pages that it has and has not given back.
    pages: usize,
    /// Whether no further block is made of it.
    retires: bool,
}

/// All host memory of one engine: never more than its budget.
#[derive(Debug)]
pub struct FramePool {
    /// Where spans come from; none if the system refused any.
    addresses: Vec<Pool>,
    budget_pages: usize,
    committed_pages: usize,
    used_pages: usize,
    used_pages_peak: usize,
    /// By index; `None` where a span has gone.
    spans: Vec<Option<Tenure>>,
    free_frames: Vec<(usize, usize)>,
    packed: Vec<Packed>,
    /// What retiring spans have free, until it is given back.
    leaving: Surplus,
    /// Pages that are being given back.
    going_pages: usize,
}

impl FramePool {
    /// A pool of at most `budget_bytes`, rounded down to pages. Nothing is committed yet.
    #[must_use]
    pub fn new(budget_bytes: u64) -> Self {
        let budget_pages = usize::try_from(budget_bytes).unwrap_or(usize::MAX) / PAGE_BYTES;
        Self {
            addresses: addresses(budget_pages).into_iter().collect(),
            budget_pages,
            committed_pages: 0,
            used_pages: 0,
            used_pages_peak: 0,
            spans: Vec::new(),
            free_frames: Vec::new(),
            packed: Vec::new(),
            leaving: Surplus::default(),
            going_pages: 0,
        }
    }

    /// Bytes it may hold.
    #[must_use]
    pub fn budget_bytes(&self) -> u64 {
        (self.budget_pages * PAGE_BYTES) as u64
    }

    /// Bytes in blocks now.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        (self.used_pages * PAGE_BYTES) as u64
    }

    /// Most bytes that were in blocks at once.
    #[must_use]
    pub fn used_bytes_peak(&self) -> u64 {
        (self.used_pages_peak * PAGE_BYTES) as u64
    }

    /// A block of `bytes`, rounded up to pages, at most one frame; `None` when no such room is committed and free.
    pub fn alloc(&mut self, bytes: usize) -> Option<Block> {
        let pages = bytes.max(1).div_ceil(PAGE_BYTES);
        let (span, page) = match pages.cmp(&FRAME_PAGES) {
            Ordering::Equal => self.take_frame()?,
            Ordering::Less => self.take_run(pages)?,
            Ordering::Greater => return None,
        };
        let Some(Tenure { span, .. }) = &self.spans[span] else { return None };
        let span = Arc::clone(span);
        self.used_pages += pages;
        self.used_pages_peak = self.used_pages_peak.max(self.used_pages);
        // SAFETY: the pages were taken from the free frames or marked in their bitmap just now, so no block has them.
        Some(unsafe { Block::new(span, page as u32, pages as u32) })
    }

    /// Takes a block back; its pages move home first.
    ///
    /// # Errors
    /// `OutOfMemory` when the kernel cannot move the pages home; the block then stays out of use.
    pub fn free(&mut self, mut block: Block) -> Result<()> {
        block.go_home()?;
        self.used_pages -= block.pages();
        let span = usize::from(block.span().index());
        if self.retires(span) {
            self.leaving.push(block.span(), block.page(), block.pages());
        } else if block.is_frame() {
            self.free_frames.push((span, block.page()));
        } else {
            self.free_run(span, block.page(), block.pages());
        }
        Ok(())
    }

    fn take_frame(&mut self) -> Option<(usize, usize)> {
        self.free_frames.pop()
    }

    fn take_run(&mut self, pages: usize) -> Option<(usize, usize)> {
        let found = self.packed.iter().enumerate().find_map(|(i, packed)| Some((i, packed.find(pages)?)));
        let (index, first) = match found {
            Some(found) => found,
            None => {
                let (span, first_page) = self.take_frame()?;
                self.packed.push(Packed::new(span, first_page, FRAME_PAGES));
                (self.packed.len() - 1, 0)
            }
        };
        let packed = &mut self.packed[index];
        packed.mark(first, pages, true);
        Some((packed.span, packed.first_page + first))
    }

    fn free_run(&mut self, span: usize, page: usize, pages: usize) {
        let first_page = page / FRAME_PAGES * FRAME_PAGES;
        let index =
            self.packed.iter().position(|packed| packed.span == span && packed.first_page == first_page);
        debug_assert!(index.is_some(), "a run comes from a packed frame");
        let Some(index) = index else { return };
        self.packed[index].mark(page - first_page, pages, false);
        if self.packed[index].taken_pages == 0 && self.packed[index].pages == FRAME_PAGES {
            self.packed.swap_remove(index);
            self.free_frames.push((span, first_page));
        }
    }

    /// The memory to commit next; `None` when the budget is all committed.
    #[must_use]
    pub fn growth(&self) -> Option<Growth> {
        let frames = self.committed_pages / FRAME_PAGES / GROWTH_SHARE;
        let step = frames.clamp(SPAN_FRAMES_MIN, SPAN_FRAMES_MAX) * FRAME_PAGES;
        let rest_pages = self.budget_pages.saturating_sub(self.committed_pages);
        let pages = step.min(rest_pages);
        let index = self.spans.iter().position(Option::is_none).unwrap_or(self.spans.len());
        // A span's index is a `u16`; 65,535 of them hold 64 TiB.
        (pages > 0 && index < usize::from(u16::MAX)).then(|| Growth {
            addresses: self.addresses.clone(),
            index,
            pages,
            rest_pages,
        })
    }

    /// Takes committed memory in, so that blocks can be made of it.
    pub fn add(&mut self, committed: Committed) {
        let Committed { growth: Growth { index, pages, .. }, span, fresh } = committed;
        if index == self.spans.len() {
            self.spans.push(None);
        }
        debug_assert!(self.spans[index].is_none(), "one growth is under way at a time");
        self.addresses.extend(fresh);
        self.spans[index] = Some(Tenure { span, pages, retires: false });
        self.committed_pages += pages;
        let whole = pages / FRAME_PAGES;
        self.free_frames.extend((0..whole).rev().map(|frame| (index, frame * FRAME_PAGES)));
        if !pages.is_multiple_of(FRAME_PAGES) {
            self.packed.push(Packed::new(index, whole * FRAME_PAGES, pages % FRAME_PAGES));
        }
    }

    /// The kernel refuses more memory: the budget is what is committed.
    pub fn stop_growing(&mut self) {
        // It may have been lowered while the kernel was asked.
        self.budget_pages = self.budget_pages.min(self.committed_pages);
    }
}

/// Addresses for `pages`, or for half as many, and so on, where the system refuses so many (a budget beyond what it
/// has): the pool then ends there.
fn addresses(pages: usize) -> Option<Pool> {
    let mut frames = pages.div_ceil(FRAME_PAGES).min(ADDRESSED_FRAMES_MAX);
    while frames > 0 {
        let built = Pool::builder()
            .name("host frames")
            .capacity(frames * FRAME_BYTES)
            .align(FRAME_BYTES)
            .huge_pages(true)
            .build();
        if let Ok(pool) = built {
            return Some(pool);
        }
        frames /= 2;
    }
    None
}

/// Memory that the budget allows and nobody has asked the kernel for yet.
#[derive(Clone, Debug)]
pub struct Growth {
    addresses: Vec<Pool>,
    index: usize,
    pages: usize,
    /// These and all that the budget allows besides.
    rest_pages: usize,
}

impl Growth {
    /// Commits the memory: tens of milliseconds, spent without the pool.
    ///
    /// # Errors
    /// `OutOfMemory` when the kernel refuses.
    pub fn commit(self) -> Result<Committed> {
        let len = self.pages * PAGE_BYTES;
        let is_full = |error: &Error| matches!(error.kind(), ErrorKind::NoSpace | ErrorKind::Budget);
        for pool in &self.addresses {
            match Span::commit(pool, len, self.index as u16) {
                Ok(span) => return Ok(Committed { growth: self, span: Arc::new(span), fresh: None }),
                // Its addresses are taken: by spans that retire, or since the budget was raised.
                Err(error) if is_full(&error) => {}
                Err(error) => return Err(error),
            }
        }
        let refused = || Error::new(ErrorKind::OutOfMemory, "the system has no addresses for frames");
        let pool = addresses(self.rest_pages).ok_or_else(refused)?;
        let span = Span::commit(&pool, len, self.index as u16)?;
        Ok(Committed { growth: self, span: Arc::new(span), fresh: Some(pool) })
    }
}

/// Memory committed for a pool that has not taken it in yet: the moment to register it with the driver, which finds
/// blocks by the pages that lie here now.
#[derive(Debug)]
pub struct Committed {
    growth: Growth,
    span: Arc<Span>,
    /// Addresses that were reserved for it.
    fresh: Option<Pool>,
}

impl Committed {
    /// What to register.
    #[must_use]
    pub fn region(&self) -> Region {
        Region { index: self.span.index, start: self.span.address(0), len: self.span.bytes.len() }
    }
}
