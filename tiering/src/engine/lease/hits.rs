//! What the core learns of hits, which pass it by: each thread notes its own, the core reads them when it acts.
//!
//! A hit rings no bell. Its thread notes it in a trail of its own, and whoever holds the core's lock for another reason
//! first catches up: the follower sees every lease, the policy its recency. The bell is rung only where the worker asked for it: when a prefetch waits for the program to get on.
//!
//! Threads order their hits by turns: a word that a thread advances when another did so before it, which costs nothing
//! where one thread works for a while, and is exact where threads hand work to each other.
//!
//! What is approximate: of threads that hit at the same time without pause, the order between them after the first
//! [`TURNS`] turns, since counting more would slow them down; and steps that find their trail full are counted but neither followed nor ranked. The thread then
//! catches up itself where leases have missed since the last time, and else lets the trail go: a program that only hits
//! needs no plan.

use super::super::request::Span;
use super::super::state::{Core, Shared};
use super::gates::Pass;
use crate::object::ChunkKey;
use std::cell::{Cell, OnceCell, RefCell};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, TryLockError};
use stratal_runtime::hold::{Step, Told, Trail};
use stratal_runtime::sys::{count_forks, forks};

/// Hits of one thread that are remembered until somebody catches up.
const TRAIL_STEPS: usize = 2048;

/// Trails of one thread that are kept, for engines that it uses in turn.
const TRAILS_KEPT: usize = 8;

/// Turns that a thread takes until somebody catches up.
const TURNS: u32 = 64;

/// Where the epoch, which a catching up ends, stands in the turn.
const EPOCH: u32 = 32;

thread_local! {
    /// The trail of this thread for the first engine that it used: most programs have one.
    static FIRST: OnceCell<Writer> = const { OnceCell::new() };
    /// Those for others, the latest used first.
    static OTHERS: RefCell<Vec<Writer>> = const { RefCell::new(Vec::new()) };
}

/// A thread's end of a trail.
#[derive(Debug)]
struct Writer {
    engine: u64,
    trail: Arc<Trail>,
    /// The turn that it took last.
    turn: Cell<u64>,
    /// Turns left in this epoch.
    left: Cell<u32>,
}

impl Writer {
    fn new(engine: u64, trail: Arc<Trail>) -> Self {
        Self { engine, trail, turn: Cell::new(0), left: Cell::new(TURNS) }
    }

    #[inline]
    fn note(&self, front: &Front, what: u64, weight: u64) -> bool {
        let turn = front.turn.0.load(Ordering::Relaxed);
        let at = if turn == self.turn.get() { turn } else { self.take_turn(front, turn) };
        self.trail.note(Step { at, what }, weight)
    }

    #[cold]
    fn take_turn(&self, front: &Front, turn: u64) -> u64 {
        if turn >> EPOCH != self.turn.get() >> EPOCH {
            self.left.set(TURNS);
        }
        if self.left.get() == 0 {
            return turn;
        }
        self.left.set(self.left.get() - 1);
        self.turn.set(front.turn.0.fetch_add(1, Ordering::Relaxed) + 1);
        self.turn.get()
    }
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
    /// Whose hit was the latest: changes when another thread's is.
    turn: Turn,
}

#[derive(Debug)]
#[repr(align(128))]
struct Turn(AtomicU64);

impl Front {
    pub(in crate::engine) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        count_forks();
        // Turn 0 is nobody's.
        let turn = Turn(AtomicU64::new(1));
        Self { id: NEXT.fetch_add(1, Ordering::Relaxed), forks: forks(), bell: AtomicBool::new(false), turn }
    }

    /// The engine's number in this process.
    pub(in crate::engine) fn id(&self) -> u64 {
        self.id
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
        let noted = FIRST.try_with(|first| {
            let writer = first.get().filter(|writer| writer.engine == self.front.id)?;
            Some(writer.note(&self.front, what, weight))
        });
        match noted {
            Ok(Some(true)) => {}
            Ok(Some(false)) => self.trail_is_full(),
            Ok(None) | Err(_) => self.note_elsewhere(what, weight),
        }
        if self.front.bell.load(Ordering::Relaxed) {
            self.ring();
        }
    }

    #[cold]
    fn note_elsewhere(&self, what: u64, weight: u64) {
        let noted = FIRST.try_with(|first| {
            let writer = first.get_or_init(|| Writer::new(self.front.id, self.new_trail()));
            (writer.engine == self.front.id).then(|| writer.note(&self.front, what, weight))
        });
        let noted = noted.map_or(None, |noted| noted.or_else(|| self.note_among_others(what, weight)));
        match noted {
            Some(true) => {}
            Some(false) => self.trail_is_full(),
            // A thread that is ending keeps no trail.
            None => self.count_hits(1, weight),
        }
    }

    fn note_among_others(&self, what: u64, weight: u64) -> Option<bool> {
        let noted = OTHERS.try_with(|others| {
            let mut others = others.try_borrow_mut().ok()?;
            let known = others.iter().position(|writer| writer.engine == self.front.id);
            let writer = match known {
                Some(at) => others.remove(at),
                None => Writer::new(self.front.id, self.new_trail()),
            };
            let noted = writer.note(&self.front, what, weight);
            others.insert(0, writer);
            others.truncate(TRAILS_KEPT);
            Some(noted)
        });
        noted.ok().flatten()
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
        // The next hit of every thread begins a turn.
        let turn = self.front.turn.0.load(Ordering::Relaxed);
        self.front.turn.0.store(((turn >> EPOCH) + 1) << EPOCH, Ordering::Relaxed);
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
        self.heeded(core, key);
        if core.victims.remove(key) {
            let bytes = self.copy_bytes(core, key);
            let next_use = self.next_use(core, key);
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
