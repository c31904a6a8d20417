//! The ring of recent events is bounded and says what it dropped.

use super::*;

/// The newest events are kept in order and the dropped ones counted.
#[test]
fn keeps_the_newest_and_counts_the_rest() {
    let recent = Recent::new(2);
    for at_ns in 0..5 {
        recent.event(Event { at_ns, what: "retry", detail: "tensor `w`".into() });
    }
    let (events, dropped) = recent.snapshot();
    assert_eq!((events[0].at_ns, events[1].at_ns, events.len(), dropped), (3, 4, 2, 3));
    assert_eq!(events[0].to_string(), "    0.000000 s retry: tensor `w`");
}

/// What is told to others is told once, and what was dropped meanwhile not at all.
#[test]
fn what_is_told_is_told_once() {
    let recent = Recent::new(3);
    let add = |at_ns| recent.event(Event { at_ns, what: "retry", detail: String::new() });
    let told = || recent.take_untold().iter().map(|event| event.at_ns).collect::<Vec<_>>();
    (0..2).for_each(add);
    assert_eq!((told(), told()), (vec![0, 1], vec![]));
    add(2);
    assert_eq!(told(), [2]);
    (3..9).for_each(add);
    assert_eq!((told(), told()), (vec![6, 7, 8], vec![]));
}
