//! One stage, from the tensor it computes.

use super::{Factor, Form, Stage, Step};
use crate::kernel::ir::{Block, Expr, Input, Kernel, Kind, Lambda, NodeId, Origin, Size, Statement, Var};
use std::collections::{BTreeSet, HashMap};

/// Which tensor is computed, into which memory, after how many writes.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) root: NodeId,
    pub(super) out: NodeId,
    pub(super) writes: usize,
}

/// One loop around what is computed.
#[derive(Default)]
struct Level {
    vars: Vec<Var>,
    steps: Vec<Step>,
    known: HashMap<(NodeId, Vec<Var>), Var>,
    slices: HashMap<(NodeId, Vec<Var>), usize>,
}

struct Builder<'a> {
    kernel: &'a mut Kernel,
    stored: &'a BTreeSet<NodeId>,
    depends: &'a HashMap<NodeId, BTreeSet<NodeId>>,
    place: Place,
    wanted: &'a mut BTreeSet<NodeId>,
    levels: Vec<Level>,
    /// Index of the element that is computed.
    index: Vec<Var>,
    flat: bool,
    /// Whether rows may be folded on the spot.
    folds: bool,
    slices: usize,
}

pub(super) fn stage(
    kernel: &mut Kernel,
    stored: &BTreeSet<NodeId>,
    depends: &HashMap<NodeId, BTreeSet<NodeId>>,
    place: Place,
    wanted: &mut BTreeSet<NodeId>,
) -> Stage {
    let node = kernel.nodes[place.root].clone();
    let flat = matches!(&node.origin, Origin::Lambda(lambda) if is_flat(kernel, stored, lambda, &node.dims));
    let builder = Builder {
        kernel,
        stored,
        depends,
        place,
        wanted,
        levels: Vec::new(),
        index: Vec::new(),
        flat,
        folds: false,
        slices: 0,
    };
    match node.origin {
        Origin::Matmul { a, b } => builder.matmul(a, b),
        Origin::Reduce { fold, of, axis } if axis < node.dims.len() => {
            builder.column(&node.dims, fold, of, axis)
        }
        _ if flat => builder.flat(),
        Origin::Lambda(lambda) => {
            let rows = !builder.folds_per_element(&lambda, node.dims.len());
            builder.by_rows(&node.dims, rows)
        }
        _ => builder.by_rows(&node.dims, false),
    }
}

/// A node with the elements of another, stored as those of `like`.
pub(super) fn copied(kernel: &mut Kernel, node: NodeId, like: NodeId) -> NodeId {
    let (dims, element) = (kernel.nodes[node].dims.clone(), kernel.nodes[like].element);
    let var = kernel.local(element.number());
    let inputs = vec![Input { var, node, axes: (0..dims.len()).collect() }];
    let lambda = Lambda { index: Vec::new(), inputs, body: Expr::var(var, element.number()) };
    kernel.node(dims, element, Origin::Lambda(lambda))
}

/// Whether every element is computed from those at the same place, so that the shape does not matter.
fn is_flat(kernel: &Kernel, stored: &BTreeSet<NodeId>, lambda: &Lambda, dims: &[Size]) -> bool {
    let named = !lambda.index.is_empty();
    (!named || dims.len() == 1)
        && lambda.inputs.iter().all(|input| {
            let whole =
                input.axes.len() == dims.len() && input.axes.iter().enumerate().all(|(at, axis)| at == *axis);
            let of = &kernel.nodes[input.node];
            (whole || input.axes.is_empty())
                && (stored.contains(&input.node)
                    || match &of.origin {
                        Origin::Parameter(_) | Origin::Matmul { .. } => true,
                        Origin::Lambda(inner) => is_flat(kernel, stored, inner, &of.dims),
                        Origin::Reduce { .. } => of.dims.is_empty(),
                        Origin::Transpose(_) => false,
                    })
        })
}

