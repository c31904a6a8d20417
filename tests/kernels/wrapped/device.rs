//! Kernels of files run where a device is: on the fake CUDA driver everywhere, on a GPU where there is one.

use super::{gather, scale};
use std::sync::Arc;
use stratal::runtime::kernel::bind_sizes;
use stratal::tiering::device::Driver;
use stratal::{Device, ErrorKind, Launch, OnDevice, Result, Shape, Tensor, kernel};
use stratal_support::dice::Dice;
use stratal_support::fake_cuda;
use stratal_support::launch::{Operands, launch};

#[kernel(
    file = "tests/kernels/wrapped/rows.cu",
    entry = "centre",
    arguments = [x, skip, share, M as i32, return, weights],
    grid = N,
)]
fn centred(
    x: &mut Tensor<f32, { [N, M] }>,
    weights: &Tensor<i8, { [M] }>,
    share: f64,
    skip: bool,
) -> Tensor<f32, { [N] }>;

const GPU: Device = Device::Cuda(0);

fn rows_are_gathered(driver: &Arc<dyn Driver>) -> Result<()> {
    let mut dice = Dice::new(33);
    for count in [0, 1, 3, 257] {
        let values: Vec<f32> = (0..10 * 64).map(|at| at as f32 * 0.25).collect();
        let wanted: Vec<u32> = (0..count).map(|_| (dice.roll() % 10) as u32).collect();
        let table = Tensor::<f32, Shape![_, 64]>::from_slice([10, 64], &values)?.to_device(GPU)?;
        let rows = Tensor::<u32, Shape![_]>::from_slice([count], &wanted)?;
        // A device has no block of no bytes; there nothing is launched, so any will do.
        let rows = if count == 0 { rows } else { rows.to_device(GPU)? };
        let out = Tensor::<f32, Shape![_, 64]>::zeros_on(GPU, [count.max(1), 64])?;
        let kernel = gather(&table, &rows).descriptor();
        let mut sizes = [0; 3];
        bind_sizes(kernel, &[table.shape(), rows.shape()], &mut sizes)?;
        let [stage] = kernel.stages else { panic!("one launch") };
        if kernel.geometry(stage, &sizes)?.grid.contains(&0) {
            assert_eq!(count, 0);
            continue;
        }
        let buffers = [table.as_any(), rows.as_any(), out.as_any()];
        launch(driver, kernel, &Operands { buffers: &buffers, sizes: &sizes, scalars: &[] })?;
        let found = out.read()?;
        for (row, at) in wanted.iter().enumerate() {
            let from = *at as usize * 64;
            assert_eq!(found.as_slice()[row * 64..][..64], values[from..][..64], "row {row} of {count}");
        }
    }
    Ok(())
}

fn rows_are_centred(driver: &Arc<dyn Driver>) -> Result<()> {
    for ([n, m], skip) in [([1, 1], false), ([5, 200], false), ([3, 64], true)] {
        let values: Vec<f32> = (0..n * m).map(|at| (at % 13) as f32 - 4.0).collect();
        let weights: Vec<i8> = (0..m).map(|at| (at % 5) as i8 - 2).collect();
        let mut x = Tensor::<f32, Shape![_, _]>::from_slice([n, m], &values)?.to_device(GPU)?;
        let weighed = Tensor::<i8, Shape![_]>::from_slice([m], &weights)?.to_device(GPU)?;
        let means = Tensor::<f32, Shape![_]>::zeros_on(GPU, [n])?;
        let kernel = centred(&mut x, &weighed, 0.5, skip).descriptor();
        let mut sizes = [0; 2];
        bind_sizes(kernel, &[x.shape(), weighed.shape()], &mut sizes)?;
        let buffers = [x.as_any(), weighed.as_any(), means.as_any()];
        let (share, skipped) = (0.5_f64.to_ne_bytes(), [u8::from(skip)]);
        let scalars: [&[u8]; 2] = [&share, &skipped];
        launch(driver, kernel, &Operands { buffers: &buffers, sizes: &sizes, scalars: &scalars })?;
        let (found, means) = (x.read()?, means.read()?);
        for row in 0..n {
            let old = &values[row * m..][..m];
            // All terms are small whole numbers, so any order of the sum is exact.
            let sum: f32 = old.iter().zip(&weights).map(|(x, w)| x * f32::from(*w)).sum();
            let mean = sum / m as f32;
            assert_eq!(means[row].to_bits(), mean.to_bits(), "mean of row {row}");
            let less = if skip { 0.0 } else { (f64::from(mean) * 0.5) as f32 };
            let expected: Vec<f32> = old.iter().map(|x| x - less).collect();
            assert_eq!(found.as_slice()[row * m..][..m], expected, "row {row}");
        }
    }
    Ok(())
}

