//! Stages as CUDA C, against the prelude in `runtime/src/kernel/prelude.cu`.
//!
//! | form of the stage | on a device | |
//! |---|---|---|
//! | flat, column, rows without a fold | a thread per element | neighbours read neighbours |
//! | rows and points with a fold | a warp per row, lane `i` for elements `i`, `i + 32`, … | lanes are folded by shuffles |
//! | matmul | a block of 256 threads per tile of 16 by 16 | through shared memory |
//!
//! Parameters of every entry, in this order: the tensor that is written, those that are read, sizes, numbers, and a
//! word for faults. What an expression needs as statements is printed before it.

mod expr;

use super::rust::Used;
use super::schedule::{Form, Schedule, Stage, Step};
use crate::kernel::ir::{Fold, NodeId, Size, Var};
use crate::kernel::number::Number;
use std::fmt::Write;

/// Prints one stage.
pub(super) struct CPrinter<'a> {
    pub(super) schedule: &'a Schedule,
    text: String,
    /// Names of statements' temporaries.
    temporaries: usize,
}

/// How the work of a stage is shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    Elements,
    Rows,
    Tiles,
}

/// How the work of a stage is shared out.
pub(super) fn work(stage: &Stage) -> Work {
    let folds = stage.row.iter().any(|step| matches!(step, Step::Reduce { .. }));
    match stage.form {
        Form::Matmul { .. } => Work::Tiles,
        Form::Rows | Form::Points if folds => Work::Rows,
        _ => Work::Elements,
    }
}

/// The entry of a stage, as text.
pub(super) fn entry(schedule: &Schedule, name: &str, stage: &Stage, used: &Used) -> String {
    let mut printer = CPrinter { schedule, text: String::new(), temporaries: 0 };
    printer.open(name, stage, used);
    printer.line("{");
    match &stage.form {
        Form::Matmul { a, b } => {
            let [rows, columns] =
                [0, 1].map(|axis| printer.dims(stage.out).get(axis).copied().unwrap_or(Size::Fixed(1)));
            let inner = printer.dims(a.node).get(usize::from(!a.swapped)).copied().unwrap_or(Size::Fixed(1));
            let sizes = [rows, inner, columns].map(size).join(", ");
            printer.line(&format!(
                "ST_ONE st_matmul(out, b{}, {}, b{}, {}, {sizes});",
                a.node, a.swapped, b.node, b.swapped
            ));
        }
        _ => printer.body(stage),
    }
    printer.line("}");
    printer.text
}

fn size(size: Size) -> String {
    match size {
        Size::Symbol(symbol) => format!("n{symbol}"),
        Size::Fixed(number) => format!("{number}ull"),
    }
}

fn product(sizes: &[Size]) -> String {
    let sizes: Vec<String> = sizes.iter().map(|one| size(*one)).collect();
    if sizes.is_empty() { "1ull".to_owned() } else { sizes.join(" * ") }
}

fn fold_name(fold: Fold) -> &'static str {
    match fold {
        Fold::Sum => "sum",
        Fold::Product => "product",
        Fold::Max => "max",
        Fold::Min => "min",
    }
}

