//! Promises of the decision: what does not pay costs less and less, what pays is done.

use super::*;

fn pace(ns_per_byte: u64) -> Pace {
    let mut pace = Pace::default();
    pace.note(1000, 1000 * ns_per_byte);
    pace
}

/// An object that never pays is tried a handful of times in thousands of chunks, one that pays always.
#[test]
fn what_does_not_pay_is_seldom_tried() {
    let mut habit = Habit::default();
    let tried = (0..4000).filter(|_| {
        let tried = habit.try_next();
        if tried {
            habit.note(false);
        }
        tried
    });
    assert!((5..15).contains(&tried.count()));
    let mut habit = Habit::default();
    assert!((0..100).all(|_| habit.try_next() && {
        habit.note(true);
        true
    }));
}

/// A slow disk makes small savings pay, a fast one makes none pay that a slow processor must bring.
#[test]
fn the_slower_of_disk_and_processor_decides() {
    let slow_disk = Paces { write: pace(10), read: pace(10), encode: pace(4), decode: pace(1), workers: 2 };
    assert!(slow_disk.pays(0.9) && !slow_disk.pays(0.99));
    let fast_disk = Paces { write: pace(1), read: pace(1), encode: pace(4), decode: pace(1), workers: 2 };
    assert!(!fast_disk.pays(0.1));
    let more_workers = Paces { workers: 8, ..fast_disk };
    assert!(more_workers.pays(0.5));
    assert!(Paces::default().pays(0.5), "nothing is known against it");
}

/// A pace follows what is measured.
#[test]
fn a_pace_follows_its_measurements() {
    let mut pace = pace(8);
    (0..100).for_each(|_| pace.note(1 << 20, 2 << 20));
    assert!((pace.ns_per_byte().unwrap() - 2.0).abs() < 0.01);
    pace.note(0, 5);
    assert!(pace.ns_per_byte().unwrap() < 3.0);
}
