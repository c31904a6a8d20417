//! The report: every equation that its documentation states, on a run whose figures are known.

use crate::{directory, engine, passes, tensors};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

/// Waits add up three ways, bytes two ways, hits and misses to leases; the pass is beside its bounds; the text names
/// what was waited for.
#[test]
fn a_report_adds_up() {
    let dir = directory();
    let engine = engine(dir.path());
    let tensors = tensors(&engine);
    passes(&engine, &tensors, 6);
    let report = engine.report();
    let counted = &report.counters;
    assert_eq!(counted.chunk_leases, counted.hits + counted.misses, "{report}");
    assert!(report.misses.count() > 0 && report.misses.count() <= report.waits.count(), "{report}");
    let named: u64 = report.stalls.iter().map(|stall| stall.waited_ns).sum();
    assert_eq!(report.waits.sum_ns(), counted.stall_ns, "{report}");
    assert_eq!(named + report.stalls_elsewhere.waited_ns, counted.stall_ns, "{report}");
    let waits: u64 = report.stalls.iter().map(|stall| stall.waits).sum();
    assert_eq!(waits + report.stalls_elsewhere.waits, report.waits.count(), "{report}");
    assert!(report.stalls.is_sorted_by(|one, next| one.waited_ns >= next.waited_ns));
    let lanes: u64 = report.io.lanes.iter().map(|lane| lane.bytes).sum();
    assert_eq!(lanes, counted.bytes_read + counted.bytes_written, "{report}");
    assert_eq!(report.io.reading.bytes, counted.bytes_read, "{report}");
    assert!(report.io.lanes.iter().all(|lane| lane.latency.count() == lane.flights));
    assert!(report.used_bytes <= report.peak_bytes && report.peak_bytes <= report.budget_bytes);
    let share = report.hit_share().unwrap();
    assert!(share > 0.0 && share < 1.0 && report.written_bytes_per_day() > 0.0, "{report}");
    let pass = report.pass.as_ref().unwrap();
    assert_eq!((pass.leases, Some(pass.bytes_scheduled)), (12, report.scheduled_bytes_per_pass));
    let taken = pass.taken.unwrap();
    assert!(taken.bytes_read > 0 && taken.stall_ns <= taken.wall_ns, "{report}");
    assert!(pass.share_of_min().unwrap() > 0.5, "{report}");
    let text = report.to_string();
    for part in
        ["hits:", "lease waits:", "demand misses:", "waited for t.", "MIN", "last pass", "writing", "demand:"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// A declared link is the limit that reading is held against, and gives the bounds of a pass.
#[test]
fn a_declared_link_is_the_limit() {
    use stratal::tiering::io::sim::{Faults, Sim};
    use stratal::{Engine, Policy, TierKind};
    let dir = directory();
    let policy = Policy::builder()
        .tier("dram", TierKind::Dram, "4 MiB")
        .tier("nvme", TierKind::Nvme, "1 GiB")
        .link("nvme", "dram", "2 GB/s", "100 us")
        .spill_directory(dir.path())
        .build()
        .unwrap();
    let open = || Ok(Box::new(Sim::open(8, Faults::none(1))?) as _);
    let engine = Engine::builder().policy(policy).driver(open).build().unwrap();
    let tensors = tensors(&engine);
    passes(&engine, &tensors, 5);
    let report = engine.report();
    assert_eq!(report.disk_limit_bytes_per_s, Some(2e9));
    assert!(report.share_of_disk_limit().unwrap() > 0.0);
    let bounds = report.pass.as_ref().unwrap().bounds.unwrap();
    assert!(bounds.roofline_ns > 0 && bounds.plan_ns > 0, "{report}");
}

/// A lease that waits for another one is a wait, and no demand miss.
#[test]
fn waiting_for_a_lease_is_no_miss() {
    let dir = directory();
    let engine = engine(dir.path());
    let tensor = engine.zeros::<u64, (stratal::Dyn,)>("held", [8]).unwrap();
    drop(tensor.write().unwrap());
    let before = engine.report();
    let held = tensor.write().unwrap();
    let mut asked = pin!(tensor.read_async());
    let mut poll = || asked.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
    assert!(!poll(), "the writer excludes it");
    std::thread::sleep(Duration::from_millis(30));
    drop(held);
    while !poll() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let report = engine.report();
    let waited = report.waits.clone() - &before.waits;
    assert_eq!((waited.count(), report.misses.count()), (1, before.misses.count()), "{report}");
    assert!(waited.sum_ns() >= 20_000_000, "{report}");
    assert_eq!(&*report.stalls[0].tensor, "held");
}
