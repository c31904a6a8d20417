//! A thread that lets memory decay while the program is idle: opt-in, one per process, asleep while nothing is free.
//!
//! Without it memory ages on slow paths only, so a program that frees a peak and then blocks, or lives from its
//! caches, would keep it. The thread allocates nothing and takes each lock as briefly as others do. A fork leaves it
//! behind; the child starts its own when it next frees something.

use std::ffi::c_void;
use std::ptr;

use super::doze::{Doze, Duty};
use super::thread::POOL;
use super::whole::Pool;
use crate::sync::unmodelled::{AtomicU32, Ordering};
use crate::sys::process;

/// Milliseconds between two looks while memory is ageing.
const PERIOD_MS: u64 = 500;

/// Whether the program asked for the thread.
static IS_WANTED: AtomicU32 = AtomicU32::new(0);

static DOZE: Doze = Doze::absent();

/// Asks for the thread; whether it runs now.
pub(crate) fn start() -> bool {
    IS_WANTED.store(1, Ordering::Relaxed);
    tell()
}

/// Memory of `pool` became free. Called without a lock held.
#[inline]
pub(crate) fn notice(pool: &Pool) {
    if IS_WANTED.load(Ordering::Relaxed) != 0 && ptr::eq(pool, &raw const POOL) {
        tell();
    }
}

/// In the child of a fork, which has no such thread.
pub(crate) fn forget() {
    DOZE.forget();
}

#[cold]
fn tell() -> bool {
    match DOZE.notice() {
        Duty::Nothing => {}
        Duty::Wake => DOZE.wake(),
        Duty::Start if process::spawn_detached(run) => {}
        Duty::Start => {
            DOZE.forget();
            return false;
        }
    }
    true
}

extern "C" fn run(_: *mut c_void) -> *mut c_void {
    loop {
        process::sleep_ms(PERIOD_MS);
        DOZE.take_news();
        POOL.settle_idle();
        POOL.tick();
        if is_settled(&POOL) && DOZE.fall_asleep() {
            while DOZE.is_asleep() {
                DOZE.sleep();
            }
        }
    }
}

/// Whether no free memory is left that could go back.
fn is_settled(pool: &Pool) -> bool {
    [&pool.slab_runs, &pool.large_runs].into_iter().all(|runs| {
        let (held, used) = { runs.lock().held() };
        held == used
    })
}
