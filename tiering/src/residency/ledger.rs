//! Bytes per tier: reserved before a transfer starts, released when the copy is gone.
//!
//! Invariant: `used(tier) ≤ budget(tier)` at every instant, in-flight bytes counted, because [`Ledger::reserve`] is
//! the only way up and refuses to pass the budget. After a budget was lowered, use only falls until that holds again.
//!
//! A tier may be shared out among [tenants](TenantId). Then, besides:
//!
//! ```text
//! used(tenant) ≤ cap(tenant)
//! Σ used + Σ over the others of max(0, reserved − used) ≤ budget      for whoever reserves: what is set aside stays aside
//! ```
//!
//! so a tenant below its reserved part always finds room, whatever the others do.

use crate::error::{Error, ErrorKind};
use crate::tier::{Quota, TenantId, TierId, Topology};
use std::fmt;

/// A reservation that does not fit now. Nothing was reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// The tier.
    pub tier: TierId,
    /// Bytes asked for.
    pub asked_bytes: u64,
    /// Bytes free at that moment, for who asked.
    pub free_bytes: u64,
    /// The tier's budget: more than this can never fit.
    pub budget_bytes: u64,
}

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { asked_bytes, free_bytes, budget_bytes, .. } = self;
        write!(f, "needs {asked_bytes} bytes, {free_bytes} of {budget_bytes} are free")
    }
}

impl std::error::Error for Over {}

impl From<Over> for Error {
    fn from(over: Over) -> Self {
        Self::new(ErrorKind::Budget, over.to_string())
    }
}

/// What a tenant is short of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortage {
    /// Its own cap: only its own copies can make room.
    Cap,
    /// The tier.
    Tier,
}

/// One tenant's part of a tier.
#[derive(Clone, Copy, Debug)]
struct Share {
    quota: Quota,
    used_bytes: u64,
    peak_bytes: u64,
}

impl Share {
    fn new(quota: Quota) -> Self {
        Self { quota, used_bytes: 0, peak_bytes: 0 }
    }

    fn unfilled_bytes(&self) -> u64 {
        self.quota.reserved_bytes.saturating_sub(self.used_bytes)
    }

    fn excess_bytes(&self) -> u64 {
        self.used_bytes.saturating_sub(self.quota.reserved_bytes)
    }

    fn headroom_bytes(&self) -> u64 {
        self.quota.cap_bytes.unwrap_or(u64::MAX).saturating_sub(self.used_bytes)
    }
}

/// One tier's account.
#[derive(Clone, Debug)]
struct Account {
    budget_bytes: u64,
    used_bytes: u64,
    peak_bytes: u64,
    /// By tenant; the first is nobody's.
    shares: Vec<Share>,
}

impl Account {
    /// Bytes set aside for tenants other than `tenant`, as many as would be by `of`.
    fn aside(&self, tenant: TenantId, of: impl Fn(&Share) -> u64) -> u64 {
        let others = self.shares.iter().enumerate().filter(|(at, _)| *at != usize::from(tenant.0));
        others.fold(0, |sum, (_, share)| sum.saturating_add(of(share)))
    }

    /// Bytes that the tier has left for a tenant, its cap aside.
    fn free_for(&self, tenant: TenantId) -> u64 {
        let aside = self.aside(tenant, Share::unfilled_bytes);
        self.budget_bytes.saturating_sub(self.used_bytes).saturating_sub(aside)
    }
}

/// Bytes used in every tier of a topology.
#[derive(Clone, Debug)]
pub struct Ledger {
    accounts: Vec<Account>,
}

impl Ledger {
    /// Empty accounts with the budgets of `topology`; a tier without a budget is unbounded.
    #[must_use]
    pub fn new(topology: &Topology) -> Self {
        let account = |budget: Option<u64>| Account {
            budget_bytes: budget.unwrap_or(u64::MAX),
            used_bytes: 0,
            peak_bytes: 0,
            shares: vec![Share::new(Quota::default())],
        };
        Self { accounts: topology.tiers.iter().map(|tier| account(tier.budget_bytes)).collect() }
    }

