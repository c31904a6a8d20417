//! Shapes: what a type promises about the axes of a tensor, and what it has at run time.
//!
//! A declared shape is a tuple of [`Dim`]s: a constant `C<N>`, a name from `dims!`, or [`Dyn`]. `Shape![O, 512, _]`
//! writes that tuple. The sizes at run time are [`Dims`]; [`Shape::check`] compares the two, and it alone.
//!
//! Invariant: a tensor of declared shape `S` has `Dims` that passed `S::check`.

use super::relation::{Fits, Meets};
use crate::error::{Error, ErrorKind};
use std::fmt;
use std::ops::{Deref, Range};

/// Most axes a tensor can have.
pub const MAX_RANK: usize = 6;

/// What a type says about one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Axis {
    /// Exactly this many.
    Fixed(usize),
    /// Any size, and the same wherever the name stands.
    Named(&'static str),
    /// Any size.
    Any,
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(size) => write!(f, "{size}"),
            Self::Named(name) => f.write_str(name),
            Self::Any => f.write_str("_"),
        }
    }
}

/// One axis as a type: a constant size, a name, or nothing known.
///
/// What may stand where is said by [`Fits`] and [`Meets`]; a generic dimension fits itself and `_`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a dimension",
    label = "a dimension is a number, a name declared with `dims!`, `{{CONST}}` or `_`",
    note = "a type parameter used in a shape needs the bound `{Self}: Dim`"
)]
pub trait Dim: Fits<Self> + Fits<Dyn> + Meets<Self> + Meets<Dyn> + Sized + Send + Sync + 'static {
    /// What the type says about the axis.
    const AXIS: Axis;
}

/// The dimension of constant size `N`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct C<const N: usize>;

/// A dimension of which the type says nothing; its size is known at run time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Dyn;

/// A dimension that has a name: any size, the same wherever the name stands. `dims!` declares them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a named dimension",
    label = "declare it with `dims! {{ {Self} }}`"
)]
pub trait Named: Send + Sync + 'static {
    /// The name in messages.
    const NAME: &'static str;
}

impl<const N: usize> Dim for C<N> {
    const AXIS: Axis = Axis::Fixed(N);
}

impl Dim for Dyn {
    const AXIS: Axis = Axis::Any;
}

#[diagnostic::do_not_recommend]
impl<N: Named> Dim for N {
    const AXIS: Axis = Axis::Named(N::NAME);
}

pub(super) mod sealed {
    /// Keeps [`super::Shape`] to tuples of dimensions.
    pub trait Sealed {}
}

/// A declared shape: a tuple of zero to six [`Dim`]s. Sealed.
///
/// ```
/// use stratal_runtime::tensor::{C, Dyn, Shape};
/// type Weight = (Dyn, C<512>);
/// assert!(Weight::check(&[1000, 512]).is_ok());
/// assert_eq!(
///     Weight::check(&[1000, 500]).unwrap_err().to_string(),
///     "axis 1 is 500, declared 512 (found [1000, 500], declared [_, 512])"
/// );
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a shape",
    label = "a shape is a tuple of zero to six dimensions, as `Shape![O, 512, _]` writes it"
)]
pub trait Shape: sealed::Sealed + Send + Sync + 'static {
    /// Number of axes.
    const RANK: usize;
    /// What is declared about each axis.
    const AXES: &'static [Axis];
    /// An index, one number per axis: `[usize; RANK]`.
    type Index: AsRef<[usize]> + AsMut<[usize]> + Copy + Default + fmt::Debug;
    /// A range of each axis: `[Range<usize>; RANK]`.
    type Ranges: AsRef<[Range<usize>]> + Clone + fmt::Debug;
    /// Number of elements, where every axis is constant and the product fits.
    const NUM_ELEMENTS: Option<usize> = num_elements(Self::AXES);
    /// The shape of some of the rows: the leading dimension is [`Dyn`].
    type Rows: Shape<Index = Self::Index>;
    /// The axes in reverse, as a transposed tensor has them.
    type Reversed: Shape<Index = Self::Index, Reversed = Self>;
    /// As many axes, each [`Dyn`].
    type Free: Shape<Index = Self::Index>;

    /// Compares sizes with the declaration.
    ///
    /// # Errors
    /// The first axis that differs, or the rank, or a name that stands for two sizes.
    fn check(found: &[usize]) -> Result<(), ShapeError> {
        check(Self::AXES, found)
    }
}

macro_rules! shapes {
    ($($rank:literal: [$($dim:ident)*] [$($reversed:ident)*] $rows:ty, $free:ty;)*) => {
        $(
            impl<$($dim: Dim),*> sealed::Sealed for ($($dim,)*) {}
            impl<$($dim: Dim),*> Shape for ($($dim,)*) {
                const RANK: usize = $rank;
                const AXES: &'static [Axis] = &[$($dim::AXIS),*];
                type Index = [usize; $rank];
                type Ranges = [Range<usize>; $rank];
                type Rows = $rows;
                type Reversed = ($($reversed,)*);
                type Free = $free;
            }
        )*
    };
}

shapes! {
    0: [] [] (), ();
    1: [A] [A] (Dyn,), (Dyn,);
    2: [A B] [B A] (Dyn, B), (Dyn, Dyn);
    3: [A B D] [D B A] (Dyn, B, D), (Dyn, Dyn, Dyn);
    4: [A B D E] [E D B A] (Dyn, B, D, E), (Dyn, Dyn, Dyn, Dyn);
    5: [A B D E F] [F E D B A] (Dyn, B, D, E, F), (Dyn, Dyn, Dyn, Dyn, Dyn);
    6: [A B D E F G] [G F E D B A] (Dyn, B, D, E, F, G), (Dyn, Dyn, Dyn, Dyn, Dyn, Dyn);
}

