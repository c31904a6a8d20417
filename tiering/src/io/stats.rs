//! What a driver does, for reports: relaxed atomics that its thread writes and anyone reads.

use super::{Lane, Op};
use crate::observe::histogram::{Distribution, Histogram};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Flights that ended, of one lane: `bytes = bytes read + bytes_written`, `flights = latency.count()` and
/// `taken_ns = latency.sum_ns()`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaneReport {
    /// Flights.
    pub flights: u64,
    /// Bytes they moved.
    pub bytes: u64,
    /// Of those, bytes written.
    pub bytes_written: u64,
    /// Time from `submit` to their end, all of them together.
    pub taken_ns: u64,
    /// That time, flight by flight.
    pub latency: Distribution,
}

/// What moved in one direction. Over all lanes: `bytes = Σ bytes(lane)` of that direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowReport {
    /// Bytes moved.
    pub bytes: u64,
    /// Time in which at least one flight of this direction was under way.
    pub busy_ns: u64,
    /// Time from `submit` to end of all flights together.
    pub taken_ns: u64,
    /// Most bytes per second over a span of at least 64 MiB in which the device was kept full; 0 until there was one.
    pub best_bytes_per_s: u64,
}

impl FlowReport {
    /// Bytes per second while something was under way; `None` before.
    #[must_use]
    pub fn bytes_per_s(&self) -> Option<f64> {
        (self.busy_ns > 0).then(|| self.bytes as f64 * 1e9 / self.busy_ns as f64)
    }

    /// Flights under way on average, while any was; `None` before.
    #[must_use]
    pub fn mean_depth(&self) -> Option<f64> {
        (self.busy_ns > 0).then(|| self.taken_ns as f64 / self.busy_ns as f64)
    }
}

/// What the driver keeps with the device, in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DepthReport {
    /// Most bytes in flight.
    pub window_bytes: u64,
    /// Most bytes of one piece.
    pub piece_bytes: u32,
    /// Other settings that were tried.
    pub trials: u64,
    /// Trials that won.
    pub moves: u64,
}

impl DepthReport {
    /// Pieces in flight at most.
    #[must_use]
    pub fn pieces(&self) -> u64 {
        self.window_bytes / u64::from(self.piece_bytes.max(1))
    }
}

/// A driver at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DriverReport {
    /// How deep it reads.
    pub reads: DepthReport,
    /// How deep it writes.
    pub writes: DepthReport,
    /// What it read.
    pub reading: FlowReport,
    /// What it wrote.
    pub writing: FlowReport,
    /// Flights under way now.
    pub in_flight: u64,
    /// By [`Lane::index`].
    pub lanes: [LaneReport; Lane::ALL.len()],
    /// Flights that were cancelled before their end.
    pub cancelled: u64,
    /// Transfers that the kernel could not start at once and left to worker threads of its own, as far as those are
    /// alive now: 0 on a healthy machine.
    pub punted: u64,
}

impl fmt::Display for DriverReport {
    /// Depths, then the lanes that moved anything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        for (name, depth) in [("reads", self.reads), ("writes", self.writes)] {
            write!(
                f,
                "{name} {} x {} KiB ({} of {} trials won); ",
                depth.pieces(),
                depth.piece_bytes >> 10,
                depth.moves,
                depth.trials
            )?;
        }
        write!(f, "{} under way, cancelled {}, punted {}", self.in_flight, self.cancelled, self.punted)?;
        for (lane, report) in Lane::ALL.iter().zip(&self.lanes).filter(|(_, report)| report.flights > 0) {
            let (read, written) = (report.bytes - report.bytes_written, report.bytes_written);
            write!(
                f,
                "\n  {lane}: {:.1} MiB read, {:.1} MiB written; {}",
                mib(read),
                mib(written),
                report.latency
            )?;
        }
        Ok(())
    }
}

