//! Every message about the signature of a kernel and about what stands in its body, made where the token is known.
//!
//! A message says what is wrong and names the nearest form that a kernel can have.

use super::{list, nearest};
use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use std::fmt::Display;
use syn::spanned::Spanned;
use syn::{BinOp, Error, Expr, Ident, Lit, LitInt, Pat, Path};

fn at(tokens: &impl ToTokens, message: impl Display) -> Error {
    Error::new_spanned(tokens, message)
}

fn text(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string()
}

/// `did you mean …?`, or all there are.
fn hint(found: &str, known: &[&str]) -> String {
    match nearest(found, known) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("there are {}", list(known)),
    }
}

// The signature.

pub(crate) fn qualified(word: &Ident) -> Error {
    Error::new(word.span(), format!("a kernel is a plain `fn`; leave `{word}` out"))
}

pub(crate) fn not_a_function(span: Span) -> Error {
    Error::new(span, "`kernel` works on functions: write `fn name(…) { … }`")
}

pub(crate) fn generic(span: Span) -> Error {
    let rule = "dimensions of a kernel need no declaration";
    Error::new(span, format!("{rule}: an upper-case name in a shape is one, and elements are concrete types"))
}

pub(crate) fn bounded(span: Span) -> Error {
    Error::new(span, "a kernel has no `where`: its types are numbers and tensors of them")
}

pub(crate) fn attributed(attribute: &syn::Attribute) -> Error {
    at(attribute, "a parameter of a kernel has no attributes")
}

pub(crate) fn method(span: Span) -> Error {
    Error::new(span, "a kernel is a free function: it cannot take `self`")
}

pub(crate) fn variadic(span: Span) -> Error {
    Error::new(span, "a kernel takes a fixed number of parameters; leave `...` out")
}

pub(crate) fn repeated_parameter(name: &Ident) -> Error {
    Error::new(name.span(), format!("parameter `{name}` is declared twice"))
}

pub(crate) fn lifetime(span: Span) -> Error {
    Error::new(span, "a kernel borrows for the call only: leave the lifetime out")
}

pub(crate) fn by_value(tensor: &Path) -> Error {
    at(tensor, "tensors are borrowed by kernels: `&Tensor` to read, `&mut Tensor` to write")
}

pub(crate) fn borrowed_number(span: Span, number: &str) -> Error {
    Error::new(span, format!("numbers are passed by value: write `{number}` without `&`"))
}

pub(crate) fn not_a_kernel_type(name: &Ident, path: &Path) -> Error {
    let rule = "a parameter is `&Tensor<f32, {[N, M]}>`, `&mut Tensor<…>` or a number such as `f32`";
    at(path, format!("`{name}` cannot be a `{}`: {rule}", text(path)))
}

pub(crate) fn bare_tensor(tensor: &Path) -> Error {
    at(tensor, "a tensor names its elements and its shape: `Tensor<f32, {[N, M]}>`")
}

pub(crate) fn not_an_element(path: &Path, known: &[&str]) -> Error {
    let hint = hint(&text(path), known);
    at(path, format!("kernels cannot compute with elements of type `{}`; {hint}", text(path)))
}

pub(crate) fn no_shape(tensor: &Path) -> Error {
    at(tensor, "this tensor says nothing about its shape: write `Tensor<f32, {[N, M]}>`")
}

pub(crate) fn other_layout(layout: &Path) -> Error {
    at(layout, "tensors of a kernel are row-major; `to_layout::<RowMajor>()` copies one of another order")
}

pub(crate) fn unbound(name: &Ident) -> Error {
    Error::new(name.span(), format!("dimension `{name}` appears only in the result; bind it in a parameter"))
}

pub(crate) fn unknown_result(span: Span) -> Error {
    Error::new(
        span,
        "the size of a result must be known: write a dimension of a parameter or a number, not `_`",
    )
}

pub(crate) fn constant_result(block: &syn::Block) -> Error {
    at(
        block,
        "a constant in braces cannot be a size of the result: write the number, or a dimension of a parameter",
    )
}

pub(crate) fn borrowed_result(span: Span) -> Error {
    Error::new(span, "a kernel returns new tensors: leave `&` out, or take a parameter `&mut Tensor`")
}

pub(crate) fn not_a_result(path: &Path) -> Error {
    let rule = "a kernel returns `Tensor<…>` or a tuple of them; a single number is `Tensor<f32, {[]}>`";
    at(path, format!("`{}` cannot be returned: {rule}", text(path)))
}

