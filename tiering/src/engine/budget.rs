//! Changing the budget while the engine runs.
//!
//! The account comes first: from the moment it is lowered nothing is reserved beyond it. Then the worker evicts what the
//! policy ranks last, spills what is dirty, and gives what has come free back to the kernel. What is leased stays, and
//! follows when its leases end. A budget that is raised is there at once; memory for it is committed when it is needed.
//!
//! ```text
//! set_budget ─> ledger, pool, window, plan ─> worker: staging, victims, spills ─> frames: unregister, decommit
//!      └────────── sleeps until used and committed bytes fit, or until its deadline <───────────┘
//! ```

use super::Engine;
use super::request::Outcome;
use super::room::Stuck;
use super::state::{Core, Shared};
use super::worker::{Outbox, Worker};
use crate::device::host::PAGE_BYTES;
use crate::error::{Error, ErrorKind, Result};
use crate::io::Lane;
use crate::plan::follow::Followed;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Instant;

/// Copies evicted under one holding of the lock: whoever wants a lease waits no longer for it.
const EVICTIONS_PER_ROUND: usize = 64;

/// What the present budget allows, and what became of it.
#[derive(Debug)]
pub(super) struct Allowance {
    /// Bytes that may be fetched ahead of need.
    window_bytes: u64,
    /// Whether the worker has not seen the present budget yet.
    is_new: bool,
    /// Whether more is held than it allows, as far as anybody was told.
    is_over: bool,
    /// Whether the application has set it, so that it does not follow the machine.
    is_own: bool,
    /// Why what is beyond it does not leave.
    trouble: Option<Error>,
}

impl Allowance {
    pub(super) fn new(window_bytes: u64) -> Self {
        Self { window_bytes, is_new: false, is_over: false, is_own: false, trouble: None }
    }

    pub(super) fn is_own(&self) -> bool {
        self.is_own
    }

    pub(super) fn window_bytes(&self) -> u64 {
        self.window_bytes
    }
}

impl Engine {
    /// Changes the bytes that host copies, and staging for devices, may take together, rounded down to pages; prefetch
    /// gets the part of it that the policy says ([`Policy::window_bytes_of`](crate::policy::Policy::window_bytes_of)).
    ///
    /// A larger budget holds at once and takes memory as it is needed. A smaller one holds at once for everything that is
    /// fetched from now on, and this call returns when what was held before has left: clean copies are evicted, dirty ones
    /// written down, and their memory is given back to the system. What is leased is not taken away: where that alone is
    /// more, or the disk too slow, the call ends at the policy's deadline with an error, and **the new budget stays**: the
    /// rest leaves as leases end. Leases that wait and can never be had under it fail at once, as later ones do.
    ///
    /// A budget that was `"auto"` no longer follows the machine. In a callback of the engine's own thread the call returns at
    /// once.
    ///
    /// ```
    /// # use stratal_tiering::engine::Engine;
    /// # use stratal_tiering::policy::Policy;
    /// # use stratal_tiering::tier::TierKind;
    /// # use stratal_runtime::tensor::Dyn;
    /// # fn main() -> stratal_tiering::error::Result<()> {
    /// let policy = Policy::builder().tier("dram", TierKind::Dram, "16 MiB").deadline("1 s").build()?;
    /// let engine = Engine::builder().policy(policy).build()?;
    /// let state = engine.zeros::<f32, (Dyn,)>("state", [3 << 20])?; // 12 MiB
    /// state.write()?.fill(1.5);
    ///
    /// engine.set_budget(4 << 20)?; // most of it is spilled
    /// assert!(engine.report().used_bytes <= 4 << 20);
    /// assert!(state.read().is_err(), "the whole is too large for a lease now");
    /// assert_eq!(state.read_rows(0..1000)?[999], 1.5);
    ///
    /// engine.set_budget(16 << 20)?;
    /// assert!(state.read()?.iter().all(|&value| value == 1.5));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Budget` where it is less than a page or than what is reserved for tenants, and nothing has changed. With the new budget in force: `Deadline`, which says
    /// how much is still held and how much of that is leased; `NoSpace` or `Io` where what is dirty cannot be written down;
    /// `Closed`.
    pub fn set_budget(&self, bytes: u64) -> Result<()> {
        let shared = &self.handle.0;
        if !shared.is_at_home() {
            let message = "the engine stayed in the process that was forked; build another one here";
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        let mut core = shared.lock();
        core.open()?;
        shared.catch_up(&mut core);
        shared.change_budget(&mut core, bytes)?;
        core.allowance.is_own = true;
        shared.wake();
        if shared.is_worker() {
            return Ok(());
        }
        let budget_bytes = core.pool.budget_bytes();
        shared.await_budget(core, budget_bytes)
    }
}

impl Shared {
    /// Puts a budget in force. The worker does the rest.
    ///
    /// # Errors
    /// `Budget` where it is less than a page, or than what is reserved for tenants.
    pub(super) fn change_budget(&self, core: &mut Core, bytes: u64) -> Result<()> {
        let bytes = bytes.saturating_sub(self.pinned_bytes);
        let budget_bytes = bytes - bytes % PAGE_BYTES as u64;
        if budget_bytes == 0 {
            let message = format!("a budget of {bytes} bytes holds nothing: allow at least {PAGE_BYTES}");
            return Err(Error::new(ErrorKind::Budget, message).with("tier", self.host_name()));
        }
        let least = self.policy.least_budget_bytes();
        if budget_bytes < least {
            let message =
                format!("{bytes} bytes are less than the {least} that what is reserved for tenants needs");
            return Err(Error::new(ErrorKind::Budget, message).with("tier", self.host_name()));
        }
        let before = core.pool.budget_bytes();
        if budget_bytes == before {
            // Whoever asks again wants to know what stands against it now.
            core.allowance.trouble = None;
            return Ok(());
        }
        core.pool.set_budget(budget_bytes);
        core.ledger.set_budget(self.host, budget_bytes);
        let window_bytes = self.policy.window_bytes_of(budget_bytes);
        let is_over = core.ledger.over_bytes(self.host) > 0;
        let is_own = core.allowance.is_own;
        core.allowance = Allowance { window_bytes, is_new: true, is_over, is_own, trouble: None };
        self.keep_less(core);
        self.set_throttle(core);
        match core.follower.resize(budget_bytes, window_bytes) {
            Followed::Learned => self.learned(core),
            Followed::Stale => self.rank_anew(core),
            _ => {}
        }
        self.event("budget", format!("{budget_bytes} bytes instead of {before}"));
        // Another call may wait for the budget that was.
        self.changed.notify_all();
        Ok(())
    }

