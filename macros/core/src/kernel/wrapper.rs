//! A kernel whose code stands in a file: what is passed to it, in which order, and how it is launched.
//!
//! Without `arguments`, a kernel takes its parameters in their order, then the memory of its results, then the size of
//! every named dimension, in the order of their first use, as `usize`. Without `threads` or `grid` it gets a thread per
//! element of the one tensor that it writes.
//!
//! Invariant: what comes out has been compared with the file, so a launch passes what the entry takes.

use super::ir::Size;
use super::item::{Dim, KernelItem, ParamKind, TensorType};
use super::native::{self, Found, Language, Refusal, check};
use super::number::Number;
use super::options::{Argument, Options};
use crate::valid::native::{self as valid, Place};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use std::io;
use std::path::PathBuf;
use syn::spanned::Spanned;
use syn::{BinOp, Error, Expr, Lit, LitStr};

/// A file as the macro finds it.
pub(crate) struct File {
    /// Where `include_str!` finds it.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// Finds files by the path that a kernel names.
pub(crate) type Files<'a> = &'a dyn Fn(&str) -> io::Result<File>;

/// What is passed as one argument.
pub(crate) enum Passed {
    /// A parameter, by its place.
    Param(usize),
    /// The memory of a result, by its place.
    Result(usize),
    /// A number that sizes decide.
    Count { count: Vec<Term>, number: Number, written: TokenStream },
}

/// A step of a number that sizes decide, in postfix order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    Size(Size),
    Sum,
    Product,
    Quotient,
}

/// A kernel of a file, checked.
pub(crate) struct Wrapper {
    pub(crate) file: String,
    pub(crate) path: String,
    pub(crate) language: Language,
    pub(crate) entry: String,
    pub(crate) passed: Vec<Passed>,
    pub(crate) grid: [Vec<Term>; 3],
    pub(crate) block: [u64; 3],
    pub(crate) shared: Vec<Term>,
}

/// Most threads of a block, in all and in x, y and z (CUDA C++ Programming Guide, compute capabilities).
pub(crate) const THREADS_MAX: u64 = 1024;
const BLOCK_MAX: [u64; 3] = [1024, 1024, 64];
/// Most blocks in x, y and z.
const GRID_MAX: [u64; 3] = [(1 << 31) - 1, 65_535, 65_535];
/// Most shared memory that every device gives a block unasked.
pub(crate) const SHARED_MAX: u64 = 48 << 10;
/// Most numbers of a count that wait for an operation, as in the runtime.
const DEPTH_MAX: usize = 8;

/// Reads the file, and holds the signature against it.
pub(crate) fn wrapper(
    item: &KernelItem,
    options: &Options,
    named: &LitStr,
    files: Files<'_>,
) -> Result<Wrapper, Error> {
    let file = named.value();
    let language = Language::of(&file).ok_or_else(|| valid::not_code(named))?;
    let found = files(&file).map_err(|error| valid::file_not_read(named, &error))?;
    let path = found.path.to_str().ok_or_else(|| valid::not_code(named))?.to_owned();
    let passed = match &options.arguments {
        Some((word, written)) => arguments(item, word, written)?,
        None => in_order(item),
    };
    let functions = native::functions(&found.text, language);
    let entry = options.entry.as_ref().map_or_else(|| super::item::plain(&item.name), LitStr::value);
    let at = options.entry.as_ref().map_or(item.name.span(), LitStr::span);
    let function = entry_of(&functions, &entry, language)
        .ok_or_else(|| valid::no_entry(at, &entry, &file, language, &functions))?;
    let place = Place { entry: &entry, file: &file, line: function.line };
    let signature = function.what.as_ref().map_err(|refusal| valid::refused(at, &place, refusal))?;
    check::compare(item, &passed, signature, &place)?;
    let (grid, block) = geometry(item, options, signature, &place)?;
    let shared = match &options.shared {
        Some(written) => count(item, written)?,
        None => vec![Term::Size(Size::Fixed(0))],
    };
    if let (Some(written), Some(bytes)) = (&options.shared, constant(&shared).filter(|it| *it > SHARED_MAX)) {
        return Err(valid::too_much_shared(written, bytes));
    }
    Ok(Wrapper { file, path, language, entry, passed, grid, block, shared })
}

/// The function of that name; in C, one that is no kernel is told from one that is not there.
fn entry_of<'a>(functions: &'a [Found], entry: &str, language: Language) -> Option<&'a Found> {
    let found = functions.iter().find(|found| found.name == entry)?;
    let told = language == Language::Cuda || found.what != Err(Refusal::NotAKernel);
    told.then_some(found)
}

/// What is passed where nothing is said about it.
fn in_order(item: &KernelItem) -> Vec<Passed> {
    let params = (0..item.params.len()).map(Passed::Param);
    let results = (0..item.results.len()).map(Passed::Result);
    let sizes = item.symbols.iter().enumerate().filter_map(|(symbol, it)| {
        let written = it.name.as_ref()?.to_token_stream();
        Some(Passed::Count { count: vec![Term::Size(Size::Symbol(symbol))], number: Number::Usize, written })
    });
    params.chain(results).chain(sizes).collect()
}

