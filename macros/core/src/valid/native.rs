//! Every message about kernels whose code stands in a file, made where the token is known.
//!
//! A difference names the file, the line, the parameter there as it is written, and what stands here.

use super::{list, nearest};
use crate::kernel::item::{KernelItem, ParamKind, plain};
use crate::kernel::native::check::Native;
use crate::kernel::native::{Found, Language, Reason, Refusal, Type};
use crate::kernel::number::{Element, Number};
use crate::kernel::wrapper::{Passed, SHARED_MAX, THREADS_MAX};
use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use std::fmt;
use std::io;
use syn::{Block, Error, Expr, Ident, LitStr};

fn at(tokens: &impl ToTokens, message: impl fmt::Display) -> Error {
    Error::new_spanned(tokens, message)
}

fn text(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string()
}

/// Where an entry stands.
pub(crate) struct Place<'a> {
    pub(crate) entry: &'a str,
    pub(crate) file: &'a str,
    pub(crate) line: usize,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` in {}:{}", self.entry, self.file, self.line)
    }
}

// Options.

pub(crate) fn option_without_file(option: &Ident) -> Error {
    let rule = "write `file = \"kernels/step.cu\"` too, or leave it out";
    Error::new(option.span(), format!("`{option}` is about code in a file: {rule}"))
}

pub(crate) fn not_a_text(option: &Ident, written: &Expr) -> Error {
    at(written, format!("`{option}` is text in quotes: write `{option} = \"…\"`"))
}

pub(crate) fn not_a_list(written: &TokenStream) -> Error {
    at(written, "a list stands in brackets: write `arguments = [x, N as i32]`")
}

pub(crate) fn axis_count(option: &Ident, found: usize) -> Error {
    Error::new(option.span(), format!("`{option}` has one to three axes, x, y and z; {found} are given"))
}

pub(crate) fn body_and_file(body: &Block) -> Error {
    let braces = body.brace_token.span;
    Error::new(braces.open(), "the body of this kernel stands in its file: end the signature with `;`")
}

// The file and the entry.

pub(crate) fn not_code(file: &LitStr) -> Error {
    let message = format!("{} is neither CUDA C (`.cu`, `.cuh`) nor PTX (`.ptx`)", file.value());
    Error::new(file.span(), message)
}

pub(crate) fn file_not_read(file: &LitStr, error: &io::Error) -> Error {
    let name = file.value();
    let message = if error.kind() == io::ErrorKind::NotFound {
        format!("there is no file {name} where the manifest of this crate lies")
    } else {
        format!("{name} cannot be read here: {error}")
    };
    Error::new(file.span(), message)
}

pub(crate) fn includes(file: &LitStr, line: usize, name: &str) -> Error {
    let here = file.value();
    let rule = "a file is compiled alone, so write what it needs into it";
    Error::new(file.span(), format!("{here}:{line} includes \"{name}\", which lies beside it: {rule}"))
}

/// `functions` are those that the file has.
pub(crate) fn no_entry(
    span: Span,
    entry: &str,
    file: &str,
    language: Language,
    functions: &[Found],
) -> Error {
    let mut kernels: Vec<&str> = functions
        .iter()
        .filter(|found| found.what != Err(Refusal::NotAKernel))
        .map(|found| found.name.as_str())
        .collect();
    if let Some(mangled) = kernels.iter().find(|name| demangled(name) == Some(entry)) {
        let fix = format!("write `entry = \"{mangled}\"`, or compile it as `extern \"C\"`");
        return Error::new(span, format!("`{entry}` has the name `{mangled}` in {file}, that of C++: {fix}"));
    }
    let what = if language == Language::Cuda { "`__global__` function" } else { "`.entry`" };
    let hint = nearest(entry, &kernels).map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
    kernels.truncate(8);
    let there = if kernels.is_empty() {
        "found none; one that a macro with parameters makes is not seen".to_owned()
    } else {
        format!("found {}", list(&kernels))
    };
    Error::new(span, format!("no {what} `{entry}` in {file}; {there}{hint}"))
}

/// The name inside `_Z4stepPKf`.
fn demangled(name: &str) -> Option<&str> {
    let rest = name.strip_prefix("_Z")?;
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let length = rest.get(..digits)?.parse::<usize>().ok()?;
    rest.get(digits..)?.get(..length)
}

pub(crate) fn refused(span: Span, place: &Place<'_>, refusal: &Refusal) -> Error {
    let (entry, file) = (place.entry, place.file);
    let message = match refusal {
        Refusal::NotAKernel => {
            format!("{place} is no kernel: declare it `extern \"C\" __global__ void {entry}(…)`")
        }
        Refusal::Template => {
            format!("{place} is a template, which has no name to launch: call it in an `extern \"C\"` kernel")
        }
        Refusal::Mangled => {
            format!(
                "{place} has a mangled name once compiled: declare it `extern \"C\" __global__ void {entry}(…)`"
            )
        }
        Refusal::Undefined => format!("{place} is declared, but its body is not in this file"),
        Refusal::Twice(line) => {
            format!(
                "{place} is there again in line {line}; conditions are not evaluated here, so which one it is cannot be told: give them two names"
            )
        }
        Refusal::Open => {
            format!(
                "{place} has no end: a parenthesis or brace is not closed in {file}, counting both sides of `#if`"
            )
        }
    };
    Error::new(span, message)
}