pub(crate) fn patterned(span: Span) -> Error {
    Error::new(span, "a parameter of a kernel is a plain name")
}

pub(crate) fn not_a_type(written: &TokenStream, span: Span) -> Error {
    let rule = "write `&Tensor<f32, {[N, M]}>` or a number such as `f32`";
    let message = format!("`{written}` is not a type that a kernel takes: {rule}");
    if written.is_empty() { Error::new(span, message) } else { at(written, message) }
}

pub(crate) fn not_a_kernel_dimension(written: &impl ToTokens) -> Error {
    let rule = "write an upper-case name, a number, `{CONST}` or `_`, separated by commas";
    at(written, format!("`{}` is not a dimension of a kernel: {rule}", text(written)))
}

pub(crate) fn not_a_kernel_shape(written: &TokenStream, span: Span) -> Error {
    let message = format!("`{written}` is not a shape: write `{{[N, M]}}`, `(N, M)` or `Shape![N, M]`");
    if written.is_empty() { Error::new(span, message) } else { at(written, message) }
}

pub(crate) fn bare_brackets(span: Span) -> Error {
    Error::new(span, "under `#[kernel]` a list in brackets stands in braces: write `{[N]}`")
}

pub(crate) fn no_body(name: &Ident) -> Error {
    let rule = "or a file that does: `#[kernel(file = \"kernels/step.cu\")]`";
    Error::new(name.span(), format!("`{name}` needs a body that says what it computes, {rule}"))
}

pub(crate) fn option_needs_value(option: &Ident) -> Error {
    let example = match option.to_string().as_str() {
        "crate" => "::stratal",
        "file" => "\"kernels/step.cu\"",
        "entry" => "\"step\"",
        "arguments" => "[x, N, return]",
        "threads" | "grid" => "[M, N]",
        "block" => "256",
        _ => "4 * N",
    };
    Error::new(option.span(), format!("`{option}` takes a value here: `{option} = {example}`"))
}

pub(crate) fn after_the_function(span: Span) -> Error {
    Error::new(span, "nothing may follow the function here")
}

// Statements.

pub(crate) fn not_a_name(pattern: &Pat) -> Error {
    at(pattern, format!("`{}` is not a plain name, and patterns have no place in a kernel", text(pattern)))
}

pub(crate) fn mutable_at_top(span: Span) -> Error {
    Error::new(span, "what the whole kernel shares does not change: leave `mut` out")
}

pub(crate) fn uninitialised(name: &Ident) -> Error {
    Error::new(name.span(), format!("`{name}` needs a value where it is declared"))
}

pub(crate) fn let_else(otherwise: &Expr) -> Error {
    at(otherwise, "`let` always succeeds in a kernel: leave `else` out")
}

pub(crate) fn macro_call(path: &Path) -> Error {
    at(path, format!("macros such as `{}!` cannot be called in a kernel", text(path)))
}

pub(crate) fn nested_item(item: &syn::Item) -> Error {
    Error::new(first(item), "items cannot be declared in a kernel; it is one function")
}

pub(crate) fn no_result(end: Span) -> Error {
    Error::new(end, "the signature returns a tensor, but the body ends without one")
}

pub(crate) fn loop_at_top(over: &Expr) -> Error {
    let rule = "write `for [i, j] in out.dims()`, or a loop inside the function of an element";
    at(over, format!("a loop of the kernel itself goes over the elements of a tensor: {rule}"))
}

pub(crate) fn no_effect(expr: &Expr) -> Error {
    let rule = "here stand `let`, `out.assign(…)` and `for [i, j] in out.dims() { … }`";
    Error::new(first(expr), format!("this has no effect on a tensor: {rule}"))
}

pub(crate) fn argument_count(name: &Ident, wanted: usize, found: usize) -> Error {
    let plural = if wanted == 1 { "argument" } else { "arguments" };
    Error::new(name.span(), format!("`{name}` takes {wanted} {plural} in a kernel, {found} given"))
}

pub(crate) fn not_a_written_tensor(expr: &Expr) -> Error {
    at(expr, "only a parameter declared `&mut Tensor` is written; other tensors are made by `let`")
}

pub(crate) fn input_is_written(name: &Ident) -> Error {
    Error::new(name.span(), format!("`{name}` is an input; declare it `&mut Tensor` to write"))
}

