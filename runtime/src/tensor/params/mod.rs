//! Parameter structs: filled by name from a source of tensors, or refused with everything that differs.
//!
//! ```text
//! Model::load(&engine, &checkpoint)
//!   1. survey   every field looks its tensor up: missing, misshaped, mistyped, and what nobody asked for
//!      └─ any problem: one LoadError with all of them, and nothing was adopted
//!   2. intake   every field adopts its tensor; no bytes are read
//! ```
//!
//! Runtime knows no engine: an engine implements [`Adopt`] for its kinds of origin, and the source this makes
//! turns names into tensors that the engine keeps.

mod catalogue;
mod each;
mod findings;
mod load;
mod nearest;
mod place;
mod report;
mod require;
mod source;
mod walk;

pub use each::{Absent, Each, Share, Tied, TiedTo};
pub use load::{Load, Variant};
pub use place::Spec;
pub use report::{LoadError, Misfit, Missing};
pub use require::{Piece, require};
pub use source::{Heap, MemorySource, ParamInfo, ParamSource};
pub use walk::{Param, ParamMut, Walk};

use super::any::AnyTensor;
use super::dtype::Element;
use super::shape::Shape;
use super::typed::Tensor;
use crate::error::Result;
use catalogue::Catalogue;
use std::marker::PhantomData;

/// Something that makes the tensors of an `O`, such as a checkpoint, its own.
pub trait Adopt<O: ?Sized> {
    /// Adopts single tensors by name.
    type Source: ParamSource;

    /// The tensors of `origin`, ready to be adopted; nothing is read yet.
    ///
    /// # Errors
    /// Those of the adopter, such as being closed.
    fn source(&self, origin: &O) -> Result<Self::Source>;
}

/// What is done with every field of a tree of parameters.
#[derive(Debug)]
pub enum Step<'s, 'l, 'w, P> {
    /// It is loaded, at the place where this stands.
    Load(&'s mut Load<'l>),
    /// It is shown to a walk.
    Walk(&'w P, &'s mut Walk<'w>),
}

/// A tree of named tensors: `#[derive(Params)]` implements it for structs with named fields and for enums of such,
/// each field being a parameter itself: a [`Tensor`], another such type, or an `Option`, `Vec`, array, `Box` or map of
/// one.
///
/// Names join by dots: field `up` of element 3 of field `layer` has `layer.3.up`. A `Vec` has as many elements as
/// the source has consecutive numbers; an `Option` is `None` where nothing has its name; a map has an entry for every
/// part that follows its name.
#[diagnostic::on_unimplemented(
    message = "field type `{Self}` cannot be a parameter",
    label = "not a parameter; add `#[param(skip)]` if it is not loaded",
    note = "parameters are `Tensor`, types with `#[derive(Params)]`, and `Option`, `Vec`, arrays, `Box` and maps of them"
)]
pub trait Params: Sized {
    /// Goes before the names of all fields; empty for none.
    const PREFIX: &'static str = "";
    /// Whether tensors below the present place may go unused.
    const ALLOW_UNUSED: bool = false;
    /// Fails to evaluate where a `require(…)` in the tree does not hold.
    const CHECK: () = ();

    /// Does one thing with every field of the tree, in the order of declaration: loads it, or shows it to a walk. Being
    /// one function, it has the same names for both. Gives a value where it loads and every field has one.
    ///
    /// Loading comes here twice, first to look (nothing has a value then) and then to take; both times all fields are
    /// asked for, also after one that has no value.
    ///
    /// ```
    /// use stratal_runtime::tensor::params::Step;
    /// use stratal_runtime::tensor::{Dyn, Params, Tensor};
    /// struct Norm { scale: Tensor<f32, (Dyn,)>, shift: Option<Tensor<f32, (Dyn,)>> }
    ///
    /// // What the derive writes.
    /// impl Params for Norm {
    ///     fn each_field(step: Step<'_, '_, '_, Self>) -> Option<Self> {
    ///         match step {
    ///             Step::Load(load) => {
    ///                 let (scale, shift) = (load.field("scale"), load.field("shift"));
    ///                 Some(Self { scale: scale?, shift: shift? })
    ///             }
    ///             Step::Walk(norm, walk) => {
    ///                 walk.field("scale", &norm.scale);
    ///                 walk.field("shift", &norm.shift);
    ///                 None
    ///             }
    ///         }
    ///     }
    /// }
    /// ```
    fn each_field(step: Step<'_, '_, '_, Self>) -> Option<Self>;

    /// Loads the tree by name: `adopter` takes every tensor it declares from `origin`. No bytes are read.
    ///
    /// # Errors
    /// One [`LoadError`] with everything that differs, before anything was adopted; else what the adopter says.
    fn load<A, O>(adopter: &A, origin: &O) -> Result<Self>
    where
        A: Adopt<O> + ?Sized,
        O: ?Sized,
    {
        Self::from_source(&adopter.source(origin)?)
    }

    /// Loads the tree by name from a source.
    ///
    /// # Errors
    /// Those of [`Params::load`].
    fn from_source(source: &dyn ParamSource) -> Result<Self> {
        const { Self::CHECK };
        Load::run(source, &Catalogue::new(source.names()))
    }

    /// Every tensor of the tree, in the order of declaration: its name, dtype, shape, bytes and tier. A tied one is
    /// met where it is loaded, and only there.
    fn params(&self) -> Vec<Param<'_>> {
        Walk::of(self)
    }