impl Builder<'_> {
    fn flat(mut self) -> Stage {
        let root = self.place.root;
        let size = self.kernel.nodes[root].dims.first().copied().unwrap_or(Size::Fixed(1));
        let at = self.kernel.index(size);
        self.levels = vec![Level::default(), Level { vars: vec![at], ..Level::default() }];
        self.index = vec![at];
        let value = self.computed(root, &[at]);
        self.finish(Form::Flat, value)
    }

    fn new_index(&mut self, dims: &[Size]) -> Vec<Var> {
        dims.iter().map(|size| self.kernel.index(*size)).collect()
    }

    /// By rows and their elements, or by elements alone.
    fn by_rows(mut self, dims: &[Size], rows: bool) -> Stage {
        let index = self.new_index(dims);
        self.folds = true;
        let outer = if rows { index.len().saturating_sub(1) } else { index.len() };
        self.levels.push(Level { vars: index[..outer].to_vec(), ..Level::default() });
        if rows {
            self.levels.push(Level { vars: index[outer..].to_vec(), ..Level::default() });
        }
        self.index = index.clone();
        let value = self.computed(self.place.root, &index);
        self.finish(if rows { Form::Rows } else { Form::Points }, value)
    }

    fn column(mut self, dims: &[Size], fold: crate::kernel::ir::Fold, of: NodeId, axis: usize) -> Stage {
        let index = self.new_index(dims);
        let size = self.kernel.nodes[of].dims[axis];
        let var = self.kernel.index(size);
        let last = index.len() - 1;
        self.levels = [index[..last].to_vec(), vec![var], index[last..].to_vec()]
            .map(|vars| Level { vars, ..Level::default() })
            .into();
        let mut inside = index.clone();
        inside.insert(axis, var);
        // While values are folded into it, nothing may read what the tensor was before: it has no index yet.
        let value = self.value(of, &inside);
        self.index = index;
        self.finish(Form::Column { fold, size, var }, value)
    }

    fn matmul(mut self, a: NodeId, b: NodeId) -> Stage {
        let [a, b] = [a, b].map(|node| self.factor(node));
        let value = self.kernel.local(self.kernel.nodes[self.place.root].element.number());
        self.finish(Form::Matmul { a, b }, value)
    }

    fn factor(&mut self, node: NodeId) -> Factor {
        if !self.stored.contains(&node) {
            match self.kernel.nodes[node].origin {
                Origin::Parameter(_) => {}
                Origin::Transpose(of) => {
                    let inner = self.factor(of);
                    return Factor { node: inner.node, swapped: !inner.swapped };
                }
                _ => {
                    self.wanted.insert(node);
                }
            }
        }
        if node == self.place.out {
            self.wanted.insert(node);
        }
        Factor { node, swapped: false }
    }

    fn finish(mut self, form: Form, value: Var) -> Stage {
        let inner =
            if self.levels.len() > 1 { self.levels.pop().unwrap_or_default().steps } else { Vec::new() };
        let mid =
            if self.levels.len() > 1 { self.levels.pop().unwrap_or_default().steps } else { Vec::new() };
        let row = self.levels.pop().unwrap_or_default().steps;
        Stage { out: self.place.out, form, index: self.index, row, mid, inner, value }
    }

    /// The innermost loop that an index depends on.
    fn depth(&self, index: &[Var]) -> usize {
        let inside = |level: &Level| level.vars.iter().any(|var| index.contains(var));
        self.levels.iter().rposition(inside).unwrap_or(0)
    }

    /// Whether some reduction has the whole index of an element, so that elements are rows of their own.
    fn folds_per_element(&self, lambda: &Lambda, rank: usize) -> bool {
        lambda.inputs.iter().any(|input| {
            if self.stored.contains(&input.node) || input.axes.len() != rank {
                return false;
            }
            match &self.kernel.nodes[input.node].origin {
                Origin::Reduce { axis, .. } => *axis == rank,
                Origin::Lambda(inner) => self.folds_per_element(inner, rank),
                _ => false,
            }
        })
    }

    /// An element of any tensor: read where it is in memory, else computed.
    fn value(&mut self, node: NodeId, index: &[Var]) -> Var {
        let depth = self.depth(index);
        let key = (node, index.to_vec());
        if let Some(known) = self.levels[depth].known.get(&key) {
            return *known;
        }
        let in_memory =
            self.stored.contains(&node) || matches!(self.kernel.nodes[node].origin, Origin::Parameter(_));
        let var = if in_memory { self.load(node, index, depth) } else { self.computed(node, index) };
        self.levels[depth].known.insert(key, var);
        var
    }

    fn load(&mut self, node: NodeId, index: &[Var], depth: usize) -> Var {
        let to = self.kernel.local(self.kernel.nodes[node].element.number());
        if node == self.place.out {
            if index == self.index {
                self.levels[depth].steps.push(Step::Own { to });
            } else {
                self.wanted.insert(node);
            }
            return to;
        }
        if let Some((at, base)) = index.split_last()
            && depth > 0
            && self.levels[depth].vars.contains(at)
            && self.depth(base) < depth
        {
            let level = self.depth(base);
            let key = (node, base.to_vec());
            let slice = match self.levels[level].slices.get(&key) {
                Some(slice) => *slice,
                None => {
                    let slice = self.slices;
                    self.slices += 1;
                    self.levels[level].slices.insert(key, slice);
                    self.levels[level].steps.push(Step::Slice { to: slice, node, base: base.to_vec() });
                    slice
                }
            };
            self.levels[depth].steps.push(Step::Elem { to, slice, at: *at });
        } else {
            self.levels[depth].steps.push(Step::Load { to, node, index: index.to_vec() });
        }
        to
    }

    /// An element computed from others.
    fn computed(&mut self, node: NodeId, index: &[Var]) -> Var {
        let overtaken = self.kernel.writes[..self.place.writes].iter().any(|write| {
            node < write.at && self.depends.get(&node).is_some_and(|on| on.contains(&write.target))
        });
        let number = self.kernel.nodes[node].element.number();
        if overtaken && node != self.place.root {
            self.wanted.insert(node);
            return self.kernel.local(number);
        }
        match self.kernel.nodes[node].origin.clone() {
            Origin::Lambda(lambda) => self.lambda(&lambda, index),
            Origin::Transpose(of) => {
                let swapped: Vec<Var> = index.iter().rev().copied().collect();
                self.value(of, &swapped)
            }
            Origin::Reduce { fold, of, axis }
                if axis == index.len() && self.folds && index == self.levels[0].vars =>
            {
                let size = self.kernel.nodes[of].dims[axis];
                let var = self.kernel.index(size);
                self.levels.push(Level { vars: vec![var], ..Level::default() });
                let inside: Vec<Var> = index.iter().copied().chain([var]).collect();
                let value = self.value(of, &inside);
                let steps = self.levels.pop().unwrap_or_default().steps;
                let to = self.kernel.local(number);
                self.levels[0].steps.push(Step::Reduce { to, fold, size, var, steps, value });
                to
            }
            _ => {
                self.wanted.insert(node);
                self.kernel.local(number)
            }
        }
    }

    fn lambda(&mut self, lambda: &Lambda, index: &[Var]) -> Var {
        let mut names: HashMap<Var, Var> = lambda.index.iter().copied().zip(index.iter().copied()).collect();
        for input in &lambda.inputs {
            let inside: Vec<Var> = match self.flat {
                true if input.axes.is_empty() => Vec::new(),
                true => index.to_vec(),
                false => input.axes.iter().map(|axis| index[*axis]).collect(),
            };
            names.insert(input.var, self.value(input.node, &inside));
        }
        let mut read = Vec::new();
        reads(&lambda.body, &mut read);
        for node in read {
            let parameter = matches!(self.kernel.nodes[node].origin, Origin::Parameter(_));
            if !parameter && !self.stored.contains(&node) || node == self.place.out {
                self.wanted.insert(node);
            }
        }
        let value = Renamer { kernel: self.kernel, names }.expr(&lambda.body);
        let to = self.kernel.local(value.number);
        let depth = self.depth(index);
        self.levels[depth].steps.push(Step::Let { to, value });
        to
    }
}

