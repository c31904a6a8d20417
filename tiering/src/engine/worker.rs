//! The one thread that owns the driver: starts what the state asks for, takes what has ended, sleeps otherwise.
//!
//! Each round: take completions, grant requests, start fetches for the oldest requests, prefetch ahead of the
//! cursor, hand the new flights to the driver, and wait for a completion or a wake. Every block in flight is owned
//! by its flight, so nothing that a user drops can free it (invariant 4).

use super::catalogue::{OriginFile, WindowPlace};
use super::coders::Contents;
use super::coding::{Coded, Coding};
use super::fill::Started;
use super::pressure::Gauge;
use super::room::{Room, Urgency};
use super::state::{Core, Shared};
use super::turns::{Turn, Turns};
use super::wear;
use crate::device::host::Block;
use crate::error::{Error, ErrorKind, Result};
use crate::io::{Completion, FileSlot, Flight, Io, Lane, Op};
use crate::object::ChunkKey;
use crate::observe::clock::Clock;
use crate::observe::gauges::Publisher;
use crate::observe::spans::{self, FlightEnd};
use crate::plan::aside::Task;
use crate::store::{Place as Spot, Written};
use crate::tier::TenantId;
use crate::transfer::{FileSpan, Freight, PieceStep, STAGING_BLOCK_BYTES, StagedFill, register, spill_span};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::Duration;

/// Longest sleep without a completion or a wake; only a safety net, every change wakes.
const NAP: Duration = Duration::from_secs(5);

/// Fetches and spills started under one holding of the lock: whoever was granted bytes waits no longer for it.
const STARTS_PER_ROUND: usize = 4;

/// Staging may take this part of the budget, and at most this many blocks.
const STAGING_SHARE: u64 = 8;
const STAGING_BLOCKS_MAX: usize = 32;

/// What a flight is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Errand {
    /// A chunk from its origin, or as the store has written it.
    Fill(ChunkKey, Option<Written>),
    Piece(ChunkKey, PieceStep),
    /// A chunk as it is.
    Spill(ChunkKey, Contents, Written),
    /// A scratch block, to be decoded.
    FillCoded(ChunkKey),
    /// A scratch block, encoded.
    SpillCoded(ChunkKey),
}

impl Errand {
    /// What there is to tell of its flight.
    fn ended<'a>(&self, completion: &'a Completion<Freight>) -> FlightEnd<'a> {
        let chunk = match self {
            Self::Fill(key, ..) | Self::Piece(key, _) | Self::Spill(key, ..) => Some((key.object, key.chunk)),
            Self::FillCoded(key) | Self::SpillCoded(key) => Some((key.object, key.chunk)),
        };
        FlightEnd {
            lane: completion.flight.lane.name(),
            op: if completion.flight.op == Op::Read { "read" } else { "write" },
            bytes: completion.result.as_ref().copied().map_or(0, u64::from),
            chunk,
            error: completion.result.as_ref().err(),
        }
    }
}

/// Which file a flight goes to or comes from.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Origin(Arc<OriginFile>),
    Store(u16),
    /// No file: the errand says all.
    Nowhere,
}

/// A flight to start.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) errand: Errand,
    pub(super) op: Op,
    pub(super) place: Place,
    pub(super) span: FileSpan,
    pub(super) block: Block,
    pub(super) lane: Lane,
    /// Where the block must lie before the flight starts: moved there outside the lock.
    pub(super) seat: Option<WindowPlace>,
}

impl Outgoing {
    /// Writes a chunk as it is.
    pub(super) fn spill(key: ChunkKey, contents: Contents, spot: Spot, block: Block, lane: Lane) -> Self {
        Self {
            errand: Errand::Spill(key, contents, Written::default()),
            op: Op::Write,
            place: Place::Store(spot.disk),
            span: spill_span(spot.offset, block.bytes()),
            block,
            lane,
            seat: None,
        }
    }
}

/// A chunk that comes through staging, and the file it comes from.
#[derive(Debug)]
pub(super) struct Staged {
    lane: Lane,
    origin: Arc<OriginFile>,
    fill: StagedFill,
    /// Where the block must lie once it is filled.
    seat: Option<WindowPlace>,
}

