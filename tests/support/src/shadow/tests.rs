//! Promise: the shadow heap notices a broken allocator, so that a green test means something.

use std::alloc::System;
use std::cell::Cell;
use std::panic::catch_unwind;

use super::*;

/// An allocator with a planted fault.
struct Faulty {
    fault: Fault,
    last: Cell<*mut u8>,
}

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    Overlap,
    Misaligned,
    Dirty,
    LostByte,
    Scribble,
}

// SAFETY: it breaks the contract on purpose, inside blocks of `System` that are long enough for it, and only the
// shadow heap uses it.
unsafe impl GlobalAlloc for Faulty {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if self.fault == Fault::Overlap && !self.last.get().is_null() {
            return self.last.get();
        }
        let layout = Layout::from_size_align(layout.size() + 64, 64).unwrap();
        // SAFETY: not empty. The block is leaked.
        let block = unsafe { System.alloc_zeroed(layout) };
        self.last.set(block);
        let skip = usize::from(self.fault == Fault::Misaligned);
        // SAFETY: 64 bytes longer than asked for.
        let start = unsafe { block.add(skip) };
        if self.fault == Fault::Dirty {
            // SAFETY: inside the block.
            unsafe { start.add(layout.size() - 65).write(1) };
        }
        start
    }

    unsafe fn dealloc(&self, _block: *mut u8, _layout: Layout) {}

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: forwarded.
        unsafe { self.alloc(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: forwarded.
        let fresh = unsafe { self.alloc(Layout::from_size_align(size, layout.align()).unwrap()) };
        let lost = usize::from(self.fault == Fault::LostByte);
        // SAFETY: both blocks hold that many bytes.
        unsafe { fresh.copy_from_nonoverlapping(block, layout.size().min(size) - lost) };
        fresh
    }
}

fn shadow(fault: Fault) -> Shadow<Faulty> {
    Shadow::new(Faulty { fault, last: Cell::new(std::ptr::null_mut()) }, Ledger::default(), 1)
}

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 16).unwrap()
}

/// Calls that make one fault show.
type Program = fn(&mut Shadow<Faulty>);

#[test]
fn every_planted_fault_is_noticed() {
    let programs: [(Fault, Program); 5] = [
        (Fault::Overlap, |shadow| {
            assert!(shadow.alloc(layout(32), false) && shadow.alloc(layout(32), false))
        }),
        (Fault::Misaligned, |shadow| assert!(shadow.alloc(layout(32), false))),
        (Fault::Dirty, |shadow| assert!(shadow.alloc(layout(9000), true))),
        (Fault::LostByte, |shadow| assert!(shadow.alloc(layout(5000), false) && shadow.realloc(0, 6000))),
        (Fault::Scribble, |shadow| {
            assert!(shadow.alloc(layout(5000), false));
            // SAFETY: inside the block: a page start, as an overflow from elsewhere would hit it.
            unsafe { shadow.live[0].start.add(4096).write(!shadow.live[0].color(4096)) };
            shadow.free(0);
        }),
    ];
    for (number, (fault, program)) in programs.into_iter().enumerate() {
        let noticed = catch_unwind(|| {
            let mut shadow = shadow(fault);
            program(&mut shadow);
            std::mem::forget(shadow);
        });
        assert!(noticed.is_err(), "fault {number} went unnoticed");
    }
}

#[test]
fn a_correct_allocator_passes() {
    let mut shadow = Shadow::new(System, Ledger::default(), 1);
    crate::operation::run(&mut shadow, &(0..=255).cycle().take(4096).collect::<Vec<u8>>());
    while let Some(block) = shadow.take(0) {
        shadow.give(block);
        shadow.free(0);
    }
}
