//! A pool: what all its threads share. Segments, the runs in them, descriptors, and the heaps.
//!
//! Locks are taken in the order roster, slab runs, large runs, segment growth, descriptors; a fork takes all of
//! them, so that the child finds each consistent.

use std::ptr::{self, NonNull};

use super::background;
use super::bins::RunId;
use super::checks;
use super::class::{Class, SLICE};
use super::corrupt::corrupt;
use super::heap::{Absence, FIRST_SLOTS, Heap};
use super::limits::Limits;
use super::lock::Lock;
use super::meta::Meta;
use super::remote::{Block, Chain};
use super::roster::Roster;
use super::runs::{Run, Runs, Want};
use super::segment::{Kind, Room, SegmentMap, Slice};
use super::slab::Slab;
use super::source::Source;
use super::stretch::State;
use crate::sync::unmodelled::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use crate::sys::raw;

/// Bytes that wait for heaps which nobody uses, before somebody takes them in.
const WAITING_MAX: usize = 1 << 20;

/// Idle heaps that are settled by one call, at most, so that none takes long.
const SETTLED_AT_ONCE: usize = 16;

/// One whole allocator. See the [module](self).
#[derive(Debug)]
pub(crate) struct Pool {
    pub(super) map: SegmentMap,
    pub(super) room: Room,
    pub(super) slab_runs: Lock<Runs>,
    pub(super) large_runs: Lock<Runs>,
    idle: Roster<Heap>,
    /// Every heap there ever was, newest first.
    known: AtomicPtr<Heap>,
    pub(super) limits: Limits,
    /// When the last tick was.
    pub(super) ticked_ms: AtomicU64,
    /// Bytes that arrived for heaps that nobody uses, since they were settled last.
    waiting_bytes: AtomicUsize,
    pub(super) is_settling: AtomicU32,
}

// SAFETY: what threads share is behind locks or atomic; heaps belong to one thread at a time, by the roster.
unsafe impl Sync for Pool {}

impl Pool {
    /// A pool that will reserve `first_bytes` of addresses at first use; 0 grows on demand.
    pub(crate) const fn new(first_bytes: usize) -> Self {
        Self {
            map: SegmentMap::new(first_bytes),
            room: Room { source: Source::new(), meta: Lock::new(Meta::new()) },
            slab_runs: Lock::new(Runs::new(Kind::Slabs)),
            large_runs: Lock::new(Runs::new(Kind::Large)),
            idle: Roster::new(),
            known: AtomicPtr::new(ptr::null_mut()),
            limits: Limits::new(),
            ticked_ms: AtomicU64::new(0),
            waiting_bytes: AtomicUsize::new(0),
            is_settling: AtomicU32::new(0),
        }
    }

    /// A heap for the calling thread: one that another left, or a new one; `None` if the system refuses.
    pub(crate) fn adopt(&self) -> Option<NonNull<Heap>> {
        let heap = self.idle.adopt().or_else(|| self.found())?;
        // SAFETY: heaps live as long as the pool.
        unsafe { heap.as_ref() }.set_absence(Absence::Present);
        Some(heap)
    }

    /// Leaves a heap for the next thread.
    ///
    /// # Safety
    ///
    /// The calling thread adopted it and does not use it afterwards.
    pub(crate) unsafe fn leave(&self, heap: NonNull<Heap>) {
        // SAFETY: heaps live as long as the pool.
        unsafe { heap.as_ref() }.set_absence(Absence::Away);
        // SAFETY: heaps live as long as the pool, and the caller owns this one.
        unsafe { self.idle.leave(heap) };
    }

    /// Sends blocks home. Mail for heaps that nobody uses is taken in by whoever notices that much has arrived.
    pub(super) fn deliver(&self, owner: &Heap, class: Class, blocks: Chain, count: usize) {
        owner.remote(class).push(blocks);
        if owner.absence() != Absence::Present {
            owner.set_absence(Absence::Away);
            let waiting = self.waiting_bytes.fetch_add(count * class.bytes(), Ordering::Relaxed);
            if waiting > WAITING_MAX {
                self.settle_idle();
            }
        }
    }

