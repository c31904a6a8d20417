//! What a tensor is made of is checked where its type is written.

use stratal::{Dim, Shape, Tensor};

struct Unbounded<I> {
    weight: Tensor<f32, Shape![I, 3]>,
    //      ^^^^^^^^^^^^^^^^^^^^^^^^^ `I` is not a dimension
}

fn elements(_: Tensor<char, Shape![3]>) {}
//             ^^^^^^^^^^^^^^^^^^^^^^^ `char` is not a tensor element

fn shapes(_: Tensor<f32, u32>) {}
//           ^^^^^^^^^^^^^^^^ `u32` is not a shape

fn index<O: Dim>(tensor: &Tensor<f32, (O, O)>) -> stratal::Result<f32> {
    Ok(tensor.read()?.view()[[0]])
    //                       ^^^ mismatched types
}

fn rows(tensor: Tensor<f32, Shape![3, 4]>) -> Tensor<f32, Shape![4, 3]> {
    tensor
//  ^^^^^^ mismatched types
}

const WIDTH: usize = 3;

struct Braceless {
    weight: Tensor<f32, Shape![WIDTH]>,
    //                         ^^^^^ expected type, found constant `WIDTH`
}