    /// Shares a tier out, before anything of it is used: the first quota is that of tenant 1.
    #[must_use]
    pub fn shared(mut self, tier: TierId, quotas: impl IntoIterator<Item = Quota>) -> Self {
        if let Some(account) = self.accounts.get_mut(usize::from(tier.0)) {
            account.shares.extend(quotas.into_iter().map(Share::new));
        }
        self
    }

    /// Reserves bytes in a tier for nobody in particular, before a transfer into it starts.
    ///
    /// # Errors
    /// As [`Self::reserve_for`].
    pub fn reserve(&mut self, tier: TierId, bytes: u64) -> Result<(), Over> {
        self.reserve_for(tier, TenantId::default(), bytes)
    }

    /// Reserves bytes in a tier for a tenant, before a transfer into it starts.
    ///
    /// # Errors
    /// [`Over`] when they do not fit now; a tier outside the topology has no room, and nor has an unknown tenant.
    pub fn reserve_for(&mut self, tier: TierId, tenant: TenantId, bytes: u64) -> Result<(), Over> {
        let (free_bytes, budget_bytes) = (self.free_for(tier, tenant), self.budget_bytes(tier));
        let over = Over { tier, asked_bytes: bytes, free_bytes, budget_bytes };
        let account =
            self.accounts.get_mut(usize::from(tier.0)).filter(|_| bytes <= free_bytes).ok_or(over)?;
        let share = account.shares.get_mut(usize::from(tenant.0)).ok_or(over)?;
        share.used_bytes += bytes;
        share.peak_bytes = share.peak_bytes.max(share.used_bytes);
        account.used_bytes += bytes;
        account.peak_bytes = account.peak_bytes.max(account.used_bytes);
        Ok(())
    }

    /// Gives bytes back that `reserve` had granted.
    pub fn release(&mut self, tier: TierId, bytes: u64) {
        self.release_for(tier, TenantId::default(), bytes);
    }

    /// Gives bytes back that `reserve_for` had granted.
    pub fn release_for(&mut self, tier: TierId, tenant: TenantId, bytes: u64) {
        let Some(account) = self.accounts.get_mut(usize::from(tier.0)) else { return };
        let Some(share) = account.shares.get_mut(usize::from(tenant.0)) else { return };
        debug_assert!(bytes <= share.used_bytes, "released more than was reserved");
        let bytes = bytes.min(share.used_bytes);
        share.used_bytes -= bytes;
        account.used_bytes -= bytes;
    }

    /// Changes a budget, as when a disk turns out to be full. Bytes already used stay; new ones wait until the use
    /// has fallen below the new budget.
    pub fn set_budget(&mut self, tier: TierId, budget_bytes: u64) {
        if let Some(account) = self.accounts.get_mut(usize::from(tier.0)) {
            account.budget_bytes = budget_bytes;
        }
    }

    /// Bytes reserved beyond the budget, after it was lowered.
    #[must_use]
    pub fn over_bytes(&self, tier: TierId) -> u64 {
        self.account(tier).map_or(0, |account| account.used_bytes.saturating_sub(account.budget_bytes))
    }

    /// Most bytes the tier may hold; `u64::MAX` is unbounded.
    #[must_use]
    pub fn budget_bytes(&self, tier: TierId) -> u64 {
        self.account(tier).map_or(0, |account| account.budget_bytes)
    }

    /// Bytes reserved now.
    #[must_use]
    pub fn used_bytes(&self, tier: TierId) -> u64 {
        self.account(tier).map_or(0, |account| account.used_bytes)
    }

    /// Bytes that nobody in particular can reserve now.
    #[must_use]
    pub fn free_bytes(&self, tier: TierId) -> u64 {
        self.free_for(tier, TenantId::default())
    }

