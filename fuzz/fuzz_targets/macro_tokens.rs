//! Any text as the input of each macro: code that parses, be it an error at a token, and never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proc_macro2::TokenStream;
use stratal_macros_core::{derive_params, dims, shape};

/// Openings in one input: syn recurses into types, and rustc, which parses first, bounds their depth itself.
const NESTING_MAX: usize = 200;

fuzz_target!(|text: &str| {
    if text.matches(['(', '[', '{', '<', '&', '*', '!', '-', '|']).count() > NESTING_MAX {
        return;
    }
    let Ok(tokens) = text.parse::<TokenStream>() else { return };
    let path: TokenStream = "[stratal::__private]".parse().expect("a path in a bracket");
    let behind_path = TokenStream::from_iter([path, tokens.clone()]);
    syn::parse2::<syn::File>(derive_params(tokens)).expect("items");
    syn::parse2::<syn::File>(dims(behind_path.clone())).expect("items");
    // In the place of a type stands a type, or a call of `compile_error!`, which is one too.
    syn::parse2::<syn::Type>(shape(behind_path)).expect("a type");
});
