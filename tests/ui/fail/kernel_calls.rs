//! Calls whose sizes can never be one are refused in `cargo check`, at the argument, by kernel, dimension and axis.

use stratal::{Shape, Tensor, bf16, dims, kernel};

dims! { Batch, Seq }

#[kernel]
fn step(data: &Tensor<f32, { [N, D] }>, weights: &mut Tensor<f32, { [D, 10] }>, lr: f32) {
    weights.assign(zip(weights, data.sum(N), |w, d| w - lr * d));
}

const WIDTH: usize = 64;

#[kernel]
fn tile(x: &Tensor<f32, { [N, { WIDTH }] }>, square: &Tensor<f32, Shape![K, K]>) -> Tensor<f32, { [N] }> {
    x.sum(1)
}

fn sizes(data: Tensor<f32, Shape![Batch, 784]>, mut weights: Tensor<f32, Shape![768, 10]>) {
    let _ = step(&data, &mut weights, 0.1);
//                      ^^^^^^^^^^^^ kernel `step`: dimension `D` is `C<784>` in `data` (axis 1) but `C<768>` in `weights` (axis 0)
}

fn names(data: Tensor<f32, Shape![_, Batch]>, mut weights: Tensor<f32, Shape![Seq, 10]>) {
    let _ = step(&data, &mut weights, 0.1);
//                      ^^^^^^^^^^^^ kernel `step`: dimension `D` is `Batch` in `data` (axis 1) but `Seq` in `weights` (axis 0)
}

fn numbers(data: Tensor<f32, Shape![_, 784]>, mut weights: Tensor<f32, Shape![784, 11]>) {
    let _ = step(&data, &mut weights, 0.1);
//                      ^^^^^^^^^^^^ kernel `step`: axis 1 of `weights` is declared 10 but is `C<11>`
}

fn constants(x: Tensor<f32, Shape![4, 32]>, square: Tensor<f32, Shape![4, 4]>) {
    let _ = tile(&x, &square);
//               ^^ kernel `tile`: axis 1 of `x` is declared `C<64>` but is `C<32>`
}

fn one_tensor(x: Tensor<f32, Shape![4, 64]>, oblong: Tensor<f32, Shape![4, 5]>) {
    let _ = tile(&x, &oblong);
//                   ^^^^^^^ kernel `tile`: dimension `K` is `C<4>` in `square` (axis 0) but `C<5>` in `square` (axis 1)
}

fn ranks(data: Tensor<f32, Shape![784]>, mut weights: Tensor<f32, Shape![784, 10]>) {
    let _ = step(&data, &mut weights, 0.1);
//               ^^^^^ mismatched types
}

fn elements(data: Tensor<bf16, Shape![_, 784]>, mut weights: Tensor<f32, Shape![784, 10]>) {
    let _ = step(&data, &mut weights, 0.1);
//               ^^^^^ mismatched types
}

fn mutability(data: Tensor<f32, Shape![_, 784]>, weights: Tensor<f32, Shape![784, 10]>) {
    let _ = step(&data, &weights, 0.1);
//                      ^^^^^^^^ mismatched types
}

fn aliases(mut weights: Tensor<f32, Shape![10, 10]>) {
    let _ = step(&weights, &mut weights, 0.1);
//                         ^^^^^^^^^^^^ cannot borrow `weights` as mutable because it is also borrowed as immutable
}
