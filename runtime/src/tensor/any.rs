//! The untyped tensor: dtype, layout, name, and a handle on bytes that somebody keeps.
//!
//! Invariant: the handle stands for exactly `layout.num_bytes()` bytes.

use super::buffer::{Alignment, Owned};
use super::dtype::DType;
use super::layout::{Contiguous, Layout};
use super::managed::{Access, Advice, Keeper, Lease, Managed, Waiting};
use crate::error::Result;
use crate::pool::Pool;
use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// A tensor whose dtype and shape are known at run time only.
///
/// It is a handle: [`AnyTensor::share`] makes another on the same bytes, and a managed object is forgotten by its
/// keeper when the last one goes.
#[derive(Debug)]
pub struct AnyTensor {
    dtype: DType,
    layout: Layout,
    name: Arc<str>,
    handle: Handle,
}

/// Who keeps the bytes.
#[derive(Clone, Debug)]
enum Handle {
    Owned(Arc<Owned>),
    Managed(Arc<Managed>),
}

impl AnyTensor {
    /// A tensor of zeros in this process's heap, row-major.
    ///
    /// # Errors
    /// Shape above the address space or above six axes; out of memory.
    pub fn zeros(dtype: DType, shape: &[usize], alignment: Alignment) -> Result<Self> {
        let layout = Layout::row_major(shape, dtype.size())?;
        Ok(Self::owned(dtype, layout, Owned::zeroed(layout.num_bytes(), alignment)?))
    }

    /// A tensor over owned bytes, which are those of `layout`.
    pub(super) fn owned(dtype: DType, layout: Layout, owned: Owned) -> Self {
        Self { dtype, layout, name: "unnamed".into(), handle: Handle::Owned(Arc::new(owned)) }
    }

    /// A tensor of zeros in a block of `pool`, row-major; the block returns to the pool with the last handle.
    ///
    /// # Errors
    /// Shape above the address space or above six axes; no room in the pool, which the error names.
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn zeros_in(pool: &Pool, dtype: DType, shape: &[usize]) -> Result<Self> {
        let layout = Layout::row_major(shape, dtype.size())?;
        Ok(Self::owned(dtype, layout, Owned::of_block(pool.allocate(layout.num_bytes())?)))
    }

    /// A row-major tensor whose bytes the keeper behind `managed` holds; it takes the name of the object.
    ///
    /// # Errors
    /// Shape above the address space or above six axes.
    pub fn managed(dtype: DType, shape: &[usize], managed: Managed) -> Result<Self> {
        let layout = Layout::row_major(shape, dtype.size())?;
        let name = Arc::clone(managed.name());
        Ok(Self { dtype, layout, name, handle: Handle::Managed(Arc::new(managed)) })
    }

    /// The same tensor under another name, which errors about it will show.
    #[must_use]
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Another handle on the same bytes. Leases taken through either exclude each other as through one.
    #[must_use]
    pub fn share(&self) -> Self {
        Self {
            dtype: self.dtype,
            layout: self.layout,
            name: Arc::clone(&self.name),
            handle: self.handle.clone(),
        }
    }

    /// The same bytes under another layout, which has as many elements.
    pub(super) fn with_layout(mut self, layout: Layout) -> Self {
        self.layout = layout;
        self
    }

    /// Whether this handle is the only one, and no lease is held. Two answers at once from two threads may both be
    /// no.
    #[must_use]
    pub fn is_unique(&self) -> bool {
        match &self.handle {
            Handle::Owned(owned) => Arc::strong_count(owned) == 1,
            Handle::Managed(managed) => Arc::strong_count(managed) == 1,
        }
    }

    /// The bytes to write without a lease, if they are owned and this handle is alone.
    pub(super) fn bytes_mut(&mut self) -> Result<Option<&mut [u8]>> {
        match &mut self.handle {
            Handle::Owned(owned) => Arc::get_mut(owned).map(Owned::bytes_mut).transpose(),
            Handle::Managed(_) => Ok(None),
        }
    }

