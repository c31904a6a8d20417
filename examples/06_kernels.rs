//! Kernels: functions of tensors that say what is computed, checked against each other before they compute.
//!
//! `cargo run --release --example 06_kernels`

use stratal::{ErrorKind, Result, Shape, Tensor, kernel};

/// Elementwise: one loop over both tensors. `N` and `M` stand for one size each, whatever the caller has.
#[kernel]
fn blend(a: &Tensor<f32, { [N, M] }>, b: &Tensor<f32, { [N, M] }>, share: f32) -> Tensor<f32, { [N, M] }> {
    zip(a, b, |a, b| a + share * (b - a))
}

/// The rows become shares of 1. What is folded per row is computed where the row is.
#[kernel]
fn softmax(x: &Tensor<f32, { [N, M] }>) -> Tensor<f32, { [N, M] }> {
    let high = x.max(M);
    let powers = zip(x, high, |x, high| (x - high).exp());
    zip(powers, powers.sum(M), |power, sum| power / sum)
}

/// The rows get a mean square of 1, then each column its weight; in place.
#[kernel]
fn rms_norm(x: &mut Tensor<f32, { [N, D] }>, weight: &Tensor<f32, { [D] }>, epsilon: f32) {
    let scale = x.map(|x| x * x).mean(D).map(|square| (square + epsilon).sqrt().recip());
    x.assign(zip(x, scale, weight, |x, scale, weight| x * scale * weight));
}

/// The library's product of two matrices.
#[kernel]
fn product(a: &Tensor<f32, { [N, K] }>, b: &Tensor<f32, { [K, M] }>) -> Tensor<f32, { [N, M] }> {
    matmul(a, b)
}

fn main() -> Result<()> {
    let a = Tensor::<f32, Shape![3, 100]>::from_fn([3, 100], |[i, j]| (i * j) as f32 * 0.01)?;
    let b = Tensor::<f32, Shape![3, 100]>::full([3, 100], 1.0)?;
    let half = blend(&a, &b, 0.5).run()?;
    assert_eq!(half.read()?.view()[[2, 50]], 1.0);

    let shares = softmax(&a).run()?;
    for row in shares.read()?.view().rows() {
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }

    let mut x = half;
    let weight = Tensor::<f32, Shape![100]>::full([100], 2.0)?;
    rms_norm(&mut x, &weight, 1e-6).run()?;
    let square: f32 = x.read()?.view().row(1).iter().map(|x| x * x).sum();
    assert!((square / 100.0 - 4.0).abs() < 1e-3);

    // Sizes that only run time knows are compared then; constants that differ would not compile.
    let c = Tensor::<f32, Shape![_, _]>::zeros([99, 4])?;
    let error = product(&a, &c).run().expect_err("100 is not 99");
    assert_eq!(error.kind(), ErrorKind::Shape);
    println!("{error}");
    Ok(())
}
