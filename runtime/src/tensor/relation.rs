//! Which shape may stand where another is declared: relations between types, judged in `cargo check`.
//!
//! | relation | says | `4`, `4` | `4`, `5` | `4`, `_` | `_`, `4` | `Batch`, `Batch` | `Batch`, `Seq` |
//! |---|---|---|---|---|---|---|---|
//! | [`Fits`] | the first is known to be the second | yes | no | yes | no | yes | no |
//! | [`Meets`] | the two may be one size; where a type does not know, run time checks | yes | no | yes | yes | yes | no |
//!
//! The traits of shapes go axis by axis through one trait per relation that carries the number of the axis, so that
//! an error says which axis it is about. Everything is implemented here; names from `dims!` come in through
//! [`Named`].

use super::shape::{C, Dim, Dyn, Named};

/// A dimension that is known to be `D`: equal, or `D` is `_`.
pub trait Fits<D> {}

impl Fits<Dyn> for Dyn {}
impl<const N: usize> Fits<C<N>> for C<N> {}
impl<const N: usize> Fits<Dyn> for C<N> {}
impl<N: Named> Fits<N> for N {}
impl<N: Named> Fits<Dyn> for N {}

/// A dimension that may have the size of `D`: equal, or one of them is `_`.
pub trait Meets<D> {}

impl<D: Dim> Meets<D> for Dyn {}
impl<const N: usize> Meets<C<N>> for C<N> {}
impl<const N: usize> Meets<Dyn> for C<N> {}
impl<N: Named> Meets<N> for N {}
impl<N: Named> Meets<Dyn> for N {}

/// Axis `AXIS` of a shape that is viewed as `Self`.
#[diagnostic::on_unimplemented(
    message = "axis {AXIS} is `{D}`, declared `{Self}`",
    label = "`view` needs what the type knows already: the same dimension, or `_`",
    note = "`bind` compares the size at run time"
)]
pub trait AxisOf<const AXIS: usize, D> {}

#[diagnostic::do_not_recommend]
impl<const AXIS: usize, D: Fits<X>, X> AxisOf<AXIS, D> for X {}

/// Axis `AXIS` of an operand that is walked together with one that declares `D` there.
#[diagnostic::on_unimplemented(
    message = "axis {AXIS} is `{Self}` here but `{D}` in the tensor it is combined with",
    label = "axis {AXIS} is `{Self}`",
    note = "`bind` gives a tensor another declared shape, after comparing the sizes"
)]
pub trait AxisWith<const AXIS: usize, D> {}

#[diagnostic::do_not_recommend]
impl<const AXIS: usize, D, X: Meets<D>> AxisWith<AXIS, D> for X {}

/// Axis `AXIS` of a shape, to be squeezed away: it is 1, or run time compares.
#[diagnostic::on_unimplemented(
    message = "axis {AXIS} is `{Self}`, squeezing needs 1",
    label = "squeezes axis {AXIS}",
    note = "`slice_axis` and `select` take part of an axis; `view` makes a generic dimension `_`, which run time compares"
)]
pub trait Squeezes<const AXIS: usize> {}

#[diagnostic::do_not_recommend]
impl<const AXIS: usize, X: Meets<C<1>>> Squeezes<AXIS> for X {}

/// A shape as which one of shape `S` may be viewed without looking at sizes. Sealed by its impls.
#[diagnostic::on_unimplemented(
    message = "rank mismatch: `{S}` cannot be viewed as `{Self}`",
    label = "a view has as many axes as its tensor; `reshape`, `squeeze` and `unsqueeze` change them"
)]
pub trait ViewOf<S> {}

/// A shape with as many axes as `S`.
#[diagnostic::on_unimplemented(
    message = "rank mismatch: `{S}` cannot be bound to `{Self}`",
    label = "binding keeps the number of axes; `reshape`, `squeeze` and `unsqueeze` change them"
)]
pub trait RankOf<S> {}

/// A shape that may be walked together with `S`, axis by axis.
#[diagnostic::on_unimplemented(
    message = "rank mismatch: `{Self}` is combined with `{S}`",
    label = "operands have as many axes; `broadcast_to`, `squeeze` and `unsqueeze` change them"
)]
pub trait ShapeWith<S> {}

macro_rules! relations {
    ($([$($axis:literal $to:ident $from:ident)*])*) => {
        $(
            impl<$($from, $to: AxisOf<$axis, $from>),*> ViewOf<($($from,)*)> for ($($to,)*) {}
            impl<$($from, $to),*> RankOf<($($from,)*)> for ($($to,)*) {}
            impl<$($from, $to: AxisWith<$axis, $from>),*> ShapeWith<($($from,)*)> for ($($to,)*) {}
        )*
    };
}

relations! {
    []
    [0 A0 B0]
    [0 A0 B0 1 A1 B1]
    [0 A0 B0 1 A1 B1 2 A2 B2]
    [0 A0 B0 1 A1 B1 2 A2 B2 3 A3 B3]
    [0 A0 B0 1 A1 B1 2 A2 B2 3 A3 B3 4 A4 B4]
    [0 A0 B0 1 A1 B1 2 A2 B2 3 A3 B3 4 A4 B4 5 A5 B5]
}