// The parameters.

pub(crate) fn count(item: &KernelItem, passed: &[Passed], takes: usize, place: &Place<'_>) -> Error {
    let plural = |count: usize, one: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {one}s"),
    };
    let (mut tensors, mut sizes, mut numbers) = (0, 0, Vec::new());
    for one in passed {
        match one {
            Passed::Param(at) => match &item.params[*at].kind {
                ParamKind::Tensor { .. } => tensors += 1,
                ParamKind::Scalar { .. } => numbers.push(format!("`{}`", plain(&item.params[*at].name))),
            },
            Passed::Result(_) => tensors += 1,
            Passed::Count { .. } => sizes += 1,
        }
    }
    let kinds = [(tensors, "tensor"), (sizes, "size")].into_iter().filter(|(count, _)| *count > 0);
    let mut made_of: Vec<String> = kinds.map(|(count, one)| plural(count, one)).collect();
    made_of.extend(numbers);
    let (takes, passes) = (plural(takes, "parameter"), passed.len());
    let message = format!("{place} takes {takes}, this signature passes {passes} ({})", made_of.join(", "));
    Error::new(item.name.span(), message)
}

/// How a parameter differs from what is passed.
#[derive(Clone, Copy)]
pub(crate) enum Differs {
    /// A tensor is passed to what is no pointer.
    Tensor,
    /// A number is passed to a pointer.
    Number,
    /// The elements are others than these.
    Element(Element),
    /// `&` is passed to a pointer that may be written.
    Constant,
    /// What is written is passed to a pointer that may not be.
    Mutable,
    /// The number is not this one.
    Width(Number),
    /// A pointer to memory of a block.
    Elsewhere,
    /// Aligned otherwise.
    Aligned,
    /// Not marked as pointer, while others are.
    Unmarked,
    Unknown(Reason),
}

pub(crate) fn differs(
    tokens: &TokenStream,
    item: &KernelItem,
    passed: &Passed,
    differs: Differs,
    native: Native<'_>,
) -> Error {
    let Native { place, number, param } = native;
    let (entry, file, line) = (place.entry, place.file, param.line);
    let name = match passed {
        Passed::Param(at) => format!("`{}`", plain(&item.params[*at].name)),
        Passed::Result(_) => "the result".to_owned(),
        Passed::Count { written, .. } => format!("`{}`", text(written)),
    };
    let here = match differs {
        Differs::Tensor => format!("{name} is a tensor, passed as a pointer"),
        Differs::Number => format!("{name} is a number, passed by value"),
        Differs::Element(element) => {
            format!("{name} holds `{}`, which is `{}` in C", element.name(), c_name(element))
        }
        Differs::Constant => {
            format!("{name} is only read here: declare `const` there, or pass `&mut Tensor`")
        }
        Differs::Mutable if matches!(passed, Passed::Result(_)) => {
            format!("{name} is written: leave `const` out there")
        }
        Differs::Mutable => format!("{name} is `&mut` here: leave `const` out there, or pass `&Tensor`"),
        Differs::Width(number) => width(&name, passed, number, &param.ty),
        Differs::Elsewhere => format!("{name} lies in global memory"),
        Differs::Aligned => format!("{name} is not passed with that alignment"),
        Differs::Unmarked => format!("{name} is a tensor, and other pointers are marked `.ptr` there"),
        Differs::Unknown(reason) => unknown(reason).to_owned(),
    };
    let written = &param.written;
    at(tokens, format!("parameter {number} of `{entry}` in {file}:{line} is `{written}`, but {here}"))
}

/// What a number is here, and for a size how it is passed otherwise.
fn width(name: &str, passed: &Passed, number: Number, ty: &Type) -> String {
    let element = Element::Plain(if number == Number::Usize { Number::U64 } else { number });
    let here = format!("{name} is `{}`, which is `{}` in C", number.name(), c_name(element));
    match (passed, ty) {
        (Passed::Count { .. }, Type::Number(Element::Plain(found))) if found.is_integer() => {
            let name = name.split(" as ").next().unwrap_or(name).trim_matches('`');
            format!("{here}; to pass what it takes, write `{name} as {}` in `arguments`", found.name())
        }
        _ => here,
    }
}

/// The element as one writes it in CUDA C.
fn c_name(element: Element) -> &'static str {
    match element {
        Element::F16 => "__half",
        Element::Bf16 => "__nv_bfloat16",
        Element::Plain(Number::Bool) => "bool",
        other => other.c_name(),
    }
}

