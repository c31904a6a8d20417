//! Shapes are part of the type: constants, names that must agree, and sizes that only run time knows.
//!
//! `cargo run --example 02_typed_tensors`

use stratal::{ColumnMajor, Result, Shape, Tensor, dims, f16, tensor};

dims! { Tokens }

fn main() -> Result<()> {
    // The type says two columns; how many rows there are is known at run time.
    let points = Tensor::<f32, Shape![_, 2]>::from_slice([3, 2], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0])?;

    // Bytes are reached through leases; any number of readers at once, and rows by themselves.
    let all = points.read()?;
    assert_eq!(all.view()[[2, 1]], 5.0);
    assert_eq!(all.view().get([3, 0]), None);
    assert_eq!(points.read_rows(1..2)?.as_slice(), [2.0, 3.0]);

    // A writer is alone.
    let refused = points.write().expect_err("a reader is there");
    assert!(refused.to_string().contains("lease"), "{refused}");
    drop(all);
    points.write()?.fill(1.0);

    // A name stands for one size wherever it stands, and an error says where it does not.
    let square = Tensor::<f16, Shape![Tokens, Tokens]>::zeros([4, 5]).expect_err("not square");
    assert!(square.to_string().contains("`Tokens` is 4 at axis 0 but 5 at axis 1"), "{square}");

    // The type follows what is known: run time tells a size once, and from there the compiler knows it.
    let pairs: Tensor<f32, Shape![3, 2]> = points.bind()?;
    assert!(points.bind::<Shape![4, 2]>().is_err());
    let columns: Tensor<f32, Shape![2, 3], ColumnMajor> = pairs.transpose(); // the same bytes
    assert_eq!(columns.shape(), [2, 3]);

    // Views slice, turn and repeat without copying; loops over them are loops over slices where they can be.
    let grid = tensor![[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]]?;
    let row = tensor![10.0f32, 20.0, 30.0]?;
    let mut sum = grid.write()?;
    sum.view_mut()
        .zip_from(row.read()?.view().broadcast_to::<Shape![2, 3]>([2, 3])?, |sum, step| *sum += step)?;
    let right = sum.view().slice_axis::<1>(1..3)?;
    assert_eq!(right.to_string(), "[[22. 33.]\n [25. 36.]]");
    assert!(right.contiguous().is_err(), "there are gaps: `to_layout` would copy");

    // Buffers start where the widest vector instruction wants them.
    assert_eq!(points.read()?.as_ptr() as usize % 64, 0);
    Ok(())
}
