//! Axes of a shape by number, as types: which dimension stands there, and the shape without it, with one more, with
//! another in its place.

use super::shape::{C, Dim, Dyn, Shape};

/// A shape that has an axis `AXIS`. Sealed by its impls.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no axis {AXIS}",
    label = "axes are counted from 0; this is beyond the last"
)]
pub trait HasAxis<const AXIS: usize>: Shape {
    /// The dimension of the axis.
    type Dim: Dim;
    /// The shape without the axis.
    type Without: Shape;
    /// The shape with a free size there.
    type Freed: Shape<Index = Self::Index>;
    /// The shape with the constant size `N` there.
    type Sized<const N: usize>: Shape<Index = Self::Index>;
}

/// A shape that can get one more axis, of size 1, before its axis `AXIS` or behind its last.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot get one more axis at {AXIS}",
    label = "an axis goes before one that is there or behind the last; at most six are possible"
)]
pub trait GrowsAt<const AXIS: usize>: Shape {
    /// The shape with the axis.
    type Grown: Shape;
}

/// The shape with its axes in the order that `P` says, as a list of constants: `permute::<Shape![2, 0, 1]>()`.
#[diagnostic::on_unimplemented(
    message = "`{P}` is not an order of the axes of `{Self}`",
    label = "an order names each axis once, such as `Shape![2, 0, 1]`"
)]
pub trait Permute<P>: Shape {
    /// The axes in order: position `i` of the result is axis `ORDER[i]` of this shape.
    const ORDER: &'static [usize];
    /// The shape in that order.
    type Permuted: Shape;
}

macro_rules! axes {
    ($([$($before:ident)*] $axis:literal $at:ident [$($after:ident)*];)*) => {
        $(
            impl<$($before: Dim,)* $at: Dim, $($after: Dim),*> HasAxis<$axis> for ($($before,)* $at, $($after,)*) {
                type Dim = $at;
                type Without = ($($before,)* $($after,)*);
                type Freed = ($($before,)* Dyn, $($after,)*);
                type Sized<const SIZE: usize> = ($($before,)* C<SIZE>, $($after,)*);
            }

            impl<$($before: Dim,)* $($after: Dim),*> GrowsAt<$axis> for ($($before,)* $($after,)*) {
                type Grown = ($($before,)* C<1>, $($after,)*);
            }
        )*
    };
}

axes! {
    [] 0 X [];
    [] 0 X [B]; [A] 1 X [];
    [] 0 X [B D]; [A] 1 X [D]; [A B] 2 X [];
    [] 0 X [B D E]; [A] 1 X [D E]; [A B] 2 X [E]; [A B D] 3 X [];
    [] 0 X [B D E F]; [A] 1 X [D E F]; [A B] 2 X [E F]; [A B D] 3 X [F]; [A B D E] 4 X [];
    [] 0 X [B D E F G]; [A] 1 X [D E F G]; [A B] 2 X [E F G]; [A B D] 3 X [F G]; [A B D E] 4 X [G];
    [A B D E F] 5 X [];
}

macro_rules! orders {
    ($([$($axis:ident)*] $($dim:ident)*;)*) => {
        $(
            impl<$($dim: Dim,)* $(const $axis: usize),*> Permute<($(C<$axis>,)*)> for ($($dim,)*)
            where
                $(Self: HasAxis<$axis>),*
            {
                const ORDER: &'static [usize] = &[$($axis),*];
                type Permuted = ($(<Self as HasAxis<$axis>>::Dim,)*);
            }
        )*
    };
}

orders! {
    [I] A;
    [I J] A B;
    [I J K] A B D;
    [I J K L] A B D E;
    [I J K L M] A B D E F;
    [I J K L M N] A B D E F G;
}
