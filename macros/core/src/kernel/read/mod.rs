//! From the body that was written to what it says: tensors here, numbers in `number`, blocks and loops in `block`.
//!
//! The first thing that is no part of the language ends the reading, with its message at its token.

mod block;
mod number;
mod tensor;

use super::function;
use super::ir::{Block, Expr, Kernel, Kind, Lambda, NodeId, Origin, Size, Statement, Var, Write};
use super::item::{KernelItem, ParamKind, TensorType};
use super::number::{Element, Number};
use crate::valid::kernel as valid;
use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Error, Pat, Stmt};

/// What a name stands for.
#[derive(Clone)]
enum Binding {
    Tensor(NodeId),
    /// A number that the whole kernel shares.
    Value(Expr),
    /// A local of a function of elements.
    Local(Var),
}

/// The tensor that a loop writes, one element after the other.
#[derive(Clone)]
struct Own {
    name: String,
    node: NodeId,
    index: Vec<Var>,
    var: Var,
}

pub(super) struct Reader<'a> {
    item: &'a KernelItem,
    kernel: Kernel,
    scopes: Vec<Vec<(String, Binding)>>,
    own: Option<Own>,
}

/// Reads the body of `item`.
pub(crate) fn read(item: &KernelItem, body: &syn::Block) -> Result<Kernel, Error> {
    let mut reader = Reader { item, kernel: Kernel::default(), scopes: vec![Vec::new()], own: None };
    for (place, param) in item.params.iter().enumerate() {
        let binding = match &param.kind {
            ParamKind::Tensor { ty, .. } => {
                let dims = ty.dims.iter().map(|dim| dim.size).collect();
                Binding::Tensor(reader.kernel.node(dims, ty.element, Origin::Parameter(place)))
            }
            ParamKind::Scalar { number, .. } => Binding::Value(Expr::new(*number, Kind::Scalar(place))),
        };
        reader.bind(&param.name, binding);
    }
    reader.statements(body)?;
    Ok(reader.kernel)
}

