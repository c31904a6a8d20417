//! Promises of the driver's counters: what goes in comes out, in its place.

use super::*;

/// Lanes and directions are kept apart, and the text names what moved.
#[test]
fn counts_come_out_where_they_went_in() {
    let stats = DriverStats::default();
    stats.began(2);
    stats.ended(Lane::Prefetch, Op::Read, 1 << 20, Duration::from_millis(2), 1);
    stats.ended(Lane::Prefetch, Op::Write, 1 << 20, Duration::from_millis(4), 0);
    stats.was_busy(Op::Read, Duration::from_millis(2));
    stats.cancelled();
    let depth = DepthReport { window_bytes: 8 << 20, piece_bytes: 2 << 20, trials: 3, moves: 1 };
    stats.depth(Op::Write, depth, 1.5e9);
    let report = stats.report();
    let lane = &report.lanes[1];
    assert_eq!(
        (lane.flights, lane.bytes, lane.bytes_written, lane.taken_ns),
        (2, 2 << 20, 1 << 20, 6_000_000)
    );
    assert_eq!((lane.latency.count(), lane.latency.max_ns()), (2, 4_000_000));
    assert_eq!((report.lanes[0].flights, report.lanes[0].bytes, report.cancelled), (0, 0, 1));
    assert_eq!((report.writes.pieces(), report.reads.pieces(), report.in_flight), (4, 0, 0));
    assert_eq!((report.reading.bytes, report.writing.best_bytes_per_s), (1 << 20, 1_500_000_000));
    assert_eq!(report.reading.mean_depth(), Some(1.0));
    assert_eq!(report.reading.bytes_per_s(), Some(f64::from(1 << 20) * 500.0));
    assert_eq!((report.writing.bytes_per_s(), FlowReport::default().mean_depth()), (None, None));
    let text = report.to_string();
    assert!(text.contains("prefetch: 1.0 MiB read, 1.0 MiB written; 2 times, mean 3.0ms"), "{text}");
    assert!(!text.contains("demand"), "{text}");
}