    /// Settles some of the heaps that nobody uses: their caches go home, and their idle slabs back. Every tick does.
    pub(crate) fn settle_idle(&self) {
        if self.is_settling.swap(1, Ordering::Relaxed) != 0 {
            return;
        }
        self.waiting_bytes.store(0, Ordering::Relaxed);
        for _ in 0..SETTLED_AT_ONCE {
            let Some(heap) = self.idle.adopt_where(|heap| heap.absence() == Absence::Away) else { break };
            // SAFETY: heaps live as long as the pool, and this thread owns it now.
            let idle = unsafe { heap.as_ref() };
            // Before its lists are looked at, so that what arrives later is noticed later.
            idle.set_absence(Absence::Settled);
            idle.settle(self);
            // SAFETY: adopted above, and not used below.
            unsafe { self.idle.leave(heap) };
        }
        self.is_settling.store(0, Ordering::Relaxed);
    }

    /// In the child of a fork: nobody settles idle heaps any more, even if another thread of the parent did just then.
    pub(crate) fn forget_others(&self) {
        self.is_settling.store(0, Ordering::Relaxed);
    }

    /// When the last tick was.
    pub(super) fn last_tick_ms(&self) -> u64 {
        self.ticked_ms.load(Ordering::Relaxed)
    }

    /// Memory for a cache of that many blocks, with the slot below its floor, zeroed; `None` if the system refuses.
    pub(crate) fn cache_array(&self, capacity: usize) -> Option<NonNull<*mut u8>> {
        let mut meta = self.room.meta.lock();
        Some(meta.take(&self.room.source, (capacity + 1) * size_of::<*mut u8>())?.cast())
    }

    fn found(&self) -> Option<NonNull<Heap>> {
        let memory = {
            let mut meta = self.room.meta.lock();
            meta.take(&self.room.source, size_of::<Heap>() + FIRST_SLOTS * size_of::<*mut u8>())?
        };
        let heap = memory.cast::<Heap>();
        // SAFETY: fresh descriptor memory, aligned to 128, large enough.
        unsafe { heap.write(Heap::nothing()) };
        // SAFETY: the memory behind the heap is the rest of the same piece.
        let slots = unsafe { memory.add(size_of::<Heap>()) }.cast::<*mut u8>();
        // SAFETY: initialised above.
        let fresh = unsafe { heap.as_ref() };
        // SAFETY: `FIRST_SLOTS` zeroed slots that nobody else knows; the heap is fresh.
        unsafe { fresh.equip(slots.as_ptr()) };
        let mut newest = self.known.load(Ordering::Relaxed);
        loop {
            fresh.next_known().set(newest);
            match self.known.compare_exchange(newest, heap.as_ptr(), Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return Some(heap),
                Err(now) => newest = now,
            }
        }
    }

    /// Calls `visit` with every heap; only its counters may be read.
    pub(crate) fn for_each_heap(&self, mut visit: impl FnMut(&Heap)) {
        let mut next = self.known.load(Ordering::Acquire).cast_const();
        // SAFETY: null, or a heap, which lives as long as the pool.
        while let Some(heap) = unsafe { next.as_ref() } {
            visit(heap);
            next = heap.next_known().get();
        }
    }

    /// The slab that a block belongs to; aborts if it belongs to none.
    pub(crate) fn slab_of(&self, block: *mut u8) -> &Slab {
        let slab = match self.map.find(block.addr()) {
            Some((_, segment, slice)) => segment.slab(slice),
            None => ptr::null(),
        };
        // SAFETY: null, or a slab: descriptors live as long as the pool.
        match unsafe { slab.as_ref() } {
            Some(slab) => slab,
            None => corrupt("a pointer that was not allocated was freed", block.addr()),
        }
    }