impl Reader<'_> {
    fn bind(&mut self, name: &Ident, binding: Binding) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.push((name.unraw().to_string(), binding));
        }
    }

    fn lookup(&self, name: &Ident) -> Option<&Binding> {
        let name = name.unraw().to_string();
        let mut known = self.scopes.iter().rev().flat_map(|scope| scope.iter().rev());
        known.find(|(known, _)| *known == name).map(|(_, binding)| binding)
    }

    /// The size that a name of the signature stands for.
    fn symbol(&self, name: &Ident) -> Option<Size> {
        let symbols = self.item.symbols.iter();
        symbols
            .enumerate()
            .find(|(_, symbol)| symbol.name.as_ref() == Some(name))
            .map(|(at, _)| Size::Symbol(at))
    }

    fn size_names(&self, dims: &[Size]) -> String {
        let names: Vec<String> = dims.iter().map(|size| self.item.size_name(*size)).collect();
        format!("[{}]", names.join(", "))
    }

    fn statements(&mut self, body: &syn::Block) -> Result<(), Error> {
        for (at, statement) in body.stmts.iter().enumerate() {
            match statement {
                Stmt::Local(local) => self.top_level_let(local)?,
                Stmt::Expr(syn::Expr::ForLoop(written), _) => self.elements_loop(written)?,
                Stmt::Expr(expr, None) if at + 1 == body.stmts.len() && !is_assign(expr) => {
                    return self.results(expr);
                }
                Stmt::Expr(expr, _) => self.top_level_effect(expr)?,
                Stmt::Macro(written) => return Err(valid::macro_call(&written.mac.path)),
                Stmt::Item(item) => return Err(valid::nested_item(item)),
            }
        }
        match self.item.results.first() {
            None => Ok(()),
            Some(_) => Err(valid::no_result(body.brace_token.span.close())),
        }
    }

    /// `let name = …;` of a tensor, or of a number that all elements share.
    fn top_level_let(&mut self, local: &syn::Local) -> Result<(), Error> {
        let (pattern, _) = typed(&local.pat);
        let Pat::Ident(name) = pattern else { return Err(valid::not_a_name(pattern)) };
        if let Some(mutable) = &name.mutability {
            return Err(valid::mutable_at_top(mutable.span()));
        }
        let Some(init) = &local.init else { return Err(valid::uninitialised(&name.ident)) };
        if let Some((_, otherwise)) = &init.diverge {
            return Err(valid::let_else(otherwise));
        }
        let binding = if self.is_tensor(&init.expr) {
            Binding::Tensor(self.tensor(&init.expr)?)
        } else {
            Binding::Value(self.number(&init.expr, self.annotated(&local.pat)?)?)
        };
        self.bind(&name.ident, binding);
        Ok(())
    }

    /// `out.assign(…);`
    fn top_level_effect(&mut self, expr: &syn::Expr) -> Result<(), Error> {
        let syn::Expr::MethodCall(call) = expr else { return Err(valid::no_effect(expr)) };
        if call.method != "assign" {
            return Err(valid::no_effect(expr));
        }
        let (name, target) = self.written_tensor(&call.receiver)?;
        let [value] = call.args.iter().collect::<Vec<_>>()[..] else {
            return Err(valid::argument_count(&call.method, 1, call.args.len()));
        };
        let value_node = self.tensor(value)?;
        let declared = self.kernel.nodes[target].element;
        self.same_shape(value, value_node, &self.kernel.nodes[target].dims.clone(), &name.to_string())?;
        let value_node = self.stored_as(value, value_node, declared)?;
        self.write(target, value_node);
        Ok(())
    }

    fn write(&mut self, target: NodeId, value: NodeId) {
        let at = self.kernel.nodes.len();
        self.kernel.writes.push(Write { target, value, at });
    }

    /// The parameter that `expr` names, which is declared `&mut`.
    fn written_tensor<'e>(&self, expr: &'e syn::Expr) -> Result<(&'e Ident, NodeId), Error> {
        let name = ident(expr).ok_or_else(|| valid::not_a_written_tensor(expr))?;
        match self.lookup(name) {
            Some(Binding::Tensor(node)) => {
                let Origin::Parameter(place) = self.kernel.nodes[*node].origin else {
                    return Err(valid::not_a_written_tensor(expr));
                };
                match &self.item.params[place].kind {
                    ParamKind::Tensor { mutable: true, .. } => Ok((name, *node)),
                    _ => Err(valid::input_is_written(name)),
                }
            }
            Some(_) => Err(valid::not_a_written_tensor(expr)),
            None => Err(valid::unknown_name(name, &self.tensors())),
        }
    }

    /// The names of tensors in scope.
    fn tensors(&self) -> Vec<String> {
        let known = self.scopes.iter().flatten();
        known
            .filter(|(_, binding)| matches!(binding, Binding::Tensor(_)))
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// `for [i, j] in out.dims() { … }`
    fn elements_loop(&mut self, written: &syn::ExprForLoop) -> Result<(), Error> {
        if let Some(label) = &written.label {
            return Err(valid::label(label));
        }
        let Some(over) = dims_of(&written.expr) else { return Err(valid::loop_at_top(&written.expr)) };
        let (name, target) = self.written_tensor(over)?;
        let dims = self.kernel.nodes[target].dims.clone();
        self.scopes.push(Vec::new());
        let index = self.index_pattern(&written.pat, &dims)?;
        let element = self.kernel.nodes[target].element;
        let var = self.kernel.local(element.number());
        self.kernel.vars[var].mutable = true;
        self.own = Some(Own { name: name.unraw().to_string(), node: target, index: index.clone(), var });
        let block = self.block(&written.body, None, false)?;
        self.own = None;
        self.scopes.pop();
        let value = Some(Box::new(Expr::var(var, element.number())));
        let entry = self.kernel.local(element.number());
        let start = Statement::Let(var, Expr::var(entry, element.number()));
        let statements = vec![start, Statement::Block(block)];
        let body = Expr::new(element.number(), Kind::Block(Block { statements, value }));
        let axes = (0..dims.len()).collect();
        let inputs = vec![super::ir::Input { var: entry, node: target, axes }];
        let node = self.kernel.node(dims, element, Origin::Lambda(Lambda { index, inputs, body }));
        self.write(target, node);
        Ok(())
    }

    /// The expression at the end: what is returned.
    fn results(&mut self, expr: &syn::Expr) -> Result<(), Error> {
        let declared = &self.item.results;
        let written: Vec<&syn::Expr> = match expr {
            syn::Expr::Tuple(tuple) if self.item.tuple => tuple.elems.iter().collect(),
            other => vec![other],
        };
        if declared.is_empty() {
            return Err(valid::unexpected_result(expr));
        }
        if written.len() != declared.len() {
            return Err(valid::result_count(expr, declared.len(), written.len()));
        }
        for (value, declared) in written.into_iter().zip(declared) {
            let node = self.result(value, declared)?;
            self.kernel.results.push(node);
        }
        Ok(())
    }

    fn result(&mut self, value: &syn::Expr, declared: &TensorType) -> Result<NodeId, Error> {
        let node = self.tensor(value)?;
        let dims: Vec<Size> = declared.dims.iter().map(|dim| dim.size).collect();
        self.same_shape(value, node, &dims, "the result")?;
        let node = self.stored_as(value, node, declared.element)?;
        let shared = matches!(self.kernel.nodes[node].origin, Origin::Parameter(_) | Origin::Transpose(_))
            || self.kernel.results.contains(&node);
        Ok(if shared { self.copied(node, declared.element) } else { node })
    }

    fn same_shape(&self, at: &syn::Expr, node: NodeId, wanted: &[Size], of: &str) -> Result<(), Error> {
        let found = &self.kernel.nodes[node].dims;
        if found == wanted {
            return Ok(());
        }
        Err(valid::other_shape(at, &self.size_names(found), of, &self.size_names(wanted)))
    }

    /// The node, or one with its elements stored as `element`, where arithmetic is the same.
    fn stored_as(&mut self, at: &syn::Expr, node: NodeId, element: Element) -> Result<NodeId, Error> {
        let found = self.kernel.nodes[node].element;
        if found == element {
            return Ok(node);
        }
        if found.number() != element.number() {
            return Err(valid::other_element(
                at,
                found.number().name(),
                element.name(),
                element.number().name(),
            ));
        }
        Ok(self.copied(node, element))
    }

    /// A tensor of the same elements.
    fn copied(&mut self, node: NodeId, element: Element) -> NodeId {
        let dims = self.kernel.nodes[node].dims.clone();
        let number = element.number();
        let var = self.kernel.local(number);
        let axes = (0..dims.len()).collect();
        let inputs = vec![super::ir::Input { var, node, axes }];
        let lambda = Lambda { index: Vec::new(), inputs, body: Expr::var(var, number) };
        self.kernel.node(dims, element, Origin::Lambda(lambda))
    }

    /// The number that a `let` is annotated with.
    fn annotated(&self, pattern: &Pat) -> Result<Option<Number>, Error> {
        typed(pattern).1.map(number_type).transpose()
    }
}