    /// Bytes of this process's memory that are held for the tensor now: 0 for a deferred one before the first write,
    /// and for one whose bytes a keeper holds.
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        match &self.handle {
            Handle::Owned(owned) => owned.allocated_bytes(),
            Handle::Managed(_) => 0,
        }
    }

    /// Type of the elements.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Size of each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        self.layout.shape()
    }

    /// Shape, strides and byte arithmetic.
    #[inline]
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The name in errors: the checkpoint's, the one given by [`AnyTensor::named`], or `unnamed`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Bytes of all elements.
    #[inline]
    #[must_use]
    pub fn num_bytes(&self) -> usize {
        self.layout.num_bytes()
    }

    /// The handle of a managed tensor; `None` if the bytes are owned.
    #[must_use]
    pub fn as_managed(&self) -> Option<&Managed> {
        match &self.handle {
            Handle::Owned(_) => None,
            Handle::Managed(managed) => Some(managed),
        }
    }

    /// Takes a lease on all bytes.
    ///
    /// # Errors
    /// Conflict with another lease; for managed tensors every error of [`Keeper::acquire`].
    pub fn lease(&self, access: Access) -> Result<BytesLease> {
        self.lease_bytes(0..self.num_bytes(), access)
    }

    /// A lease on a range of bytes that a keeper has at hand.
    #[inline(always)]
    pub(super) fn hit(&self, range: Range<usize>, access: Access) -> Option<BytesLease> {
        match &self.handle {
            Handle::Owned(_) => None,
            Handle::Managed(managed) => {
                let lease = managed.hit(&(range.start as u64..range.end as u64), access)?;
                Some(BytesLease(Some(lease)))
            }
        }
    }

    /// Takes a lease on a range of bytes; no bytes are held without asking anybody.
    pub(super) fn lease_bytes(&self, range: Range<usize>, access: Access) -> Result<BytesLease> {
        match self.hit(range.clone(), access) {
            Some(lease) => Ok(lease),
            None => self.ask_for_bytes(range, access),
        }
    }

    /// As [`Self::lease_bytes`], of bytes that are not at hand.
    pub(super) fn ask_for_bytes(&self, range: Range<usize>, access: Access) -> Result<BytesLease> {
        if range.is_empty() {
            return Ok(BytesLease(None));
        }
        let range = range.start as u64..range.end as u64;
        let lease = match &self.handle {
            Handle::Owned(owned) => {
                let keeper: Arc<dyn Keeper> = Arc::clone(owned) as _;
                Lease::take(&keeper, 0, range, access)
            }
            Handle::Managed(managed) => Lease::take(managed.keeper(), managed.id(), range, access),
        };
        lease.map(|lease| BytesLease(Some(lease))).map_err(|error| error.with("tensor", &self.name))
    }

    /// A lease on all bytes that waits for its keeper; `None` where nobody has to wait.
    pub(super) fn waiting(&self, access: Access) -> Option<Waiting> {
        match &self.handle {
            Handle::Managed(managed) if self.num_bytes() > 0 => {
                Some(Waiting::new(Arc::clone(managed), 0..self.num_bytes() as u64, access))
            }
            Handle::Managed(_) | Handle::Owned(_) => None,
        }
    }

    /// Asks the keeper to bring the bytes up soon; owned bytes are there already.
    pub fn prefetch(&self) {
        self.prefetch_bytes(0..self.num_bytes());
    }

    /// Asks the keeper to bring up the bytes of rows `rows` soon; rows that do not exist are ignored,
    /// and so are those of a tensor that is not row-major.
    pub fn prefetch_rows(&self, rows: Range<usize>) {
        if !self.layout.is_dense(Contiguous::Last) {
            return;
        }
        if let Ok((_, bytes)) = self.layout.rows(rows) {
            self.prefetch_bytes(bytes);
        }
    }

    /// Tells the keeper what is known of the uses to come; owned bytes need none of it.
    ///
    /// # Errors
    /// `Budget` where [`Advice::Resident`] asks for more than the keeper may keep; closed.
    pub fn advise(&self, advice: Advice) -> Result<()> {
        self.advise_bytes(0..self.num_bytes(), advice)
    }

    /// As [`Self::advise`], of rows `rows` of the leading dimension.
    ///
    /// # Errors
    /// `Shape` if there are no such rows; else those of [`Self::advise`].
    pub fn advise_rows(&self, rows: Range<usize>, advice: Advice) -> Result<()> {
        let (_, bytes) = self.layout.rows(rows).map_err(|error| error.with("tensor", &self.name))?;
        self.advise_bytes(bytes, advice)
    }

    fn advise_bytes(&self, range: Range<usize>, advice: Advice) -> Result<()> {
        match &self.handle {
            Handle::Managed(managed) if !range.is_empty() => {
                let range = range.start as u64..range.end as u64;
                managed.advise(range, advice).map_err(|error| error.with("tensor", &self.name))
            }
            Handle::Managed(_) | Handle::Owned(_) => Ok(()),
        }
    }

    fn prefetch_bytes(&self, range: Range<usize>) {
        if let (Handle::Managed(managed), false) = (&self.handle, range.is_empty()) {
            managed.prefetch(range.start as u64..range.end as u64);
        }
    }
}

impl fmt::Display for AnyTensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:?}", self.name, self.dtype, self.shape())
    }
}

/// The right to use bytes of a tensor; owns its entry. Reads as bytes, and as bytes to write if exclusive.
#[derive(Debug)]
pub struct BytesLease(Option<Lease>);

impl BytesLease {
    pub(super) fn of(lease: Lease) -> Self {
        Self(Some(lease))
    }

    /// The bytes to write; `None` if the lease is shared.
    pub fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        match &mut self.0 {
            Some(lease) => lease.bytes_mut(),
            None => Some(&mut []),
        }
    }
}

impl Deref for BytesLease {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], Lease::bytes)
    }
}
