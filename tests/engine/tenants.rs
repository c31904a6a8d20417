//! Promise: programs that share an engine keep to their quotas: no tenant holds more than its cap, what is reserved for one
//! is never taken by others, and nobody waits for what another one holds within its own.

use crate::spill::{MIB, Vector, check, write};
use crate::world::{checkpoint, directory, value};
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};
use stratal::tiering::io::sim::{Faults, Sim};
use stratal::tiering::policy::PolicyBuilder;
use stratal::{Adopt, Checkpoint, Dyn, Engine, ErrorKind, ParamSource, Policy, Tenant, Tensor, TierKind};

fn words(dir: &Path) -> PolicyBuilder {
    let words =
        Policy::builder().tier("dram", TierKind::Dram, "32 MiB").spill_directory(dir).deadline("10 s");
    words.tenant("small", "2 MiB", "6 MiB").uncapped_tenant("sure", "16 MiB")
}

fn engine(dir: &Path) -> Engine {
    Engine::builder().policy(words(dir).build().unwrap()).build().unwrap()
}

fn vectors(tenant: &Tenant, count: usize, bytes: usize) -> Vec<Vector> {
    (0..count).map(|i| tenant.zeros(&format!("{}.{i}", tenant.name()), [bytes]).unwrap()).collect()
}

fn write_all(tensors: &[Vector], round: usize) {
    tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, i, round).unwrap());
}

fn check_all(tensors: &[Vector], round: usize) {
    tensors.iter().enumerate().for_each(|(i, tensor)| check(tensor, i, round));
}

/// A tenant at its cap evicts its own copies, whatever is free besides, and those of others stay.
#[test]
fn a_capped_tenant_makes_room_by_itself() {
    let dir = directory();
    let engine = engine(dir.path());
    let small = engine.tenant("small").unwrap();
    let others: Vec<Vector> = (0..4).map(|i| engine.zeros(&format!("other.{i}"), [MIB]).unwrap()).collect();
    write_all(&others, 0);
    let tensors = vectors(&small, 10, 3 * MIB / 2);
    write_all(&tensors, 1);
    check_all(&tensors, 1);
    let report = engine.report();
    let told = &report.tenants[0];
    assert!(told.name == "small" && told.peak_bytes <= 6 << 20 && told.peak_bytes >= 4 << 20, "{report}");
    assert!(report.used_bytes < 16 << 20, "much was free all the time: {report}");
    assert!(report.to_string().contains("tenant small: "), "{report}");
    let before = engine.counters();
    check_all(&others, 0);
    assert_eq!((engine.counters() - before).misses, 0, "others gave nothing");
}

/// What is reserved for a tenant stays its own while others turn over more than the tier holds.
#[test]
fn a_reserved_part_is_never_taken() {
    let dir = directory();
    let engine = engine(dir.path());
    let sure = vectors(&engine.tenant("sure").unwrap(), 7, 2 * MIB);
    write_all(&sure, 0);
    let others: Vec<Vector> =
        (0..30).map(|i| engine.zeros(&format!("other.{i}"), [2 * MIB]).unwrap()).collect();
    write_all(&others, 1);
    check_all(&others, 1);
    let before = engine.counters();
    check_all(&sure, 0);
    let moved = engine.counters() - before;
    assert_eq!((moved.misses, moved.bytes_read), (0, 0), "{moved}");
    let more = vectors(&engine.tenant("sure").unwrap(), 1, 2 * MIB);
    let since = Instant::now();
    write_all(&more, 0);
    assert!(since.elapsed() < Duration::from_secs(4), "the rest of what is reserved was kept free");
}

/// A tenant beyond its reserved part gives when others need room, until neither has more beyond its own than the other.
#[test]
fn what_exceeds_the_reserved_part_is_lent() {
    let dir = directory();
    let engine = engine(dir.path());
    let sure = vectors(&engine.tenant("sure").unwrap(), 14, 2 * MIB);
    write_all(&sure, 0);
    let used = |engine: &Engine| engine.report().tenants[1].used_bytes;
    assert!(used(&engine) > 20 << 20, "alone it may have what is free");
    let others: Vec<Vector> =
        (0..7).map(|i| engine.zeros(&format!("other.{i}"), [2 * MIB]).unwrap()).collect();
    write_all(&others, 1);
    let kept = used(&engine);
    assert!((20 << 20..=24 << 20).contains(&kept), "16 MiB are reserved, and 14 not set aside: {kept}");
    check_all(&sure, 0);
    check_all(&others, 1);
}

