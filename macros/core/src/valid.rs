//! Every message of the macros, each made where the offending token is known.
//!
//! A message says what is wrong in one sentence and, where there is one, what to write instead.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use std::fmt::Display;
use syn::{Error, Ident};

/// Most axes a shape can have.
pub(crate) const MAX_RANK: usize = 6;

/// `what` names the kind of item, with its article.
pub(crate) fn not_a_struct(item: &Ident, what: &str) -> Error {
    Error::new(
        item.span(),
        format!("`#[derive(Params)]` works on structs with named fields; `{item}` is {what}"),
    )
}

pub(crate) fn unknown_option(option: &Ident, known: &[&str]) -> Error {
    let hint = match nearest(&option.to_string(), known) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("the options are {}", list(known)),
    };
    Error::new(option.span(), format!("unknown option `{option}`; {hint}"))
}

pub(crate) fn not_an_option(written: &TokenStream) -> Error {
    Error::new_spanned(written, format!("`{written}` is not an option: write `option` or `option = value`"))
}

pub(crate) fn repeated_option(option: &Ident) -> Error {
    Error::new(option.span(), format!("option `{option}` is given twice"))
}

pub(crate) fn excluding_options(option: &Ident, other: &Ident) -> Error {
    Error::new(option.span(), format!("`{option}` and `{other}` exclude each other"))
}

pub(crate) fn option_needs_name(option: &Ident) -> Error {
    Error::new(option.span(), format!("`{option}` takes a name in quotes: `{option} = \"…\"`"))
}

pub(crate) fn option_needs_path(option: &Ident) -> Error {
    Error::new(option.span(), format!("`{option}` takes a path: `{option} = ::stratal`"))
}

pub(crate) fn option_takes_nothing(option: &Ident) -> Error {
    Error::new(option.span(), format!("`{option}` takes no value"))
}

pub(crate) fn bad_name(name: &syn::LitStr) -> Error {
    let value = name.value();
    let message = if value.is_empty() {
        "a tensor name cannot be empty".to_owned()
    } else {
        format!("\"{value}\" is not a tensor name: a part between dots is empty")
    };
    Error::new(name.span(), message)
}

pub(crate) fn needs_parentheses(attribute: &impl ToTokens, name: &str, example: &str) -> Error {
    Error::new_spanned(attribute, format!("options go in parentheses: `#[{name}({example})]`"))
}

pub(crate) fn belongs_on_struct(attribute: &impl ToTokens) -> Error {
    Error::new_spanned(attribute, "`#[params(…)]` belongs on the struct; a field takes `#[param(…)]`")
}

pub(crate) fn belongs_on_field(attribute: &impl ToTokens) -> Error {
    Error::new_spanned(attribute, "`#[param(…)]` belongs on a field; the struct takes `#[params(…)]`")
}

/// Two errors: one at the second field, one at the first.
pub(crate) fn same_name(first: (&Ident, Span), second: (&Ident, Span), name: &str) -> Error {
    let message = format!("`{}` and `{}` both load from \"{name}\"", first.0, second.0);
    let mut error = Error::new(second.1, message);
    error.combine(Error::new(first.1, format!("\"{name}\" is first used here")));
    error
}

pub(crate) fn not_a_dimension(written: &impl ToTokens) -> Error {
    let text = written.to_token_stream().to_string();
    let rule = "write a number, a dimension name, `{CONST}` or `_`, separated by commas";
    Error::new_spanned(written, format!("`{text}` is not a dimension: {rule}"))
}

pub(crate) fn missing_item(comma: Span) -> Error {
    Error::new(comma, "nothing stands before this comma")
}

pub(crate) fn rank_too_high(first_beyond: &impl ToTokens, rank: usize) -> Error {
    Error::new_spanned(
        first_beyond,
        format!("this shape has {rank} dimensions; at most {MAX_RANK} are possible"),
    )
}

pub(crate) fn not_a_dimension_name(written: &impl ToTokens) -> Error {
    let text = written.to_token_stream().to_string();
    Error::new_spanned(
        written,
        format!("`{text}` is not a dimension name: write `dims! {{ Batch, pub Seq }}`"),
    )
}

pub(crate) fn not_camel_case(name: &Ident) -> Error {
    Error::new(name.span(), format!("dimension `{name}`: use UpperCamelCase"))
}

pub(crate) fn repeated_dimension(name: &Ident) -> Error {
    Error::new(name.span(), format!("dimension `{name}` is declared twice"))
}

/// `a`, `b` and `c`.
fn list(words: &[impl Display]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// The word with the fewest edits from `found`, if these are at most half of it.
fn nearest<'a>(found: &str, words: &[&'a str]) -> Option<&'a str> {
    let distances = words.iter().map(|word| (edits(found, word), *word));
    distances.min().filter(|(distance, _)| *distance <= found.len() / 2).map(|(_, word)| word)
}

/// Fewest insertions, deletions and replacements of bytes that turn `a` into `b`.
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests;
