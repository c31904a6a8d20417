//! A recorded pass, planned for its endless repetition: what stays resident, what streams through the prefetch
//! window, and when each chunk is used next.
//!
//! A plan with the fewest bytes keeps memory full and its misses in one place, which leaves nothing to overlap with
//! compute. Among plans of (nearly) equal bytes this one spreads the misses evenly: a kept set, taken evenly out of
//! the pass, of `capacity − window` bytes, and a window through which the rest streams at a constant rate. Where the
//! order of uses makes Belady's choice clearly cheaper, as when a pass repeats chunks, that is planned instead.

use super::keep;
use super::min;
use super::rehearse;
use crate::error::{Error, ErrorKind, Result};
use crate::object::map::ChunkMap;
use crate::object::{ChunkKey, NextUse, Touch, Trace};

/// Passes of MIN that a plan is compared with; the last one is in steady state.
const MIN_PASSES: u32 = 3;

/// A plan that spreads its misses may read this many percent more than the other and is still preferred.
const SPREAD_MAY_COST_PERCENT: u64 = 1;

/// Which plan a schedule follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A kept set and a stream.
    Spread,
    /// The chunk used farthest in the future goes first, whichever it is.
    Belady,
}

/// Where the uses of a chunk lie in `use_steps`.
#[derive(Clone, Copy, Debug, Default)]
struct Uses {
    start: u32,
    count: u32,
    bytes: u32,
    kept: bool,
}

/// A planned pass.
#[derive(Clone, Debug)]
pub struct Schedule {
    touches: Vec<Touch>,
    /// Where each step ends in `touches`.
    ends: Vec<u32>,
    uses: ChunkMap<Uses>,
    use_steps: Vec<u32>,
    shape: Shape,
    kept_bytes: u64,
    pass_bytes: u64,
    /// Bytes of all uses of a pass.
    touched_bytes: u64,
    capacity_bytes: u64,
    window_bytes: u64,
}

impl Schedule {
    /// Plans a pass for a tier of `capacity_bytes`, of which `window_bytes` hold chunks fetched ahead.
    ///
    /// # Errors
    /// `Budget` where a single step holds more than the capacity; `Unsupported` for an empty trace.
    pub fn plan(trace: &Trace, capacity_bytes: u64, window_bytes: u64) -> Result<Self> {
        let widest = trace.steps.iter().map(crate::object::Step::bytes).max();
        let Some(widest) = widest.filter(|bytes| *bytes > 0) else {
            return Err(Error::new(ErrorKind::Unsupported, "a pass without chunks cannot be planned"));
        };
        if widest > capacity_bytes {
            let message = format!("a lease holds {widest} bytes at once, the tier {capacity_bytes}");
            return Err(Error::new(ErrorKind::Budget, message));
        }
        let mut plan = Self::index(trace, capacity_bytes, window_bytes);
        plan.keep_evenly();
        plan.pass_bytes = rehearse::steady_bytes(&plan);
        plan.prefer_belady(trace, widest);
        Ok(plan)
    }

    /// The trace, flat and indexed, with nothing kept yet.
    fn index(trace: &Trace, capacity_bytes: u64, window_bytes: u64) -> Self {
        let mut uses = ChunkMap::<Uses>::new();
        let mut touches = Vec::new();
        let mut ends = Vec::with_capacity(trace.steps.len());
        for step in &trace.steps {
            for touch in &step.touches {
                let entry = uses.entry(touch.chunk);
                entry.count += 1;
                entry.bytes = entry.bytes.max(touch.bytes);
                touches.push(*touch);
            }
            // A pass of 2^32 chunk uses would be petabytes.
            ends.push(touches.len() as u32);
        }
        let (uses, use_steps) = place_uses(uses, &touches, &ends);
        let (shape, kept_bytes, pass_bytes) = (Shape::Spread, 0, 0);
        let touched_bytes = touches.iter().map(|touch| u64::from(touch.bytes)).sum();
        Self {
            touches,
            ends,
            uses,
            use_steps,
            shape,
            kept_bytes,
            pass_bytes,
            touched_bytes,
            capacity_bytes,
            window_bytes,
        }
    }

    fn keep_evenly(&mut self) {
        let room = keep::Room { capacity_bytes: self.capacity_bytes, window_bytes: self.window_bytes };
        for touch in keep::choose(self, room) {
            self.uses.entry(touch.chunk).kept = true;
            self.kept_bytes += u64::from(touch.bytes);
        }
    }

    /// Turns to Belady's choice where that clearly reads less with the same window set aside. Where nothing is fetched
    /// ahead there is nothing to spread misses for, and Belady's is taken unless it reads more.
    fn prefer_belady(&mut self, trace: &Trace, widest: u64) {
        if self.window_bytes > 0 && !self.is_clearly_dearer(trace, widest) {
            return;
        }
        let spread_bytes = self.pass_bytes;
        self.shape = Shape::Belady;
        self.pass_bytes = rehearse::steady_bytes(self);
        if self.pass_bytes > spread_bytes || self.pass_bytes == spread_bytes && self.window_bytes > 0 {
            self.shape = Shape::Spread;
            self.pass_bytes = spread_bytes;
        }
    }

