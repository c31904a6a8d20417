//! Promise: a heap that is left is adopted by at most one thread, which sees everything its last owner did.

use crate::sync::modelled::UnsafeCell;

use super::*;

/// What the roster needs of a heap, and a value that only its owner may touch.
#[derive(Debug)]
struct Toy {
    next: UnsafeCell<Option<NonNull<Toy>>>,
    value: UnsafeCell<u32>,
}

impl Toy {
    fn leaked() -> NonNull<Self> {
        NonNull::from(Box::leak(Box::new(Self { next: UnsafeCell::new(None), value: UnsafeCell::new(0) })))
    }

    /// Adds one as its owner would, and returns the sum.
    fn bump(&self) -> u32 {
        self.value.with_mut(|value| {
            // SAFETY: only the owner calls this; loom checks it.
            unsafe { *value += 1 };
            // SAFETY: as above.
            unsafe { *value }
        })
    }
}

impl Linked for Toy {
    fn set_next(&self, next: Option<NonNull<Self>>) {
        // SAFETY: called under the roster's lock.
        self.next.with_mut(|place| unsafe { *place = next });
    }

    fn next(&self) -> Option<NonNull<Self>> {
        // SAFETY: called under the roster's lock.
        self.next.with_mut(|place| unsafe { *place })
    }
}

fn bump(toy: NonNull<Toy>) -> u32 {
    // SAFETY: toys live until they are freed at the end of a test.
    unsafe { toy.as_ref() }.bump()
}

fn leave<O: Orders>(roster: &Roster<Toy, O>, toy: NonNull<Toy>) {
    // SAFETY: toys outlive rosters, and the tests use them only after adopting them.
    unsafe { roster.leave(toy) };
}

fn free(toy: NonNull<Toy>) {
    // SAFETY: leaked by `leaked`, and no roster holds it any more.
    drop(unsafe { Box::from_raw(toy.as_ptr()) });
}

#[cfg(not(stratal_loom))]
#[test]
fn the_last_one_left_is_adopted_first() {
    let roster = Roster::<Toy>::new();
    assert_eq!(roster.adopt(), None);
    let toys = [Toy::leaked(), Toy::leaked()];
    toys.iter().for_each(|&toy| leave(&roster, toy));
    assert_eq!(roster.adopt(), Some(toys[1]));
    assert_eq!(roster.adopt(), Some(toys[0]));
    assert_eq!(roster.adopt(), None);
    assert_eq!((bump(toys[0]), bump(toys[0])), (1, 2));
    toys.into_iter().for_each(free);
}

#[cfg(not(stratal_loom))]
#[test]
fn one_that_is_wanted_is_taken_from_the_middle() {
    let roster = Roster::<Toy>::new();
    let toys = [Toy::leaked(), Toy::leaked(), Toy::leaked()];
    toys.iter().for_each(|&toy| leave(&roster, toy));
    let middle = |toy: &Toy| std::ptr::eq(toy, toys[1].as_ptr());
    assert_eq!(roster.adopt_where(middle), Some(toys[1]));
    assert_eq!(roster.adopt_where(middle), None);
    assert_eq!(roster.adopt_where(|_| true), Some(toys[2]), "the first one that is wanted");
    assert_eq!(roster.adopt(), Some(toys[0]));
    assert_eq!(roster.adopt(), None);
    toys.into_iter().for_each(free);
}

#[cfg(stratal_loom)]
mod modelled {
    use loom::sync::Arc;
    use loom::thread;

    use super::super::super::remote::{Block, Chain, RemoteList};
    use super::*;
    use crate::sync::{WeakConsume, WeakPublish};

    /// A heap with a remote list is left by one thread and adopted by another, while a third sends a block home.
    fn hand_over<O: Orders + 'static>() {
        loom::model(|| {
            let heap = Toy::leaked();
            let roster = Arc::new(Roster::<Toy, O>::new());
            let remote = Arc::new(RemoteList::<Paired>::new());
            // A number, as pointers are not `Send`.
            let address = Box::into_raw(Box::new(Block::unlinked())).expose_provenance();
            let leaver = {
                let (roster, heap) = (Arc::clone(&roster), heap.as_ptr().expose_provenance());
                thread::spawn(move || {
                    let heap = NonNull::new(std::ptr::with_exposed_provenance_mut::<Toy>(heap)).unwrap();
                    bump(heap);
                    leave(&roster, heap);
                })
            };
            let sender = {
                let remote = Arc::clone(&remote);
                thread::spawn(move || {
                    let mut chain = Chain::new();
                    // SAFETY: a fresh block, which only this thread has.
                    unsafe { chain.push(std::ptr::with_exposed_provenance_mut(address)) };
                    remote.push(chain);
                })
            };
            let adopted = roster.adopt();
            if let Some(heap) = adopted {
                assert_eq!(bump(heap), 2, "the new owner must see what the old one did");
                let early = remote.drain().count();
                assert!(early <= 1);
                leave(&roster, heap);
            }
            leaver.join().unwrap();
            sender.join().unwrap();
            let last = roster.adopt().expect("the heap was left, by whoever had it last");
            assert!(bump(last) >= 2);
            assert_eq!(roster.adopt(), None, "one heap cannot be adopted twice");
            free(heap);
            // SAFETY: made above; every list that held it is drained or gone.
            drop(unsafe { Box::from_raw(std::ptr::with_exposed_provenance_mut::<Block>(address)) });
        });
    }

    /// A heap is looked for by its mark, behind which another is, while a thread leaves it.
    fn search<O: Orders + 'static>() {
        loom::model(|| {
            let roster = Arc::new(Roster::<Toy, O>::new());
            let toys = [Toy::leaked(), Toy::leaked()];
            leave(&roster, toys[0]);
            let leaver = {
                let (roster, late) = (Arc::clone(&roster), toys[1].as_ptr().expose_provenance());
                thread::spawn(move || {
                    let late = NonNull::new(std::ptr::with_exposed_provenance_mut::<Toy>(late)).unwrap();
                    bump(late);
                    leave(&roster, late);
                })
            };
            let wanted = roster.adopt_where(|toy| std::ptr::eq(toy, toys[1].as_ptr()));
            if let Some(heap) = wanted {
                assert_eq!(bump(heap), 2, "the one who searched must see what the one who left did");
            }
            leaver.join().unwrap();
            let left = std::iter::from_fn(|| roster.adopt()).count();
            assert_eq!(usize::from(wanted.is_some()) + left, 2, "no heap is lost or found twice");
            toys.into_iter().for_each(free);
        });
    }

    #[test]
    fn loom_finds_every_heap_once_whoever_searches() {
        search::<Paired>();
    }

    #[test]
    #[should_panic(expected = "Causality violation")]
    fn loom_rejects_a_search_that_does_not_consume() {
        search::<WeakConsume>();
    }

    #[test]
    fn loom_finds_one_owner_at_a_time() {
        hand_over::<Paired>();
    }

    #[test]
    #[should_panic(expected = "Causality violation")]
    fn loom_rejects_a_hand_over_that_does_not_publish() {
        hand_over::<WeakPublish>();
    }

    #[test]
    #[should_panic(expected = "Causality violation")]
    fn loom_rejects_a_hand_over_that_does_not_consume() {
        hand_over::<WeakConsume>();
    }
}
