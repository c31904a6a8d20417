//! Promise: a tensor is the same whichever tier its bytes are in, and what a device loses is told by name.

mod faults;
mod model;

use crate::world::{adopt, checkpoint, directory, value};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stratal::tiering::device::{DevicePool, Driver, Sim, SimSpec};
use stratal::tiering::tier::TierKind;
use stratal::{Checkpoint, Device, Dyn, Engine, ErrorKind, LeaseOn, Policy, Result, Stream, Tensor};

const SIM: Device = Device::Sim(0);
const MIB: usize = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(20);

type Vector = Tensor<u8, (Dyn,)>;

/// An engine with a tier on a simulator of its own.
struct World {
    sim: Arc<Sim>,
    engine: Engine,
    stream: Stream,
}

fn sim(memory: usize) -> Arc<Sim> {
    Sim::open(SimSpec { memory_bytes: memory as u64, ..SimSpec::default() }).unwrap()
}

fn policy(dir: &Path, hbm: &str, dram: &str) -> Policy {
    let words = Policy::builder().device_tier("gpu", "sim:0", hbm).tier("dram", TierKind::Dram, dram);
    words.spill_directory(dir).deadline("10 s").build().unwrap()
}

fn world(dir: &Path, sim: Arc<Sim>, hbm: &str, dram: &str) -> World {
    let engine = Engine::builder().policy(policy(dir, hbm, dram)).device(SIM, sim.clone()).build().unwrap();
    let driver: Arc<dyn Driver> = sim.clone();
    World { stream: Stream::open(&driver).unwrap(), sim, engine }
}

impl World {
    /// The bytes of a tensor as a kernel on the device would see them.
    fn seen(&self, tensor: &impl LeaseOn) -> Result<Vec<u8>> {
        let lease = tensor.read_on(SIM)?;
        let len = usize::try_from(lease.block().len()).unwrap();
        self.stream.download(vec![0; len], lease.block(), 0)?.wait(PATIENCE)
    }

    /// Writes all bytes of a tensor on the device, as a kernel would.
    fn overwrite(&self, tensor: &impl LeaseOn, bytes: Vec<u8>) -> Result<()> {
        let lease = tensor.write_on(SIM)?;
        self.stream.upload(lease.block(), 0, bytes).map(drop)
    }

    /// The budgets hold now and always did.
    fn check_budgets(&self) {
        let report = self.engine.report();
        assert!(report.peak_bytes <= 1 << 40 && report.used_bytes <= report.peak_bytes);
        for device in &report.devices {
            assert!(device.used_bytes <= device.peak_bytes && device.peak_bytes <= device.budget_bytes);
        }
        let wrong = self.sim.violations();
        assert!(wrong.is_empty(), "work out of order: {wrong:?}");
    }
}

fn pattern(seed: usize, len: usize) -> Vec<u8> {
    (0..len).map(|at| (at / 511 + at % 7 + seed * 37) as u8).collect()
}

/// A model larger than the device and the host together streams through both from its checkpoint: the bytes arrive, no
/// budget is passed, and what is evicted clean moves nothing.
#[test]
fn a_checkpoint_streams_through_host_and_device() {
    let dir = directory();
    let elements = [700_000, 700_001, 5, 1_300_000, 700_000, 699_999];
    let path = checkpoint(dir.path(), &elements);
    let world = world(dir.path(), sim(64 * MIB), "8 MiB", "16 MiB");
    let tensors = adopt(&world.engine, &Checkpoint::open(path).unwrap(), elements.len());
    for _ in 0..3 {
        for (i, tensor) in tensors.iter().enumerate() {
            let bytes = world.seen(tensor).unwrap();
            let right = (0..elements[i]).flat_map(|at| value(i, at).to_le_bytes());
            assert!(bytes.iter().copied().eq(right), "tensor {i}");
            world.check_budgets();
        }
    }
    let counters = world.engine.counters();
    assert_eq!((counters.bytes_written, counters.bytes_downloaded), (0, 0), "all of it is in the checkpoint");
    assert!(counters.device_evictions_clean > 0 && counters.device_evictions_demoted == 0, "{counters}");
    assert!(world.engine.report().to_string().contains("gpu on sim:0"), "{}", world.engine.report());
}

