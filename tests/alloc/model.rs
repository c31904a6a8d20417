//! Promise: a million mixed operations on several threads, a third of the blocks freed elsewhere, break nothing.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use stratal::Stratal;
use stratal_support::dice::Dice;
use stratal_support::operation::{Operation, apply};
use stratal_support::shadow::{Ledger, Live, Shadow};

const THREADS: usize = 4;
const OPERATIONS: usize = 250_000;

#[test]
fn a_million_operations_agree_with_the_shadow_heap() {
    let ledger = Ledger::default();
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..THREADS).map(|_| channel()).unzip();
    thread::scope(|scope| {
        for (number, receiver) in receivers.into_iter().enumerate() {
            let shadow = Shadow::new(Stratal::new(), ledger.clone(), number as u64 + 1);
            let next = senders[(number + 1) % THREADS].clone();
            scope.spawn(move || mix(shadow, Dice::new(number as u64 + 7), &next, &receiver));
        }
        drop(senders);
    });
}

/// Runs random operations and passes every eighth block on to the next thread, which resizes or frees it.
fn mix(mut shadow: Shadow<Stratal>, mut dice: Dice, next: &Sender<Live>, arriving: &Receiver<Live>) {
    for _ in 0..OPERATIONS {
        let roll = dice.roll();
        if roll >> 61 == 0 {
            if let Some(block) = shadow.take(roll as usize & 0xFFFF) {
                // A neighbour that has finished already leaves its blocks to the channel, which leaks them.
                let _ = next.send(block);
            }
            arriving.try_iter().for_each(|block| shadow.give(block));
        }
        assert!(apply(&mut shadow, Operation::decode((roll as u32).to_le_bytes())), "out of memory");
    }
}
