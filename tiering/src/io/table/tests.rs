//! Promises of the table: each completion finds its own entry, once.

use super::*;

/// A completion that comes twice finds nothing, even after its entry serves another flight.
#[test]
fn a_ticket_is_good_once() {
    let mut table = Table::new(1);
    let first = table.insert(1).unwrap();
    assert_eq!(table.insert(2), Err(2), "one entry holds one item");
    assert_eq!(table.remove(first), Some(1));
    let second = table.insert(3).unwrap();
    assert_ne!(first, second);
    assert!(table.get(first).is_none() && table.get_mut(first).is_none() && table.remove(first).is_none());
    assert_eq!((table.busy(), table.capacity()), (1, 1));
    assert_eq!(table.iter().collect::<Vec<_>>(), [(second, &3)]);
}

/// Tickets survive the kernel's 64 bits, and nothing it may return is taken for one.
#[test]
fn tickets_go_through_user_data() {
    let mut table = Table::new(3);
    for _ in 0..3 {
        let ticket = table.insert(()).unwrap();
        assert_eq!(Ticket::from_user_data(ticket.to_user_data()), ticket);
    }
    for stray in [u64::MAX, u64::MAX - 1, 3, 1 << 32] {
        assert!(table.get(Ticket::from_user_data(stray)).is_none());
    }
}
