//! What a kernel's file takes and its signature passes are compared, and differ where the signature says so.

use stratal::{Shape, Tensor, bf16, f16, kernel};

mod counts {
    use super::*;

    #[kernel(file = "tests/ui/native/step.cu")]
    fn step(
//     ^^^^ `step` in tests/ui/native/step.cu:7 takes 6 parameters, this signature passes 7 (3 tensors, 3 sizes, `lr`)
        data: &Tensor<f32, { [N, D] }>,
        weights: &Tensor<f32, { [D, C] }>,
        out: &mut Tensor<f32, { [N, C] }>,
        lr: f32,
    );

    #[kernel(file = "tests/ui/native/step.cu", arguments = [x, by, N])]
    fn scale(x: &mut Tensor<f32, { [N] }>, by: f32);
//     ^^^^^ `scale` in tests/ui/native/step.cu:11 takes 2 parameters, this signature passes 3 (1 tensor, 1 size, `by`)

    #[kernel(file = "tests/ui/native/step.ptx", arguments = [x, N, y, z])]
    fn shared(x: &mut Tensor<f32, { [N] }>, y: f64, z: f64);
//     ^^^^^^ `shared` in tests/ui/native/step.ptx:22 takes 1 parameter, this signature passes 4 (1 tensor, 1 size, `y`, `z`)
}

mod kinds {
    use super::*;

    #[kernel(file = "tests/ui/native/step.cu", arguments = [by, x])]
    fn scale(x: &mut Tensor<f32, { [N] }>, by: f32);
//                   ^^^^^^ parameter 2 of `scale` in tests/ui/native/step.cu:11 is `float by`, but `x` is a tensor, passed as a pointer
//                                             ^^^ parameter 1 of `scale` in tests/ui/native/step.cu:11 is `float* x`, but `by` is a number, passed by value

    #[kernel(file = "tests/ui/native/step.ptx", entry = "scale", block = [32, 4], arguments = [by, x])]
    fn swapped(x: &mut Tensor<f32, { [N] }>, by: f32);
//                     ^^^^^^ parameter 2 of `scale` in tests/ui/native/step.ptx:10 is `.param .f32 scale_param_1`, but `x` is a tensor, passed as a pointer
//                                               ^^^ parameter 1 of `scale` in tests/ui/native/step.ptx:9 is `.param .u64 .ptr .align 1 scale_param_0`, but `by` is a number, passed by value

    #[kernel(file = "tests/ui/native/step.cu", entry = "scale", arguments = [x, by])]
    fn half(x: &mut Tensor<f16, { [N] }>, by: f32);
//                         ^^^ parameter 1 of `scale` in tests/ui/native/step.cu:11 is `float* x`, but `x` holds `f16`, which is `__half` in C

    #[kernel(file = "tests/ui/native/step.cu", entry = "scale", arguments = [x, by])]
    fn wide(x: &mut Tensor<f32, { [N] }>, by: f64);
//                                            ^^^ parameter 2 of `scale` in tests/ui/native/step.cu:11 is `float by`, but `by` is `f64`, which is `double` in C

    #[kernel(file = "tests/ui/native/step.ptx", entry = "scale", block = [32, 4], arguments = [x, by])]
    fn wide_ptx(x: &mut Tensor<f32, { [N] }>, by: f64);
//                                                ^^^ parameter 2 of `scale` in tests/ui/native/step.ptx:10 is `.param .f32 scale_param_1`, but `by` is `f64`, which is `double` in C

    #[kernel(file = "tests/ui/native/step.ptx", entry = "scale", block = [32, 4], arguments = [x, by])]
    fn whole_ptx(x: &mut Tensor<f32, { [N] }>, by: u32);
//                                                 ^^^ parameter 2 of `scale` in tests/ui/native/step.ptx:10 is `.param .f32 scale_param_1`, but `by` is `u32`, which is `unsigned` in C

    #[kernel(file = "tests/ui/native/step.cu", entry = "sized")]
    fn bfloat(x: &Tensor<bf16, Shape![N]>) -> Tensor<f64, Shape![N]>;
//                       ^^^^ parameter 1 of `sized` in tests/ui/native/step.cu:16 is `const __half* x`, but `x` holds `bf16`, which is `__nv_bfloat16` in C
//                                                   ^^^ parameter 2 of `sized` in tests/ui/native/step.cu:17 is `float* y`, but the result holds `f64`, which is `double` in C
}

mod constness {
    use super::*;

    #[kernel(file = "tests/ui/native/step.cu", entry = "sized")]
    fn both_written(x: &mut Tensor<f16, { [N] }>, y: &mut Tensor<f32, { [N] }>);
//                     ^^^^ parameter 1 of `sized` in tests/ui/native/step.cu:16 is `const __half* x`, but `x` is `&mut` here: leave `const` out there, or pass `&Tensor`

