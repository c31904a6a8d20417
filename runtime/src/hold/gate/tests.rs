//! Promises of gates: nobody is inside when the keeper finds them empty, whoever enters sees what the keeper left, and
//! the count is exact.

use super::*;

#[cfg(not(stratal_loom))]
mod real {
    use super::*;
    use crate::sys::Barrier;
    use std::sync::Mutex;
    use std::sync::atomic::AtomicBool;
    use std::thread;

    fn nobody(_: u32) {
        unreachable!("the gate has no regular");
    }

    /// A hold that was taken before a closing counts until it is given back, and the gate stays closed until then.
    #[test]
    fn a_closed_gate_opens_only_when_it_is_empty() {
        let gate = Gate::new();
        assert!(gate.open());
        assert_eq!([(); 2].map(|()| gate.enter(None)), [Entered::Inside; 2]);
        assert_eq!((gate.leave(None), gate.holds()), (Left::Quietly, 1));
        assert_eq!((gate.close(nobody), gate.close(nobody)), (1, 0));
        assert_eq!((gate.enter(None), gate.open()), (Entered::Closed, false));
        assert_eq!((gate.leave(None), gate.open()), (Left::Counted, true));
        assert_eq!((gate.is_open(), gate.holds()), (true, 0));
    }

    /// A gate that `visitor` has become the regular of, with nobody inside.
    fn frequented(visitor: &Visitor) -> Gate {
        let gate = Gate::new();
        assert!(gate.open());
        for _ in 0..PATIENCE + 2 {
            assert_eq!(
                (gate.enter(Some(visitor)), gate.leave(Some(visitor))),
                (Entered::Inside, Left::Quietly)
            );
        }
        assert_eq!(gate.0.regular.load(Ordering::Relaxed), visitor.id());
        gate
    }

    /// Holds are given back by whoever has them, and only the sum counts.
    #[test]
    fn the_regular_and_others_give_back_each_others_holds() {
        let (regular, other) = (Visitor::new(1).unwrap(), Visitor::new(2).unwrap());
        let gate = frequented(&regular);
        assert_eq!(gate.enter(Some(&regular)), Entered::Inside);
        assert_eq!((gate.leave(Some(&other)), gate.holds()), (Left::Quietly, 0));
        assert_eq!(gate.enter(Some(&other)), Entered::Inside);
        assert_eq!((gate.leave(Some(&regular)), gate.holds()), (Left::Quietly, 0));
        for visitor in [&regular, &other, &regular] {
            assert_eq!(gate.enter(Some(visitor)), Entered::Inside);
        }
        assert_eq!((gate.holds(), gate.close(|_| {})), (3, 3));
        assert_eq!(gate.enter(Some(&regular)), Entered::Closed);
        for visitor in [Some(&other), Some(&regular), None] {
            assert!(!gate.open());
            assert_eq!(gate.leave(visitor), Left::Counted);
        }
        assert!(gate.open());
        assert_eq!((gate.enter(Some(&regular)), gate.holds()), (Entered::Inside, 1));
        assert_eq!(gate.close(|_| {}), 1);
    }

    /// Who comes in turns with others is no regular, and who is stays it.
    #[test]
    fn a_regular_comes_alone_and_often() {
        let [first, second] = [1, 2].map(|id| Visitor::new(id).unwrap());
        let gate = Gate::new();
        assert!(gate.open());
        for visitor in [&first, &second].into_iter().cycle().take(8 * PATIENCE as usize) {
            assert_eq!(
                (gate.enter(Some(visitor)), gate.leave(Some(visitor))),
                (Entered::Inside, Left::Quietly)
            );
        }
        assert_eq!(gate.close(nobody), 0);
        let gate = frequented(&first);
        assert_eq!((gate.close(|_| {}), gate.open()), (0, true));
        let mut told = 0;
        assert_eq!((gate.close(|id| told = id), told), (0, 1));
    }