/// A pattern and the type behind it.
fn typed(pattern: &Pat) -> (&Pat, Option<&syn::Type>) {
    match pattern {
        Pat::Type(typed) => (&typed.pat, Some(&typed.ty)),
        pattern => (pattern, None),
    }
}

/// The number that a type names.
fn number_type(ty: &syn::Type) -> Result<Number, Error> {
    let name = match ty {
        syn::Type::Path(path) => path.path.get_ident().map(ToString::to_string),
        _ => None,
    };
    name.and_then(|name| Number::named(&name)).ok_or_else(|| valid::not_a_number_type(ty, &Number::NAMES))
}

/// The name, if an expression is one.
fn ident(expr: &syn::Expr) -> Option<&Ident> {
    match expr {
        syn::Expr::Path(path) if path.qself.is_none() => path.path.get_ident(),
        syn::Expr::Paren(inner) => ident(&inner.expr),
        syn::Expr::Group(inner) => ident(&inner.expr),
        syn::Expr::Reference(inner) => ident(&inner.expr),
        _ => None,
    }
}

/// The receiver of `x.dims()`.
fn dims_of(expr: &syn::Expr) -> Option<&syn::Expr> {
    match expr {
        syn::Expr::MethodCall(call) if call.method == "dims" && call.args.is_empty() => Some(&call.receiver),
        _ => None,
    }
}

fn is_assign(expr: &syn::Expr) -> bool {
    matches!(expr, syn::Expr::MethodCall(call) if call.method == "assign")
}

/// Whether there is a function of numbers of that name.
fn is_function(name: &str) -> bool {
    function::named(name).is_some()
}
