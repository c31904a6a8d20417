//! Belady's MIN in bytes: the fewest a pass can fetch, whatever the policy.
//!
//! What is counted: the trace is repeated `passes` times from an empty tier. The chunks of one step are held
//! together, so each of them is present at once, and those that are absent are fetched, whole, then; nothing is
//! fetched that no step uses. When room is needed the chunk whose next use is farthest goes, until the step fits.
//! For chunks of equal size no choice of evictions fetches fewer bytes over all passes; for unequal sizes it is the
//! usual farthest-first figure, which may exceed the true optimum slightly. How the total divides among passes is
//! that of this very choice.

use super::farthest::Farthest;
use crate::error::{Error, ErrorKind, Result};
use crate::object::map::ChunkMap;
use crate::object::{ChunkKey, Trace};

/// A use of a chunk in the pass.
#[derive(Clone, Copy, Debug)]
struct Use {
    /// Dense number of the chunk.
    id: u32,
    bytes: u32,
    /// Steps until its next use in the endless repetition; at least 1.
    distance: u64,
}

/// Bytes fetched in each of `passes` repetitions of `trace` by MIN in a tier of `capacity_bytes`.
///
/// ```
/// use stratal_tiering::object::{ChunkKey, Step, Touch, Trace};
/// use stratal_tiering::plan::min::bytes_per_pass;
/// // Three chunks in a ring, room for two: after the first pass one of two uses misses, (N−C)/(N−1).
/// let step = |chunk| Step { touches: vec![Touch { chunk: ChunkKey { object: 0, chunk }, bytes: 8 }] };
/// let ring = Trace { steps: (0..3).map(step).collect() };
/// assert_eq!(bytes_per_pass(&ring, 16, 3)?, [24, 8, 16]);
/// # Ok::<(), stratal_tiering::error::Error>(())
/// ```
///
/// # Errors
/// `Budget` where a single step holds more than the capacity.
pub fn bytes_per_pass(trace: &Trace, capacity_bytes: u64, passes: u32) -> Result<Vec<u64>> {
    let (steps, chunks) = index(trace);
    let mut tier = Tier::new(capacity_bytes, chunks);
    let mut fetched = Vec::new();
    let end = u64::from(passes) * steps.len() as u64;
    for pass in 0..u64::from(passes) {
        let mut pass_bytes = 0;
        for (position, step) in (pass * steps.len() as u64..).zip(&steps) {
            pass_bytes += tier.step(position, end, step)?;
        }
        fetched.push(pass_bytes);
    }
    Ok(fetched)
}

/// The steps with each chunk once, numbered, and the distances to their next uses; and how many chunks there are.
fn index(trace: &Trace) -> (Vec<Vec<Use>>, usize) {
    let mut numbers = ChunkMap::<u32>::new();
    let mut count = 0;
    let mut steps: Vec<Vec<Use>> = Vec::with_capacity(trace.steps.len());
    for step in &trace.steps {
        let mut uses: Vec<Use> = Vec::with_capacity(step.touches.len());
        for touch in &step.touches {
            let number = numbers.entry(touch.chunk);
            if *number == 0 {
                count += 1;
                *number = count;
            }
            uses.push(Use { id: *number - 1, bytes: touch.bytes, distance: 0 });
        }
        uses.sort_unstable_by_key(|one| one.id);
        uses.dedup_by_key(|one| one.id);
        steps.push(uses);
    }
    // Backwards, twice round: on the second round the next use of every chunk is known.
    let len = steps.len() as u64;
    let mut next = vec![0; count as usize];
    for round in [1, 0] {
        for (index, uses) in steps.iter_mut().enumerate().rev() {
            let position = round * len + index as u64;
            for one in uses {
                let place: &mut u64 = &mut next[one.id as usize];
                one.distance = place.saturating_sub(position).max(1);
                *place = position;
            }
        }
    }
    (steps, count as usize)
}

/// A chunk by its dense number.
fn numbered(id: u32) -> ChunkKey {
    ChunkKey { object: 0, chunk: id }
}

/// The tier during the simulation.
struct Tier {
    capacity_bytes: u64,
    used_bytes: u64,
    /// Present chunks by next use, each under its number.
    order: Farthest<u64>,
    bytes: Vec<u32>,
}

impl Tier {
    fn new(capacity_bytes: u64, chunks: usize) -> Self {
        Self { capacity_bytes, used_bytes: 0, order: Farthest::new(), bytes: vec![0; chunks] }
    }

    /// Serves one step and returns the bytes fetched for it.
    fn step(&mut self, position: u64, end: u64, uses: &[Use]) -> Result<u64> {
        let mut missing_bytes = 0;
        for one in uses {
            if self.order.remove(numbered(one.id)).is_none() {
                missing_bytes += u64::from(one.bytes);
            }
        }
        while self.used_bytes + missing_bytes > self.capacity_bytes {
            let Some((_, ChunkKey { chunk: id, .. })) = self.order.pop_last() else {
                let message =
                    format!("a lease holds more bytes at once than the {} of its tier", self.capacity_bytes);
                return Err(Error::new(ErrorKind::Budget, message));
            };
            self.used_bytes -= u64::from(self.bytes[id as usize]);
        }
        self.used_bytes += missing_bytes;
        for one in uses {
            let next = position + one.distance;
            self.bytes[one.id as usize] = one.bytes;
            self.order.insert(numbered(one.id), if next < end { next } else { u64::MAX });
        }
        Ok(missing_bytes)
    }
}

#[cfg(test)]
mod tests;
