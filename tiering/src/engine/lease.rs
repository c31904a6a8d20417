//! Leases as users take them: the engine as the keeper of its tensors.
//!
//! A hit passes the `gates` of its object's `entry` without a lock, and the core learns of it from the `hits` that
//! threads note. A miss becomes a request, and its thread sleeps until the worker grants it, or until the deadline of the
//! policy. Nothing is held while it sleeps.
//!
//! Invariant (contract of `Keeper`): a token stands for chunks that residency counts as leased, or that lie behind an
//! open gate which counts it, so their blocks are neither evicted, moved, nor written by a transfer until it is
//! released.

mod entry;
mod gates;
mod hits;
mod host;
mod polled;

pub(super) use entry::Entry;
pub(super) use gates::Gates;
pub(super) use hits::{Front, Trails};
pub(super) use host::HostBytes;

use super::auto::Watch;
use super::request::{Outcome, Span, TURN_NS};
use super::slice::Lent;
use super::state::{Core, Hold, Shared};
use super::waits::Waited;
use crate::error::{Error, ErrorKind, Result};
use crate::object::ChunkKey;
use crate::observe::clock::Clock;
use crate::observe::spans::LeaseSpan;
use crate::residency::state::{CopyState, Exclusive, Refused};
use crate::transfer::STAGING_BLOCK_BYTES;
use gates::Pass;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use stratal_runtime::hold::Visitor;
use stratal_runtime::tensor::managed::{Access, Held};

/// Names no lease, and no gate either: what a lease of no bytes holds.
const NO_TOKEN: u64 = u64::MAX >> 1;

/// A lease of no bytes.
const NOTHING: Held =
    Held { bytes: NonNull::<Empty>::dangling().cast(), len: 0, token: NO_TOKEN, anchored: false };

/// What came of asking for bytes.
#[derive(Debug)]
enum Asked {
    /// None were asked for.
    Nothing,
    Leased(Lent),
    /// Somebody has to wait for them.
    Absent(Lent),
}

/// The engine as leases and tensors hold it: while one lives, the worker does.
#[derive(Debug)]
pub(super) struct Handle(pub(super) Arc<Shared>, Option<JoinHandle<()>>, Option<Watch>, Vec<JoinHandle<()>>);

impl Handle {
    pub(super) fn new(shared: Arc<Shared>, worker: JoinHandle<()>) -> Self {
        Self(shared, Some(worker), None, Vec::new())
    }

    /// Its budget follows the machine.
    pub(super) fn watched_by(&mut self, watch: Option<Watch>) {
        self.2 = watch;
    }

    /// The threads of the device tiers, which end with it.
    pub(super) fn attendants(&mut self) -> &mut Vec<JoinHandle<()>> {
        &mut self.3
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if !self.0.is_at_home() {
            // A forked child has no worker to end or to wait for, and the lock may be held by a thread that is not here.
            std::mem::forget(self.1.take());
            std::mem::forget(self.2.take());
            std::mem::forget(std::mem::take(&mut self.3));
            return;
        }
        self.0.close("the engine is closed");
        if let Some(worker) = self.1.take() {
            // A worker that panicked has said so; there is nothing left to do for it.
            drop(worker.join());
        }
        self.3.drain(..).for_each(|thread| drop(thread.join()));
    }
}

fn index(id: u64) -> Result<u32> {
    u32::try_from(id).map_err(|_| Error::new(ErrorKind::Missing, "no object has that id").with("object", id))
}

impl Shared {
    fn release(&self, token: u64) {
        if !self.is_at_home() {
            return;
        }
        let torn = std::thread::panicking();
        let mut core = self.lock();
        let Some(hold) = core.holds.take(token) else { return };
        let how = if torn { Exclusive::Torn } else { Exclusive::Written };
        self.unlease(&mut core, &hold, how);
        self.grant_ready(&mut core);
        self.tell_devices(&core);
        drop(core);
        self.wake();
    }

