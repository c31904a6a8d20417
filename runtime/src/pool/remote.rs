//! Remote free lists: how a block comes home when another thread frees it.
//!
//! The freeing thread links the blocks of one owner into a [`Chain`], through their own first words, and pushes the
//! chain with one compare-exchange. The owner swaps the whole list out. Nobody takes single blocks from the list,
//! so the same head with a different list behind it (ABA) does no harm.

use std::marker::PhantomData;
use std::ptr;

use crate::sync::modelled::{AtomicPtr, Ordering, UnsafeCell};
use crate::sync::{Orders, Paired};

/// A free block on its way home; lives in the block's own memory.
#[derive(Debug)]
pub(crate) struct Block {
    next: UnsafeCell<*mut Block>,
}

impl Block {
    /// A block that is linked to nothing.
    #[cfg(test)]
    pub(crate) fn unlinked() -> Self {
        Self { next: UnsafeCell::new(ptr::null_mut()) }
    }
}

/// Sets the successor of `block`.
///
/// # Safety
///
/// `block` is free, belongs to the caller alone, is aligned, and has room for a [`Block`].
unsafe fn link(block: *mut Block, next: *mut Block) {
    // SAFETY: the caller's own memory; a cell is valid whatever its bytes are.
    let place = unsafe { &(*block).next };
    #[cfg(stratal_asan)]
    super::asan::unpoison(block.cast(), size_of::<Block>());
    #[cfg(all(feature = "hardened", not(stratal_loom)))]
    let next = super::hardened::key::seal(block.addr(), next.cast()).cast();
    // SAFETY: nobody else accesses it.
    place.with_mut(|place| unsafe { place.write(next) });
}

/// The successor of `block`.
///
/// # Safety
///
/// As for [`link`], which was called for it.
unsafe fn next_of(block: *mut Block) -> *mut Block {
    // SAFETY: the caller's own memory, which `link` initialised.
    let place = unsafe { &(*block).next };
    // SAFETY: nobody else accesses it.
    let next = place.with_mut(|place| unsafe { place.read() });
    #[cfg(all(feature = "hardened", not(stratal_loom)))]
    let next = super::hardened::key::open(block.addr(), next.cast()).cast();
    next
}

/// Free blocks linked from `head` to `tail`, in the hands of one thread.
#[derive(Debug)]
pub(crate) struct Chain {
    head: *mut Block,
    tail: *mut Block,
}

impl Chain {
    /// A chain of nothing.
    pub(crate) const fn new() -> Self {
        Self { head: ptr::null_mut(), tail: ptr::null_mut() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_null()
    }

    /// Adds a block.
    ///
    /// # Safety
    ///
    /// `block` is free, belongs to the caller alone until it is taken from a list, is aligned, and has room for a
    /// [`Block`].
    pub(crate) unsafe fn push(&mut self, block: *mut Block) {
        // SAFETY: forwarded.
        unsafe { link(block, self.head) };
        if self.tail.is_null() {
            self.tail = block;
        }
        self.head = block;
    }
}

/// A list that any thread pushes chains to and its owner empties. `O` is weakened only by models.
#[derive(Debug)]
pub(crate) struct RemoteList<O: Orders = Paired> {
    head: AtomicPtr<Block>,
    orders: PhantomData<O>,
}

impl<O: Orders> RemoteList<O> {
    #[cfg(not(stratal_loom))]
    pub(crate) const fn new() -> Self {
        Self { head: AtomicPtr::new(ptr::null_mut()), orders: PhantomData }
    }

    #[cfg(stratal_loom)]
    pub(crate) fn new() -> Self {
        Self { head: AtomicPtr::new(ptr::null_mut()), orders: PhantomData }
    }

    /// Sends every block of `chain` home.
    pub(crate) fn push(&self, chain: Chain) {
        if chain.is_empty() {
            return;
        }
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            // SAFETY: the tail was pushed to the chain, which owns its blocks until the exchange below succeeds.
            unsafe { link(chain.tail, head) };
            match self.head.compare_exchange_weak(head, chain.head, O::PUBLISH, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }

    /// Takes every block that has arrived.
    pub(crate) fn drain(&self) -> Drain {
        // An empty list is the common case, and looking costs less than swapping. Loom swaps always: its search
        // takes the answer of a relaxed load for final.
        if !cfg!(stratal_loom) && self.head.load(Ordering::Relaxed).is_null() {
            return Drain { next: ptr::null_mut() };
        }
        Drain { next: self.head.swap(ptr::null_mut(), O::CONSUME) }
    }
}

/// Blocks that have come home, one by one.
#[derive(Debug)]
pub(crate) struct Drain {
    next: *mut Block,
}

impl Iterator for Drain {
    type Item = *mut Block;

    fn next(&mut self) -> Option<*mut Block> {
        let block = self.next;
        if block.is_null() {
            return None;
        }
        // SAFETY: every block of the list was linked by its sender, whose writes the swap made visible, and belongs
        // to this drain alone.
        self.next = unsafe { next_of(block) };
        #[cfg(all(feature = "hardened", not(stratal_loom)))]
        // SAFETY: as above: the block's first word, which was its link.
        unsafe {
            block.cast::<usize>().write(super::hardened::JUNK_WORD);
        }
        Some(block)
    }
}

#[cfg(test)]
mod tests;