pub(crate) fn unknown_name(name: &Ident, known: &[String]) -> Error {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let hint = nearest(&name.to_string(), &known).map(|meant| format!("; did you mean `{meant}`?"));
    let hint = hint.unwrap_or_default();
    Error::new(name.span(), format!("nothing in this kernel is called `{name}`{hint}"))
}

pub(crate) fn label(label: &syn::Label) -> Error {
    at(label, "loops of a kernel run to their end: leave the label out")
}

pub(crate) fn unexpected_result(expr: &Expr) -> Error {
    Error::new(
        first(expr),
        "the signature returns nothing: write `-> Tensor<…>`, or end the statement with `;`",
    )
}

pub(crate) fn result_count(expr: &Expr, wanted: usize, found: usize) -> Error {
    at(expr, format!("the signature returns {wanted} tensors, the body {found}"))
}

pub(crate) fn other_shape(expr: &Expr, found: &str, of: &str, wanted: &str) -> Error {
    let of = if of == "the result" { of.to_owned() } else { format!("`{of}`") };
    at(expr, format!("this tensor has the shape {found}, but {of} is declared {wanted}"))
}

pub(crate) fn other_element(expr: &Expr, found: &str, stored: &str, wanted: &str) -> Error {
    let rule = format!("convert in the function, `as {wanted}`");
    at(expr, format!("this tensor holds `{found}`, which is not what is stored as `{stored}`: {rule}"))
}

pub(crate) fn not_a_number_type(ty: &syn::Type, known: &[&str]) -> Error {
    at(ty, format!("a kernel does not compute in `{}`; there are {}", text(ty), list(known)))
}

// Tensors.

pub(crate) fn arithmetic_on_tensors(op: &BinOp) -> Error {
    let op_text = text(op);
    at(op, format!("`{op_text}` works on numbers; of two tensors write `zip(a, b, |x, y| x {op_text} y)`"))
}

pub(crate) fn not_a_tensor(expr: &Expr) -> Error {
    let rule =
        "a tensor is a name, or made by `map`, `zip`, `from_fn`, `matmul` or a reduction such as `sum`";
    Error::new(first(expr), format!("a tensor is expected here: {rule}"))
}

pub(crate) fn number_for_tensor(name: &Ident) -> Error {
    Error::new(name.span(), format!("`{name}` is a number, and a tensor is expected here"))
}

pub(crate) fn turbofish(arguments: &impl ToTokens) -> Error {
    at(arguments, "types are inferred in a kernel: leave `::<…>` out")
}

pub(crate) fn zip_arguments(name: &Ident) -> Error {
    Error::new(name.span(), "`zip` takes tensors and a function: `zip(a, b, |x, y| x + y)`")
}

pub(crate) fn not_a_matrix(name: &Ident, shape: &str) -> Error {
    Error::new(name.span(), format!("`{name}` swaps the axes of a matrix, this tensor has the shape {shape}"))
}

pub(crate) fn unknown_method(name: &Ident, known: &[&str]) -> Error {
    let hint = hint(&name.to_string(), known);
    Error::new(name.span(), format!("tensors have no method `{name}` in a kernel; {hint}"))
}

pub(crate) fn axis_missing(name: &Ident, found: usize) -> Error {
    let rule = format!("`{name}(1)`, or a dimension, `{name}(M)`");
    Error::new(name.span(), format!("`{name}` folds one axis, {found} are given: write its number, {rule}"))
}

pub(crate) fn no_such_axis(number: &LitInt, rank: usize, shape: &str) -> Error {
    at(number, format!("there is no axis {number}: the shape {shape} has {rank}, counted from 0"))
}

pub(crate) fn not_an_axis(expr: &Expr, name: &Ident) -> Error {
    at(expr, format!("an axis is a number or a dimension of the signature, as in `{name}(1)`"))
}

pub(crate) fn axis_not_there(expr: &Expr, shape: &str) -> Error {
    at(expr, format!("`{}` is not an axis of this tensor, which has the shape {shape}", text(expr)))
}

pub(crate) fn ambiguous_axis(expr: &Expr, shape: &str) -> Error {
    at(expr, format!("`{}` stands twice in {shape}: say the axis by its number", text(expr)))
}

