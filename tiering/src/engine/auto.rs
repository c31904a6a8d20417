//! A budget that is `"auto"` follows the machine: a thread that sleeps until memory is short, or some seconds have passed,
//! asks the [`Governor`], and puts what it says in force.
//!
//! It holds the engine's state only while it is awake, so it keeps nothing alive, and its bell is rung by the engine's end.
//! A budget that the application sets is its own business: the thread ends then.

use super::state::Shared;
use crate::device::host::alarm::{Woken, wait};
use crate::error::{Error, Result};
use crate::observe::clock::Clock;
use crate::policy::governor::{Governor, Holding};
use crate::policy::memory::MemorySource;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;

/// Ends the thread when it is dropped.
#[derive(Debug)]
pub(super) struct Watch {
    ringer: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Watches a source on a thread of its own.
    ///
    /// # Errors
    /// `Io` where the system gives no thread or no bell.
    pub(super) fn start(shared: &Arc<Shared>, source: Box<dyn MemorySource>) -> Result<Self> {
        let (ringer, bell) = UnixStream::pair()?;
        let shared = Arc::downgrade(shared);
        let thread = std::thread::Builder::new()
            .name("stratal-memory".into())
            .spawn(move || watch(&shared, source, &bell))
            .map_err(Error::from)?;
        Ok(Self { ringer: Some(ringer), thread: Some(thread) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(ringer) = self.ringer.take() {
            // Dropped alone it would not ring while a forked child has it too.
            drop(ringer.shutdown(Shutdown::Both));
        }
        if let Some(thread) = self.thread.take() {
            // One that panicked has nothing to say to whoever ends the engine.
            drop(thread.join());
        }
    }
}

fn watch(shared: &Weak<Shared>, mut source: Box<dyn MemorySource>, bell: &UnixStream) {
    let mut governor = Governor::new();
    let (mut rung, mut broken) = (false, false);
    loop {
        let Some(shared) = shared.upgrade() else { return };
        if !shared.follow_memory(&mut governor, source.as_mut(), rung) {
            return;
        }
        drop(shared);
        let alarm = source.alarm().filter(|_| !broken);
        match wait(alarm, bell.as_fd(), source.interval()) {
            Woken::Bell => return,
            Woken::Broken => broken = true,
            woken => rung = woken == Woken::Alarm,
        }
    }
}

impl Shared {
    /// One look at the machine. Returns whether there is to be another.
    fn follow_memory(&self, governor: &mut Governor, source: &mut dyn MemorySource, alarm: bool) -> bool {
        let now = source.read();
        let mut core = self.lock();
        if core.closed.is_some() || core.allowance.is_own() {
            return false;
        }
        let holding = Holding {
            budget_bytes: core.pool.budget_bytes().saturating_add(self.pinned_bytes),
            committed_bytes: core.pool.committed_bytes().saturating_add(self.pinned_bytes),
        };
        let decided = now.and_then(|now| governor.decide(self.clock.now_ns(), now, alarm, holding));
        if let Some(bytes) = decided {
            self.catch_up(&mut core);
            // What is reserved for tenants, and staging for devices, is kept, whatever the machine says. Less than a page is
            // left by no machine.
            let least = self.policy.least_budget_bytes().saturating_add(self.pinned_bytes);
            if self.change_budget(&mut core, bytes.max(least)).is_ok() {
                drop(core);
                self.wake();
            }
        }
        true
    }
}
