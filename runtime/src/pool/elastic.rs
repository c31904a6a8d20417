//! Elastic caches: a cache that keeps sending home what it soon wants back becomes wide, and narrow again by and by.
//!
//! A program that builds and drops a tree, over and over, frees thousands of blocks of a class and then takes as many.
//! Each that does not fit the cache costs its way into the bitmap of a slab and back. So what a cache sends home is
//! counted as `away`, and what it fetches while some is away as `regret`; a cache whose regret reaches its capacity
//! doubles that, up to [`Class::elastic`], within a heap's allowance. At every tick a wide cache sends home half of
//! what it holds beyond its usual capacity, so what the program no longer turns over does not stay.
//!
//! The wide array is reserved whole and touched as far as it is used. Blocks leave a wide cache from its newest end,
//! so that none of the others move.

use std::ptr::NonNull;

use super::class::Class;
use super::heap::Heap;
use super::whole::Pool;
use crate::sync::owned::Cell;
use crate::sys;

/// Bytes of blocks that all caches of a heap may hold together beyond their usual capacity.
const ALLOWANCE: usize = 8 << 20;

/// What a heap remembers of its elastic caches.
#[derive(Debug)]
pub(super) struct Elastic {
    classes: [Regret; Class::COUNT],
    /// Bytes of blocks by which capacities exceed the usual ones.
    wide_bytes: Cell<usize>,
}

/// What the heap remembers of one cache.
#[derive(Debug)]
struct Regret {
    /// Blocks that were sent home and not fetched back yet, as far as somebody might want them.
    away: Cell<u32>,
    /// Blocks that were fetched back since the cache grew last.
    regret: Cell<u32>,
    /// Whether the cache lives in its wide array.
    has_wide_array: Cell<bool>,
}

impl Elastic {
    pub(super) const fn new() -> Self {
        Self {
            classes: [const {
                Regret { away: Cell::new(0), regret: Cell::new(0), has_wide_array: Cell::new(false) }
            }; Class::COUNT],
            wide_bytes: Cell::new(0),
        }
    }

    /// So many blocks were sent home because the cache was full.
    pub(super) fn sent_home(&self, class: Class, count: usize) {
        let away = &self.classes[class.index()].away;
        away.set(away.get().saturating_add(count as u32));
    }

    /// So many blocks were fetched because a cache of `capacity` was empty; whether it should be wider.
    pub(super) fn fetched(&self, class: Class, count: usize, capacity: usize) -> bool {
        let Regret { away, regret, .. } = &self.classes[class.index()];
        let back = away.get().min(count as u32);
        away.set(away.get() - back);
        regret.set(regret.get() + back);
        let is_due = regret.get() as usize >= capacity;
        if is_due {
            regret.set(0);
        }
        is_due
    }
}

impl Heap {
    /// Doubles the capacity of a cache, if it has its usual one at least and the heap may hold so much.
    pub(super) fn widen(&self, pool: &Pool, class: Class) {
        let (elastic, capacity) = (self.elastic(), self.capacity(class));
        let wider = (2 * capacity).min(class.elastic());
        let wide_bytes = elastic.wide_bytes.get() + wider.saturating_sub(capacity) * class.bytes();
        if capacity < class.cached() || wider <= capacity || wide_bytes > ALLOWANCE {
            return;
        }
        let has_wide_array = &elastic.classes[class.index()].has_wide_array;
        if has_wide_array.get() {
            // SAFETY: the wide array has room for `elastic` blocks, and more is allowed now than before.
            unsafe { self.cache(class).bound(wider, capacity) };
        } else {
            let Some(array) = pool.cache_array(class.elastic()) else { return };
            // SAFETY: a fresh array for at least so many blocks, which nobody else knows; the old one is shorter.
            unsafe { self.cache(class).move_to(array.as_ptr(), wider, capacity) };
            has_wide_array.set(true);
        }
        elastic.wide_bytes.set(wide_bytes);
        self.settled_in(class, wider);
    }

    /// Lets a wide cache become narrower: to half its capacity, or at once to its usual one.
    pub(super) fn narrow(&self, pool: &Pool, class: Class, at_once: bool) {
        let elastic = self.elastic();
        elastic.classes[class.index()].away.set(0);
        let (capacity, usual) = (self.capacity(class), class.cached());
        if capacity <= usual {
            return;
        }
        let narrower = if at_once { usual } else { (capacity / 2).max(usual) };
        self.reduce(pool, class, narrower);
        // SAFETY: it holds no more than that any more, and the array had room for more.
        unsafe { self.cache(class).bound(narrower, capacity) };
        elastic.wide_bytes.set(elastic.wide_bytes.get() - (capacity - narrower) * class.bytes());
        self.settled_in(class, narrower);
        let ends = [narrower, capacity].map(|slots| (slots + 1) * size_of::<*mut u8>());
        forget(self.cache(class).floor(narrower).cast(), ends);
    }
}

/// Gives whole pages of an array back that holds nothing between two places in bytes.
fn forget(array: *mut u8, [first, end]: [usize; 2]) {
    let page = sys::page_size();
    let first = (array.addr() + first).next_multiple_of(page);
    let end = (array.addr() + end) / page * page;
    if let Some(start) = NonNull::new(array.with_addr(first))
        && first < end
    {
        // SAFETY: slots of the array above what the cache holds, which read as zero from now on: still initialised. A
        // refusal costs memory.
        let _ = unsafe { sys::raw::decommit(start, end - first) };
    }
}

#[cfg(test)]
mod tests;
