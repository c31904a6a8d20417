//! What a file of CUDA C or PTX says about its kernels, and whether a signature in Rust agrees.
//!
//! ```text
//! text ── lex, directive ──> tokens ── c · ptx ──> Found: each kernel with its parameters, or why it cannot be one
//!                                                    └─ check ──> a message per parameter that differs
//! ```
//!
//! The readers are not compilers. They know declarations, types of numbers and pointers to them, `typedef`, `using`,
//! and `#define` without parameters; conditions of the preprocessor are not evaluated (`#if 0` is), so what is there
//! twice in different ways is refused. Whatever they cannot follow is refused, never guessed.
//!
//! Invariant: no text makes them panic, and each takes time in proportion to its length.

mod c;
pub(crate) mod check;
mod directive;
mod lex;
mod param;
mod ptx;

use crate::kernel::number::Element;

/// What the file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Cuda,
    Ptx,
}

impl Language {
    /// The language of a file, by the ending of its name.
    pub(crate) fn of(file: &str) -> Option<Self> {
        match file.rsplit_once('.')?.1 {
            "cu" | "cuh" => Some(Self::Cuda),
            "ptx" => Some(Self::Ptx),
            _ => None,
        }
    }
}

/// A function that the file has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) name: String,
    /// Where its name stands, from 1.
    pub(crate) line: usize,
    pub(crate) what: Result<Signature, Refusal>,
}

/// What a kernel takes.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Signature {
    pub(crate) params: Vec<Param>,
    /// Most threads of a block that it is compiled for, where it says so.
    pub(crate) threads_max: Option<u64>,
    /// The only block that it may be launched with, where it says so.
    pub(crate) block: Option<[u64; 3]>,
    /// Whether its body is there.
    defined: bool,
    /// Whether its name in the module is that in the file.
    named: bool,
}

/// Why a function cannot be launched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It lacks `__global__`.
    NotAKernel,
    Template,
    /// It has the linkage of C++.
    Mangled,
    /// Only its declaration is there.
    Undefined,
    /// It is there again, at this line, and differs.
    Twice(usize),
    /// A brace or parenthesis of it is not closed.
    Open,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Param {
    /// As it is written, without what says nothing about the type.
    pub(crate) written: String,
    pub(crate) line: usize,
    pub(crate) ty: Type,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Pointer {
        to: Pointee,
        constant: bool,
    },
    Number(Element),
    /// A parameter of PTX.
    Register(Register),
    Other(Reason),
}

/// What a pointer of C points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pointee {
    Elements(Element),
    Other(Reason),
}

/// What PTX says of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Register {
    pub(crate) bytes: u64,
    pub(crate) class: Class,
    /// Whether `.ptr` stands there.
    pub(crate) pointer: bool,
    /// Whether the pointer leads elsewhere than to global memory.
    pub(crate) elsewhere: bool,
    /// Of the pointer's target, or else of the parameter.
    pub(crate) align: Option<u64>,
    /// Whether it is an array of bytes.
    pub(crate) array: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Bits,
    Unsigned,
    Signed,
    Float,
}

/// Why a type is none that can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Neither built in nor declared in the file, in one way.
    Unknown,
    Void,
    /// `char`, which has a sign on some machines only.
    Char,
    /// A vector such as `float4`.
    Vector,
    Reference,
    /// Two stars, a pointer to a function or to an array.
    Indirect,
    Variadic,
    /// A directive stands inside.
    Conditional,
    /// No type can be made out.
    Unreadable,
}

/// All functions of a file, kernels first where names repeat.
pub(crate) fn functions(text: &str, language: Language) -> Vec<Found> {
    let found = match language {
        Language::Cuda => c::functions(text),
        Language::Ptx => ptx::functions(text),
    };
    merged(found)
}

/// The files that a text of CUDA C includes by names in quotes, with the line of each.
pub(crate) fn includes(text: &str) -> Vec<(String, usize)> {
    directive::includes(lex::tokens(text))
}

/// One per name: a kernel before other functions, a definition before its declarations.
fn merged(found: Vec<Found>) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::new();
    let mut places: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    for one in found {
        let Some(&place) = places.get(&one.name) else {
            places.insert(one.name.clone(), all.len());
            all.push(one);
            continue;
        };
        let known = &mut all[place];
        match (&known.what, &one.what) {
            (_, Err(Refusal::NotAKernel)) => {}
            (Err(Refusal::NotAKernel), _) => *known = one,
            (Ok(earlier), Ok(later)) => {
                // A declaration that says `extern "C"` speaks for a definition that does not.
                let named = earlier.named || later.named;
                let same = |a: &Param, b: &Param| a.ty == b.ty;
                let agree = earlier.params.len() == later.params.len()
                    && earlier.params.iter().zip(&later.params).all(|(a, b)| same(a, b));
                if !agree || earlier.defined && later.defined {
                    known.what = Err(Refusal::Twice(one.line));
                } else {
                    let mut whole = if later.defined { one } else { known.clone() };
                    whole.what = whole.what.map(|signature| Signature { named, ..signature });
                    *known = whole;
                }
            }
            (Err(_), _) => {}
            (Ok(_), Err(_)) => *known = one,
        }
    }
    for one in &mut all {
        let refusal = one.what.as_ref().ok().and_then(|signature| match signature {
            Signature { named: false, .. } => Some(Refusal::Mangled),
            Signature { defined: false, .. } => Some(Refusal::Undefined),
            _ => None,
        });
        if let Some(refusal) = refusal {
            one.what = Err(refusal);
        }
    }
    all
}

#[cfg(test)]
mod tests;