/// What a round under the lock wants moved.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    pub(super) outgoing: Vec<Outgoing>,
    staged: Vec<(ChunkKey, Staged)>,
    pub(super) coded: Vec<Coded>,
    /// Flights that the driver still wants in each lane.
    room: [usize; Lane::ALL.len()],
}

impl Outbox {
    /// Whether the driver wants no more in a lane.
    pub(super) fn is_full(&self, lane: Lane) -> bool {
        self.room[lane.index()] == 0
    }

    pub(super) fn push(&mut self, outgoing: Outgoing) {
        self.take_room();
        self.outgoing.push(outgoing);
    }

    pub(super) fn code(&mut self, coded: Coded) {
        self.take_room();
        self.coded.push(coded);
    }

    pub(super) fn stage(
        &mut self,
        key: ChunkKey,
        lane: Lane,
        origin: Arc<OriginFile>,
        fill: StagedFill,
        seat: Option<WindowPlace>,
    ) {
        self.take_room();
        self.staged.push((key, Staged { lane, origin, fill, seat }));
    }

    fn take_room(&mut self) {
        self.room.iter_mut().for_each(|room| *room = room.saturating_sub(1));
    }
}

/// The thread's own things.
pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    pub(super) io: Box<dyn Io<Freight>>,
    errands: Vec<Option<Errand>>,
    free_errands: Vec<usize>,
    pub(super) staged: HashMap<ChunkKey, Staged>,
    staging_free: Vec<Block>,
    staging_blocks: usize,
    /// Slots of the store's disks.
    store_slots: HashMap<u16, FileSlot>,
    /// Flights that the driver has not taken yet, in order.
    pub(super) backlog: VecDeque<Outgoing>,
    /// Whether a fetch waits for the pool to grow.
    pub(super) growing: bool,
    /// Whether the pool may have memory to give back.
    pub(super) shrinking: bool,
    gauge: Gauge,
    pub(super) coding: Coding,
    /// Origin files that the driver knows, and their slots.
    attached: Vec<(Weak<OriginFile>, FileSlot)>,
    publisher: Publisher,
}

impl Worker {
    pub(super) fn new(shared: Arc<Shared>, io: Box<dyn Io<Freight>>, gauge: Gauge) -> Self {
        let publisher = Publisher::new(shared.front.id());
        Self {
            shared,
            io,
            publisher,
            errands: Vec::new(),
            free_errands: Vec::new(),
            staged: HashMap::new(),
            staging_free: Vec::new(),
            staging_blocks: 0,
            store_slots: HashMap::new(),
            backlog: VecDeque::new(),
            growing: false,
            shrinking: false,
            gauge,
            coding: Coding::default(),
            attached: Vec::new(),
        }
    }

    /// Works until the engine is closed. The driver is dropped first, and waits for its flights before it gives
    /// their blocks up.
    pub(super) fn run(mut self) {
        let _last_words = LastWords(Arc::clone(&self.shared), Publisher::new(self.shared.front.id()));
        let mut done = Vec::new();
        loop {
            let (outgoing, woken, due, pressure, task) = {
                let shared = Arc::clone(&self.shared);
                let mut core = shared.lock();
                if core.closed.is_some() {
                    return;
                }
                let outgoing = self.round(&mut core, &mut done);
                let due = shared.expire(&mut core).min(shared.wear_due(&mut core));
                let (pressure, look) = self.gauge.look(&shared, &core);
                let (woken, task) = (std::mem::take(&mut core.woken), core.follower.task());
                (outgoing, woken, due.min(look), pressure, task)
            };
            woken.into_iter().for_each(Waker::wake);
            task.into_iter().for_each(|task| plan_aside(&self.shared, task));
            if let Some(pressure) = pressure {
                self.gauge.tell(&self.shared, &pressure);
            }
            let more = outgoing.len() >= STARTS_PER_ROUND;
            self.backlog.extend(outgoing);
            while self.io.in_flight() < self.io.capacity()
                && let Some(outgoing) = self.backlog.pop_front()
            {
                self.submit(outgoing);
            }
            let grown = std::mem::take(&mut self.growing);
            let shrinks = self.give_back();
            if grown {
                self.grow();
            }
            let told = self.tell();
            let nap = if more || grown || shrinks { Duration::ZERO } else { NAP.min(due).min(told) };
            if let Err(error) = self.io.wait(nap, &mut done) {
                self.shared.event("driver failed", &error);
                self.shared.lock().closed.get_or_insert("the driver has failed");
                return;
            }
            self.verify(&mut done);
        }
    }

