//! The second phase of loading: every field adopts its tensor.

use super::super::any::AnyTensor;
use super::Params;
use super::catalogue::{Catalogue, descend};
use super::source::ParamSource;
use crate::error::Result;
use std::fmt;

/// Where in the tree of names the second phase stands.
pub struct Intake<'a> {
    source: &'a dyn ParamSource,
    catalogue: &'a Catalogue<'a>,
    path: String,
}

impl<'a> Intake<'a> {
    pub(super) fn new(source: &'a dyn ParamSource, catalogue: &'a Catalogue<'a>) -> Self {
        Self { source, catalogue, path: String::new() }
    }

    /// Adopts the parameter `name` below the present place.
    ///
    /// # Errors
    /// Those of [`Params::intake`].
    pub fn field<P: Params>(&mut self, name: &str) -> Result<P> {
        self.below(name, P::intake)
    }

    /// Moves to `name` below the present place for the time of `adopt`.
    ///
    /// # Errors
    /// Those of `adopt`.
    pub fn below<P>(&mut self, name: &str, adopt: impl FnOnce(&mut Self) -> Result<P>) -> Result<P> {
        let parent = descend(&mut self.path, name);
        let adopted = adopt(self);
        self.path.truncate(parent);
        adopted
    }

    /// Adopts the tensor at the present place.
    ///
    /// # Errors
    /// Those of [`ParamSource::adopt`].
    pub fn tensor(&self) -> Result<AnyTensor> {
        self.source.adopt(&self.path).map_err(|error| error.with("tensor", &self.path))
    }

    /// Whether the source has a tensor at the present place, or below it.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.catalogue.has(&self.path)
    }

    /// The numbers below the present place, ascending.
    #[must_use]
    pub fn indexes(&self) -> Vec<usize> {
        self.catalogue.indexes(&self.path)
    }
}

impl fmt::Debug for Intake<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Intake(`{}`)", self.path)
    }
}