/// The tensors whose elements an expression reads by index.
pub(super) fn reads(expr: &Expr, found: &mut Vec<NodeId>) {
    match &expr.kind {
        Kind::Read(read) => {
            found.push(read.node);
            read.index.iter().for_each(|index| reads(index, found));
        }
        Kind::Negate(inner) | Kind::Not(inner) | Kind::Cast(inner) => reads(inner, found),
        Kind::Binary(_, left, right) => [left, right].into_iter().for_each(|side| reads(side, found)),
        Kind::Call(_, arguments) => arguments.iter().for_each(|argument| reads(argument, found)),
        Kind::If(condition, then, otherwise) => {
            reads(condition, found);
            block_reads(then, found);
            block_reads(otherwise, found);
        }
        Kind::Block(block) => block_reads(block, found),
        Kind::Literal(_) | Kind::Infinity | Kind::Nan | Kind::Var(_) | Kind::Scalar(_) | Kind::Size(_) => {}
    }
}

fn block_reads(block: &Block, found: &mut Vec<NodeId>) {
    for statement in &block.statements {
        match statement {
            Statement::Let(_, value) | Statement::Assign(_, value) => reads(value, found),
            Statement::If(condition, then, otherwise) => {
                reads(condition, found);
                block_reads(then, found);
                block_reads(otherwise, found);
            }
            Statement::For(_, from, to, body) => {
                reads(from, found);
                reads(to, found);
                block_reads(body, found);
            }
            Statement::Block(block) => block_reads(block, found),
        }
    }
    if let Some(value) = &block.value {
        reads(value, found);
    }
}

