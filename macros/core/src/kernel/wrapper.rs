//! A kernel whose code stands in a file: what is passed to it, in which order, and how it is launched.
//!
//! Without `arguments`, a kernel takes its parameters in their order, then the memory of its results, then the size of
//! every named dimension, in the order of their first use, as `usize`. Without `threads` or `grid` it gets a thread per
//! element of the one tensor that it writes.
//!
//! Invariant: what comes out has been compared with the file, so a launch passes what the entry takes.

mod count;
mod geometry;

use super::ir::Size;
use super::item::KernelItem;
use super::native::{self, Found, Language, Refusal, check};
use super::number::Number;
use super::options::{Argument, Options};
use crate::valid::native::{self as valid, Place};
use count::{constant, count, one_name};
use geometry::geometry;
use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use std::io;
use std::path::{Path, PathBuf};
use syn::spanned::Spanned;
use syn::{Error, Expr, LitStr};

pub(crate) use count::Term;
pub(crate) use geometry::{SHARED_MAX, THREADS_MAX};

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
    if language == Language::Cuda {
        let folder = Path::new(&file).parent().unwrap_or(Path::new(""));
        for (name, line) in native::includes(&found.text) {
            // Headers of CUDA may stand in quotes too; those are found elsewhere.
            if folder.join(&name).to_str().is_some_and(|beside| files(beside).is_ok()) {
                return Err(valid::includes(named, line, &name));
            }
        }
    }
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