    /// Tells whoever listens what has happened, outside the lock; when to do so again.
    fn tell(&mut self) -> Duration {
        let shared = &self.shared;
        shared.events.take_untold().iter().for_each(spans::event);
        self.publisher.publish(shared.clock.now_ns(), shared.counters.snapshot(), || shared.levels())
    }

    /// One look at the state: what has ended, then what to start.
    fn round(&mut self, core: &mut Core, done: &mut Vec<Completion<Freight>>) -> Vec<Outgoing> {
        self.shared.catch_up(core);
        for completion in done.drain(..) {
            self.take(core, completion);
        }
        let (backlog, io) = (self.backlog.len(), &self.io);
        let room = Lane::ALL.map(|lane| io.room(lane).saturating_sub(backlog).min(STARTS_PER_ROUND));
        let mut outbox = Outbox { room, ..Outbox::default() };
        self.take_coded(core, &mut outbox);
        self.keep_within(core, &mut outbox);
        self.provide_scratch(core, &mut outbox);
        self.shared.grant_ready(core);
        self.start_demanded(core, &mut outbox);
        self.shared.start_early(core, &mut outbox);
        self.start_ahead(core, &mut outbox);
        self.shared.start_flush(core, &mut outbox);
        self.shared.start_write_back(core, &mut outbox);
        self.shared.grant_ready(core);
        self.staged.extend(outbox.staged.drain(..));
        self.start_pieces(core, &mut outbox);
        self.start_coding(core, &mut outbox);
        self.shrinking |= core.pool.is_leaving();
        outbox.outgoing
    }

    /// Fetches what waiting requests need, oldest first.
    fn start_demanded(&mut self, core: &mut Core, outbox: &mut Outbox) {
        let shared = Arc::clone(&self.shared);
        let spans: Vec<_> = core.requests.waiting().map(|request| request.span.clone()).collect();
        let mut turns = Turns::default();
        for (age, span) in spans.iter().enumerate() {
            let turn = turns.take(core.victims.owner(span.object), age);
            for key in span.keys() {
                if outbox.is_full(Lane::Demand) {
                    return;
                }
                if !turns.admits(&shared, core, turn, key) {
                    break;
                }
                match self.demand(core, outbox, key, turn) {
                    Ok(Started::Yes) => shared.counters.demand_fetches.add(1),
                    Ok(Started::NotNow) => {}
                    Ok(Started::Grow) => return,
                    // Younger requests must not overtake: they would take the room that this one waits for.
                    Ok(Started::NoRoom) => turns.stop(&shared, core, turn, key),
                    Err(error) => {
                        let error = error.with("tensor", core.catalogue.name(key.object));
                        shared.fail_waiters(core, key, &error);
                        // The next request is the oldest now: the next round serves it as such.
                        return shared.wake();
                    }
                }
            }
            turns.end(turn);
        }
    }

    /// Starts one fetch. For a request whose turn it is, chunks that only younger ones want make room if nothing else can.
    fn demand(&mut self, core: &mut Core, outbox: &mut Outbox, key: ChunkKey, turn: Turn) -> Result<Started> {
        let shared = Arc::clone(&self.shared);
        let bytes = shared.copy_bytes(core, key);
        loop {
            let started = self.start(core, outbox, key, Urgency::Demand)?;
            let capped = shared.is_capped(core, turn.tenant, bytes);
            let starved = started == Started::NoRoom && (turn.is_oldest || (turn.is_first && capped));
            let makes_room = starved
                && ((!capped && self.release_staging(core, 1))
                    || shared.rob_the_youngest(core, outbox, turn.age, bytes));
            if !makes_room {
                return Ok(started);
            }
        }
    }

