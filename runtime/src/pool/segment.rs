//! Segments: spans of addresses reserved from the system, cut into slices, with one table entry per slice.
//!
//! ```text
//! base                     frontier                                end
//!   │ run │ run │   run   │ never handed out, zero, unbacked        │
//! ```
//!
//! The first segments share one large reservation; where that is refused (RLIMIT_AS, strict overcommit, sandboxes)
//! or used up, smaller ones are added on demand. A segment serves slabs or runs for its whole life, so that small
//! blocks do not pin the neighbourhood of large ones.
//!
//! Table entries are atomics only because threads share the table. All but `slab` are read and written under the
//! lock of the runs of that kind; `slab` is read by any thread that holds a block of it.

use std::ffi::CStr;
use std::ptr::{self, NonNull};

use super::class::{Class, SLICE};
use super::corrupt::corrupt;
use super::lock::Lock;
use super::meta::Meta;
use super::slab::Slab;
use super::source::Source;
use crate::align::HUGE_PAGE;
use crate::sync::unmodelled::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use crate::sys::{process, raw};

/// Slices of a huge page.
pub(crate) const HUGE_SLICES: u32 = (HUGE_PAGE / SLICE) as u32;

/// The smallest segment that is added on demand, in slices, unless the system refuses so much.
const GROWTH_MIN: usize = (32 << 20) / SLICE;

/// The largest one, unless one request needs more.
const GROWTH_MAX: usize = (1 << 30) / SLICE;

/// The environment variable that replaces the size of the large reservation, in GiB; 0 grows on demand from the start.
const RESERVE_GIB: &CStr = c"STRATAL_RESERVE_GIB";

/// Segments a pool can have.
const SEGMENTS: usize = 256;

/// What the slices of a segment become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Slabs of small blocks.
    Slabs,
    /// Runs of one large block each.
    Large,
}

impl Kind {
    /// Slices at the start of a segment that are left on small pages, so that small programs stay small.
    fn slices_before_huge_pages(self) -> u32 {
        match self {
            Self::Slabs => 4 * HUGE_SLICES,
            Self::Large => 2 * HUGE_SLICES,
        }
    }
}

/// What is known about one slice.
#[derive(Debug)]
pub(crate) struct Slice {
    /// The slab it is part of.
    slab: AtomicPtr<Slab>,
    /// Slices of the run that starts here, 0 if none does.
    pub(super) head: AtomicU32,
    /// Slices of the run that ends here, 0 if none does.
    pub(super) tail: AtomicU32,
    /// State of the run that starts here.
    pub(super) state: AtomicU32,
    /// The tick since which that run is free and dirty.
    pub(super) since: AtomicU32,
    /// Neighbours in the bin, as [`RunId::to_word`](super::bins::RunId::to_word), if a free run starts here.
    pub(super) previous: AtomicU64,
    pub(super) next: AtomicU64,
}

/// One span of addresses. See the [module](self).
#[derive(Debug)]
pub(crate) struct Segment {
    base: NonNull<u8>,
    kind: Kind,
    /// Its length. Only ever less, when addresses behind the frontier are given up under the lock of the runs.
    slices: AtomicU32,
    table: NonNull<Slice>,
    /// Per slice the place of the class of its slab, plus one; 0 where there is none. Dense, and apart from the
    /// table, for who frees a block without its size looks here.
    classes: NonNull<AtomicU8>,
    /// Slices from here on were never handed out. Changed under the lock of the runs of its kind.
    frontier: AtomicU32,
    /// Slices from here on may be backed by huge pages.
    huge_from: AtomicU32,
}

impl Segment {
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn slices(&self) -> u32 {
        self.slices.load(Ordering::Relaxed)
    }

    pub(crate) fn frontier(&self) -> u32 {
        self.frontier.load(Ordering::Relaxed)
    }

    /// The address of a slice, which is at most `slices`.
    pub(crate) fn address(&self, slice: u32) -> *mut u8 {
        self.base.as_ptr().wrapping_add(slice as usize * SLICE)
    }

    /// The slice that an address lies in.
    #[inline]
    fn slice_of(&self, address: usize) -> Option<u32> {
        let slice = address.wrapping_sub(self.base.as_ptr().addr()) / SLICE;
        (slice < self.slices() as usize).then_some(slice as u32)
    }

    /// The first slice from `slice` on whose address lies `phase` slices after a multiple of `align` slices, a power
    /// of two above `phase`.
    pub(crate) fn aligned(&self, slice: u32, align: u64, phase: u32) -> Option<u32> {
        let start = (self.base.as_ptr().addr() / SLICE) as u64;
        let earliest = start + u64::from(slice);
        let absolute = (earliest + align - u64::from(phase)).checked_next_multiple_of(align)? - align;
        u32::try_from(absolute + u64::from(phase) - start).ok()
    }

