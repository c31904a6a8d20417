//! What every device promises, judged by one suite.
//!
//! Each promise takes a device and is kept by the simulator, by CUDA on the fake driver, and by CUDA on hardware.

use super::{
    Address, DeviceBlock, DevicePool, Driver, Event, Fault, Faults, Module, Pinned, Sim, SimSpec, Stream,
    Touch,
};
use crate::error::{ErrorKind, Result};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(super) const SOON: Duration = Duration::from_secs(20);
const MIB: u64 = 1 << 20;

/// A device, and a second one beside it where there is one.
pub(super) type Devices = Vec<Arc<dyn Driver>>;

fn pattern(seed: u64, len: usize) -> Vec<u8> {
    let byte = |i: u64| ((i + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8;
    (0..len as u64).map(byte).collect()
}

fn read(stream: &Stream, block: &DeviceBlock, offset: u64, len: usize) -> Vec<u8> {
    stream.download(vec![0; len], block, offset).unwrap().wait(SOON).unwrap()
}

/// What goes up comes back, at any offset and length, from heap and from pinned memory.
fn bytes_come_back(devices: &Devices) {
    let device = &devices[0];
    let (pool, stream) = (DevicePool::new(device, 64 * MIB), Stream::open(device).unwrap());
    for (len, offset, part) in
        [(1, 0, 1), (5000, 13, 4000), (3 << 20, (1 << 20) - 3, 1 << 20), (7 << 20, 0, 7 << 20)]
    {
        let block = pool.allocate(len as u64).unwrap();
        stream.upload(&block, 0, pattern(1, len)).unwrap();
        stream.upload(&block, offset as u64, pattern(99, part)).unwrap();
        let mut expected = pattern(1, len);
        expected[offset..offset + part].copy_from_slice(&pattern(99, part));
        assert!(read(&stream, &block, 0, len) == expected, "{len} bytes");
    }
    let mut pinned = Pinned::new(device, 3 << 20).unwrap();
    let len = pinned.len();
    assert_eq!(len, 4 << 20);
    pinned.as_mut().copy_from_slice(&pattern(5, len));
    let block = pool.allocate(len as u64).unwrap();
    stream.upload(&block, 0, pinned).unwrap();
    let back = stream.download(Pinned::new(device, len).unwrap(), &block, 0).unwrap().wait(SOON).unwrap();
    assert!(back.as_ref() == pattern(5, len));
}

/// Copies and fills inside the device keep to their ranges.
fn copies_stay_inside(devices: &Devices) {
    let device = &devices[0];
    let (pool, stream) = (DevicePool::new(device, 64 * MIB), Stream::open(device).unwrap());
    let (one, two) = (pool.allocate(4 * MIB).unwrap(), pool.allocate(100_000).unwrap());
    stream.upload(&one, 0, pattern(0, 4 << 20)).unwrap();
    stream.fill(&two, 0, 100_000, 0xab).unwrap();
    stream.copy(&two, 1000, &one, 2 * MIB - 500, 1000).unwrap();
    let mut expected = vec![0xab; 100_000];
    expected[1000..2000].copy_from_slice(&pattern(0, 4 << 20)[(2 << 20) - 500..(2 << 20) + 500]);
    assert!(read(&stream, &two, 0, 100_000) == expected);
    assert_eq!(stream.copy(&one, 10, &one, 0, 100).unwrap_err().kind(), ErrorKind::Conflict);
    stream.copy(&one, 3 * MIB, &one, 0, MIB).unwrap();
    assert!(read(&stream, &one, 3 * MIB, 1 << 20) == pattern(0, 1 << 20));
}

/// Ranges outside a block are typed errors, and touch nothing.
fn ranges_outside_are_errors(devices: &Devices) {
    let device = &devices[0];
    let (pool, stream) = (DevicePool::new(device, 8 * MIB), Stream::open(device).unwrap());
    let block = pool.allocate(1000).unwrap();
    for (offset, len) in [(0, 1001), (1000, 1), (u64::MAX, 1), (1001, 0)] {
        let error = stream.upload(&block, offset, vec![0; len]).unwrap_err();
        assert_eq!((error.kind(), error.fact("device").is_some()), (ErrorKind::Shape, true), "{error}");
        assert_eq!(stream.fill(&block, offset, len as u64, 1).unwrap_err().kind(), ErrorKind::Shape);
    }
    assert_eq!(pool.allocate(16 * MIB).unwrap_err().kind(), ErrorKind::Budget);
    stream.upload(&block, 1000, Vec::new()).unwrap();
}

/// Work on two streams that share a block comes in the order it was submitted, many times over.
fn shared_blocks_order_streams(devices: &Devices) {
    let device = &devices[0];
    let pool = DevicePool::new(device, 32 * MIB);
    let streams = [Stream::open(device).unwrap(), Stream::open(device).unwrap()];
    let block = pool.allocate(2 * MIB).unwrap();
    for round in 0..20_u64 {
        let (one, two) = (&streams[round as usize % 2], &streams[(round as usize + 1) % 2]);
        one.upload(&block, 0, pattern(round, 2 << 20)).unwrap();
        let back = two.download(vec![0; 2 << 20], &block, 0).unwrap();
        one.fill(&block, 0, 2 * MIB, 0xff).unwrap();
        assert!(back.wait(SOON).unwrap() == pattern(round, 2 << 20), "round {round}");
    }
}

/// An event passes when its work has ended and not before; waits have a deadline; an event outlives its stream.
fn events_pass_in_order(devices: &Devices) {
    let device = &devices[0];
    let (pool, stream) = (DevicePool::new(device, 64 * MIB), Stream::open(device).unwrap());
    let block = pool.allocate(16 * MIB).unwrap();
    let mut events: Vec<Event> = Vec::new();
    for seed in 0..80 {
        events.push(stream.upload(&block, 0, pattern(seed, 100_000)).unwrap());
    }
    events[79].wait(SOON).unwrap();
    assert!(events.iter().all(|event| event.is_past().unwrap()));
    assert!(events[5].covers(&events[4]) && !events[4].covers(&events[5]));
    let last = stream.fill(&block, 0, 16 * MIB, 3).unwrap();
    drop(stream);
    last.wait(SOON).unwrap();
}

/// A stream holds what it was told to until the work before has ended, and drops it then.
fn what_is_kept_ends_with_the_work(devices: &Devices) {
    let device = &devices[0];
    let (pool, stream) = (DevicePool::new(device, 64 * MIB), Stream::open(device).unwrap());
    let block = pool.allocate(16 * MIB).unwrap();
    let thing = Arc::new(());
    stream.fill(&block, 0, 16 * MIB, 1).unwrap();
    stream.keep(Arc::clone(&thing)).unwrap();
    stream.finish(SOON).unwrap();
    assert_eq!(Arc::strong_count(&thing), 1);
    stream.fill(&block, 0, 16 * MIB, 2).unwrap();
    stream.keep(Arc::clone(&thing)).unwrap();
    drop(stream);
    assert_eq!(Arc::strong_count(&thing), 1);
}

/// Freed bytes go to the next block at once, which comes after whoever used them last.
fn freed_bytes_are_used_in_order(devices: &Devices) {
    let device = &devices[0];
    let pool = DevicePool::new(device, 4 * MIB);
    let streams = [Stream::open(device).unwrap(), Stream::open(device).unwrap()];
    for round in 0..10_u64 {
        for len in [3 * MIB, 100_000] {
            let block = pool.allocate(len).unwrap();
            streams[0].upload(&block, 0, pattern(round, len as usize)).unwrap();
            let back = streams[0].download(vec![0; len as usize], &block, 0).unwrap();
            drop(block);
            let next = pool.allocate(len).unwrap();
            streams[1].fill(&next, 0, len, 0xee).unwrap();
            assert!(back.wait(SOON).unwrap() == pattern(round, len as usize));
        }
    }
    let stats = pool.stats();
    assert!(stats.created_bytes <= stats.budget_bytes && stats.used_bytes == 0, "{stats:?}");
}

/// Memory does not fragment: whatever sizes were freed, a block of all of it fits. It grows without a copy, and what
/// is trimmed goes back to the device.
fn frames_serve_every_size(devices: &Devices) {
    let device = &devices[0];
    let free_before = device.memory().unwrap().free_bytes;
    let pool = DevicePool::new(device, 32 * MIB);
    let stream = Stream::open(device).unwrap();
    let mut blocks: Vec<_> = (0..16).map(|_| pool.allocate(2 * MIB).unwrap()).collect();
    assert_eq!(pool.allocate(1).unwrap_err().kind(), ErrorKind::NoSpace);
    assert_eq!(pool.stats().used_bytes, 32 * MIB);
    let mut nth = 0;
    blocks.retain(|_| {
        nth += 1;
        nth % 2 == 0
    });
    let large = pool.allocate(16 * MIB).unwrap();
    stream.upload(&large, 0, pattern(8, 16 << 20)).unwrap();
    drop(blocks);
    let large = large.grow(32 * MIB).unwrap();
    assert_eq!(large.len(), 32 * MIB);
    assert!(read(&stream, &large, 0, 16 << 20) == pattern(8, 16 << 20));
    let other = large.clone();
    let (error, large) = large.grow(40 * MIB).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    drop(other);
    let (error, large) = large.grow(40 * MIB).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Budget);
    assert!(read(&stream, &large, 0, 16 << 20) == pattern(8, 16 << 20));
    stream.finish(SOON).unwrap();
    drop(large);
    assert_eq!(pool.trim().unwrap(), 32 * MIB);
    assert_eq!(device.memory().unwrap().free_bytes, free_before);
}

/// Two devices copy from each other, in the order of their uses.
fn neighbours_copy(devices: &Devices) {
    let [one, two] = &devices[..] else {
        println!("SKIPPED: copies between devices, for there is one device only");
        return;
    };
    let pools = [DevicePool::new(one, 16 * MIB), DevicePool::new(two, 16 * MIB)];
    let streams = [Stream::open(one).unwrap(), Stream::open(two).unwrap()];
    let (here, there) = (pools[0].allocate(4 * MIB).unwrap(), pools[1].allocate(4 * MIB).unwrap());
    for round in 0..5 {
        streams[0].upload(&here, 0, pattern(round, 4 << 20)).unwrap();
        streams[1].copy(&there, 0, &here, 0, 4 * MIB).unwrap();
        streams[0].fill(&here, 0, 4 * MIB, 0).unwrap();
        assert!(read(&streams[1], &there, 0, 4 << 20) == pattern(round, 4 << 20));
    }
    assert_eq!(streams[0].fill(&there, 0, 1, 0).unwrap_err().kind(), ErrorKind::Unsupported);
}

/// Kernels run in order with copies, with their arguments as they were at the launch.
pub(super) fn kernels_run_in_order(devices: &Devices, load: fn(&Arc<dyn Driver>) -> Option<Arc<Module>>) {
    let device = &devices[0];
    let Some(module) = load(device) else { return };
    let (pool, stream) = (DevicePool::new(device, 16 * MIB), Stream::open(device).unwrap());
    let scale = module.function("scale").unwrap();
    assert_eq!(module.function("scales").unwrap_err().kind(), ErrorKind::Missing);
    let count = 10_000_u32;
    let block = pool.allocate(u64::from(count) * 4).unwrap();
    let values: Vec<u8> = (0..count).flat_map(|i| (i as f32).to_le_bytes()).collect();
    stream.upload(&block, 0, values).unwrap();
    for factor in [2.0_f32, 3.0, 0.5] {
        let mut arguments = Vec::new();
        arguments.extend_from_slice(&block.address().0.to_le_bytes());
        arguments.extend_from_slice(&factor.to_le_bytes());
        arguments.extend_from_slice(&count.to_le_bytes());
        let mut turn = stream.turn();
        turn.uses(block.uses(), Touch::Write).unwrap();
        let geometry = super::Geometry::line(count, 128);
        // SAFETY: `scale(float*, float, unsigned)`, over a block of that many floats, which outlives the stream's work.
        unsafe { turn.launch(scale.raw(), &geometry, &arguments) }.unwrap();
        arguments.fill(0xff);
        turn.end().unwrap();
    }
    let back = read(&stream, &block, 0, count as usize * 4);
    let (floats, _) = back.as_chunks::<4>();
    assert!(floats.iter().zip(0..).all(|(bytes, i)| f32::from_le_bytes(*bytes) == i as f32 * 3.0));
}

/// Frames move between addresses and keep their content; what is not mapped is an error.
fn frames_move(devices: &Devices) {
    let device = &devices[0];
    let (len, stream) = (device.properties().granularity_bytes, Stream::open(device).unwrap());
    let (at, frame) = (device.reserve(4 * len).unwrap(), device.create(len).unwrap());
    let (bytes, mut back) = (pattern(4, 4096), vec![0; 4096]);
    let second = at.offset(2 * len);
    // SAFETY: a reservation and a frame of this test; host bytes live until the stream was waited for.
    unsafe {
        device.map(at, frame, len).unwrap();
        assert!(device.map(second, frame, 2 * len).is_err());
        device.upload(at, bytes.as_ptr(), 4096, stream.raw()).unwrap();
        stream.finish(SOON).unwrap();
        device.unmap(at, len).unwrap();
        assert!(device.upload(at, bytes.as_ptr(), 4096, stream.raw()).is_err());
        device.map(second, frame, len).unwrap();
        device.download(back.as_mut_ptr(), second, 4096, stream.raw()).unwrap();
        stream.finish(SOON).unwrap();
        device.unmap(second, len).unwrap();
        device.destroy(frame).unwrap();
        device.unreserve(at, 4 * len).unwrap();
    }
    assert!(back == bytes);
}

/// A full device refuses with its own error; what was made before still works.
fn a_full_device_refuses(devices: &Devices) {
    let device = &devices[0];
    let total = device.memory().unwrap().total_bytes;
    let pool = DevicePool::new(device, total * 2);
    let error = pool.allocate(total + device.properties().granularity_bytes).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{error}");
    let (stream, block) = (Stream::open(device).unwrap(), pool.allocate(1000).unwrap());
    stream.fill(&block, 0, 1000, 9).unwrap();
    assert_eq!(read(&stream, &block, 0, 1000), [9; 1000]);
}

/// A promise and its name.
type Promise = (&'static str, fn(&Devices));

/// The promises that any device keeps.
pub(super) const PROMISES: &[Promise] = &[
    ("bytes_come_back", bytes_come_back),
    ("copies_stay_inside", copies_stay_inside),
    ("ranges_outside_are_errors", ranges_outside_are_errors),
    ("shared_blocks_order_streams", shared_blocks_order_streams),
    ("events_pass_in_order", events_pass_in_order),
    ("what_is_kept_ends_with_the_work", what_is_kept_ends_with_the_work),
    ("freed_bytes_are_used_in_order", freed_bytes_are_used_in_order),
    ("frames_serve_every_size", frames_serve_every_size),
    ("neighbours_copy", neighbours_copy),
    ("frames_move", frames_move),
    ("a_full_device_refuses", a_full_device_refuses),
];

/// Two simulated devices of 64 MiB.
fn simulated(latency: Duration, bandwidth_bytes_per_s: u64) -> Vec<Arc<Sim>> {
    let spec = SimSpec { memory_bytes: 64 * MIB, latency, bandwidth_bytes_per_s, seals: true };
    Sim::open_many(spec, 2).unwrap()
}

/// Judges the simulator, and that nothing was out of order or left over.
fn judge(name: &str, promise: impl Fn(&Devices), latency: Duration) {
    let sims = simulated(latency, 0);
    let devices: Devices = sims.iter().map(|sim| Arc::clone(sim) as Arc<dyn Driver>).collect();
    promise(&devices);
    drop(devices);
    for sim in &sims {
        let seen = sim.violations();
        assert!(seen.is_empty(), "{name}: {}", seen[0]);
        assert_eq!(sim.outstanding(), super::Outstanding::default(), "{name}");
    }
}

#[test]
fn the_simulator_keeps_every_promise() {
    for latency in [Duration::ZERO, Duration::from_micros(300)] {
        for (name, promise) in PROMISES {
            judge(name, promise, latency);
        }
        judge("kernels_run_in_order", |devices| kernels_run_in_order(devices, scale_of_host), latency);
    }
}

fn scale_of_host(device: &Arc<dyn Driver>) -> Option<Arc<Module>> {
    Some(load_scale(device).unwrap())
}

/// `scale` as a function of this process.
fn load_scale(device: &Arc<dyn Driver>) -> Result<Arc<Module>> {
    let run = |_: &super::Geometry, arguments: &[u8]| {
        let word = |at: usize| arguments[at..at + 4].try_into().unwrap();
        let address = u64::from_le_bytes(arguments[..8].try_into().unwrap());
        let (factor, count) = (f32::from_le_bytes(word(8)), u32::from_le_bytes(word(12)));
        for i in 0..count as usize {
            // SAFETY: the launch promises a block of that many floats.
            unsafe { *(address as *mut f32).add(i) *= factor };
        }
    };
    let entry = super::HostEntry {
        name: "scale".into(),
        run: Arc::new(run),
        pointers: vec![super::Pointer { offset: 0, writes: true }],
    };
    Module::load(device, &super::Code::Host(&[entry]))
}

/// What the simulator takes is latency and bytes over bandwidth, and the two directions overlap: never less than one
/// takes, and both in less than twice that. A machine with other work may hold a thread up, so the best of five counts.
#[test]
fn time_is_latency_and_bandwidth() {
    let sims = simulated(Duration::from_millis(2), 512 * MIB);
    let device: Arc<dyn Driver> = Arc::clone(&sims[0]) as _;
    let (pool, up, down) =
        (DevicePool::new(&device, 64 * MIB), Stream::open(&device).unwrap(), Stream::open(&device).unwrap());
    let blocks = [pool.allocate(16 * MIB).unwrap(), pool.allocate(16 * MIB).unwrap()];
    up.fill(&blocks[1], 0, 16 * MIB, 1).unwrap();
    up.finish(SOON).unwrap();
    let least = Duration::from_millis(33);
    let both = (0..5).map(|_| {
        let start = Instant::now();
        let arrived = up.upload(&blocks[0], 0, vec![0; 16 << 20]).unwrap();
        let back = down.download(vec![0; 16 << 20], &blocks[1], 0).unwrap();
        arrived.wait(SOON).unwrap();
        assert!(start.elapsed() >= least, "{:?}", start.elapsed());
        back.wait(SOON).unwrap();
        start.elapsed()
    });
    let best = both.min().unwrap();
    assert!(best < 2 * least, "{best:?}");
}

/// A deadline ends a wait for work that has not ended.
#[test]
fn waits_have_deadlines() {
    let sims = simulated(Duration::from_millis(300), 0);
    let device: Arc<dyn Driver> = Arc::clone(&sims[0]) as _;
    let stream = Stream::open(&device).unwrap();
    let block = DevicePool::new(&device, 8 * MIB).allocate(100).unwrap();
    let event = stream.upload(&block, 0, vec![1; 100]).unwrap();
    assert!(!event.is_past().unwrap());
    let error = event.wait(Duration::from_millis(5)).unwrap_err();
    assert_eq!((error.kind(), error.fact("device")), (ErrorKind::Deadline, Some("sim:0")));
    event.wait(SOON).unwrap();
}

/// Work on two streams over one block.
type Disorder<'a> = &'a dyn Fn(&Arc<dyn Driver>, Address, [&Stream; 2]);

/// The simulator tells what was used in no order.
#[test]
fn violations_are_seen() {
    use super::Violation;
    let seen = |work: Disorder<'_>| {
        let sim = Sim::open(SimSpec { memory_bytes: 64 * MIB, ..SimSpec::default() }).unwrap();
        let device: Arc<dyn Driver> = Arc::clone(&sim) as _;
        let pool = DevicePool::new(&device, 64 * MIB);
        let block = pool.allocate(4096).unwrap();
        let streams = [Stream::open(&device).unwrap(), Stream::open(&device).unwrap()];
        work(&device, block.address(), [&streams[0], &streams[1]]);
        streams.iter().for_each(|stream| stream.finish(SOON).unwrap());
        sim.violations().iter().map(|seen| seen.violation).collect::<Vec<_>>()
    };
    let (up, mut down) = (vec![1_u8; 4096], vec![0_u8; 4096]);
    let (from, to) = (up.as_ptr() as usize, down.as_mut_ptr() as usize);
    let upload = move |device: &Arc<dyn Driver>, at, stream: &Stream| {
        // SAFETY: the block and both buffers outlive the streams' work.
        unsafe { device.upload(at, from as *const u8, 4096, stream.raw()) }.unwrap();
    };
    let download = move |device: &Arc<dyn Driver>, at, stream: &Stream| {
        // SAFETY: as above.
        unsafe { device.download(to as *mut u8, at, 4096, stream.raw()) }.unwrap();
    };
    assert_eq!(seen(&|device, at, [one, _]| download(device, at, one)), [Violation::Unwritten]);
    let early = seen(&|device, at, [one, two]| {
        upload(device, at, one);
        download(device, at, two);
    });
    assert_eq!(early, [Violation::Early]);
    let ordered = seen(&|device, at, [one, two]| {
        upload(device, at, one);
        two.wait(&one.record().unwrap()).unwrap();
        download(device, at, two);
        two.record().unwrap().wait(SOON).unwrap();
        upload(device, at, one);
    });
    assert_eq!(ordered, []);
    let overwritten = seen(&|device, at, [one, two]| {
        upload(device, at, one);
        two.wait(&one.record().unwrap()).unwrap();
        download(device, at, two);
        upload(device, at, one);
    });
    assert_eq!(overwritten, [Violation::Overwritten]);
}

/// Every call with every fault: a typed error, nothing counts as done after a sticky one, and nothing is left over.
#[test]
fn every_fault_of_every_call_is_a_typed_error() {
    use super::Call;
    for &call in Call::ALL {
        for fault in [Fault::OutOfMemory, Fault::Failure, Fault::Sticky, Fault::Lost] {
            for nth in [0, 1] {
                let sims = simulated(Duration::ZERO, 0);
                sims[0].plan(Faults::default().with(call, nth, fault));
                let devices: Devices = sims.iter().map(|sim| Arc::clone(sim) as Arc<dyn Driver>).collect();
                let result = whole_life(&devices, load_scale);
                let what = format!("{call:?} {nth} {fault:?}: {result:?}");
                let struck = sims[0].faults_left() == 0;
                let sticky = matches!(fault, Fault::Sticky | Fault::Lost);
                if let Err(error) = &result {
                    let expected = match fault {
                        Fault::OutOfMemory => ErrorKind::OutOfMemory,
                        Fault::Failure => ErrorKind::Device,
                        Fault::Sticky | Fault::Lost => ErrorKind::Lost,
                    };
                    assert!(struck && error.kind() == expected, "{what}");
                }
                // Calls that only give back are not told of, unless they end the device for what follows.
                assert!(!struck || !sticky || sims[0].is_lost(), "{what}");
                drop(devices);
                let seen = sims[0].violations();
                assert!(seen.is_empty(), "{what}: {}", seen[0]);
                assert_eq!(sims[0].outstanding(), super::Outstanding::default(), "{what}");
            }
        }
    }
}

/// A little of everything, ended by whatever goes wrong. Success means that the bytes are right.
pub(super) fn whole_life(devices: &Devices, load: fn(&Arc<dyn Driver>) -> Result<Arc<Module>>) -> Result<()> {
    let device = &devices[0];
    device.memory()?;
    let pool = DevicePool::new(device, 16 * MIB);
    let streams = [Stream::open(device)?, Stream::open(device)?];
    let module = load(device)?;
    let scale = module.function("scale")?;
    let mut pinned = Pinned::new(device, 2 << 20)?;
    pinned.as_mut().copy_from_slice(&pattern(3, 2 << 20));
    let (one, two) = (pool.allocate(2 * MIB)?, pool.allocate(4 * MIB)?);
    streams[0].upload(&one, 0, pinned)?;
    streams[1].fill(&two, 0, 4 * MIB, 7)?;
    streams[1].copy(&two, MIB, &one, 0, 2 * MIB)?;
    let arguments =
        [&one.address().0.to_le_bytes()[..], &1.0_f32.to_le_bytes(), &64_u32.to_le_bytes()].concat();
    let mut turn = streams[0].turn();
    turn.uses(one.uses(), Touch::Write)?;
    // SAFETY: `scale(float*, float, unsigned)`, over the first floats of a block whose bytes go after this use.
    unsafe { turn.launch(scale.raw(), &super::Geometry::line(64, 64), &arguments) }?;
    turn.end()?;
    let far = DevicePool::new(&devices[1], 4 * MIB).allocate(MIB)?;
    Stream::open(&devices[1])?.fill(&far, 0, MIB, 1)?;
    streams[0].copy(&one, 0, &far, 0, MIB)?;
    drop(one);
    let two = two.grow(6 * MIB).map_err(|(error, _)| error)?;
    let back = streams[1].download(vec![0; 4 << 20], &two, 0)?.wait(SOON)?;
    assert!(back[1 << 20..3 << 20] == pattern(3, 2 << 20) && back[..1 << 20] == [7; 1 << 20]);
    streams.iter().try_for_each(|stream| stream.finish(SOON))?;
    assert!(!device.is_lost(), "success after a sticky error");
    drop(two);
    pool.trim().map(drop)
}
