//! Suite `device`: tensors on their way to a device, against the plainest loop that moves the same bytes.
//!
//! From host memory the rival is a loop of copies out of one page-locked buffer, as much as the link takes. From disk it
//! is the slower of that and a bare ring's reads of the same minute. Without an NVIDIA device the suite runs on a simulated
//! one whose link has a stated speed, well below what this processor copies: it shows what the engine adds, not how fast a
//! device is, and every point says which device it was.

use super::disk::{self, GIB, MIB, Probe};
use super::{Scale, Suite, forget, no_child};
use crate::contest::{Contender, Contest, Metric, Part, Runner};
use std::sync::Arc;
use std::time::{Duration, Instant};
use stratal::tiering::device::{DevicePool, Driver, Pinned, Sim, SimSpec};
use stratal::{
    Adopt, Checkpoint, Device, Dyn, Engine, Error, ErrorKind, LeaseOn, ParamSource, Policy, Result, Stream,
    Tensor, TierKind,
};

pub(crate) const SUITE: Suite = Suite {
    name: "device",
    about: "tensors brought to a device, against a plain loop of pinned copies and the disk",
    contests,
    child: no_child,
};

/// Bytes per second of the simulated link.
const SIM_SPEED: u64 = 1 << 30;
const LAYER_BYTES: usize = 16 << 20;
const CHUNK: usize = 2 << 20;
const PATIENCE: Duration = Duration::from_secs(60);

/// Largest time by the rival's: 0.97 and 0.95 of its rate.
const FROM_DRAM: f64 = 1.0 / 0.97;
const FROM_DISK: f64 = 1.0 / 0.95;

/// The device under test.
#[derive(Clone, Debug)]
struct Target {
    device: Device,
    driver: Arc<dyn Driver>,
    name: String,
}

/// The NVIDIA device where there is one, unless `STRATAL_DEVICE` names another; else a simulated one.
///
/// # Errors
/// `Unsupported` where the device that was named is not there.
fn target() -> Result<Target> {
    let sim = |device| -> Result<Target> {
        let spec = SimSpec {
            memory_bytes: 256 << 20,
            latency: Duration::from_micros(10),
            bandwidth_bytes_per_s: SIM_SPEED,
            seals: false,
        };
        let driver: Arc<dyn Driver> = Sim::open(spec)?;
        Ok(Target { device, driver, name: "sim:0 at 1 GiB/s".into() })
    };
    let wanted = std::env::var("STRATAL_DEVICE").ok().map(|name| name.parse::<Device>()).transpose()?;
    match wanted {
        Some(device @ Device::Sim(_)) => sim(device),
        Some(device) => Ok(Target { device, driver: device.driver()?, name: device.to_string() }),
        None => match Device::Cuda(0).driver() {
            Ok(driver) => Ok(Target { device: Device::Cuda(0), driver, name: "cuda:0".into() }),
            Err(_) => sim(Device::Sim(0)),
        },
    }
}

fn contests(scale: Scale) -> Result<Vec<Contest>> {
    let target = target()?;
    let layers = if scale.quick { 4 } else { 12 };
    let mut contests = Vec::new();
    for point in [format!("dram to hbm/{}", target.name), format!("nvme to hbm/{}", target.name)] {
        if !scale.chosen.point(&point) {
            continue;
        }
        let from_disk = point.starts_with("nvme");
        contests.push(if from_disk {
            from_checkpoint(&target, point, layers, scale.quick)?
        } else {
            from_memory(&target, point, layers)?
        });
    }
    Ok(contests)
}

fn contest(point: String, goal: f64, contenders: Vec<Contender>) -> Contest {
    let metrics = vec![Metric { name: "", unit: "s/GiB", goal: Some(goal) }];
    Contest { suite: "device", point, metrics, contenders }
}

fn engine(target: &Target, dram: usize) -> Result<Engine> {
    let policy = Policy::builder()
        .device_tier("hbm", target.device.to_string(), (2 * LAYER_BYTES) as u64)
        .tier("dram", TierKind::Dram, dram as u64)
        .spill_directory(disk::folder()?)
        .build()?;
    Engine::builder().policy(policy).device(target.device, Arc::clone(&target.driver)).build()
}

