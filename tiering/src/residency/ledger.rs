//! Bytes per tier: reserved before a transfer starts, released when the copy is gone.
//!
//! Invariant: `used(tier) ≤ budget(tier)` at every instant, in-flight bytes counted, because [`Ledger::reserve`] is
//! the only way up and refuses to pass the budget. After a budget was lowered, use only falls until that holds again.

use crate::error::{Error, ErrorKind};
use crate::tier::{TierId, Topology};
use std::fmt;

/// A reservation that does not fit now. Nothing was reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// The tier.
    pub tier: TierId,
    /// Bytes asked for.
    pub asked_bytes: u64,
    /// Bytes free at that moment.
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

/// One tier's account.
#[derive(Clone, Copy, Debug)]
struct Account {
    budget_bytes: u64,
    used_bytes: u64,
    peak_bytes: u64,
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
        };
        Self { accounts: topology.tiers.iter().map(|tier| account(tier.budget_bytes)).collect() }
    }

    /// Reserves bytes in a tier, before a transfer into it starts.
    ///
    /// # Errors
    /// [`Over`] when they do not fit now; a tier outside the topology has no room.
    pub fn reserve(&mut self, tier: TierId, bytes: u64) -> Result<(), Over> {
        let Some(account) = self.accounts.get_mut(usize::from(tier.0)) else {
            return Err(Over { tier, asked_bytes: bytes, free_bytes: 0, budget_bytes: 0 });
        };
        let free_bytes = account.budget_bytes.saturating_sub(account.used_bytes);
        if bytes > free_bytes {
            return Err(Over { tier, asked_bytes: bytes, free_bytes, budget_bytes: account.budget_bytes });
        }
        account.used_bytes += bytes;
        account.peak_bytes = account.peak_bytes.max(account.used_bytes);
        Ok(())
    }

    /// Gives bytes back that `reserve` had granted.
    pub fn release(&mut self, tier: TierId, bytes: u64) {
        if let Some(account) = self.accounts.get_mut(usize::from(tier.0)) {
            debug_assert!(bytes <= account.used_bytes, "released more than was reserved");
            account.used_bytes = account.used_bytes.saturating_sub(bytes);
        }
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

    /// Bytes that can be reserved now.
    #[must_use]
    pub fn free_bytes(&self, tier: TierId) -> u64 {
        self.account(tier).map_or(0, |account| account.budget_bytes.saturating_sub(account.used_bytes))
    }

    /// Most bytes ever reserved at once.
    #[must_use]
    pub fn peak_bytes(&self, tier: TierId) -> u64 {
        self.account(tier).map_or(0, |account| account.peak_bytes)
    }

    fn account(&self, tier: TierId) -> Option<&Account> {
        self.accounts.get(usize::from(tier.0))
    }
}

#[cfg(test)]
mod tests;
