//! The language of `#[kernel]`: what a kernel may say, read from a function into what it says (`ir`).
//!
//! A kernel is a function of tensors and numbers. Its parameters are `&Tensor<f32, {[N, M]}>` (read), `&mut Tensor<…>`
//! (read and written) and numbers by value; it returns new tensors, one or a tuple. A shape names dimensions: an
//! upper-case name is one size wherever it stands, a number is that size, `{CONST}` and `_` are sizes without a name.
//!
//! ```text
//! body       ─ statements, then the results
//! statement  ─ let name = tensor; · let name = number; · out.assign(tensor);
//!              for [i, j] in out.dims() { … out[[i, j]] = number; … }
//! tensor     ─ name · t.map(|x| number) · zip(a, b, |x, y| number) · from_fn([N, M], |[i, j]| number)
//!              t.sum(axis) product max min mean · t.transpose() · matmul(a, b)
//! number     ─ literal · name · N (a size, `usize`) · data[[i, j]] · + - * / % == < && & << … · -x !x · x as f32
//!              x.sqrt() and 36 more functions · if c { a } else { b } · { let …; value }
//! inside     ─ let mut x = …; x += …; if … { } · for k in 0..K { }
//! ```
//!
//! `zip` repeats a tensor along the axes it lacks, found by name: `[N]` beside `[N, M]`. An axis is a number or a name.
//!
//! # Numbers
//!
//! `f32 f64 i32 i64 u32 u64 usize bool`; literals take the type of their surroundings, else `f32` or `i32`. Tensors
//! also store `f16 bf16` (computed in `f32`), `i16 i8` (in `i32`) and `u16 u8` (in `u32`). Nothing is converted unless
//! `as` says so. Integers wrap; shifts take their count modulo the width; `as` saturates from floats. An integer
//! divided by zero is 0 and a fault; an element outside its tensor is 0 and a fault: the call then fails. Floats are
//! IEEE 754, and products and sums are never fused unless `mul_add` says so. `max` and `min` give the number beside a
//! NaN, and the first of two equal ones.
//!
//! # Order
//!
//! The last axis is folded in 32 lanes, element `i` into lane `i % 32`, and the lanes by halves; another axis is
//! folded in its order, and so is `matmul`. Every back end keeps this order, so results agree bit for bit.
//!
//! # How it is lowered
//!
//! `expand/kernel` makes *stages*, each computing one tensor in memory, and prints them as Rust and as CUDA C. Tensors
//! that are only passed on are computed where they are used, and so are reductions of rows.

pub(crate) mod function;
pub(crate) mod ir;
pub(crate) mod item;
pub(crate) mod number;
pub(crate) mod read;

use crate::expand;
use crate::valid::kernel as valid;
use item::{Form, KernelItem};
use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Path, Token};

/// What stands in the parentheses of `#[kernel(…)]`.
#[derive(Default)]
struct Options {
    /// The path of the crate, where it is not `::stratal`.
    krate: Option<Path>,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut options = Self::default();
        while !input.is_empty() {
            let option = input.call(<proc_macro2::Ident as syn::ext::IdentExt>::parse_any)?;
            if option != "crate" {
                return Err(crate::valid::unknown_option(&option, &["crate"]));
            }
            if options.krate.is_some() {
                return Err(crate::valid::repeated_option(&option));
            }
            if !input.peek(Token![=]) {
                return Err(crate::valid::option_needs_path(&option));
            }
            input.parse::<Token![=]>()?;
            options.krate = Some(input.call(Path::parse_mod_style)?);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }
}

/// `#[kernel]`
pub(crate) fn attribute(options: TokenStream, item: TokenStream) -> TokenStream {
    let (options, error) = match syn::parse2::<Options>(options) {
        Ok(options) => (options, None),
        Err(error) => (Options::default(), Some(error)),
    };
    expanded(item::parse(item, Form::Attribute), options.krate.as_ref(), error)
}

/// `kernel! { … }`
pub(crate) fn verbatim(input: TokenStream) -> TokenStream {
    let parser = |input: ParseStream<'_>| {
        let bracket;
        syn::bracketed!(bracket in input);
        let krate = bracket.call(Path::parse_mod_style)?;
        Ok((krate, input.parse::<TokenStream>()?))
    };
    match syn::parse::Parser::parse2(parser, input) {
        Ok((krate, item)) => expanded(item::parse(item, Form::Verbatim), Some(&krate), None),
        Err(error) => error.to_compile_error(),
    }
}

/// The kernel, or its errors and what stands in for it.
fn expanded(item: Result<KernelItem, Error>, krate: Option<&Path>, earlier: Option<Error>) -> TokenStream {
    let item = match item {
        Ok(item) => item,
        Err(error) => return with(earlier, error).to_compile_error(),
    };
    let read = match &item.body {
        Some(body) => read::read(&item, body),
        None => Err(valid::no_body(&item.name)),
    };
    match (read, earlier) {
        (Ok(kernel), None) => expand::kernel(&item, &kernel, krate),
        (Ok(_), Some(error)) => refused(&item, krate, &error),
        (Err(error), earlier) => refused(&item, krate, &with(earlier, error)),
    }
}

fn with(earlier: Option<Error>, error: Error) -> Error {
    match earlier {
        Some(mut earlier) => {
            earlier.combine(error);
            earlier
        }
        None => error,
    }
}

fn refused(item: &KernelItem, krate: Option<&Path>, error: &Error) -> TokenStream {
    let (errors, stand_in) = (error.to_compile_error(), expand::refused_kernel(item, krate));
    quote!(#errors #stand_in)
}
