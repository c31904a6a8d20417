//! Promise: one thread at a time is inside, and what it did there is seen by the next.

#[cfg(not(stratal_loom))]
mod real {
    use std::thread;

    use super::super::*;

    #[test]
    fn no_increment_is_lost() {
        let lock = Lock::<u32>::new(0);
        let rounds = if cfg!(miri) { 20 } else { 20_000 };
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..rounds).for_each(|_| *lock.lock() += 1));
            }
        });
        assert_eq!(*lock.lock(), 4 * rounds);
    }

    #[test]
    fn a_sleeper_is_woken() {
        let lock = Lock::<u32>::new(0);
        thread::scope(|scope| {
            let guard = lock.lock();
            let sleeper = scope.spawn(|| *lock.lock() += 1);
            while lock.state.load(Ordering::Relaxed) != AWAITED {
                thread::yield_now();
            }
            drop(guard);
            sleeper.join().unwrap();
        });
        assert_eq!(*lock.lock(), 1);
    }
}

#[cfg(stratal_loom)]
mod modelled {
    use loom::sync::Arc;
    use loom::thread;

    use super::super::*;
    use crate::sync::{WeakConsume, WeakPublish};

    fn two_threads_increment<O: Orders + 'static>() {
        loom::model(|| {
            let lock = Arc::new(Lock::<u32, O>::new(0));
            let other = Arc::clone(&lock);
            let thread = thread::spawn(move || *other.lock() += 1);
            *lock.lock() += 1;
            thread.join().unwrap();
            assert_eq!(*lock.lock(), 2);
        });
    }

    #[test]
    fn loom_finds_no_lost_increment() {
        two_threads_increment::<Paired>();
    }

    #[test]
    #[should_panic(expected = "Causality violation")]
    fn loom_rejects_a_lock_that_does_not_publish() {
        two_threads_increment::<WeakPublish>();
    }

    #[test]
    #[should_panic(expected = "Causality violation")]
    fn loom_rejects_a_lock_that_does_not_consume() {
        two_threads_increment::<WeakConsume>();
    }
}
