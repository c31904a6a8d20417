//! Promise: every block that is sent home arrives exactly once, with its link intact, whoever sends when.

use super::*;

/// A chain of fresh blocks, and their addresses.
fn letter(count: usize) -> (Chain, Vec<*mut Block>) {
    let mut chain = Chain::new();
    let blocks: Vec<_> = (0..count).map(|_| Box::into_raw(Box::new(Block::unlinked()))).collect();
    for &block in &blocks {
        // SAFETY: fresh, and nobody else's.
        unsafe { chain.push(block) };
    }
    (chain, blocks)
}

fn free(block: *mut Block) {
    // SAFETY: made by `letter`, and arrived, so nobody else has it.
    drop(unsafe { Box::from_raw(block) });
}

#[cfg(not(stratal_loom))]
mod real {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::thread;

    use super::*;

    #[test]
    fn the_empty_chain_changes_nothing() {
        let list = RemoteList::<Paired>::new();
        list.push(Chain::new());
        assert_eq!(list.drain().count(), 0);
    }

    #[test]
    fn chains_arrive_whole() {
        let list = RemoteList::<Paired>::new();
        let (first, mut sent) = letter(3);
        let (second, more) = letter(2);
        sent.extend(more);
        list.push(first);
        list.push(second);
        let mut arrived: Vec<_> = list.drain().collect();
        arrived.sort();
        sent.sort();
        assert_eq!(arrived, sent);
        assert_eq!(list.drain().count(), 0);
        arrived.into_iter().for_each(free);
    }

    #[test]
    fn nothing_is_lost_between_threads() {
        let list = RemoteList::<Paired>::new();
        let rounds = if cfg!(miri) { 10 } else { 2000 };
        let arrived = AtomicUsize::new(0);
        let receive = || {
            list.drain().for_each(|block| {
                free(block);
                arrived.fetch_add(1, SeqCst);
            })
        };
        struct Shared<'a>(&'a RemoteList);
        // SAFETY: the list is made to be shared; blocks are plain memory.
        unsafe impl Sync for Shared<'_> {}
        let shared = Shared(&list);
        thread::scope(|scope| {
            for _ in 0..3 {
                let shared = &shared;
                scope.spawn(move || (0..rounds).for_each(|_| shared.0.push(letter(2).0)));
            }
            while arrived.load(SeqCst) < 6 * rounds {
                receive();
                thread::yield_now();
            }
        });
        receive();
        assert_eq!(arrived.into_inner(), 6 * rounds);
    }
}

#[cfg(stratal_loom)]
mod modelled {
    use loom::sync::Arc;
    use loom::thread;

    use super::*;
    use crate::sync::{WeakConsume, WeakPublish};

    /// Two threads push a chain each while the owner drains twice.
    fn two_senders_and_the_owner<O: Orders + 'static>() {
        loom::model(|| {
            let list = Arc::new(RemoteList::<O>::new());
            let senders: Vec<_> = (1..=2)
                .map(|count| {
                    let list = Arc::clone(&list);
                    thread::spawn(move || list.push(letter(count).0))
                })
                .collect();
            let mut arrived: Vec<_> = list.drain().collect();
            senders.into_iter().for_each(|sender| sender.join().unwrap());
            arrived.extend(list.drain());
            arrived.sort();
            arrived.dedup();
            assert_eq!(arrived.len(), 3, "a block was lost or came twice");
            arrived.into_iter().for_each(free);
        });
    }

    #[test]
    fn loom_finds_every_block_once() {
        two_senders_and_the_owner::<Paired>();
    }

    #[test]
    #[should_panic(expected = "Causality violation")]
    fn loom_rejects_a_push_that_does_not_publish() {
        two_senders_and_the_owner::<WeakPublish>();
    }

    #[test]
    #[should_panic(expected = "Causality violation")]
    fn loom_rejects_a_drain_that_does_not_consume() {
        two_senders_and_the_owner::<WeakConsume>();
    }
}
