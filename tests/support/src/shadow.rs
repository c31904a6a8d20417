//! A shadow heap: a model of every live allocation, which notices overlap, misalignment, dirty zeroed memory and
//! lost or foreign bytes.
//!
//! Every block is painted with bytes that depend on its own number, and compared when it is resized or freed. All
//! of a short block is painted; of a long one both ends and the start of every page.

use std::alloc::{GlobalAlloc, Layout};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes painted at both ends of a block, and bytes painted at the start of every page of a long one.
const END: usize = 1024;
const PAGE: usize = 4096;
const PAGE_PAINT: usize = 16;

/// The addresses of all live blocks of several shadow heaps, as start and end.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Arc<Mutex<BTreeMap<usize, usize>>>);

impl Ledger {
    /// Notes a block; panics if it overlaps another.
    fn enter(&self, start: usize, len: usize) {
        let end = start + len;
        let mut live = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((&other, &other_end)) = live.range(..end).next_back() {
            assert!(
                other_end <= start,
                "{start:#x}..{end:#x} overlaps {other:#x}..{other_end:#x}, which is live"
            );
        }
        live.insert(start, end);
    }

    /// Blocks that are live in any of them.
    #[must_use]
    pub fn live_blocks(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn leave(&self, start: usize) {
        let gone = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&start);
        assert!(gone.is_some(), "{start:#x} is not live");
    }
}

/// A live block: painted, and owned by whoever holds this.
#[derive(Debug)]
pub struct Live {
    start: *mut u8,
    layout: Layout,
    number: u64,
}

// SAFETY: the block belongs to the holder, and the allocator under test may free it on any thread.
unsafe impl Send for Live {}

impl Live {
    /// Its size in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.layout.size()
    }

    fn paint(&self) {
        for_each_painted(self.layout.size(), |at| {
            for i in at {
                // SAFETY: `i` is below the size of the block, which the holder owns.
                unsafe { self.start.add(i).write(self.color(i)) };
            }
        });
    }

    /// Panics if a painted byte below `end` has changed.
    fn check(&self, end: usize) {
        for_each_painted(self.layout.size(), |at| {
            for i in at.start..at.end.min(end) {
                // SAFETY: `i` is below the size of the block, and painted, so initialised.
                let found = unsafe { self.start.add(i).read() };
                assert!(found == self.color(i), "byte {i} of a block of {:?} changed", self.layout);
            }
        });
    }

    fn color(&self, i: usize) -> u8 {
        (self.number.wrapping_mul(0x9E37_79B9) ^ (i as u64).wrapping_mul(0x85EB_CA6B) >> 3) as u8
    }
}

fn for_each_painted(len: usize, mut visit: impl FnMut(Range<usize>)) {
    visit(0..len.min(END));
    let mut page = PAGE;
    while page + PAGE_PAINT + END < len {
        visit(page..page + PAGE_PAINT);
        page += PAGE;
    }
    visit(len.saturating_sub(END).max(END.min(len))..len);
}

/// An allocator under test and the blocks it gave. Everything left is freed, and checked, on drop.
#[derive(Debug)]
pub struct Shadow<A: GlobalAlloc> {
    heap: A,
    ledger: Ledger,
    live: Vec<Live>,
    number: u64,
}

impl<A: GlobalAlloc> Shadow<A> {
    /// A model of `heap`, which shares `ledger` with other threads' models of it. `first` makes its paint its own.
    pub fn new(heap: A, ledger: Ledger, first: u64) -> Self {
        Self { heap, ledger, live: Vec::new(), number: first << 32 }
    }

    /// Blocks that are live here.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    /// Allocates and checks; `false` if the allocator returned null.
    pub fn alloc(&mut self, layout: Layout, zeroed: bool) -> bool {
        assert!(layout.size() > 0, "the contract of GlobalAlloc");
        let start = if zeroed {
            // SAFETY: the layout is not empty.
            unsafe { self.heap.alloc_zeroed(layout) }
        } else {
            // SAFETY: the layout is not empty.
            unsafe { self.heap.alloc(layout) }
        };
        if start.is_null() {
            return false;
        }
        self.adopt(start, layout, if zeroed { layout.size() } else { 0 });
        true
    }

    /// Resizes the block at `place`, modulo the number of blocks; `false` if the allocator returned null.
    pub fn realloc(&mut self, place: usize, size: usize) -> bool {
        let Some(old) = self.take(place) else { return true };
        old.check(old.size());
        self.ledger.leave(old.start.addr());
        // SAFETY: the block is live with that layout; `size` comes from a layout of the same alignment.
        let start = unsafe { self.heap.realloc(old.start, old.layout, size) };
        if start.is_null() {
            self.ledger.enter(old.start.addr(), old.size());
            self.live.push(old);
            return false;
        }
        let moved = Live { start, ..old };
        moved.check(size.min(moved.size()));
        let layout = Layout::from_size_align(size, moved.layout.align()).expect("sizes of tests are small");
        self.adopt(start, layout, 0);
        true
    }

    /// Frees the block at `place`, modulo the number of blocks.
    pub fn free(&mut self, place: usize) {
        if let Some(block) = self.take(place) {
            self.free_taken(&block);
        }
    }

    /// Takes the block at `place`, modulo the number of blocks, for another thread.
    pub fn take(&mut self, place: usize) -> Option<Live> {
        (!self.live.is_empty()).then(|| self.live.swap_remove(place % self.live.len()))
    }

    /// Takes in a block of another thread.
    pub fn give(&mut self, block: Live) {
        block.check(block.size());
        self.live.push(block);
    }

    fn free_taken(&self, block: &Live) {
        block.check(block.size());
        self.ledger.leave(block.start.addr());
        // SAFETY: live with this layout, and its holder gave it up.
        unsafe { self.heap.dealloc(block.start, block.layout) };
    }

    fn adopt(&mut self, start: *mut u8, layout: Layout, zeroed: usize) {
        assert!(
            start.addr().is_multiple_of(layout.align()),
            "{start:?} is not aligned to {}",
            layout.align()
        );
        self.ledger.enter(start.addr(), layout.size());
        // SAFETY: the start of the block, which is zeroed by contract for as long as the range is.
        let zeroed = unsafe { std::slice::from_raw_parts(start, zeroed) };
        let dirty = zeroed.iter().position(|&byte| byte != 0);
        assert_eq!(dirty, None, "a byte of zeroed {layout:?} is dirty");
        self.number += 1;
        let block = Live { start, layout, number: self.number };
        block.paint();
        self.live.push(block);
    }
}

impl<A: GlobalAlloc> Drop for Shadow<A> {
    fn drop(&mut self) {
        while let Some(block) = self.live.pop() {
            self.free_taken(&block);
        }
    }
}

#[cfg(test)]
mod tests;
