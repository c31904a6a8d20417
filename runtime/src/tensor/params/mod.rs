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
mod intake;
mod nearest;
mod report;
mod source;
mod survey;

pub use intake::Intake;
pub use report::{LoadError, Misfit, Missing};
pub use source::{Heap, MemorySource, ParamInfo, ParamSource};
pub use survey::Survey;

use super::any::AnyTensor;
use super::dtype::Element;
use super::shape::Shape;
use super::typed::Tensor;
use crate::error::{Error, ErrorKind, Result};
use catalogue::Catalogue;

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

/// A tree of named tensors: `#[derive(Params)]` implements it for structs with named fields, each field being a
/// parameter itself: a [`Tensor`], another such struct, or an `Option`, `Vec`, array or `Box` of one.
///
/// Names join by dots: field `up` of element 3 of field `layer` has `layer.3.up`. A `Vec` has as many elements as
/// the source has consecutive numbers; an `Option` is `None` where nothing has its name.
#[diagnostic::on_unimplemented(
    message = "field type `{Self}` cannot be a parameter",
    label = "not a parameter; add `#[param(skip)]` if it is not loaded",
    note = "parameters are `Tensor`, structs with `#[derive(Params)]`, and `Option`, `Vec`, arrays and `Box` of them"
)]
pub trait Params: Sized {
    /// Looks up every tensor of the tree and notes what differs.
    fn survey(survey: &mut Survey<'_>);

    /// Adopts every tensor of the tree, which a survey without problems has shown to be there.
    ///
    /// # Errors
    /// Those of [`ParamSource::adopt`].
    fn intake(intake: &mut Intake<'_>) -> Result<Self>;

    /// Calls `visit` for every tensor of the tree, in the order of declaration.
    fn visit(&self, visit: &mut dyn FnMut(&AnyTensor));

    /// Loads the tree by name: `adopter` takes every tensor it declares from `origin`. No bytes are read.
    ///
    /// # Errors
    /// One [`LoadError`] with every tensor that is missing, misshaped, mistyped or unused, before anything was
    /// adopted; else what the adopter says.
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
        let names = source.names();
        let catalogue = Catalogue::new(&names);
        let mut survey = Survey::new(source, &catalogue);
        Self::survey(&mut survey);
        survey.finish()?;
        Self::intake(&mut Intake::new(source, &catalogue))
    }

    /// Asks for every tensor of the tree to be brought up soon.
    fn prefetch(&self) {
        self.visit(&mut AnyTensor::prefetch);
    }

    /// Bytes of all tensors of the tree.
    fn num_bytes(&self) -> usize {
        let mut bytes = 0;
        self.visit(&mut |tensor| bytes += tensor.num_bytes());
        bytes
    }
}

impl<T: Element, S: Shape> Params for Tensor<T, S> {
    fn survey(survey: &mut Survey<'_>) {
        survey.tensor(T::DTYPE, S::AXES, S::check);
    }

    fn intake(intake: &mut Intake<'_>) -> Result<Self> {
        Ok(Self::from_any(intake.tensor()?)?)
    }

    fn visit(&self, visit: &mut dyn FnMut(&AnyTensor)) {
        visit(self.as_any());
    }
}

impl<P: Params> Params for Option<P> {
    fn survey(survey: &mut Survey<'_>) {
        if survey.is_present() {
            P::survey(survey);
        }
    }

    fn intake(intake: &mut Intake<'_>) -> Result<Self> {
        intake.is_present().then(|| P::intake(intake)).transpose()
    }

    fn visit(&self, visit: &mut dyn FnMut(&AnyTensor)) {
        self.iter().for_each(|param| param.visit(visit));
    }
}

impl<P: Params> Params for Vec<P> {
    fn survey(survey: &mut Survey<'_>) {
        for index in survey.indexes() {
            survey.field::<P>(&index.to_string());
        }
    }

    fn intake(intake: &mut Intake<'_>) -> Result<Self> {
        intake.indexes().into_iter().map(|index| intake.field(&index.to_string())).collect()
    }

    fn visit(&self, visit: &mut dyn FnMut(&AnyTensor)) {
        self.iter().for_each(|param| param.visit(visit));
    }
}

impl<P: Params, const N: usize> Params for [P; N] {
    fn survey(survey: &mut Survey<'_>) {
        for index in 0..N {
            survey.field::<P>(&index.to_string());
        }
    }

    fn intake(intake: &mut Intake<'_>) -> Result<Self> {
        let elements = (0..N).map(|index| intake.field(&index.to_string()));
        let elements = elements.collect::<Result<Vec<P>>>()?;
        elements.try_into().map_err(|_| Error::new(ErrorKind::Missing, format!("not {N} elements")))
    }

    fn visit(&self, visit: &mut dyn FnMut(&AnyTensor)) {
        self.iter().for_each(|param| param.visit(visit));
    }
}

impl<P: Params> Params for Box<P> {
    fn survey(survey: &mut Survey<'_>) {
        P::survey(survey);
    }

    fn intake(intake: &mut Intake<'_>) -> Result<Self> {
        P::intake(intake).map(Self::new)
    }

    fn visit(&self, visit: &mut dyn FnMut(&AnyTensor)) {
        (**self).visit(visit);
    }
}

#[cfg(test)]
mod tests;