/// What `arguments` says: every parameter and result once, and any sizes.
fn arguments(item: &KernelItem, word: &Ident, written: &[Argument]) -> Result<Vec<Passed>, Error> {
    let mut all: Vec<Passed> = Vec::new();
    for one in written {
        let passed = argument(item, one)?;
        let again = all.iter().any(|earlier| match (earlier, &passed) {
            (Passed::Param(a), Passed::Param(b)) | (Passed::Result(a), Passed::Result(b)) => a == b,
            _ => false,
        });
        if again {
            return Err(match one {
                Argument::Result(span, _) => valid::passed_twice(*span, "return"),
                Argument::Value(expr) => {
                    valid::passed_twice(expr.span(), &expr.to_token_stream().to_string())
                }
            });
        }
        all.push(passed);
    }
    for (place, param) in item.params.iter().enumerate() {
        if !all.iter().any(|passed| matches!(passed, Passed::Param(at) if *at == place)) {
            return Err(valid::not_passed(word, &super::item::plain(&param.name)));
        }
    }
    for place in 0..item.results.len() {
        if !all.iter().any(|passed| matches!(passed, Passed::Result(at) if *at == place)) {
            let name = if item.results.len() == 1 { "return".to_owned() } else { format!("return.{place}") };
            return Err(valid::not_passed(word, &name));
        }
    }
    Ok(all)
}

fn argument(item: &KernelItem, written: &Argument) -> Result<Passed, Error> {
    match written {
        Argument::Result(span, number) => {
            let place = match number {
                Some(number) => number.base10_parse::<usize>()?,
                None if item.results.len() > 1 => return Err(valid::which_result(*span, item.results.len())),
                None => 0,
            };
            let there = place < item.results.len();
            there.then_some(Passed::Result(place)).ok_or_else(|| valid::no_result(*span, item.results.len()))
        }
        Argument::Value(expr) => {
            if let Some(name) = one_name(expr)
                && let Some(place) = item.params.iter().position(|param| param.name == *name)
            {
                return Ok(Passed::Param(place));
            }
            let (expr, number) = match expr {
                Expr::Cast(cast) => (&*cast.expr, Some(&*cast.ty)),
                other => (other, None),
            };
            let number = match number {
                None => Number::Usize,
                Some(ty) => {
                    let number = Number::named(&ty.to_token_stream().to_string());
                    number.filter(|it| it.is_integer()).ok_or_else(|| valid::not_an_integer(ty))?
                }
            };
            let written_whole = match written {
                Argument::Value(whole) => whole.to_token_stream(),
                Argument::Result(..) => TokenStream::new(),
            };
            Ok(Passed::Count { count: count(item, expr)?, number, written: written_whole })
        }
    }
}

fn one_name(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Path(path) => path.path.get_ident(),
        Expr::Group(group) => one_name(&group.expr),
        _ => None,
    }
}

/// A number that sizes decide, as terms.
fn count(item: &KernelItem, written: &Expr) -> Result<Vec<Term>, Error> {
    let mut terms = Vec::new();
    push(item, written, &mut terms)?;
    let (mut depth, mut deepest) = (0_usize, 0);
    for term in &terms {
        depth = if matches!(term, Term::Size(_)) { depth + 1 } else { depth.saturating_sub(1) };
        deepest = deepest.max(depth);
    }
    if deepest > DEPTH_MAX { Err(valid::too_deep(written)) } else { Ok(terms) }
}

fn push(item: &KernelItem, written: &Expr, terms: &mut Vec<Term>) -> Result<(), Error> {
    match written {
        Expr::Paren(inside) => return push(item, &inside.expr, terms),
        Expr::Group(inside) => return push(item, &inside.expr, terms),
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => terms.push(Term::Size(Size::Fixed(number.base10_parse()?))),
            _ => return Err(valid::not_a_count(written)),
        },
        Expr::Binary(binary) => {
            push(item, &binary.left, terms)?;
            push(item, &binary.right, terms)?;
            terms.push(match binary.op {
                BinOp::Add(_) => Term::Sum,
                BinOp::Mul(_) => Term::Product,
                _ => return Err(valid::not_a_count(written)),
            });
        }
        Expr::MethodCall(call) if call.method == "div_ceil" && call.args.len() == 1 => {
            push(item, &call.receiver, terms)?;
            push(item, &call.args[0], terms)?;
            terms.push(Term::Quotient);
        }
        other => {
            let Some(name) = one_name(other) else { return Err(valid::not_a_count(other)) };
            let known = |symbol: &super::item::Symbol| symbol.name.as_ref() == Some(name);
            let symbol = item.symbols.iter().position(known);
            terms.push(Term::Size(Size::Symbol(symbol.ok_or_else(|| valid::not_a_size(item, name))?)));
        }
    }
    Ok(())
}

