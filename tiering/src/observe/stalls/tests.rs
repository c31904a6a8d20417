//! Promises of stalls: nothing waited for is lost from the sum, and what matters keeps its name.

use super::*;

fn name(i: usize) -> Arc<str> {
    Arc::from(format!("t.{i}"))
}

/// The worst come first; the rest is one sum.
#[test]
fn the_worst_come_first() {
    let stalls = Stalls::default();
    for (i, waits) in [(0, 1), (1, 5), (2, 3)] {
        (0..waits).for_each(|wait| stalls.note(&name(i), 10 + wait));
    }
    let (worst, others) = stalls.worst(2);
    assert_eq!(worst.iter().map(|stall| &*stall.tensor).collect::<Vec<_>>(), ["t.1", "t.2"]);
    assert_eq!((worst[0].waits, worst[0].waited_ns, worst[0].longest_ns), (5, 60, 14));
    assert_eq!((others.waits, others.waited_ns), (1, 10));
    assert_eq!(stalls.worst(0).1.waited_ns, 60 + 33 + 10);
}

/// More names than are told apart: the sum is exact, the table bounded, and a tensor that is waited for all the time
/// stays.
#[test]
fn many_names_stay_small_and_lose_nothing() {
    let (stalls, hot) = (Stalls::default(), name(usize::MAX));
    let count = 5 * NAMES_MAX;
    for i in 0..count {
        stalls.note(&name(i), 1 + (i % 3) as u64);
        stalls.note(&hot, 5);
    }
    assert!(stalls.kept.lock().unwrap().by_name.len() <= NAMES_MAX);
    let (worst, others) = stalls.worst(1);
    assert_eq!((&worst[0].tensor, worst[0].waited_ns), (&hot, 5 * count as u64));
    let expected: u64 = (0..count).map(|i| 1 + (i % 3) as u64).sum();
    assert_eq!((others.waits, others.waited_ns), (count as u64, expected));
}