/// What a device wrote comes home when the host asks, and goes through the host to the store when the device needs the
/// room; what the host wrote reaches the device.
#[test]
fn dirty_copies_go_up_and_down() {
    let dir = directory();
    let world = world(dir.path(), sim(64 * MIB), "8 MiB", "16 MiB");
    let lens = [3 * MIB + 5, 3 * MIB, 100, 4 * MIB + 1, 2 * MIB, 3 * MIB, 3 * MIB];
    let named = |i: usize| format!("state.{i}");
    let tensors: Vec<Vector> =
        lens.iter().enumerate().map(|(i, len)| world.engine.zeros(&named(i), [*len]).unwrap()).collect();
    for (i, tensor) in tensors.iter().enumerate() {
        world.overwrite(tensor, pattern(i, lens[i])).unwrap();
        world.check_budgets();
    }
    for (i, tensor) in tensors.iter().enumerate() {
        assert!(*tensor.read().unwrap().as_slice() == *pattern(i, lens[i]), "tensor {i} came home");
        tensor.write().unwrap()[lens[i] - 1] = 77;
    }
    for (i, tensor) in tensors.iter().enumerate() {
        let mut right = pattern(i, lens[i]);
        right[lens[i] - 1] = 77;
        assert!(world.seen(tensor).unwrap() == right, "tensor {i} went up");
        world.check_budgets();
    }
    let counters = world.engine.counters();
    assert!(counters.device_evictions_demoted > 0 && counters.spills > 0, "{counters}");
}

/// Readers share a tensor across tiers; a writer on either side is alone, and says so when it waited too long.
#[test]
fn a_writer_is_alone_on_host_and_device() {
    let dir = directory();
    let words = Policy::builder().device_tier("gpu", "sim:0", "8 MiB").tier("dram", TierKind::Dram, "16 MiB");
    let policy = words.spill_directory(dir.path()).deadline("300 ms").build().unwrap();
    let engine = Engine::builder().policy(policy).device(SIM, sim(16 * MIB)).build().unwrap();
    let tensor: Vector = engine.zeros("shared", [1000]).unwrap();
    let (here, there) = (tensor.read().unwrap(), tensor.read_on(SIM).unwrap());
    assert_eq!(tensor.write_on(SIM).unwrap_err().kind(), ErrorKind::Conflict);
    drop(here);
    assert_eq!(tensor.write().unwrap_err().kind(), ErrorKind::Conflict);
    drop(there);
    let writer = tensor.write_on(SIM).unwrap();
    assert_eq!(tensor.read().unwrap_err().kind(), ErrorKind::Conflict);
    let second = tensor.read_on(SIM).unwrap_err();
    assert_eq!((second.kind(), second.fact("tensor"), second.fact("tier")), {
        (ErrorKind::Conflict, Some("shared"), Some("gpu"))
    });
    drop(writer);
    assert_eq!(tensor.read().unwrap()[999], 0);
    let elsewhere = tensor.read_on(Device::Sim(1)).unwrap_err();
    assert_eq!(elsewhere.kind(), ErrorKind::Unsupported, "{elsewhere}");
    let large: Vector = engine.zeros("large", [9 * MIB]).unwrap();
    assert_eq!(large.read_on(SIM).unwrap_err().kind(), ErrorKind::Budget);
}