/// The product of the sizes, if all are constant and it does not wrap.
pub(super) const fn num_elements(axes: &[Axis]) -> Option<usize> {
    let (mut product, mut axis) = (1usize, 0);
    while axis < axes.len() {
        let Axis::Fixed(size) = axes[axis] else { return None };
        let Some(next) = product.checked_mul(size) else { return None };
        product = next;
        axis += 1;
    }
    Some(product)
}

fn check(declared: &'static [Axis], found: &[usize]) -> Result<(), ShapeError> {
    let mismatch = |fault| Err(ShapeError { declared, found: found.into(), fault });
    if declared.len() != found.len() {
        return mismatch(Fault::Rank);
    }
    for (axis, (&wanted, &size)) in declared.iter().zip(found).enumerate() {
        match wanted {
            Axis::Fixed(fixed) if fixed != size => return mismatch(Fault::Axis(axis)),
            Axis::Named(_) => {
                let first = declared.iter().position(|other| *other == wanted).unwrap_or(axis);
                if found[first] != size {
                    return mismatch(Fault::Name(first, axis));
                }
            }
            Axis::Fixed(_) | Axis::Any => {}
        }
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Rank,
    Axis(usize),
    Name(usize, usize),
}

/// Sizes that differ from the declared shape: which axis, what was declared, what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeError {
    declared: &'static [Axis],
    found: Box<[usize]>,
    fault: Fault,
}

impl ShapeError {
    /// What the type declares.
    #[must_use]
    pub fn declared(&self) -> &'static [Axis] {
        self.declared
    }

    /// The sizes that were found.
    #[must_use]
    pub fn found(&self) -> &[usize] {
        &self.found
    }

    /// The first axis that differs; `None` if the ranks do.
    #[must_use]
    pub fn axis(&self) -> Option<usize> {
        match self.fault {
            Fault::Rank => None,
            Fault::Axis(axis) | Fault::Name(_, axis) => Some(axis),
        }
    }
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (declared, found) = (self.declared, &self.found);
        match self.fault {
            Fault::Rank => write!(f, "rank {} found, rank {} declared", found.len(), declared.len())?,
            Fault::Axis(axis) => write!(f, "axis {axis} is {}, declared {}", found[axis], declared[axis])?,
            Fault::Name(first, axis) => write!(
                f,
                "dimension `{}` is {} at axis {first} but {} at axis {axis}",
                declared[axis], found[first], found[axis]
            )?,
        }
        write!(f, " (found {found:?}, declared {})", AxisList(declared))
    }
}

impl std::error::Error for ShapeError {}

impl From<ShapeError> for Error {
    fn from(error: ShapeError) -> Self {
        Self::new(ErrorKind::Shape, error.to_string())
    }
}

/// Axes as a list in brackets, `[_, 512]`.
pub(super) struct AxisList<'a>(pub(super) &'a [Axis]);

impl fmt::Display for AxisList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, axis) in self.0.iter().enumerate() {
            write!(f, "{}{axis}", if i == 0 { "" } else { ", " })?;
        }
        f.write_str("]")
    }
}

/// Sizes at run time, at most [`MAX_RANK`] of them, stored inline. Reads as a slice.
///
/// Invariant: what lies beyond the rank is 0, so that equality and hashing see the sizes only.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Dims {
    rank: u8,
    sizes: [usize; MAX_RANK],
}

impl Dims {
    /// The given sizes.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if there are more than [`MAX_RANK`].
    pub fn new(sizes: &[usize]) -> Result<Self, Error> {
        let mut dims = Self { rank: 0, sizes: [0; MAX_RANK] };
        if sizes.len() > MAX_RANK {
            let message =
                format!("shape {sizes:?} has {} axes, at most {MAX_RANK} are possible", sizes.len());
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        for &size in sizes {
            dims.sizes[usize::from(dims.rank)] = size;
            dims.rank += 1;
        }
        Ok(dims)
    }

    /// The sizes in reverse.
    pub(super) fn reversed(mut self) -> Self {
        self.sizes[..usize::from(self.rank)].reverse();
        self
    }

    /// The sizes without that at `axis`, which is below the rank.
    pub(super) fn without(mut self, axis: usize) -> Self {
        self.sizes[axis..usize::from(self.rank)].rotate_left(1);
        self.rank -= 1;
        self.sizes[usize::from(self.rank)] = 0;
        self
    }

    /// The sizes with `size` before `axis`, which is at most the rank; the rank is below [`MAX_RANK`].
    pub(super) fn inserted(mut self, axis: usize, size: usize) -> Self {
        self.rank += 1;
        self.sizes[axis..usize::from(self.rank)].rotate_right(1);
        self.with_size(axis, size)
    }

    /// The same sizes, but `size` at `axis`; an axis beyond the rank changes nothing.
    pub(super) fn with_size(mut self, axis: usize, size: usize) -> Self {
        if let Some(slot) = self.sizes[..usize::from(self.rank)].get_mut(axis) {
            *slot = size;
        }
        self
    }
}

impl Deref for Dims {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.sizes[..usize::from(self.rank)]
    }
}

impl fmt::Debug for Dims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

#[cfg(test)]
mod tests;