    /// A step of `visitor` met the closing of a gate: if it was counted as a lease, that ends here, as by
    /// [`Self::leave_closed`]. `gates` names the object's gates, and may be gone.
    fn resolve(&self, object: u32, gates: *const Gates, part: Pass, visitor: &Visitor) -> Option<Arc<Entry>> {
        let core = self.lock();
        let record = core.catalogue.get(object)?;
        // Other gates at the same address have no regular of this name, or nothing unclear.
        let counted = std::ptr::eq(Arc::as_ptr(&record.gates), gates) && record.gates.resolve(part, visitor);
        if counted { self.end_counted(core, object, part) } else { None }
    }

    /// Tells leases on devices that one on the host has ended.
    fn tell_devices(&self, core: &Core) {
        if core.device_waiters > 0 {
            self.changed.notify_all();
        }
    }

    /// A hold left after its gate was closed. Returns what kept its object, once nobody is inside: to be dropped
    /// without the lock, since it may be the last that holds the engine.
    fn leave_closed(&self, object: u32, part: Pass) -> Option<Arc<Entry>> {
        self.end_counted(self.lock(), object, part)
    }

    fn end_counted(&self, mut core: MutexGuard<'_, Core>, object: u32, part: Pass) -> Option<Arc<Entry>> {
        // The record stays while a lease counts, and this one still does.
        let record = core.catalogue.get_mut(object)?;
        record.inside -= 1;
        let anchor = if record.inside == 0 { record.anchor.take() } else { None };
        let chunks = part.chunks(record.placement.chunks());
        let hold = Hold { span: Span { object, chunks }, access: Access::Read };
        self.unlease(&mut core, &hold, Exclusive::Untouched);
        self.grant_ready(&mut core);
        self.tell_devices(&core);
        drop(core);
        self.wake();
        anchor
    }

    fn prefetch(&self, index: u32, range: &Range<u64>) {
        if !self.is_at_home() {
            return;
        }
        let mut core = self.lock();
        let Ok(object) = core.catalogue.live(index) else { return };
        if range.start >= range.end || range.end > object.placement.bytes {
            return;
        }
        let span = Span { object: index, chunks: object.placement.chunks_of(range) };
        self.hint(&mut core, &span);
        drop(core);
        self.wake();
    }

    fn acquire(&self, id: u64, range: Range<u64>, access: Access) -> Result<Held> {
        let told = LeaseSpan::begin(if access == Access::Read { "read" } else { "write" });
        let mut core = self.enter(id)?;
        let lent = match self.ask(&mut core, id, range, access)? {
            Asked::Nothing => return Ok(NOTHING),
            Asked::Leased(lent) => lent,
            Asked::Absent(lent) => return self.acquire_absent(core, lent, access, &told),
        };
        let held = self.hold(&mut core, lent, access);
        drop(core);
        self.wake();
        held
    }

    /// Waits for the bytes of a lease, and tells of the wait once the lock is free.
    fn acquire_absent(
        &self,
        core: MutexGuard<'_, Core>,
        lent: Lent,
        access: Access,
        told: &LeaseSpan,
    ) -> Result<Held> {
        if self.is_worker() {
            let error = Error::new(
                ErrorKind::Conflict,
                "a callback of the engine's own thread cannot wait for bytes",
            );
            return Err(error.with("tensor", core.catalogue.name(lent.span.object)));
        }
        let (mut core, waited, granted) = self.wait_for(core, &lent.span, access);
        let held = granted.and_then(|()| self.hold(&mut core, lent, access));
        drop(core);
        self.wake();
        if let Some(waited) = waited {
            told.waited(&waited.tensor, waited.ns, waited.missed);
            waited.tell();
        }
        held
    }

