//! The walk over the tensors of a tree, and what it tells about each.

use super::super::any::{AnyTensor, BytesLease};
use super::super::dtype::DType;
use super::super::managed::Access;
use super::each::Each;
use super::place::{Place, Spec};
use super::{Params, Step};
use crate::error::Result;

/// One tensor of a tree.
#[derive(Clone, Debug)]
pub struct Param<'a> {
    name: String,
    field: String,
    tier: &'static str,
    tensor: &'a AnyTensor,
}

impl<'a> Param<'a> {
    /// Its name in a checkpoint.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The fields that lead to it.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// Type of the elements.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.tensor.dtype()
    }

    /// Size of each axis.
    #[must_use]
    pub fn shape(&self) -> &'a [usize] {
        self.tensor.shape()
    }

    /// Bytes of all elements.
    #[must_use]
    pub fn num_bytes(&self) -> usize {
        self.tensor.num_bytes()
    }

    /// The tier that `#[param(tier = "…")]` asks for, on the field or around it.
    #[must_use]
    pub fn tier(&self) -> Option<&'static str> {
        Some(self.tier).filter(|tier| !tier.is_empty())
    }

    /// The tensor.
    #[must_use]
    pub fn tensor(&self) -> &'a AnyTensor {
        self.tensor
    }

    /// Reads all bytes in pieces of at most `piece_bytes` (at least one element), each leased while `read` has it: a
    /// tensor larger than its tier is read through.
    ///
    /// # Errors
    /// Those of a lease, and of `read`.
    pub fn read_pieces(&self, piece_bytes: usize, mut read: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let element = self.dtype().size().max(1);
        let step = (piece_bytes / element).max(1) * element;
        let end = self.num_bytes();
        for start in (0..end).step_by(step) {
            let lease = self.tensor.lease_bytes(start..end.min(start + step), Access::Read)?;
            read(&lease)?;
        }
        Ok(())
    }
}

/// One tensor of a tree that is borrowed to be written.
#[derive(Debug)]
pub struct ParamMut<'a>(Param<'a>);

impl ParamMut<'_> {
    /// Takes an exclusive lease on all bytes.
    ///
    /// # Errors
    /// Conflict with a lease that is still held; for managed tensors every error of their keeper.
    pub fn write(&mut self) -> Result<BytesLease> {
        self.0.tensor.lease(Access::Write)
    }
}

impl<'a> std::ops::Deref for ParamMut<'a> {
    type Target = Param<'a>;

    fn deref(&self) -> &Param<'a> {
        &self.0
    }
}

/// Where in the tree a walk stands, and what it has met.
#[derive(Debug, Default)]
pub struct Walk<'a> {
    place: Place,
    met: Vec<Param<'a>>,
}

impl<'a> Walk<'a> {
    /// Every tensor of `params`, in the order of declaration.
    pub(super) fn of<P: Params>(params: &'a P) -> Vec<Param<'a>> {
        let mut walk = Self::default();
        walk.here(params);
        walk.met
    }

    pub(super) fn mutably<P: Params>(params: &'a mut P) -> Vec<ParamMut<'a>> {
        Self::of(params).into_iter().map(ParamMut).collect()
    }

    /// Walks over the field `name` below the present place.
    pub fn field<P: Params>(&mut self, name: &str, param: &'a P) {
        let mark = self.place.enter(name, name);
        self.here(param);
        self.place.leave(mark);
    }

    /// Walks over a field that has options.
    pub fn given<P: Params>(&mut self, spec: &Spec, param: &'a P) {
        let mark = self.place.enter_spec(spec);
        self.here(param);
        self.place.leave(mark);
    }

    /// Walks over the elements of a field whose names are those of `spec` with a number for `{i}`.
    pub fn each<E: Each>(&mut self, spec: &Spec, elements: &'a E) {
        elements.walk_each(self, spec);
    }

    /// Walks over elements; an empty name is that of numbers right below the present place.
    pub(super) fn elements<P: Params>(&mut self, spec: &Spec, elements: &'a [P]) {
        let pattern = if spec.name.is_empty() { "{i}" } else { spec.name };
        let around = self.place.enter_spec(&Spec { name: "", ..*spec });
        for (index, element) in elements.iter().enumerate() {
            let number = index.to_string();
            let mark = self.place.enter(&pattern.replacen("{i}", &number, 1), &number);
            self.here(element);
            self.place.leave(mark);
        }
        self.place.leave(around);
    }

    /// Walks over a `P` at the present place, below its own prefix.
    pub fn here<P: Params>(&mut self, params: &'a P) {
        let mark = self.place.enter(P::PREFIX, "");
        P::each_field(Step::Walk(params, self));
        self.place.leave(mark);
    }

    /// Moves to `name` below the present place for the time of `walk`.
    pub fn below(&mut self, name: &str, walk: impl FnOnce(&mut Self)) {
        let mark = self.place.enter(name, "");
        walk(self);
        self.place.leave(mark);
    }

    /// Meets the tensor at the present place.
    pub fn tensor(&mut self, tensor: &'a AnyTensor) {
        let Place { path, fields, tier } = &self.place;
        self.met.push(Param { name: path.clone(), field: fields.clone(), tier, tensor });
    }
}