/// A repeated pass is learned from the device's own leases: what comes next is lifted ahead, and MIN keeps what it can.
#[test]
fn a_repeated_pass_is_lifted_ahead() {
    let dir = directory();
    let world = world(dir.path(), sim(64 * MIB), "24 MiB", "32 MiB");
    let lens = [2 * MIB; 16];
    let tensors: Vec<Vector> =
        (0..16).map(|i| world.engine.zeros(&format!("l.{i}"), [lens[i]]).unwrap()).collect();
    for (i, tensor) in tensors.iter().enumerate() {
        tensor.write().unwrap().as_mut_slice().copy_from_slice(&pattern(i, lens[i]));
    }
    let passes = 8;
    for _ in 0..passes {
        for (i, tensor) in tensors.iter().enumerate() {
            assert!(world.seen(tensor).unwrap() == pattern(i, lens[i]), "tensor {i}");
        }
    }
    let (counters, report) = (world.engine.counters(), world.engine.report());
    assert!(report.devices[0].scheduled, "{report}");
    assert!(counters.device_prefetches > 0, "{counters}");
    let lifted = counters.bytes_uploaded / (2 * MIB as u64);
    assert!(lifted < passes * 16 * 3 / 4, "{lifted} lifts: LRU would need all {}", passes * 16);
    world.check_budgets();
}

/// A hint lifts a tensor before its lease.
#[test]
fn a_hint_lifts_ahead() {
    let dir = directory();
    let world = world(dir.path(), sim(64 * MIB), "24 MiB", "32 MiB");
    let tensor: Vector = world.engine.zeros("soon", [5 * MIB]).unwrap();
    tensor.write().unwrap().as_mut_slice().copy_from_slice(&pattern(3, 5 * MIB));
    tensor.will_need_on(SIM);
    let since = Instant::now();
    while world.engine.counters().device_prefetches == 0 && since.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(world.seen(&tensor).unwrap() == pattern(3, 5 * MIB));
    assert_eq!(world.engine.counters().device_hits, 1);
}

/// Tensors, leases and engines go in any order, also while bytes are on their way; the device gets all of it back.
#[test]
fn everything_is_given_back_whatever_goes_first() {
    let dir = directory();
    let device = sim(64 * MIB);
    for round in 0..6 {
        let world = world(dir.path(), Arc::clone(&device), "8 MiB", "16 MiB");
        let tensors: Vec<Vector> =
            (0..5).map(|i| world.engine.zeros(&format!("t.{i}"), [3 * MIB]).unwrap()).collect();
        tensors.iter().for_each(|tensor| tensor.will_need_on(SIM));
        let lease = tensors[round % 5].write_on(SIM).unwrap();
        match round % 3 {
            0 => drop((tensors, lease, world)),
            1 => {
                drop(tensors);
                assert_eq!(world.engine.report().devices[0].leases, 1);
                drop(world);
                drop(lease);
            }
            _ => {
                world.engine.close();
                assert_eq!(tensors[0].read_on(SIM).unwrap_err().kind(), ErrorKind::Closed);
                drop((world, lease, tensors));
            }
        }
    }
    let left = device.outstanding();
    assert_eq!((left.frames, left.mappings, left.pinned, left.streams), (0, 0, 0, 0), "{left:?}");
}

/// Dropped tensors make room on the device at once.
#[test]
fn dropped_tensors_leave_the_device() {
    let dir = directory();
    let world = world(dir.path(), sim(64 * MIB), "8 MiB", "16 MiB");
    for round in 0..20 {
        let tensor: Vector = world.engine.zeros("again", [7 * MIB]).unwrap();
        world.overwrite(&tensor, pattern(round, 7 * MIB)).unwrap();
    }
    let counters = world.engine.counters();
    assert_eq!((counters.bytes_downloaded, counters.spills), (0, 0), "{counters}");
    assert_eq!(world.engine.report().devices[0].used_bytes, 0);
}

/// Where others hold the device's memory, what is cached goes, then copies of the engine, then a typed error tells.
#[test]
fn a_device_with_less_memory_than_the_budget_is_lived_with() {
    let dir = directory();
    let device = sim(16 * MIB);
    let world = world(dir.path(), Arc::clone(&device), "16 MiB", "32 MiB");
    let driver: Arc<dyn Driver> = device.clone();
    let others = DevicePool::new(&driver, 16 << 20);
    let taken = others.allocate(8 << 20).unwrap();
    let tensors: Vec<Vector> =
        (0..6).map(|i| world.engine.zeros(&format!("t.{i}"), [3 * MIB]).unwrap()).collect();
    for round in 0..2 {
        for (i, tensor) in tensors.iter().enumerate() {
            world.overwrite(tensor, pattern(i + round, 3 * MIB)).unwrap();
            assert!(world.seen(tensor).unwrap() == pattern(i + round, 3 * MIB));
        }
    }
    let held = tensors[0].read_on(SIM).unwrap();
    let (second, third) = (tensors[1].read_on(SIM).unwrap(), tensors[2].read_on(SIM));
    let error = third.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{error}");
    drop((held, second, taken, others));
    assert!(world.seen(&tensors[2]).unwrap() == pattern(3, 3 * MIB));
}

