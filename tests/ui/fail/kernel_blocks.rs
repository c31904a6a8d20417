//! What cannot stand in a block or a loop inside a kernel is refused where it stands.

use stratal::{Tensor, kernel};

#[kernel]
fn valueless(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    x.map(|x| {
        let y = x;
    })
//  ^ this block must end with a value, without `;`
}

#[kernel]
fn tensor(x: &Tensor<f32, { [N, M] }>) -> Tensor<f32, { [N] }> {
    from_fn([N], |[i]| {
        let sums = x.sum(1);
//          ^^^^ `sums` would be a tensor made for every element: declare it before, outside the function of an element
        sums[i]
    })
}

#[kernel]
fn unused(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    x.map(|x| {
        x + 1.0;
//      ^ this value is computed and not used; name it with `let` or assign it
        x
    })
}

#[kernel]
fn loop_value(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    x.map(|x| {
        for i in 0..3 {
            x
//          ^ this block has no use for a value: assign it, as in `sum += x;`
        }
        x
    })
}

#[kernel]
fn conditional(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    x.map(|x| if let y = x { y } else { 0.0 })
//               ^^^ conditions compare numbers: `if let` has no place in a kernel
}

#[kernel]
fn elseless(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    x.map(|x| if x > 1.0 { x })
//            ^^ an `if` whose value is used needs `else`
}

#[kernel]
fn nothing_assigned(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    x.map(|x| {
        (x + 1.0) = 2.0;
//      ^^^^^^^^^ only a `let mut`, or the element of a loop's tensor, is assigned to
        x
    })
}

#[kernel]
fn whole(x: &mut Tensor<f32, { [N] }>) {
    for [i] in x.dims() {
        x = 1.0;
//      ^ a tensor is written whole, `x.assign(…)`, or by element, `x[[i, j]] = …`
    }
}

#[kernel]
fn constant(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    x.map(|x| {
        let sum = 0.0;
        sum += x;
//      ^^^ `sum` does not change: declare it `let mut sum`
        sum
    })
}

#[kernel]
fn elsewhere(x: &Tensor<f32, { [N] }>, out: &mut Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    x.map(|x| {
        out[0] = x;
//      ^^^ elements are written in a loop over their tensor: `for [i, j] in out.dims() { … }`
        x
    })
}

#[kernel]
fn two(x: &mut Tensor<f32, { [N] }>, y: &mut Tensor<f32, { [N] }>) {
    for [i] in x.dims() {
        y[i] = 1.0;
//      ^ this loop goes over `x` and writes nothing else; give `y` its own
    }
}

#[kernel]
fn input(x: &mut Tensor<f32, { [N] }>, data: &Tensor<f32, { [N] }>) {
    for [i] in x.dims() {
        data[i] = 1.0;
//      ^^^^ `data` is an input; declare it `&mut Tensor` to write
    }
}

#[kernel]
fn neighbour(x: &mut Tensor<f32, { [N] }>) {
    for [i] in x.dims() {
        x[i] = x[i - 1];
//               ^^^^^ a loop over `x` reads and writes the element it is at: copy it by `let` before the loop to read other elements
    }
}

#[kernel]
fn listed(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    x.map(|x| {
        let mut sum = 0.0;
        for i in N {
//               ^ a loop counts: write `for i in a..b` instead of `N`
            sum += x;
        }
        sum
    })
}

#[kernel]
fn inclusive(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    x.map(|x| {
        let mut sum = 0.0;
        for i in 0..=3 {
//               ^^^^^ a loop counts from a number up to another that is left out: write `a..b`
            sum += x;
        }
        sum
    })
}

#[kernel]
fn fractions(x: &Tensor<f32, { [N] }>, k: f32) -> Tensor<f32, { [N] }> {
    x.map(|x| {
        let mut sum = 0.0;
        for i in 0.0..k {
//               ^^^^^^ loops count integers, these are of type `f32`
            sum += x;
        }
        sum
    })
}

#[kernel]
fn early(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    x.map(|x| {
        for i in 0..3 {
            break;
//          ^^^^^ leaving a loop early is not supported in a kernel body; put what follows under `if`
        }
        x
    })
}

#[kernel]
fn value_of_assignment(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }> {
    x.map(|x| {
        let mut sum = 0.0;
        let y = sum += x;
//                  ^^ `+=` is a statement: it has no value here
        sum
    })
}
