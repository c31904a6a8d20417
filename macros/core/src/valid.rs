//! Every message of the macros, each made where the offending token is known.
//!
//! A message says what is wrong in one sentence and, where there is one, what to write instead.

pub(crate) mod kernel;
pub(crate) mod native;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use std::fmt::Display;
use syn::{Error, Ident};

/// Most axes a shape can have.
pub(crate) const MAX_RANK: usize = 6;

/// `error` is that of parsing the item.
pub(crate) fn unreadable(error: &Error) -> Error {
    Error::new(error.span(), format!("{error}; a shape is written `Shape![N, M]`"))
}

/// `what` names the kind of item, with its article.
pub(crate) fn not_loadable(item: &Ident, what: &str) -> Error {
    let works = "`#[derive(Params)]` works on structs with named fields and on enums";
    Error::new(item.span(), format!("{works}; `{item}` is {what}"))
}

pub(crate) fn no_variants(item: &Ident) -> Error {
    Error::new(item.span(), format!("`{item}` has no variant that could be loaded"))
}

pub(crate) fn borrows(item: &Ident, lifetime: &syn::Lifetime) -> Error {
    Error::new(
        lifetime.span(),
        format!("parameters own what they load: `{item}` cannot have the lifetime `{lifetime}`"),
    )
}

pub(crate) fn unnamed_fields(variant: &Ident, fields: usize) -> Error {
    let rule = "a variant has named fields, one unnamed parameter, or none";
    Error::new(variant.span(), format!("{rule}; `{variant}` has {fields} unnamed ones"))
}

pub(crate) fn unnamed_options(attribute: &syn::Attribute) -> Error {
    Error::new_spanned(attribute, "an unnamed parameter has no options; give the field a name")
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

pub(crate) fn belongs_on_struct(attribute: &syn::Attribute) -> Error {
    Error::new_spanned(attribute, "`#[params(…)]` belongs on the struct; a field takes `#[param(…)]`")
}

pub(crate) fn belongs_on_field(attribute: &syn::Attribute) -> Error {
    Error::new_spanned(attribute, "`#[param(…)]` belongs on a field; the item takes `#[params(…)]`")
}

pub(crate) fn option_needs_field(option: &Ident) -> Error {
    Error::new(option.span(), format!("`{option}` takes a field: `{option} = embed`"))
}

pub(crate) fn option_needs_number(option: &Ident) -> Error {
    Error::new(option.span(), format!("`{option}` takes a number or a constant: `{option} = 32`"))
}

pub(crate) fn option_needs_comparison(option: &Ident) -> Error {
    Error::new(option.span(), format!("`{option}` takes a comparison: `{option}(H * HD == D)`"))
}

pub(crate) fn not_a_comparison(written: &TokenStream) -> Error {
    Error::new_spanned(written, format!("`{written}` is not a comparison: write `require(H * HD == D)`"))
}

pub(crate) fn required_type(param: &Ident) -> Error {
    Error::new(param.span(), format!("`{param}` is a type; `require` compares constants"))
}

pub(crate) fn unknown_case(case: &syn::LitStr, known: &[&str]) -> Error {
    let written = case.value();
    let hint = match nearest(&written, known) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("the cases are {}", list(known)),
    };
    Error::new(case.span(), format!("unknown case \"{written}\"; {hint}"))
}

pub(crate) fn empty_tier(tier: &syn::LitStr) -> Error {
    Error::new(tier.span(), "a tier name cannot be empty")
}

/// `times` says how often `{i}` stands in the pattern.
pub(crate) fn bad_pattern(pattern: &syn::LitStr, times: usize) -> Error {
    let message = if times == 0 {
        "`each` names every element: write `{i}` where its number stands, as in \"layers.{i}\""
    } else {
        "`each` counts in one place: `{i}` stands once"
    };
    Error::new(pattern.span(), message)
}

pub(crate) fn len_without_each(option: &Ident) -> Error {
    Error::new(option.span(), "`len` counts the elements of `each`, which is not given")
}

pub(crate) fn array_with_len(option: &Ident) -> Error {
    Error::new(option.span(), "an array has its length in its type; leave `len` out")
}

pub(crate) fn tied_to_nothing(field: &Ident, target: &Ident, fields: &[&Ident]) -> Error {
    let others = fields.iter().filter(|other| **other != field).map(ToString::to_string);
    let others: Vec<String> = others.collect();
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    let hint = nearest(&target.to_string(), &others).map(|meant| format!("; did you mean `{meant}`?"));
    let hint = hint.unwrap_or_default();
    Error::new(target.span(), format!("`{field}` is tied to `{target}`, which is not a field{hint}"))
}

pub(crate) fn tied_to_itself(field: &Ident, target: &Ident) -> Error {
    Error::new(target.span(), format!("`{field}` is tied to itself"))
}

pub(crate) fn tied_in_a_circle(field: &Ident, target: &Ident) -> Error {
    let message = format!("`{field}` and `{target}` are tied to each other, so neither is loaded");
    Error::new(target.span(), message)
}

pub(crate) fn tied_to_tied(field: &Ident, target: &Ident, root: &Ident) -> Error {
    let message = format!("`{field}` is tied to `{target}`, which is tied itself; tie it to `{root}`");
    Error::new(target.span(), message)
}

pub(crate) fn tied_to_skipped(field: &Ident, target: &Ident) -> Error {
    Error::new(target.span(), format!("`{field}` is tied to `{target}`, which is not loaded"))
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
