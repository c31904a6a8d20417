//! What only run time can know is told with names: sizes that differ, indexes outside, divisions by zero, leases.

use crate::everywhere::Everywhere;
use stratal::{ErrorKind, Result, Shape, Tensor, kernel};

#[kernel]
fn step(data: &Tensor<f32, { [N, D] }>, weights: &mut Tensor<f32, { [D, 10] }>, lr: f32) {
    let sums = data.sum(0);
    weights.assign(zip(weights, sums, |w, d| w - lr * d));
}

#[test]
fn sizes_that_differ_are_told() -> Result<()> {
    let data = Tensor::<f32, Shape![_, 784]>::zeros([2, 784])?;
    let mut weights = Tensor::<f32, Shape![_, _]>::zeros([768, 10])?;
    let error = step(&data, &mut weights, 0.1).run_everywhere().expect_err("784 is not 768");
    assert_eq!(error.kind(), ErrorKind::Shape);
    let message = "kernel `step`: dimension `D` is 784 in `data` (axis 1) but 768 in `weights` (axis 0)";
    assert!(error.to_string().contains(message), "{error}");
    let mut weights = Tensor::<f32, Shape![_, _]>::zeros([784, 11])?;
    let error = step(&data, &mut weights, 0.1).run_everywhere().expect_err("11 is not 10");
    assert!(
        error.to_string().contains("kernel `step`: axis 1 of `weights` is declared 10 but is 11"),
        "{error}"
    );
    Ok(())
}

#[kernel]
fn picked(x: &Tensor<f32, { [N] }>, at: &Tensor<i32, { [K] }>) -> Tensor<f32, { [K] }> {
    at.map(|at| x[at as usize])
}

#[kernel]
fn divided(a: &Tensor<i32, { [N] }>, b: &Tensor<i32, { [N] }>) -> Tensor<i32, { [N] }> {
    zip(a, b, |a, b| a / b + a % b)
}

#[test]
fn faults_are_errors() -> Result<()> {
    let x = Tensor::<f32, Shape![3]>::from_slice([3], &[1.0, 2.0, 3.0])?;
    let inside = Tensor::<i32, Shape![2]>::from_slice([2], &[2, 0])?;
    assert_eq!(picked(&x, &inside).run_everywhere()?.read()?.as_slice(), [3.0, 1.0]);
    for outside in [3, -1] {
        let at = Tensor::<i32, Shape![2]>::from_slice([2], &[0, outside])?;
        let error = picked(&x, &at).run_everywhere().expect_err("an index outside");
        assert_eq!((error.kind(), error.fact("kernel")), (ErrorKind::Shape, Some("picked")));
    }
    let four = Tensor::<i32, Shape![2]>::from_slice([2], &[9, i32::MIN])?;
    let by = Tensor::<i32, Shape![2]>::from_slice([2], &[4, -1])?;
    assert_eq!(divided(&four, &by).run_everywhere()?.read()?.as_slice(), [3, i32::MIN]);
    let zero = Tensor::<i32, Shape![2]>::from_slice([2], &[4, 0])?;
    let error = divided(&four, &zero).run_everywhere().expect_err("a division by zero");
    assert_eq!((error.kind(), error.fact("kernel")), (ErrorKind::Unsupported, Some("divided")));
    Ok(())
}

#[test]
fn leases_are_respected() -> Result<()> {
    let data = Tensor::<f32, Shape![2, 3]>::zeros([2, 3])?;
    let mut weights = Tensor::<f32, Shape![3, 10]>::zeros([3, 10])?;
    let held = weights.share();
    let reader = held.read()?;
    let error = step(&data, &mut weights, 0.1).run_everywhere().expect_err("somebody reads it");
    assert_eq!(error.kind(), ErrorKind::Conflict);
    drop(reader);
    step(&data, &mut weights, 0.1).run_everywhere()
}
