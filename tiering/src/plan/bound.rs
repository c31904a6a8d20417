//! How fast a pass can be at best, for given bandwidth and compute.
//!
//! Two bounds. The roofline needs only totals. The plan bound puts times to every move of a rehearsed plan, with the
//! transfers back to back on one link and the computing on one processor:
//!
//! ```text
//! io(j)    = max(io(j−1), free(j)) + bytes(j) / bandwidth      free(j): the begin or end of the step before move j
//! begin(k) = max(end(k−1), io of every chunk of step k)        end(k) = begin(k) + compute(k)
//! ```

use super::rehearse::{Move, rehearse};
use super::schedule::Schedule;
use crate::error::Result;
use crate::object::map::ChunkMap;
use crate::object::{ChunkKey, Trace};

/// The least a pass can take by its totals: all its computing, or all its bytes.
#[must_use]
pub fn roofline_ns(compute_ns: u64, bytes: u64, bandwidth_bytes_per_s: f64) -> u64 {
    compute_ns.max(transfer_ns(bytes, bandwidth_bytes_per_s).ceil() as u64)
}

/// The least each pass can take under the moves of a plan: its duration from the end of the pass before.
///
/// `trace` is the pass the moves play, `step_ns` the compute time of each of its steps; a step without one takes 0.
#[must_use]
pub fn moves_ns(trace: &Trace, moves: &[Move], step_ns: &[u64], bandwidth_bytes_per_s: f64) -> Vec<u64> {
    let mut clock = Clocks::default();
    let mut ends = Vec::new();
    let len = trace.steps.len().max(1) as u64;
    for one in moves {
        match one {
            Move::Fetch { touch, .. } => {
                clock.fetch(touch.chunk, transfer_ns(u64::from(touch.bytes), bandwidth_bytes_per_s));
            }
            Move::Evict(_) => {}
            Move::Begin(position) => {
                let step = (position % len) as usize;
                let chunks = trace.steps[step].touches.iter().map(|touch| touch.chunk);
                clock.begin(chunks);
            }
            Move::End(position) => {
                let step = (position % len) as usize;
                clock.end(step_ns.get(step).copied().unwrap_or(0));
                if position % len == len - 1 {
                    ends.push(clock.compute_ns);
                }
            }
        }
    }
    let starts = std::iter::once(0.0).chain(ends.iter().copied());
    ends.iter().zip(starts).map(|(end, start)| (end - start).ceil() as u64).collect()
}

/// The plan bound of each of `passes` repetitions of a trace, planned for a tier of `capacity_bytes` with
/// `window_bytes` of it for chunks fetched ahead. The first passes fill the tier; from the third on it is steady.
///
/// # Errors
/// As [`Schedule::plan`].
pub fn bound_ns(
    trace: &Trace,
    step_ns: &[u64],
    bandwidth_bytes_per_s: f64,
    capacity_bytes: u64,
    window_bytes: u64,
    passes: u32,
) -> Result<Vec<u64>> {
    let schedule = Schedule::plan(trace, capacity_bytes, window_bytes)?;
    let rehearsal = rehearse(&schedule, passes);
    Ok(moves_ns(trace, &rehearsal.moves, step_ns, bandwidth_bytes_per_s))
}

fn transfer_ns(bytes: u64, bandwidth_bytes_per_s: f64) -> f64 {
    bytes as f64 * 1e9 / bandwidth_bytes_per_s
}

/// The clock of the link and that of the processor.
#[derive(Default)]
struct Clocks {
    /// When the last transfer ends.
    link_ns: f64,
    /// When the last step begins or ends.
    compute_ns: f64,
    arrivals_ns: ChunkMap<f64>,
}

impl Clocks {
    fn fetch(&mut self, chunk: ChunkKey, duration_ns: f64) {
        self.link_ns = self.link_ns.max(self.compute_ns) + duration_ns;
        *self.arrivals_ns.entry(chunk) = self.link_ns;
    }

    fn begin(&mut self, chunks: impl Iterator<Item = ChunkKey>) {
        let arrived_ns = chunks.map(|chunk| self.arrivals_ns.get(chunk)).fold(0.0, f64::max);
        self.compute_ns = self.compute_ns.max(arrived_ns);
    }

    fn end(&mut self, compute_ns: u64) {
        self.compute_ns += compute_ns as f64;
    }
}

#[cfg(test)]
mod tests;