    /// The class of a block of a slab, if one look finds it.
    #[inline]
    pub(crate) fn class_at_once(&self, block: *mut u8) -> Option<Class> {
        self.map.class_at_once(block.addr())
    }

    /// The class of a block of a slab; `None` if it is large, or no block.
    pub(crate) fn class_of(&self, block: *mut u8) -> Option<Class> {
        self.class_at_once(block).or_else(|| self.map.search_class(block.addr()))
    }

    /// Sends a block home without a heap at hand.
    pub(crate) fn send_home(&self, class: Class, block: *mut u8) {
        let mut chain = Chain::new();
        // SAFETY: the caller frees the block; blocks are aligned to 16 and not shorter than that.
        unsafe { chain.push(block.cast::<Block>()) };
        // SAFETY: null, or the owner of a slab: a heap, which lives as long as the pool.
        if let Some(owner) = unsafe { self.slab_of(block).owner().as_ref() } {
            self.deliver(owner, class, chain, 1);
        }
    }

    /// Slices for a class, described and owned; `None` if the system refuses.
    pub(crate) fn open_slab(&self, class: Class, owner: &Heap) -> Option<&Slab> {
        let slices = class.slab_slices();
        let run = {
            self.tick();
            self.heed_address_limit(slices);
            let mut runs = self.slab_runs.lock();
            runs.take(&self.map, &self.room, Want::of(slices))?
        };
        let slab = self.describe(class, owner, run);
        if slab.is_none() {
            self.slab_runs.lock().give(&self.map, run.id, run.is_zero);
        }
        slab
    }

    fn describe(&self, class: Class, owner: &Heap, run: Run) -> Option<&Slab> {
        let slab = {
            let mut meta = self.room.meta.lock();
            ptr::from_ref(meta.take_slab(&self.room.source)?)
        };
        // SAFETY: descriptors live as long as the pool.
        let slab = unsafe { slab.as_ref() }?;
        slab.open(run.start, run.is_zero, class, owner);
        // SAFETY: the run was just taken, and slots end before its last bytes.
        unsafe { checks::opened(run.start, class.slab_slices()) };
        self.map.get(run.id.segment)?.set_slab(run.id.slice, class, slab);
        Some(slab)
    }

    /// Gives an idle slab's slices and descriptor back.
    pub(crate) fn close_slab(&self, slab: &Slab) {
        let Some((number, segment, slice)) = self.map.find(slab.base().addr()) else { return };
        segment.clear_slab(slice, slab.class());
        self.tick();
        {
            // SAFETY: all of its slots are free, and its owner closes it.
            let is_zero = unsafe { checks::closed(slab.base(), slab.class().slab_slices()) };
            self.slab_runs.lock().give(&self.map, RunId { segment: number, slice }, is_zero);
        }
        background::notice(self);
        self.room.meta.lock().put_slab(slab);
    }

    /// A run for one large block; `None` if the system refuses.
    pub(crate) fn take_run(&self, want: Want) -> Option<Run> {
        self.tick();
        self.heed_address_limit(want.slices);
        self.large_runs.lock().take(&self.map, &self.room, want)
    }

    /// Takes back a run by its address; aborts if none starts there.
    pub(crate) fn give_run(&self, start: *mut u8, is_zero: bool) {
        let id = self.run_at(start);
        self.tick();
        if !self.large_runs.lock().give(&self.map, id, is_zero) {
            corrupt("a large block that is not allocated was freed", start.addr());
        }
        background::notice(self);
    }

    /// Makes a run longer or shorter where it is; whether there was room.
    pub(crate) fn resize_run(&self, start: *mut u8, slices: u32) -> bool {
        let id = self.run_at(start);
        let mut runs = self.large_runs.lock();
        if runs.len(&self.map, id).is_none() {
            corrupt("a large block that is not allocated was resized", start.addr());
        }
        runs.resize(&self.map, id, slices)
    }