    /// Bytes that a tenant can reserve now.
    #[must_use]
    pub fn free_for(&self, tier: TierId, tenant: TenantId) -> u64 {
        let Some(account) = self.account(tier) else { return 0 };
        let headroom = self.share(tier, tenant).map_or(0, Share::headroom_bytes);
        headroom.min(account.free_for(tenant))
    }

    /// Most bytes that a tenant can hold at once, with everything else but `others_bytes` of nobody's gone.
    #[must_use]
    pub fn most_for(&self, tier: TierId, tenant: TenantId, others_bytes: u64) -> u64 {
        let Some(account) = self.account(tier) else { return 0 };
        let aside = account.aside(tenant, |share| share.quota.reserved_bytes).saturating_add(others_bytes);
        let cap = self.share(tier, tenant).map_or(0, |share| share.quota.cap_bytes.unwrap_or(u64::MAX));
        cap.min(account.budget_bytes.saturating_sub(aside))
    }

    /// What stands against reserving `bytes` for a tenant; `None` where they fit.
    #[must_use]
    pub fn shortage(&self, tier: TierId, tenant: TenantId, bytes: u64) -> Option<Shortage> {
        match self.share(tier, tenant) {
            Some(share) if share.headroom_bytes() < bytes => Some(Shortage::Cap),
            _ => (self.free_for(tier, tenant) < bytes).then_some(Shortage::Tier),
        }
    }

    /// The tenants whose copies make room for a tenant that is short, those first that have the most beyond what is
    /// reserved for them. Who has no more than that gives nothing, but to itself.
    #[must_use]
    pub fn givers(&self, tier: TierId, tenant: TenantId, shortage: Shortage) -> Vec<TenantId> {
        let Some(account) = self.account(tier) else { return Vec::new() };
        if shortage == Shortage::Cap {
            return vec![tenant];
        }
        let ids = (0..=u16::MAX).map(TenantId);
        let mut givers: Vec<_> = ids
            .zip(&account.shares)
            .filter(|(id, share)| share.excess_bytes() > 0 || (*id == tenant && share.used_bytes > 0))
            .collect();
        givers.sort_by_key(|(_, share)| std::cmp::Reverse(share.excess_bytes()));
        givers.into_iter().map(|(id, _)| id).collect()
    }

    /// Whether a tier is shared out.
    #[must_use]
    pub fn is_shared(&self, tier: TierId) -> bool {
        self.account(tier).is_some_and(|account| account.shares.len() > 1)
    }

    /// Whether `bytes` fit into what is reserved for a tenant and not used: nobody else can have them.
    #[must_use]
    pub fn is_set_aside(&self, tier: TierId, tenant: TenantId, bytes: u64) -> bool {
        self.share(tier, tenant).is_some_and(|share| share.unfilled_bytes() >= bytes)
    }

    /// Bytes reserved for all tenants together.
    #[must_use]
    pub fn set_aside_bytes(&self, tier: TierId) -> u64 {
        let shares = self.account(tier).map_or(&[][..], |account| &account.shares);
        shares.iter().fold(0, |sum, share| sum.saturating_add(share.quota.reserved_bytes))
    }

    /// Bytes that a tenant uses now, and the most that it ever did.
    #[must_use]
    pub fn used_by(&self, tier: TierId, tenant: TenantId) -> (u64, u64) {
        self.share(tier, tenant).map_or((0, 0), |share| (share.used_bytes, share.peak_bytes))
    }

    /// Most bytes ever reserved at once.
    #[must_use]
    pub fn peak_bytes(&self, tier: TierId) -> u64 {
        self.account(tier).map_or(0, |account| account.peak_bytes)
    }

    fn account(&self, tier: TierId) -> Option<&Account> {
        self.accounts.get(usize::from(tier.0))
    }

    fn share(&self, tier: TierId, tenant: TenantId) -> Option<&Share> {
        self.account(tier)?.shares.get(usize::from(tenant.0))
    }
}

#[cfg(test)]
mod tests;
