//! Promises of the driver's counters: what goes in comes out, in its place.

use super::*;

/// Lanes and directions are kept apart, and the text names what moved.
#[test]
fn counts_come_out_where_they_went_in() {
    let stats = DriverStats::default();
    stats.ended(Lane::Prefetch, 1 << 20, Duration::from_millis(2));
    stats.ended(Lane::Prefetch, 1 << 20, Duration::from_millis(4));
    stats.cancelled();
    stats.depth(Op::Write, DepthReport { window_bytes: 8 << 20, piece_bytes: 2 << 20, trials: 3, moves: 1 });
    let report = stats.report();
    assert_eq!((report.lanes[1].flights, report.lanes[1].bytes), (2, 2 << 20));
    assert_eq!((report.lanes[0], report.cancelled), (LaneReport::default(), 1));
    assert_eq!((report.writes.pieces(), report.reads.pieces()), (4, 0));
    let text = report.to_string();
    assert!(text.contains("prefetch 2 flights, 2.0 MiB, 3.0ms each") && !text.contains("demand"), "{text}");
}