    /// Starts one fetch; where the pool must grow first, the next round starts it.
    fn start(
        &mut self,
        core: &mut Core,
        outbox: &mut Outbox,
        key: ChunkKey,
        urgency: Urgency,
    ) -> Result<Started> {
        if self.staging_blocks == 0 && self.shared.needs_staging(core, key) {
            // Targets alone would fill the memory that their pieces need to come through.
            let staging = self.add_staging(core, outbox)?;
            if staging != Started::Yes {
                return Ok(staging);
            }
        }
        let started = self.shared.start_fill(core, outbox, key, urgency)?;
        self.growing |= started == Started::Grow;
        Ok(started)
    }

    /// Fetches what the schedule, or a hint, says is needed next, while the window has room.
    fn start_ahead(&mut self, core: &mut Core, outbox: &mut Outbox) {
        let shared = Arc::clone(&self.shared);
        while !outbox.is_full(Lane::Prefetch) {
            let Some((key, hinted)) = shared.next_ahead(core) else { return };
            let planned = || Urgency::Planned(core.follower.next_use(key));
            let urgency = if hinted { Urgency::Hinted } else { planned() };
            let started = self.start(core, outbox, key, urgency);
            match started {
                Ok(Started::Yes) => shared.mark_ahead(core, key, hinted),
                Ok(_) if hinted => return core.hints.push_front(key),
                // A prefetch never fails its caller: the lease that needs the chunk will say what is wrong. Once the
                // program has got on there may be room: its hits say so.
                Ok(_) | Err(_) => {
                    core.follower.cancelled(key);
                    return shared.hang_bell();
                }
            }
        }
    }

    /// Commits more of the budget and tells the driver of it, all outside the lock. Where the kernel refuses, the
    /// budget is what there is, and the oldest request learns it.
    pub(super) fn grow(&mut self) {
        let shared = Arc::clone(&self.shared);
        let Some(growth) = shared.lock().pool.growth() else { return };
        match growth.commit() {
            Ok(committed) => {
                let region = committed.region();
                if !register(self.io.as_mut(), &region) {
                    shared.event("unregistered", format!("{} bytes go without registration", region.len));
                }
                shared.lock().pool.add(committed);
            }
            Err(error) => {
                let error = error.with("tier", shared.host_name());
                shared.event("no memory", &error);
                let mut core = shared.lock();
                core.pool.stop_growing();
                shared.refuse_oldest(&mut core, error);
            }
        }
    }

    /// Starts pieces of staged fills while there are staging blocks and driver room.
    fn start_pieces(&mut self, core: &mut Core, outbox: &mut Outbox) {
        if self.staged.is_empty() {
            return;
        }
        self.provide_staging(core, outbox);
        let under_way = self.io.in_flight() + self.backlog.len() + outbox.outgoing.len();
        let mut room = self.io.capacity().saturating_sub(under_way);
        let mut started = Vec::new();
        for (key, staged) in &mut self.staged {
            while room > 0
                && let Some(block) = self.staging_free.pop()
            {
                let Some(step) = staged.fill.next_piece() else {
                    self.staging_free.push(block);
                    break;
                };
                let place = Place::Origin(Arc::clone(&staged.origin));
                let (errand, lane) = (Errand::Piece(*key, step), staged.lane);
                room -= 1;
                started.push(Outgoing {
                    errand,
                    op: Op::Read,
                    place,
                    span: step.span,
                    block,
                    lane,
                    seat: None,
                });
            }
        }
        outbox.outgoing.append(&mut started);
    }

    /// Takes more staging blocks out of the budget while nothing has to make room for them.
    fn provide_staging(&mut self, core: &mut Core, outbox: &mut Outbox) {
        let share = core.pool.budget_bytes() / STAGING_SHARE / STAGING_BLOCK_BYTES as u64;
        let wanted = (share as usize).clamp(1, STAGING_BLOCKS_MAX);
        while self.staging_blocks < wanted
            && core.ledger.free_bytes(self.shared.host) >= STAGING_BLOCK_BYTES as u64
            && matches!(self.add_staging(core, outbox), Ok(Started::Yes))
        {}
    }

