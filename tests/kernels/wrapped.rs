//! A kernel of a file: what its table says, what a launch of it would be, and what the host says to it.

mod device;

use stratal::runtime::kernel::{Argument, Geometry, Role, Source, bind_sizes};
use stratal::{DType, ErrorKind, Result, Shape, Tensor, kernel};

#[kernel(
    file = "examples/kernels/gather.cu",
    arguments = [table, rows, return, N, D as u32],
    threads = [D, N],
    block = [32, 8],
)]
fn gather(table: &Tensor<f32, { [V, D] }>, rows: &Tensor<u32, { [N] }>) -> Tensor<f32, { [N, D] }>;

#[kernel(file = "tests/kernels/wrapped/scale.ptx", arguments = [x, by, (N * M) as i32], shared = 4 * M)]
fn scale(x: &mut Tensor<f32, { [N, M] }>, by: f32);

type Table = Tensor<f32, Shape![_, 64]>;

fn operands(rows: &[u32]) -> Result<(Table, Tensor<u32, Shape![_]>)> {
    Ok((Tensor::zeros([10, 64])?, Tensor::from_slice([rows.len()], rows)?))
}

#[test]
fn the_table_says_what_is_passed() -> Result<()> {
    let (table, rows) = operands(&[1, 2, 3])?;
    let call = gather(&table, &rows);
    let descriptor = call.descriptor();
    let Source::Cuda { file, text } = descriptor.source else { panic!("not CUDA C") };
    assert_eq!(file, "examples/kernels/gather.cu");
    assert_eq!(descriptor.cuda_source(), text);
    assert!(text.contains("__global__ void gather("));
    let roles: Vec<Role> = descriptor.buffers.iter().map(|buffer| buffer.role).collect();
    assert_eq!(roles, [Role::Passed(0), Role::Passed(1), Role::Result(0)]);
    let [stage] = descriptor.stages else { panic!("one launch") };
    let [
        Argument::Read(0),
        Argument::Read(1),
        Argument::Written(2),
        Argument::Count(n, DType::U64),
        Argument::Count(d, DType::U32),
    ] = stage.arguments
    else {
        panic!("{:?}", stage.arguments)
    };
    let mut sizes = [0; 3];
    bind_sizes(descriptor, &[table.shape(), rows.shape()], &mut sizes)?;
    assert_eq!((n.value(&sizes), d.value(&sizes)), (Some(3), Some(64)));
    let geometry = descriptor.geometry(stage, &sizes)?;
    assert_eq!(geometry, Geometry { grid: [2, 1, 1], block: [32, 8, 1], shared_bytes: 0 });
    Ok(())
}

#[test]
fn the_host_says_that_it_has_no_code() -> Result<()> {
    let (table, rows) = operands(&[0])?;
    let error = gather(&table, &rows).run().expect_err("devices only");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let told = error.to_string();
    assert!(
        told.contains("kernel `gather` is CUDA C of examples/kernels/gather.cu, which runs on devices"),
        "{told}"
    );
    let mut x = Tensor::<f32, Shape![_, _]>::zeros([2, 3])?;
    let error = scale(&mut x, 2.0).run().expect_err("devices only");
    assert!(
        error.to_string().contains("kernel `scale` is PTX of tests/kernels/wrapped/scale.ptx"),
        "{error}"
    );
    Ok(())
}

#[test]
fn sizes_that_no_launch_has_are_told() -> Result<()> {
    let mut x = Tensor::<f32, Shape![_, _]>::zeros([2, 3])?;
    let descriptor = scale(&mut x, 2.0).descriptor();
    let [stage] = descriptor.stages else { panic!("one launch") };
    let [Argument::Written(0), Argument::Scalar(0), Argument::Count(count, dtype)] = stage.arguments else {
        panic!("{:?}", stage.arguments)
    };
    let geometry = descriptor.geometry(stage, &[2, 300])?;
    assert_eq!(geometry, Geometry { grid: [5, 1, 1], block: [128, 1, 1], shared_bytes: 1200 });
    assert_eq!(descriptor.counted(*count, *dtype, &[2, 300])?, 600);
    let error = descriptor.counted(*count, *dtype, &[1 << 16, 1 << 15]).expect_err("2^31 is no i32");
    let told = "kernel `scale`: an argument is N * M = 2147483648, but passed as i32";
    assert!(error.to_string().contains(told), "{error}");
    let error = descriptor.geometry(stage, &[1, 20_000]).expect_err("80,000 bytes");
    assert!(error.to_string().contains("shared memory in bytes is 4 * M = 80000; at most 49152"), "{error}");
    Ok(())
}