    #[kernel(file = "tests/ui/native/step.cu", entry = "sized", threads = N)]
    fn both_read(x: &Tensor<f16, { [N] }>, y: &Tensor<f32, { [N] }>);
//                                            ^ parameter 2 of `sized` in tests/ui/native/step.cu:17 is `float* y`, but `y` is only read here: declare `const` there, or pass `&mut Tensor`

    #[kernel(file = "tests/ui/native/step.cu", arguments = [return.0, x, return.1], threads = N)]
    fn sum(x: &Tensor<f32, { [N] }>) -> (Tensor<f32, { [] }>, Tensor<f32, { [] }>);
//            ^ parameter 2 of `sum` in tests/ui/native/step.cu:23 is `float* total`, but `x` is only read here: declare `const` there, or pass `&mut Tensor`
//                                       ^^^^^^ parameter 1 of `sum` in tests/ui/native/step.cu:23 is `const float* x`, but the result is written: leave `const` out there
}

mod sizes {
    use super::*;

    #[kernel(file = "tests/ui/native/step.cu", entry = "step")]
    fn in_order(a: &Tensor<f32, { [N, D] }>, b: &Tensor<f32, { [N, D] }>, lr: f32) -> Tensor<f32, { [N, D] }>;
//                                 ^ parameter 5 of `step` in tests/ui/native/step.cu:7 is `int n`, but `N` is `usize`, which is `unsigned long long` in C; to pass what it takes, write `N as i32` in `arguments`
//                                                                            ^^^ parameter 3 of `step` in tests/ui/native/step.cu:7 is `float* out`, but `lr` is a number, passed by value
//                                                                                    ^^^^^^ parameter 4 of `step` in tests/ui/native/step.cu:7 is `float lr`, but the result is a tensor, passed as a pointer

    #[kernel(file = "tests/ui/native/step.cu", entry = "step", arguments = [a, b, return, lr, N as u32, D as i64])]
//                                                                                            ^^^^^^^^ parameter 5 of `step` in tests/ui/native/step.cu:7 is `int n`, but `N as u32` is `u32`, which is `unsigned` in C; to pass what it takes, write `N as i32` in `arguments`
//                                                                                                      ^^^^^^^^ parameter 6 of `step` in tests/ui/native/step.cu:7 is `size_t d`, but `D as i64` is `i64`, which is `long long` in C; to pass what it takes, write `D as u64` in `arguments`
    fn given(a: &Tensor<f32, { [N, D] }>, b: &Tensor<f32, { [N, D] }>, lr: f32) -> Tensor<f32, { [N, D] }>;

    #[kernel(file = "tests/ui/native/step.cu", entry = "step", arguments = [a, b, return, lr, d, n])]
    fn numbers(a: &Tensor<f32, (_,)>, b: &Tensor<f32, (_,)>, lr: f32, n: i32, d: u64) -> Tensor<f32, { [4] }>;
//                                                                       ^^^ parameter 6 of `step` in tests/ui/native/step.cu:7 is `size_t d`, but `n` is `i32`, which is `int` in C
//                                                                               ^^^ parameter 5 of `step` in tests/ui/native/step.cu:7 is `int n`, but `d` is `u64`, which is `unsigned long long` in C

    #[kernel(file = "tests/ui/native/step.cu", entry = "scale", arguments = [x, N])]
//                                                                              ^ parameter 2 of `scale` in tests/ui/native/step.cu:11 is `float by`, but `N` is `usize`, which is `unsigned long long` in C
    fn size_for_float(x: &mut Tensor<f32, { [N] }>);
}

mod ptx {
    use super::*;

    #[kernel(file = "tests/ui/native/step.ptx", arguments = [x])]
    fn shared(x: &mut Tensor<f32, { [N] }>);
//                    ^^^^^^ parameter 1 of `shared` in tests/ui/native/step.ptx:22 is `.param .u64 .ptr .shared .align 4 shared_param_0`, but `x` lies in global memory

    #[kernel(file = "tests/ui/native/step.ptx", arguments = [x])]
    fn aligned(x: &mut Tensor<f32, { [N] }>);
//                     ^^^^^^ parameter 1 of `aligned` in tests/ui/native/step.ptx:27 is `.param .u64 .ptr .global .align 4096 aligned_param_0`, but `x` is not passed with that alignment