    fn add_staging(&mut self, core: &mut Core, outbox: &mut Outbox) -> Result<Started> {
        match self.shared.make_room(
            core,
            outbox,
            TenantId::default(),
            STAGING_BLOCK_BYTES as u64,
            Urgency::Demand,
        )? {
            Room::Block(block) => {
                core.staging_bytes += block.bytes() as u64;
                self.staging_free.push(block);
                self.staging_blocks += 1;
                Ok(Started::Yes)
            }
            Room::Grow => {
                self.growing = true;
                Ok(Started::Grow)
            }
            Room::Leaving => Ok(Started::NotNow),
            Room::Full => Ok(Started::NoRoom),
        }
    }

    /// Gives idle staging back but for so many blocks. Returns whether there was any.
    pub(super) fn release_staging(&mut self, core: &mut Core, kept: usize) -> bool {
        let mut released = false;
        while self.staging_blocks > kept
            && let Some(block) = self.staging_free.pop()
        {
            core.staging_bytes -= block.bytes() as u64;
            self.staging_blocks -= 1;
            self.shared.free_block(core, block);
            released = true;
        }
        released
    }

    /// Hands a flight to the driver; a file that cannot be attached fails it at once.
    fn submit(&mut self, outgoing: Outgoing) {
        let Outgoing { errand, op, place, span, mut block, lane, seat } = outgoing;
        let seated = seat.map_or(Ok(()), |seat| seat.take(&mut block));
        let errand = errand.prepared(&mut block);
        if errand.is_done() && seated.is_ok() {
            let shared = Arc::clone(&self.shared);
            self.finish(&mut shared.lock(), errand, block, Ok(0));
            return shared.wake();
        }
        let file = match seated.and_then(|()| self.slot(&place)) {
            Ok(file) => file,
            Err(error) => return self.fail(errand, block, error),
        };
        let tag = self.remember(errand);
        let FileSpan { offset, len, need } = span;
        let flight = Flight { op, file, offset, len, need, buf: Freight(block), tag, lane };
        if let Err(flight) = self.io.submit(flight) {
            let errand = self.recall(flight.tag);
            let error = Error::new(ErrorKind::Io, "the driver took no more flights");
            if let Some(errand) = errand {
                self.fail(errand, flight.buf.0, error);
            }
        }
    }

    fn fail(&mut self, errand: Errand, block: Block, error: Error) {
        let shared = Arc::clone(&self.shared);
        self.finish(&mut shared.lock(), errand, block, Err(error));
        shared.wake();
    }

    fn slot(&mut self, place: &Place) -> Result<FileSlot> {
        match place {
            Place::Origin(origin) => match origin.slot.get() {
                Some(slot) => Ok(*slot),
                None => self.attach(origin),
            },
            Place::Nowhere => Err(Error::new(ErrorKind::Missing, "the transfer names no file")),
            Place::Store(disk) => match self.store_slots.get(disk) {
                Some(slot) => Ok(*slot),
                None => {
                    let core = self.shared.lock();
                    let file = core.store.as_ref().and_then(|store| store.file(*disk)).map(Arc::clone);
                    drop(core);
                    let file = file.ok_or_else(|| Error::new(ErrorKind::NoSpace, "there is no store"))?;
                    let slot = self.io.attach(file)?;
                    self.store_slots.insert(*disk, slot);
                    Ok(slot)
                }
            },
        }
    }

    /// Makes an origin file known to the driver, and has it forget those that no object lives in any more.
    fn attach(&mut self, origin: &Arc<OriginFile>) -> Result<FileSlot> {
        let io = &mut self.io;
        self.attached.retain(|(file, slot)| {
            let used = file.strong_count() > 0;
            if !used {
                io.detach(*slot);
            }
            used
        });
        let slot = io.attach(Arc::clone(&origin.file))?;
        self.attached.push((Arc::downgrade(origin), slot));
        Ok(*origin.slot.get_or_init(|| slot))
    }

    fn remember(&mut self, errand: Errand) -> u64 {
        match self.free_errands.pop() {
            Some(index) => {
                self.errands[index] = Some(errand);
                index as u64
            }
            None => {
                self.errands.push(Some(errand));
                self.errands.len() as u64 - 1
            }
        }
    }

