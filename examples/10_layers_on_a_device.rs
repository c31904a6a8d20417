//! Sixteen layers of 2 MiB, six of which fit on the device and ten in memory: each is brought up while the one before it
//! is used, and the schedule of the first passes decides what stays.
//!
//! `cargo run --example 10_layers_on_a_device`; the device is a simulated one, and `Device::Cuda(0)` works alike.

use std::time::Duration;
use stratal::{Device, Dyn, Engine, LeaseOn, Policy, Result, Tensor, TierKind};

const LAYERS: usize = 16;
const LEN: usize = 2 << 20;
const DEVICE: Device = Device::Sim(0);

fn main() -> Result<()> {
    let policy = Policy::builder()
        .device_tier("hbm", "sim:0", "12 MiB")
        .tier("dram", TierKind::Dram, "24 MiB")
        .deadline("60 s")
        .build()?;
    let engine = Engine::builder().policy(policy).build()?;
    let layers: Vec<Tensor<u8, (Dyn,)>> =
        (0..LAYERS).map(|i| engine.zeros(&format!("layer.{i}"), [LEN])).collect::<Result<_>>()?;
    for (i, layer) in layers.iter().enumerate() {
        layer
            .write()?
            .as_mut_slice()
            .iter_mut()
            .enumerate()
            .for_each(|(at, byte)| *byte = (at * 7 + i) as u8);
    }
    let stream = DEVICE.stream()?; // where kernels would run
    for _pass in 0..4 {
        for (i, layer) in layers.iter().enumerate() {
            let lease = layer.read_on(DEVICE)?; // its bytes are there, or ordered before whatever uses the block
            let seen = stream.download(vec![0; 64], lease.block(), 4096)?.wait(Duration::from_secs(60))?;
            assert!(seen.iter().enumerate().all(|(at, byte)| *byte == ((at + 4096) * 7 + i) as u8));
        }
    }
    {
        let lease = layers[3].write_on(DEVICE)?; // as a kernel's output: alone, and dirty afterwards
        stream.fill(lease.block(), 0, LEN as u64, 9)?;
    }
    assert!(layers[3].read()?.iter().all(|byte| *byte == 9)); // the host sees what the device wrote
    let report = engine.report();
    assert!(report.devices[0].peak_bytes <= 12 << 20);
    println!("{report}");
    Ok(())
}
