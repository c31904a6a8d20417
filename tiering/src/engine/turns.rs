//! Whose turn it is among requests that wait for room.
//!
//! Without tenants the oldest request goes on until it has what it needs, and no younger one overtakes it. With them:
//!
//! - a tenant at its cap is stopped alone: what it waits for, nobody else can take;
//! - where the tier is short, the others go on only within what is reserved for them, which nobody else can take either.
//!
//! The oldest that is not stopped by its own cap, and the first of each tenant that is, may take from younger ones what
//! those only wait with: so somebody always gets on.

use super::state::{Core, Shared};
use crate::object::ChunkKey;
use crate::residency::ledger::Shortage;
use crate::tier::TenantId;

/// The turn of one request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub(super) tenant: TenantId,
    /// Requests before it.
    pub(super) age: usize,
    /// Whether all of those are stopped by their own caps.
    pub(super) is_oldest: bool,
    /// Whether none of those is of its tenant.
    pub(super) is_first: bool,
}

/// What the requests of a round have come to.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Tenants that had a turn.
    seen: Vec<TenantId>,
    /// Tenants at their cap.
    capped: Vec<TenantId>,
    /// Whether the tier is short.
    is_short: bool,
    /// Whether a request was not stopped by its own cap.
    had_oldest: bool,
}

impl Turns {
    /// The turn of the next request.
    pub(super) fn take(&mut self, tenant: TenantId, age: usize) -> Turn {
        let is_first = !self.seen.contains(&tenant);
        if is_first {
            self.seen.push(tenant);
        }
        Turn { tenant, age, is_oldest: !self.had_oldest, is_first }
    }

    /// Whether a request may be given a chunk.
    pub(super) fn admits(&self, shared: &Shared, core: &Core, turn: Turn, key: ChunkKey) -> bool {
        let set_aside = || {
            let bytes = shared.copy_bytes(core, key);
            core.ledger.is_set_aside(shared.host, turn.tenant, bytes)
        };
        !self.capped.contains(&turn.tenant) && (!self.is_short || set_aside())
    }

    /// There is no room for a chunk of a request.
    pub(super) fn stop(&mut self, shared: &Shared, core: &Core, turn: Turn, key: ChunkKey) {
        if shared.is_capped(core, turn.tenant, shared.copy_bytes(core, key)) {
            self.capped.push(turn.tenant);
        } else {
            self.is_short = true;
        }
    }

    /// A request has had its turn.
    pub(super) fn end(&mut self, turn: Turn) {
        self.had_oldest |= !self.capped.contains(&turn.tenant);
    }
}

impl Shared {
    /// Whether a tenant's own cap stands against so many bytes more.
    pub(super) fn is_capped(&self, core: &Core, tenant: TenantId, bytes: u64) -> bool {
        core.ledger.shortage(self.host, tenant, bytes) == Some(Shortage::Cap)
    }
}