    /// Sleeps until what is held fits a budget, or another one is in force.
    fn await_budget(&self, mut core: MutexGuard<'_, Core>, budget_bytes: u64) -> Result<()> {
        let (since, deadline) = (Instant::now(), self.policy.deadline());
        loop {
            let fits = core.ledger.over_bytes(self.host) == 0 && core.pool.committed_bytes() <= budget_bytes;
            if fits || core.pool.budget_bytes() != budget_bytes {
                return Ok(());
            }
            core.open()?;
            if let Some(trouble) = &core.allowance.trouble {
                return Err(trouble.retold());
            }
            let Some(left) = deadline.checked_sub(since.elapsed()).filter(|left| !left.is_zero()) else {
                return Err(self.still_held(&core, budget_bytes));
            };
            core = self.changed.wait_timeout(core, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn still_held(&self, core: &Core, budget_bytes: u64) -> Error {
        let (used, held) = (core.ledger.used_bytes(self.host), self.held_bytes(core));
        let seconds = self.policy.deadline().as_secs_f64();
        let message = format!(
            "waited {seconds} s for {used} bytes to become {budget_bytes}: {held} are leased; the rest follows as leases end"
        );
        Error::new(ErrorKind::Deadline, message).with("tier", self.host_name())
    }

    /// What is beyond the budget cannot be written down: whoever waits for it learns why.
    pub(super) fn note_trouble(&self, core: &mut Core, error: &Error) {
        if core.ledger.over_bytes(self.host) > 0 {
            core.allowance.trouble = Some(error.retold());
            self.changed.notify_all();
        }
    }

    /// Sends away what is beyond the budget. Returns whether there is more to send at once.
    fn evict_surplus(&self, core: &mut Core, outbox: &mut Outbox) -> bool {
        let mut stuck = Stuck::default();
        let mut sent = 0;
        let goes_on = |core: &Core| core.ledger.over_bytes(self.host) > core.leaving_bytes;
        while goes_on(core)
            && sent < EVICTIONS_PER_ROUND
            && !outbox.is_full(Lane::Prefetch)
            && let givers = self.surplus_givers(core)
            && let Some(key) = self.next_to_leave(core, None, &givers, &mut stuck)
        {
            self.send_away(core, outbox, key, Lane::Prefetch, &mut stuck);
            sent += 1;
        }
        stuck.keys.iter().chain(&stuck.spared).for_each(|key| self.settle(core, *key));
        if let Some(error) = stuck.why {
            self.note_trouble(core, &error);
        }
        // Where none of them may go, something has to happen before it is worth another try.
        sent == EVICTIONS_PER_ROUND && stuck.keys.len() < sent && goes_on(core)
    }

    /// Fails the requests that can never be had under the present budget.
    fn fail_unfit(&self, core: &mut Core) {
        let waiting: Vec<_> =
            core.requests.waiting().map(|request| (request.ticket, request.span.clone())).collect();
        for (ticket, span) in waiting {
            if let Err(error) = self.check_fits(core, &span) {
                self.end_request(core, ticket, Outcome::Failed(error));
            }
        }
    }
}

impl Worker {
    /// Brings what is held down to the budget.
    pub(super) fn keep_within(&mut self, core: &mut Core, outbox: &mut Outbox) {
        let shared = Arc::clone(&self.shared);
        let over = core.ledger.over_bytes(shared.host) > 0;
        if over {
            // The last block stays only for those who use it.
            let kept = usize::from(!self.staged.is_empty());
            self.release_staging(core, kept);
        }
        if std::mem::take(&mut core.allowance.is_new) {
            // What they wanted may leave.
            shared.fail_unfit(core);
        }
        if over {
            self.shrinking |= shared.evict_surplus(core, outbox);
        }
        let fits = core.ledger.over_bytes(shared.host) == 0;
        if fits && std::mem::take(&mut core.allowance.is_over) {
            shared.changed.notify_all();
        }
        // Once all has left that will: then it shows which spans are the emptiest.
        if fits || (core.leaving_bytes == 0 && core.victims.is_empty()) {
            self.shrinking |= core.pool.has_surplus();
        }
    }

    /// Gives memory beyond the budget back to the kernel, all outside the lock. Returns whether there may be more.
    pub(super) fn give_back(&mut self) -> bool {
        if !std::mem::take(&mut self.shrinking) {
            return false;
        }
        let shared = Arc::clone(&self.shared);
        let surplus = shared.lock().pool.surplus();
        for region in surplus.regions() {
            if !self.io.unregister(*region) {
                shared.event("pinned", format!("region {region} stays with the driver"));
            }
        }
        let refused_bytes = surplus.decommit();
        if refused_bytes > 0 {
            shared.event("not returned", format!("the system would not take {refused_bytes} bytes back"));
        }
        shared.lock().pool.gave_back(surplus);
        shared.changed.notify_all();
        true
    }
}
