//! Allocation patterns, one library for every contender: whoever links it brings the global allocator.
//!
//! A program runs one point once: `PROGRAM POINT THREADS EFFORT`. It prints a JSON array: CPU nanoseconds per
//! operation, peak resident MiB, wall nanoseconds per operation, and what else the point measures. Requests come from
//! fixed generators, so every contender sees the same ones.

mod block;
mod clock;
#[cfg(feature = "crates")]
mod crates;
mod dice;
mod fragment;
mod grow;
mod hand_off;
mod memory;
mod raw;
#[cfg(feature = "crates")]
mod runtimes;
mod tensor;
mod text;

use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

/// What a point is given, and how it says when its preparations are over.
pub(crate) struct Run {
    /// Threads that work at once.
    pub(crate) threads: usize,
    /// 1 for a full run, less for a shorter one.
    effort: f64,
    started: Mutex<Start>,
}

#[derive(Clone, Copy)]
struct Start {
    cpu_ns: u64,
    wall: Instant,
}

impl Start {
    fn now() -> Self {
        Self { cpu_ns: clock::cpu_ns(), wall: Instant::now() }
    }
}

/// What a point did.
pub(crate) struct Done {
    /// Operations, over all threads.
    pub(crate) operations: usize,
    /// Further figures; most points have none.
    pub(crate) figures: Vec<f64>,
}

impl From<usize> for Done {
    fn from(operations: usize) -> Self {
        Self { operations, figures: Vec::new() }
    }
}

impl Run {
    /// `full` operations at full effort; never none.
    pub(crate) fn scaled(&self, full: usize) -> usize {
        ((full as f64 * self.effort) as usize).max(1)
    }

    /// Preparations are over: what came before is not timed.
    pub(crate) fn start(&self) {
        *self.started.lock().expect("points do not panic") = Start::now();
    }

    /// Runs `work` on every thread, this one included, and adds up the operations. The argument tells threads apart.
    pub(crate) fn on_each(&self, work: impl Fn(usize) -> usize + Sync) -> Done {
        let work = &work;
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..self.threads).map(|thread| scope.spawn(move || work(thread))).collect();
            let mine = work(0);
            let theirs: usize =
                others.into_iter().map(|other| other.join().expect("points do not panic")).sum();
            Done::from(mine + theirs)
        })
    }
}

/// One pattern.
pub(crate) type Point = (&'static str, fn(&Run) -> Done);

/// Does nothing: the size of a program.
const EMPTY: Point = ("empty", |_| Done::from(1));

fn points() -> impl Iterator<Item = Point> {
    let own = [&[EMPTY][..], raw::POINTS, grow::POINTS, hand_off::POINTS, tensor::POINTS, fragment::POINTS];
    #[cfg(feature = "crates")]
    let foreign = [crates::POINTS, runtimes::POINTS];
    #[cfg(not(feature = "crates"))]
    let foreign: [&[Point]; 0] = [];
    own.into_iter().chain(foreign).flatten().copied()
}

/// Runs the point that the arguments name.
pub fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match measure(&arguments) {
        Some(figures) => {
            println!("{figures:?}");
            ExitCode::SUCCESS
        }
        None => {
            let names: Vec<&str> = points().map(|(name, _)| name).collect();
            eprintln!("usage: POINT THREADS EFFORT, where POINT is one of {}", names.join(" "));
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &[String]) -> Option<Vec<f64>> {
    let [name, threads, effort] = arguments else { return None };
    let (_, point) = points().find(|(point, _)| point == name)?;
    let (threads, effort) = (threads.parse().ok()?, effort.parse().ok()?);
    let run = Run { threads, effort, started: Mutex::new(Start::now()) };
    let done = point(&run);
    let end = Start::now();
    let start = run.started.into_inner().ok()?;
    let operations = done.operations as f64;
    let cpu_ns = (end.cpu_ns - start.cpu_ns) as f64 / operations;
    let wall_ns = end.wall.duration_since(start.wall).as_nanos() as f64 / operations;
    let mut figures = vec![cpu_ns, memory::peak_mib(), wall_ns];
    figures.extend(done.figures);
    Some(figures)
}