/// Its value, where no dimension is in it.
fn constant(terms: &[Term]) -> Option<u64> {
    let mut waiting: Vec<u64> = Vec::new();
    for term in terms {
        let value = match term {
            Term::Size(Size::Symbol(_)) => return None,
            Term::Size(Size::Fixed(size)) => *size,
            operation => {
                let (b, a) = (waiting.pop()?, waiting.pop()?);
                match operation {
                    Term::Sum => a.saturating_add(b),
                    Term::Product => a.saturating_mul(b),
                    _ if b == 0 => return None,
                    _ => a.div_ceil(b),
                }
            }
        };
        waiting.push(value);
    }
    waiting.pop()
}

/// The grid and the block.
fn geometry(
    item: &KernelItem,
    options: &Options,
    native: &native::Signature,
    place: &Place<'_>,
) -> Result<([Vec<Term>; 3], [u64; 3]), Error> {
    if let (Some((threads, _)), Some((grid, _))) = (&options.threads, &options.grid) {
        return Err(crate::valid::excluding_options(grid, threads));
    }
    let (axes, blocks, written): (Vec<Vec<Term>>, bool, &[Expr]) = match (&options.threads, &options.grid) {
        (None, None) => (vec![elements(item)?], false, &[]),
        (_, Some((_, grid))) => (counts(item, grid)?, true, grid),
        (Some((_, threads)), None) => (counts(item, threads)?, false, threads),
    };
    let block = block(options, axes.len(), native, place, item)?;
    let mut grid = [const { Vec::new() }; 3];
    for (axis, terms) in grid.iter_mut().enumerate() {
        *terms = axes.get(axis).cloned().unwrap_or_else(|| vec![Term::Size(Size::Fixed(1))]);
        if !blocks && block[axis] > 1 {
            terms.extend([Term::Size(Size::Fixed(block[axis])), Term::Quotient]);
        }
        if let (Some(blocks), Some(written)) = (constant(terms), written.get(axis))
            && blocks > GRID_MAX[axis]
        {
            return Err(valid::too_many_blocks(written, axis, blocks, GRID_MAX[axis]));
        }
    }
    Ok((grid, block))
}

fn counts(item: &KernelItem, written: &[Expr]) -> Result<Vec<Vec<Term>>, Error> {
    written.iter().map(|one| count(item, one)).collect()
}

/// The number of elements of what is written.
fn elements(item: &KernelItem) -> Result<Vec<Term>, Error> {
    let params = item.params.iter().filter_map(|param| match &param.kind {
        ParamKind::Tensor { ty, mutable: true, .. } => Some(ty),
        _ => None,
    });
    let written: Vec<&TensorType> = item.results.iter().chain(params).collect();
    let sizes = |ty: &TensorType| -> Vec<Size> { ty.dims.iter().map(|dim: &Dim| dim.size).collect() };
    let Some((first, rest)) = written.split_first() else {
        return Err(valid::which_threads(&item.name, true));
    };
    if rest.iter().any(|other| sizes(other) != sizes(first)) {
        return Err(valid::which_threads(&item.name, false));
    }
    let mut terms = vec![Term::Size(Size::Fixed(1))];
    for (at, size) in sizes(first).into_iter().enumerate() {
        if at == 0 {
            terms.clear();
        }
        terms.push(Term::Size(size));
        if at > 0 {
            terms.push(Term::Product);
        }
    }
    Ok(terms)
}

/// Threads of a block: those that are given, or 256 in as many axes as there are.
fn block(
    options: &Options,
    axes: usize,
    native: &native::Signature,
    place: &Place<'_>,
    item: &KernelItem,
) -> Result<[u64; 3], Error> {
    let at = options.block.as_ref().map_or(quote!(), |(word, written)| match &written[..] {
        [] => word.to_token_stream(),
        written => quote!(#(#written),*),
    });
    let at = if at.is_empty() { item.name.to_token_stream() } else { at };
    let mut block = [1; 3];
    match &options.block {
        Some((_, written)) => {
            for (axis, one) in written.iter().enumerate() {
                let threads = constant(&count(item, one)?).ok_or_else(|| valid::not_a_constant(one))?;
                if !(1..=BLOCK_MAX[axis]).contains(&threads) {
                    return Err(valid::block_axis(one, axis, threads, BLOCK_MAX[axis]));
                }
                block[axis] = threads;
            }
        }
        None => {
            let most = native.threads_max.unwrap_or(256).clamp(1, 256);
            block = match (native.block, axes) {
                (Some(required), _) => required,
                (None, 2) => [16, 16, 1],
                (None, 3) => [8, 8, 4],
                (None, _) => [most, 1, 1],
            };
        }
    }
    let threads = block.iter().fold(1, |product: u64, axis| product.saturating_mul(*axis));
    if let Some(required) = native.block.filter(|required| *required != block) {
        return Err(valid::block_required(&at, place, required));
    }
    match native.threads_max {
        _ if threads > THREADS_MAX => Err(valid::block_too_large(&at, threads)),
        Some(most) if threads > most => Err(valid::block_over_bounds(&at, place, threads, most)),
        _ => Ok(block),
    }
}
