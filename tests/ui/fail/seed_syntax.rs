//! A list of names in brackets is no Rust type: rustc refuses it before any macro runs, at the comma.

use stratal::{Params, Tensor};

#[derive(Params)]
struct Linear<const I: usize, const O: usize> {
    weight: Tensor<f32, [O, I]>,
    //                    ^ expected `;` or `]`, found `,`
    //                    ^ unexpected token, expected `]`; a shape is written `Shape![N, M]`
}