pub(crate) fn folded_bools(name: &Ident) -> Error {
    Error::new(
        name.span(),
        format!("`{name}` folds numbers: `map` the `bool`s to numbers, as in `|x| x as u32`"),
    )
}

pub(crate) fn mean_of_integers(name: &Ident, number: &str) -> Error {
    Error::new(
        name.span(),
        format!("`mean` is for floats, this tensor holds `{number}`: `map` it with `as f32`"),
    )
}

pub(crate) fn unknown_function(name: &Ident, known: &[&str]) -> Error {
    let hint = hint(&name.to_string(), known);
    Error::new(name.span(), format!("no function `{name}` makes a tensor in a kernel; {hint}"))
}

pub(crate) fn not_a_factor(expr: &Expr, shape: &str) -> Error {
    at(expr, format!("`matmul` multiplies matrices, this tensor has the shape {shape}"))
}

pub(crate) fn inner_dimensions(expr: &Expr, a: &str, b: &str) -> Error {
    at(expr, format!("matmul: {a} x {b}: the inner dimensions differ"))
}

pub(crate) fn factor_numbers(name: &Ident, a: &str, b: &str) -> Error {
    Error::new(name.span(), format!("`matmul` multiplies floats of one type, these are `{a}` and `{b}`"))
}

pub(crate) fn not_a_size_list(expr: &Expr) -> Error {
    at(expr, "`from_fn` takes the sizes in brackets first: `from_fn([N, M], |[i, j]| …)`")
}

pub(crate) fn not_a_size(expr: &Expr) -> Error {
    at(expr, format!("`{}` is not a size: write a dimension of the signature or a number", text(expr)))
}

pub(crate) fn closure_arguments(closure: &syn::ExprClosure, wanted: &str) -> Error {
    Error::new(first(closure), format!("this function takes {wanted}, not {}", closure.inputs.len()))
}

pub(crate) fn not_broadcast(name: &Ident, from: &str, to: &str) -> Error {
    let rule = "its dimensions must be among those, each once and in their order";
    Error::new(name.span(), format!("{from} does not repeat along {to}: {rule}"))
}

pub(crate) fn stored_usize(expr: &Expr) -> Error {
    at(expr, "a tensor cannot hold `usize`, which has another size elsewhere: write `as u64` or `as u32`")
}

pub(crate) fn not_a_closure(expr: &Expr) -> Error {
    at(expr, "the last argument is a function written here: `|x| …`")
}

pub(crate) fn other_argument(ty: &syn::Type, number: &str) -> Error {
    at(ty, format!("the elements that come here are `{number}`"))
}

pub(crate) fn element_by_reference(pattern: &Pat) -> Error {
    at(pattern, "elements come by value: write `|x|` without `&`")
}

pub(crate) fn not_an_index_pattern(pattern: &Pat, rank: usize) -> Error {
    at(pattern, format!("an index is written `[i, j]`; here it has {rank} names"))
}

pub(crate) fn index_names(pattern: &Pat, wanted: usize, found: usize) -> Error {
    at(pattern, format!("an index here has {wanted} names, {found} given"))
}

// Numbers.

pub(crate) fn other_number(expr: &Expr, wanted: &str, found: &str) -> Error {
    let instead = match wanted {
        "bool" => "compare it, as in `x > 0.0`".to_owned(),
        wanted => format!("convert it with `as {wanted}`"),
    };
    at(expr, format!("`{wanted}` is needed here, this is `{found}`; {instead}"))
}

/// An expression that is none of a kernel's, at its first token.
pub(crate) fn unsupported(expr: &Expr) -> Error {
    let (what, instead) = match expr {
        Expr::While(_) => ("`while`", "use `for i in a..b`"),
        Expr::Loop(_) => ("`loop`", "use `for i in a..b`"),
        Expr::ForLoop(_) => ("a loop as a value", "assign to a `let mut` in it"),
        Expr::Match(_) => ("`match`", "use `if` and `else`"),
        Expr::Return(_) => ("`return`", "end with the value, `if` chooses between two"),
        Expr::Break(_) | Expr::Continue(_) => ("leaving a loop early", "put what follows under `if`"),
        Expr::Closure(_) => ("a function here", "write it as the last argument of `map` or `zip`"),
        Expr::Reference(_) => ("a reference", "elements are numbers: leave `&` out"),
        Expr::Tuple(_) => ("a tuple", "use several `let`"),
        Expr::Array(_) | Expr::Repeat(_) => ("an array", "use several `let`, or a tensor by `from_fn`"),
        Expr::Struct(_) | Expr::Field(_) => ("a field", "pass what is in it as a parameter"),
        Expr::Try(_) => ("`?`", "a kernel's numbers are no results"),
        Expr::Await(_) | Expr::Async(_) => ("`await`", "a kernel computes and waits for nothing"),
        Expr::Range(_) => ("a range", "it stands in `for i in a..b` only"),
        Expr::Let(_) => ("`let` in a condition", "compare numbers"),
        Expr::Assign(_) => ("an assignment as a value", "write it as a statement, ended by `;`"),
        Expr::Macro(written) => return macro_call(&written.mac.path),
        _ => ("this expression", "kernels have arithmetic, `if`, `for`, `let` and functions of numbers"),
    };
    Error::new(first(expr), format!("{what} is not supported in a kernel body; {instead}"))
}

