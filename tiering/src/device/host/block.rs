//! A block: pages of the pool, owned by one holder at a time, at home or moved into a window.
//!
//! Invariants: the pages of two blocks never overlap; a block keeps its span and its window alive; only the holder
//! of the block writes its bytes or moves it.

use super::frames::Span;
use super::window::Window;
use super::{FRAME_PAGES, PAGE_BYTES};
use crate::error::{Error, ErrorKind, Result};
use std::ptr::NonNull;
use std::sync::Arc;
use stratal_runtime::sys;

/// Pages of a [`FramePool`](super::FramePool), owned. Give it back with [`FramePool::free`](super::FramePool::free);
/// one that is only dropped stays out of use until the pool goes.
#[derive(Debug)]
pub struct Block {
    span: Arc<Span>,
    page: u32,
    pages: u32,
    /// On whose account its bytes are, for its holder to know.
    account: u16,
    away: Option<Away>,
}

#[derive(Debug)]
struct Away {
    address: NonNull<u8>,
    _window: Arc<Window>,
}

// SAFETY: a block owns its pages exclusively; both the span and the window it points into are `Send + Sync` and
// kept alive by it.
unsafe impl Send for Block {}

impl Block {
    /// # Safety
    /// No other block covers `page .. page + pages` of `span`.
    pub(super) unsafe fn new(span: Arc<Span>, page: u32, pages: u32) -> Self {
        Self { span, page, pages, account: 0, away: None }
    }

    pub(super) fn span(&self) -> &Arc<Span> {
        &self.span
    }

    pub(super) fn page(&self) -> usize {
        self.page as usize
    }

    /// Pages held.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.pages as usize
    }

    /// Bytes held: pages times their size.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.pages() * PAGE_BYTES
    }

    /// On whose account its bytes are: 0, unless its holder has said otherwise.
    #[must_use]
    pub fn account(&self) -> u16 {
        self.account
    }

    /// Notes on whose account its bytes are.
    pub fn set_account(&mut self, account: u16) {
        self.account = account;
    }

    /// Whether it is a whole frame.
    #[must_use]
    pub fn is_frame(&self) -> bool {
        self.pages() == FRAME_PAGES
    }

    /// The region it was made in, and its address there, under which the driver registered it. The bytes may be
    /// elsewhere now.
    #[must_use]
    pub fn home(&self) -> (u16, NonNull<u8>) {
        (self.span.index(), self.span.address(self.page()))
    }

    /// Where the bytes are now.
    #[must_use]
    pub fn address(&self) -> NonNull<u8> {
        self.away.as_ref().map_or_else(|| self.home().1, |away| away.address)
    }

    /// Moves the pages to `offset` of `window`; their old address becomes an empty hole. The place must be a hole:
    /// the pages of another block there would be lost.
    ///
    /// # Errors
    /// `Unsupported` when the place is not inside the window, `OutOfMemory` when the kernel has no more mappings;
    /// the block then stays where it was.
    pub fn move_into(&mut self, window: &Arc<Window>, offset: usize) -> Result<()> {
        let Some(target) = window.place(offset, self.bytes()) else {
            return Err(Error::new(ErrorKind::Unsupported, "a block was to move outside its window"));
        };
        self.remap(target)?;
        self.away = Some(Away { address: target, _window: Arc::clone(window) });
        Ok(())
    }

    /// Moves the pages back to where the pool laid them out.
    ///
    /// # Errors
    /// `OutOfMemory` when the kernel has no more mappings; the block then stays where it was.
    pub(super) fn go_home(&mut self) -> Result<()> {
        if self.away.is_some() {
            self.remap(self.home().1)?;
            self.away = None;
        }
        Ok(())
    }

    fn remap(&mut self, target: NonNull<u8>) -> Result<()> {
        // SAFETY:
        // - the pages at `address` belong to this block alone, and `&mut self` says nobody reads them;
        // - `target` is reserved: it lies in a live window, or is this block's own hole in its span;
        // - both ranges are page-aligned, equally long, and distinct reservations, so they do not overlap.
        unsafe { sys::remap(self.address(), self.bytes(), target) }
    }

    /// The bytes, to write; the holder alone has them.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY:
        // - the pages are mapped, initialised (anonymous memory) and owned by this block alone;
        // - `&mut self` excludes every other borrow through it.
        unsafe { std::slice::from_raw_parts_mut(self.address().as_ptr(), self.bytes()) }
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: the pages are mapped and initialised, and nobody writes them without `&mut self`.
        unsafe { std::slice::from_raw_parts(self.address().as_ptr(), self.bytes()) }
    }
}