impl CPrinter<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn dims(&self, node: NodeId) -> &[Size] {
        &self.schedule.kernel.nodes[node].dims
    }

    fn number(&self, var: Var) -> Number {
        self.schedule.kernel.vars[var].number
    }

    fn open(&mut self, name: &str, stage: &Stage, used: &Used) {
        let element = |node: NodeId| self.schedule.kernel.nodes[node].element.c_name();
        let mut params = vec![format!("{} *__restrict__ out", element(stage.out))];
        params
            .extend(used.nodes.iter().map(|node| format!("const {} *__restrict__ b{node}", element(*node))));
        params.extend(used.sizes.iter().map(|symbol| format!("const st_size n{symbol}")));
        let scalars =
            used.scalars.iter().map(|(place, number)| format!("const {} s{place}", number.c_name()));
        params.extend(scalars);
        params.push("unsigned *__restrict__ faults".to_owned());
        let _ = write!(self.text, "extern \"C\" __global__ void {name}({}) ", params.join(", "));
    }

    fn body(&mut self, stage: &Stage) {
        let dims = self.dims(stage.out).to_vec();
        self.line("unsigned fault = 0;");
        if work(stage) == Work::Rows {
            self.rows(stage, &dims);
        } else {
            self.elements(stage, &dims);
        }
        self.line("if (fault != 0) *faults = fault;");
    }

    /// Names the indexes of element `from`, the last of them first.
    fn unravel(&mut self, from: &str, index: &[Var], sizes: &[Size]) {
        self.line(&format!("st_size rest = {from};"));
        for at in (0..index.len()).rev() {
            let var = index[at];
            if at == 0 {
                self.line(&format!("const st_size v{var} = rest;"));
            } else {
                let size = size(sizes[at]);
                self.line(&format!("const st_size v{var} = rest % {size}; rest /= {size};"));
            }
        }
        self.line("(void)rest;");
    }

    fn elements(&mut self, stage: &Stage, dims: &[Size]) {
        self.line(&format!("ST_ELEMENTS(i, {}) {{", product(dims)));
        match (&stage.form, &stage.index[..]) {
            (Form::Flat, [index]) => self.line(&format!("const st_size v{index} = i;")),
            (_, index) => self.unravel("i", index, dims),
        }
        self.steps(&stage.row, "i");
        if let Form::Column { fold, size: over, var } = &stage.form {
            let number = self.schedule.kernel.nodes[stage.out].element.number();
            self.line(&format!("{} sum = {};", number.c_name(), start(*fold, number)));
            self.line(&format!("for (st_size v{var} = 0; v{var} < {}; ++v{var}) {{", size(*over)));
            self.steps(&stage.mid, "i");
            self.steps(&stage.inner, "i");
            self.line(&format!("sum = st_{}(sum, v{});", fold_name(*fold), stage.value));
            self.line("}\nst_store(&out[i], sum);\n}");
            return;
        }
        self.steps(&stage.inner, "i");
        self.line(&format!("st_store(&out[i], v{});\n}}", stage.value));
    }

    fn rows(&mut self, stage: &Stage, dims: &[Size]) {
        let points = stage.form == Form::Points;
        let (outer, last) = match dims.split_last() {
            Some((last, outer)) if !points => (outer, *last),
            _ => (dims, Size::Fixed(1)),
        };
        self.line(&format!("ST_ROWS(p, {}) {{", product(outer)));
        self.unravel("p", &stage.index[..outer.len()], outer);
        self.steps(&stage.row, "p");
        if points {
            self.line(&format!("ST_FIRST_LANE st_store(&out[p], v{});\n}}", stage.value));
            return;
        }
        let at = stage.index.last().copied().unwrap_or_default();
        let last = size(last);
        self.line(&format!("ST_LANES(lane) for (st_size v{at} = lane; v{at} < {last}; v{at} += 32) {{"));
        self.steps(&stage.inner, &format!("p * {last} + v{at}"));
        self.line(&format!("st_store(&out[p * {last} + v{at}], v{});\n}}\n}}", stage.value));
    }

    /// Where an element lies, by Horner's rule.
    fn offset(&self, node: NodeId, index: &[Var]) -> String {
        let sizes = self.dims(node);
        let mut text = "0".to_owned();
        for (at, var) in index.iter().enumerate() {
            text =
                if at == 0 { format!("v{var}") } else { format!("({text} * {} + v{var})", size(sizes[at])) };
        }
        text
    }

    /// Prints steps; `own` is where the element that is written lies.
    fn steps(&mut self, steps: &[Step], own: &str) {
        for step in steps {
            match step {
                Step::Load { to, node, index } => {
                    let (ty, at) = (self.number(*to).c_name(), self.offset(*node, index));
                    self.line(&format!("const {ty} v{to} = st_load(b{node}[{at}]);"));
                }
                Step::Slice { to, node, base } => {
                    let ty = self.schedule.kernel.nodes[*node].element.c_name();
                    let last = self.dims(*node).last().copied().unwrap_or(Size::Fixed(1));
                    let at = self.offset(*node, base);
                    self.line(&format!("const {ty} *r{to} = b{node} + {at} * {};", size(last)));
                }
                Step::Elem { to, slice, at } => {
                    let ty = self.number(*to).c_name();
                    self.line(&format!("const {ty} v{to} = st_load(r{slice}[v{at}]);"));
                }
                Step::Own { to } => {
                    let ty = self.number(*to).c_name();
                    self.line(&format!("const {ty} v{to} = st_load(out[{own}]);"));
                }
                Step::Let { to, value } => {
                    let (ty, value) = (self.number(*to).c_name(), self.expr(value));
                    self.line(&format!("const {ty} v{to} = {value};"));
                }
                Step::Reduce { to, fold, size: over, var, steps, value } => {
                    let number = self.number(*value);
                    let (ty, name, start) = (number.c_name(), fold_name(*fold), start(*fold, number));
                    self.line(&format!("{ty} part{to}[ST_PART];\nST_LANES(lane) {{\n{ty} sum = {start};"));
                    self.line(&format!(
                        "for (st_size v{var} = lane; v{var} < {}; v{var} += 32) {{",
                        size(*over)
                    ));
                    self.steps(steps, own);
                    self.line(&format!(
                        "sum = st_{name}(sum, v{value});\n}}\npart{to}[ST_AT(lane)] = sum;\n}}"
                    ));
                    self.line(&format!("const {ty} v{to} = st_fold_lanes<st_fold_{name}>(part{to});"));
                }
            }
        }
    }
}

/// The value that folding begins with.
fn start(fold: Fold, number: Number) -> String {
    let float = number.is_float();
    let text = match (fold, number) {
        (Fold::Sum, _) => "0",
        (Fold::Product, _) => "1",
        (Fold::Max, _) if float => "-st_of_bits(0x7f800000u)",
        (Fold::Min, _) if float => "st_of_bits(0x7f800000u)",
        (Fold::Max, Number::I32) => "(int)0x80000000u",
        (Fold::Max, Number::I64) => "(long long)0x8000000000000000ull",
        (Fold::Max, _) => "0",
        (Fold::Min, Number::I32) => "2147483647",
        (Fold::Min, Number::I64) => "9223372036854775807ll",
        (Fold::Min, Number::U32) => "4294967295u",
        (Fold::Min, _) => "18446744073709551615ull",
    };
    text.to_owned()
}
