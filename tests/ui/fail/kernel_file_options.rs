//! What is said about the code of a file is refused where it is said.

use stratal::{Tensor, f16, kernel};

mod options {
    use super::*;

    #[kernel(entry = "step")]
//           ^^^^^ `entry` is about code in a file: write `file = "kernels/step.cu"` too, or leave it out
    fn alone(x: &mut Tensor<f32, { [N] }>);

    #[kernel(block = 256)]
//           ^^^^^ `block` is about code in a file: write `file = "kernels/step.cu"` too, or leave it out
    fn with_body(x: &mut Tensor<f32, { [N] }>) {
        x.assign(x.map(|x| x * 2.0));
    }

    #[kernel(file = 3)]
//                  ^ `file` is text in quotes: write `file = "…"`
    fn number(x: &mut Tensor<f32, { [N] }>);

    #[kernel(file = "tests/ui/native/step.cu", entry = step)]
//                                                     ^^^^ `entry` is text in quotes: write `entry = "…"`
    fn name(x: &mut Tensor<f32, { [N] }>);

    #[kernel(file = "tests/ui/native/step.cu", arguments = x)]
//                                                         ^ a list stands in brackets: write `arguments = [x, N as i32]`
    fn unlisted(x: &mut Tensor<f32, { [N] }>);

    #[kernel(file = "tests/ui/native/step.cu", grid = [])]
//                                             ^^^^ `grid` has one to three axes, x, y and z; 0 are given
    fn no_axis(x: &mut Tensor<f32, { [N] }>);

    #[kernel(file = "tests/ui/native/step.cu", block = [8, 8, 2, 2])]
//                                             ^^^^^ `block` has one to three axes, x, y and z; 4 are given
    fn four_axes(x: &mut Tensor<f32, { [N] }>);

    #[kernel(file = "tests/ui/native/step.cu")]
    fn two_bodies(x: &mut Tensor<f32, { [N] }>) {
//                                              ^ the body of this kernel stands in its file: end the signature with `;`
    }

    #[kernel(file)]
//           ^^^^ `file` takes a value here: `file = "kernels/step.cu"`
    fn no_value(x: &mut Tensor<f32, { [N] }>);

    #[kernel(file = "tests/ui/native/step.cu", shared = )]
//                                             ^^^^^^ `shared` takes a value here: `shared = 4 * N`
    fn no_number(x: &mut Tensor<f32, { [N] }>);

    #[kernel(files = "tests/ui/native/step.cu")]
//           ^^^^^ unknown option `files`; did you mean `file`?
    fn misspelt(x: &mut Tensor<f32, { [N] }>);

    #[kernel(file = "tests/ui/native/step.cu", block = 32, block = 64)]
//                                                         ^^^^^ option `block` is given twice
    fn repeated(x: &mut Tensor<f32, { [N] }>);
}

mod arguments {
    use super::*;

    #[kernel(file = "tests/ui/native/step.cu", arguments = [x, by, x])]
//                                                                 ^ `x` is passed twice; a kernel gets every tensor and number once
    fn twice(x: &mut Tensor<f32, { [N] }>, by: f32);

    #[kernel(file = "tests/ui/native/step.cu", arguments = [return, x, return.0])]
//                                                                     ^^^^^^ `return` is passed twice; a kernel gets every tensor and number once
    fn twice_returned(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }>;

    #[kernel(file = "tests/ui/native/step.cu", arguments = [x])]
//                                             ^^^^^^^^^ `by` is not among `arguments`, so the kernel would not get it
    fn left_out(x: &mut Tensor<f32, { [N] }>, by: f32);

    #[kernel(file = "tests/ui/native/step.cu", arguments = [x, N])]
//                                             ^^^^^^^^^ `return` is not among `arguments`, so the kernel would not get it
    fn result_left_out(x: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N] }>;

    #[kernel(file = "tests/ui/native/step.cu", arguments = [x, return])]
//                                                             ^^^^^^ there are 2 results: write `return.0` to `return.1`
    fn which(x: &Tensor<f32, { [N] }>) -> (Tensor<f32, { [N] }>, Tensor<f32, { [N] }>);

    #[kernel(file = "tests/ui/native/step.cu", arguments = [x, return.0, return.2])]
//                                                                       ^^^^^^ there is no such result; the signature returns 2
    fn no_third(x: &Tensor<f32, { [N] }>) -> (Tensor<f32, { [N] }>, Tensor<f32, { [N] }>);

    #[kernel(file = "tests/ui/native/step.cu", arguments = [x, return])]
//                                                             ^^^^^^ this signature returns nothing that could be passed
    fn no_result(x: &mut Tensor<f32, { [N] }>);

    #[kernel(file = "tests/ui/native/step.cu", arguments = [x, N as f32])]
//                                                                  ^^^ sizes are passed as `usize`, `u64`, `i64`, `u32` or `i32`, not as `f32`
    fn float(x: &mut Tensor<f32, { [N] }>);

    #[kernel(file = "tests/ui/native/step.cu", arguments = [x, N - 1])]
//                                                             ^^^^^ `N - 1` cannot be computed from sizes: write dimensions, numbers, `+`, `*` and `N.div_ceil(16)`
    fn difference(x: &mut Tensor<f32, { [N] }>);

    #[kernel(file = "tests/ui/native/step.cu", arguments = [x, "N"])]
//                                                             ^^^ `"N"` cannot be computed from sizes: write dimensions, numbers, `+`, `*` and `N.div_ceil(16)`
    fn quoted(x: &mut Tensor<f32, { [N] }>);

    #[kernel(file = "tests/ui/native/step.cu", arguments = [x, by(N)])]
