//! The options of `#[params(…)]` on a struct, enum or variant and of `#[param(…)]` on a field.

mod case;
mod require;

pub(crate) use case::Case;
pub(crate) use require::Require;

use crate::ast::whole_item;
use crate::valid;
use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Expr, Ident, LitStr, Member, Meta, Path, Token};

/// Options of the struct or enum.
#[derive(Default)]
pub(crate) struct ItemOptions {
    /// Goes before the names of all fields.
    pub(crate) prefix: Option<LitStr>,
    /// How names come from those of fields.
    pub(crate) case: Case,
    /// Whether tensors below the struct may go unused.
    pub(crate) allow_unused: bool,
    /// The path of the crate, where it is not `::stratal`.
    pub(crate) krate: Option<Path>,
    /// What must hold among constants.
    pub(crate) requires: Vec<Require>,
}

/// Options of one variant.
#[derive(Default)]
pub(crate) struct VariantOptions {
    /// Goes before the names of its fields.
    pub(crate) prefix: Option<LitStr>,
}

/// Options of one field.
#[derive(Default)]
pub(crate) struct FieldOptions {
    /// The name in the source, where it is not the field's.
    pub(crate) rename: Option<LitStr>,
    /// Whether the field is not loaded but defaulted.
    pub(crate) skip: bool,
    /// Whether nothing need be there.
    pub(crate) optional: bool,
    /// The names of its elements.
    pub(crate) each: Option<LitStr>,
    /// How many elements, and the option that says so.
    pub(crate) len: Option<(Ident, Expr)>,
    /// The path of fields whose tensors it shares.
    pub(crate) tied: Option<Vec<Ident>>,
    /// The tier it is to be in.
    pub(crate) tier: Option<LitStr>,
}

impl ItemOptions {
    pub(crate) fn new(attributes: &[Attribute]) -> Result<Self, Error> {
        let mut options = Self::default();
        let mut errors = Errors::default();
        errors.refuse(attributes, "param", valid::belongs_on_field);
        let known = ["prefix", "rename_all", "require", "allow_unused", "crate"];
        for written in errors.options(attributes, "params", "prefix = \"model\"", &known) {
            let taken = match written.option.to_string().as_str() {
                "prefix" => written.name().map(|name| options.prefix = Some(name)),
                "rename_all" => written.case().map(|case| options.case = case),
                "require" => written.require().map(|require| options.requires.push(require)),
                "crate" => written.path().map(|path| options.krate = Some(path)),
                _ => written.flag().map(|()| options.allow_unused = true),
            };
            errors.note(taken);
        }
        errors.finish(options)
    }
}

impl VariantOptions {
    pub(crate) fn new(attributes: &[Attribute]) -> Result<Self, Error> {
        let mut options = Self::default();
        let mut errors = Errors::default();
        errors.refuse(attributes, "param", valid::belongs_on_field);
        for written in errors.options(attributes, "params", "prefix = \"model\"", &["prefix"]) {
            let taken = written.name().map(|name| options.prefix = Some(name));
            errors.note(taken);
        }
        errors.finish(options)
    }
}

/// Whether two options of a field exclude each other: a field that is skipped or tied has nothing to load, and one
/// has one name.
fn exclude(a: &str, b: &str) -> bool {
    let names = |word: &str| word == "name" || word == "rename";
    let with = |word: &str| a == word || b == word;
    let either_names = names(a) || names(b);
    with("skip") || with("tied") && !either_names || with("each") && either_names || names(a) && names(b)
}

impl FieldOptions {
    pub(crate) fn new(attributes: &[Attribute]) -> Result<Self, Error> {
        let mut options = Self::default();
        let mut errors = Errors::default();
        errors.refuse(attributes, "params", valid::belongs_on_struct);
        let known = ["rename", "name", "optional", "tied", "each", "len", "tier", "skip"];
        let written = errors.options(attributes, "param", "rename = \"weight\"", &known);
        for (at, second) in written.iter().enumerate() {
            let excluded = |first: &&Written| exclude(&first.option.to_string(), &second.option.to_string());
            if let Some(first) = written[..at].iter().find(excluded) {
                errors.push(valid::excluding_options(&second.option, &first.option));
            }
        }
        let each = written.iter().any(|written| written.option == "each");
        for written in written {
            let taken = match written.option.to_string().as_str() {
                "rename" | "name" => written.name().map(|name| options.rename = Some(name)),
                "optional" => written.flag().map(|()| options.optional = true),
                "tied" => written.fields().map(|fields| options.tied = Some(fields)),
                "each" => written.pattern().map(|pattern| options.each = Some(pattern)),
                "len" if !each => Err(valid::len_without_each(&written.option)),
                "len" => written.number().map(|len| options.len = Some((written.option.clone(), len))),
                "tier" => written.tier().map(|tier| options.tier = Some(tier)),
                _ => written.flag().map(|()| options.skip = true),
            };
            errors.note(taken);
        }
        errors.finish(options)
    }
}

/// One option as it was written.
struct Written {
    option: Ident,
    value: Value,
}

/// What stands behind an option.
enum Value {
    /// Nothing: `option`.
    None,
    /// `option = value`
    Equals(Expr),
    /// `option(tokens)`
    Parentheses(TokenStream),
}

impl Parse for Written {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        whole_item(input, Self::parse_prefix, valid::not_an_option)
    }
}

