//! Sharing by count: a tensor, or a struct of tensors, that several owners keep alive, with weak handles and a report
//! of cycles.
//!
//! [`Tensor::share`](super::Tensor::share) gives another whole handle, with a type and a layout of its own. A
//! [`Shared`] is one pointer wide, whatever it shares, and costs 16 bytes beside it: the two counts.
//!
//! A count never frees what holds itself alive. Tensors hold nothing, but structs of them may: a graph whose nodes are
//! [`Shared`] and point back. In builds with debug assertions every shared value is on a list, and [`cycles`] finds
//! those that only each other keep alive. Values say themselves what they hold ([`Links`]); a report sees as much as
//! they say.

mod report;

pub use report::{Cycle, CycleReport, cycles};

use super::dtype::Element;
use super::layout::Order;
use super::shape::Shape;
use super::typed::Tensor;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Weak};

/// Which shared values a value holds, for the report of cycles.
///
/// ```
/// use stratal_runtime::tensor::{Dyn, Link, Links, Shared, Tensor};
/// struct Node { weight: Tensor<f32, (Dyn,)>, parents: Vec<Shared<Node>> }
/// impl Links for Node {
///     fn links(&self, found: &mut dyn FnMut(Link)) {
///         self.parents.links(found);
///     }
/// }
/// ```
pub trait Links: Send + Sync + 'static {
    /// Calls `found` with the link of each [`Shared`] that this value holds, once per handle. A value behind a lock
    /// that is taken may be left out: its handles then count as held from outside.
    fn links(&self, found: &mut dyn FnMut(Link));
}

impl<T: Element, S: Shape, L: Order> Links for Tensor<T, S, L> {
    fn links(&self, _: &mut dyn FnMut(Link)) {}
}

impl<V: Links> Links for Shared<V> {
    fn links(&self, found: &mut dyn FnMut(Link)) {
        found(self.link());
    }
}

impl<V: Links> Links for Vec<V> {
    fn links(&self, found: &mut dyn FnMut(Link)) {
        self.iter().for_each(|value| value.links(found));
    }
}

impl<V: Links> Links for Option<V> {
    fn links(&self, found: &mut dyn FnMut(Link)) {
        self.iter().for_each(|value| value.links(found));
    }
}

/// One shared value, as the report of cycles knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link(usize);

/// A value with several owners, freed with the last. One pointer wide; two counts, 16 bytes, beside the value.
///
/// ```
/// use stratal_runtime::tensor::{C, Shared, Tensor};
/// let table = Shared::new(Tensor::<f32, (C<3>,)>::zeros([3])?);
/// let (again, weak) = (table.clone(), Shared::downgrade(&table));
/// assert_eq!(again.read()?.len(), 3);
/// assert_eq!(Shared::strong_count(&table), 2);
/// drop((table, again));
/// assert!(weak.upgrade().is_none());
/// # Ok::<(), stratal_runtime::error::Error>(())
/// ```
pub struct Shared<V: Links>(Arc<V>);

/// A handle that does not keep the value alive.
pub struct WeakShared<V: Links>(Weak<V>);

impl<V: Links> Shared<V> {
    /// The first handle on `value`. With debug assertions, the place of the call is what a report of cycles names.
    #[track_caller]
    #[must_use]
    pub fn new(value: V) -> Self {
        let shared = Self(Arc::new(value));
        report::register(&shared.0);
        shared
    }

    /// A handle that does not keep the value alive.
    #[must_use]
    pub fn downgrade(this: &Self) -> WeakShared<V> {
        WeakShared(Arc::downgrade(&this.0))
    }

    /// Handles that keep the value alive, this one included.
    #[must_use]
    pub fn strong_count(this: &Self) -> usize {
        Arc::strong_count(&this.0)
    }

    /// Whether both are handles on one value.
    #[must_use]
    pub fn ptr_eq(this: &Self, other: &Self) -> bool {
        Arc::ptr_eq(&this.0, &other.0)
    }

    /// The value, if this handle was the last.
    #[must_use]
    pub fn into_inner(this: Self) -> Option<V> {
        Arc::into_inner(this.0)
    }

    /// What the report of cycles calls this value.
    #[must_use]
    pub fn link(&self) -> Link {
        Link(Arc::as_ptr(&self.0).addr())
    }
}

impl<V: Links> WeakShared<V> {
    /// A handle that keeps the value alive, if it still is.
    #[must_use]
    pub fn upgrade(&self) -> Option<Shared<V>> {
        self.0.upgrade().map(Shared)
    }
}

impl<V: Links> Deref for Shared<V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.0
    }
}

impl<V: Links> Clone for Shared<V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V: Links> Clone for WeakShared<V> {
    fn clone(&self) -> Self {
        Self(Weak::clone(&self.0))
    }
}

impl<V: Links + fmt::Debug> fmt::Debug for Shared<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<V: Links> fmt::Debug for WeakShared<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WeakShared({} owners)", self.0.strong_count())
    }
}

#[cfg(test)]
mod tests;
