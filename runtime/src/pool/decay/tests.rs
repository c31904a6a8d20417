//! Promise: memory that stays free goes back, whole huge pages first; what is hot stays, and nothing is lost.

use super::super::runs::{Run, Want};
use super::super::segment::HUGE_SLICES;
use super::*;

/// A pool of a test with a clock of its own.
struct Bench {
    pool: Pool,
    ticks: u64,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self { pool: Pool::new(0), ticks: 1000 };
        bench.wait(1);
        bench
    }

    /// Lets so many ticks pass.
    fn wait(&mut self, ticks: u64) {
        for _ in 0..ticks {
            self.ticks += 1;
            self.pool.tick_at(self.ticks * TICK_MS, 0);
            // A time that the real clock does not reach, so that slow paths do not tick.
            self.pool.ticked_ms.store(u64::MAX / 2, Relaxed);
        }
    }

    fn take(&self, slices: u32, align: u32) -> Run {
        self.pool
            .large_runs
            .lock()
            .take(&self.pool.map, &self.pool.room, Want { align: align.into(), ..Want::of(slices) })
            .unwrap()
    }

    fn give(&self, run: Run) {
        assert!(self.pool.large_runs.lock().give(&self.pool.map, run.id, false));
    }

    /// Free slices that may hold memory.
    fn dirty(&self) -> u64 {
        let (held, used) = self.pool.large_runs.lock().held();
        held - used
    }

    fn end(self) {
        // SAFETY: nothing of this pool is used below.
        unsafe { self.pool.dismantle() };
    }
}

fn write(run: Run, slice: u32) {
    // SAFETY: the caller's run is longer than that.
    unsafe { run.start.add(slice as usize * SLICE).write(7) };
}

fn read(run: Run, slice: u32) -> u8 {
    // SAFETY: the caller's run is longer than that, and was written or is zero.
    unsafe { run.start.add(slice as usize * SLICE).read() }
}

#[test]
fn memory_that_stays_free_is_given_back_within_two_ticks_and_reads_zero() {
    let mut bench = Bench::new();
    let run = bench.take(HUGE_SLICES, HUGE_SLICES);
    write(run, 3);
    bench.give(run);
    bench.wait(1);
    assert_eq!(bench.dirty(), u64::from(HUGE_SLICES), "a loop may want it back");
    bench.wait(1);
    assert_eq!(bench.dirty(), 0);
    let again = bench.take(HUGE_SLICES, 1);
    assert!(again.is_zero && again.start == run.start);
    assert_eq!(read(again, 3), 0);
    bench.end();
}

#[test]
fn a_hot_sliver_does_not_keep_its_cold_neighbour() {
    let mut bench = Bench::new();
    let cold = bench.take(40, 1);
    bench.give(cold);
    for _ in 0..3 {
        let hot = bench.take(2, 1);
        write(hot, 1);
        bench.give(hot);
        bench.wait(1);
    }
    assert!(bench.dirty() <= 2, "{} slices kept", bench.dirty());
    bench.end();
}

#[test]
fn parts_of_huge_pages_go_back_much_later() {
    let mut bench = Bench::new();
    // Far enough from the start for huge pages to be asked for.
    let before = bench.take(4 * HUGE_SLICES, HUGE_SLICES);
    let run = bench.take(2 * HUGE_SLICES, 1);
    let after = bench.take(5, 1);
    let (left, middle, right) = (5, HUGE_SLICES, HUGE_SLICES - 5);
    assert!(bench.pool.resize_run(run.start, left));
    bench.wait(2);
    assert_eq!(bench.dirty(), u64::from(middle + right), "trimmed, not yet gone: its edges are held");
    bench.wait(u64::from(Patience::USUAL.broken));
    assert_eq!(bench.dirty(), 0);
    for run in [before, run, after] {
        bench.give(run);
    }
    bench.end();
}

#[test]
fn one_tick_gives_back_a_bounded_amount_and_the_next_slow_path_goes_on() {
    let mut bench = Bench::new();
    let run = bench.take(3 * SLICES_PER_TICK, 1);
    bench.give(run);
    bench.wait(2);
    for rest in [2, 1, 0] {
        assert_eq!(bench.dirty(), u64::from(rest * SLICES_PER_TICK));
        bench.wait(1);
    }
    bench.end();
}

#[test]
fn near_the_memory_limit_nothing_waits() {
    let mut bench = Bench::new();
    let run = bench.take(100, 1);
    bench.give(run);
    bench.pool.limits.allow(200 * SLICE);
    bench.wait(1);
    assert_eq!(bench.dirty(), 100, "half of it is not near");
    let run = bench.take(100, 1);
    bench.give(run);
    bench.pool.limits.allow(120 * SLICE);
    bench.wait(1);
    assert_eq!(bench.dirty(), 0);
    bench.end();
}

#[test]
fn memory_the_system_does_not_take_is_kept_and_tried_again() {
    let mut bench = Bench::new();
    let run = bench.take(8, 1);
    write(run, 0);
    // SAFETY: one page of the run; the kernel refuses to decommit locked pages.
    if cfg!(miri) || unsafe { libc::mlock(run.start.cast(), 4096) } != 0 {
        eprintln!("SKIPPED: no page can be locked here");
        return bench.end();
    }
    bench.give(run);
    bench.wait(4);
    bench.pool.purge();
    assert_eq!(bench.dirty(), 8);
    // SAFETY: locked above.
    assert_eq!(unsafe { libc::munlock(run.start.cast(), 4096) }, 0);
    bench.wait(20);
    assert_eq!(bench.dirty(), 0);
    bench.end();
}

#[test]
fn threads_that_allocate_while_memory_decays_lose_nothing() {
    let bench = Bench::new();
    let pool = &bench.pool;
    std::thread::scope(|scope| {
        let rounds = if cfg!(miri) { 5 } else { 2000 };
        for thread in 1..4u32 {
            scope.spawn(move || {
                for round in 0..rounds {
                    let slices = 1 + (round * thread) % 40;
                    let start = pool.take_run(Want::of(slices)).unwrap().start;
                    // SAFETY: the run is ours, and that long.
                    unsafe { start.write_bytes(thread as u8, slices as usize * SLICE) };
                    std::thread::yield_now();
                    // SAFETY: as above.
                    let last = unsafe { start.add(slices as usize * SLICE - 1).read() };
                    assert_eq!(u32::from(last), thread);
                    pool.give_run(start, false);
                }
            });
        }
        (0..rounds / 10).for_each(|_| pool.purge());
    });
    pool.purge();
    assert_eq!(pool.large_runs.lock().held(), (0, 0));
    bench.end();
}