impl Written {
    fn parse_prefix(input: ParseStream<'_>) -> syn::Result<Self> {
        let option = input.call(Ident::parse_any)?;
        let value = if input.peek(syn::token::Paren) {
            let inside;
            syn::parenthesized!(inside in input);
            Value::Parentheses(inside.parse()?)
        } else if input.parse::<Option<Token![=]>>()?.is_some() {
            Value::Equals(ungrouped(input.parse()?))
        } else {
            Value::None
        };
        Ok(Self { option, value })
    }

    /// The value as text.
    fn text(&self) -> Option<&LitStr> {
        match &self.value {
            Value::Equals(Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. })) => Some(text),
            _ => None,
        }
    }

    /// The value as a tensor name: parts between dots, none of them empty.
    fn name(&self) -> Result<LitStr, Error> {
        let name = self.text().ok_or_else(|| valid::option_needs_name(&self.option))?;
        if name.value().split('.').any(str::is_empty) {
            return Err(valid::bad_name(name));
        }
        Ok(name.clone())
    }

    /// The value as a pattern of tensor names, with `{i}` once.
    fn pattern(&self) -> Result<LitStr, Error> {
        let pattern = self.name()?;
        let text = pattern.value();
        match text.matches("{i}").count() {
            1 => Ok(pattern),
            times => Err(valid::bad_pattern(&pattern, times)),
        }
    }

    fn tier(&self) -> Result<LitStr, Error> {
        let tier = self.text().ok_or_else(|| valid::option_needs_name(&self.option))?;
        if tier.value().is_empty() { Err(valid::empty_tier(tier)) } else { Ok(tier.clone()) }
    }

    fn case(&self) -> Result<Case, Error> {
        let case = self.text().ok_or_else(|| valid::option_needs_name(&self.option))?;
        Case::of(&case.value()).ok_or_else(|| valid::unknown_case(case, &Case::NAMES))
    }

    fn path(&self) -> Result<Path, Error> {
        match &self.value {
            Value::Equals(Expr::Path(syn::ExprPath { qself: None, path, .. })) => Ok(path.clone()),
            _ => Err(valid::option_needs_path(&self.option)),
        }
    }

    /// The value as a path of fields, `embed.weight`.
    fn fields(&self) -> Result<Vec<Ident>, Error> {
        let Value::Equals(value) = &self.value else { return Err(valid::option_needs_field(&self.option)) };
        let (mut fields, mut at) = (Vec::new(), value);
        loop {
            match at {
                Expr::Path(path) if path.qself.is_none() && path.path.get_ident().is_some() => {
                    fields.extend(path.path.get_ident().cloned());
                    fields.reverse();
                    return Ok(fields);
                }
                Expr::Field(syn::ExprField { base, member: Member::Named(field), .. }) => {
                    fields.push(field.clone());
                    at = base;
                }
                _ => return Err(valid::option_needs_field(&self.option)),
            }
        }
    }

    /// The value as the number of something.
    fn number(&self) -> Result<Expr, Error> {
        match &self.value {
            Value::Equals(Expr::Lit(syn::ExprLit { lit, .. })) if !matches!(lit, syn::Lit::Int(_)) => {
                Err(valid::option_needs_number(&self.option))
            }
            Value::Equals(value) => Ok(value.clone()),
            _ => Err(valid::option_needs_number(&self.option)),
        }
    }

    fn require(&self) -> Result<Require, Error> {
        match &self.value {
            Value::Parentheses(tokens) if !tokens.is_empty() => Require::new(tokens),
            _ => Err(valid::option_needs_comparison(&self.option)),
        }
    }

    fn flag(&self) -> Result<(), Error> {
        if matches!(self.value, Value::None) {
            Ok(())
        } else {
            Err(valid::option_takes_nothing(&self.option))
        }
    }
}

/// A value that `macro_rules!` passed on, without the invisible group around it.
fn ungrouped(value: Expr) -> Expr {
    match value {
        Expr::Group(group) => ungrouped(*group.expr),
        value => value,
    }
}

/// Errors, so that one compilation shows all of them.
#[derive(Default)]
pub(crate) struct Errors(Option<Error>);

impl Errors {
    pub(crate) fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// The value, or none and its error noted.
    pub(crate) fn note<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// The value, if no error was noted.
    pub(crate) fn finish<T>(self, value: T) -> Result<T, Error> {
        self.0.map_or(Ok(value), Err)
    }

    /// Notes every attribute called `name`, which belongs elsewhere.
    fn refuse(&mut self, attributes: &[Attribute], name: &str, refusal: fn(&Attribute) -> Error) {
        attributes.iter().filter(|attribute| attribute.path().is_ident(name)).for_each(|attribute| {
            self.push(refusal(attribute));
        });
    }

    /// The options in all attributes called `name`; unknown and repeated ones are noted and left out. `require` may
    /// be repeated.
    fn options(
        &mut self,
        attributes: &[Attribute],
        name: &str,
        example: &str,
        known: &[&str],
    ) -> Vec<Written> {
        let mut options: Vec<Written> = Vec::new();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(name)) {
            let Meta::List(list) = &attribute.meta else {
                self.push(valid::needs_parentheses(attribute, name, example));
                continue;
            };
            let parsed = list.parse_args_with(Punctuated::<Written, Token![,]>::parse_terminated);
            for written in self.note(parsed).into_iter().flatten() {
                let repeatable = written.option == "require";
                if !known.iter().any(|option| written.option == option) {
                    self.push(valid::unknown_option(&written.option, known));
                } else if !repeatable && options.iter().any(|other| other.option == written.option) {
                    self.push(valid::repeated_option(&written.option));
                } else {
                    options.push(written);
                }
            }
        }
        options
    }
}