/// Seconds per GiB of leasing every layer once on the device, the next one hinted, until all bytes have arrived.
fn stream(layers: &[impl LeaseOn], device: Device) -> Result<f64> {
    let since = Instant::now();
    for (at, layer) in layers.iter().enumerate() {
        let lease = layer.read_on(device)?;
        if let Some(next) = layers.get(at + 1) {
            next.will_need_on(device);
        }
        lease.wait(PATIENCE)?;
    }
    Ok(since.elapsed().as_secs_f64() * GIB / (layers.len() * LAYER_BYTES) as f64)
}

/// Seconds per GiB of copying out of one page-locked buffer, two chunks of a layer under way.
fn plain(target: &Target, bytes: usize) -> Result<Runner> {
    let pool = DevicePool::new(&target.driver, LAYER_BYTES as u64);
    let block = pool.allocate(LAYER_BYTES as u64)?;
    let pinned = Arc::new(Pinned::new(&target.driver, CHUNK)?);
    let stream = Stream::open(&target.driver)?;
    Ok(Box::new(move || {
        let since = Instant::now();
        for at in (0..bytes).step_by(CHUNK) {
            stream.upload(&block, (at % LAYER_BYTES) as u64, Whole(Arc::clone(&pinned)))?;
        }
        stream.finish(PATIENCE)?;
        Ok(vec![since.elapsed().as_secs_f64() * GIB / bytes as f64])
    }))
}

/// All of a page-locked buffer.
struct Whole(Arc<Pinned>);

impl AsRef<[u8]> for Whole {
    fn as_ref(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}

fn from_memory(target: &Target, point: String, count: usize) -> Result<Contest> {
    let bytes = count * LAYER_BYTES;
    let engine = engine(target, 2 * bytes)?;
    let layers: Vec<Tensor<u8, (Dyn,)>> = (0..count)
        .map(|i| {
            let layer = engine.zeros::<u8, (Dyn,)>(&format!("layer.{i}"), [LAYER_BYTES])?;
            layer.write()?.as_mut_slice().fill(i as u8);
            Ok(layer)
        })
        .collect::<Result<_>>()?;
    let device = target.device;
    let ours: Runner = Box::new(move || {
        // What the device still has of the last run is out of date, so that all of it moves.
        for layer in &layers {
            let mut lease = layer.write()?;
            lease[0] = lease[0].wrapping_add(1);
        }
        Ok(vec![stream(&layers, device)?])
    });
    let rival = plain(target, bytes)?;
    let contenders = vec![
        Contender { name: "stratal", part: Part::Ours, run: ours },
        Contender { name: "pinned copies", part: Part::Rival, run: rival },
    ];
    Ok(contest(point, FROM_DRAM, contenders))
}

fn from_checkpoint(target: &Target, point: String, count: usize, quick: bool) -> Result<Contest> {
    let path = disk::checkpoint(count, LAYER_BYTES as u64)?;
    let bytes = count * LAYER_BYTES;
    let (device, opened) = (target.device, target.clone());
    let file = path.clone();
    let ours: Runner = Box::new(move || {
        // A new engine each time, so that nothing is in memory; the file leaves the page cache.
        forget(&file)?;
        let engine = engine(&opened, 64 * MIB as usize)?;
        let source = engine.source(&Checkpoint::open(&file)?)?;
        let layers = (0..count).map(|i| source.adopt(&format!("t.{i}"), None)).collect::<Result<Vec<_>>>()?;
        Ok(vec![stream(&layers, device)?])
    });
    let mut copies = plain(target, bytes)?;
    let mut probe = Probe::reads(&path, quick);
    let rival: Runner = Box::new(move || {
        let copied = copies()?.first().copied();
        let copied = copied.ok_or_else(|| Error::new(ErrorKind::Format, "no number"))?;
        Ok(vec![copied.max(GIB / probe.rate()?)])
    });
    let contenders = vec![
        Contender { name: "stratal", part: Part::Ours, run: ours },
        Contender { name: "slower of disk and copies", part: Part::Rival, run: rival },
    ];
    Ok(contest(point, FROM_DISK, contenders))
}
