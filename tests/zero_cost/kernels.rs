//! The kernels that `tests/zero_cost` compiles to assembly: each by hand over slices, over arrays where sizes are
//! constant, and through views of constant, named and dynamic shape. No part of any build of the workspace.

use stratal_runtime::tensor::{C, Dyn, Named, View, ViewMut};

pub struct Rows;
impl Named for Rows {
    const NAME: &'static str = "Rows";
}

macro_rules! kernels {
    ($($name:ident($($scalar:ident: $scalar_ty:ty),*) [$($out:ident)?] [$($input:ident)*] $t:ty => $result:ty
        { $hand:expr } { $typed:expr })*) => {
        pub mod by_hand {
            $(#[inline(never)] pub fn $name($($out: &mut [$t],)? $($input: &[$t],)* $($scalar: $scalar_ty),*) -> $result { $hand })*
        }
        pub mod by_hand_constant {
            $(#[inline(never)] pub fn $name($($out: &mut [$t],)? $($input: &[$t],)* $($scalar: $scalar_ty),*) -> $result {
                $(let $out = &mut $out[..1000];)? $(let $input = &$input[..1000];)*
                $hand
            })*
        }
        kernels!(@typed constant (super::C<1000>,); $($name($($scalar: $scalar_ty),*) [$($out)?] [$($input)*] $t => $result { $typed })*);
        kernels!(@typed named (super::Rows,); $($name($($scalar: $scalar_ty),*) [$($out)?] [$($input)*] $t => $result { $typed })*);
        kernels!(@typed dynamic (super::Dyn,); $($name($($scalar: $scalar_ty),*) [$($out)?] [$($input)*] $t => $result { $typed })*);
    };
    (@typed $module:ident $shape:ty; $($name:ident($($scalar:ident: $scalar_ty:ty),*) [$($out:ident)?] [$($input:ident)*] $t:ty => $result:ty { $typed:expr })*) => {
        pub mod $module {
            use super::{View, ViewMut};
            $(#[inline(never)] pub fn $name($($out: &mut ViewMut<'_, $t, $shape>,)? $($input: View<'_, $t, $shape>,)* $($scalar: $scalar_ty),*) -> $result { $typed })*
        }
    };
}

type Done = bool;

kernels! {
    scale(k: f32) [o] [a] f32 => super::Done
        { { for (o, a) in o.iter_mut().zip(a) { *o = *a * k; } true } }
        { o.zip_from(a, move |o, a| *o = a * k).is_ok() }
    axpy(k: f32) [o] [a] f32 => super::Done
        { { for (o, a) in o.iter_mut().zip(a) { *o += *a * k; } true } }
        { o.zip_from(a, move |o, a| *o += a * k).is_ok() }
    add() [o] [a b] f32 => super::Done
        { { for ((o, a), b) in o.iter_mut().zip(a).zip(b) { *o = *a + *b; } true } }
        { o.zip2_from(a, b, move |o, a, b| *o = a + b).is_ok() }
    multiply_add() [o] [a b] f32 => super::Done
        { { for ((o, a), b) in o.iter_mut().zip(a).zip(b) { *o += *a * *b; } true } }
        { o.zip2_from(a, b, move |o, a, b| *o += a * b).is_ok() }
    difference() [o] [a b] f32 => super::Done
        { { for ((o, a), b) in o.iter_mut().zip(a).zip(b) { *o = (*a - *b).abs(); } true } }
        { o.zip2_from(a, b, move |o, a, b| *o = (a - b).abs()).is_ok() }
    relu() [o] [] f32 => ()
        { for o in o.iter_mut() { *o = o.max(0.0); } }
        { o.map_in_place(move |o| o.max(0.0)) }
    shift(k: i32) [o] [] i32 => ()
        { for o in o.iter_mut() { *o = o.wrapping_add(k); } }
        { o.map_in_place(move |o| o.wrapping_add(k)) }
    blend(k: f32) [o] [a] f32 => super::Done
        { { for (o, a) in o.iter_mut().zip(a) { *o += k * (*a - *o); } true } }
        { o.zip_from(a, move |o, a| *o += k * (a - *o)).is_ok() }
    sum(sum: i32) [] [a] i32 => i32
        { { let mut sum = sum; for a in a { sum = sum.wrapping_add(*a); } sum } }
        { a.fold(sum, move |sum, a| sum.wrapping_add(a)) }
    largest(largest: i32) [] [a] i32 => i32
        { { let mut largest = largest; for a in a { largest = largest.max(*a); } largest } }
        { a.fold(largest, move |largest, a| largest.max(a)) }
    count(count: usize, k: f32) [] [a] f32 => usize
        { { let mut count = count; for a in a { count += usize::from(*a > k); } count } }
        { a.fold(count, move |count, a| count + usize::from(a > k)) }
    dot(sum: i32) [] [a b] i32 => i32
        { { let mut sum = sum; for (a, b) in a.iter().zip(b) { sum = sum.wrapping_add(a.wrapping_mul(*b)); } sum } }
        { a.fold_with(b, sum, move |sum, a, b| sum.wrapping_add(a.wrapping_mul(b))).unwrap_or(0) }
}