/// A lease of a tenant that waits for its own cap holds nobody else up.
#[test]
fn a_capped_tenant_holds_nobody_up() {
    let dir = directory();
    let engine = engine(dir.path());
    let mine = vectors(&engine.tenant("small").unwrap(), 3, 3 * MIB);
    let others: Vec<Vector> =
        (0..8).map(|i| engine.zeros(&format!("other.{i}"), [2 * MIB]).unwrap()).collect();
    let held = (mine[0].write().unwrap(), mine[1].write().unwrap());
    let (begun, waiting) = channel();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            begun.send(()).unwrap();
            mine[2].write().map(drop)
        });
        waiting.recv().unwrap();
        std::thread::sleep(Duration::from_millis(50));
        let since = Instant::now();
        write_all(&others, 0);
        check_all(&others, 0);
        assert!(since.elapsed() < Duration::from_secs(8), "they waited for a stranger's lease");
        drop(held);
        waiter.join().unwrap().unwrap();
    });
}

/// What can never be is refused by the tenant's name.
#[test]
fn impossible_wishes_name_the_tenant() {
    let dir = directory();
    let engine = engine(dir.path());
    let unknown = engine.tenant("smal").unwrap_err();
    assert_eq!((unknown.kind(), unknown.fact("tenant")), (ErrorKind::Missing, Some("smal")), "{unknown}");
    let large = vectors(&engine.tenant("small").unwrap(), 1, 8 * MIB);
    let error = large[0].write().unwrap_err();
    assert_eq!((error.kind(), error.fact("tenant")), (ErrorKind::Budget, Some("small")), "{error}");
    let everybody: Vector = engine.zeros("everybody", [15 * MIB]).unwrap();
    assert_eq!(everybody.write().unwrap_err().kind(), ErrorKind::Budget, "18 MiB are set aside");
    let less = engine.set_budget(20 << 20).unwrap_err();
    assert_eq!(less.kind(), ErrorKind::Budget, "{less}");
    engine.set_budget(21 << 20).unwrap();
    let deadline = words(dir.path()).deadline("2 s").build().unwrap();
    let engine = Engine::builder().policy(deadline).build().unwrap();
    let mine = vectors(&engine.tenant("small").unwrap(), 3, 2 * MIB + 4096);
    let _held = (mine[0].write().unwrap(), mine[1].write().unwrap());
    let late = mine[2].write().unwrap_err();
    assert_eq!((late.kind(), late.fact("tenant")), (ErrorKind::Deadline, Some("small")), "{late}");
}

/// Tensors of a checkpoint belong to the tenant that adopts them, and so do their rows.
#[test]
fn checkpoints_are_adopted_by_tenants() {
    let dir = directory();
    let path = checkpoint(dir.path(), &[1 << 20, 1 << 20, 1 << 20]);
    let engine = engine(dir.path());
    let small = engine.tenant("small").unwrap();
    let source = small.source(&Checkpoint::open(&path).unwrap()).unwrap();
    let tensors: Vec<Tensor<f32, (Dyn,)>> =
        (0..3).map(|i| Tensor::from_any(source.adopt(&format!("t.{i}"), None).unwrap()).unwrap()).collect();
    for (i, tensor) in tensors.iter().enumerate() {
        assert_eq!(tensor.read_rows(1000..1010).unwrap()[3], value(i, 1003));
        assert_eq!(tensor.read().unwrap()[77], value(i, 77));
    }
    let report = engine.report();
    let told = &report.tenants[0];
    assert!(told.peak_bytes <= 6 << 20 && told.peak_bytes >= 4 << 20, "{report}");
    assert!(report.used_bytes - told.used_bytes < 1 << 20, "the rest is staging: {report}");
}

/// Three programs at random on a disk that is late, short and out of order, while the budget changes: quotas hold at
/// every moment, and nothing is lost.
#[test]
fn quotas_hold_whatever_happens() {
    let dir = directory();
    let faults = Faults { short_per_mille: 100, delay_waits: 2, reorder: true, ..Faults::none(9) };
    let policy = words(dir.path()).deadline("30 s").build().unwrap();
    let engine =
        Engine::builder().policy(policy).driver(move || Ok(Box::new(Sim::open(8, faults)?))).build().unwrap();
    let small = vectors(&engine.tenant("small").unwrap(), 4, 2 * MIB);
    let sure = vectors(&engine.tenant("sure").unwrap(), 9, 2 * MIB + 9000);
    let others: Vec<Vector> =
        (0..6).map(|i| engine.zeros(&format!("other.{i}"), [2 * MIB]).unwrap()).collect();
    std::thread::scope(|scope| {
        for tensors in [&small, &sure, &others] {
            scope.spawn(move || {
                for round in 0..8 {
                    write_all(tensors, round);
                    check_all(tensors, round);
                }
            });
        }
        for budget in [24_u64, 40, 22, 30, 26] {
            engine.set_budget(budget << 20).unwrap();
            let report = engine.report();
            assert!(report.used_bytes <= budget << 20, "{report}");
        }
    });
    let report = engine.report();
    assert!(report.tenants[0].peak_bytes <= 6 << 20, "{report}");
}