    /// The lock, for a lease.
    pub(super) fn enter(&self, id: u64) -> Result<MutexGuard<'_, Core>> {
        if !self.is_at_home() {
            let message = "the engine stayed in the process that was forked; build another one here";
            return Err(Error::new(ErrorKind::Unsupported, message).with("object", id));
        }
        let core = self.lock();
        core.open()?;
        Ok(core)
    }

    /// Looks for the bytes of a lease and takes them where they are there.
    fn ask(&self, core: &mut Core, id: u64, range: Range<u64>, access: Access) -> Result<Asked> {
        self.catch_up(core);
        let index = index(id)?;
        let object = core.catalogue.live(index)?;
        if range.start > range.end || range.end > object.placement.bytes {
            let message = format!("bytes {range:?} lie outside its {}", object.placement.bytes);
            return Err(Error::new(ErrorKind::Shape, message).with("tensor", &object.name));
        }
        if range.is_empty() {
            return Ok(Asked::Nothing);
        }
        let lent = self.choose_copy(core, index, range, access)?;
        self.ask_lent(core, lent, access)
    }

    /// As [`Self::ask`], of the copy that was chosen.
    fn ask_lent(&self, core: &mut Core, lent: Lent, access: Access) -> Result<Asked> {
        self.check_fits(core, &lent.span)?;
        self.count(core, &lent.span);
        if !lent.is_slice {
            self.follow(core, &lent.span);
        }
        self.mark_rewrite(core, &lent, access);
        if self.is_poisoned(core, &lent.span, access) {
            let error = Error::from(Refused::Poisoned);
            return Err(error.with("tensor", core.catalogue.name(lent.span.object)));
        }
        let now_ns = self.clock.now_ns();
        let yields = core.requests.yields(&lent.span, access, None, now_ns);
        let throttled = self.is_throttled(core, &lent.span, access, now_ns);
        self.counters.writes_throttled.add(u64::from(throttled));
        if yields || throttled || self.lease_span(core, &lent.span, access).is_err() {
            return Ok(Asked::Absent(lent));
        }
        Ok(Asked::Leased(lent))
    }

    /// # Errors
    /// `Budget` when the span can never be held at once.
    pub(super) fn check_fits(&self, core: &Core, span: &Span) -> Result<()> {
        let staged = core.catalogue.get(span.object).is_some_and(|object| !object.placement.direct);
        let least = if staged { STAGING_BLOCK_BYTES as u64 } else { 0 };
        let staging = core.staging_bytes.max(least);
        let tenant = core.victims.owner(span.object);
        let most = core.ledger.most_for(self.host, tenant, staging);
        let (needs, holds) =
            (core.span_bytes(span), core.pool.budget_bytes().saturating_sub(staging).min(most));
        if needs <= holds {
            return Ok(());
        }
        let message = format!(
            "a lease needs {needs} bytes at once, the tier holds {holds} besides {staging} of staging; lease fewer rows"
        );
        let error = self.of_tenant(core, span.object, Error::new(ErrorKind::Budget, message));
        Err(error.with("tensor", core.catalogue.name(span.object)).with("tier", self.host_name()))
    }

    fn count(&self, core: &Core, span: &Span) {
        let counters = &self.counters;
        counters.leases.add(1);
        for key in span.keys() {
            counters.chunk_leases.add(1);
            match core.table.get(key).map(|chunk| chunk.state(self.host)) {
                Some(CopyState::Resident | CopyState::Draining) => counters.hits.add(1),
                Some(CopyState::Filling) if core.catalogue.seat(key).is_some_and(|seat| seat.ahead) => {
                    counters.misses.add(1);
                    counters.late_prefetches.add(1);
                }
                _ => counters.misses.add(1),
            }
        }
    }

    /// Notes poisoned chunks that this lease overwrites whole: they start anew, from zeros.
    fn mark_rewrite(&self, core: &mut Core, lent: &Lent, access: Access) {
        let object = core.catalogue.get(lent.span.object);
        let whole = object.is_some_and(|object| lent.start == 0 && lent.len as u64 == object.placement.bytes);
        if access != Access::Write || !whole {
            return;
        }
        for key in lent.span.keys() {
            let poisoned = core.table.get(key).is_some_and(|chunk| chunk.poison().is_some());
            if let Some(seat) = core.catalogue.seat_mut(key) {
                seat.reborn = poisoned;
            }
        }
    }

    /// Makes a request of a lease whose bytes are not there.
    fn enqueue(&self, core: &mut Core, span: &Span, access: Access, now_ns: u64) -> u64 {
        let absent = |key: ChunkKey| {
            let state = core.table.get(key).map(|chunk| chunk.state(self.host));
            matches!(state, Some(CopyState::Absent | CopyState::Filling))
        };
        let missed = span.keys().any(absent);
        let ticket = core.requests.push(span.clone(), access, now_ns, missed);
        self.want(core, span);
        if access == Access::Write {
            // Nobody overtakes a writer through a gate.
            span.keys().for_each(|key| self.close_gates(core, key));
        }
        ticket
    }

    /// Sleeps until the worker has leased the span for this thread.
    fn wait_for<'a>(
        &'a self,
        mut core: MutexGuard<'a, Core>,
        span: &Span,
        access: Access,
    ) -> (MutexGuard<'a, Core>, Option<Waited>, Result<()>) {
        let (since, start_ns) = (Instant::now(), self.clock.now_ns());
        let deadline = self.policy.deadline();
        let ticket = self.enqueue(&mut core, span, access, start_ns);
        self.wake();
        while core.requests.is_waiting(ticket) {
            let Some(left) = deadline.checked_sub(since.elapsed()).filter(|left| !left.is_zero()) else {
                break;
            };
            let yields = access == Access::Read && core.requests.has_writer_before(span, ticket);
            let nap = if yields { left.min(Duration::from_nanos(TURN_NS)) } else { left };
            core = self.changed.wait_timeout(core, nap).unwrap_or_else(PoisonError::into_inner).0;
            if yields {
                // The writer's turn may be over.
                self.grant_ready(&mut core);
            }
        }
        let request = core.requests.remove(ticket);
        let ns = self.clock.now_ns() - start_ns;
        let waited = request.as_ref().map(|request| self.note_wait(&core, request, ns));
        let granted = match request.map(|request| request.outcome) {
            Some(Outcome::Granted) => Ok(()),
            Some(Outcome::Failed(error)) => Err(error),
            Some(Outcome::Waiting) | None => {
                let error = self.too_late(&core, span, access);
                self.unwant(&mut core, span);
                self.collect(&mut core, span.object);
                Err(error)
            }
        };
        (core, waited, granted)
    }

    /// Why a wait reached its deadline.
    fn too_late(&self, core: &Core, span: &Span, access: Access) -> Error {
        let excluded = |key| {
            let chunk = core.table.get(key)?;
            let shared = chunk.shared_leases(self.host) > 0;
            Some(chunk.is_leased() && (access == Access::Write || !shared))
        };
        let seconds = self.policy.deadline().as_secs_f64();
        let error = if span.keys().any(|key| excluded(key) == Some(true)) {
            let message = format!("another lease excluded this one for {seconds} s");
            Error::new(ErrorKind::Conflict, message)
        } else {
            let (needs, held) = (core.span_bytes(span), self.held_bytes(core));
            let used = core.ledger.used_bytes(self.host);
            let holds = core.pool.budget_bytes();
            let worn = if core.wear.is_spent() { "; spills wait for the wear budget of the day" } else { "" };
            let message = format!(
                "waited {seconds} s for {needs} bytes: of {holds}, {used} are used and {held} of them leased{worn}"
            );
            Error::new(ErrorKind::Deadline, message)
        };
        let error = self.of_tenant(core, span.object, error);
        error.with("tensor", core.catalogue.name(span.object)).with("tier", self.host_name())
    }

    pub(super) fn held_bytes(&self, core: &Core) -> u64 {
        let leased = core.table.iter().filter(|(key, chunk)| {
            let inside = || core.catalogue.get(key.object).is_some_and(|object| object.gates.holds() > 0);
            chunk.is_leased() || (chunk.state(self.host) != CopyState::Absent && inside())
        });
        leased.map(|(key, _)| self.copy_bytes(core, key)).sum()
    }

    /// Turns a leased span into the bytes of the lease.
    fn hold(&self, core: &mut Core, lent: Lent, access: Access) -> Result<Held> {
        let hold = Hold { span: lent.span, access };
        let address = core.catalogue.get(hold.span.object).and_then(|object| object.address(lent.start));
        let Some(bytes) = address else {
            self.unlease(core, &hold, Exclusive::Untouched);
            return Err(Error::new(ErrorKind::Missing, "the leased copy has no address"));
        };
        Ok(Held { bytes, len: lent.len, token: core.holds.put(hold), anchored: false })
    }

    /// Ends the engine: waiters fail, the worker goes once its flights have ended.
    pub(super) fn close(&self, why: &'static str) {
        let mut core = self.lock();
        core.closed.get_or_insert(why);
        self.close_all(&mut core);
        drop(core);
        self.changed.notify_all();
        self.ring_devices();
        self.wake();
    }
}

/// Aligned as every whole tensor is.
#[repr(align(64))]
struct Empty;
