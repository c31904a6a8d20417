//! What cannot stand at the top of a kernel's body is refused where it stands.

use stratal::{Tensor, kernel};

#[kernel]
fn patterns(x: &Tensor<f32, { [N] }>) {
    let (a, b) = (1.0, 2.0);
//      ^^^^^^ `(a, b)` is not a plain name, and patterns have no place in a kernel
}

#[kernel]
fn mutable(x: &Tensor<f32, { [N] }>) {
    let mut y = x.map(|x| x + 1.0);
//      ^^^ what the whole kernel shares does not change: leave `mut` out
}

#[kernel]
fn later(x: &Tensor<f32, { [N] }>) {
    let y;
//      ^ `y` needs a value where it is declared
}

#[kernel]
fn refutable(x: &Tensor<f32, { [N] }>) {
    let y = 1.0 else { 2.0 };
//                   ^^^^^^^ `let` always succeeds in a kernel: leave `else` out
}

#[kernel]
fn printing(x: &Tensor<f32, { [N] }>) {
    println!("hello");
//  ^^^^^^^ macros such as `println!` cannot be called in a kernel
}

#[kernel]
fn nested(x: &Tensor<f32, { [N] }>) {
    fn inner() {}
//  ^^ items cannot be declared in a kernel; it is one function
}

mod endings {
    use stratal::{Tensor, kernel};

    #[kernel]
    fn empty(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
        let y = x.map(|x| x + 1.0);
    }
//  ^ the signature returns a tensor, but the body ends without one
}

#[kernel]
fn counting(x: &mut Tensor<f32, { [N] }>) {
    for i in 0..N {}
//           ^^^^ a loop of the kernel itself goes over the elements of a tensor: write `for [i, j] in out.dims()`, or a loop inside the function of an element
}

#[kernel]
fn idle(x: &mut Tensor<f32, { [N] }>) {
    x.map(|x| x + 1.0);
//  ^ this has no effect on a tensor: here stand `let`, `out.assign(…)` and `for [i, j] in out.dims() { … }`
}

#[kernel]
fn assigned_twice(x: &mut Tensor<f32, { [N] }>, y: &Tensor<f32, { [N] }>) {
    x.assign(y, y);
//    ^^^^^^ `assign` takes 1 argument in a kernel, 2 given
}

#[kernel]
fn local(x: &Tensor<f32, { [N] }>) {
    let y = x.map(|x| x + 1.0);
    y.assign(x);
//  ^ only a parameter declared `&mut Tensor` is written; other tensors are made by `let`
}

#[kernel]
fn input(data: &Tensor<f32, { [N] }>) {
    data.assign(data.map(|x| x + 1.0));
//  ^^^^ `data` is an input; declare it `&mut Tensor` to write
}

#[kernel]
fn misnamed(data: &mut Tensor<f32, { [N] }>) {
    dota.assign(data);
//  ^^^^ nothing in this kernel is called `dota`; did you mean `data`?
}

#[kernel]
fn labelled(x: &mut Tensor<f32, { [N] }>) {
    'rows: for [i] in x.dims() {}
//  ^^^^^^ loops of a kernel run to their end: leave the label out
}

#[kernel]
fn surplus(x: &Tensor<f32, { [N] }>) {
    x
//  ^ the signature returns nothing: write `-> Tensor<…>`, or end the statement with `;`
}

#[kernel]
fn pair(x: &Tensor<f32, { [N] }>) -> (Tensor<f32, { [N] }>, Tensor<f32, { [N] }>) {
    x
//  ^ the signature returns 2 tensors, the body 1
}

#[kernel]
fn other_shape(x: &Tensor<f32, { [N, M] }>) -> Tensor<f32, { [M, N] }> {
    x.map(|x| x * 2.0)
//  ^^^^^^^^^^^^^^^^^^ this tensor has the shape [N, M], but the result is declared [M, N]
}

#[kernel]
fn other_target(x: &Tensor<f32, { [N, M] }>, row: &mut Tensor<f32, { [M] }>) {
    row.assign(x.sum(M));
//             ^^^^^^^^ this tensor has the shape [N], but `row` is declared [M]
}

#[kernel]
fn other_element(x: &Tensor<f32, { [N] }>) -> Tensor<f64, { [N] }> {
    x.map(|x| x * 2.0)
//  ^^^^^^^^^^^^^^^^^^ this tensor holds `f32`, which is not what is stored as `f64`: convert in the function, `as f64`
}

#[kernel]
fn annotated(x: &Tensor<f32, { [N] }>) {
    let y: u128 = 3;
//         ^^^^ a kernel does not compute in `u128`; there are `f64`, `f32`, `i64`, `i32`, `u64`, `u32`, `usize` and `bool`
}