/// A launch in earnest gives what one to the letter gives; what lies on the host is copied for the call.
fn calls_are_launched() -> Result<()> {
    let values: Vec<f32> = (0..10 * 64).map(|at| at as f32 * 0.25).collect();
    let table = Tensor::<f32, Shape![_, 64]>::from_slice([10, 64], &values)?.to_device(GPU)?;
    let rows = Tensor::<u32, Shape![_]>::from_slice([3], &[7, 0, 9])?;
    let out = gather(&table, &rows).launch()?;
    assert_eq!((out.device(), out.shape()), (Some(GPU), &[3, 64][..]));
    let found = out.read()?;
    for (row, at) in [7, 0, 9].into_iter().enumerate() {
        assert_eq!(found.as_slice()[row * 64..][..64], values[at * 64..][..64], "row {row}");
    }
    let mut x = Tensor::<f32, Shape![_, _]>::from_slice([2, 2], &[1.0, 3.0, 5.0, 5.0])?;
    let ones = Tensor::<i8, Shape![2]>::from_slice([2], &[1, 1])?.to_device(GPU)?;
    assert_eq!(centred(&mut x, &ones, 1.0, false).launch()?.read()?.as_slice(), [2.0, 5.0]);
    assert_eq!(x.read()?.as_slice(), [-1.0, 1.0, 0.0, 0.0]);
    let one = Tensor::<i8, Shape![_]>::from_slice([1], &[1])?.to_device(GPU)?;
    let error = centred(&mut x, &one, 1.0, false).launch().expect_err("1 is not 2");
    assert!(
        error.to_string().contains("dimension `M` is 2 in `x` (axis 1) but 1 in `weights` (axis 0)"),
        "{error}"
    );
    Ok(())
}

#[test]
fn a_simulator_has_no_code_of_a_file() -> Result<()> {
    let table = Tensor::<f32, Shape![10, 64]>::zeros_on(Device::Sim(0), [10, 64])?;
    let rows = Tensor::<u32, Shape![3]>::zeros([3])?;
    let error = gather(&table, &rows).launch().expect_err("it runs Rust only");
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    Ok(())
}

/// The fake driver loads PTX, checks the bytes of its parameters, and says that it did not run it.
fn ptx_is_launched(driver: &Arc<dyn Driver>) -> Result<()> {
    let runs = !driver.properties().model.starts_with("fake");
    let values: Vec<f32> = (0..900).map(|at| at as f32).collect();
    let mut x = Tensor::<f32, Shape![_, _]>::from_slice([3, 300], &values)?.to_device(GPU)?;
    let kernel = scale(&mut x, 2.5).descriptor();
    let by = 2.5_f32.to_ne_bytes();
    let scalars: [&[u8]; 1] = [&by];
    launch(driver, kernel, &Operands { buffers: &[x.as_any()], sizes: &[3, 300], scalars: &scalars })?;
    let factor = if runs { 2.5 } else { 1.0 };
    let expected: Vec<f32> = values.iter().map(|x| x * factor).collect();
    assert_eq!(x.read()?.as_slice(), expected);
    Ok(())
}

#[test]
fn kernels_of_files_run_on_the_fake_driver() {
    let printed = fake_cuda::child("wrapped::device::on_the_fake");
    let skipped: Vec<&str> = printed.lines().filter(|line| line.contains("SKIPPED")).collect();
    assert!(skipped.iter().any(|line| line.contains("PTX-only kernel scale")), "{printed}");
    skipped.iter().for_each(|line| println!("{line}"));
}

#[test]
#[ignore = "run in a child by kernels_of_files_run_on_the_fake_driver"]
fn on_the_fake() -> Result<()> {
    if !fake_cuda::is_child() {
        return Ok(());
    }
    let driver = GPU.driver()?;
    rows_are_gathered(&driver)?;
    rows_are_centred(&driver)?;
    calls_are_launched()?;
    ptx_is_launched(&driver)
}

#[test]
fn kernels_of_files_run_on_hardware_or_say_why_not() -> Result<()> {
    match GPU.driver() {
        Ok(driver) => {
            println!("on {}", driver.properties().model);
            ptx_is_launched(&driver)?;
            match rows_are_gathered(&driver)
                .and_then(|()| rows_are_centred(&driver))
                .and_then(|()| calls_are_launched())
            {
                Err(error) if error.kind() == ErrorKind::Unsupported => {
                    println!("SKIPPED: CUDA C, for {error}")
                }
                done => done?,
            }
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
            println!("SKIPPED: no CUDA device to run kernels of files on: {error}");
        }
    }
    Ok(())
}
