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
//! Only the owner touches caches, shelves and slabs; only `remote`, `absence` and the counters are shared. Ownership
//! passes from a thread that ends to one that starts through the roster, caches and all.
//!
//! Caches start small and get their full array when they are used for the second time, so that a thread which
//! allocates little touches little.

use std::ptr::{self, NonNull};

use super::cache::Cache;
use super::class::{CACHED_MAX, Class};
use super::corrupt::corrupt;
use super::elastic::Elastic;
use super::holes::Sweeps;
use super::letter::Mail;
use super::remote::RemoteList;
use super::roster::Linked;
use super::run_cache::RunCache;
use super::shelf::{Counts, Shelf};
use super::slab::Slab;
use super::whole::Pool;
use crate::sync::owned::Cell;
use crate::sync::unmodelled::{AtomicU32, AtomicUsize, Ordering::Relaxed};

/// Blocks that move at once, at most.
const BATCH_MAX: usize = CACHED_MAX / 2;

/// Blocks that the cache of a fresh heap holds, at most.
const FIRST_CACHED: usize = 16;

/// Bytes from which an unwritten block is worth a way of its own: clearing one costs more than fetching one.
const FRESH_MIN: usize = 2048;

/// Blocks that the first cache of a class holds.
const fn first_cached(class: Class) -> usize {
    if class.cached() < FIRST_CACHED { class.cached() } else { FIRST_CACHED }
}

/// Slots of all caches of a fresh heap, each with the one below its floor.
pub(crate) const FIRST_SLOTS: usize = {
    let mut slots = 0;
    let mut left = Class::COUNT;
    while left > 0 {
        left -= 1;
        slots += first_cached(Class::nth(left)) + 1;
    }
    slots
};

/// What one thread owns. See the [module](self).
#[derive(Debug)]
#[repr(C, align(128))]
pub(crate) struct Heap {
    /// First, so that the fast path adds a class to the address of the heap and has its cache.
    caches: [Cache; Class::COUNT],
    capacities: [Cell<u32>; Class::COUNT],
    /// Where the array of each cache starts, for whoever counts.
    floors: [AtomicUsize; Class::COUNT],
    shelves: [Shelf; Class::COUNT],
    next_idle: Cell<Option<NonNull<Heap>>>,
    next_known: Cell<*const Heap>,
    runs: RunCache,
    sweeps: Sweeps,
    elastic: Elastic,
    shared: Shared,
}

/// What other threads write, on cache lines that the owner's fast path does not use.
#[derive(Debug)]
#[repr(align(128))]
struct Shared {
    remote: [RemoteList; Class::COUNT],
    absence: AtomicU32,
}