    fn recall(&mut self, tag: u64) -> Option<Errand> {
        let index = usize::try_from(tag).ok()?;
        let errand = self.errands.get_mut(index)?.take()?;
        self.free_errands.push(index);
        Some(errand)
    }

    fn take(&mut self, core: &mut Core, completion: Completion<Freight>) {
        let Completion { flight, result } = completion;
        let Some(errand) = self.recall(flight.tag) else { return };
        if let Ok(bytes) = &result {
            let counters = &self.shared.counters;
            let counter = if flight.op == Op::Read { &counters.bytes_read } else { &counters.bytes_written };
            counter.add(u64::from(*bytes));
            if flight.op == Op::Write {
                core.wear.written(u64::from(*bytes), wear::day());
            }
        }
        self.finish(core, errand, flight.buf.0, result);
    }

    /// Judges what has come back from the store, outside the lock.
    fn verify(&self, done: &mut [Completion<Freight>]) {
        for completion in done {
            let errand = usize::try_from(completion.flight.tag).ok().and_then(|tag| self.errands.get(tag));
            if let Some(Some(errand)) = errand {
                errand.verify(&self.shared.counters, completion);
                spans::flight(&errand.ended(completion));
            }
        }
    }

    fn finish(&mut self, core: &mut Core, errand: Errand, block: Block, result: Result<u32>) {
        match errand {
            Errand::Fill(key, _) => self.shared.fill_ended(core, key, block, result.map(drop)),
            Errand::Spill(key, _, written) => {
                self.shared.spill_ended(core, key, block, result.map(|_| written));
            }
            Errand::FillCoded(_) | Errand::SpillCoded(_) => self.coded_landed(core, errand, block, result),
            Errand::Piece(key, step) => self.land(core, key, &step, block, result),
        }
    }

    /// A piece has ended: its bytes go to their place, and the chunk is done with its last piece.
    fn land(
        &mut self,
        core: &mut Core,
        key: ChunkKey,
        step: &PieceStep,
        staging: Block,
        result: Result<u32>,
    ) {
        let Some(staged) = self.staged.get_mut(&key) else {
            self.staging_free.push(staging);
            return;
        };
        match result {
            Ok(_) => self.shared.counters.bytes_copied.add(staged.fill.land(step, &staging)),
            Err(error) => staged.fill.fail(error),
        }
        self.staging_free.push(staging);
        if staged.fill.is_over()
            && let Some(Staged { fill, seat, .. }) = self.staged.remove(&key)
        {
            let (mut block, failed) = fill.finish();
            let seated = || seat.map_or(Ok(()), |seat| seat.take(&mut block));
            let result = failed.map_or_else(seated, Err);
            self.shared.fill_ended(core, key, block, result);
        }
    }
}

/// Plans a pass on a thread of its own, which does not keep the engine; on this one where there is no other.
fn plan_aside(shared: &Arc<Shared>, task: Task) {
    let (engine, spare) = (Arc::downgrade(shared), task.clone());
    let plan = move || {
        let plan = task.plan();
        if let Some(shared) = engine.upgrade() {
            shared.planned(plan);
        }
    };
    if let Err(error) = std::thread::Builder::new().name("stratal-plan".to_owned()).spawn(plan) {
        shared.event("planning", error);
        shared.planned(spare.plan());
    }
}

/// However the worker ends, nobody waits for it for ever.
struct LastWords(Arc<Shared>, Publisher);

impl Drop for LastWords {
    fn drop(&mut self) {
        let mut core = self.0.lock();
        let why =
            if std::thread::panicking() { "the engine's worker has failed" } else { "the engine is closed" };
        core.closed.get_or_insert(why);
        self.0.close_all(&mut core);
        let tickets: Vec<_> = core.requests.waiting().map(|request| request.ticket).collect();
        for ticket in tickets {
            let error = Error::new(ErrorKind::Closed, why);
            self.0.end_request(&mut core, ticket, super::request::Outcome::Failed(error));
        }
        let woken = std::mem::take(&mut core.woken);
        drop(core);
        self.0.changed.notify_all();
        woken.into_iter().for_each(Waker::wake);
        self.0.events.take_untold().iter().for_each(spans::event);
        self.1.finish(self.0.counters.snapshot(), self.0.levels());
    }
}
