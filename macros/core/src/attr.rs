//! The options of `#[params(…)]` on a struct and of `#[param(…)]` on a field.

use crate::ast::whole_item;
use crate::valid;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Expr, Ident, LitStr, Meta, Path, Token};

/// Options of the struct.
#[derive(Default)]
pub(crate) struct StructOptions {
    /// Goes before the names of all fields.
    pub(crate) prefix: Option<LitStr>,
    /// Whether tensors below the struct may go unused.
    pub(crate) allow_unused: bool,
    /// The path of the crate, where it is not `::stratal`.
    pub(crate) krate: Option<Path>,
}

/// Options of one field.
#[derive(Default)]
pub(crate) struct FieldOptions {
    /// The name in the source, where it is not the field's.
    pub(crate) rename: Option<LitStr>,
    /// Whether the field is not loaded but defaulted.
    pub(crate) skip: bool,
}

impl StructOptions {
    pub(crate) fn new(attributes: &[Attribute]) -> Result<Self, Error> {
        let mut options = Self::default();
        let mut errors = Errors::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("param")) {
            errors.push(valid::belongs_on_field(attribute));
        }
        let known = ["prefix", "allow_unused", "crate"];
        for written in errors.options(attributes, "params", "prefix = \"model\"", &known) {
            let taken = match written.canonical() {
                "prefix" => written.name().map(|name| options.prefix = Some(name)),
                "crate" => written.path().map(|path| options.krate = Some(path)),
                _ => written.flag().map(|()| options.allow_unused = true),
            };
            errors.note(taken);
        }
        errors.finish(options)
    }
}

impl FieldOptions {
    pub(crate) fn new(attributes: &[Attribute]) -> Result<Self, Error> {
        let mut options = Self::default();
        let mut errors = Errors::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("params")) {
            errors.push(valid::belongs_on_struct(attribute));
        }
        let known = ["rename", "name", "skip"];
        let written = errors.options(attributes, "param", "rename = \"weight\"", &known);
        if let [first, second, ..] = written.as_slice() {
            errors.push(valid::excluding_options(&second.option, &first.option));
        }
        for written in written {
            let taken = match written.canonical() {
                "rename" => written.name().map(|name| options.rename = Some(name)),
                _ => written.flag().map(|()| options.skip = true),
            };
            errors.note(taken);
        }
        errors.finish(options)
    }
}

/// One option as it was written: `option` or `option = value`.
struct Written {
    option: Ident,
    value: Option<Expr>,
}

impl Parse for Written {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        whole_item(input, Self::parse_prefix, valid::not_an_option)
    }
}

impl Written {
    fn parse_prefix(input: ParseStream<'_>) -> syn::Result<Self> {
        let option = input.call(Ident::parse_any)?;
        let value = input.parse::<Option<Token![=]>>()?.map(|_| input.parse()).transpose()?;
        Ok(Self { option, value })
    }

    /// The option's name, one for each meaning: `name` is another word for `rename`.
    fn canonical(&self) -> &'static str {
        match self.option.to_string().as_str() {
            "rename" | "name" => "rename",
            "prefix" => "prefix",
            "crate" => "crate",
            "skip" => "skip",
            _ => "allow_unused",
        }
    }

    /// The value as a tensor name: parts between dots, none of them empty.
    fn name(&self) -> Result<LitStr, Error> {
        let Some(Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(name), .. })) = &self.value else {
            return Err(valid::option_needs_name(&self.option));
        };
        if name.value().split('.').any(str::is_empty) {
            return Err(valid::bad_name(name));
        }
        Ok(name.clone())
    }

    fn path(&self) -> Result<Path, Error> {
        match &self.value {
            Some(Expr::Path(syn::ExprPath { qself: None, path, .. })) => Ok(path.clone()),
            _ => Err(valid::option_needs_path(&self.option)),
        }
    }

    fn flag(&self) -> Result<(), Error> {
        if self.value.is_some() { Err(valid::option_takes_nothing(&self.option)) } else { Ok(()) }
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

    /// The options in all attributes called `name`; unknown and repeated ones are noted and left out.
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
                if !known.iter().any(|option| written.option == option) {
                    self.push(valid::unknown_option(&written.option, known));
                } else if options.iter().any(|other| other.option == written.option) {
                    self.push(valid::repeated_option(&written.option));
                } else {
                    options.push(written);
                }
            }
        }
        options
    }
}
