//! Stages as Rust: for each a function over slices, which are known not to overlap because they are arguments, so that
//! its loops are those one writes by hand. Nothing here is `unsafe`; what is read by a computed index is compared first.
//!
//! ```text
//! fn stage_0(out: &mut [f32], first: usize, n0: usize, b1: &[f32], s2: f32) -> u32
//!            rows of the result, from row `first` on; sizes, tensors, numbers; faults are returned
//! ```

mod expr;

use super::schedule::{Form, Schedule, Stage, Step};
use crate::kernel::ir::{Fold, Kind, NodeId, Size, Var};
use crate::kernel::number::{Element, Number};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};
use std::collections::{BTreeMap, BTreeSet};

/// Lanes that the last axis is folded in.
const LANES: usize = 32;

/// Prints the stages of one kernel.
pub(super) struct Printer<'a> {
    /// The path of the crate's private module.
    pub(super) private: &'a TokenStream,
    pub(super) schedule: &'a Schedule,
}

/// What a stage reads beside its own memory.
#[derive(Default)]
pub(super) struct Used {
    pub(super) nodes: BTreeSet<NodeId>,
    pub(super) sizes: BTreeSet<usize>,
    pub(super) scalars: BTreeMap<usize, Number>,
    /// Locals that are read.
    vars: BTreeSet<Var>,
    /// Slices that are read whole, by a fold.
    whole: BTreeSet<usize>,
}

pub(super) fn name(text: &str, number: usize) -> Ident {
    Ident::new(&format!("{text}{number}"), Span::mixed_site())
}

