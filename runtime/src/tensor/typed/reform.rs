//! Tensors made from tensors. Other axes over the same bytes share them; another order copies them.

use super::super::axis::{GrowsAt, HasAxis};
use super::super::claim;
use super::super::dtype::Element;
use super::super::layout::{Dense, Layout};
use super::super::relation::{RankOf, Squeezes, ViewOf};
use super::super::shape::Shape;
use super::Tensor;
use crate::error::{Error, Result};

impl<T: Element, S: Shape, L: Dense> Tensor<T, S, L> {
    /// Another handle on the same bytes, under another layout and type.
    fn reform<R: Shape, M: Dense>(&self, layout: Layout) -> Tensor<T, R, M> {
        Tensor::over(self.as_any().share().with_layout(layout))
    }

    /// Another handle on the same bytes, under a shape that says less: constants and names may become `_`.
    ///
    /// A constant or a name that the type does not know is an error of the compiler, naming the axis.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, Dyn, Tensor};
    /// let table = Tensor::<f32, (C<2>, C<3>)>::zeros([2, 3])?;
    /// let any_rows: Tensor<f32, (Dyn, C<3>)> = table.view();
    /// let table: Tensor<f32, (C<2>, C<3>)> = any_rows.bind()?;
    /// assert!(table.bind::<(C<3>, Dyn)>().is_err());
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    #[must_use]
    pub fn view<V: Shape + ViewOf<S>>(&self) -> Tensor<T, V, L> {
        self.reform(*self.as_any().layout())
    }

    /// Another handle on the same bytes, under a shape that says more: sizes are compared with `B` now.
    ///
    /// # Errors
    /// [`Shape`](crate::error::ErrorKind::Shape), naming the tensor, the axis, what it is and what `B` declares.
    pub fn bind<B: Shape + RankOf<S>>(&self) -> Result<Tensor<T, B, L>> {
        B::check(self.shape()).map_err(|error| self.about(error.into()))?;
        Ok(self.reform(*self.as_any().layout()))
    }

    /// Another handle on the same bytes with the axes in reverse, and so in the other order.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, ColumnMajor, RowMajor, Tensor};
    /// let tensor = Tensor::<i32, (C<2>, C<3>)>::from_slice([2, 3], &[1, 2, 3, 4, 5, 6])?;
    /// let columns: Tensor<i32, (C<3>, C<2>), ColumnMajor> = tensor.transpose();
    /// assert_eq!(columns.read()?.view()[[2, 0]], 3);
    /// assert_eq!(columns.to_layout::<RowMajor>()?.read()?.as_slice(), [1, 4, 2, 5, 3, 6]);
    /// # Ok::<(), stratal_runtime::error::Error>(())
    /// ```
    #[must_use]
    pub fn transpose(&self) -> Tensor<T, S::Reversed, L::Transposed>
    where
        L::Transposed: Dense,
    {
        self.reform(self.as_any().layout().transposed())
    }

    /// Another handle on the same bytes, in the same order, under other sizes.
    ///
    /// # Errors
    /// [`Shape`](crate::error::ErrorKind::Shape) if the number of elements differs, or the sizes are not those of
    /// `R`. Constant shapes whose numbers differ do not build.
    pub fn reshape<R: Shape>(&self, sizes: R::Index) -> Result<Tensor<T, R, L>> {
        const { claim::reshape(S::AXES, R::AXES) };
        R::check(sizes.as_ref()).map_err(|error| self.about(error.into()))?;
        let layout = self.as_any().layout().reshaped(sizes.as_ref(), L::AXIS);
        Ok(self.reform(layout.map_err(|error| self.about(error))?))
    }

    /// Another handle on the same bytes without axis `AXIS`, which has size 1.
    ///
    /// # Errors
    /// [`Shape`](crate::error::ErrorKind::Shape) if it has another size. A constant other than 1, or a name, is an
    /// error of the compiler.
    pub fn squeeze<const AXIS: usize>(&self) -> Result<Tensor<T, S::Without, L>>
    where
        S: HasAxis<AXIS, Dim: Squeezes<AXIS>>,
    {
        let layout = self.as_any().layout().squeezed(AXIS).and_then(|layout| layout.as_dense(L::AXIS));
        Ok(self.reform(layout.map_err(|error| self.about(error))?))
    }

    /// Another handle on the same bytes with one more axis, of size 1, before axis `AXIS` or behind the last.
    ///
    /// # Errors
    /// None that a caller can cause: the type shows that there is room for an axis.
    pub fn unsqueeze<const AXIS: usize>(&self) -> Result<Tensor<T, S::Grown, L>>
    where
        S: GrowsAt<AXIS>,
    {
        let layout = self.as_any().layout().unsqueezed(AXIS).and_then(|layout| layout.as_dense(L::AXIS));
        Ok(self.reform(layout?))
    }

    /// The tensor in the order `M`: the same bytes if they lie so already, else a copy.
    ///
    /// # Errors
    /// Those of [`Tensor::read`], and out of memory.
    pub fn to_layout<M: Dense>(&self) -> Result<Tensor<T, S, M>> {
        match self.as_any().layout().as_dense(M::AXIS) {
            Ok(layout) => Ok(self.reform(layout)),
            Err(_) => Ok(self.read()?.view().to_layout::<M>()?.named(self.name())),
        }
    }

    /// `error` with the name of this tensor.
    fn about(&self, error: Error) -> Error {
        error.with("tensor", self.name())
    }
}