/// Two tiers on two devices: a write on one is seen on the other, by way of the host.
#[test]
fn two_devices_see_one_tensor() {
    let dir = directory();
    let words = Policy::builder()
        .device_tier("one", "sim:0", "8 MiB")
        .device_tier("two", "sim:1", "8 MiB")
        .tier("dram", TierKind::Dram, "32 MiB");
    let policy = words.spill_directory(dir.path()).deadline("10 s").build().unwrap();
    let devices = Sim::open_many(SimSpec { memory_bytes: 16 << 20, ..SimSpec::default() }, 2).unwrap();
    let builder = Engine::builder().policy(policy).device(SIM, devices[0].clone());
    let engine = builder.device(Device::Sim(1), devices[1].clone()).build().unwrap();
    let tensor: Vector = engine.zeros("both", [3 * MIB]).unwrap();
    for (round, on) in [SIM, Device::Sim(1), Device::Sim(1), SIM].into_iter().enumerate() {
        let driver: Arc<dyn Driver> = devices[if on == SIM { 0 } else { 1 }].clone();
        let stream = Stream::open(&driver).unwrap();
        let lease = tensor.write_on(on).unwrap();
        let before = stream.download(vec![0; 3 * MIB], lease.block(), 0).unwrap().wait(PATIENCE).unwrap();
        let last = if round == 0 { vec![0; 3 * MIB] } else { pattern(round - 1, 3 * MIB) };
        assert!(before == last, "round {round}");
        stream.upload(lease.block(), 0, pattern(round, 3 * MIB)).unwrap();
    }
    assert!(*tensor.read().unwrap().as_slice() == *pattern(3, 3 * MIB));
}

/// What cannot go home, as the store takes no more, stays; another one makes room, and nobody is told of what is not
/// theirs.
#[test]
fn a_victim_that_cannot_go_home_is_passed_over() {
    let dir = directory();
    let words = Policy::builder().device_tier("gpu", "sim:0", "4 MiB").tier("dram", TierKind::Dram, "8 MiB");
    let policy = words.spill_directory(dir.path()).spill_capacity("1 MiB").deadline("10 s").build().unwrap();
    let sim = sim(64 * MIB);
    let engine = Engine::builder().policy(policy).device(SIM, sim.clone()).build().unwrap();
    let driver: Arc<dyn Driver> = sim.clone();
    let world = World { stream: Stream::open(&driver).unwrap(), sim, engine };
    let state = |name: &str| -> Vector { world.engine.zeros(name, [2 * MIB]).unwrap() };
    let (dirty, wanted, other) = (state("dirty"), state("wanted"), state("other"));
    let clean = adopt(&world.engine, &Checkpoint::open(checkpoint(dir.path(), &[MIB / 2])).unwrap(), 1);
    world.overwrite(&dirty, pattern(1, 2 * MIB)).unwrap();
    world.seen(&clean[0]).unwrap();
    // The host's four mebibytes: one copy that is held, and one that would have to be stored.
    wanted.write().unwrap().as_mut_slice().fill(3);
    let held = wanted.read().unwrap();
    other.write().unwrap().as_mut_slice().fill(4);
    assert!(world.seen(&wanted).unwrap().iter().all(|byte| *byte == 3));
    assert!(world.seen(&dirty).unwrap() == pattern(1, 2 * MIB), "it stayed");
    // With both places taken by what cannot go, there is none.
    let error = world.seen(&clean[0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
    drop(held);
    assert!(other.read().unwrap().iter().all(|byte| *byte == 4));
    world.check_budgets();
}
