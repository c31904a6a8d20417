//! The notes of open scopes: every block that a watched thread took from the global allocator, by its address.
//!
//! The allocator calls in here while it allocates, and noting allocates in turn: a thread that is inside is not
//! noted. Invariant: a note exists only for a block that is live and was taken under a scope that is still open.

use std::collections::BTreeMap;

use super::Leak;
use super::place::Stack;
use crate::pool::lock::Lock;
use crate::sync::owned::{Cell, local};
use crate::sync::unmodelled::{AtomicUsize, Ordering};

/// What is known about one block.
#[derive(Debug)]
struct Note {
    number: u64,
    thread: usize,
    bytes: usize,
    stack: Stack,
}

/// Every note, and how many there ever were.
#[derive(Debug)]
struct Notes {
    blocks: BTreeMap<usize, Note>,
    count: u64,
}

static NOTES: Lock<Notes> = Lock::new(Notes { blocks: BTreeMap::new(), count: 0 });

/// Scopes that are open, on all threads.
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// The calling thread, as the hooks see it.
struct Watched {
    scopes: Cell<usize>,
    /// Whether it is noting now.
    is_inside: Cell<bool>,
}

local! {
    static THREAD: Watched = const { Watched { scopes: Cell::new(0), is_inside: Cell::new(false) } };
}

/// The scopes of a thread, from the oldest to this one.
#[derive(Debug)]
pub(super) struct Watch {
    /// Notes before the scope was opened.
    first: u64,
}

impl Watch {
    pub(super) fn open() -> Self {
        THREAD.with(|thread| thread.scopes.set(thread.scopes.get() + 1));
        OPEN.fetch_add(1, Ordering::Relaxed);
        Self { first: NOTES.lock().count }
    }

    /// What this thread took since, and nobody has freed.
    pub(super) fn live(&self) -> Vec<Leak> {
        let found = inside(|thread| {
            let notes = NOTES.lock();
            let mine = notes.blocks.values().filter(|note| note.thread == thread && note.number > self.first);
            let mine: Vec<_> = mine.map(|note| (note.bytes, note.stack)).collect();
            // Finding a place takes long, and locks of others.
            drop(notes);
            let leak = |(bytes, stack): (usize, Stack)| Leak {
                place: stack.place(),
                holds: None,
                pool: None,
                blocks: 1,
                bytes,
            };
            mine.into_iter().map(leak).collect()
        });
        found.unwrap_or_default()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        inside(|thread| {
            let mut notes = NOTES.lock();
            notes.blocks.retain(|_, note| note.thread != thread || note.number <= self.first);
        });
        THREAD.with(|thread| thread.scopes.set(thread.scopes.get() - 1));
        OPEN.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(super) fn allocated(block: *mut u8, bytes: usize) {
    if OPEN.load(Ordering::Relaxed) == 0 || block.is_null() || THREAD.with(|thread| thread.scopes.get() == 0)
    {
        return;
    }
    inside(|thread| {
        let stack = Stack::here();
        let mut notes = NOTES.lock();
        notes.count += 1;
        let note = Note { number: notes.count, thread, bytes, stack };
        notes.blocks.insert(block.addr(), note);
    });
}

pub(super) fn freed(block: *mut u8) {
    if OPEN.load(Ordering::Relaxed) > 0 {
        inside(|_| {
            NOTES.lock().blocks.remove(&block.addr());
        });
    }
}

pub(super) fn resized(old: *mut u8, new: *mut u8, bytes: usize) {
    if OPEN.load(Ordering::Relaxed) > 0 && !new.is_null() {
        inside(|_| {
            let mut notes = NOTES.lock();
            if let Some(note) = notes.blocks.remove(&old.addr()) {
                notes.blocks.insert(new.addr(), Note { bytes, ..note });
            }
        });
    }
}

/// Takes the lock of the notes, before a fork: before those of the allocator, since noting allocates.
pub(super) fn acquire() {
    NOTES.acquire();
}

/// Gives it up, after a fork.
///
/// # Safety
///
/// As for [`Lock::release`].
pub(super) unsafe fn release() {
    // SAFETY: forwarded.
    unsafe { NOTES.release() };
}

/// Calls `note` with a number that names the calling thread, unless that is inside already.
fn inside<R>(note: impl FnOnce(usize) -> R) -> Option<R> {
    THREAD.with(|thread| {
        if thread.is_inside.replace(true) {
            return None;
        }
        let result = note(std::ptr::from_ref(thread).addr());
        thread.is_inside.set(false);
        Some(result)
    })
}
