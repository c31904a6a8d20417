//! What stands in the parentheses of `#[kernel(…)]`.
//!
//! ```text
//! crate = path                         where the crate is, if not at `::stratal`
//! file = "kernels/step.cu"             the code is there; the rest goes with it
//! entry = "step"                       its name there, if not that of the function
//! arguments = [x, N as i32, return]    what it takes, in its order
//! threads = [M, N] · grid = [M, N]     threads, or blocks, in x, y and z
//! block = [16, 16] · shared = 4 * N    threads of a block; dynamic shared memory in bytes
//! ```

use crate::valid::kernel as valid;
use crate::valid::native;
use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Expr, LitInt, LitStr, Path, Token, bracketed};

#[derive(Default)]
pub(crate) struct Options {
    /// The path of the crate, where it is not `::stratal`.
    pub(crate) krate: Option<Path>,
    pub(crate) file: Option<LitStr>,
    pub(crate) entry: Option<LitStr>,
    pub(crate) arguments: Option<(Ident, Vec<Argument>)>,
    pub(crate) threads: Option<(Ident, Vec<Expr>)>,
    pub(crate) grid: Option<(Ident, Vec<Expr>)>,
    pub(crate) block: Option<(Ident, Vec<Expr>)>,
    pub(crate) shared: Option<Expr>,
}

/// One of `arguments`.
pub(crate) enum Argument {
    /// `return`, or `return.1` of several.
    Result(Span, Option<LitInt>),
    /// A parameter, or a number that sizes decide.
    Value(Expr),
}

/// Every option, those that need `file` from the second on.
const KNOWN: [&str; 8] = ["crate", "file", "entry", "arguments", "threads", "grid", "block", "shared"];

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut options = Self::default();
        let mut seen: Vec<Ident> = Vec::new();
        while !input.is_empty() {
            let option = input.call(<Ident as IdentExt>::parse_any)?;
            let name = option.to_string();
            if !KNOWN.contains(&name.as_str()) {
                return Err(crate::valid::unknown_option(&option, &KNOWN));
            }
            if seen.contains(&option) {
                return Err(crate::valid::repeated_option(&option));
            }
            if !input.peek(Token![=]) {
                return Err(valid::option_needs_value(&option));
            }
            input.parse::<Token![=]>()?;
            options.take(&option, &name, input)?;
            seen.push(option);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        let alone = seen.iter().find(|option| *option != "crate").filter(|_| options.file.is_none());
        match alone {
            Some(option) => Err(native::option_without_file(option)),
            None => Ok(options),
        }
    }
}

impl Options {
    fn take(&mut self, option: &Ident, name: &str, input: ParseStream<'_>) -> syn::Result<()> {
        match name {
            "crate" => self.krate = Some(input.call(Path::parse_mod_style)?),
            "file" => self.file = Some(text(option, input)?),
            "entry" => self.entry = Some(text(option, input)?),
            "arguments" => {
                let inside = list(option, input)?;
                let all = Punctuated::<Argument, Token![,]>::parse_terminated(&inside)?;
                self.arguments = Some((option.clone(), all.into_iter().collect()));
            }
            "threads" => self.threads = Some((option.clone(), axes(option, input)?)),
            "grid" => self.grid = Some((option.clone(), axes(option, input)?)),
            "block" => self.block = Some((option.clone(), axes(option, input)?)),
            _ => self.shared = Some(value(option, input)?),
        }
        Ok(())
    }
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if !input.peek(Token![return]) {
            return Ok(Self::Value(input.parse()?));
        }
        let word = input.parse::<Token![return]>()?;
        let dot = input.parse::<Option<Token![.]>>()?;
        let number = if dot.is_some() { Some(input.parse()?) } else { None };
        Ok(Self::Result(word.span, number))
    }
}

fn text(option: &Ident, input: ParseStream<'_>) -> syn::Result<LitStr> {
    let mut written = value(option, input)?;
    // What a macro passes on stands in an invisible group.
    while let Expr::Group(group) = written {
        written = *group.expr;
    }
    match written {
        Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Ok(text),
        other => Err(native::not_a_text(option, &other)),
    }
}

fn value(option: &Ident, input: ParseStream<'_>) -> syn::Result<Expr> {
    if input.is_empty() || input.peek(Token![,]) {
        return Err(valid::option_needs_value(option));
    }
    input.parse()
}

fn list<'a>(option: &Ident, input: ParseStream<'a>) -> syn::Result<syn::parse::ParseBuffer<'a>> {
    if !input.peek(syn::token::Bracket) {
        let written: TokenStream = value(option, input)?.to_token_stream();
        return Err(native::not_a_list(&written));
    }
    let inside;
    bracketed!(inside in input);
    Ok(inside)
}

/// One to three numbers; one alone needs no brackets.
fn axes(option: &Ident, input: ParseStream<'_>) -> syn::Result<Vec<Expr>> {
    if !input.peek(syn::token::Bracket) {
        return Ok(vec![value(option, input)?]);
    }
    let inside = list(option, input)?;
    let all: Vec<Expr> = Punctuated::<Expr, Token![,]>::parse_terminated(&inside)?.into_iter().collect();
    if !(1..=3).contains(&all.len()) {
        return Err(native::axis_count(option, all.len()));
    }
    Ok(all)
}
