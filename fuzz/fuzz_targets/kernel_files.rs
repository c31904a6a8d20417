//! Any text as the file of a kernel, as CUDA C and as PTX: code that parses, be it an error at a token, and never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proc_macro2::TokenStream;
use stratal_macros_core::kernel_of_text;

fuzz_target!(|text: &str| {
    let item: TokenStream =
        "fn step(x: &Tensor<f32, {[N]}>, out: &mut Tensor<f16, {[N]}>, lr: f64);".parse().expect("an item");
    for options in ["file = \"step.cu\"", "file = \"step.ptx\""] {
        let options: TokenStream = options.parse().expect("options");
        syn::parse2::<syn::File>(kernel_of_text(options, item.clone(), text)).expect("items");
    }
});
