//! Promises of gates: nobody is inside when the keeper finds them empty, whoever enters sees what the keeper left, and
//! the count is exact.

use super::*;

#[cfg(not(stratal_loom))]
mod real {
    use super::*;
    use std::sync::Mutex;
    use std::sync::atomic::AtomicBool;
    use std::thread;

    /// A hold that was taken before a closing counts until it is given back, and the gate stays closed until then.
    #[test]
    fn a_closed_gate_opens_only_when_it_is_empty() {
        let gate = Gate::new();
        assert!(gate.open() && gate.enter() && gate.enter() && gate.leave());
        assert_eq!((gate.close(), gate.close(), gate.enter(), gate.open()), (1, 0, false, false));
        assert_eq!((gate.leave(), gate.open(), gate.is_open(), gate.holds()), (false, true, true, 0));
    }

    /// Readers and a keeper that takes the bytes away whenever it finds nobody inside.
    #[test]
    fn nobody_is_inside_when_the_keeper_takes_the_bytes() {
        let (gate, counted, taken) = (Gate::new(), Mutex::new(0), AtomicBool::new(false));
        let rounds = if cfg!(miri) { 30 } else { 20_000 };
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..rounds {
                        if !gate.enter() {
                            continue;
                        }
                        assert!(!taken.load(Ordering::Relaxed), "entered where the bytes are gone");
                        if !gate.leave() {
                            *counted.lock().unwrap() -= 1;
                        }
                    }
                });
            }
            for _ in 0..rounds {
                let mut counted = counted.lock().unwrap();
                *counted += gate.close();
                if *counted == 0 {
                    taken.store(true, Ordering::Relaxed);
                    taken.store(false, Ordering::Relaxed);
                    gate.open();
                }
            }
        });
    }
}

#[cfg(stratal_loom)]
#[allow(unsafe_code, reason = "models reach bytes through a cell that loom checks for races")]
mod modelled {
    use super::*;
    use crate::sync::modelled::UnsafeCell;
    use crate::sync::{WeakConsume, WeakPublish};
    use loom::sync::{Arc, Mutex};
    use loom::thread;

    /// Bytes behind a gate, and the keeper's lock.
    struct Kept<O: Orders> {
        gate: Counted<O>,
        bytes: UnsafeCell<u32>,
        /// Holds that the keeper counted, and the lock.
        counted: Mutex<u32>,
    }

    // SAFETY: the models check that the cell is reached by one thread at a time, or read by several.
    unsafe impl<O: Orders> Sync for Kept<O> {}
    // SAFETY: as above.
    unsafe impl<O: Orders> Send for Kept<O> {}

    impl<O: Orders + 'static> Kept<O> {
        fn new() -> Arc<Self> {
            Arc::new(Self { gate: Counted::default(), bytes: UnsafeCell::new(0), counted: Mutex::new(0) })
        }

        fn hold(&self) {
            if self.gate.enter() {
                // SAFETY: a hold keeps the bytes as they are.
                let bytes = self.bytes.with(|bytes| unsafe { *bytes });
                assert_eq!(bytes % 2, 1, "bytes that are gone or half there");
                if !self.gate.leave() {
                    *self.counted.lock().unwrap() -= 1;
                }
            }
        }

        /// Evicts and fills again where nobody holds the bytes; `blind` does not ask.
        fn exchange(&self, blind: bool) {
            let mut counted = self.counted.lock().unwrap();
            *counted += self.gate.close();
            if *counted == 0 || blind {
                // SAFETY: a closed gate with nobody behind it.
                self.bytes.with_mut(|bytes| unsafe { *bytes += 2 });
                self.gate.open();
            }
        }
    }

    fn holder_and_keeper<O: Orders + 'static>(blind: bool) {
        loom::model(move || {
            let kept = Kept::<O>::new();
            // SAFETY: closed, and nobody else knows it.
            kept.bytes.with_mut(|bytes| unsafe { *bytes = 1 });
            assert!(kept.gate.open());
            let other = Arc::clone(&kept);
            let holder = thread::spawn(move || other.hold());
            kept.exchange(blind);
            holder.join().unwrap();
        });
    }

    fn two_holders_and_a_keeper<O: Orders + 'static>() {
        loom::model(|| {
            let kept = Kept::<O>::new();
            // SAFETY: closed, and nobody else knows it.
            kept.bytes.with_mut(|bytes| unsafe { *bytes = 1 });
            assert!(kept.gate.open());
            let holders: Vec<_> = (0..2)
                .map(|_| {
                    let other = Arc::clone(&kept);
                    thread::spawn(move || other.hold())
                })
                .collect();
            kept.exchange(false);
            holders.into_iter().for_each(|holder| holder.join().unwrap());
            let inside = kept.gate.close();
            assert_eq!((inside, *kept.counted.lock().unwrap()), (0, 0), "everybody has left");
        });
    }

    /// The first opening: nothing but the gate carries the bytes over.
    fn first_opening<O: Orders + 'static>() {
        loom::model(|| {
            let kept = Kept::<O>::new();
            let other = Arc::clone(&kept);
            let holder = thread::spawn(move || other.hold());
            // SAFETY: closed, so nobody is inside.
            kept.bytes.with_mut(|bytes| unsafe { *bytes = 1 });
            kept.gate.open();
            holder.join().unwrap();
        });
    }

    #[test]
    fn loom_finds_nobody_inside_a_closed_and_empty_gate() {
        holder_and_keeper::<Paired>(false);
        two_holders_and_a_keeper::<Paired>();
        first_opening::<Paired>();
    }

    #[test]
    #[should_panic(expected = "Causality violation")]
    fn loom_rejects_a_keeper_that_does_not_ask_who_is_inside() {
        holder_and_keeper::<Paired>(true);
    }

    #[test]
    #[should_panic(expected = "Causality violation")]
    fn loom_rejects_a_leaving_that_does_not_publish() {
        holder_and_keeper::<WeakPublish>(false);
    }

    #[test]
    #[should_panic(expected = "Causality violation")]
    fn loom_rejects_a_closing_that_does_not_consume() {
        holder_and_keeper::<WeakConsume>(false);
    }

    #[test]
    #[should_panic(expected = "Causality violation")]
    fn loom_rejects_an_opening_that_does_not_publish() {
        first_opening::<WeakPublish>();
    }

    #[test]
    #[should_panic(expected = "Causality violation")]
    fn loom_rejects_an_entering_that_does_not_consume() {
        first_opening::<WeakConsume>();
    }
}
