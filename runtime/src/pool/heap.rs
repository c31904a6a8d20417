//! A heap: what one thread owns. Per class a cache of free blocks, a shelf of slabs with free slots, and a remote
//! list where blocks arrive that other threads freed.
//!
//! ```text
//!           pop, push                refill, spill over
//!  thread ──────────── cache ──────────────────────────── slabs of the shelf
//!                        │  blocks of other owners                │ none left, one too many
//!                        └──▶ their remote list            runs of slices
//! ```
//!
//! Only the owner touches caches, shelves and slabs; only `remote` and the counters are shared. Ownership passes
//! from a thread that ends to one that starts through the roster.

use std::ptr::{self, NonNull};

use super::cache::Cache;
use super::class::{CACHED_MAX, Class};
use super::corrupt::corrupt;
use super::remote::{Block, Chain, RemoteList};
use super::roster::Linked;
use super::run_cache::RunCache;
use super::slab::Slab;
use super::whole::Pool;
use crate::sync::owned::Cell;
use crate::sync::unmodelled::{AtomicUsize, Ordering::Relaxed};

/// Blocks that move at once, at most.
const BATCH_MAX: usize = CACHED_MAX / 2;

/// Owners that one batch of foreign blocks is sorted by before anything is sent.
const ADDRESSEES: usize = 4;

/// Slots of all caches of a heap, each with the one below its floor.
pub(crate) const CACHE_SLOTS: usize = {
    let mut slots = 0;
    let mut left = Class::COUNT;
    while left > 0 {
        left -= 1;
        slots += Class::nth(left).cached() + 1;
    }
    slots
};

/// What one thread owns. See the [module](self).
#[derive(Debug)]
#[repr(C, align(128))]
pub(crate) struct Heap {
    caches: [Cache; Class::COUNT],
    shelves: [Shelf; Class::COUNT],
    next_idle: Cell<Option<NonNull<Heap>>>,
    next_known: Cell<*const Heap>,
    runs: RunCache,
    remote: Remote,
}

/// Remote lists, on cache lines that the owner's fast path does not use.
#[derive(Debug)]
#[repr(align(128))]
struct Remote([RemoteList; Class::COUNT]);

/// The slabs of one class. `blocks` of them are with the application, in caches, or on their way home.
#[derive(Debug)]
struct Shelf {
    /// Slabs with free slots. Full ones are on no list; their blocks lead back to them.
    head: Cell<*const Slab>,
    slabs: AtomicUsize,
    blocks: AtomicUsize,
}

impl Shelf {
    const fn new() -> Self {
        Self { head: Cell::new(ptr::null()), slabs: AtomicUsize::new(0), blocks: AtomicUsize::new(0) }
    }

    fn first(&self) -> Option<&Slab> {
        // SAFETY: null, or a slab of the pool that this heap owns.
        unsafe { self.head.get().as_ref() }
    }

    fn link(&self, slab: &Slab) {
        slab.previous.set(ptr::null());
        slab.next.set(self.head.get());
        if let Some(first) = self.first() {
            first.previous.set(slab);
        }
        self.head.set(slab);
    }

    fn unlink(&self, slab: &Slab) {
        // SAFETY: null, or a slab of the same shelf.
        match unsafe { slab.previous.get().as_ref() } {
            Some(previous) => previous.next.set(slab.next.get()),
            None => self.head.set(slab.next.get()),
        }
        // SAFETY: null, or a slab of the same shelf.
        if let Some(next) = unsafe { slab.next.get().as_ref() } {
            next.previous.set(slab.previous.get());
        }
    }

    /// Changes a counter that only the owner writes.
    fn count(counter: &AtomicUsize, change: isize) {
        counter.store(counter.load(Relaxed).wrapping_add_signed(change), Relaxed);
    }
}

impl Linked for Heap {
    fn set_next(&self, next: Option<NonNull<Self>>) {
        self.next_idle.set(next);
    }

    fn next(&self) -> Option<NonNull<Self>> {
        self.next_idle.get()
    }
}