    /// Takes part as one thread: enters, looks, leaves, and tells the keeper what it has to.
    fn hold(gate: &Gate, visitor: Option<&Visitor>, counted: &Mutex<u32>, taken: &AtomicBool) {
        match gate.enter(visitor) {
            Entered::Inside => {
                assert!(!taken.load(Ordering::Relaxed), "entered where the bytes are gone");
                match gate.leave(visitor) {
                    Left::Quietly => {}
                    Left::Counted => *counted.lock().unwrap() -= 1,
                    Left::Unclear => resolve(gate, visitor, counted),
                }
            }
            Entered::Closed => {}
            Entered::Unclear => resolve(gate, visitor, counted),
        }
    }

    fn resolve(gate: &Gate, visitor: Option<&Visitor>, counted: &Mutex<u32>) {
        let mut counted = counted.lock().unwrap();
        *counted -= u32::from(visitor.is_some_and(|visitor| gate.resolve(visitor)));
    }

    /// Holders, one of them the regular where the system has a barrier, and a keeper that takes the bytes away whenever
    /// it finds nobody inside.
    #[test]
    fn nobody_is_inside_when_the_keeper_takes_the_bytes() {
        let barrier = Barrier::register();
        let regular = barrier.and_then(|_| Visitor::new(1));
        let gate = regular.as_ref().map_or_else(Gate::new, frequented);
        let (counted, taken) = (Mutex::new(0), AtomicBool::new(false));
        let rounds = if cfg!(miri) { 30 } else { 20_000 };
        let close = |counted: &mut u32| {
            *counted += gate.close(|_| {
                if let (Some(regular), Some(barrier)) = (&regular, barrier) {
                    regular.closing();
                    barrier.pass();
                }
            });
        };
        thread::scope(|scope| {
            for visitor in [regular.as_ref(), None] {
                let (gate, counted, taken) = (&gate, &counted, &taken);
                scope.spawn(move || (0..rounds).for_each(|_| hold(gate, visitor, counted, taken)));
            }
            for _ in 0..rounds {
                let mut counted = counted.lock().unwrap();
                close(&mut counted);
                if *counted == 0 {
                    taken.store(true, Ordering::Relaxed);
                    taken.store(false, Ordering::Relaxed);
                    gate.open();
                }
            }
        });
        let mut counted = counted.lock().unwrap();
        close(&mut counted);
        assert_eq!((*counted, gate.open()), (0, true), "everybody has left and told of it");
    }
}

#[cfg(stratal_loom)]
#[allow(unsafe_code, reason = "models reach bytes through a cell that loom checks for races")]
mod modelled {
    use super::*;
    use crate::sync::modelled::{UnsafeCell, fence};
    use crate::sync::{NoFence, NoLight, WeakConsume, WeakPublish};
    use loom::sync::{Arc, Mutex};
    use loom::thread;

    /// Bytes behind a gate, and the keeper's lock.
    struct Kept<O: Orders> {
        gate: Counted<O>,
        bytes: UnsafeCell<u32>,
        /// Holds that the keeper counted, and the lock.
        counted: Mutex<u32>,
        /// Who may be the regular.
        visitor: Visitor,
    }

    // SAFETY: the models check that the cell is reached by one thread at a time, or read by several.
    unsafe impl<O: Orders> Sync for Kept<O> {}
    // SAFETY: as above.
    unsafe impl<O: Orders> Send for Kept<O> {}