/// Copies an expression, with locals of its own.
struct Renamer<'a> {
    kernel: &'a mut Kernel,
    names: HashMap<Var, Var>,
}

impl Renamer<'_> {
    fn declared(&mut self, var: Var) -> Var {
        let copy = self.kernel.vars[var].clone();
        self.kernel.vars.push(copy);
        let new = self.kernel.vars.len() - 1;
        self.names.insert(var, new);
        new
    }

    fn name(&self, var: Var) -> Var {
        self.names.get(&var).copied().unwrap_or(var)
    }

    fn boxed(&mut self, expr: &Expr) -> Box<Expr> {
        Box::new(self.expr(expr))
    }

    fn expr(&mut self, expr: &Expr) -> Expr {
        let kind = match &expr.kind {
            Kind::Var(var) => Kind::Var(self.name(*var)),
            Kind::Read(read) => {
                let mut read = read.clone();
                read.index = read.index.iter().map(|index| self.expr(index)).collect();
                Kind::Read(read)
            }
            Kind::Negate(inner) => Kind::Negate(self.boxed(inner)),
            Kind::Not(inner) => Kind::Not(self.boxed(inner)),
            Kind::Cast(inner) => Kind::Cast(self.boxed(inner)),
            Kind::Binary(operator, left, right) => {
                Kind::Binary(*operator, self.boxed(left), self.boxed(right))
            }
            Kind::Call(function, arguments) => {
                Kind::Call(function, arguments.iter().map(|argument| self.expr(argument)).collect())
            }
            Kind::If(condition, then, otherwise) => {
                Kind::If(self.boxed(condition), self.block(then), self.block(otherwise))
            }
            Kind::Block(block) => Kind::Block(self.block(block)),
            other => other.clone(),
        };
        Expr { number: expr.number, kind }
    }

    fn block(&mut self, block: &Block) -> Block {
        let statements = block.statements.iter().map(|statement| self.statement(statement)).collect();
        let value = block.value.as_ref().map(|value| self.boxed(value));
        Block { statements, value }
    }

    fn statement(&mut self, statement: &Statement) -> Statement {
        match statement {
            Statement::Let(var, value) => {
                let value = self.expr(value);
                Statement::Let(self.declared(*var), value)
            }
            Statement::Assign(var, value) => Statement::Assign(self.name(*var), self.expr(value)),
            Statement::If(condition, then, otherwise) => {
                Statement::If(self.expr(condition), self.block(then), self.block(otherwise))
            }
            Statement::For(var, from, to, body) => {
                let (from, to) = (self.expr(from), self.expr(to));
                let var = self.declared(*var);
                Statement::For(var, from, to, self.block(body))
            }
            Statement::Block(block) => Statement::Block(self.block(block)),
        }
    }
}