    /// Every tensor of the tree, to be written.
    fn params_mut(&mut self) -> Vec<ParamMut<'_>> {
        Walk::mutably(self)
    }

    /// Calls `visit` for every tensor of the tree, in the order of declaration.
    fn visit(&self, visit: &mut dyn FnMut(&AnyTensor)) {
        self.params().iter().for_each(|param| visit(param.tensor()));
    }

    /// Asks for every tensor of the tree to be brought up soon.
    fn prefetch(&self) {
        self.visit(&mut AnyTensor::prefetch);
    }

    /// Bytes of all tensors of the tree.
    fn num_bytes(&self) -> usize {
        self.params().iter().map(Param::num_bytes).sum()
    }
}

impl<T: Element, S: Shape> Params for Tensor<T, S> {
    fn each_field(step: Step<'_, '_, '_, Self>) -> Option<Self> {
        match step {
            Step::Load(load) => {
                let any = load.tensor(T::DTYPE, S::AXES, S::check)?;
                load.keep(Self::from_any(any))
            }
            Step::Walk(params, walk) => {
                walk.tensor(params.as_any());
                None
            }
        }
    }
}

impl<P: Params> Params for Option<P> {
    const CHECK: () = P::CHECK;

    fn each_field(step: Step<'_, '_, '_, Self>) -> Option<Self> {
        match step {
            Step::Load(load) => {
                if load.is_present() {
                    load.here().map(Some)
                } else {
                    Some(None)
                }
            }
            Step::Walk(params, walk) => {
                params.iter().for_each(|param| walk.here(param));
                None
            }
        }
    }
}

/// Of the elements of a `Vec` or an array right below the present place.
const ELEMENTS: Spec = Spec { field: "", name: "", tier: "" };

impl<P: Params> Params for Vec<P> {
    const CHECK: () = P::CHECK;

    fn each_field(step: Step<'_, '_, '_, Self>) -> Option<Self> {
        match step {
            Step::Load(load) => Self::load_each(load, &ELEMENTS, None),
            Step::Walk(params, walk) => {
                params.walk_each(walk, &ELEMENTS);
                None
            }
        }
    }
}

impl<P: Params, const N: usize> Params for [P; N] {
    const CHECK: () = P::CHECK;

    fn each_field(step: Step<'_, '_, '_, Self>) -> Option<Self> {
        match step {
            Step::Load(load) => Self::load_each(load, &ELEMENTS, None),
            Step::Walk(params, walk) => {
                params.walk_each(walk, &ELEMENTS);
                None
            }
        }
    }
}

impl<P: Params> Params for Box<P> {
    const CHECK: () = P::CHECK;

    fn each_field(step: Step<'_, '_, '_, Self>) -> Option<Self> {
        match step {
            Step::Load(load) => load.here().map(Self::new),
            Step::Walk(params, walk) => {
                walk.here(&**params);
                None
            }
        }
    }
}

/// Nothing is loaded for it.
impl<P: ?Sized> Params for PhantomData<P> {
    fn each_field(step: Step<'_, '_, '_, Self>) -> Option<Self> {
        match step {
            Step::Load(_) => Some(Self),
            Step::Walk(_, _) => None,
        }
    }
}

#[cfg(test)]
mod tests;