impl Heap {
    /// A heap whose caches hold nothing and take nothing, so that every call goes the slow way.
    pub(crate) const fn nothing() -> Self {
        Self {
            caches: [const { Cache::nothing() }; Class::COUNT],
            shelves: [const { Shelf::new() }; Class::COUNT],
            next_idle: Cell::new(None),
            next_known: Cell::new(ptr::null()),
            runs: RunCache::nothing(),
            remote: Remote([const { RemoteList::new() }; Class::COUNT]),
        }
    }

    /// Gives every cache its array.
    ///
    /// # Safety
    ///
    /// - `slots` has [`CACHE_SLOTS`] zeroed slots that live as long as the heap and are used by it alone.
    /// - The heap is fresh.
    pub(crate) unsafe fn equip(&self, slots: *mut *mut u8) {
        self.runs.open();
        let mut next = slots;
        for class in Class::all() {
            // SAFETY: `CACHE_SLOTS` is the sum of these parts, so each lies in the array and none overlap.
            unsafe { self.cache(class).adopt(next, class.cached()) };
            next = next.wrapping_add(class.cached() + 1);
        }
    }

    /// The cache of a class: the fast path begins and ends here.
    #[inline]
    pub(crate) fn cache(&self, class: Class) -> &Cache {
        // SAFETY: the index of a class is below `Class::COUNT`.
        unsafe { self.caches.get_unchecked(class.index()) }
    }

    fn shelf(&self, class: Class) -> &Shelf {
        &self.shelves[class.index()]
    }

    /// The runs that the owner keeps ready.
    #[inline]
    pub(crate) fn runs(&self) -> &RunCache {
        &self.runs
    }

    /// The list to which other threads send blocks of a class.
    pub(crate) fn remote(&self, class: Class) -> &RemoteList {
        &self.remote.0[class.index()]
    }

    /// The heap that became known before this one.
    pub(crate) fn next_known(&self) -> &Cell<*const Heap> {
        &self.next_known
    }

    /// Slabs of a class, and blocks of them that are not in the slabs; any thread may ask.
    pub(crate) fn counts(&self, class: Class) -> (usize, usize) {
        let shelf = self.shelf(class);
        (shelf.slabs.load(Relaxed), shelf.blocks.load(Relaxed))
    }

    /// A block of a class whose cache is empty; fills half the cache on the way. Null if the system refuses.
    pub(crate) fn refill(&self, pool: &Pool, class: Class) -> *mut u8 {
        self.receive(pool, class);
        let cache = self.cache(class);
        let arrived = cache.pop();
        if !arrived.is_null() {
            return arrived;
        }
        let mut batch = [ptr::null_mut(); BATCH_MAX];
        let taken = self.take(pool, class, &mut batch[..class.batch()]);
        // The lowest address comes out first.
        for &block in batch[..taken].iter().rev() {
            cache.push(block);
        }
        cache.pop()
    }

    /// Takes in a block of a class whose cache is full; empties half the cache on the way.
    pub(crate) fn spill_over(&self, pool: &Pool, class: Class, block: *mut u8) {
        let mut batch = [ptr::null_mut(); BATCH_MAX];
        let taken = self.cache(class).take_oldest(&mut batch[..class.batch()]);
        self.send_home(pool, class, &batch[..taken]);
        self.cache(class).push(block);
    }

    /// Empties every cache, takes in what has arrived, and gives idle slabs back: before the thread ends.
    pub(crate) fn settle(&self, pool: &Pool) {
        self.runs.empty(pool);
        let mut batch = [ptr::null_mut(); BATCH_MAX];
        for class in Class::all() {
            self.receive(pool, class);
            loop {
                match self.cache(class).take_oldest(&mut batch) {
                    0 => break,
                    taken => self.send_home(pool, class, &batch[..taken]),
                }
            }
            self.close_idle(pool, class);
        }
    }

    fn close_idle(&self, pool: &Pool, class: Class) {
        let mut next = self.shelf(class).head.get();
        // SAFETY: null, or a slab of the shelf, which this heap owns.
        while let Some(slab) = unsafe { next.as_ref() } {
            next = slab.next.get();
            if slab.is_idle() {
                self.close(pool, slab);
            }
        }
    }

