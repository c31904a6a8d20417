//! Allocation patterns, one source for every contender: whoever includes this file brings the global allocator.
//!
//! Each point returns how many operations it did; `measure` gives CPU nanoseconds per operation and the peak resident
//! MiB of the process. Sizes come from a fixed generator, so every contender sees the same requests.

#[path = "clock.rs"]
mod clock;

use std::hint::black_box;
use std::sync::mpsc::sync_channel;

/// One pattern: its name, and what it does `scale` times over.
pub(crate) struct Point {
    pub(crate) name: &'static str,
    pub(crate) run: fn(usize) -> usize,
}

/// Every pattern.
pub(crate) const POINTS: &[Point] = &[
    Point { name: "empty", run: |_| 1 },
    Point { name: "fast64", run: fast64 },
    Point { name: "churn", run: churn },
    Point { name: "med", run: med },
    Point { name: "cross", run: cross },
];

/// Runs the point named by the first argument at the size of the second: CPU ns per operation, peak MiB.
pub(crate) fn measure(arguments: &[String]) -> [f64; 2] {
    let wanted = arguments.first().map(String::as_str);
    let point = POINTS.iter().find(|point| Some(point.name) == wanted).expect("a point of POINTS");
    let scale = if arguments.get(1).is_some_and(|size| size == "quick") { 1 } else { 20 };
    let before = clock::cpu_ns();
    let operations = (point.run)(scale);
    let spent = clock::cpu_ns() - before;
    [spent as f64 / operations as f64, peak_mib()]
}

/// 64 bytes, taken and given back at once.
fn fast64(scale: usize) -> usize {
    let pairs = scale * 1_000_000;
    for i in 0..pairs {
        let block = Vec::<u8>::with_capacity(black_box(64));
        black_box(block.as_ptr().wrapping_add(i & 63));
    }
    pairs
}

/// Ten thousand live blocks of 16 to 1024 bytes, replaced at random.
fn churn(scale: usize) -> usize {
    replace(10_000, scale * 200_000, |random| 16 << (random % 7))
}

/// Two hundred live blocks of 4 to 512 KiB, replaced at random, one byte in each page written.
fn med(scale: usize) -> usize {
    replace(200, scale * 5_000, |random| 4096 << (random % 8))
}

fn replace(live: usize, operations: usize, size: fn(u64) -> usize) -> usize {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut blocks: Vec<Vec<u8>> = (0..live).map(|_| Vec::new()).collect();
    for _ in 0..operations {
        let at = random.next() as usize % live;
        let mut block = Vec::with_capacity(size(random.next()));
        for place in (0..block.capacity()).step_by(4096) {
            block.spare_capacity_mut()[place].write(1);
        }
        blocks[at] = black_box(block);
    }
    operations
}

/// Batches of small blocks made by one thread and freed by another.
fn cross(scale: usize) -> usize {
    const BATCH: usize = 1000;
    let batches = scale * 100;
    let (sender, receiver) = sync_channel::<Vec<Box<[u8; 96]>>>(8);
    let consumer =
        std::thread::spawn(move || receiver.iter().map(|batch| black_box(batch).len()).sum::<usize>());
    for _ in 0..batches {
        let batch = (0..BATCH).map(|i| Box::new([i as u8; 96])).collect();
        sender.send(batch).expect("the consumer listens");
    }
    drop(sender);
    consumer.join().expect("the consumer ends")
}

/// A small fixed generator (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 8
    }
}

/// Largest resident set of this process, in MiB.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux keeps it");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux keeps VmHWM");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1024.0
}
