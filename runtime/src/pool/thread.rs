//! Which heap is the calling thread's, and how the pool of the process meets threads that start, end and fork.
//!
//! A thread-local pointer, without destructor and so usable at any time, leads to the thread's heap. It starts at a
//! heap that holds nothing and takes nothing, so the fast path tests neither for the first call nor for the last.
//!
//! At thread exit, after the destructors of `thread_local!`s, a key destructor leaves the heap for the next thread,
//! caches and all; if none comes soon, others empty it. What still allocates after that borrows an idle heap for one
//! call, and what frees sends the block home directly; nothing is leaked however late it runs.
//!
//! In the child of a fork, the heaps of the parent's other threads are lost with what their caches held.

use std::ffi::c_void;
use std::ptr::{self, NonNull};

use super::background;
use super::class::Class;
use super::heap::Heap;
use super::leak;
use super::whole::Pool;
use crate::sync::owned::{Cell, slot};
use crate::sync::unmodelled::{AtomicU32, Ordering};
use crate::sys::process::{self, ExitKey};

/// Bytes of addresses that the pool of the process reserves at first use.
const RESERVATION: usize = if cfg!(miri) { 0 } else { 256 << 30 };

/// The pool of the process.
pub(crate) static POOL: Pool = Pool::new(RESERVATION);

/// The heap of threads that have none.
struct Nobodys(Heap);

// SAFETY: its caches stay empty and full, its shelves empty, and no slab names it as owner, so nothing writes to it.
unsafe impl Sync for Nobodys {}

static NOBODYS: Nobodys = Nobodys(Heap::nothing());

/// The calling thread as the pool sees it.
#[repr(C)]
struct Current {
    heap: Cell<*const Heap>,
    /// Whether the heap was left already because the thread ends.
    is_ending: Cell<bool>,
}

slot! {
    // Both are the same: the words, and what they say.
    static CURRENT: Current = [&NOBODYS, 0]
        = Current { heap: Cell::new(&raw const NOBODYS.0), is_ending: Cell::new(false) };
}

/// Number of the exit key, plus one; 0 until there is one.
static EXIT_KEY: AtomicU32 = AtomicU32::new(0);

/// Whether the hooks were asked for.
static HOOKED: AtomicU32 = AtomicU32::new(0);

/// Calls `f` with the heap of the calling thread, which may be nobody's.
#[inline]
pub(crate) fn with_heap<R>(f: impl FnOnce(&Heap) -> R) -> R {
    CURRENT.with(|current| {
        // SAFETY: nobody's, which is static, or one of the pool's, which lives as long; no other thread owns it.
        f(unsafe { &*current.heap.get() })
    })
}

/// Gives the calling thread a heap, if it has none yet and may have one. Small blocks find out by their empty caches;
/// large ones ask here, for a heap that is nobody's keeps no runs.
#[inline]
pub(crate) fn settle_in() {
    if with_heap(|heap| ptr::eq(heap, &raw const NOBODYS.0)) {
        let _ = own_heap();
    }
}

/// A block of a class whose cache is empty; null if the system refuses.
#[cold]
#[inline(never)]
pub(crate) fn alloc_slowly(class: Class) -> *mut u8 {
    if let Some(heap) = own_heap() {
        // SAFETY: heaps live as long as the process; this thread owns it.
        return unsafe { heap.as_ref() }.refill(&POOL, class);
    }
    let Some(borrowed) = POOL.adopt() else { return ptr::null_mut() };
    // SAFETY: as above; adopted for this one call.
    let heap = unsafe { borrowed.as_ref() };
    let cached = heap.cache(class).pop();
    let block = if cached.is_null() { heap.refill(&POOL, class) } else { cached };
    // SAFETY: adopted above, and not used below.
    unsafe { POOL.leave(borrowed) };
    block
}

/// A block of a class whose cache is empty, and whether it is known to read as zero; null if the system refuses.
#[cold]
#[inline(never)]
pub(crate) fn alloc_zeroed_slowly(class: Class) -> (*mut u8, bool) {
    match own_heap() {
        // SAFETY: heaps live as long as the process; this thread owns it.
        Some(heap) => unsafe { heap.as_ref() }.refill_zeroed(&POOL, class),
        None => (alloc_slowly(class), false),
    }
}

/// Takes in a freed block of a class whose cache is full.
#[cold]
#[inline(never)]
pub(crate) fn free_slowly(class: Class, block: *mut u8) {
    match own_heap() {
        // SAFETY: heaps live as long as the process; this thread owns it.
        Some(heap) => unsafe { heap.as_ref() }.spill_over(&POOL, class, block),
        None => POOL.send_home(class, block),
    }
}

/// The calling thread gave so many slices of large blocks back.
#[inline(never)]
pub(crate) fn let_go(slices: u32) {
    with_heap(|heap| {
        if !ptr::eq(heap, &raw const NOBODYS.0) {
            heap.let_go(slices);
        }
    });
}

/// The heap of this thread, adopted now if it has none yet; `None` if it ends or the system refuses.
fn own_heap() -> Option<NonNull<Heap>> {
    CURRENT.with(|current| {
        let heap = current.heap.get();
        if !ptr::eq(heap, &raw const NOBODYS.0) {
            return NonNull::new(heap.cast_mut());
        }
        if current.is_ending.get() {
            return None;
        }
        hook();
        let key = EXIT_KEY.load(Ordering::Acquire).checked_sub(1)?;
        let heap = POOL.adopt()?;
        // Known before the key is armed, which may allocate.
        current.heap.set(heap.as_ptr());
        if !ExitKey::from_number(key).arm(heap.cast()) {
            current.heap.set(&raw const NOBODYS.0);
            // SAFETY: adopted above, and nobody's is current again.
            unsafe { POOL.leave(heap) };
            return None;
        }
        Some(heap)
    })
}

/// Makes the exit key and the fork hooks, once; meanwhile other threads borrow heaps.
fn hook() {
    if HOOKED.load(Ordering::Relaxed) != 0 || HOOKED.swap(1, Ordering::Relaxed) != 0 {
        return;
    }
    process::at_fork(before_fork, after_fork, after_fork_in_child);
    if let Some(key) = ExitKey::new(end_thread) {
        EXIT_KEY.store(key.number() + 1, Ordering::Release);
    }
}

/// Runs at thread exit.
extern "C" fn end_thread(heap: *mut c_void) {
    let Some(heap) = NonNull::new(heap.cast::<Heap>()) else { return };
    CURRENT.with(|current| {
        current.is_ending.set(true);
        current.heap.set(&raw const NOBODYS.0);
    });
    // SAFETY: heaps live as long as the process; the key was armed with this thread's own. Its runs are too large to
    // wait for the next thread.
    unsafe { heap.as_ref() }.runs().empty(&POOL);
    // SAFETY: adopted by this thread, which uses nobody's from now on.
    unsafe { POOL.leave(heap) };
    background::notice(&POOL);
}

extern "C" fn before_fork() {
    leak::acquire();
    #[cfg(feature = "hardened")]
    super::hardened::acquire();
    POOL.acquire();
}

extern "C" fn after_fork() {
    // SAFETY: `before_fork` took the locks, on this thread or the one it was forked from.
    unsafe { POOL.release() };
    #[cfg(feature = "hardened")]
    // SAFETY: as above.
    unsafe {
        super::hardened::release();
    }
    // SAFETY: as above.
    unsafe { leak::release() };
}

extern "C" fn after_fork_in_child() {
    after_fork();
    POOL.forget_others();
    background::forget();
}
