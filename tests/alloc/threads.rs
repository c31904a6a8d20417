//! Promise: threads come and go without loss: the next one adopts what the last one left, and destructors of
//! thread-locals may allocate.

use std::cell::RefCell;
use std::sync::mpsc::sync_channel;
use std::thread;

use stratal::Stratal;

use crate::child::{assert_succeeds, is_child};

const SHORT: usize = 100_000;

/// Allocates in its destructor, when its thread ends.
struct Late(Vec<String>);

impl Drop for Late {
    fn drop(&mut self) {
        let more: Vec<String> = (0..50).map(|i| format!("{i} after {}", self.0.len())).collect();
        assert_eq!(more[49], format!("49 after {}", self.0.len()));
    }
}

thread_local! {
    static LATE: RefCell<Late> = const { RefCell::new(Late(Vec::new())) };
}

#[test]
fn a_hundred_thousand_short_threads_leave_nothing_behind() {
    // In a process of its own, where no other test moves the counters.
    if !is_child() {
        return assert_succeeds("threads::a_hundred_thousand_short_threads_leave_nothing_behind", 0);
    }
    let round = |count: usize| {
        for i in 0..count {
            let kept = thread::spawn(move || {
                let texts: Vec<String> = (0..20).map(|n| format!("thread {i}, text {n}")).collect();
                LATE.with_borrow_mut(|late| late.0 = texts.clone());
                texts
            });
            assert_eq!(kept.join().unwrap()[19], format!("thread {i}, text 19"));
        }
    };
    round(100);
    let before = Stratal::new().stats();
    round(SHORT);
    let after = Stratal::new().stats();
    assert!(after.committed_bytes <= before.committed_bytes + (2 << 20), "{before:?} {after:?}");
    assert_eq!(after.reserved_bytes, before.reserved_bytes);
}

#[test]
fn blocks_freed_elsewhere_come_home() {
    if !is_child() {
        return assert_succeeds("threads::blocks_freed_elsewhere_come_home", 0);
    }
    let (sender, receiver) = sync_channel::<Vec<Box<[u64; 8]>>>(4);
    let consumer = thread::spawn(move || receiver.into_iter().map(|batch| batch.len()).sum::<usize>());
    let mut peak = 0;
    for batch in 0..2000u64 {
        sender.send((0..500).map(|i| Box::new([batch ^ i; 8])).collect()).unwrap();
        peak = peak.max(Stratal::new().stats().committed_bytes);
    }
    drop(sender);
    assert_eq!(consumer.join().unwrap(), 1_000_000);
    // A million blocks of 64 bytes went through; only a few batches may have been away at once.
    assert!(peak < 16 << 20, "{peak} bytes committed for at most 6 batches of 32 KB");
}

#[test]
fn freed_memory_is_given_back() {
    if !is_child() {
        return assert_succeeds("threads::freed_memory_is_given_back", 0);
    }
    let before = Stratal::new().stats();
    let big = vec![1u8; 64 << 20];
    let small: Vec<Box<[u8; 500]>> = (0..100_000).map(|_| Box::new([1; 500])).collect();
    let during = Stratal::new().stats();
    assert!(during.live_bytes >= before.live_bytes + (64 << 20) + 100_000 * 500);
    assert!(during.committed_bytes >= during.live_bytes && during.reserved_bytes >= during.committed_bytes);
    drop((big, small));
    Stratal::new().purge();
    let after = Stratal::new().stats();
    assert!(after.committed_bytes < before.committed_bytes + (2 << 20), "{before:?} {after:?}");
}