/// What [`Heap::absence`] says. Hints: they decide when a heap is settled, never who owns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Absence {
    /// A thread uses the heap.
    Present,
    /// Nobody uses it, and its caches or remote lists may hold blocks.
    Away,
    /// Nobody uses it, and it held nothing when it was left.
    Settled,
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
            capacities: [const { Cell::new(0) }; Class::COUNT],
            floors: [const { AtomicUsize::new(0) }; Class::COUNT],
            shelves: [const { Shelf::new() }; Class::COUNT],
            next_idle: Cell::new(None),
            next_known: Cell::new(ptr::null()),
            runs: RunCache::nothing(),
            sweeps: Sweeps::new(),
            elastic: Elastic::new(),
            shared: Shared {
                remote: [const { RemoteList::new() }; Class::COUNT],
                absence: AtomicU32::new(Absence::Present as u32),
            },
        }
    }

    /// Gives every cache its first array.
    ///
    /// # Safety
    ///
    /// - `slots` has [`FIRST_SLOTS`] zeroed slots that live as long as the heap and are used by it alone.
    /// - The heap is fresh.
    pub(crate) unsafe fn equip(&self, slots: *mut *mut u8) {
        if !cfg!(feature = "hardened") {
            self.runs.open();
        }
        let mut next = slots;
        for class in Class::all() {
            let capacity = first_cached(class);
            // SAFETY: `FIRST_SLOTS` is the sum of these parts, so each lies in the array and none overlap.
            unsafe { self.cache(class).move_to(next, capacity, 0) };
            self.settled_in(class, capacity);
            next = next.wrapping_add(capacity + 1);
        }
    }

    /// The cache of a class: the fast path begins and ends here.
    #[inline]
    pub(crate) fn cache(&self, class: Class) -> &Cache {
        let first = self.caches.as_ptr();
        // SAFETY: a class is as far from the first as its cache, which is in the array.
        let cache = unsafe { first.byte_add(class.offset()) };
        // SAFETY: as above.
        unsafe { &*cache }
    }

    pub(super) fn shelf(&self, class: Class) -> &Shelf {
        &self.shelves[class.index()]
    }

    /// A cache lives in an array of that capacity now.
    pub(super) fn settled_in(&self, class: Class, capacity: usize) {
        self.capacities[class.index()].set(capacity as u32);
        self.floors[class.index()].store(self.cache(class).floor(capacity).addr(), Relaxed);
    }

    pub(super) fn capacity(&self, class: Class) -> usize {
        self.capacities[class.index()].get() as usize
    }

    pub(super) fn elastic(&self) -> &Elastic {
        &self.elastic
    }

    /// The runs that the owner keeps ready.
    #[inline]
    pub(crate) fn runs(&self) -> &RunCache {
        &self.runs
    }

    /// The list to which other threads send blocks of a class.
    pub(crate) fn remote(&self, class: Class) -> &RemoteList {
        &self.shared.remote[class.index()]
    }

    /// The heap that became known before this one.
    pub(crate) fn next_known(&self) -> &Cell<*const Heap> {
        &self.next_known
    }

    /// Whether a thread uses this heap; any thread may ask.
    pub(crate) fn absence(&self) -> Absence {
        match self.shared.absence.load(Relaxed) {
            0 => Absence::Present,
            1 => Absence::Away,
            _ => Absence::Settled,
        }
    }

    /// Says whether a thread uses this heap, or that mail has arrived for one that nobody uses.
    pub(crate) fn set_absence(&self, absence: Absence) {
        self.shared.absence.store(absence as u32, Relaxed);
    }

    /// What the counters of a class say; any thread may ask.
    pub(crate) fn counts(&self, class: Class) -> Counts {
        let floor = self.floors[class.index()].load(Relaxed);
        let cached = self.cache(class).extent(floor) / size_of::<*mut u8>();
        // Nonsense, for once, is nothing.
        Counts { cached: if cached <= class.elastic() { cached } else { 0 }, ..self.shelf(class).counts() }
    }

    /// A block of a class whose cache is empty; fills half the cache on the way. Null if the system refuses.
    pub(crate) fn refill(&self, pool: &Pool, class: Class) -> *mut u8 {
        self.receive(pool, class);
        let cache = self.cache(class);
        let arrived = cache.pop();
        if !arrived.is_null() {
            return arrived;
        }
        self.restock(pool, class);
        cache.pop()
    }

    /// As [`refill`](Self::refill), and whether the block is known to read as zero. A block that was never written is
    /// fetched alone, because those in a cache are no longer known to be unwritten.
    pub(crate) fn refill_zeroed(&self, pool: &Pool, class: Class) -> (*mut u8, bool) {
        if class.bytes() >= FRESH_MIN {
            self.receive(pool, class);
            let arrived = self.cache(class).pop();
            if !arrived.is_null() {
                return (arrived, false);
            }
            let shelf = self.shelf(class);
            let block = self.stocked(pool, class).map_or(ptr::null_mut(), |slab| shelf.take_fresh(slab));
            if !block.is_null() {
                return (block, true);
            }
        }
        (self.refill(pool, class), false)
    }

    /// Takes in a block of a class whose cache is full; empties half the cache on the way.
    pub(crate) fn spill_over(&self, pool: &Pool, class: Class, block: *mut u8) {
        if self.grow(pool, class) {
            self.cache(class).push(block);
        } else {
            let mut batch = [ptr::null_mut(); BATCH_MAX];
            let capacity = self.capacity(class);
            let taken = match capacity / 2 {
                // The rest of a wide cache is too much to be moved.
                half if half > BATCH_MAX => self.cache(class).take_newest(capacity, &mut batch),
                half => self.cache(class).take_oldest(capacity, &mut batch[..half]),
            };
            self.cache(class).push(block);
            self.send_home(pool, class, &batch[..taken]);
            self.elastic.sent_home(class, taken);
            self.age(pool);
        }
    }

    /// Empties every cache, takes in what has arrived, and gives idle slabs back.
    pub(crate) fn settle(&self, pool: &Pool) {
        self.runs.empty(pool);
        for class in Class::all() {
            self.receive(pool, class);
            self.reduce(pool, class, 0);
            self.narrow(pool, class, true);
            self.close_idle(pool, class);
        }
        self.sweep(false);
    }

    /// Sends blocks of a cache home until it holds no more than `len`.
    pub(super) fn reduce(&self, pool: &Pool, class: Class, len: usize) {
        let mut batch = [ptr::null_mut(); BATCH_MAX];
        loop {
            let surplus = self.cache(class).len(self.capacity(class)).saturating_sub(len).min(BATCH_MAX);
            if surplus == 0 {
                return;
            }
            let taken = self.cache(class).take_newest(self.capacity(class), &mut batch[..surplus]);
            self.send_home(pool, class, &batch[..taken]);
        }
    }

    /// Lets what this heap keeps ready age, if a tick has passed: idle slabs go back, and the holes of quiet ones.
    fn age(&self, pool: &Pool) {
        if self.sweeps.is_new_tick(pool) {
            for class in Class::all() {
                self.receive(pool, class);
                self.narrow(pool, class, false);
                self.close_idle(pool, class);
            }
            self.sweep(true);
        }
    }

    /// The owner gave so many slices of large blocks back.
    pub(crate) fn let_go(&self, slices: u32) {
        if self.sweeps.let_go(slices) {
            self.sweep(true);
        }
    }

    fn close_idle(&self, pool: &Pool, class: Class) {
        self.shelf(class).for_each(|slab| {
            if slab.is_idle() {
                self.close(pool, slab);
            }
        });
    }

    /// Gives a cache its full array; `false` if it has that already, or if there is no memory for it.
    fn grow(&self, pool: &Pool, class: Class) -> bool {
        let capacity = self.capacity(class);
        if capacity >= class.cached() {
            return false;
        }
        let Some(array) = pool.cache_array(class.cached()) else { return false };
        // SAFETY: a fresh array for that many blocks, which nobody else knows; the old one is shorter.
        unsafe { self.cache(class).move_to(array.as_ptr(), class.cached(), capacity) };
        self.settled_in(class, class.cached());
        true
    }

    /// Fills half of an empty cache from slabs; at least with one block, unless the system refuses.
    fn restock(&self, pool: &Pool, class: Class) {
        let (shelf, cache) = (self.shelf(class), self.cache(class));
        if shelf.counts().taken > 0 {
            // Not the first time.
            self.grow(pool, class);
        }
        let wanted = self.batch(class);
        let mut missing = wanted;
        while let Some(slab) = if missing == wanted { self.stocked(pool, class) } else { shelf.fullest() } {
            cache.fill(missing, |vacant| {
                let taken = shelf.take(slab, vacant);
                missing -= taken;
                taken
            });
            if missing <= wanted / 2 {
                break;
            }
        }
        if self.elastic.fetched(class, wanted - missing, self.capacity(class)) {
            self.widen(pool, class);
        }
    }

    /// Blocks that are fetched at once: half of what the cache holds usually.
    fn batch(&self, class: Class) -> usize {
        (self.capacity(class) / 2).min(BATCH_MAX)
    }

    /// A slab with a free slot, opened if there is none; `None` if the system refuses.
    fn stocked(&self, pool: &Pool, class: Class) -> Option<&Slab> {
        let shelf = self.shelf(class);
        if shelf.fullest().is_none() {
            // Before asking for more: other classes may have slabs to spare once their blocks are home.
            Class::all().for_each(|class| self.receive(pool, class));
            if shelf.fullest().is_none() {
                let slab = pool.open_slab(class, self)?;
                if self.sweeps.opened(class) {
                    self.sweep(false);
                }
                shelf.add(slab);
            }
        }
        shelf.fullest()
    }

    fn close(&self, pool: &Pool, slab: &Slab) {
        self.shelf(slab.class()).remove(slab);
        self.sweeps.closed(slab.class());
        pool.close_slab(slab);
    }

    /// Takes in the blocks of a class that other threads freed: half a cache of them, the others to their slabs.
    fn receive(&self, pool: &Pool, class: Class) {
        let (cache, room) = (self.cache(class), self.batch(class));
        let mut arrived = self.remote(class).drain();
        while cache.len(self.capacity(class)) < room {
            let Some(block) = arrived.next() else { return };
            let block = block.cast::<u8>();
            let slab = pool.slab_of(block);
            if !ptr::eq(slab.owner(), self) || slab.class() != class {
                corrupt("a freed block was overwritten, or freed with another size,", block.addr());
            }
            cache.push(block);
        }
        let mut batch = [ptr::null_mut(); BATCH_MAX];
        loop {
            let mut count = 0;
            for (place, block) in batch.iter_mut().zip(&mut arrived) {
                *place = block.cast::<u8>();
                count += 1;
            }
            if count == 0 {
                return;
            }
            self.send_home(pool, class, &batch[..count]);
        }
    }

    /// Returns blocks to their slabs: directly where this heap owns them, through remote lists elsewhere.
    fn send_home(&self, pool: &Pool, class: Class, blocks: &[*mut u8]) {
        let mut mail = Mail::new(pool, class);
        let mut rest = blocks;
        while let [first, ..] = rest {
            let slab = pool.slab_of(*first);
            let (together, others) = rest.split_at(slab.leading(rest).max(1));
            rest = others;
            if slab.class() != class {
                corrupt("a block was freed with another size,", first.addr());
            }
            let owner = slab.owner();
            if ptr::eq(owner, self) {
                self.put(pool, slab, together);
            } else {
                // SAFETY: they were freed to this heap's cache, which gave them up; the class was compared.
                unsafe { mail.add(owner, together) };
            }
        }
        mail.send();
    }

    /// Puts blocks back into a slab of this heap.
    fn put(&self, pool: &Pool, slab: &Slab, blocks: &[*mut u8]) {
        let shelf = self.shelf(slab.class());
        shelf.put(slab, blocks);
        if slab.is_idle() && !shelf.has_only_this() {
            self.close(pool, slab);
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
