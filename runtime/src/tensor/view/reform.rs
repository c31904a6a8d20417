//! Views made from views: the same elements under other axes, or some of them. Nothing is copied.

use super::super::axis::{GrowsAt, HasAxis, Permute};
use super::super::claim;
use super::super::dtype::Element;
use super::super::layout::{Contiguous, Dense, Layout, Order, RowMajor, Strided};
use super::super::relation::{RankOf, Squeezes, ViewOf};
use super::super::shape::Shape;
use super::{View, ViewMut};
use crate::error::Result;
use std::ops::Range;

/// What `expect` says where a trait bound has shown that an axis can be added.
const GROWS: &str = "`GrowsAt` is implemented where the rank allows one more axis";

impl<'a, T: Element, S: Shape, L: Order> View<'a, T, S, L> {
    /// Other axes over the elements from `start` on.
    fn reform<R: Shape, M: Order>(self, layout: Layout, start: usize) -> View<'a, T, R, M> {
        View::over(&self.elements[start..start + layout.span()], layout)
    }

    /// The elements repeated to `sizes` without copying: trailing axes are matched; an axis of size 1 and a leading
    /// axis that is missing repeat.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, Dyn, Tensor};
    /// let lease = Tensor::<i32, (C<1>, C<2>)>::from_slice([1, 2], &[1, 2])?.read()?;
    /// let rows = lease.view().broadcast_to::<(Dyn, C<2>)>([3, 2])?;
    /// assert_eq!((rows.shape(), rows.strides(), rows[[2, 1]]), (&[3, 2][..], &[0, 1][..], 2));
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Shape`](crate::error::ErrorKind::Shape) if an axis is neither 1 nor the size asked for, or the sizes are not
    /// those of `B`. Constant axes that can never match do not build.
    pub fn broadcast_to<B: Shape>(self, sizes: B::Index) -> Result<View<'a, T, B, Strided>> {
        const { claim::broadcast(S::AXES, B::AXES) };
        B::check(sizes.as_ref())?;
        let layout = self.layout.broadcast(sizes.as_ref())?;
        Ok(self.reform(layout, 0))
    }
}

impl<'a, T: Element, S: Shape, L: Order> ViewMut<'a, T, S, L> {
    /// Other axes over the elements from `start` on.
    fn reform<R: Shape, M: Order>(self, layout: Layout, start: usize) -> ViewMut<'a, T, R, M> {
        ViewMut::over(&mut self.elements[start..start + layout.span()], layout)
    }
}

/// What views to read and views to write have in common.
macro_rules! reforms {
    ($view:ident) => {
        impl<'a, T: Element, S: Shape, L: Order> $view<'a, T, S, L> {
            /// The same elements under a shape that says less: constants and names may become `_`.
            ///
            /// A constant or a name that the type does not know is an error of the compiler, naming the axis.
            #[must_use]
            pub fn view<V: Shape + ViewOf<S>>(self) -> $view<'a, T, V, L> {
                let layout = self.layout;
                self.reform(layout, 0)
            }

            /// The same elements under a shape that says more: sizes are compared with `B` now.
            ///
            /// # Errors
            /// [`Shape`](crate::error::ErrorKind::Shape), naming the axis, what it is and what `B` declares.
            pub fn bind<B: Shape + RankOf<S>>(self) -> Result<$view<'a, T, B, L>> {
                B::check(self.shape())?;
                let layout = self.layout;
                Ok(self.reform(layout, 0))
            }

            /// The axes in reverse: rows become columns.
            #[must_use]
            pub fn transpose(self) -> $view<'a, T, S::Reversed, L::Transposed> {
                let layout = self.layout.transposed();
                self.reform(layout, 0)
            }

            /// The axes in the order that `P` lists: `permute::<Shape![2, 0, 1]>()`.
            ///
            /// # Errors
            /// [`Shape`](crate::error::ErrorKind::Shape) if `P` names an axis twice.
            pub fn permute<P>(self) -> Result<$view<'a, T, S::Permuted, Strided>>
            where
                S: Permute<P>,
            {
                let layout = self.layout.permuted(S::ORDER)?;
                Ok(self.reform(layout, 0))
            }

            /// A range of every axis: `slice([0..2, 1..3])`.
            ///
            /// # Errors
            /// [`Shape`](crate::error::ErrorKind::Shape), naming the axis and its size, if a range is beyond it.
            pub fn slice(self, ranges: S::Ranges) -> Result<$view<'a, T, S::Free, Strided>> {
                let (mut layout, mut start) = (self.layout, 0);
                for (axis, range) in ranges.as_ref().iter().enumerate() {
                    let (sliced, skipped) = layout.sliced(axis, range.clone())?;
                    (layout, start) = (sliced, start + skipped);
                }
                // Without elements there is nothing to start at.
                let start = if layout.num_elements() == 0 { 0 } else { start };
                Ok(self.reform(layout, start))
            }

            /// A range of axis `AXIS`; the others keep their dimension.
            ///
            /// # Errors
            /// Those of `slice`.
            pub fn slice_axis<const AXIS: usize>(
                self,
                range: Range<usize>,
            ) -> Result<$view<'a, T, S::Freed, Strided>>
            where
                S: HasAxis<AXIS>,
            {
                let (layout, start) = self.layout.sliced(AXIS, range)?;
                Ok(self.reform(layout, start))
            }

            /// The `N` indexes of axis `AXIS` from `start` on: a slice whose size the type knows.
            ///
            /// # Errors
            /// Those of `slice`.
            pub fn window<const AXIS: usize, const N: usize>(
                self,
                start: usize,
            ) -> Result<$view<'a, T, S::Sized<N>, Strided>>
            where
                S: HasAxis<AXIS>,
            {
                let (layout, start) = self.layout.sliced(AXIS, start..start.saturating_add(N))?;
                Ok(self.reform(layout, start))
            }

            /// Every `step`-th index of axis `AXIS`, from the first.
            ///
            /// # Errors
            /// [`Shape`](crate::error::ErrorKind::Shape) if `step` is 0.
            pub fn step<const AXIS: usize>(self, step: usize) -> Result<$view<'a, T, S::Freed, Strided>>
            where
                S: HasAxis<AXIS>,
            {
                let layout = self.layout.stepped(AXIS, step)?;
                Ok(self.reform(layout, 0))
            }

            /// What lies at index `at` of axis `AXIS`, which the result no longer has.
            ///
            /// # Errors
            /// Those of `slice`.
            pub fn select<const AXIS: usize>(self, at: usize) -> Result<$view<'a, T, S::Without, Strided>>
            where
                S: HasAxis<AXIS>,
            {
                let (layout, start) = self.layout.selected(AXIS, at)?;
                Ok(self.reform(layout, start))
            }

            /// Without axis `AXIS`, which has size 1.
            ///
            /// # Errors
            /// [`Shape`](crate::error::ErrorKind::Shape) if it has another size. A constant other than 1, or a
            /// name, is an error of the compiler.
            pub fn squeeze<const AXIS: usize>(self) -> Result<$view<'a, T, S::Without, L>>
            where
                S: HasAxis<AXIS, Dim: Squeezes<AXIS>>,
            {
                let layout = self.layout.squeezed(AXIS)?;
                Ok(self.reform(layout, 0))
            }

            /// With one more axis, of size 1, before axis `AXIS` or behind the last.
            #[must_use]
            pub fn unsqueeze<const AXIS: usize>(self) -> $view<'a, T, S::Grown, L>
            where
                S: GrowsAt<AXIS>,
            {
                let layout = self.layout.unsqueezed(AXIS).expect(GROWS);
                self.reform(layout, 0)
            }

            /// The same elements in the same order under other sizes.
            ///
            /// # Errors
            /// [`Shape`](crate::error::ErrorKind::Shape) if the number of elements differs, or the sizes are not
            /// those of `R`. Constant shapes whose numbers differ do not build.
            pub fn reshape<R: Shape>(self, sizes: R::Index) -> Result<$view<'a, T, R, L>>
            where
                L: Dense,
            {
                const { claim::reshape(S::AXES, R::AXES) };
                R::check(sizes.as_ref())?;
                let layout = self.layout.reshaped(sizes.as_ref(), L::AXIS)?;
                Ok(self.reform(layout, 0))
            }

            /// The same elements as a row-major view, if that is how they lie: nothing is copied.
            ///
            /// # Errors
            /// [`Unsupported`](crate::error::ErrorKind::Unsupported) if they do not, naming the axis and its stride;
            /// [`View::to_layout`] copies.
            pub fn contiguous(self) -> Result<$view<'a, T, S, RowMajor>> {
                let layout = self.layout.as_dense(Contiguous::Last)?;
                Ok(self.reform(layout, 0))
            }

            /// The same elements under a type that does not say how they lie.
            #[must_use]
            pub fn strided(self) -> $view<'a, T, S, Strided> {
                let layout = self.layout;
                self.reform(layout, 0)
            }
        }
    };
}

reforms!(View);
reforms!(ViewMut);

#[cfg(test)]
mod tests;
