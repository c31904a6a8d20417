//! How a bounded pool is described before it exists.

use std::sync::Arc;

use super::holes::{Holes, UNITS_MAX};
use super::region::Region;
use super::sites::Sites;
use super::stats::Tally;
use super::{Pool, Shared, State};
use crate::align::CACHE_LINE;
use crate::error::{Error, ErrorKind, Result};
use crate::pool::lock::Lock;

/// The largest alignment of a pool, in bytes.
const ALIGN_MAX: usize = 1 << 30;

/// Describes a [`Pool`]; only the capacity must be said.
///
/// ```
/// use stratal_runtime::pool::Pool;
/// let pool = Pool::builder()
///     .name("activations")
///     .capacity(64 << 20)
///     .align(256) // as device transfers want it
///     .growth(4 << 20) // fault memory in ahead of use, 4 MiB at a time
///     .build()?;
/// let block = pool.allocate(1000)?;
/// assert_eq!(pool.stats().committed_bytes, 4 << 20);
/// drop(block);
/// assert_eq!(pool.shrink(), 4 << 20);
/// # Ok::<(), stratal_runtime::error::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing exists before `build`"]
pub struct PoolBuilder {
    name: String,
    capacity: usize,
    align: usize,
    huge_pages: bool,
    node: Option<u32>,
    preallocate: usize,
    growth: usize,
}

impl PoolBuilder {
    pub(super) fn new() -> Self {
        Self {
            name: "unnamed".to_owned(),
            capacity: 0,
            align: CACHE_LINE,
            huge_pages: false,
            node: None,
            preallocate: 0,
            growth: 0,
        }
    }

    /// What errors and reports call it; `unnamed` if this is not said.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Bytes that may be in blocks at once, rounded down to a multiple of the alignment.
    pub fn capacity(mut self, bytes: usize) -> Self {
        self.capacity = bytes;
        self
    }

    /// Every block starts at a multiple of `bytes`, a power of two up to 1 GiB, and takes a multiple of them: 64
    /// unless said otherwise or the pool is above 128 GiB.
    pub fn align(mut self, bytes: usize) -> Self {
        self.align = bytes;
        self
    }

    /// Asks for pages of 2 MiB: a wish, which the system may not grant.
    pub fn huge_pages(mut self, wanted: bool) -> Self {
        self.huge_pages = wanted;
        self
    }

    /// Asks for memory of one node: a wish; [`Pool::numa_node`] tells whether the system took it. Sandboxes often
    /// refuse, and a machine with one node has nothing to choose.
    pub fn numa(mut self, node: u32) -> Self {
        self.node = Some(node);
        self
    }

    /// Faults this many bytes in while the pool is built, so that their first use does not.
    pub fn preallocate(mut self, bytes: usize) -> Self {
        self.preallocate = bytes;
        self
    }

    /// Faults memory in ahead of use, this many bytes at a time, under the pool's lock. Without it, pages are backed
    /// as they are touched.
    pub fn growth(mut self, bytes: usize) -> Self {
        self.growth = bytes;
        self
    }

    /// Reserves the addresses, and the memory that was to be preallocated.
    ///
    /// # Errors
    ///
    /// `Unsupported` if the alignment is no power of two up to 1 GiB or the capacity holds no block; `OutOfMemory` if
    /// the system has no such range or not the memory to preallocate. Both name the pool.
    pub fn build(self) -> Result<Pool> {
        let refused = |message: String| {
            Err(Error::new(ErrorKind::Unsupported, message).with("pool", self.name.as_str()))
        };
        if !self.align.is_power_of_two() || self.align > ALIGN_MAX {
            return refused(format!("an alignment of {} bytes", self.align));
        }
        let unit = unit(self.capacity, self.align);
        let limit = self.capacity / unit;
        if limit == 0 || self.preallocate > self.capacity {
            let Self { capacity, preallocate, .. } = self;
            return refused(format!("{capacity} bytes, {preallocate} preallocated, at multiples of {unit}"));
        }
        let units = |bytes: usize| bytes.div_ceil(unit).min(limit) as u32;
        let named = |error: Error| error.with("pool", self.name.as_str());
        let region = Region::reserve(limit * unit, unit, self.huge_pages, self.node).map_err(named)?;
        let backed = units(self.preallocate);
        let shared = Shared {
            name: self.name.clone().into(),
            unit,
            limit: limit as u32,
            growth: units(self.growth),
            state: Lock::new(State {
                holes: Holes::new(),
                frontier: 0,
                backed,
                tally: Tally::new(),
                sites: Sites::default(),
            }),
            region,
        };
        // SAFETY: the region was reserved just now, and nothing of it was handed out.
        unsafe { shared.populate(0, backed) }?;
        Ok(Pool(Arc::new(shared)))
    }
}

/// Bytes of a unit: the alignment, at least a cache line, and enough for the units of the capacity to be counted.
fn unit(capacity: usize, align: usize) -> usize {
    let counted = capacity.div_ceil(UNITS_MAX as usize).checked_next_power_of_two();
    align.max(CACHE_LINE).max(counted.unwrap_or(usize::MAX / 2 + 1))
}