/// What a driver counts; [`report`](Self::report) reads it.
#[derive(Debug, Default)]
pub struct DriverStats {
    depths: [[AtomicU64; 4]; 2],
    flows: [[AtomicU64; 4]; 2],
    lanes: [LaneStats; Lane::ALL.len()],
    in_flight: AtomicU64,
    cancelled: AtomicU64,
}

#[derive(Debug, Default)]
struct LaneStats {
    /// By [`Op::index`].
    bytes: [AtomicU64; 2],
    latency: Histogram,
}

impl LaneStats {
    fn report(&self) -> LaneReport {
        let [read, written] = [Op::Read, Op::Write].map(|op| self.bytes[op.index()].load(Ordering::Relaxed));
        let latency = self.latency.snapshot();
        LaneReport {
            flights: latency.count(),
            bytes: read + written,
            bytes_written: written,
            taken_ns: latency.sum_ns(),
            latency,
        }
    }
}

impl DriverStats {
    /// All of it now.
    #[must_use]
    pub fn report(&self) -> DriverReport {
        let get = |value: &AtomicU64| value.load(Ordering::Relaxed);
        let depth = |values: &[AtomicU64; 4]| DepthReport {
            window_bytes: get(&values[0]),
            // Written from 32 bits.
            piece_bytes: get(&values[1]) as u32,
            trials: get(&values[2]),
            moves: get(&values[3]),
        };
        let flow = |values: &[AtomicU64; 4]| FlowReport {
            bytes: get(&values[0]),
            busy_ns: get(&values[1]),
            taken_ns: get(&values[2]),
            best_bytes_per_s: get(&values[3]),
        };
        DriverReport {
            reads: depth(&self.depths[Op::Read.index()]),
            writes: depth(&self.depths[Op::Write.index()]),
            reading: flow(&self.flows[Op::Read.index()]),
            writing: flow(&self.flows[Op::Write.index()]),
            in_flight: get(&self.in_flight),
            lanes: std::array::from_fn(|lane| self.lanes[lane].report()),
            cancelled: get(&self.cancelled),
            punted: punted(),
        }
    }

    /// A flight was taken: so many are under way now.
    pub(super) fn began(&self, in_flight: usize) {
        self.in_flight.store(in_flight as u64, Ordering::Relaxed);
    }

    /// A flight has ended: so many are still under way.
    pub(super) fn ended(&self, lane: Lane, op: Op, bytes: u64, taken: Duration, in_flight: usize) {
        let (taken_ns, stats, flow) = (nanos(taken), &self.lanes[lane.index()], &self.flows[op.index()]);
        stats.latency.record(taken_ns);
        stats.bytes[op.index()].fetch_add(bytes, Ordering::Relaxed);
        flow[0].fetch_add(bytes, Ordering::Relaxed);
        flow[2].fetch_add(taken_ns, Ordering::Relaxed);
        self.in_flight.store(in_flight as u64, Ordering::Relaxed);
    }

    /// Flights of a direction were under way without a break for so long.
    pub(super) fn was_busy(&self, op: Op, busy: Duration) {
        self.flows[op.index()][1].fetch_add(nanos(busy), Ordering::Relaxed);
    }

    pub(super) fn cancelled(&self) {
        self.cancelled.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn depth(&self, op: Op, depth: DepthReport, best_bytes_per_s: f64) {
        let values = [depth.window_bytes, u64::from(depth.piece_bytes), depth.trials, depth.moves];
        for (place, value) in self.depths[op.index()].iter().zip(values) {
            place.store(value, Ordering::Relaxed);
        }
        self.flows[op.index()][3].store(best_bytes_per_s as u64, Ordering::Relaxed);
    }
}

/// Flights take less than five centuries.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The kernel's own workers in this process: a transfer that would block is left to one of them.
fn punted() -> u64 {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return 0 };
    let names =
        threads.flatten().filter_map(|thread| std::fs::read_to_string(thread.path().join("comm")).ok());
    names.filter(|name| name.starts_with("iou-wrk")).count() as u64
}

#[cfg(test)]
mod tests;
