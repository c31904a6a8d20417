//! Literals are rectangular; operations on shapes that cannot fit are refused.

use stratal::{Result, Shape, Tensor, tensor};

fn ragged() -> Result<Tensor<f32, Shape![2, 2]>> {
    tensor![[1.0, 2.0], [3.0]]
    //                  ^^^^^ mismatched types
}

fn view(t: &Tensor<f32, Shape![3, 4]>) {
    let _ = t.view::<Shape![3, 5]>();
    //               ^^^^^^^^^^^^ axis 1 is `C<4>`, declared `C<5>`
    let _ = t.bind::<Shape![3]>();
    //               ^^^^^^^^^ rank mismatch: `(C<3>, C<4>)` cannot be bound to `(C<3>,)`
}