pub(crate) fn integer_for_float(digits: &LitInt) -> Error {
    at(digits, format!("a float is needed here: write `{digits}.0`"))
}

pub(crate) fn suffix(literal: &Lit, suffix: &str) -> Error {
    at(literal, format!("a kernel has no numbers of type `{suffix}`"))
}

pub(crate) fn literal_too_large(literal: &Lit, number: &str) -> Error {
    at(literal, format!("this number is too large for `{number}`"))
}

pub(crate) fn not_a_number(literal: &Lit) -> Error {
    at(literal, format!("{} is no number, and kernels compute with nothing else", text(literal)))
}

pub(crate) fn tensor_for_number(name: &Ident, rank: usize) -> Error {
    let index: Vec<&str> = ["i", "j", "k", "l", "m", "n"].into_iter().take(rank).collect();
    let rule = format!(
        "read an element, `{name}[[{}]]`, or take it as an argument of `map` or `zip`",
        index.join(", ")
    );
    Error::new(name.span(), format!("`{name}` is a tensor, and a number is needed here: {rule}"))
}

pub(crate) fn captured(name: &Ident, known: &[String]) -> Error {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let hint = match nearest(&name.to_string(), &known) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("add `{name}: f32`"),
    };
    Error::new(name.span(), format!("`{name}` is not a parameter of this kernel; {hint}"))
}

pub(crate) fn unknown_constant(path: &Path) -> Error {
    let rule = "kernels know constants such as `f32::MAX`, `f32::INFINITY` and `f32::EPSILON`";
    at(path, format!("`{}` is not known in a kernel: {rule}", text(path).replace(' ', "")))
}

pub(crate) fn negated(unary: &syn::ExprUnary, number: &str) -> Error {
    Error::new(unary.op.span(), format!("`-` needs a signed number, this is `{number}`"))
}

pub(crate) fn inverted(unary: &syn::ExprUnary, number: &str) -> Error {
    Error::new(unary.op.span(), format!("`!` needs a `bool` or an integer, this is `{number}`"))
}

pub(crate) fn dereferenced(span: Span) -> Error {
    Error::new(span, "elements are numbers, not references: leave `*` out")
}

pub(crate) fn assignment_as_value(op: &BinOp) -> Error {
    at(op, format!("`{}` is a statement: it has no value here", text(op)))
}

pub(crate) fn different_numbers(op: &BinOp, left: &str, right: &str) -> Error {
    let rule = format!("convert one, as in `as {left}`");
    at(op, format!("`{}` needs two numbers of one type, these are `{left}` and `{right}`; {rule}", text(op)))
}

pub(crate) fn no_such_operation(op: &BinOp, number: &str) -> Error {
    at(op, format!("`{}` does not work on numbers of type `{number}`", text(op)))
}

pub(crate) fn no_such_cast(cast: &syn::ExprCast, from: &str, to: &str) -> Error {
    let instead = if to == "bool" { "compare with 0" } else { "write `if b { 1.0 } else { 0.0 }`" };
    at(cast, format!("a `{from}` does not become a `{to}` by `as`: {instead}"))
}

pub(crate) fn tensor_inside(method: &Ident) -> Error {
    let rule = "compute it by `let` before, and `zip` it in";
    Error::new(
        method.span(),
        format!("`{method}` on a tensor cannot stand inside the function of an element: {rule}"),
    )
}