    /// Slices of the used run that starts at an address, and its table entry; aborts if none does.
    ///
    /// Needs no lock: whoever may ask holds the run, so its tags do not change.
    #[inline]
    pub(crate) fn used_run(&self, start: *mut u8) -> (u32, &Slice) {
        if let Some((segment, slice)) = self.map.find_large(start.addr())
            && segment.address(slice) == start
        {
            let entry = segment.entry(slice);
            if entry.state.load(Ordering::Relaxed) == State::Used as u32 {
                let slices = entry.head.load(Ordering::Relaxed);
                if slices > 0 {
                    return (slices, entry);
                }
            }
        }
        corrupt("a large block that is not allocated was used", start.addr())
    }

    /// Takes back several runs by their addresses.
    pub(crate) fn give_runs(&self, starts: impl ExactSizeIterator<Item = *mut u8>) {
        if starts.len() == 0 {
            return;
        }
        self.tick();
        {
            let mut runs = self.large_runs.lock();
            for start in starts {
                if !runs.give(&self.map, self.run_at(start), false) {
                    corrupt("a large block that is not allocated was freed", start.addr());
                }
            }
        }
        background::notice(self);
    }

    /// Moves the pages of one run to the start of another, if the system does that; the source reads zero then.
    ///
    /// # Safety
    ///
    /// The caller has both runs, of at least `slices`, to itself.
    pub(crate) unsafe fn move_pages(&self, source: *mut u8, slices: usize, target: *mut u8) -> bool {
        let (Some(source), Some(target)) = (NonNull::new(source), NonNull::new(target)) else { return false };
        if !self.limits.may_move() {
            return false;
        }
        // SAFETY: two runs are disjoint parts of the pool's reservations, and the caller has both to itself.
        unsafe { raw::remap(source, slices * SLICE, target) }.is_ok()
    }

    fn run_at(&self, start: *mut u8) -> RunId {
        match self.map.find(start.addr()) {
            Some((segment, span, slice)) if span.address(slice) == start => RunId { segment, slice },
            _ => corrupt("a large block that is not allocated was used", start.addr()),
        }
    }

    /// Takes every lock, before a fork.
    pub(crate) fn acquire(&self) {
        self.idle.acquire();
        self.slab_runs.acquire();
        self.large_runs.acquire();
        self.map.acquire();
        self.room.meta.acquire();
    }

    /// Gives up every lock, after a fork, in parent and child.
    ///
    /// # Safety
    ///
    /// The calling thread, or the one it was forked from, took them by [`acquire`](Self::acquire).
    pub(crate) unsafe fn release(&self) {
        // SAFETY: the fork handler holds it, without a guard.
        unsafe { self.room.meta.release() };
        // SAFETY: as above.
        unsafe { self.map.release() };
        // SAFETY: as above.
        unsafe { self.large_runs.release() };
        // SAFETY: as above.
        unsafe { self.slab_runs.release() };
        // SAFETY: as above.
        unsafe { self.idle.release() };
    }

    /// Releases every reservation: for tests, whose pools end before the process.
    ///
    /// # Safety
    ///
    /// No block of the pool is used any more.
    #[cfg(test)]
    pub(crate) unsafe fn dismantle(self) {
        for (_, segment) in self.map.iter().filter(|(_, segment)| segment.slices() > 0) {
            let start = NonNull::new(segment.address(0)).expect("segments start above null");
            // SAFETY: a segment added on demand is one reservation, and nothing uses it.
            unsafe { raw::release(start, segment.slices() as usize * SLICE) }.expect("released whole");
        }
        let chunks = self.room.meta.lock().chunks().to_vec();
        for (start, len) in chunks {
            // SAFETY: nothing uses the descriptors any more.
            unsafe { raw::release(start, len) }.expect("released whole");
        }
    }
}

#[cfg(test)]
mod tests;
