//! Checks the moves of a plan against its trace, sharing no code with the planner.
//!
//! It replays the moves with the simplest bookkeeping there is and searches the trace itself for next uses, so a
//! mistake of the planner cannot hide in a common helper.

use super::rehearse::Move;
use crate::object::{ChunkKey, Trace};
use std::collections::{HashMap, HashSet};
use std::fmt;

/// What a plan did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// More bytes were present than the tier holds.
    OverCapacity {
        /// Bytes present.
        present_bytes: u64,
    },
    /// A chunk was fetched that was there.
    AlreadyPresent(ChunkKey),
    /// A chunk was fetched with other bytes than the trace gives it, or is not in the trace.
    WrongChunk(ChunkKey),
    /// A chunk was evicted that was not there.
    NotPresent(ChunkKey),
    /// A chunk was evicted while a step held it.
    Held(ChunkKey),
    /// A step began without this chunk.
    Missing(ChunkKey),
    /// A chunk gave way to a prefetch of one that is used later.
    SoonerNeeded {
        /// The chunk evicted.
        evicted: ChunkKey,
        /// The chunk prefetched.
        fetched: ChunkKey,
    },
    /// Steps began or ended in another order than the trace's.
    OutOfOrder,
    /// The moves end before the passes do.
    Incomplete,
}

/// A fault, and the index of the move that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Index of the move; the number of moves where they end too soon.
    pub index: usize,
    /// What is wrong.
    pub fault: Fault,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "move {}: {:?}", self.index, self.fault)
    }
}

impl std::error::Error for Violation {}

/// Replays `moves` as `passes` repetitions of `trace` in a tier of `capacity_bytes` that starts empty.
///
/// # Errors
/// The first [`Violation`].
pub fn validate(trace: &Trace, capacity_bytes: u64, passes: u32, moves: &[Move]) -> Result<(), Violation> {
    let mut replay = Replay::new(trace, capacity_bytes);
    for (index, one) in moves.iter().enumerate() {
        replay.play(one).map_err(|fault| Violation { index, fault })?;
    }
    let complete = replay.next == trace.steps.len() * passes as usize && replay.running.is_none();
    if complete { Ok(()) } else { Err(Violation { index: moves.len(), fault: Fault::Incomplete }) }
}

struct Replay<'a> {
    trace: &'a Trace,
    sizes: HashMap<ChunkKey, u32>,
    capacity_bytes: u64,
    present: HashSet<ChunkKey>,
    /// The step that holds its chunks.
    running: Option<usize>,
    /// The step to begin next.
    next: usize,
    /// Evicted since the last fetch, begin or end: they made room for the next fetch.
    evicted: Vec<ChunkKey>,
}

impl<'a> Replay<'a> {
    fn new(trace: &'a Trace, capacity_bytes: u64) -> Self {
        let touches = trace.steps.iter().flat_map(|step| &step.touches);
        let sizes = touches.map(|touch| (touch.chunk, touch.bytes)).collect();
        Self {
            trace,
            sizes,
            capacity_bytes,
            present: HashSet::new(),
            running: None,
            next: 0,
            evicted: Vec::new(),
        }
    }

    fn play(&mut self, one: &Move) -> Result<(), Fault> {
        match *one {
            Move::Fetch { touch, demand } => self.fetch(touch.chunk, touch.bytes, demand),
            Move::Evict(chunk) => self.evict(chunk),
            Move::Begin(position) => self.begin(position),
            Move::End(position) => self.end(position),
        }
    }

    fn fetch(&mut self, chunk: ChunkKey, bytes: u32, demand: bool) -> Result<(), Fault> {
        if self.sizes.get(&chunk) != Some(&bytes) {
            return Err(Fault::WrongChunk(chunk));
        }
        let fetched_use = self.next_use(chunk);
        for evicted in std::mem::take(&mut self.evicted) {
            if !demand && self.next_use(evicted) <= fetched_use {
                return Err(Fault::SoonerNeeded { evicted, fetched: chunk });
            }
        }
        if !self.present.insert(chunk) {
            return Err(Fault::AlreadyPresent(chunk));
        }
        let present_bytes = self.present.iter().map(|chunk| u64::from(self.sizes[chunk])).sum();
        if present_bytes > self.capacity_bytes {
            return Err(Fault::OverCapacity { present_bytes });
        }
        Ok(())
    }

    fn evict(&mut self, chunk: ChunkKey) -> Result<(), Fault> {
        if self.running.is_some_and(|step| self.uses(step, chunk)) {
            return Err(Fault::Held(chunk));
        }
        if !self.present.remove(&chunk) {
            return Err(Fault::NotPresent(chunk));
        }
        self.evicted.push(chunk);
        Ok(())
    }

    fn begin(&mut self, position: u64) -> Result<(), Fault> {
        if self.running.is_some() || position != self.next as u64 {
            return Err(Fault::OutOfOrder);
        }
        let touches = &self.trace.steps[self.next % self.trace.steps.len()].touches;
        if let Some(touch) = touches.iter().find(|touch| !self.present.contains(&touch.chunk)) {
            return Err(Fault::Missing(touch.chunk));
        }
        self.evicted.clear();
        self.running = Some(self.next);
        self.next += 1;
        Ok(())
    }

    fn end(&mut self, position: u64) -> Result<(), Fault> {
        if self.running.take().is_none_or(|step| step as u64 != position) {
            return Err(Fault::OutOfOrder);
        }
        self.evicted.clear();
        Ok(())
    }

    fn uses(&self, step: usize, chunk: ChunkKey) -> bool {
        let touches = &self.trace.steps[step % self.trace.steps.len()].touches;
        touches.iter().any(|touch| touch.chunk == chunk)
    }

    /// The first step from the next one on that uses a chunk, found by looking.
    fn next_use(&self, chunk: ChunkKey) -> usize {
        let lap = self.next..self.next + self.trace.steps.len();
        lap.into_iter().find(|step| self.uses(*step, chunk)).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests;
