//! What a driver does, for reports: relaxed atomics that its thread writes and anyone reads.

use super::{Lane, Op};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Flights that ended, of one lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneReport {
    /// Flights.
    pub flights: u64,
    /// Bytes they moved.
    pub bytes: u64,
    /// Time from `submit` to their end, all of them together.
    pub taken_ns: u64,
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DriverReport {
    /// Reading.
    pub reads: DepthReport,
    /// Writing.
    pub writes: DepthReport,
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
        write!(f, "cancelled {}, punted {}", self.cancelled, self.punted)?;
        for (lane, report) in Lane::ALL.iter().zip(&self.lanes).filter(|(_, report)| report.flights > 0) {
            let mean = Duration::from_nanos(report.taken_ns / report.flights.max(1));
            write!(f, "; {lane} {} flights, {:.1} MiB, {mean:.1?} each", report.flights, mib(report.bytes))?;
        }
        Ok(())
    }
}

/// What a driver counts; [`report`](Self::report) reads it.
#[derive(Debug, Default)]
pub struct DriverStats {
    depths: [[AtomicU64; 4]; 2],
    lanes: [[AtomicU64; 3]; Lane::ALL.len()],
    cancelled: AtomicU64,
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
        DriverReport {
            reads: depth(&self.depths[Op::Read.index()]),
            writes: depth(&self.depths[Op::Write.index()]),
            lanes: std::array::from_fn(|lane| {
                let [flights, bytes, taken_ns] = &self.lanes[lane];
                LaneReport { flights: get(flights), bytes: get(bytes), taken_ns: get(taken_ns) }
            }),
            cancelled: get(&self.cancelled),
            punted: punted(),
        }
    }

    pub(super) fn ended(&self, lane: Lane, bytes: u64, taken: Duration) {
        // Flights take less than five centuries.
        let taken_ns = taken.as_nanos() as u64;
        for (counter, amount) in self.lanes[lane.index()].iter().zip([1, bytes, taken_ns]) {
            counter.fetch_add(amount, Ordering::Relaxed);
        }
    }

    pub(super) fn cancelled(&self) {
        self.cancelled.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn depth(&self, op: Op, depth: DepthReport) {
        let values = [depth.window_bytes, u64::from(depth.piece_bytes), depth.trials, depth.moves];
        for (place, value) in self.depths[op.index()].iter().zip(values) {
            place.store(value, Ordering::Relaxed);
        }
    }
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
