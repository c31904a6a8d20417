//! What `each`, `optional` and `tied` ask of a field's type.

use super::super::any::AnyTensor;
use super::super::dtype::Element;
use super::super::shape::Shape;
use super::super::typed::Tensor;
use super::load::Load;
use super::place::Spec;
use super::{Params, Step, Walk};
use crate::error::{Error, ErrorKind};
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;
use std::ops::Deref;

/// A type of elements that have a number each: what `#[param(each = "layers.{i}")]` stands on.
#[diagnostic::on_unimplemented(
    message = "`each` needs a `Vec` or an array, `{Self}` is neither",
    label = "has no numbered elements"
)]
pub trait Each: Sized {
    /// Loads the elements whose names are those of `spec` with a number for `{i}`.
    fn load_each(load: &mut Load<'_>, spec: &Spec, len: Option<usize>) -> Option<Self>;

    /// Walks over the elements under those names.
    fn walk_each<'a>(&'a self, walk: &mut Walk<'a>, spec: &Spec);
}

impl<P: Params> Each for Vec<P> {
    fn load_each(load: &mut Load<'_>, spec: &Spec, len: Option<usize>) -> Option<Self> {
        load.elements(spec, len)
    }

    fn walk_each<'a>(&'a self, walk: &mut Walk<'a>, spec: &Spec) {
        walk.elements(spec, self);
    }
}

impl<P: Params, const N: usize> Each for [P; N] {
    /// Exactly `N` elements; a `len` that says another number is refused.
    fn load_each(load: &mut Load<'_>, spec: &Spec, len: Option<usize>) -> Option<Self> {
        let elements = load.elements(spec, Some(len.unwrap_or(N)))?;
        let array = elements.try_into().map_err(|elements: Vec<P>| {
            let message = format!("`len` is {} for an array of {N}", elements.len());
            Error::new(ErrorKind::Shape, message).with("field", spec.field)
        });
        load.keep(array)
    }

    fn walk_each<'a>(&'a self, walk: &mut Walk<'a>, spec: &Spec) {
        walk.elements(spec, self);
    }
}

impl<E: Each> Each for Box<E> {
    fn load_each(load: &mut Load<'_>, spec: &Spec, len: Option<usize>) -> Option<Self> {
        E::load_each(load, spec, len).map(Self::new)
    }

    fn walk_each<'a>(&'a self, walk: &mut Walk<'a>, spec: &Spec) {
        (**self).walk_each(walk, spec);
    }
}

/// A type that has a value where the source has nothing: what `#[param(optional)]` stands on.
#[diagnostic::on_unimplemented(
    message = "`optional` needs a type that can be absent: an `Option`, a `Vec` or a map; `{Self}` is none",
    label = "cannot be absent"
)]
pub trait Absent {
    /// The value where nothing is.
    fn absent() -> Self;
}

impl<P> Absent for Option<P> {
    fn absent() -> Self {
        None
    }
}

impl<P> Absent for Vec<P> {
    fn absent() -> Self {
        Self::new()
    }
}

impl<K, P, H: Default> Absent for HashMap<K, P, H> {
    fn absent() -> Self {
        Self::default()
    }
}

impl<K, P> Absent for BTreeMap<K, P> {
    fn absent() -> Self {
        Self::new()
    }
}

/// A parameter that is another field's: declared with `#[param(tied = field)]`, it shares that field's tensors, is
/// loaded, counted and saved with them, and reads as them.
///
/// ```
/// use stratal_runtime::tensor::{C, Tensor, params::Tied};
/// let embed = Tensor::<f32, (C<2>,)>::from_slice([2], &[1.0, 2.0])?;
/// let head = Tied::to(&embed);
/// embed.write()?[0] = 5.0;
/// assert_eq!(head.read()?[0], 5.0);
/// # Ok::<(), stratal_runtime::error::Error>(())
/// ```
#[derive(Debug)]
pub struct Tied<P>(P);

impl<P: Share> Tied<P> {
    /// Another handle on the tensors of `target`.
    #[must_use]
    pub fn to(target: &P) -> Self {
        Self(target.share())
    }
}

impl<P> Deref for Tied<P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.0
    }
}

/// A type that can be tied to a field of type `P`: `Tied<P>` alone.
#[diagnostic::on_unimplemented(
    message = "a field of type `{Self}` cannot be tied to one of type `{P}`; it is a `Tied<{P}>`",
    label = "tied to a `{P}`"
)]
pub trait TiedTo<P> {
    /// Another handle on the tensors of `target`.
    fn tied_to(target: &P) -> Self;
}

impl<P: Share> TiedTo<P> for Tied<P> {
    fn tied_to(target: &P) -> Self {
        Self::to(target)
    }
}

/// Parameters of which there can be other handles.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be shared; a tie takes a `Tensor`, or an `Option` or `Box` of one",
    label = "cannot be shared"
)]
pub trait Share {
    /// Another handle on the same tensors.
    #[must_use]
    fn share(&self) -> Self;
}

impl<T: Element, S: Shape> Share for Tensor<T, S> {
    fn share(&self) -> Self {
        Tensor::share(self)
    }
}

impl Share for AnyTensor {
    fn share(&self) -> Self {
        AnyTensor::share(self)
    }
}

impl<P: Share> Share for Option<P> {
    fn share(&self) -> Self {
        self.as_ref().map(P::share)
    }
}

impl<P: Share> Share for Box<P> {
    fn share(&self) -> Self {
        Self::new((**self).share())
    }
}

/// Entries by name: the parts of names that follow the field's. Walked in the order of the keys.
impl<P: Params, H: BuildHasher + Default> Params for HashMap<String, P, H> {
    const CHECK: () = P::CHECK;

    fn each_field(step: Step<'_, '_, '_, Self>) -> Option<Self> {
        match step {
            Step::Load(load) => load.entries().map(|entries| entries.into_iter().collect()),
            Step::Walk(params, walk) => {
                let mut entries: Vec<(&String, &P)> = params.iter().collect();
                entries.sort_unstable_by_key(|(key, _)| *key);
                entries.into_iter().for_each(|(key, param)| walk.field(key, param));
                None
            }
        }
    }
}

/// Entries by name, as for `HashMap`.
impl<P: Params> Params for BTreeMap<String, P> {
    const CHECK: () = P::CHECK;

    fn each_field(step: Step<'_, '_, '_, Self>) -> Option<Self> {
        match step {
            Step::Load(load) => load.entries().map(|entries| entries.into_iter().collect()),
            Step::Walk(params, walk) => {
                params.iter().for_each(|(key, param)| walk.field(key, param));
                None
            }
        }
    }
}