    /// Takes free slots of one slab.
    fn take(&self, pool: &Pool, class: Class, out: &mut [*mut u8]) -> usize {
        let shelf = self.shelf(class);
        if shelf.first().is_none() {
            // Before asking for more: other classes may have slabs to spare once their blocks are home.
            Class::all().for_each(|class| self.receive(pool, class));
        }
        if shelf.first().is_none() && !self.open(pool, class) {
            return 0;
        }
        let Some(slab) = shelf.first() else { return 0 };
        let taken = slab.take(out);
        Shelf::count(&shelf.blocks, taken.cast_signed());
        if slab.is_used_up() {
            shelf.unlink(slab);
        }
        taken
    }

    fn open(&self, pool: &Pool, class: Class) -> bool {
        let Some(slab) = pool.open_slab(class, self) else { return false };
        self.shelf(class).link(slab);
        Shelf::count(&self.shelf(class).slabs, 1);
        true
    }

    fn close(&self, pool: &Pool, slab: &Slab) {
        let shelf = self.shelf(slab.class());
        shelf.unlink(slab);
        Shelf::count(&shelf.slabs, -1);
        pool.close_slab(slab);
    }

    /// Takes in the blocks of a class that other threads freed: half a cache of them, the others to their slabs.
    fn receive(&self, pool: &Pool, class: Class) {
        for block in self.remote(class).drain() {
            let block = block.cast::<u8>();
            let slab = pool.slab_of(block);
            if !ptr::eq(slab.owner(), self) || slab.class() != class {
                corrupt("a freed block was overwritten, or freed with another size,", block.addr());
            }
            if self.cache(class).len() >= class.batch() || !self.cache(class).push(block) {
                self.put(pool, slab, block);
            }
        }
    }

    /// Puts a block back into a slab of this heap.
    fn put(&self, pool: &Pool, slab: &Slab, block: *mut u8) {
        let shelf = self.shelf(slab.class());
        let was_used_up = slab.is_used_up();
        slab.put(block);
        Shelf::count(&shelf.blocks, -1);
        if was_used_up {
            // It has the fewest free slots of all: what is allocated next fills it, and the others may empty.
            shelf.link(slab);
        }
        let is_alone = slab.previous.get().is_null() && slab.next.get().is_null();
        if slab.is_idle() && !is_alone {
            self.close(pool, slab);
        }
    }

    /// Returns blocks to their slabs: directly where this heap owns them, through remote lists elsewhere.
    fn send_home(&self, pool: &Pool, class: Class, blocks: &[*mut u8]) {
        let mut letters = [const { Letter::blank() }; ADDRESSEES];
        for &block in blocks {
            let slab = pool.slab_of(block);
            let owner = slab.owner();
            if ptr::eq(owner, self) {
                if slab.class() != class {
                    corrupt("a block was freed with another size,", block.addr());
                }
                self.put(pool, slab, block);
                continue;
            }
            let place = letters.iter().position(|letter| ptr::eq(letter.owner, owner));
            let place = place.or_else(|| letters.iter().position(|letter| letter.owner.is_null()));
            let letter = &mut letters[place.unwrap_or(0)];
            if !ptr::eq(letter.owner, owner) {
                letter.send(class);
                letter.owner = owner;
            }
            // SAFETY: the block was freed to this heap's cache, which gave it up; blocks are aligned to 16 and not
            // shorter than that.
            unsafe { letter.blocks.push(block.cast::<Block>()) };
        }
        letters.iter_mut().for_each(|letter| letter.send(class));
    }
}

/// Blocks to be sent to one owner.
struct Letter {
    owner: *const Heap,
    blocks: Chain,
}

impl Letter {
    const fn blank() -> Self {
        Self { owner: ptr::null(), blocks: Chain::new() }
    }

    fn send(&mut self, class: Class) {
        let letter = std::mem::replace(self, Self::blank());
        // SAFETY: null, or the owner of a slab: a heap, which lives as long as the pool.
        if let Some(owner) = unsafe { letter.owner.as_ref() } {
            owner.remote(class).push(letter.blocks);
        }
    }
}

#[cfg(test)]
mod tests;
