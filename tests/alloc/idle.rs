//! Promise: what a program no longer uses goes back to the system, also while it idles, and a loop keeps what it reuses.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};

use stratal::Stratal;
use stratal_support::dice::Dice;

use crate::child::{assert_succeeds, is_child};

const MIB: usize = 1 << 20;
/// Ten seconds are promised; a machine that others use as well may take three times as long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Bytes of this process that are resident.
fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux keeps it");
    let pages: usize = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
    pages * 4096
}

/// Minor page faults of this process so far.
fn faults() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux keeps it");
    // The second field, a name in parentheses, may hold spaces.
    let rest = stat.rsplit(')').next().expect("there is always one");
    rest.split_whitespace().nth(7).and_then(|faults| faults.parse().ok()).expect("a number")
}

/// Blocks of 40 KiB to 2 MiB, all sizes alike on a logarithmic scale, filled.
fn blocks(dice: &mut Dice, bytes: usize) -> Vec<Vec<u8>> {
    let mut blocks = Vec::new();
    let mut taken = 0;
    while taken < bytes {
        let scale = (40usize << 10) << dice.below(6);
        let len = scale + dice.below(scale / 2);
        blocks.push(vec![1; len]);
        taken += len;
    }
    blocks
}

#[test]
fn ten_seconds_after_a_peak_an_idle_program_holds_what_lives_and_a_little_more() {
    if !is_child() {
        return assert_succeeds(
            "idle::ten_seconds_after_a_peak_an_idle_program_holds_what_lives_and_a_little_more",
            0,
        );
    }
    assert!(Stratal::new().purge_in_background());
    let empty = resident_bytes();
    let mut dice = Dice::new(7);
    let state = blocks(&mut dice, 64 * MIB);
    let burst = blocks(&mut dice, 256 * MIB);
    let peak = resident_bytes();
    assert!(peak > empty + 300 * MIB);
    drop(burst);
    let live: usize = state.iter().map(Vec::len).sum::<usize>() + empty;
    let since = Instant::now();
    while resident_bytes() > live + live * 15 / 100 {
        let (held, live) = (resident_bytes() / MIB, live / MIB);
        assert!(since.elapsed() < PATIENCE, "{held} MiB are held for {live} MiB that live");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(state.iter().all(|block| block.iter().all(|&byte| byte == 1)));
}

#[test]
fn a_forked_child_starts_a_thread_of_its_own() {
    if !is_child() {
        return assert_succeeds("idle::a_forked_child_starts_a_thread_of_its_own", 0);
    }
    assert!(Stratal::new().purge_in_background());
    let mut command = Command::new("true");
    let let_go = || {
        let before = resident_bytes();
        drop(vec![1u8; 64 * MIB]);
        let since = Instant::now();
        while resident_bytes() > before + 8 * MIB {
            if since.elapsed() > PATIENCE {
                return Err(std::io::ErrorKind::TimedOut.into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    };
    // SAFETY: the closure allocates and frees, which is what this allocator promises to allow after a fork.
    unsafe { command.pre_exec(let_go) };
    assert!(command.status().expect("the child gives back what it freed").success());
}

#[test]
fn a_step_that_repeats_costs_no_page_fault() {
    if cfg!(feature = "hardened") {
        eprintln!("SKIPPED: with feature `hardened`, large blocks lose their memory when they are freed");
        return;
    }
    if !is_child() {
        return assert_succeeds("idle::a_step_that_repeats_costs_no_page_fault", 0);
    }
    let step = || {
        let layers: Vec<Vec<u8>> = (1..24usize).map(|layer| vec![layer as u8; layer * 300_001]).collect();
        assert!(layers.iter().all(|layer| layer[layer.len() - 1] == layer[0]));
    };
    (0..3).for_each(|_| step());
    let before = faults();
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(2) {
        step();
    }
    let more = faults() - before;
    assert!(more < 100, "{more} page faults in two seconds of the same step");
}