//                                                             ^^^^^ `by(N)` cannot be computed from sizes: write dimensions, numbers, `+`, `*` and `N.div_ceil(16)`
    fn called(x: &mut Tensor<f32, { [N] }>);

    #[kernel(file = "tests/ui/native/step.cu", arguments = [x, 1 + (1 + (1 + (1 + (1 + (1 + (1 + (1 + N)))))))])]
//                                                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this nests too deep: at most 8 numbers may wait for their operation
    fn deep(x: &mut Tensor<f32, { [N] }>);

    #[kernel(file = "tests/ui/native/step.cu", arguments = [data, K])]
//                                                                ^ `K` is no dimension of kernel `unknown`; there are `N` and `M`
    fn unknown(data: &mut Tensor<f32, { [N, M] }>);

    #[kernel(file = "tests/ui/native/step.cu", arguments = [dat])]
//                                                          ^^^ `dat` is no dimension of kernel `misspelt`; did you mean `data`?
    fn misspelt(data: &mut Tensor<f32, { [N] }>);

    #[kernel(file = "tests/ui/native/step.cu", arguments = [x, N])]
//                                                             ^ `N` is no dimension of kernel `nameless`; it has none with a name
    fn nameless(x: &mut Tensor<f32, { [_] }>);
}

mod geometry {
    use super::*;

    #[kernel(file = "tests/ui/native/step.cu", arguments = [x, by], block = N)]
//                                                                          ^ threads of a block are a number that does not depend on the call
    fn scale(x: &mut Tensor<f32, { [N] }>, by: f32);

    #[kernel(file = "tests/ui/native/step.cu", entry = "scale", arguments = [x, by], block = [8, 8, 128])]
//                                                                                                  ^^^ a block has 1 to 64 threads in z; 128 are given
    fn deep(x: &mut Tensor<f32, { [N] }>, by: f32);

    #[kernel(file = "tests/ui/native/step.cu", entry = "scale", arguments = [x, by], block = 0)]
//                                                                                           ^ a block has 1 to 1024 threads in x; 0 are given
    fn no_threads(x: &mut Tensor<f32, { [N] }>, by: f32);

    #[kernel(file = "tests/ui/native/step.cu", entry = "sized", block = [32, 64])]
//                                                                       ^^^^^^ a block has at most 1024 threads; these are 2048
    fn crowded(x: &Tensor<f16, { [N] }>, y: &mut Tensor<f32, { [N] }>);

    #[kernel(file = "tests/ui/native/step.cu", entry = "scale", arguments = [x, by], block = 256)]
//                                                                                           ^^^ `scale` in tests/ui/native/step.cu:11 is compiled for blocks of at most 128 threads; these are 256: say `block`
    fn over_bounds(x: &mut Tensor<f32, { [N] }>, by: f32);

    #[kernel(file = "tests/ui/native/step.cu", entry = "scale", arguments = [x, by], threads = [N, N])]
    fn over_by_default(x: &mut Tensor<f32, { [N] }>, by: f32);
//     ^^^^^^^^^^^^^^^ `scale` in tests/ui/native/step.cu:11 is compiled for blocks of at most 128 threads; these are 256: say `block`

    #[kernel(file = "tests/ui/native/step.ptx", entry = "scale", arguments = [x, by], block = [16, 8])]
//                                                                                             ^^^^^ `scale` in tests/ui/native/step.ptx:8 is compiled for one block only: write `block = [32, 4, 1]`
    fn required(x: &mut Tensor<f32, { [N] }>, by: f32);

    #[kernel(file = "tests/ui/native/step.cu", entry = "scale", arguments = [x, by], block = 64, grid = [N, 65536])]
//                                                                                                          ^^^^^ a grid has at most 65535 blocks in y; these are 65536
    fn wide_grid(x: &mut Tensor<f32, { [N] }>, by: f32);

    #[kernel(file = "tests/ui/native/step.cu", entry = "scale", arguments = [x, by], grid = [N.div_ceil(128), K])]
//                                                                                                            ^ `K` is no dimension of kernel `unknown_grid`; there are `N`
    fn unknown_grid(x: &mut Tensor<f32, { [N] }>, by: f32);

    #[kernel(file = "tests/ui/native/step.cu", entry = "scale", arguments = [x, by], threads = N, grid = 1)]
//                                                                                                ^^^^ `grid` and `threads` exclude each other
    fn both(x: &mut Tensor<f32, { [N] }>, by: f32);

    #[kernel(file = "tests/ui/native/step.cu", entry = "scale", arguments = [x, by], shared = 64 * 1024)]
//                                                                                            ^^^^^^^^^ a block gets at most 49152 bytes of shared memory; these are 65536
    fn greedy(x: &mut Tensor<f32, { [N] }>, by: f32);

    #[kernel(file = "tests/ui/native/step.cu", arguments = [x, return.0, return.1])]
    fn sum(x: &Tensor<f32, { [N] }>) -> (Tensor<f32, { [] }>, Tensor<f32, { [1] }>);
//     ^^^ `sum` writes tensors of several shapes, so nothing says how many threads it takes: write `threads = [M, N]` or `grid = [M, N]`

    #[kernel(file = "tests/ui/native/step.cu", arguments = [x])]
    fn probe(x: &Tensor<f32, { [N] }>);
//     ^^^^^ `probe` writes no tensor, so nothing says how many threads it takes: write `threads = [M, N]` or `grid = [M, N]`
}
