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
use super::gates::{Gates, Pass};
use crate::object::ChunkKey;
use std::cell::{Cell, OnceCell, RefCell};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, TryLockError, Weak};
use stratal_runtime::hold::{Step, Told, Trail, Visitor};
use stratal_runtime::sys::{Barrier, count_forks, forks};

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

/// A thread's end of a trail, and what the gates know the thread by.
#[derive(Debug)]
pub(super) struct Writer {
    engine: u64,
    shared: Weak<Shared>,
    trail: Arc<Trail>,
    /// None where the system has no barrier for the core to pass: all count in common then.
    visitor: Option<Arc<Visitor>>,
    /// The turn that it took last.
    turn: Cell<u64>,
    /// Turns left in this epoch.
    left: Cell<u32>,
}

impl Writer {
    fn new(shared: &Arc<Shared>) -> Self {
        let (trail, visitor) = shared.new_trail();
        let (engine, turn, left) = (shared.front.id, Cell::new(0), Cell::new(TURNS));
        Self { engine, shared: Arc::downgrade(shared), trail, visitor, turn, left }
    }

    #[inline]
    pub(super) fn visitor(&self) -> Option<&Visitor> {
        self.visitor.as_deref()
    }

    /// A step of this thread met the closing of a gate: the core says whether it was counted. `gates` may be gone, and so
    /// may the engine: then nobody counts.
    #[cold]
    pub(super) fn resolve(&self, object: u32, gates: *const Gates, part: Pass) {
        let (Some(visitor), Some(shared)) = (&self.visitor, self.shared.upgrade()) else { return };
        let anchor = shared.resolve(object, gates, part, visitor);
        drop((anchor, shared));
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
    /// Makes the processors of regulars drain their stores; `None` where the system refuses it.
    barrier: Option<Barrier>,
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
        let (id, bell) = (NEXT.fetch_add(1, Ordering::Relaxed), AtomicBool::new(false));
        Self { id, forks: forks(), barrier: Barrier::register(), bell, turn }
    }

    /// The engine's number in this process.
    pub(in crate::engine) fn id(&self) -> u64 {
        self.id
    }
}

/// The core's side of the trails.
#[derive(Debug, Default)]
pub(in crate::engine) struct Trails {
    trails: Vec<Known>,
    /// The latest visitor's id.
    visitors: u32,
    /// Room for what is read, kept.
    steps: Vec<Step>,
    /// Misses when a trail was full the last time.
    misses: u64,
}

/// The core's side of one thread.
#[derive(Debug)]
struct Known {
    trail: Arc<Trail>,
    visitor: Option<Arc<Visitor>>,
}

impl Trails {
    fn is_empty(&self) -> bool {
        self.trails.iter().all(|known| known.trail.is_empty())
    }

    /// A visitor of a name that nobody had before, while there are such names.
    fn new_visitor(&mut self) -> Option<Arc<Visitor>> {
        self.visitors = self.visitors.checked_add(1)?;
        Visitor::new(self.visitors).map(Arc::new)
    }
}

impl Shared {
    /// Calls `act` with this thread's end of its trail; with none where it hits for the first time, is ending, or uses
    /// another engine more.
    #[inline]
    pub(super) fn as_writer<R>(&self, act: impl Fn(Option<&Writer>) -> R) -> R {
        let known =
            |first: &OnceCell<Writer>| act(first.get().filter(|writer| writer.engine == self.front.id));
        FIRST.try_with(known).unwrap_or_else(|_| act(None))
    }

    /// Notes a hit of this thread.
    #[inline]
    pub(super) fn note_hit(self: &Arc<Self>, writer: Option<&Writer>, what: u64, weight: u64) {
        match writer {
            Some(writer) if writer.note(&self.front, what, weight) => {}
            Some(_) => self.trail_is_full(),
            None => self.note_elsewhere(what, weight),
        }
        if self.front.bell.load(Ordering::Relaxed) {
            self.ring();
        }
    }

    #[cold]
    fn note_elsewhere(self: &Arc<Self>, what: u64, weight: u64) {
        let noted = FIRST.try_with(|first| {
            let writer = first.get_or_init(|| Writer::new(self));
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

    fn note_among_others(self: &Arc<Self>, what: u64, weight: u64) -> Option<bool> {
        let noted = OTHERS.try_with(|others| {
            let mut others = others.try_borrow_mut().ok()?;
            let known = others.iter().position(|writer| writer.engine == self.front.id);
            let writer = match known {
                Some(at) => others.remove(at),
                None => Writer::new(self),
            };
            let noted = writer.note(&self.front, what, weight);
            others.insert(0, writer);
            others.truncate(TRAILS_KEPT);
            Some(noted)
        });
        noted.ok().flatten()
    }

    fn new_trail(&self) -> (Arc<Trail>, Option<Arc<Visitor>>) {
        let trail = Arc::new(Trail::new(TRAIL_STEPS));
        let mut core = self.lock();
        self.catch_up(&mut core);
        // Trails of threads that have ended, or use many engines, are read to their end by now.
        core.trails.trails.retain(|known| Arc::strong_count(&known.trail) > 1);
        let visitor = if self.front.barrier.is_some() { core.trails.new_visitor() } else { None };
        core.trails.trails.push(Known { trail: Arc::clone(&trail), visitor: visitor.clone() });
        (trail, visitor)
    }

    /// The core has closed a gate that has a regular, and is about to read its count: the barrier of [`Gate::close`].
    ///
    /// [`Gate::close`]: stratal_runtime::hold::Gate::close
    #[cold]
    pub(in crate::engine) fn closing(&self, trails: &Trails, regular: u32) {
        let is_me = |writer: &Writer| writer.visitor().is_some_and(|visitor| visitor.id() == regular);
        if self.as_writer(|writer| writer.is_some_and(is_me)) {
            return;
        }
        let mut visitors = trails.trails.iter().filter_map(|known| known.visitor.as_ref());
        if let Some(visitor) = visitors.find(|visitor| visitor.id() == regular) {
            visitor.closing();
        }
        if let Some(barrier) = self.front.barrier {
            barrier.pass();
        }
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
        for Known { trail, .. } in &core.trails.trails {
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
        for Known { trail, .. } in &core.trails.trails {
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
