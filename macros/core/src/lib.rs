//! Parsing, checking and expanding the macros of stratal, as a plain library: callable by tests and fuzzing.
//!
//! ```text
//! tokens ─ ast, attr ─> what was written ─ valid ─> what may be written ─ expand ─> code
//!                             └─ any error: every message, at its token, as `compile_error!`
//! ```
//!
//! Every message is made in `valid`, and nothing here panics, whatever the tokens are.

mod ast;
mod attr;
mod expand;
mod kernel;
mod valid;

use proc_macro2::TokenStream;

/// `#[derive(Params)]`: implements `Params` for a struct with named fields, or an enum of such. What is refused gets an
/// implementation that loads nothing, so that code around it has no second error.
#[must_use]
pub fn derive_params(input: TokenStream) -> TokenStream {
    let input: syn::DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        // Only what rustc could not parse either comes here, recovered as well as it can.
        Err(error) => return valid::unreadable(&error).to_compile_error(),
    };
    if let Some(nameless) = ast::nameless(&input) {
        let error = syn::Error::new(nameless.span(), "expected a name");
        return valid::unreadable(&error).to_compile_error();
    }
    match ast::ParamItem::new(&input) {
        Ok(item) => expand::params(&item),
        Err(errors) => {
            let mut emitted = errors.to_compile_error();
            emitted.extend(expand::refused_params(&input));
            emitted
        }
    }
}

/// `Shape![O, 512, {2 * K}, _]`: the tuple of dimensions. The tokens begin with a bracket that holds the path of
/// the crate's private module.
#[must_use]
pub fn shape(input: TokenStream) -> TokenStream {
    or_errors(syn::parse2(input).map(|shape: ast::Pathed<ast::ShapeDims>| expand::shape(&shape)))
}

/// `dims! { Batch, pub Seq }`: a type per named dimension. The tokens begin as those of [`shape`].
#[must_use]
pub fn dims(input: TokenStream) -> TokenStream {
    or_errors(syn::parse2(input).map(|dims: ast::Pathed<ast::NamedDims>| expand::dims(&dims)))
}

/// `tensor![[1.0, 2.0], [3.0, 4.0]]`: a tensor of these elements. The tokens begin as those of [`shape`].
#[must_use]
pub fn tensor(input: TokenStream) -> TokenStream {
    or_errors(syn::parse2(input).map(|literal: ast::Pathed<ast::TensorLiteral>| expand::tensor(&literal)))
}

/// `#[kernel]` on a function: what it says, as a call that runs on the host or on a device. `options` are those of the
/// attribute. What is refused becomes a function of the same signature, so that calls of it have no second error.
#[must_use]
pub fn kernel(options: TokenStream, item: TokenStream) -> TokenStream {
    kernel::attribute(options, item, &kernel::files)
}

/// As [`kernel()`], with `text` for the content of any file that `options` names: for tests and fuzzing.
#[must_use]
pub fn kernel_of_text(options: TokenStream, item: TokenStream, text: &str) -> TokenStream {
    let files = |file: &str| Ok(kernel::wrapper::File { path: file.into(), text: text.to_owned() });
    kernel::attribute(options, item, &files)
}

/// `kernel! { fn … }`: as [`kernel()`], with shapes in brackets and tensors without `&`. The tokens begin as those of
/// [`shape`].
#[must_use]
pub fn kernel_verbatim(input: TokenStream) -> TokenStream {
    kernel::verbatim(input, &kernel::files)
}

fn or_errors(expanded: syn::Result<TokenStream>) -> TokenStream {
    expanded.unwrap_or_else(|errors| errors.to_compile_error())
}

#[cfg(test)]
mod tests;
