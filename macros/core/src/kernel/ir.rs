//! What a kernel says, independent of how it was written: sizes, tensors, and expressions over numbers.
//!
//! ```text
//! Kernel ── sizes      N, M, 512
//!        ── nodes      tensors, each a parameter or computed from earlier ones
//!        ── writes     which node becomes the value of which parameter, in order
//!        ── results    which nodes are returned
//! ```
//!
//! Invariant: a node names only nodes before it; every expression has the number that its place wants, so what prints
//! it converts nothing.

use super::number::{Element, Number};

/// One local number: an index into [`Kernel::vars`].
pub(crate) type Var = usize;
/// One tensor: an index into [`Kernel::nodes`].
pub(crate) type NodeId = usize;

/// The size of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Size {
    /// That of a dimension of the signature, known at run time.
    Symbol(usize),
    /// A number.
    Fixed(u64),
}

/// How many values are made one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fold {
    Sum,
    Product,
    Max,
    Min,
}

/// A tensor.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) dims: Vec<Size>,
    pub(crate) element: Element,
    pub(crate) origin: Origin,
}

/// Where the elements of a tensor come from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// A parameter of the kernel, by its place.
    Parameter(usize),
    /// A function of the index and of elements of other tensors.
    Lambda(Lambda),
    /// One axis folded.
    Reduce { fold: Fold, of: NodeId, axis: usize },
    /// The product of two matrices.
    Matmul { a: NodeId, b: NodeId },
    /// Rows as columns.
    Transpose(NodeId),
}

/// The value of one element.
#[derive(Clone, Debug)]
pub(crate) struct Lambda {
    /// The index, where it has a name.
    pub(crate) index: Vec<Var>,
    /// Elements of other tensors.
    pub(crate) inputs: Vec<Input>,
    pub(crate) body: Expr,
}

/// The element of `node` whose axis `i` stands where axis `axes[i]` of the result does.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) var: Var,
    pub(crate) node: NodeId,
    pub(crate) axes: Vec<usize>,
}

/// A number, computed.
#[derive(Clone, Debug)]
pub(crate) struct Expr {
    pub(crate) number: Number,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// Digits that both languages read as the same number.
    Literal(String),
    Infinity,
    Nan,
    Var(Var),
    /// A parameter, by its place.
    Scalar(usize),
    Size(Size),
    Read(Read),
    Negate(Box<Expr>),
    Not(Box<Expr>),
    Binary(Operator, Box<Expr>, Box<Expr>),
    Cast(Box<Expr>),
    Call(&'static Function, Vec<Expr>),
    If(Box<Expr>, Block, Block),
    Block(Block),
}

/// One element of a tensor, by index.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) node: NodeId,
    pub(crate) index: Vec<Expr>,
    /// Which indexes are known to be inside.
    pub(crate) inside: Vec<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Equal,
    Unequal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    And,
    Or,
    BitAnd,
    BitOr,
    BitXor,
    Shl,
    Shr,
}

impl Operator {
    /// Whether the result is a `bool`, whatever is compared.
    pub(crate) fn compares(self) -> bool {
        use Operator as O;
        matches!(self, O::Equal | O::Unequal | O::Less | O::LessEqual | O::Greater | O::GreaterEqual)
    }

    /// How both languages write it.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::And => "&&",
            Self::Or => "||",
            Self::BitAnd => "&",
            Self::BitOr => "|",
            Self::BitXor => "^",
            Self::Shl => "<<",
            Self::Shr => ">>",
        }
    }
}

/// A function of numbers: a method of Rust's, and a function `st_NAME` of the prelude.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// Arguments besides the receiver, all of its number.
    pub(crate) arguments: usize,
    /// Whether there is one for integers.
    pub(crate) integers: bool,
    /// Whether there is one for floats.
    pub(crate) floats: bool,
    /// Whether the result is a `bool`.
    pub(crate) tells: bool,
}

/// Statements, and the value of the last expression, if there is one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    pub(crate) statements: Vec<Statement>,
    pub(crate) value: Option<Box<Expr>>,
}

#[derive(Clone, Debug)]
pub(crate) enum Statement {
    Let(Var, Expr),
    Assign(Var, Expr),
    If(Expr, Block, Block),
    /// Counts up to the second number, which is left out.
    For(Var, Expr, Expr, Block),
    Block(Block),
}

/// A local number.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    pub(crate) number: Number,
    /// Whether it is assigned to after its declaration.
    pub(crate) mutable: bool,
    /// The size that it is below, if it is an index.
    pub(crate) below: Option<Size>,
}

/// The value of a parameter is replaced.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    /// The node of the parameter.
    pub(crate) target: NodeId,
    /// What it becomes.
    pub(crate) value: NodeId,
    /// How many nodes there were: those were computed from what the parameter was before.
    pub(crate) at: usize,
}

/// A whole kernel.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kernel {
    pub(crate) nodes: Vec<Node>,
    pub(crate) vars: Vec<Local>,
    pub(crate) writes: Vec<Write>,
    pub(crate) results: Vec<NodeId>,
}

impl Kernel {
    /// A new local.
    pub(crate) fn local(&mut self, number: Number) -> Var {
        self.vars.push(Local { number, mutable: false, below: None });
        self.vars.len() - 1
    }

    /// A new index below `size`.
    pub(crate) fn index(&mut self, size: Size) -> Var {
        self.vars.push(Local { number: Number::Usize, mutable: false, below: Some(size) });
        self.vars.len() - 1
    }

    /// A new tensor.
    pub(crate) fn node(&mut self, dims: Vec<Size>, element: Element, origin: Origin) -> NodeId {
        self.nodes.push(Node { dims, element, origin });
        self.nodes.len() - 1
    }
}

impl Expr {
    pub(crate) fn new(number: Number, kind: Kind) -> Self {
        Self { number, kind }
    }

    pub(crate) fn var(var: Var, number: Number) -> Self {
        Self { number, kind: Kind::Var(var) }
    }
}
