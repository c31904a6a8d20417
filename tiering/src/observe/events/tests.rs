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