    /// The table entry of a slice.
    pub(super) fn entry(&self, slice: u32) -> &Slice {
        if slice >= self.slices() {
            corrupt("a slice outside its segment was named", self.address(slice).addr());
        }
        // SAFETY: the table has `slices` entries, alive as long as the segment, zeroed at first, which is valid.
        unsafe { self.table.add(slice as usize).as_ref() }
    }

    /// The slab that a slice is part of, or null; any thread may ask.
    pub(crate) fn slab(&self, slice: u32) -> *const Slab {
        self.entry(slice).slab.load(Ordering::Acquire)
    }

    /// Makes the slices from `first` on part of `slab`, which has `class`.
    pub(crate) fn set_slab(&self, first: u32, class: Class, slab: *const Slab) {
        self.label(first, class, slab, class.index() as u8 + 1);
    }

    /// Makes the slices from `first` on, which were of a slab of `class`, part of none.
    pub(crate) fn clear_slab(&self, first: u32, class: Class) {
        self.label(first, class, ptr::null(), 0);
    }

    fn label(&self, first: u32, class: Class, slab: *const Slab, mark: u8) {
        for slice in first..first + class.slab_slices() {
            self.entry(slice).slab.store(slab.cast_mut(), Ordering::Release);
            // SAFETY: `entry` found the slice inside the segment, and there is a class for each.
            unsafe { self.classes.add(slice as usize).as_ref() }.store(mark, Ordering::Release);
        }
    }

    /// The class of the slab that an address lies in; `None` if it lies in none. Any thread may ask.
    #[inline]
    fn class_at(&self, address: usize) -> Option<Class> {
        let slice = self.slice_of(address)?;
        // SAFETY: the slice is inside the segment, and there is a class for each.
        let mark = unsafe { self.classes.add(slice as usize).as_ref() }.load(Ordering::Acquire);
        Class::from_place(mark.wrapping_sub(1))
    }

    /// Moves the frontier; behind the first few huge pages' worth, asks for huge pages, once.
    pub(crate) fn advance(&self, frontier: u32) {
        self.frontier.store(frontier, Ordering::Relaxed);
        let first = self.kind.slices_before_huge_pages();
        if frontier > first && self.huge_from.load(Ordering::Relaxed) == u32::MAX {
            self.huge_from.store(first, Ordering::Relaxed);
            let start = self.base.as_ptr().wrapping_add(first as usize * SLICE);
            let len = (self.slices() - first) as usize * SLICE;
            if let Some(start) = NonNull::new(start) {
                // SAFETY: inside this segment, since `first < frontier ≤ slices`. Without huge pages, small ones do.
                let _ = unsafe { raw::advise_huge(start, len) };
            }
        }
    }

    /// Gives up the addresses that were never handed out; how many slices. Under the lock of the runs of its kind.
    fn give_up_rest(&self, source: &Source) -> u32 {
        let frontier = self.frontier();
        let rest = self.slices() - frontier;
        let Some(start) = NonNull::new(self.address(frontier)).filter(|_| rest > 0) else { return 0 };
        // Nobody finds a slice there from now on, whether the system takes it or not.
        self.slices.store(frontier, Ordering::Relaxed);
        // SAFETY: behind the frontier, so nothing was ever handed out there.
        unsafe { source.release(start, rest as usize * SLICE) };
        rest
    }

    /// The part of a run that can be decommitted without breaking a huge page.
    pub(crate) fn without_broken_huge_pages(&self, first: u32, len: u32) -> (u32, u32) {
        let end = first + len;
        if end <= self.huge_from.load(Ordering::Relaxed) {
            return (first, len);
        }
        let align = u64::from(HUGE_SLICES);
        let inner = self.aligned(first, align, 0).map_or(end, |inner| inner.min(end));
        let past = (self.base.as_ptr().addr() / SLICE + end as usize) % HUGE_SLICES as usize;
        (inner, (end - inner).saturating_sub(past as u32))
    }

    /// Takes the memory from free slices, which read zero afterwards; whether that worked.
    pub(super) fn decommit(&self, first: u32, len: u32) -> bool {
        let Some(start) = NonNull::new(self.address(first)) else { return false };
        // SAFETY: the slices are free, so nobody uses their contents.
        unsafe { raw::decommit(start, len as usize * SLICE) }.is_ok()
    }
}