    /// Whether the plan reads clearly more than MIN with the window set aside.
    fn is_clearly_dearer(&self, trace: &Trace, widest: u64) -> bool {
        let resident_bytes = self.capacity_bytes.saturating_sub(self.window_bytes).max(widest);
        // No choice of victims fetches less than what does not fit.
        let surplus = trace.distinct_bytes().saturating_sub(resident_bytes);
        if surplus + surplus * SPREAD_MAY_COST_PERCENT / 100 >= self.pass_bytes {
            return false;
        }
        let Ok(fewest) = min::bytes_per_pass(trace, resident_bytes, MIN_PASSES) else { return false };
        let fewest = fewest.last().copied().unwrap_or(0);
        fewest + fewest * SPREAD_MAY_COST_PERCENT / 100 < self.pass_bytes
    }

    /// Steps of a pass.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.ends.len() as u64
    }

    /// Whether the pass has no steps; such a pass cannot be planned.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The chunks of the step at a position of the endless repetition, in order of use.
    #[must_use]
    pub fn step(&self, position: u64) -> &[Touch] {
        let step = (position % self.len().max(1)) as usize;
        let start = step.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        self.ends.get(step).map_or(&[], |end| &self.touches[start..*end as usize])
    }

    /// The first use of a chunk strictly after a position.
    #[must_use]
    pub fn first_use_after(&self, chunk: ChunkKey, position: u64) -> Option<u64> {
        let uses = self.uses.peek(chunk)?;
        let steps = &self.use_steps[uses.start as usize..][..uses.count as usize];
        let (lap, step) = (position / self.len(), position % self.len());
        let later = steps.partition_point(|use_step| u64::from(*use_step) <= step);
        match steps.get(later) {
            Some(use_step) => Some(lap * self.len() + u64::from(*use_step)),
            None => steps.first().map(|use_step| (lap + 1) * self.len() + u64::from(*use_step)),
        }
    }

    /// When a chunk is used next after a position, ranked as victims are chosen.
    #[must_use]
    pub fn next_use(&self, chunk: ChunkKey, position: u64) -> NextUse {
        match self.first_use_after(chunk, position) {
            None => NextUse::Never,
            Some(next) if self.shape == Shape::Belady || self.keeps(chunk) => NextUse::At(next),
            Some(next) => NextUse::Streamed(next),
        }
    }

    /// Whether a chunk that was used at `position` leaves before its next use: it is not kept, and until then more is
    /// used than the window holds. Steps count as the mean of them all.
    #[must_use]
    pub fn streams(&self, chunk: ChunkKey, position: u64) -> bool {
        let NextUse::Streamed(next) = self.next_use(chunk, position) else { return false };
        let between = u128::from(self.touched_bytes) * u128::from(next - position);
        between > u128::from(self.window_bytes) * u128::from(self.len())
    }

    /// Whether the plan keeps a chunk resident.
    #[must_use]
    pub fn keeps(&self, chunk: ChunkKey) -> bool {
        self.uses.peek(chunk).is_some_and(|uses| uses.kept)
    }

    /// Which plan was chosen.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Bytes of the kept set.
    #[must_use]
    pub fn kept_bytes(&self) -> u64 {
        self.kept_bytes
    }

    /// Bytes that the plan fetches per pass, once it has settled.
    #[must_use]
    pub fn pass_bytes(&self) -> u64 {
        self.pass_bytes
    }

    /// Bytes of the tier.
    #[must_use]
    pub fn capacity_bytes(&self) -> u64 {
        self.capacity_bytes
    }

    /// Bytes that may be fetched ahead and not used yet.
    #[must_use]
    pub fn window_bytes(&self) -> u64 {
        self.window_bytes
    }
}

/// Lays the steps of every chunk's uses side by side, in order.
fn place_uses(mut uses: ChunkMap<Uses>, touches: &[Touch], ends: &[u32]) -> (ChunkMap<Uses>, Vec<u32>) {
    let mut next = 0;
    for touch in touches {
        let entry = uses.entry(touch.chunk);
        // First sight of the chunk: `kept` marks it until all are placed.
        if !std::mem::replace(&mut entry.kept, true) {
            entry.start = next;
            next += std::mem::take(&mut entry.count);
        }
    }
    let mut use_steps = vec![0; touches.len()];
    let mut start = 0;
    for (step, end) in (0_u32..).zip(ends) {
        for touch in &touches[start..*end as usize] {
            let entry = uses.entry(touch.chunk);
            entry.kept = false;
            let used_already = entry.count > 0 && use_steps[(entry.start + entry.count - 1) as usize] == step;
            if !used_already {
                use_steps[(entry.start + entry.count) as usize] = step;
                entry.count += 1;
            }
        }
        start = *end as usize;
    }
    (uses, use_steps)
}

#[cfg(test)]
mod tests;
