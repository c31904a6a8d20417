//! Promises of the live words: they are rates of what was counted, and nothing is divided by nothing.

use super::*;

#[test]
fn a_glance_tells_rates() {
    let moved = Snapshot {
        bytes_read: 500_000_000,
        hits: 3,
        chunk_leases: 4,
        stall_ns: 50_000_000,
        ..Snapshot::default()
    };
    let glance = Glance::of(moved, 750_000_000, Duration::from_millis(250));
    assert_eq!(glance.to_string(), "2.00 GB/s read, 75 % hits, 20 % waiting, 3.0 flights");
}

#[test]
fn nothing_is_divided_by_nothing() {
    let glance = Glance::of(Snapshot::default(), 0, Duration::ZERO);
    assert_eq!(glance.to_string(), "0.00 GB/s read, 0 % waiting, 0.0 flights");
}
