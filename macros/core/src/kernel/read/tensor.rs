//! Expressions whose value is a tensor.

use super::{Binding, Reader, ident};
use crate::kernel::ir::{Fold, Input, Lambda, NodeId, Origin, Size, Var};
use crate::kernel::number::{Element, Number};
use crate::valid::kernel as valid;
use proc_macro2::Ident;
use syn::{Error, ExprClosure, Pat};

/// Methods of tensors.
const METHODS: [&str; 8] = ["map", "zip", "sum", "product", "max", "min", "mean", "transpose"];
/// Functions that give tensors.
const FUNCTIONS: [&str; 3] = ["zip", "matmul", "from_fn"];

impl Reader<'_> {
    /// Whether `expr` is meant to be a tensor.
    pub(super) fn is_tensor(&self, expr: &syn::Expr) -> bool {
        match expr {
            syn::Expr::Paren(inner) => self.is_tensor(&inner.expr),
            syn::Expr::Group(inner) => self.is_tensor(&inner.expr),
            syn::Expr::Reference(inner) => self.is_tensor(&inner.expr),
            syn::Expr::MethodCall(call) => self.is_tensor(&call.receiver),
            syn::Expr::Call(call) => {
                ident(&call.func).is_some_and(|name| FUNCTIONS.iter().any(|known| name == known))
            }
            expr => ident(expr).is_some_and(|name| matches!(self.lookup(name), Some(Binding::Tensor(_)))),
        }
    }

    pub(super) fn tensor(&mut self, expr: &syn::Expr) -> Result<NodeId, Error> {
        match expr {
            syn::Expr::Paren(inner) => self.tensor(&inner.expr),
            syn::Expr::Group(inner) => self.tensor(&inner.expr),
            syn::Expr::Reference(inner) if inner.mutability.is_none() => self.tensor(&inner.expr),
            syn::Expr::MethodCall(call) => self.method(call),
            syn::Expr::Call(call) => self.call(call),
            syn::Expr::Macro(call) => Err(valid::macro_call(&call.mac.path)),
            syn::Expr::Binary(binary) => Err(valid::arithmetic_on_tensors(&binary.op)),
            expr => {
                let Some(name) = ident(expr) else { return Err(valid::not_a_tensor(expr)) };
                match self.lookup(name) {
                    Some(Binding::Tensor(node)) => Ok(*node),
                    Some(_) => Err(valid::number_for_tensor(name)),
                    None => Err(valid::unknown_name(name, &self.tensors())),
                }
            }
        }
    }

    fn method(&mut self, call: &syn::ExprMethodCall) -> Result<NodeId, Error> {
        if let Some(turbofish) = &call.turbofish {
            return Err(valid::turbofish(turbofish));
        }
        let node = self.tensor(&call.receiver)?;
        let arguments: Vec<&syn::Expr> = call.args.iter().collect();
        let method = &call.method;
        let fold = match method.to_string().as_str() {
            "map" => {
                let [function] = arguments[..] else {
                    return Err(valid::argument_count(method, 1, arguments.len()));
                };
                return self.zip(&[node], function, method);
            }
            "zip" => {
                let Some((function, others)) = arguments.split_last() else {
                    return Err(valid::zip_arguments(method));
                };
                let others = others.iter().map(|other| self.tensor(other));
                let nodes: Vec<NodeId> = [Ok(node)].into_iter().chain(others).collect::<Result<_, _>>()?;
                return self.zip(&nodes, function, method);
            }
            "transpose" => {
                let [rows, columns] = self.kernel.nodes[node].dims[..] else {
                    return Err(valid::not_a_matrix(method, &self.shape_of(node)));
                };
                if !arguments.is_empty() {
                    return Err(valid::argument_count(method, 0, arguments.len()));
                }
                let element = self.kernel.nodes[node].element;
                return Ok(self.kernel.node(vec![columns, rows], element, Origin::Transpose(node)));
            }
            "sum" | "mean" => Fold::Sum,
            "product" => Fold::Product,
            "max" => Fold::Max,
            "min" => Fold::Min,
            _ => return Err(valid::unknown_method(method, &METHODS)),
        };
        let [axis] = arguments[..] else { return Err(valid::axis_missing(method, arguments.len())) };
        let axis = self.axis(node, axis, method)?;
        let reduced = self.reduce(node, axis, fold, method)?;
        if method == "mean" {
            self.divided(reduced, self.kernel.nodes[node].dims[axis], method)
        } else {
            Ok(reduced)
        }
    }

    fn shape_of(&self, node: NodeId) -> String {
        self.size_names(&self.kernel.nodes[node].dims)
    }

    /// The axis that a number or a name of the signature says.
    fn axis(&self, node: NodeId, written: &syn::Expr, method: &Ident) -> Result<usize, Error> {
        let dims = &self.kernel.nodes[node].dims;
        if let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(number), .. }) = written {
            let axis: usize = number.base10_parse()?;
            return if axis < dims.len() {
                Ok(axis)
            } else {
                Err(valid::no_such_axis(number, dims.len(), &self.shape_of(node)))
            };
        }
        let size = ident(written).and_then(|name| self.symbol(name));
        let Some(size) = size else { return Err(valid::not_an_axis(written, method)) };
        let places: Vec<usize> = (0..dims.len()).filter(|axis| dims[*axis] == size).collect();
        match places[..] {
            [axis] => Ok(axis),
            [] => Err(valid::axis_not_there(written, &self.shape_of(node))),
            _ => Err(valid::ambiguous_axis(written, &self.shape_of(node))),
        }
    }

    fn reduce(&mut self, node: NodeId, axis: usize, fold: Fold, method: &Ident) -> Result<NodeId, Error> {
        let number = self.kernel.nodes[node].element.number();
        if number == Number::Bool {
            return Err(valid::folded_bools(method));
        }
        let mut dims = self.kernel.nodes[node].dims.clone();
        dims.remove(axis);
        Ok(self.kernel.node(dims, Element::Plain(number), Origin::Reduce { fold, of: node, axis }))
    }

    /// The node, each element divided by `size`.
    fn divided(&mut self, node: NodeId, size: Size, method: &Ident) -> Result<NodeId, Error> {
        use crate::kernel::ir::{Expr, Kind, Operator};
        let number = self.kernel.nodes[node].element.number();
        if !number.is_float() {
            return Err(valid::mean_of_integers(method, number.name()));
        }
        let var = self.kernel.local(number);
        let size = Expr::new(Number::Usize, Kind::Size(size));
        let size = Expr::new(number, Kind::Cast(Box::new(size)));
        let sum = Expr::var(var, number);
        let body = Expr::new(number, Kind::Binary(Operator::Div, Box::new(sum), Box::new(size)));
        let dims = self.kernel.nodes[node].dims.clone();
        let inputs = vec![Input { var, node, axes: (0..dims.len()).collect() }];
        let lambda = Lambda { index: Vec::new(), inputs, body };
        Ok(self.kernel.node(dims, Element::Plain(number), Origin::Lambda(lambda)))
    }

    fn call(&mut self, call: &syn::ExprCall) -> Result<NodeId, Error> {
        let Some(name) = ident(&call.func) else { return Err(valid::not_a_tensor(&call.func)) };
        let arguments: Vec<&syn::Expr> = call.args.iter().collect();
        match name.to_string().as_str() {
            "zip" => {
                let Some((function, tensors)) =
                    arguments.split_last().filter(|(_, tensors)| !tensors.is_empty())
                else {
                    return Err(valid::zip_arguments(name));
                };
                let nodes: Vec<NodeId> =
                    tensors.iter().map(|tensor| self.tensor(tensor)).collect::<Result<_, _>>()?;
                self.zip(&nodes, function, name)
            }
            "matmul" => {
                let [a, b] = arguments[..] else {
                    return Err(valid::argument_count(name, 2, arguments.len()));
                };
                self.matmul(name, a, b)
            }
            "from_fn" => {
                let [shape, function] = arguments[..] else {
                    return Err(valid::argument_count(name, 2, arguments.len()));
                };
                self.by_index(shape, function)
            }
            _ => Err(valid::unknown_function(name, &FUNCTIONS)),
        }
    }

    fn matmul(&mut self, name: &Ident, left: &syn::Expr, right: &syn::Expr) -> Result<NodeId, Error> {
        let (a, b) = (self.tensor(left)?, self.tensor(right)?);
        let [rows, inner] = self.kernel.nodes[a].dims[..] else {
            return Err(valid::not_a_factor(left, &self.shape_of(a)));
        };
        let [other, columns] = self.kernel.nodes[b].dims[..] else {
            return Err(valid::not_a_factor(right, &self.shape_of(b)));
        };
        if inner != other {
            return Err(valid::inner_dimensions(right, &self.shape_of(a), &self.shape_of(b)));
        }
        let (left, right) = (self.kernel.nodes[a].element.number(), self.kernel.nodes[b].element.number());
        if left != right || !left.is_float() {
            return Err(valid::factor_numbers(name, left.name(), right.name()));
        }
        let [a, b] = [a, b].map(|factor| {
            let plain = Element::Plain(left);
            if self.kernel.nodes[factor].element == plain { factor } else { self.copied(factor, plain) }
        });
        Ok(self.kernel.node(vec![rows, columns], Element::Plain(left), Origin::Matmul { a, b }))
    }

    /// `from_fn([N, M], |[i, j]| …)`
    fn by_index(&mut self, shape: &syn::Expr, function: &syn::Expr) -> Result<NodeId, Error> {
        let syn::Expr::Array(sizes) = shape else { return Err(valid::not_a_size_list(shape)) };
        let size = |written: &syn::Expr| match written {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(number), .. }) => {
                Ok(Size::Fixed(number.base10_parse()?))
            }
            other => ident(other).and_then(|name| self.symbol(name)).ok_or_else(|| valid::not_a_size(other)),
        };
        let dims: Vec<Size> = sizes.elems.iter().map(size).collect::<Result<_, _>>()?;
        let closure = self.closure(function)?;
        let [pattern] = closure.inputs.iter().collect::<Vec<_>>()[..] else {
            return Err(valid::closure_arguments(closure, "one index, as in `|[i, j]|`"));
        };
        self.scopes.push(Vec::new());
        let index = self.index_pattern(pattern, &dims)?;
        let node = self.lambda(dims, index, Vec::new(), closure);
        self.scopes.pop();
        node
    }

    /// `zip(a, b, |x, y| …)`: tensors of fewer axes are repeated along those they lack.
    fn zip(&mut self, nodes: &[NodeId], function: &syn::Expr, method: &Ident) -> Result<NodeId, Error> {
        let closure = self.closure(function)?;
        if closure.inputs.len() != nodes.len() {
            let wanted =
                if nodes.len() == 1 { "one element".to_owned() } else { format!("{} elements", nodes.len()) };
            return Err(valid::closure_arguments(closure, &wanted));
        }
        let widest = nodes.iter().rev().max_by_key(|node| self.kernel.nodes[**node].dims.len()).copied();
        let dims = widest.map(|node| self.kernel.nodes[node].dims.clone()).unwrap_or_default();
        self.scopes.push(Vec::new());
        let mut inputs = Vec::new();
        for (node, pattern) in nodes.iter().zip(&closure.inputs) {
            let Some(axes) = axes_in(&self.kernel.nodes[*node].dims, &dims) else {
                return Err(valid::not_broadcast(method, &self.shape_of(*node), &self.size_names(&dims)));
            };
            let number = self.kernel.nodes[*node].element.number();
            let var = self.kernel.local(number);
            self.element_pattern(pattern, var, number)?;
            inputs.push(Input { var, node: *node, axes });
        }
        let node = self.lambda(dims, Vec::new(), inputs, closure);
        self.scopes.pop();
        node
    }

    fn lambda(
        &mut self,
        dims: Vec<Size>,
        index: Vec<Var>,
        inputs: Vec<Input>,
        closure: &ExprClosure,
    ) -> Result<NodeId, Error> {
        let body = self.number(&closure.body, None)?;
        if body.number == Number::Usize {
            return Err(valid::stored_usize(&closure.body));
        }
        let element = Element::Plain(body.number);
        Ok(self.kernel.node(dims, element, Origin::Lambda(Lambda { index, inputs, body })))
    }

    fn closure<'e>(&self, expr: &'e syn::Expr) -> Result<&'e ExprClosure, Error> {
        match expr {
            syn::Expr::Closure(closure) => Ok(closure),
            other => Err(valid::not_a_closure(other)),
        }
    }

    /// Binds the argument of a closure.
    fn element_pattern(&mut self, pattern: &Pat, var: Var, number: Number) -> Result<(), Error> {
        let (pattern, ty) = super::typed(pattern);
        if let Some(ty) = ty
            && super::number_type(ty)? != number
        {
            return Err(valid::other_argument(ty, number.name()));
        }
        match pattern {
            Pat::Ident(name) if name.mutability.is_none() && name.by_ref.is_none() => {
                self.bind(&name.ident, Binding::Local(var));
                Ok(())
            }
            Pat::Wild(_) => Ok(()),
            Pat::Reference(_) => Err(valid::element_by_reference(pattern)),
            other => Err(valid::not_a_name(other)),
        }
    }

    /// Binds `[i, j]`, or `i` for one axis.
    pub(super) fn index_pattern(&mut self, pattern: &Pat, dims: &[Size]) -> Result<Vec<Var>, Error> {
        let names: Vec<&Pat> = match pattern {
            Pat::Slice(list) => list.elems.iter().collect(),
            Pat::Ident(_) | Pat::Wild(_) if dims.len() == 1 => vec![pattern],
            other => return Err(valid::not_an_index_pattern(other, dims.len())),
        };
        if names.len() != dims.len() {
            return Err(valid::index_names(pattern, dims.len(), names.len()));
        }
        let mut index = Vec::new();
        for (name, size) in names.into_iter().zip(dims) {
            let var = self.kernel.index(*size);
            match name {
                Pat::Ident(name) if name.mutability.is_none() => self.bind(&name.ident, Binding::Local(var)),
                Pat::Wild(_) => {}
                other => return Err(valid::not_a_name(other)),
            }
            index.push(var);
        }
        Ok(index)
    }
}

/// For each axis of `dims`, the axis of `result` that it is; none if it is not clear or not there.
fn axes_in(dims: &[Size], result: &[Size]) -> Option<Vec<usize>> {
    if dims == result {
        return Some((0..dims.len()).collect());
    }
    let place = |size: &Size| {
        let mut places = (0..result.len()).filter(|axis| result[*axis] == *size);
        places.next().filter(|_| places.next().is_none())
    };
    let axes: Vec<usize> = dims.iter().map(place).collect::<Option<_>>()?;
    axes.windows(2).all(|pair| pair[0] < pair[1]).then_some(axes)
}
