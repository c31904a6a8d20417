//! Kernels where their arguments are: tensors of a device, in order, on one stream and on two, without allocations.

use crate::everywhere::device;
use stratal::tiering::tier::TierKind;
use stratal::{Device, Engine, ErrorKind, Launch, OnDevice, Policy, Result, Shape, Stream, Tensor, kernel};
use stratal_support::counted::CountingAllocator;

type Row = Tensor<f32, Shape![_]>;

#[kernel]
fn add(a: &Tensor<f32, { [N] }>, b: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    zip(a, b, |a, b| a + b)
}

#[kernel]
fn descend(weights: &mut Tensor<f32, { [N] }>, slope: &Tensor<f32, { [N] }>, rate: f32) {
    weights.assign(zip(weights, slope, |w, s| w - rate * s));
}

#[kernel]
fn picked(x: &Tensor<f32, { [N] }>, at: &Tensor<i32, { [K] }>) -> Tensor<f32, { [K] }> {
    at.map(|at| x[at as usize])
}

fn row(values: &[f32]) -> Result<Row> {
    Row::from_slice([values.len()], values)
}

#[test]
fn results_stay_where_they_are_computed() -> Result<()> {
    let device = device();
    let (a, b) = (row(&[1.0, 2.0])?.to_device(device)?, row(&[10.0, 20.0])?);
    // One on the device, one on the host, which is copied for the call.
    let sum = add(&a, &b).launch()?;
    assert_eq!((sum.device(), b.device()), (Some(device), Some(Device::Cpu)));
    let twice = add(&sum, &sum).launch()?;
    assert_eq!(twice.read()?.as_slice(), [22.0, 44.0]);
    println!("ran on {device}");
    let host = add(&b, &b).launch()?;
    assert_eq!((host.device(), host.read()?[0]), (Some(Device::Cpu), 20.0));
    Ok(())
}

#[test]
fn written_tensors_are_written_there_or_brought_back() -> Result<()> {
    let device = device();
    let slope = row(&[1.0, -1.0])?.to_device(device)?;
    let mut weights = row(&[0.0, 0.0])?.to_device(device)?;
    for _ in 0..100 {
        descend(&mut weights, &slope, 0.5).launch()?;
    }
    assert_eq!(weights.read()?.as_slice(), [-50.0, 50.0]);
    let mut here = row(&[1.0, 1.0])?;
    descend(&mut here, &slope, 1.0).launch()?;
    assert_eq!(here.read()?.as_slice(), [0.0, 2.0]);
    let mut both = weights.share();
    let error = descend(&mut both, &weights, 1.0).launch().expect_err("read and written");
    assert_eq!((error.kind(), error.fact("kernel")), (ErrorKind::Conflict, Some("descend")));
    Ok(())
}

#[test]
fn two_streams_keep_the_order_of_their_tensors() -> Result<()> {
    let device = device();
    let driver = device.driver()?;
    let streams = [Stream::open(&driver)?, Stream::open(&driver)?];
    let slope = row(&[1.0; 1000])?.to_device(device)?;
    let mut weights = row(&[0.0; 1000])?.to_device(device)?;
    for step in 0..200 {
        descend(&mut weights, &slope, 1.0).run_on(&streams[step % 2])?;
    }
    assert_eq!(weights.read()?.as_slice(), [-200.0; 1000]);
    Ok(())
}

#[test]
fn faults_of_a_device_are_those_of_the_host() -> Result<()> {
    let device = device();
    let x = row(&[1.0, 2.0, 3.0])?.to_device(device)?;
    let at = Tensor::<i32, Shape![_]>::from_slice([2], &[0, 3])?.to_device(device)?;
    let error = picked(&x, &at).launch().expect_err("an index outside");
    assert_eq!((error.kind(), error.fact("kernel")), (ErrorKind::Shape, Some("picked")));
    // The device goes on.
    let at = Tensor::<i32, Shape![_]>::from_slice([2], &[2, 0])?.to_device(device)?;
    assert_eq!(picked(&x, &at).launch()?.read()?.as_slice(), [3.0, 1.0]);
    Ok(())
}

#[test]
fn sizes_are_compared_before_anything_runs() -> Result<()> {
    let (a, b) = (row(&[0.0; 3])?.to_device(device())?, row(&[0.0; 4])?.to_device(device())?);
    let error = add(&a, &b).launch().expect_err("3 is not 4");
    assert!(
        error.to_string().contains("dimension `N` is 3 in `a` (axis 0) but 4 in `b` (axis 0)"),
        "{error}"
    );
    let none = row(&[])?.to_device(device())?;
    assert_eq!(add(&none, &none).launch()?.read()?.len(), 0);
    Ok(())
}

/// The simulator itself allocates for what it is to do; of a CUDA driver, what it allocates is its own.
#[test]
fn launches_of_resident_tensors_allocate_nothing() -> Result<()> {
    let device = device();
    let stream = Stream::open(&device.driver()?)?;
    let slope = row(&[1.0; 100])?.to_device(device)?;
    let mut weights = row(&[0.0; 100])?.to_device(device)?;
    for _ in 0..100 {
        descend(&mut weights, &slope, 1.0).run_on(&stream)?;
    }
    let before = CountingAllocator::taken();
    for _ in 0..100 {
        descend(&mut weights, &slope, 1.0).run_on(&stream)?;
    }
    let taken = CountingAllocator::taken() - before;
    assert_eq!(weights.read()?.as_slice(), [-200.0; 100]);
    if matches!(device, Device::Sim(_)) {
        println!(
            "SKIPPED: blocks of a launch are counted on the fake CUDA driver; with the simulator's own: {taken}"
        );
        return Ok(());
    }
    assert_eq!(taken, 0, "blocks for 100 launches");
    Ok(())
}

#[test]
fn tensors_of_an_engine_are_leased_on_its_device() -> Result<()> {
    let (device, folder) = (device(), tempfile::tempdir()?);
    let policy = Policy::builder().device_tier("hbm", device.to_string(), "16 MiB");
    let policy = policy.tier("dram", TierKind::Dram, "16 MiB").spill_directory(folder.path()).build()?;
    let engine = Engine::builder().policy(policy).build()?;
    let mut weights = engine.zeros::<f32, Shape![_]>("weights", [1000])?;
    let slope = row(&[1.0; 1000])?.to_device(device)?;
    for _ in 0..10 {
        descend(&mut weights, &slope, 0.5).launch()?;
    }
    assert!(engine.report().devices[0].peak_bytes > 0, "the tensor was never on the device");
    assert_eq!(weights.read()?.as_slice(), [-5.0; 1000]);
    Ok(())
}