fn unknown(reason: Reason) -> &'static str {
    match reason {
        Reason::Unknown => {
            "nothing in the file says what that type is: use a `typedef` there, or a plain type"
        }
        Reason::Void => "`void` says nothing about elements: name their type there",
        Reason::Char => "`char` has a sign on some machines only: write `signed char` or `unsigned char`",
        Reason::Vector => "that is a vector: take a pointer to its elements there, and convert it inside",
        Reason::Reference => "a kernel cannot take references: take a pointer, or a number by value",
        Reason::Indirect => "only pointers to elements are passed, not pointers to pointers or functions",
        Reason::Variadic => "a kernel takes a fixed number of parameters",
        Reason::Conditional => "a condition of the preprocessor stands in it, which is not evaluated here",
        Reason::Unreadable => "that cannot be read as a parameter",
    }
}

// Arguments and geometry.

pub(crate) fn passed_twice(span: Span, name: &str) -> Error {
    Error::new(span, format!("`{name}` is passed twice; a kernel gets every tensor and number once"))
}

pub(crate) fn not_passed(arguments: &Ident, name: &str) -> Error {
    Error::new(arguments.span(), format!("`{name}` is not among `arguments`, so the kernel would not get it"))
}

pub(crate) fn which_result(span: Span, results: usize) -> Error {
    let last = results.saturating_sub(1);
    Error::new(span, format!("there are {results} results: write `return.0` to `return.{last}`"))
}

pub(crate) fn no_result(span: Span, results: usize) -> Error {
    let message = match results {
        0 => "this signature returns nothing that could be passed".to_owned(),
        results => format!("there is no such result; the signature returns {results}"),
    };
    Error::new(span, message)
}

pub(crate) fn not_an_integer(ty: &syn::Type) -> Error {
    at(ty, format!("sizes are passed as `usize`, `u64`, `i64`, `u32` or `i32`, not as `{}`", text(ty)))
}

pub(crate) fn not_a_count(written: &impl ToTokens) -> Error {
    let rule = "write dimensions, numbers, `+`, `*` and `N.div_ceil(16)`";
    at(written, format!("`{}` cannot be computed from sizes: {rule}", text(written)))
}

pub(crate) fn too_deep(written: &Expr) -> Error {
    at(written, "this nests too deep: at most 8 numbers may wait for their operation")
}

pub(crate) fn not_a_size(item: &KernelItem, name: &Ident) -> Error {
    let symbols = item.symbols.iter().filter_map(|symbol| symbol.name.as_ref()).map(plain);
    let params = item.params.iter().map(|param| plain(&param.name));
    let symbols: Vec<String> = symbols.collect();
    let known: Vec<String> = symbols.iter().cloned().chain(params).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let hint = match nearest(&name.to_string(), &known) {
        Some(meant) => format!("; did you mean `{meant}`?"),
        None if symbols.is_empty() => "; it has none with a name".to_owned(),
        None => format!("; there are {}", list(&symbols)),
    };
    let kernel = plain(&item.name);
    Error::new(name.span(), format!("`{name}` is no dimension of kernel `{kernel}`{hint}"))
}

pub(crate) fn not_a_constant(written: &Expr) -> Error {
    at(written, "threads of a block are a number that does not depend on the call")
}

pub(crate) fn block_axis(written: &Expr, axis: usize, threads: u64, most: u64) -> Error {
    let axis = ["x", "y", "z"].get(axis).unwrap_or(&"z");
    at(written, format!("a block has 1 to {most} threads in {axis}; {threads} are given"))
}

pub(crate) fn block_too_large(written: &TokenStream, threads: u64) -> Error {
    at(written, format!("a block has at most {THREADS_MAX} threads; these are {threads}"))
}

pub(crate) fn block_over_bounds(written: &TokenStream, place: &Place<'_>, threads: u64, most: u64) -> Error {
    at(
        written,
        format!("{place} is compiled for blocks of at most {most} threads; these are {threads}: say `block`"),
    )
}

pub(crate) fn block_required(written: &TokenStream, place: &Place<'_>, [x, y, z]: [u64; 3]) -> Error {
    at(written, format!("{place} is compiled for one block only: write `block = [{x}, {y}, {z}]`"))
}

pub(crate) fn too_many_blocks(written: &Expr, axis: usize, blocks: u64, most: u64) -> Error {
    let axis = ["x", "y", "z"].get(axis).unwrap_or(&"z");
    at(written, format!("a grid has at most {most} blocks in {axis}; these are {blocks}"))
}

pub(crate) fn too_much_shared(written: &Expr, bytes: u64) -> Error {
    at(written, format!("a block gets at most {SHARED_MAX} bytes of shared memory; these are {bytes}"))
}

/// How many threads a kernel takes, where `threads` must say so.
pub(crate) fn which_threads(kernel: &Ident, writes_nothing: bool) -> Error {
    let why = if writes_nothing { "writes no tensor" } else { "writes tensors of several shapes" };
    let rule = "write `threads = [M, N]` or `grid = [M, N]`";
    Error::new(kernel.span(), format!("`{kernel}` {why}, so nothing says how many threads it takes: {rule}"))
}
