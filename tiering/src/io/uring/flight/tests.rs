//! Promises of the table: each completion finds its own flight, once.

use super::*;
use crate::io::buf::AlignedBuf;
use crate::io::files::Files;
use crate::io::sim::memory_file;
use crate::io::{Flight, Op};
use std::sync::Arc;

fn underway(tag: u64) -> Underway<AlignedBuf> {
    let mut files = Files::default();
    let file = files.attach(Arc::new(memory_file("weights", &[]).unwrap())).unwrap();
    let buf = AlignedBuf::zeroed(4096, 4096).unwrap();
    Underway::board(&mut files, Flight { op: Op::Read, file, offset: 0, len: 4096, need: 4096, buf, tag })
        .unwrap()
}

/// A completion that comes twice finds nothing, even after its entry serves another flight.
#[test]
fn a_ticket_is_good_once() {
    let mut flights = Flights::new(1);
    let first = flights.insert(underway(1)).unwrap();
    assert!(flights.insert(underway(2)).is_err(), "one entry holds one flight");
    assert_eq!(flights.remove(first).unwrap().flight().tag, 1);
    let second = flights.insert(underway(3)).unwrap();
    assert_ne!(first, second);
    assert!(flights.get_mut(first).is_none() && flights.remove(first).is_none());
    assert_eq!((flights.busy(), flights.capacity()), (1, 1));
    assert_eq!(flights.get_mut(second).unwrap().flight().tag, 3);
}

/// Tickets survive the kernel's 64 bits, and nothing it may return is taken for one.
#[test]
fn tickets_go_through_user_data() {
    let mut flights = Flights::new(3);
    for _ in 0..3 {
        let ticket = flights.insert(underway(0)).unwrap();
        assert_eq!(Ticket::from_user_data(ticket.to_user_data()), ticket);
    }
    for stray in [u64::MAX, u64::MAX - 1, 3, 1 << 32] {
        assert!(flights.get_mut(Ticket::from_user_data(stray)).is_none());
    }
}