    #[kernel(file = "tests/ui/native/step.ptx", arguments = [x, y])]
    fn unmarked(x: &mut Tensor<f32, { [N] }>, y: &Tensor<f32, { [N] }>);
//                                                ^^^^^^ parameter 2 of `unmarked` in tests/ui/native/step.ptx:32 is `.param .u64 unmarked_param_1`, but `y` is a tensor, and other pointers are marked `.ptr` there

    #[kernel(file = "tests/ui/native/step.ptx", entry = "unmarked", arguments = [n, x])]
    fn by_value(x: &mut Tensor<f32, { [N] }>, n: u64);
//                      ^^^^^^ parameter 2 of `unmarked` in tests/ui/native/step.ptx:32 is `.param .u64 unmarked_param_1`, but `x` is a tensor, and other pointers are marked `.ptr` there
//                                               ^^^ parameter 1 of `unmarked` in tests/ui/native/step.ptx:32 is `.param .u64 .ptr .global .align 4 unmarked_param_0`, but `n` is a number, passed by value
}

mod unknown {
    use super::*;

    #[kernel(file = "tests/ui/native/odd.cu", arguments = [x, by])]
    fn structs(x: &mut Tensor<f32, { [N] }>, by: f64);
//                                               ^^^ parameter 2 of `structs` in tests/ui/native/odd.cu:20 is `pair by`, but nothing in the file says what that type is: use a `typedef` there, or a plain type

    #[kernel(file = "tests/ui/native/odd.cu", arguments = [x])]
    fn nothing(x: &mut Tensor<f32, { [N] }>);
//                     ^^^^^^ parameter 1 of `nothing` in tests/ui/native/odd.cu:21 is `void* x`, but `void` says nothing about elements: name their type there

    #[kernel(file = "tests/ui/native/odd.cu", arguments = [x])]
    fn characters(x: &mut Tensor<i8, { [N] }>);
//                        ^^^^^^ parameter 1 of `characters` in tests/ui/native/odd.cu:22 is `char* x`, but `char` has a sign on some machines only: write `signed char` or `unsigned char`

    #[kernel(file = "tests/ui/native/odd.cu", arguments = [x])]
    fn vectors(x: &mut Tensor<f32, { [N] }>);
//                     ^^^^^^ parameter 1 of `vectors` in tests/ui/native/odd.cu:23 is `float4* x`, but that is a vector: take a pointer to its elements there, and convert it inside

    #[kernel(file = "tests/ui/native/odd.cu", arguments = [x])]
    fn references(x: &mut Tensor<f32, { [N] }>);
//                        ^^^^^^ parameter 1 of `references` in tests/ui/native/odd.cu:24 is `float& x`, but a kernel cannot take references: take a pointer, or a number by value

    #[kernel(file = "tests/ui/native/odd.cu", arguments = [x])]
    fn tables(x: &mut Tensor<f32, { [N] }>);
//                    ^^^^^^ parameter 1 of `tables` in tests/ui/native/odd.cu:25 is `float** x`, but only pointers to elements are passed, not pointers to pointers or functions

    #[kernel(file = "tests/ui/native/odd.cu", arguments = [x])]
    fn any(x: &mut Tensor<f32, { [N] }>);
//                 ^^^^^^ parameter 1 of `any` in tests/ui/native/odd.cu:26 is `...`, but a kernel takes a fixed number of parameters

    #[kernel(file = "tests/ui/native/odd.cu", arguments = [x])]
    fn maybe(x: &mut Tensor<f32, { [N] }>);
//                   ^^^^^^ parameter 1 of `maybe` in tests/ui/native/odd.cu:28 is `float** x`, but a condition of the preprocessor stands in it, which is not evaluated here

    #[kernel(file = "tests/ui/native/odd.cu", arguments = [x], threads = 1)]
    fn words(x: f32);
//              ^^^ parameter 1 of `words` in tests/ui/native/odd.cu:33 is `float x y`, but that cannot be read as a parameter
}

// Arguments of a call are held together as those of any kernel.
mod calls {
    use super::*;

    #[kernel(file = "tests/ui/native/step.cu", arguments = [data, weights, out, lr, N as i32, D], entry = "step")]
    fn trained(
        data: &Tensor<f32, { [N, D] }>,
        weights: &Tensor<f32, { [D, C] }>,
        out: &mut Tensor<f32, { [N, C] }>,
        lr: f32,
    );

    fn call(
        data: &Tensor<f32, Shape![2, 784]>,
        weights: &Tensor<f32, Shape![768, 10]>,
        out: &mut Tensor<f32, Shape![2, 10]>,
    ) {
        let _ = trained(data, weights, out, 0.1);
//                            ^^^^^^^ kernel `trained`: dimension `D` is `C<784>` in `data` (axis 1) but `C<768>` in `weights` (axis 0)
    }
}
