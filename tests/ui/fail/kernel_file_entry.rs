//! A file that is not there, is no code, or has no such kernel is told at its name.

use stratal::{Tensor, kernel};

#[kernel(file = "tests/ui/native/stop.cu")]
//              ^^^^^^^^^^^^^^^^^^^^^^^^^ there is no file tests/ui/native/stop.cu where the manifest of this crate lies
fn absent(x: &mut Tensor<f32, { [N] }>);

#[kernel(file = "tests/ui/native/step.cubin")]
//              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ tests/ui/native/step.cubin is neither CUDA C (`.cu`, `.cuh`) nor PTX (`.ptx`)
fn binary(x: &mut Tensor<f32, { [N] }>);

#[kernel(file = "tests/ui/native")]
//              ^^^^^^^^^^^^^^^^^ tests/ui/native is neither CUDA C (`.cu`, `.cuh`) nor PTX (`.ptx`)
fn folder(x: &mut Tensor<f32, { [N] }>);

#[kernel(file = "tests/ui/native/latin.cu", entry = "step")]
//              ^^^^^^^^^^^^^^^^^^^^^^^^^^ tests/ui/native/latin.cu cannot be read here: stream did not contain valid UTF-8
fn latin(x: &mut Tensor<f32, { [N] }>);

#[kernel(file = "tests/ui/native/including.cu", entry = "step")]
//              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ tests/ui/native/including.cu:2 includes "made.cu", which lies beside it: a file is compiled alone, so write what it needs into it
fn including(x: &mut Tensor<f32, { [N] }>);

#[kernel(file = "tests/ui/native/step.cu", entry = "stp")]
//                                                 ^^^^^ no `__global__` function `stp` in tests/ui/native/step.cu; found `step`, `scale`, `sized`, `sum` and `probe`; did you mean `step`?
fn misspelt(x: &mut Tensor<f32, { [N] }>);

#[kernel(file = "tests/ui/native/step.cu")]
fn unlike_any(x: &mut Tensor<f32, { [N] }>);
// ^^^^^^^^^^ no `__global__` function `unlike_any` in tests/ui/native/step.cu; found `step`, `scale`, `sized`, `sum` and `probe`

#[kernel(file = "tests/ui/native/made.cu")]
fn made(x: &mut Tensor<f32, { [N] }>);
// ^^^^ no `__global__` function `made` in tests/ui/native/made.cu; found none; one that a macro with parameters makes is not seen

#[kernel(file = "tests/ui/native/step.ptx", entry = "scala")]
//                                                  ^^^^^^^ no `.entry` `scala` in tests/ui/native/step.ptx; found `scale`, `_Z4stepPf`, `shared`, `aligned` and `unmarked`; did you mean `scale`?
fn misspelt_entry(x: &mut Tensor<f32, { [N] }>);

#[kernel(file = "tests/ui/native/step.ptx", entry = "step")]
//                                                  ^^^^^^ `step` has the name `_Z4stepPf` in tests/ui/native/step.ptx, that of C++: write `entry = "_Z4stepPf"`, or compile it as `extern "C"`
fn of_cpp(x: &mut Tensor<f32, { [N] }>);

#[kernel(file = "tests/ui/native/odd.cu", entry = "generic")]
//                                                ^^^^^^^^^ `generic` in tests/ui/native/odd.cu:5 is a template, which has no name to launch: call it in an `extern "C"` kernel
fn template(x: &mut Tensor<f32, { [N] }>);

#[kernel(file = "tests/ui/native/odd.cu")]
fn mangled(x: &mut Tensor<f32, { [N] }>);
// ^^^^^^^ `mangled` in tests/ui/native/odd.cu:7 has a mangled name once compiled: declare it `extern "C" __global__ void mangled(…)`

#[kernel(file = "tests/ui/native/odd.cu", entry = "helper")]
//                                                ^^^^^^^^ `helper` in tests/ui/native/odd.cu:9 is no kernel: declare it `extern "C" __global__ void helper(…)`
fn device_function(x: &mut Tensor<f32, { [N] }>);

#[kernel(file = "tests/ui/native/odd.cu")]
fn promised(x: &mut Tensor<f32, { [N] }>);
// ^^^^^^^^ `promised` in tests/ui/native/odd.cu:11 is declared, but its body is not in this file

#[kernel(file = "tests/ui/native/odd.cu")]
fn twice(x: &mut Tensor<f32, { [N] }>);
// ^^^^^ `twice` in tests/ui/native/odd.cu:14 is there again in line 16; conditions are not evaluated here, so which one it is cannot be told: give them two names

#[kernel(file = "tests/ui/native/odd.cu")]
fn endless(x: &mut Tensor<f32, { [N] }>);
// ^^^^^^^ `endless` in tests/ui/native/odd.cu:36 has no end: a parenthesis or brace is not closed in tests/ui/native/odd.cu, counting both sides of `#if`

mod verbatim {
    use stratal::Tensor;
    use stratal::verbatim::kernel;

    kernel! {
        #[kernel(file = "tests/ui/native/step.cu", entry = "stop")]
//                                                         ^^^^^^ no `__global__` function `stop` in tests/ui/native/step.cu; found `step`, `scale`, `sized`, `sum` and `probe`; did you mean `step`?
        fn other(x: Tensor<f32, [N]>);
    }
}
