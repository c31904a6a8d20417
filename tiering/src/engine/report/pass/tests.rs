//! Promises of a pass's report: MIN and the bounds are those of theory where theory has a formula.

use super::*;
use crate::object::{ChunkKey, Step, Touch};

const CHUNK: u32 = 1 << 20;

fn ring(chunks: u32) -> Trace {
    let step = |chunk| Step { touches: vec![Touch { chunk: ChunkKey { object: 0, chunk }, bytes: CHUNK }] };
    Trace { steps: (0..chunks).map(step).collect() }
}

fn means(taken: Option<PassTaken>) -> Means {
    Means {
        capacity_bytes: 6 << 20,
        window_bytes: 1 << 20,
        bytes_scheduled: 11 << 20,
        disk_bytes_per_s: Some(f64::from(1 << 30)),
        taken,
    }
}

/// A ring of 16 chunks with room for 5 misses 16 × 11/15 of them; at one chunk per 1/1024 s a pass that waited half of
/// its time is bound by the disk.
#[test]
fn a_ring_has_its_known_bounds() {
    let taken =
        PassTaken { wall_ns: 20_000_000, stall_ns: 12_000_000, bytes_read: 12 << 20, ..PassTaken::default() };
    let report = PassReport::of(&ring(16), &means(Some(taken)));
    let least = report.bytes_min.unwrap() as f64 / f64::from(CHUNK);
    assert!((least - 16.0 * 11.0 / 15.0).abs() < 0.3, "{least}");
    assert!((report.share_of_min().unwrap() - least / 12.0).abs() < 1e-9);
    let bounds = report.bounds.unwrap();
    assert!(bounds.roofline_ns >= 8_000_000 && bounds.roofline_ns <= bounds.plan_ns, "{bounds:?}");
    assert!((10_000_000..=18_000_000).contains(&bounds.plan_ns), "{bounds:?}");
    assert!(report.share_of_bound().unwrap() < 1.0);
    let text = report.to_string();
    for part in ["16 leases", "MIN", "last pass 20.0 ms, 12.0 of it waiting", "roofline", "plan bound"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// What is not known is not told, and never divided by.
#[test]
fn what_is_not_known_is_none() {
    let report = PassReport::of(&ring(16), &means(None));
    assert_eq!((report.share_of_min(), report.bounds, report.share_of_bound()), (None, None, None));
    let still = Means { disk_bytes_per_s: None, ..means(Some(PassTaken::default())) };
    let report = PassReport::of(&ring(16), &still);
    assert_eq!((report.share_of_min(), report.bounds), (None, None));
    assert!(!report.to_string().contains("bound"), "{report}");
}
