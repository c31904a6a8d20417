//! Promise: a million mixed operations on several threads, an eighth of the blocks freed elsewhere, break nothing.
//! `STRATAL_OPERATIONS` asks for another number: the campaign runs a hundred million.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use stratal::Stratal;
use stratal_support::dice::Dice;
use stratal_support::operation::{Operation, apply};
use stratal_support::shadow::{Ledger, Live, Shadow};

const THREADS: usize = 4;
const OPERATIONS: usize = 1_000_000;

#[test]
fn a_million_operations_agree_with_the_shadow_heap() {
    let asked = std::env::var("STRATAL_OPERATIONS").ok().map(|count| count.parse().expect("a number"));
    let operations: usize = asked.unwrap_or(OPERATIONS);
    let ledger = Ledger::default();
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..THREADS).map(|_| channel()).unzip();
    thread::scope(|scope| {
        for (number, receiver) in receivers.into_iter().enumerate() {
            let shadow = Shadow::new(Stratal::new(), ledger.clone(), number as u64 + 1);
            let next = senders[(number + 1) % THREADS].clone();
            let dice = Dice::new(number as u64 + 7);
            scope.spawn(move || mix(shadow, dice, operations / THREADS, next, &receiver));
        }
        drop(senders);
    });
    assert_eq!(ledger.live_blocks(), 0, "every block came back");
    println!("{operations} operations on {THREADS} threads");
}

/// Runs random operations and passes every eighth block on to the next thread, which resizes or frees it.
fn mix(
    mut shadow: Shadow<Stratal>,
    mut dice: Dice,
    operations: usize,
    next: Sender<Live>,
    arriving: &Receiver<Live>,
) {
    for _ in 0..operations {
        let roll = dice.roll();
        if roll >> 61 == 0 {
            if let Some(block) = shadow.take(roll as usize & 0xFFFF) {
                next.send(block).expect("the next thread takes what comes until this one has ended");
            }
            arriving.try_iter().for_each(|block| shadow.give(block));
        }
        assert!(apply(&mut shadow, Operation::decode((roll as u32).to_le_bytes())), "out of memory");
    }
    drop(next);
    arriving.iter().for_each(|block| shadow.give(block));
}
