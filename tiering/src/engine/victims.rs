//! The copies that may go, by whose they are: each tenant's are ordered by a policy of their own.
//!
//! Who has to give is a matter of quotas, and decided by the ledger; which copy it gives, by the policy.

use crate::object::{ChunkKey, NextUse};
use crate::residency::evict::Evict;
use crate::tier::TenantId;

/// Whose copies may make room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Givers {
    /// Anybody's: the tier is not shared out.
    All,
    /// Theirs, in this order.
    These(Vec<TenantId>),
}

impl Givers {
    pub(super) fn include(&self, tenant: TenantId) -> bool {
        match self {
            Self::All => true,
            Self::These(tenants) => tenants.contains(&tenant),
        }
    }
}

/// The evictable copies of all tenants.
#[derive(Debug, Default)]
pub(super) struct Victims {
    /// By tenant.
    of: Vec<Box<dyn Evict>>,
    /// Whose each object is.
    owners: Vec<TenantId>,
}

impl Victims {
    /// Nobody's copies are ordered by the first policy, those of tenant 1 by the next, and so on.
    pub(super) fn new(policies: impl IntoIterator<Item = Box<dyn Evict>>) -> Self {
        Self { of: policies.into_iter().collect(), owners: Vec::new() }
    }

    /// An object is a tenant's from now on.
    pub(super) fn enlist(&mut self, object: u32, tenant: TenantId) {
        let at = object as usize;
        if at >= self.owners.len() {
            self.owners.resize(at + 1, TenantId::default());
        }
        self.owners[at] = tenant;
    }

    /// Whose an object is.
    pub(super) fn owner(&self, object: u32) -> TenantId {
        self.owners.get(object as usize).copied().unwrap_or_default()
    }

    fn of(&mut self, key: ChunkKey) -> Option<&mut Box<dyn Evict>> {
        let owner = self.owner(key.object);
        self.of.get_mut(usize::from(owner.0))
    }

    /// As [`Evict::insert`].
    pub(super) fn insert(&mut self, key: ChunkKey, bytes: u64, next_use: NextUse) {
        if let Some(policy) = self.of(key) {
            policy.insert(key, bytes, next_use);
        }
    }

    /// As [`Evict::insert_unused`].
    pub(super) fn insert_unused(&mut self, key: ChunkKey, bytes: u64, next_use: NextUse) {
        if let Some(policy) = self.of(key) {
            policy.insert_unused(key, bytes, next_use);
        }
    }

    /// As [`Evict::remove`].
    pub(super) fn remove(&mut self, key: ChunkKey) -> bool {
        self.of(key).is_some_and(|policy| policy.remove(key))
    }

    /// As [`Evict::gone`].
    pub(super) fn gone(&mut self, key: ChunkKey) {
        if let Some(policy) = self.of(key) {
            policy.gone(key);
        }
    }

    /// As [`Evict::forget`].
    pub(super) fn forget(&mut self, key: ChunkKey) {
        if let Some(policy) = self.of(key) {
            policy.forget(key);
        }
    }

    /// As [`Evict::victim`], of the first giver that has one.
    pub(super) fn victim(&mut self, not_before: Option<NextUse>, givers: &Givers) -> Option<ChunkKey> {
        match givers {
            Givers::All => self.of.iter_mut().find_map(|policy| policy.victim(not_before)),
            Givers::These(tenants) => {
                let of = &mut self.of;
                let mut victim = |tenant: &TenantId| of.get_mut(usize::from(tenant.0))?.victim(not_before);
                tenants.iter().find_map(&mut victim)
            }
        }
    }

    /// As [`Evict::overdue`].
    pub(super) fn overdue(&mut self, now: u64) -> Option<ChunkKey> {
        self.of.iter_mut().find_map(|policy| policy.overdue(now))
    }

    /// As [`Evict::reset`].
    pub(super) fn reset(&mut self, next_use: &mut dyn FnMut(ChunkKey) -> NextUse) {
        self.of.iter_mut().for_each(|policy| policy.reset(next_use));
    }

    /// Whether nothing is evictable.
    pub(super) fn is_empty(&self) -> bool {
        self.of.iter().all(|policy| policy.is_empty())
    }
}

#[cfg(test)]
mod tests;
