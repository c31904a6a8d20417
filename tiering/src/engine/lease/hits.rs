//! What the core learns of hits, which pass it by: each thread notes its own, the core reads them when it acts.
//!
//! A hit rings no bell. Its thread notes it in a trail of its own, and whoever holds the core's lock for another reason
//! first catches up: the follower sees every lease in the order of the processors' common clock, the policy its
//! recency. The bell is rung only where the worker asked for it: when a prefetch waits for the program to get on.
//!
//! What is approximate: steps that find their trail full are counted but neither followed nor ranked. The thread then
//! catches up itself where leases have missed since the last time, and else lets the trail go: a program that only hits
//! needs no plan.

use super::super::request::Span;
use super::super::state::{Core, Shared};
use super::gates::Pass;
use crate::object::ChunkKey;
use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, TryLockError};
use stratal_runtime::hold::{Step, Told, Trail};
use stratal_runtime::sys::{count_forks, forks, ticks};

/// Hits of one thread that are remembered until somebody catches up.
const TRAIL_STEPS: usize = 2048;

/// Trails of one thread that are kept, for engines that it uses in turn.
const TRAILS_KEPT: usize = 8;

thread_local! {
    /// The trails of this thread with their engines, the latest used first.
    static TRAILS: RefCell<Vec<(u64, Arc<Trail>)>> = const { RefCell::new(Vec::new()) };
}

/// What every hit reads, and hardly anybody writes: on lines of its own.
#[derive(Debug)]
#[repr(align(128))]
pub(in crate::engine) struct Front {
    /// Names the engine in thread-locals.
    id: u64,
    /// The forks before it was made.
    pub(super) forks: u32,
    /// Whether the next hit wakes the worker.
    bell: AtomicBool,
}

impl Front {
    pub(in crate::engine) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        count_forks();
        Self { id: NEXT.fetch_add(1, Ordering::Relaxed), forks: forks(), bell: AtomicBool::new(false) }
    }
}

/// The core's side of the trails.
#[derive(Debug, Default)]
pub(in crate::engine) struct Trails {
    trails: Vec<Arc<Trail>>,
    /// Room for what is read, kept.
    steps: Vec<Step>,
    /// Misses when a trail was full the last time.
    misses: u64,
}

impl Trails {
    fn is_empty(&self) -> bool {
        self.trails.iter().all(|trail| trail.is_empty())
    }
}

impl Shared {
    /// Notes a hit of this thread.
    #[inline]
    pub(super) fn note_hit(&self, what: u64, weight: u64) {
        let noted = TRAILS.try_with(|trails| {
            let trails = trails.try_borrow().ok()?;
            let (engine, trail) = trails.first()?;
            (*engine == self.front.id).then(|| trail.note(Step { at: ticks(), what }, weight))
        });
        if !matches!(noted, Ok(Some(true))) {
            self.note_slowly(noted.ok().flatten().is_none().then_some((what, weight)));
        }
        if self.front.bell.load(Ordering::Relaxed) {
            self.ring();
        }
    }

    #[cold]
    fn note_slowly(&self, unnoted: Option<(u64, u64)>) {
        let Some((what, weight)) = unnoted else { return self.trail_is_full() };
        let noted = TRAILS.try_with(|trails| {
            let mut trails = trails.try_borrow_mut().ok()?;
            let known = trails.iter().position(|(engine, _)| *engine == self.front.id);
            let trail = match known {
                Some(at) => trails.remove(at).1,
                None => self.new_trail(),
            };
            let noted = trail.note(Step { at: ticks(), what }, weight);
            trails.insert(0, (self.front.id, trail));
            trails.truncate(TRAILS_KEPT);
            Some(noted)
        });
        // A thread that is ending keeps no trail.
        if !matches!(noted, Ok(Some(_))) {
            self.count_hits(1, weight);
        }
    }

    fn new_trail(&self) -> Arc<Trail> {
        let trail = Arc::new(Trail::new(TRAIL_STEPS));
        let mut core = self.lock();
        self.catch_up(&mut core);
        // Trails of threads that have ended, or use many engines, are read to their end by now.
        core.trails.trails.retain(|trail| Arc::strong_count(trail) > 1);
        core.trails.trails.push(Arc::clone(&trail));
        trail
    }

    #[cold]
    fn trail_is_full(&self) {
        let mut core = match self.core.try_lock() {
            Ok(core) => core,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let misses = self.counters.misses.get();
        if std::mem::replace(&mut core.trails.misses, misses) != misses {
            return self.catch_up(&mut core);
        }
        for trail in &core.trails.trails {
            let Told { lost, weight } = trail.skip();
            self.count_hits(lost, weight);
        }
    }

    fn count_hits(&self, leases: u64, chunks: u64) {
        self.counters.leases.add(leases);
        self.counters.chunk_leases.add(chunks);
        self.counters.hits.add(chunks);
    }

    /// Tells follower and policy of the hits since the last time.
    pub(in crate::engine) fn catch_up(&self, core: &mut Core) {
        if core.trails.is_empty() {
            return;
        }
        let mut steps = std::mem::take(&mut core.trails.steps);
        let mut writers = 0;
        for trail in &core.trails.trails {
            let before = steps.len();
            let Told { lost, weight } = trail.read(&mut |step| steps.push(step));
            let read = steps.len() - before;
            self.count_hits(lost + read as u64, weight);
            writers += usize::from(read > 0);
        }
        if writers > 1 {
            steps.sort_by_key(|step| step.at);
        }
        for step in steps.drain(..) {
            self.saw_hit(core, step.what);
        }
        core.trails.steps = steps;
    }

    fn saw_hit(&self, core: &mut Core, what: u64) {
        let (object, pass) = Pass::of_note(what);
        let Some(chunks) = core.catalogue.get(object).map(|object| object.placement.chunks()) else { return };
        let span = Span { object, chunks: pass.chunks(chunks) };
        self.follow(core, &span);
        for key in span.keys() {
            self.rank_used(core, key);
        }
    }

    /// A chunk that may be a victim was used: the policy ranks it anew.
    fn rank_used(&self, core: &mut Core, key: ChunkKey) {
        if core.victims.remove(key) {
            let bytes = self.copy_bytes(core, key);
            let next_use = core.follower.next_use(key);
            core.victims.insert(key, bytes, next_use);
        }
    }

    /// By the worker: the next hit shall wake it.
    pub(in crate::engine) fn hang_bell(&self) {
        self.front.bell.store(true, Ordering::Relaxed);
    }

    #[cold]
    fn ring(&self) {
        if self.front.bell.swap(false, Ordering::Relaxed) {
            self.wake();
        }
    }
}
