//! Which tensors are computed in memory, in which order, and what is computed along with each.
//!
//! A stage computes one tensor, element by element. What it needs of other tensors it reads from memory where they are
//! there, and else computes on the spot: functions of elements always, reductions of rows where the stage goes by the
//! same rows. Everything else gets a stage of its own before. That is decided by trying: a tensor that turns out to be
//! needed in memory is added to those that are stored, and all is built again.
//!
//! ```text
//! Flat    one loop over all elements              row: once         inner: per element
//! Rows    a loop over rows, one over the last axis row: per row      inner: per element
//! Points  a loop over elements, each a reduction   row: per element
//! Column  another axis than the last is folded     row · mid: per step of the fold · inner: per element
//! Matmul  the library's product of two matrices
//! ```
//!
//! Invariant: a tensor that a write replaces is read before it in every stage that was written before it.

use crate::kernel::ir::{Expr, Fold, Kernel, NodeId, Origin, Size, Var};
use std::collections::{BTreeSet, HashMap};

mod build;

/// One tensor computed in memory.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    /// The tensor whose memory is written.
    pub(crate) out: NodeId,
    pub(crate) form: Form,
    /// One per axis of the tensor; one for all in a flat stage.
    pub(crate) index: Vec<Var>,
    /// What is computed once per row, per step of a fold, and per element.
    pub(crate) row: Vec<Step>,
    pub(crate) mid: Vec<Step>,
    pub(crate) inner: Vec<Step>,
    /// The value of the element.
    pub(crate) value: Var,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Flat,
    Rows,
    Points,
    Column { fold: Fold, size: Size, var: Var },
    Matmul { a: Factor, b: Factor },
}

/// A matrix in memory, and whether it is read as if its axes were swapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Factor {
    pub(crate) node: NodeId,
    pub(crate) swapped: bool,
}

/// One thing that is computed once per round of the loop it stands in.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// An element of a tensor in memory.
    Load {
        to: Var,
        node: NodeId,
        index: Vec<Var>,
    },
    /// The elements of the last axis, at an index of all axes before it.
    Slice {
        to: usize,
        node: NodeId,
        base: Vec<Var>,
    },
    /// An element of a slice.
    Elem {
        to: Var,
        slice: usize,
        at: Var,
    },
    /// The element that the stage is about to replace.
    Own {
        to: Var,
    },
    Let {
        to: Var,
        value: Expr,
    },
    /// The last axis folded: `steps` for each `var` below `size`.
    Reduce {
        to: Var,
        fold: Fold,
        size: Size,
        var: Var,
        steps: Vec<Step>,
        value: Var,
    },
}

/// Stages in order, and the kernel with the locals they use.
pub(crate) struct Schedule {
    pub(crate) kernel: Kernel,
    pub(crate) stages: Vec<Stage>,
    /// Tensors that live for the call only.
    pub(crate) temporaries: Vec<NodeId>,
}

/// Arranges a kernel.
pub(crate) fn schedule(kernel: &Kernel) -> Schedule {
    let mut stored: BTreeSet<NodeId> = kernel.results.iter().copied().collect();
    loop {
        let mut attempt = kernel.clone();
        let (stages, wanted) = stages(&mut attempt, &stored);
        let before = stored.len();
        stored.extend(wanted);
        if stored.len() == before {
            let temporary = |node: &NodeId| !kernel.results.contains(node);
            let temporaries = stored.iter().copied().filter(temporary).collect();
            return Schedule { kernel: attempt, stages, temporaries };
        }
    }
}

/// The stages if `stored` is what is kept in memory, and what else would have to be.
fn stages(kernel: &mut Kernel, stored: &BTreeSet<NodeId>) -> (Vec<Stage>, BTreeSet<NodeId>) {
    let (mut stages, mut wanted) = (Vec::new(), BTreeSet::new());
    let depends = dependencies(kernel);
    let mut waiting = stored.iter().copied().peekable();
    for (number, write) in kernel.writes.clone().into_iter().enumerate() {
        while let Some(node) = waiting.next_if(|node| *node < write.at) {
            stages.push(build::stage(
                kernel,
                stored,
                &depends,
                build::Place { root: node, out: node, writes: number },
                &mut wanted,
            ));
        }
        let plain = !stored.contains(&write.value)
            && !matches!(kernel.nodes[write.value].origin, Origin::Parameter(_) | Origin::Transpose(_));
        let root = if plain { write.value } else { build::copied(kernel, write.value, write.target) };
        let place = build::Place { root, out: write.target, writes: number };
        let mut wanted_here = BTreeSet::new();
        stages.push(build::stage(kernel, stored, &depends, place, &mut wanted_here));
        // What reads elsewhere in the tensor it replaces is computed beside it first.
        if wanted_here.remove(&write.target) {
            wanted_here.insert(write.value);
        }
        wanted.extend(wanted_here);
    }
    let writes = kernel.writes.len();
    for node in waiting {
        stages.push(build::stage(
            kernel,
            stored,
            &depends,
            build::Place { root: node, out: node, writes },
            &mut wanted,
        ));
    }
    (stages, wanted)
}

/// For each node, the parameters that its elements come from.
fn dependencies(kernel: &Kernel) -> HashMap<NodeId, BTreeSet<NodeId>> {
    let mut depends: HashMap<NodeId, BTreeSet<NodeId>> = HashMap::new();
    for (id, node) in kernel.nodes.iter().enumerate() {
        let mut on = BTreeSet::new();
        match &node.origin {
            Origin::Parameter(_) => {
                on.insert(id);
            }
            Origin::Lambda(lambda) => {
                let mut read = Vec::new();
                build::reads(&lambda.body, &mut read);
                read.extend(lambda.inputs.iter().map(|input| input.node));
                on.extend(read.iter().flat_map(|node| depends[node].iter().copied()));
            }
            Origin::Reduce { of, .. } | Origin::Transpose(of) => on.extend(depends[of].iter().copied()),
            Origin::Matmul { a, b } => on.extend(depends[a].iter().chain(&depends[b]).copied()),
        }
        depends.insert(id, on);
    }
    depends
}
