//! What reactive policies share: who is here, out, or a ghost. Each policy adds only its order.
//!
//! A copy that is leased is *out*: it keeps its history, and its place where the policy has queues; when it comes
//! back that is one more use. So a policy sees leases as other caches see hits, and never offers a leased copy.

use super::Evict;
use super::shelf::{Presence, Shelf};
use crate::object::{ChunkKey, NextUse};
use std::fmt::Debug;

/// The order of one policy over the nodes of a [`Shelf`].
pub(super) trait Order: Debug + Send + Default {
    /// Name in policies and reports.
    const NAME: &'static str;
    /// How many lists it keeps.
    const LISTS: u8;

    /// A copy that is new, or comes back from a ghost, whose list the node is still on: puts it on a list.
    fn enter(&mut self, shelf: &mut Shelf, index: u32);

    /// A copy was used; `again` unless it is the first use of one that was fetched ahead.
    fn used(&mut self, shelf: &mut Shelf, index: u32, again: bool);

    /// A copy is leased or wanted from now on.
    fn aside(&mut self, shelf: &mut Shelf, index: u32);

    /// A copy is back that was set aside but not used.
    fn back(&mut self, shelf: &mut Shelf, index: u32);

    /// The copy to evict, one that is [`Presence::Here`]; called only while there is one.
    fn candidate(&mut self, shelf: &mut Shelf) -> Option<u32>;

    /// A copy that is about to leave its list, not to come back to its place.
    fn leaving(&mut self, _shelf: &Shelf, _index: u32) {}

    /// The candidate was evicted: makes it a ghost or drops it.
    fn evicted(&mut self, shelf: &mut Shelf, index: u32) {
        shelf.drop_node(index);
    }
}

/// An [`Order`] as an eviction policy.
#[derive(Debug)]
pub struct Reactive<O> {
    order: O,
    shelf: Shelf,
    evictable: usize,
}

#[allow(private_bounds, reason = "orders are this room's own")]
impl<O: Order> Reactive<O> {
    /// An empty policy.
    #[must_use]
    pub fn new() -> Self {
        Self { order: O::default(), shelf: Shelf::new(O::LISTS), evictable: 0 }
    }

    /// The nodes, for tests.
    #[cfg(test)]
    pub(super) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// A copy is evictable; `used` says whether it was used just now.
    fn put(&mut self, key: ChunkKey, bytes: u64, next_use: NextUse, used: bool) {
        let Self { order, shelf, evictable } = self;
        let found = shelf.find(key);
        let index = found.unwrap_or_else(|| shelf.add(key, bytes, next_use));
        let node = shelf.node_mut(index);
        node.next_use = next_use;
        let before = std::mem::replace(&mut node.presence, Presence::Here);
        let again = !node.fresh;
        node.fresh &= !used;
        if node.bytes != bytes {
            shelf.resize(index, bytes);
        }
        if found.is_none() || before == Presence::Ghost {
            shelf.node_mut(index).fresh = !used;
            *evictable += 1;
            return order.enter(shelf, index);
        }
        *evictable += usize::from(before == Presence::Out);
        match (used, before) {
            (true, _) => order.used(shelf, index, again),
            (false, Presence::Out) => order.back(shelf, index),
            (false, _) => {}
        }
    }

    /// Bytes of a copy that is here or out; 0 where there is none.
    pub(super) fn bytes_of(&self, key: ChunkKey) -> u64 {
        let node = self.shelf.find(key).map(|index| self.shelf.node(index));
        node.filter(|node| node.presence != Presence::Ghost).map_or(0, |node| node.bytes)
    }

    /// The victim and its bytes.
    pub(super) fn take_victim(&mut self, not_before: Option<NextUse>) -> Option<(ChunkKey, u64)> {
        if self.evictable == 0 {
            return None;
        }
        let index = self.order.candidate(&mut self.shelf)?;
        let node = *self.shelf.node(index);
        debug_assert_eq!(node.presence, Presence::Here, "only evictable copies are offered");
        if not_before.is_some_and(|limit| !node.next_use.yields_to(limit)) {
            return None;
        }
        self.evictable -= 1;
        self.order.leaving(&self.shelf, index);
        self.shelf.node_mut(index).presence = Presence::Ghost;
        self.order.evicted(&mut self.shelf, index);
        Some((node.key, node.bytes))
    }

    fn drop_resident(&mut self, index: u32) {
        self.evictable -= usize::from(self.shelf.node(index).presence == Presence::Here);
        self.order.leaving(&self.shelf, index);
        self.shelf.drop_node(index);
    }
}

#[allow(private_bounds, reason = "orders are this room's own")]
impl<O: Order> Default for Reactive<O> {
    fn default() -> Self {
        Self::new()
    }
}

#[allow(private_bounds, reason = "orders are this room's own")]
impl<O: Order> Evict for Reactive<O> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn insert(&mut self, key: ChunkKey, bytes: u64, next_use: NextUse) {
        self.put(key, bytes, next_use, true);
    }

    fn insert_unused(&mut self, key: ChunkKey, bytes: u64, next_use: NextUse) {
        self.put(key, bytes, next_use, false);
    }

    fn remove(&mut self, key: ChunkKey) -> bool {
        let Some(index) = self.shelf.find(key) else { return false };
        let node = self.shelf.node_mut(index);
        if node.presence != Presence::Here {
            return false;
        }
        node.presence = Presence::Out;
        self.evictable -= 1;
        self.order.aside(&mut self.shelf, index);
        true
    }

    fn gone(&mut self, key: ChunkKey) {
        if let Some(index) = self.shelf.find(key)
            && self.shelf.node(index).presence != Presence::Ghost
        {
            self.drop_resident(index);
        }
    }

    fn forget(&mut self, key: ChunkKey) {
        self.gone(key);
        if let Some(ghost) = self.shelf.find(key) {
            self.shelf.drop_node(ghost);
        }
    }

    fn victim(&mut self, not_before: Option<NextUse>) -> Option<ChunkKey> {
        self.take_victim(not_before).map(|(key, _)| key)
    }

    fn overdue(&mut self, _now: u64) -> Option<ChunkKey> {
        None
    }

    fn reset(&mut self, next_use: &mut dyn FnMut(ChunkKey) -> NextUse) {
        self.shelf.residents().for_each(|node| node.next_use = next_use(node.key));
    }

    fn len(&self) -> usize {
        self.evictable
    }
}