pub(crate) fn unknown_number_function(name: &Ident, known: &[&str]) -> Error {
    let hint = hint(&name.to_string(), known);
    Error::new(name.span(), format!("kernels have no function `{name}` of numbers; {hint}"))
}

pub(crate) fn function_of_other(name: &Ident, number: &str) -> Error {
    Error::new(name.span(), format!("there is no `{name}` of numbers of type `{number}`; convert with `as`"))
}

pub(crate) fn function_as_call(name: &Ident) -> Error {
    Error::new(name.span(), format!("functions of numbers are written as methods: `x.{name}()`"))
}

pub(crate) fn outer_function(name: &Ident) -> Error {
    Error::new(name.span(), format!("a kernel cannot call `{name}`: write what it computes here"))
}

pub(crate) fn not_indexed(expr: &Expr) -> Error {
    at(expr, format!("only tensors have elements, and `{}` is none", text(expr)))
}

pub(crate) fn other_element_of_written(index: &Expr, name: &str) -> Error {
    let rule = "copy it by `let` before the loop to read other elements";
    at(index, format!("a loop over `{name}` reads and writes the element it is at: {rule}"))
}

pub(crate) fn index_count(index: &Expr, name: &Ident, rank: usize, found: usize) -> Error {
    let dims = if rank == 1 { "dimension" } else { "dimensions" };
    let given = if found == 1 { "index is given" } else { "indexes are given" };
    at(index, format!("`{name}` has {rank} {dims} but {found} {given}"))
}

pub(crate) fn index_number(expr: &Expr, number: &str) -> Error {
    at(expr, format!("an index is a `usize`, this is `{number}`; convert it with `as usize`"))
}

pub(crate) fn index_out_of_range(expr: &Expr, size: u64) -> Error {
    at(expr, format!("index {} is out of range for a dimension of {size}", text(expr)))
}

// Blocks.

pub(crate) fn no_value(end: Span) -> Error {
    Error::new(end, "this block must end with a value, without `;`")
}

pub(crate) fn tensor_in_element(name: &Ident) -> Error {
    let rule = "declare it before, outside the function of an element";
    Error::new(name.span(), format!("`{name}` would be a tensor made for every element: {rule}"))
}

pub(crate) fn unused_value(expr: &Expr) -> Error {
    Error::new(first(expr), "this value is computed and not used; name it with `let` or assign it")
}

pub(crate) fn value_of_loop(expr: &Expr) -> Error {
    Error::new(first(expr), "this block has no use for a value: assign it, as in `sum += x;`")
}

pub(crate) fn if_let(span: Span) -> Error {
    Error::new(span, "conditions compare numbers: `if let` has no place in a kernel")
}

pub(crate) fn no_else(span: Span) -> Error {
    Error::new(span, "an `if` whose value is used needs `else`")
}

pub(crate) fn not_assigned(left: &Expr) -> Error {
    at(left, "only a `let mut`, or the element of a loop's tensor, is assigned to")
}

pub(crate) fn assigned_tensor(name: &Ident) -> Error {
    Error::new(
        name.span(),
        format!("a tensor is written whole, `{name}.assign(…)`, or by element, `{name}[[i, j]] = …`"),
    )
}

pub(crate) fn immutable(name: &Ident) -> Error {
    Error::new(name.span(), format!("`{name}` does not change: declare it `let mut {name}`"))
}

pub(crate) fn write_outside_loop(expr: &Expr, name: &str) -> Error {
    at(
        expr,
        format!("elements are written in a loop over their tensor: `for [i, j] in {name}.dims() {{ … }}`"),
    )
}

pub(crate) fn other_written(name: &Ident, own: &str) -> Error {
    Error::new(
        name.span(),
        format!("this loop goes over `{own}` and writes nothing else; give `{name}` its own"),
    )
}

pub(crate) fn not_a_range(expr: &Expr) -> Error {
    at(expr, format!("a loop counts: write `for i in a..b` instead of `{}`", text(expr)))
}

pub(crate) fn open_range(range: &syn::ExprRange) -> Error {
    at(range, "a loop counts from a number up to another that is left out: write `a..b`")
}

pub(crate) fn counted_floats(expr: &Expr, number: &str) -> Error {
    at(expr, format!("loops count integers, these are of type `{number}`"))
}

/// Where the first token stands.
fn first(tokens: &impl ToTokens) -> Span {
    tokens.to_token_stream().into_iter().next().map_or_else(Span::call_site, |token| token.span())
}