    /// What a keeper leaves out.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Omits {
        Nothing,
        /// It does not ask who is inside.
        Asking,
        /// It makes no barrier.
        Barrier,
        /// It does not announce the closing.
        Announcing,
    }

    impl<O: Orders + 'static> Kept<O> {
        fn new() -> Arc<Self> {
            let (gate, bytes, counted) = (Counted::default(), UnsafeCell::new(0), Mutex::new(0));
            Arc::new(Self { gate, bytes, counted, visitor: Visitor::new(1).unwrap() })
        }

        /// As new, with bytes and open.
        fn opened() -> Arc<Self> {
            let kept = Self::new();
            // SAFETY: closed, and nobody else knows it.
            kept.bytes.with_mut(|bytes| unsafe { *bytes = 1 });
            assert!(kept.gate.open());
            kept
        }

        fn hold(&self, visitor: Option<&Visitor>, claims: bool) {
            match self.gate.enter(visitor) {
                Entered::Inside => {}
                Entered::Closed => return,
                Entered::Unclear => return self.resolve(visitor),
            }
            // SAFETY: a hold keeps the bytes as they are.
            let bytes = self.bytes.with(|bytes| unsafe { *bytes });
            assert_eq!(bytes % 2, 1, "bytes that are gone or half there");
            if let Some(visitor) = visitor.filter(|_| claims) {
                self.gate.claim(visitor);
            }
            match self.gate.leave(visitor) {
                Left::Quietly => {}
                Left::Counted => *self.counted.lock().unwrap() -= 1,
                Left::Unclear => self.resolve(visitor),
            }
        }

        fn resolve(&self, visitor: Option<&Visitor>) {
            let mut counted = self.counted.lock().unwrap();
            *counted -= u32::from(visitor.is_some_and(|visitor| self.gate.resolve(visitor)));
        }

        /// Evicts and fills again where nobody holds the bytes.
        fn exchange(&self, omits: Omits) {
            let mut counted = self.counted.lock().unwrap();
            *counted += self.gate.close(|_| {
                if omits != Omits::Announcing {
                    self.visitor.closing();
                }
                if omits != Omits::Barrier {
                    fence(Ordering::SeqCst);
                }
            });
            if *counted == 0 || omits == Omits::Asking {
                // SAFETY: a closed gate with nobody behind it.
                self.bytes.with_mut(|bytes| unsafe { *bytes += 2 });
                self.gate.open();
            }
        }

        /// Everybody has left, and the keeper knows it.
        fn is_settled(&self) {
            let inside = self.gate.close(|_| {});
            assert_eq!((inside, *self.counted.lock().unwrap()), (0, 0), "everybody has left");
        }
    }

    fn holder_and_keeper<O: Orders + 'static>(omits: Omits) {
        loom::model(move || {
            let kept = Kept::<O>::opened();
            let other = Arc::clone(&kept);
            let holder = thread::spawn(move || other.hold(None, false));
            kept.exchange(omits);
            holder.join().unwrap();
        });
    }

    /// The holder counts for itself, and comes `times`.
    fn regular_and_keeper<O: Orders + 'static>(omits: Omits, times: usize) {
        loom::model(move || {
            let kept = Kept::<O>::opened();
            kept.gate.claim(&kept.visitor);
            let other = Arc::clone(&kept);
            let holder =
                thread::spawn(move || (0..times).for_each(|_| other.hold(Some(&other.visitor), false)));
            kept.exchange(omits);
            holder.join().unwrap();
            kept.is_settled();
        });
    }

    /// The holder becomes the regular while it is inside.
    fn claiming_and_keeper<O: Orders + 'static>() {
        loom::model(|| {
            let kept = Kept::<O>::opened();
            let other = Arc::clone(&kept);
            let holder = thread::spawn(move || {
                other.hold(Some(&other.visitor), true);
                other.hold(Some(&other.visitor), false);
            });
            kept.exchange(Omits::Nothing);
            holder.join().unwrap();
            kept.is_settled();
        });
    }

    fn two_holders_and_a_keeper<O: Orders + 'static>(regular: bool) {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = if regular { Some(3) } else { model.preemption_bound };
        model.check(move || {
            let kept = Kept::<O>::opened();
            if regular {
                kept.gate.claim(&kept.visitor);
            }
            let holders: Vec<_> = (0..2)
                .map(|i| {
                    let other = Arc::clone(&kept);
                    let is_regular = regular && i == 0;
                    thread::spawn(move || other.hold(is_regular.then_some(&other.visitor), false))
                })
                .collect();
            kept.exchange(Omits::Nothing);
            holders.into_iter().for_each(|holder| holder.join().unwrap());
            kept.is_settled();
        });
    }

    /// The first opening: nothing but the gate carries the bytes over. That a regular must consume it, no model tells: its
    /// light fence, which is a full one here, does so too.
    fn first_opening<O: Orders + 'static>(regular: bool) {
        loom::model(move || {
            let kept = Kept::<O>::new();
            if regular {
                kept.gate.claim(&kept.visitor);
            }
            let other = Arc::clone(&kept);
            let holder = thread::spawn(move || other.hold(regular.then_some(&other.visitor), false));
            // SAFETY: closed, so nobody is inside.
            kept.bytes.with_mut(|bytes| unsafe { *bytes = 1 });
            kept.gate.open();
            holder.join().unwrap();
        });
    }

    #[test]
    fn loom_finds_nobody_inside_a_closed_and_empty_gate() {
        holder_and_keeper::<Paired>(Omits::Nothing);
        two_holders_and_a_keeper::<Paired>(false);
        first_opening::<Paired>(false);
    }

    #[test]
    fn loom_finds_no_regular_inside_a_closed_and_empty_gate() {
        regular_and_keeper::<Paired>(Omits::Nothing, 2);
        claiming_and_keeper::<Paired>();
        two_holders_and_a_keeper::<Paired>(true);
        first_opening::<Paired>(true);
    }

    #[test]
    #[should_panic(expected = "Causality violation")]
    fn loom_rejects_a_keeper_that_does_not_ask_who_is_inside() {
        holder_and_keeper::<Paired>(Omits::Asking);
    }

    #[test]
    #[should_panic(expected = "Causality violation")]
    fn loom_rejects_a_leaving_that_does_not_publish() {
        holder_and_keeper::<WeakPublish>(Omits::Nothing);
    }

    #[test]
    #[should_panic(expected = "Causality violation")]
    fn loom_rejects_a_closing_that_does_not_consume() {
        holder_and_keeper::<WeakConsume>(Omits::Nothing);
    }

    #[test]
    #[should_panic(expected = "Causality violation")]
    fn loom_rejects_an_opening_that_does_not_publish() {
        first_opening::<WeakPublish>(false);
    }

    #[test]
    #[should_panic(expected = "Causality violation")]
    fn loom_rejects_an_entering_that_does_not_consume() {
        first_opening::<WeakConsume>(false);
    }

    #[test]
    #[should_panic(expected = "Causality violation")]
    fn loom_rejects_a_regular_that_leaves_without_publishing() {
        regular_and_keeper::<WeakPublish>(Omits::Nothing, 1);
    }

    #[test]
    #[should_panic(expected = "Causality violation")]
    fn loom_rejects_a_keeper_that_reads_its_regular_without_consuming() {
        regular_and_keeper::<WeakConsume>(Omits::Nothing, 1);
    }

    #[test]
    #[should_panic(expected = "Causality violation")]
    fn loom_rejects_a_regular_without_a_light_fence() {
        regular_and_keeper::<NoLight>(Omits::Nothing, 1);
    }

    #[test]
    #[should_panic(expected = "Causality violation")]
    fn loom_rejects_a_keeper_without_a_barrier() {
        regular_and_keeper::<NoFence>(Omits::Barrier, 1);
    }

    #[test]
    #[should_panic(expected = "everybody has left")]
    fn loom_rejects_a_keeper_that_does_not_announce_its_closing() {
        regular_and_keeper::<Paired>(Omits::Announcing, 1);
    }

    #[test]
    #[should_panic]
    fn loom_rejects_a_claim_without_a_fence() {
        claiming_and_keeper::<NoFence>();
    }
}