/// Every segment of a pool; grows, never shrinks, and is read without a lock.
#[derive(Debug)]
pub(crate) struct SegmentMap {
    segments: [AtomicPtr<Segment>; SEGMENTS],
    count: AtomicUsize,
    reserved_bytes: AtomicUsize,
    /// The segment of runs that an address was found in last: nearly always the one to look at first.
    latest_large: AtomicPtr<Segment>,
    /// The same for slabs.
    latest_slabs: AtomicPtr<Segment>,
    growth: Lock<Growth>,
}

/// What the next growth starts with.
#[derive(Debug)]
struct Growth {
    /// Bytes of the large reservation that has not been tried yet.
    first_bytes: usize,
}

impl SegmentMap {
    /// A map that will try to reserve `first_bytes` at once, or grows on demand if that is 0.
    pub(crate) const fn new(first_bytes: usize) -> Self {
        Self {
            segments: [const { AtomicPtr::new(ptr::null_mut()) }; SEGMENTS],
            count: AtomicUsize::new(0),
            reserved_bytes: AtomicUsize::new(0),
            latest_large: AtomicPtr::new(ptr::null_mut()),
            latest_slabs: AtomicPtr::new(ptr::null_mut()),
            growth: Lock::new(Growth { first_bytes }),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Bytes of addresses in all segments.
    pub(crate) fn reserved_bytes(&self) -> usize {
        self.reserved_bytes.load(Ordering::Relaxed)
    }

    /// The segment of a number that was given out.
    pub(crate) fn get(&self, number: u32) -> Option<&Segment> {
        let segment = self.segments.get(number as usize)?.load(Ordering::Acquire);
        // SAFETY: null, or a segment that lives as long as the pool and was complete before it was stored.
        unsafe { segment.as_ref() }
    }

    /// Every segment with its number, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &Segment)> {
        (0..self.count() as u32).filter_map(|number| Some((number, self.get(number)?)))
    }

    /// The segment and slice that an address lies in.
    pub(crate) fn find(&self, address: usize) -> Option<(u32, &Segment, u32)> {
        self.iter().find_map(|(number, segment)| Some((number, segment, segment.slice_of(address)?)))
    }

    /// The segment of large runs and the slice that an address lies in.
    #[inline]
    pub(crate) fn find_large(&self, address: usize) -> Option<(&Segment, u32)> {
        // SAFETY: null, or a segment that lives as long as the pool and was complete before it was stored.
        let latest = unsafe { self.latest_large.load(Ordering::Acquire).as_ref() };
        if let Some(segment) = latest
            && let Some(slice) = segment.slice_of(address)
        {
            return Some((segment, slice));
        }
        self.search_large(address)
    }

    #[cold]
    fn search_large(&self, address: usize) -> Option<(&Segment, u32)> {
        let large = self.iter().filter(|(_, segment)| segment.kind == Kind::Large);
        let (segment, slice) = large.filter_map(|(_, it)| Some((it, it.slice_of(address)?))).next()?;
        self.latest_large.store(ptr::from_ref(segment).cast_mut(), Ordering::Release);
        Some((segment, slice))
    }

    /// The class of the slab that an address lies in, if one look finds it; any thread may ask.
    #[inline]
    pub(crate) fn class_at_once(&self, address: usize) -> Option<Class> {
        // SAFETY: null, or a segment that lives as long as the pool and was complete before it was stored.
        unsafe { self.latest_slabs.load(Ordering::Acquire).as_ref() }?.class_at(address)
    }

    /// The class of the slab that an address lies in; `None` if it lies in none.
    #[cold]
    pub(crate) fn search_class(&self, address: usize) -> Option<Class> {
        let slabs = self.iter().filter(|(_, segment)| segment.kind == Kind::Slabs);
        let (segment, class) = slabs.filter_map(|(_, it)| Some((it, it.class_at(address)?))).next()?;
        self.latest_slabs.store(ptr::from_ref(segment).cast_mut(), Ordering::Release);
        Some(class)
    }

    /// Adds a segment of `kind` with room for `slices` at a multiple of `align` slices, unless others were added
    /// since `seen` were counted. `false` if the system refuses.
    pub(crate) fn grow(&self, room: &Room, seen: usize, kind: Kind, slices: usize, align: usize) -> bool {
        let mut growth = self.growth.lock();
        if self.count() != seen {
            return true;
        }
        if growth.first_bytes > 0 {
            let built_in = std::mem::take(&mut growth.first_bytes);
            let bytes = process::setting(RESERVE_GIB).map_or(built_in, |gib| gib.saturating_mul(1 << 30));
            if bytes > 0 && self.reserve_first(room, bytes) {
                return true;
            }
        }
        let Some(align) = align.checked_mul(SLICE) else { return false };
        let reserved = self.reserved_bytes() / SLICE;
        let mut ample = slices.max((reserved / 8).clamp(GROWTH_MIN, GROWTH_MAX));
        // Where addresses are scarce, less than ample does; the least at once would soon use up all segments.
        while !self.add(room, kind, ample, align.max(HUGE_PAGE)) {
            if ample == slices {
                return self.add(room, kind, slices, align);
            }
            ample = slices.max(ample / 4);
        }
        true
    }

    /// Gives up all addresses of a kind that were never handed out, for a process whose addresses are limited now:
    /// further segments are as large as needed, and the system refuses what is too much. Under the lock of the runs.
    pub(crate) fn give_up_reserve(&self, source: &Source, kind: Kind) {
        let own = self.iter().filter(|(_, segment)| segment.kind == kind);
        let slices: usize = own.map(|(_, segment)| segment.give_up_rest(source) as usize).sum();
        self.reserved_bytes.fetch_sub(slices * SLICE, Ordering::Relaxed);
    }

    /// Whether more is reserved than a process of limited addresses would have.
    pub(crate) fn is_ample(&self) -> bool {
        self.reserved_bytes() > 4 * GROWTH_MAX * SLICE
    }

    /// Reserves once for both kinds: a quarter for slabs, the rest for runs.
    fn reserve_first(&self, room: &Room, bytes: usize) -> bool {
        let Some(base) = room.source.reserve(bytes, 1 << 30) else { return false };
        let slices = bytes / SLICE;
        let slabs = slices / 4;
        // SAFETY: a quarter of the reservation is inside it.
        let rest = unsafe { base.add(slabs * SLICE) };
        self.publish_or_release(room, base, Kind::Slabs, slabs)
            & self.publish_or_release(room, rest, Kind::Large, slices - slabs)
    }

    fn add(&self, room: &Room, kind: Kind, slices: usize, align: usize) -> bool {
        let Some(bytes) = slices.checked_mul(SLICE) else { return false };
        if u32::try_from(slices).is_err() || self.count() == SEGMENTS {
            return false;
        }
        let Some(base) = room.source.reserve(bytes, align) else { return false };
        self.publish_or_release(room, base, kind, slices)
    }

    /// Makes a reserved span known, or gives it back if there is no memory to describe it.
    fn publish_or_release(&self, room: &Room, base: NonNull<u8>, kind: Kind, slices: usize) -> bool {
        if self.publish(room, base, kind, slices) {
            return true;
        }
        // SAFETY: just reserved by the caller, who told nobody.
        let _ = unsafe { raw::release(base, slices * SLICE) };
        false
    }

    /// Describes a reserved span and makes it known. Called under the growth lock.
    fn publish(&self, room: &Room, base: NonNull<u8>, kind: Kind, slices: usize) -> bool {
        let number = self.count();
        let (Ok(len), Some(place)) = (u32::try_from(slices), self.segments.get(number)) else {
            return false;
        };
        let mut meta = room.meta.lock();
        let Some(table) = meta.take(&room.source, slices * size_of::<Slice>()) else { return false };
        let Some(classes) = meta.take(&room.source, slices) else { return false };
        let Some(memory) = meta.take(&room.source, size_of::<Segment>()) else { return false };
        let memory = memory.cast::<Segment>();
        let segment = Segment {
            base,
            kind,
            slices: AtomicU32::new(len),
            table: table.cast(),
            classes: classes.cast(),
            frontier: AtomicU32::new(0),
            huge_from: AtomicU32::new(u32::MAX),
        };
        // SAFETY: fresh descriptor memory of that size, aligned to 128.
        unsafe { memory.write(segment) };
        place.store(memory.as_ptr(), Ordering::Release);
        self.count.store(number + 1, Ordering::Release);
        self.reserved_bytes.fetch_add(slices * SLICE, Ordering::Relaxed);
        true
    }

    /// Takes the growth lock for a fork; see [`Lock::acquire`].
    pub(crate) fn acquire(&self) {
        self.growth.acquire();
    }

    /// Gives up what [`acquire`](Self::acquire) took.
    ///
    /// # Safety
    ///
    /// As for [`Lock::release`].
    pub(crate) unsafe fn release(&self) {
        // SAFETY: forwarded.
        unsafe { self.growth.release() };
    }
}

/// Where a map finds room for itself: the source of memory and the descriptors' memory.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) source: Source,
    pub(crate) meta: Lock<Meta>,
}
