//! Promise: a budget that is `"auto"` gives way when others need memory, and comes back; one that was set stays as it is.

use crate::spill::{MIB, check, vectors, write};
use crate::world::directory;
use std::time::{Duration, Instant};
use stratal::tiering::policy::memory::sim::SimMemory;
use stratal::tiering::policy::memory::{MemoryFiles, Reading};
use stratal::{Engine, Policy, TierKind};

const LIMIT: u64 = 64 << 20;

fn policy(dir: &std::path::Path, budget: &str) -> Policy {
    Policy::builder()
        .tier("dram", TierKind::Dram, budget)
        .spill_directory(dir)
        .deadline("20 s")
        .build()
        .unwrap()
}

fn until(engine: &Engine, done: impl Fn(u64) -> bool) -> u64 {
    let patience = Instant::now();
    while !done(engine.budget_bytes()) {
        assert!(patience.elapsed() < Duration::from_secs(60), "{}", engine.report());
        std::thread::sleep(Duration::from_millis(2));
    }
    engine.budget_bytes()
}

/// Others take memory, tasks stall, the limit itself falls: the budget follows each, tensors are whole, and what the
/// application sets is followed by nothing.
#[test]
fn an_automatic_budget_follows_the_machine() {
    let dir = directory();
    let memory = SimMemory::new(Reading { limit_bytes: LIMIT, room_bytes: LIMIT, stalled_us: 0 });
    let engine = Engine::builder().policy(policy(dir.path(), "auto")).memory(memory.clone()).build().unwrap();
    let half = until(&engine, |bytes| bytes <= LIMIT / 2);
    assert_eq!(half, LIMIT / 2, "half of the limit of that machine, not of this one");
    let tensors = vectors(&engine, 60, 2 * MIB / 5);
    tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, i, 0).unwrap());
    memory.change(|now| now.room_bytes = 0);
    let less = until(&engine, |bytes| bytes < half);
    assert!(less >= LIMIT / 16, "never below an eighth of half the limit: {less}");
    memory.change(|now| now.stalled_us += 60_000_000);
    let pressed = until(&engine, |bytes| bytes < less || less == LIMIT / 16);
    memory.change(|now| now.limit_bytes = LIMIT / 4);
    until(&engine, |bytes| bytes <= pressed.min(LIMIT / 8));
    tensors.iter().enumerate().for_each(|(i, tensor)| check(tensor, i, 0));
    engine.set_budget(20 << 20).unwrap();
    memory.change(|now| now.room_bytes = LIMIT);
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(engine.budget_bytes(), 20 << 20, "set by the application");
    tensors.iter().enumerate().for_each(|(i, tensor)| check(tensor, i, 0));
}

/// A number is a number, whatever the machine says.
#[test]
fn a_budget_in_bytes_follows_nothing() {
    let dir = directory();
    let memory = SimMemory::new(Reading { limit_bytes: LIMIT, room_bytes: 0, stalled_us: 0 });
    let engine = Engine::builder().policy(policy(dir.path(), "40 MiB")).memory(memory).build().unwrap();
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(engine.budget_bytes(), 40 << 20);
}

/// The files of a group, as the kernel writes them: its limit counts from the first look.
#[test]
fn the_files_of_a_group_are_followed() {
    let (dir, root) = (directory(), directory());
    let put = |path: &str, text: &str| {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    put("proc/meminfo", "MemTotal: 1048576 kB\nMemAvailable: 1048576 kB\n");
    put("proc/self/cgroup", "0::/app\n");
    put("sys/fs/cgroup/app/memory.max", "67108864\n");
    put("sys/fs/cgroup/app/memory.current", "54525952\n");
    put("sys/fs/cgroup/app/memory.stat", "inactive_file 4194304\n");
    let files = MemoryFiles::under(root.path());
    let engine = Engine::builder().policy(policy(dir.path(), "auto")).memory(files).build().unwrap();
    assert_eq!(
        until(&engine, |bytes| bytes < 32 << 20),
        (64 - 52 + 4 - 4) << 20,
        "limit − use + idle files − margin"
    );
}