pub(super) fn size(size: Size) -> TokenStream {
    match size {
        Size::Symbol(symbol) => {
            let name = name("n", symbol);
            quote!(#name)
        }
        Size::Fixed(number) => {
            let number = Literal::u64_unsuffixed(number);
            quote!(#number)
        }
    }
}

/// The product of sizes.
pub(super) fn product(sizes: &[Size]) -> TokenStream {
    let sizes = sizes.iter().map(|one| size(*one));
    quote!((1 #(* #sizes)*))
}

impl Printer<'_> {
    pub(super) fn element(&self, element: Element) -> TokenStream {
        let name = format_ident!("{}", element.name());
        let private = self.private;
        quote!(#private::#name)
    }

    pub(super) fn number(&self, number: Number) -> TokenStream {
        self.element(Element::Plain(number))
    }

    fn dims(&self, node: NodeId) -> &[Size] {
        &self.schedule.kernel.nodes[node].dims
    }

    /// The function of a stage.
    pub(super) fn function(&self, number: usize, stage: &Stage) -> TokenStream {
        let private = self.private;
        let used = self.used(stage);
        let function = name("stage_", number);
        let out_type = self.element(self.schedule.kernel.nodes[stage.out].element);
        let (params, _) = self.parameters(&used);
        let body = match &stage.form {
            Form::Matmul { .. } => return TokenStream::new(),
            Form::Flat => self.flat(stage, &used),
            Form::Rows => self.rows(stage, &used),
            Form::Points => self.points(stage, &used),
            Form::Column { fold, size: over, var } => self.column(stage, &used, *fold, *over, *var),
        };
        quote! {
            #[inline(never)]
            fn #function(out: &mut [#out_type], first: #private::usize, #params) -> #private::u32 {
                let mut fault: #private::u32 = 0;
                #body
                fault
            }
        }
    }

    /// The parameters of a stage's function after the first two, and the same as arguments.
    pub(super) fn parameters(&self, used: &Used) -> (TokenStream, TokenStream) {
        let private = self.private;
        let sizes: Vec<Ident> = used.sizes.iter().map(|at| name("n", *at)).collect();
        let buffers: Vec<Ident> = used.nodes.iter().map(|at| name("b", *at)).collect();
        let elements = used.nodes.iter().map(|node| self.element(self.schedule.kernel.nodes[*node].element));
        let scalars: Vec<Ident> = used.scalars.keys().map(|at| name("s", *at)).collect();
        let numbers = used.scalars.values().map(|number| self.number(*number));
        let params = quote! {
            #(#sizes: #private::usize,)* #(#buffers: &[#elements],)* #(#scalars: #numbers,)*
        };
        (params, quote!(#(#sizes,)* #(#buffers,)* #(#scalars,)*))
    }

    pub(super) fn used(&self, stage: &Stage) -> Used {
        let mut used = Used::default();
        let mut sizes: Vec<Size> = self.dims(stage.out).to_vec();
        let mut nodes = Vec::new();
        stage.steps(&mut |step| match step {
            Step::Load { node, index, .. } => {
                nodes.push(*node);
                used.vars.extend(index);
            }
            Step::Slice { node, base, .. } => {
                nodes.push(*node);
                used.vars.extend(base);
            }
            Step::Reduce { size, steps, .. } => {
                sizes.push(*size);
                used.whole.extend(slices(steps));
            }
            Step::Elem { .. } | Step::Own { .. } | Step::Let { .. } => {}
        });
        used.whole.extend(slices(&stage.mid));
        stage.visit(&mut |kind, number| match kind {
            Kind::Read(read) => nodes.push(read.node),
            Kind::Size(size) => sizes.push(*size),
            Kind::Var(var) => {
                used.vars.insert(*var);
            }
            Kind::Scalar(place) => {
                used.scalars.insert(*place, number);
            }
            _ => {}
        });
        match &stage.form {
            Form::Column { size, .. } => sizes.push(*size),
            Form::Matmul { a, b } => nodes.extend([a.node, b.node]),
            Form::Flat | Form::Rows | Form::Points => {}
        }
        sizes.extend(nodes.iter().flat_map(|node| self.dims(*node)));
        used.sizes = sizes
            .iter()
            .filter_map(|size| if let Size::Symbol(at) = size { Some(*at) } else { None })
            .collect();
        used.nodes = nodes.into_iter().collect();
        used
    }

    fn flat(&self, stage: &Stage, used: &Used) -> TokenStream {
        let row = self.steps(&stage.row, used, &quote!(first), &quote!(out.len()));
        let inner = self.elements(stage, used, &quote!(first));
        quote!(#row #inner)
    }

    /// The loop over the elements of `out`.
    fn elements(&self, stage: &Stage, used: &Used, offset: &TokenStream) -> TokenStream {
        let private = self.private;
        let at = stage.index.last().copied().unwrap_or_default();
        let var = name("v", at);
        let index = used.vars.contains(&at).then(|| quote!(let #var: #private::usize = #offset + q;));
        let inner = self.steps(&stage.inner, used, &quote!(0), &quote!(0));
        let value = name("v", stage.value);
        quote! {
            for q in 0..out.len() {
                #index
                #inner
                out[q] = #private::Stored::store(#value);
            }
        }
    }

    /// Names the indexes of row `p`, the last of them first.
    fn unravel(&self, index: &[Var], sizes: &[Size], used: &Used) -> TokenStream {
        let private = self.private;
        let needed: Vec<bool> = index.iter().map(|var| used.vars.contains(var)).collect();
        let Some(first) = needed.iter().position(|needed| *needed) else { return TokenStream::new() };
        let mut code = quote!(let rest: #private::usize = p;);
        for at in (first..index.len()).rev() {
            let (var, size) = (name("v", index[at]), size(sizes[at]));
            code.extend(if at == 0 {
                quote!(let #var: #private::usize = rest;)
            } else {
                quote!(let #var: #private::usize = rest % #size; let rest: #private::usize = rest / #size;)
            });
        }
        quote!(#code let _ = rest;)
    }

    fn rows(&self, stage: &Stage, used: &Used) -> TokenStream {
        let private = self.private;
        let dims = self.dims(stage.out);
        let (last, outer) = dims.split_last().map_or((Size::Fixed(1), dims), |(last, outer)| (*last, outer));
        let length = size(last);
        let indexes = self.unravel(&stage.index[..outer.len()], outer, used);
        let row = self.steps(&stage.row, used, &quote!(0), &length);
        let inner = self.elements(stage, used, &quote!(0));
        quote! {
            for (p, out) in #private::rows_of(out, #length) {
                let p = first + p;
                #indexes
                #row
                #inner
            }
        }
    }

    fn points(&self, stage: &Stage, used: &Used) -> TokenStream {
        let private = self.private;
        let indexes = self.unravel(&stage.index, self.dims(stage.out), used);
        let row = self.steps(&stage.row, used, &quote!(0), &quote!(0));
        let value = name("v", stage.value);
        quote! {
            for (p, out) in #private::rows_of(out, 1) {
                let (p, q) = (first + p, 0);
                #indexes
                #row
                out[q] = #private::Stored::store(#value);
            }
        }
    }

    fn column(&self, stage: &Stage, used: &Used, fold: Fold, over: Size, var: Var) -> TokenStream {
        let private = self.private;
        let dims = self.dims(stage.out);
        let (last, outer) = dims.split_last().map_or((Size::Fixed(1), dims), |(last, outer)| (*last, outer));
        let number = self.schedule.kernel.nodes[stage.out].element.number();
        let (start, fold) = (self.start(fold, number), fold_name(fold));
        // One row is shared out by its elements, several by rows.
        let alone = outer.is_empty();
        let (offset, length) =
            if alone { (quote!(first), quote!(out.len())) } else { (quote!(0), size(last)) };
        let row = self.steps(&stage.row, used, &offset, &length);
        let mid = self.steps(&stage.mid, used, &offset, &length);
        let inner = self.steps(&stage.inner, used, &offset, &length);
        let (step, over, value) = (name("v", var), size(over), name("v", stage.value));
        let at = stage.index.last().copied().unwrap_or_default();
        let at_name = name("v", at);
        let index = used.vars.contains(&at).then(|| quote!(let #at_name: #private::usize = #offset + q;));
        let one_row = quote! {
            out.fill(#start);
            #row
            for #step in 0..#over {
                #mid
                for q in 0..out.len() {
                    #index
                    #inner
                    out[q] = #private::#fold(out[q], #value);
                }
            }
        };
        if alone {
            return one_row;
        }
        let indexes = self.unravel(&stage.index[..outer.len()], outer, used);
        quote! {
            for (p, out) in #private::rows_of(out, #length) {
                let p = first + p;
                #indexes
                #one_row
            }
        }
    }

    /// The value that folding begins with.
    fn start(&self, fold: Fold, number: Number) -> TokenStream {
        let ty = self.number(number);
        match fold {
            Fold::Sum | Fold::Product => {
                let kind = if fold == Fold::Sum { "0" } else { "1" };
                let digits = if number.is_float() { format!("{kind}.0") } else { kind.to_owned() };
                self.literal(&digits, number)
            }
            Fold::Max if number.is_float() => quote!(<#ty>::NEG_INFINITY),
            Fold::Min if number.is_float() => quote!(<#ty>::INFINITY),
            Fold::Max => quote!(<#ty>::MIN),
            Fold::Min => quote!(<#ty>::MAX),
        }
    }

    /// Where an element lies, by Horner's rule.
    fn offset(&self, node: NodeId, index: &[Var]) -> TokenStream {
        let sizes = self.dims(node);
        let mut code = TokenStream::new();
        for (at, var) in index.iter().enumerate() {
            let var = name("v", *var);
            if at == 0 {
                code = quote!(#var);
            } else {
                let size = size(sizes[at]);
                code = quote!((#code * #size + #var));
            }
        }
        if index.is_empty() { quote!(0) } else { code }
    }

    /// Prints steps; slices of the last axis begin at `offset` and have `length` elements unless they are folded.
    fn steps(&self, steps: &[Step], used: &Used, offset: &TokenStream, length: &TokenStream) -> TokenStream {
        steps.iter().map(|step| self.step(step, used, offset, length)).collect()
    }

    fn step(&self, step: &Step, used: &Used, offset: &TokenStream, length: &TokenStream) -> TokenStream {
        let private = self.private;
        match step {
            Step::Load { to, node, index } => {
                let (to, buffer) = (name("v", *to), name("b", *node));
                let at = self.offset(*node, index);
                quote!(let #to = #private::Stored::load(#buffer[#at]);)
            }
            Step::Slice { to, node, base } => {
                let (slice, buffer) = (name("r", *to), name("b", *node));
                let last = self.dims(*node).last().copied().unwrap_or(Size::Fixed(1));
                let last = size(last);
                // What a reduction reads is the whole row.
                if used.whole.contains(to) {
                    let at = self.offset(*node, base);
                    return quote!(let #slice = &#buffer[#at * #last..][..#last];);
                }
                let start = if base.is_empty() {
                    quote!(#offset)
                } else {
                    let at = self.offset(*node, base);
                    quote!(#at * #last + #offset)
                };
                quote!(let #slice = &#buffer[#start..][..#length];)
            }
            Step::Elem { to, slice, at } => {
                let (to, slice) = (name("v", *to), name("r", *slice));
                let at = self.position(*at);
                quote!(let #to = #private::Stored::load(#slice[#at]);)
            }
            Step::Own { to } => {
                let to = name("v", *to);
                quote!(let #to = #private::Stored::load(out[q]);)
            }
            Step::Let { to, value } => {
                let (to, value) = (name("v", *to), self.expr(value));
                quote!(let #to = #value;)
            }
            Step::Reduce { .. } => self.reduction(step, used),
        }
    }

    /// How the loop of an index calls its place in the slice.
    fn position(&self, at: Var) -> TokenStream {
        if self
            .schedule
            .stages
            .iter()
            .any(|stage| matches!(stage.form, Form::Column { var, .. } if var == at))
        {
            let at = name("v", at);
            return quote!(#at);
        }
        quote!(q)
    }

    /// The last axis folded in lanes.
    fn reduction(&self, step: &Step, used: &Used) -> TokenStream {
        let Step::Reduce { to, fold, size: over, var, steps, value } = step else {
            return TokenStream::new();
        };
        let private = self.private;
        let (to, at, value_name) = (name("v", *to), name("v", *var), name("v", *value));
        let number = self.schedule.kernel.vars[*value].number;
        let (start, fold, over) = (self.start(*fold, number), fold_name(*fold), size(*over));
        let ty = self.number(number);
        let lanes = Literal::usize_unsuffixed(LANES);
        let plain = steps.iter().all(|step| match step {
            Step::Elem { .. } => true,
            Step::Let { value, .. } => !expr::faults(value),
            _ => false,
        });
        let body = self.steps(steps, used, &quote!(0), &over);
        if !plain {
            return quote! {
                let #to: #ty = {
                    let mut part: [#ty; #lanes] = [#start; #lanes];
                    for q in 0..#over {
                        let #at: #private::usize = q;
                        #body
                        part[q % #lanes] = #private::#fold(part[q % #lanes], #value_name);
                    }
                    #private::fold_lanes(part, #private::#fold)
                };
            };
        }
        let slices: BTreeSet<usize> = slices(steps).collect();
        let slices: Vec<Ident> = slices.into_iter().map(|slice| name("r", slice)).collect();
        let wholes: Vec<Ident> =
            slices.iter().map(|slice| format_ident!("{slice}_whole", span = Span::mixed_site())).collect();
        let rests: Vec<Ident> =
            slices.iter().map(|slice| format_ident!("{slice}_rest", span = Span::mixed_site())).collect();
        let index = used.vars.contains(var);
        let whole_index = index.then(|| quote!(let #at: #private::usize = chunk * #lanes + q;));
        let rest_index = index.then(|| quote!(let #at: #private::usize = #over / #lanes * #lanes + q;));
        quote! {
            let #to: #ty = {
                let mut part: [#ty; #lanes] = [#start; #lanes];
                #(let (#wholes, #rests) = #slices.as_chunks::<#lanes>();)*
                for chunk in 0..#over / #lanes {
                    #(let #slices = &#wholes[chunk];)*
                    for q in 0..#lanes {
                        #whole_index
                        #body
                        part[q] = #private::#fold(part[q], #value_name);
                    }
                }
                #(let #slices = #rests;)*
                for q in 0..#over % #lanes {
                    #rest_index
                    #body
                    part[q] = #private::#fold(part[q], #value_name);
                }
                #private::fold_lanes(part, #private::#fold)
            };
        }
    }

    /// The call of a stage: its rows, shared out among threads.
    pub(super) fn call(&self, number: usize, stage: &Stage) -> TokenStream {
        let private = self.private;
        let dims = self.dims(stage.out);
        if let Form::Matmul { a, b } = &stage.form {
            let [left, right] = [a, b].map(|factor| {
                let (buffer, swapped) = (name("b", factor.node), factor.swapped);
                quote!((#buffer, #swapped))
            });
            let inner = self.dims(a.node).get(usize::from(!a.swapped)).copied().unwrap_or(Size::Fixed(1));
            let sizes = [dims[0], inner, dims[1]].map(size);
            return quote!(#private::matmul(out, #left, #right, [#(#sizes),*]););
        }
        let function = name("stage_", number);
        let (_, arguments) = self.parameters(&self.used(stage));
        let mut reduced = Vec::new();
        stage.steps(&mut |step| {
            if let Step::Reduce { size, .. } = step {
                reduced.push(*size);
            }
        });
        let (outer_last, work) =
            (dims.last().copied().unwrap_or(Size::Fixed(1)), reduced.iter().map(|one| size(*one)));
        let (row, work) = match &stage.form {
            Form::Column { size: over, .. } if dims.len() == 1 => (quote!(1), size(*over)),
            Form::Column { size: over, .. } => {
                let (row, over) = (size(outer_last), size(*over));
                (row.clone(), quote!(#row * #over))
            }
            Form::Rows => {
                let row = size(outer_last);
                (row.clone(), quote!(#row #(+ #work)*))
            }
            Form::Points => (quote!(1), quote!(1 #(+ #work)*)),
            Form::Flat | Form::Matmul { .. } => (quote!(1), quote!(1)),
        };
        quote!(fault |= #private::by_rows(out, #row, #work, |out, first| #function(out, first, #arguments));)
    }
}

/// The function that folds two values.
fn fold_name(fold: Fold) -> Ident {
    let name = match fold {
        Fold::Sum => "fold_sum",
        Fold::Product => "fold_product",
        Fold::Max => "max",
        Fold::Min => "min",
    };
    Ident::new(name, Span::mixed_site())
}

/// The slices that steps read.
fn slices(steps: &[Step]) -> impl Iterator<Item = usize> + '_ {
    steps.iter().filter_map(|step| if let Step::Elem { slice, .. } = step { Some(*slice) } else { None })
}
