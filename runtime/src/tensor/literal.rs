//! What `tensor![…]` is made of: nested lists whose shape is their type, and repeats that are never arrays.
//!
//! Invariant: no element of a repeat is stored twice before it is in the tensor, so `tensor![[x; 4096]; 4096]` needs a
//! few words of stack.

use super::axis::{GrowsAt, HasAxis};
use super::dtype::Element;
use super::nested::{ConstShape, Nested};
use super::shape::Shape;
use super::typed::Tensor;
use super::uninit::Uninit;
use crate::error::Result;

/// What stands in the brackets of `tensor![…]`: an element, a list of lists, a repeat of either.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in `tensor![…]`",
    label = "not an element, nor a list of lists of elements",
    note = "elements are f64, f32, f16, bf16, bool and integers of 8 to 64 bits; lists nest up to six deep"
)]
pub trait Literal {
    /// The innermost type.
    type Element: Element;
    /// The sizes of the levels, outermost first.
    type Shape: Shape;

    /// Adds the sizes, outermost first.
    fn push_sizes(sizes: &mut Vec<usize>);

    /// Writes the elements `times` times, row-major.
    ///
    /// # Errors
    /// More elements than there is room for.
    fn write<S: Shape>(&self, times: usize, room: &mut Uninit<Self::Element, S>) -> Result<()>;
}

impl<T: Element> Literal for T {
    type Element = T;
    type Shape = ();

    fn push_sizes(_: &mut Vec<usize>) {}

    fn write<S: Shape>(&self, times: usize, room: &mut Uninit<T, S>) -> Result<()> {
        room.extend(std::iter::repeat_n(*self, times));
        Ok(())
    }
}

/// `N` times the same, as one axis more.
#[derive(Clone, Copy, Debug)]
pub struct Repeat<X, const N: usize>(pub X);

impl<X: Literal, const N: usize> Literal for Repeat<X, N>
where
    X::Shape: GrowsAt<0>,
    <X::Shape as GrowsAt<0>>::Grown: HasAxis<0>,
{
    type Element = X::Element;
    type Shape = <<X::Shape as GrowsAt<0>>::Grown as HasAxis<0>>::Sized<N>;

    fn push_sizes(sizes: &mut Vec<usize>) {
        sizes.push(N);
        X::push_sizes(sizes);
    }

    fn write<S: Shape>(&self, times: usize, room: &mut Uninit<X::Element, S>) -> Result<()> {
        self.0.write(times * N, room)
    }
}

macro_rules! lists {
    ($([$($size:ident)*] $array:ty;)*) => {
        $(
            impl<T: Element, $(const $size: usize),*> Literal for $array {
                type Element = T;
                type Shape = <Self as Nested>::Shape;

                fn push_sizes(sizes: &mut Vec<usize>) {
                    sizes.extend([$($size),*]);
                }

                fn write<S: Shape>(&self, times: usize, room: &mut Uninit<T, S>) -> Result<()> {
                    (0..times).try_for_each(|_| room.extend_from_slice(self.elements()))
                }
            }
        )*
    };
}

lists! {
    [M] [T; M];
    [M N] [[T; N]; M];
    [M N O] [[[T; O]; N]; M];
    [M N O P] [[[[T; P]; O]; N]; M];
    [M N O P Q] [[[[[T; Q]; P]; O]; N]; M];
    [M N O P Q R] [[[[[[T; R]; Q]; P]; O]; N]; M];
}

/// The tensor of a literal.
///
/// # Errors
/// Sizes whose product exceeds the address space; out of memory.
pub fn literal<X: Literal>(written: &X) -> Result<Tensor<X::Element, X::Shape>> {
    let mut sizes = Vec::new();
    X::push_sizes(&mut sizes);
    let mut room = Tensor::<X::Element, X::Shape>::uninit(&sizes)?;
    written.write(1, &mut room)?;
    Ok(room.finish()?)
}

/// The tensor of a literal without elements, whose brackets alone do not say what they would hold.
///
/// # Errors
/// Out of memory.
pub fn empty<T: Element, S: ConstShape>() -> Result<Tensor<T, S>> {
    Tensor::zeros(S::SIZES)
}

#[cfg(test)]
mod tests;
