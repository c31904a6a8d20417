//! Who asked for the live blocks of a bounded pool. Has no bytes and does nothing without debug assertions.

use crate::pool::leak::{Leak, Site};

/// The place that asked for each live block, by its first unit.
#[cfg(debug_assertions)]
#[derive(Debug, Default)]
pub(super) struct Sites(std::collections::BTreeMap<u32, (usize, Site)>);

#[cfg(debug_assertions)]
impl Sites {
    pub(super) fn enter(&mut self, first: u32, bytes: usize, site: Site) {
        self.0.insert(first, (bytes, site));
    }

    pub(super) fn leave(&mut self, first: u32) {
        self.0.remove(&first);
    }

    pub(super) fn live(&self, pool: &str) -> Vec<Leak> {
        let leak = |(bytes, site): &(usize, Site)| Leak {
            place: site.place.to_string(),
            holds: site.holds,
            pool: Some(pool.to_owned()),
            blocks: 1,
            bytes: *bytes,
        };
        self.0.values().map(leak).collect()
    }
}

/// Nothing.
#[cfg(not(debug_assertions))]
#[derive(Debug, Default)]
pub(super) struct Sites;

#[cfg(not(debug_assertions))]
impl Sites {
    #[inline]
    pub(super) fn enter(&mut self, _first: u32, _bytes: usize, _site: Site) {}

    #[inline]
    pub(super) fn leave(&mut self, _first: u32) {}

    pub(super) fn live(&self, _pool: &str) -> Vec<Leak> {
        Vec::new()
    }
}

// The promise of release builds.
#[cfg(not(debug_assertions))]
const _: () = assert!(size_of::<Sites>() == 0);
