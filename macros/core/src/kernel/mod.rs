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
//!
//! # Code of a file
//!
//! `options` reads `#[kernel(file = "x.cu", …)]`; then the function has no body, `native` reads what the file says about
//! the entry, and `wrapper` holds the two together.

pub(crate) mod function;
pub(crate) mod ir;
pub(crate) mod item;
pub(crate) mod native;
pub(crate) mod number;
mod options;
pub(crate) mod read;
pub(crate) mod wrapper;

use crate::expand;
use crate::valid::kernel as valid;
use item::{Form, KernelItem};
use options::Options;
use proc_macro2::TokenStream;
use quote::quote;
use std::path::PathBuf;
use syn::parse::ParseStream;
use syn::{Error, Path};
use wrapper::{File, Files};

/// `#[kernel]`
pub(crate) fn attribute(options: TokenStream, item: TokenStream, files: Files<'_>) -> TokenStream {
    let (options, error) = match syn::parse2::<Options>(options) {
        Ok(options) => (options, None),
        Err(error) => (Options::default(), Some(error)),
    };
    expanded(item::parse(item, Form::Attribute), &options, error, files)
}

/// `kernel! { … }`
pub(crate) fn verbatim(input: TokenStream, files: Files<'_>) -> TokenStream {
    let parser = |input: ParseStream<'_>| {
        let bracket;
        syn::bracketed!(bracket in input);
        let krate = bracket.call(Path::parse_mod_style)?;
        Ok((krate, input.parse::<TokenStream>()?))
    };
    match syn::parse::Parser::parse2(parser, input) {
        Ok((krate, item)) => {
            let mut item = item::parse(item, Form::Verbatim);
            let (mut options, error) = match item.as_mut().map(own_options) {
                Ok(Ok(options)) => (options, None),
                Ok(Err(error)) => (Options::default(), Some(error)),
                Err(_) => (Options::default(), None),
            };
            options.krate.get_or_insert(krate);
            expanded(item, &options, error, files)
        }
        Err(error) => error.to_compile_error(),
    }
}

/// The options that stand on the function itself, in `kernel! { #[kernel(…)] fn …; }`.
fn own_options(item: &mut KernelItem) -> Result<Options, Error> {
    let place = item.attributes.iter().position(|attribute| attribute.path().is_ident("kernel"));
    match place {
        Some(place) => match item.attributes.remove(place).meta {
            syn::Meta::List(list) => syn::parse2(list.tokens),
            _ => Ok(Options::default()),
        },
        None => Ok(Options::default()),
    }
}

/// Files by paths that begin where the manifest of the crate lies.
pub(crate) fn files(file: &str) -> std::io::Result<File> {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let path = std::path::absolute(folder.join(file))?;
    let text = std::fs::read_to_string(&path)?;
    Ok(File { path, text })
}

/// The kernel, or its errors and what stands in for it.
fn expanded(
    item: Result<KernelItem, Error>,
    options: &Options,
    earlier: Option<Error>,
    files: Files<'_>,
) -> TokenStream {
    let krate = options.krate.as_ref();
    let item = match item {
        Ok(item) => item,
        Err(error) => return with(earlier, error).to_compile_error(),
    };
    let emitted = match (&item.body, &options.file) {
        (Some(body), None) => read::read(&item, body).map(|kernel| expand::kernel(&item, &kernel, krate)),
        (None, Some(file)) => wrapper::wrapper(&item, options, file, files)
            .map(|wrapper| expand::wrapped_kernel(&item, &wrapper, krate)),
        (Some(body), Some(_)) => Err(crate::valid::native::body_and_file(body)),
        // What was wrong with the options may be what says where the body is.
        (None, None) if earlier.is_some() => Ok(TokenStream::new()),
        (None, None) => Err(valid::no_body(&item.name)),
    };
    match (emitted, earlier) {
        (Ok(emitted), None) => emitted,
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
