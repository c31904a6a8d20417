//! Shapes whose sizes are constant, and the nested arrays that they are.

use super::dtype::Element;
use super::shape::{C, Shape};
use std::fmt;

mod sealed {
    /// Keeps [`super::Nested`] to arrays of arrays of elements.
    pub trait Sealed {}
}

/// A declared shape whose sizes are all constant.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has sizes that only run time knows",
    label = "every axis must be a number or `{{CONST}}` here",
    note = "where there is one, the method that takes sizes works with any shape"
)]
pub trait ConstShape: Shape {
    /// The sizes.
    const SIZES: Self::Index;
    /// The elements as nested arrays, row-major: `[[T; 3]; 2]` for `Shape![2, 3]`.
    type Array<T: Element>: Nested<Element = T, Shape = Self> + Copy + PartialEq + fmt::Debug;
}

/// Nested arrays of elements, all rows as long as the first.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no element and no list of lists of elements",
    label = "a tensor is made from numbers in up to six levels of brackets"
)]
pub trait Nested: sealed::Sealed {
    /// The innermost type.
    type Element: Element;
    /// The lengths of the levels, outermost first.
    type Shape: Shape;

    /// `value` everywhere.
    fn filled(value: Self::Element) -> Self;

    /// The elements in row-major order.
    fn elements(&self) -> &[Self::Element];

    /// The elements in row-major order, to write.
    fn elements_mut(&mut self) -> &mut [Self::Element];
}

macro_rules! nested {
    ($([$($size:ident)*] $array:ty, |$value:ident| $filled:expr, $($flatten:ident $flatten_mut:ident)*;)*) => {
        $(
            impl<$(const $size: usize),*> ConstShape for ($(C<$size>,)*) {
                const SIZES: Self::Index = [$($size),*];
                type Array<T: Element> = $array;
            }

            impl<T: Element, $(const $size: usize),*> sealed::Sealed for $array {}
            impl<T: Element, $(const $size: usize),*> Nested for $array {
                type Element = T;
                type Shape = ($(C<$size>,)*);

                fn filled($value: T) -> Self {
                    $filled
                }

                fn elements(&self) -> &[T] {
                    self.as_slice()$(.$flatten())*
                }

                fn elements_mut(&mut self) -> &mut [T] {
                    self.as_mut_slice()$(.$flatten_mut())*
                }
            }
        )*
    };
}

nested! {
    [M] [T; M], |x| [x; M],;
    [M N] [[T; N]; M], |x| [[x; N]; M], as_flattened as_flattened_mut;
    [M N O] [[[T; O]; N]; M], |x| [[[x; O]; N]; M],
        as_flattened as_flattened_mut as_flattened as_flattened_mut;
    [M N O P] [[[[T; P]; O]; N]; M], |x| [[[[x; P]; O]; N]; M],
        as_flattened as_flattened_mut as_flattened as_flattened_mut as_flattened as_flattened_mut;
    [M N O P Q] [[[[[T; Q]; P]; O]; N]; M], |x| [[[[[x; Q]; P]; O]; N]; M],
        as_flattened as_flattened_mut as_flattened as_flattened_mut as_flattened as_flattened_mut
        as_flattened as_flattened_mut;
    [M N O P Q R] [[[[[[T; R]; Q]; P]; O]; N]; M], |x| [[[[[[x; R]; Q]; P]; O]; N]; M],
        as_flattened as_flattened_mut as_flattened as_flattened_mut as_flattened as_flattened_mut
        as_flattened as_flattened_mut as_flattened as_flattened_mut;
}

impl ConstShape for () {
    const SIZES: Self::Index = [];
    type Array<T: Element> = Scalar<T>;
}

/// The one element of a tensor without axes, where arrays nest: rank 0 has no brackets.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(transparent)]
pub struct Scalar<T>(pub [T; 1]);

impl<T: Element> sealed::Sealed for Scalar<T> {}
impl<T: Element> Nested for Scalar<T> {
    type Element = T;
    type Shape = ();

    fn filled(value: T) -> Self {
        Self([value])
    }

    fn elements(&self) -> &[T] {
        &self.0
    }

    fn elements_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}
