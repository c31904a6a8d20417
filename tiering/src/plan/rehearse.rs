//! Plays a schedule for some passes, without bytes or clock: every fetch as early as room allows, every eviction.
//!
//! This is the plan in full. [`super::bound`] puts times to its moves, [`super::validate`] checks that they are
//! legal, and the planner compares plans by the bytes they fetch.

use super::farthest::Farthest;
use super::prefetch::Prefetcher;
use super::schedule::Schedule;
use crate::object::map::ChunkMap;
use crate::object::{ChunkKey, NextUse, Touch};
use std::cmp::Reverse;

/// One move of a plan. The order of moves is the order of causes: a fetch may start when the move before it that
/// begins or ends a step has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Bring a chunk up.
    Fetch {
        /// The chunk.
        touch: Touch,
        /// Whether a step waits for it: only then may it displace a chunk that is used sooner.
        demand: bool,
    },
    /// Forget a copy.
    Evict(ChunkKey),
    /// The step at this position begins and holds its chunks.
    Begin(u64),
    /// The step at this position ends and lets go of them.
    End(u64),
}

/// The moves of some passes, from an empty tier on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rehearsal {
    /// Moves in order.
    pub moves: Vec<Move>,
    /// Bytes fetched during each pass.
    pub pass_bytes: Vec<u64>,
}

/// Plays `passes` repetitions of a schedule.
#[must_use]
pub fn rehearse(schedule: &Schedule, passes: u32) -> Rehearsal {
    play(Stage::new(schedule, true), passes)
}

/// Bytes that a pass fetches once the plan has settled: the second one from a tier that holds the kept set.
pub(super) fn steady_bytes(schedule: &Schedule) -> u64 {
    let mut stage = Stage::new(schedule, false);
    stage.keep();
    play(stage, 2).pass_bytes.last().copied().unwrap_or(0)
}

fn play(mut stage: Stage<'_>, passes: u32) -> Rehearsal {
    let schedule = stage.schedule;
    let mut pass_bytes = Vec::new();
    for pass in 0..u64::from(passes) {
        let before = stage.fetched_bytes;
        for step in 0..schedule.len() {
            stage.step(pass * schedule.len() + step);
        }
        pass_bytes.push(stage.fetched_bytes - before);
    }
    Rehearsal { moves: stage.moves, pass_bytes }
}

/// Whether a copy is there, and whether it may be a victim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Absent,
    Held,
    Idle,
}

/// The tier during a rehearsal.
struct Stage<'a> {
    schedule: &'a Schedule,
    prefetcher: Prefetcher,
    places: ChunkMap<Place>,
    sizes: ChunkMap<u32>,
    /// Victims, the last first.
    idle: Farthest<(NextUse, Reverse<u64>)>,
    age: u64,
    used_bytes: u64,
    fetched_bytes: u64,
    /// Empty unless recording.
    moves: Vec<Move>,
    recording: bool,
    /// The last step begun, one pass later than it is, so that "before the first" is a position too.
    begun: u64,
}

impl<'a> Stage<'a> {
    fn new(schedule: &'a Schedule, recording: bool) -> Self {
        Self {
            schedule,
            prefetcher: Prefetcher::new(schedule.window_bytes(), schedule.len() - 1),
            places: ChunkMap::new(),
            sizes: ChunkMap::new(),
            idle: Farthest::new(),
            age: 0,
            used_bytes: 0,
            fetched_bytes: 0,
            moves: Vec::new(),
            recording,
            begun: schedule.len() - 1,
        }
    }

    /// Begins with the kept set present.
    fn keep(&mut self) {
        let schedule = self.schedule;
        for touch in (0..schedule.len()).flat_map(|position| schedule.step(position)) {
            if schedule.keeps(touch.chunk) && self.places.get(touch.chunk) == Place::Absent {
                *self.sizes.entry(touch.chunk) = touch.bytes;
                self.used_bytes += u64::from(touch.bytes);
                self.let_go(touch.chunk);
            }
        }
    }

    fn step(&mut self, position: u64) {
        let schedule = self.schedule;
        let touches = schedule.step(position);
        self.prefetch();
        for touch in touches {
            self.hold(touch.chunk);
        }
        for touch in touches {
            if matches!(self.places.get(touch.chunk), Place::Absent) {
                self.make_room(touch.bytes, None);
                self.fetch(*touch, true);
                *self.places.entry(touch.chunk) = Place::Held;
            }
        }
        self.begun = position + schedule.len();
        self.prefetcher.used(self.begun);
        self.record(Move::Begin(position));
        self.prefetch();
        self.record(Move::End(position));
        for touch in touches {
            self.let_go(touch.chunk);
        }
    }

    /// Fetches ahead as far as the window and the room allow.
    fn prefetch(&mut self) {
        let schedule = self.schedule;
        loop {
            let places = &self.places;
            let mut is_present = |chunk| !matches!(places.get(chunk), Place::Absent);
            let Some(touch) = self.prefetcher.next(schedule, &mut is_present) else { return };
            let next_use = schedule.next_use(touch.chunk, self.begun);
            if !self.make_room(touch.bytes, Some(next_use)) {
                self.prefetcher.cancelled(schedule, touch.chunk);
                return;
            }
            self.fetch(touch, false);
            self.let_go(touch.chunk);
        }
    }

    fn fetch(&mut self, touch: Touch, demand: bool) {
        self.record(Move::Fetch { touch, demand });
        *self.sizes.entry(touch.chunk) = touch.bytes;
        self.used_bytes += u64::from(touch.bytes);
        self.fetched_bytes += u64::from(touch.bytes);
    }

    /// Evicts until `bytes` fit; with a limit, only what yields to it.
    fn make_room(&mut self, bytes: u32, not_before: Option<NextUse>) -> bool {
        while self.used_bytes + u64::from(bytes) > self.schedule.capacity_bytes() {
            let Some(((next_use, _), victim)) = self.idle.last() else { return false };
            if not_before.is_some_and(|limit| !next_use.yields_to(limit)) {
                return false;
            }
            self.idle.remove(victim);
            *self.places.entry(victim) = Place::Absent;
            self.used_bytes -= u64::from(self.sizes.get(victim));
            self.record(Move::Evict(victim));
            self.prefetcher.cancelled(self.schedule, victim);
        }
        true
    }

    fn record(&mut self, one: Move) {
        if self.recording {
            self.moves.push(one);
        }
    }

    fn hold(&mut self, chunk: ChunkKey) {
        let place = self.places.entry(chunk);
        if *place == Place::Idle {
            self.idle.remove(chunk);
            *place = Place::Held;
        }
    }

    fn let_go(&mut self, chunk: ChunkKey) {
        if std::mem::replace(self.places.entry(chunk), Place::Idle) == Place::Idle {
            return;
        }
        self.age += 1;
        let next_use = self.schedule.next_use(chunk, self.begun);
        self.idle.insert(chunk, (next_use, Reverse(self.age)));
    }
}

#[cfg(test)]
mod tests;
