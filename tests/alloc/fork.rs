//! Promise: a child forked while other threads allocate can allocate at once. (`tests/preload` forks 300 times.)

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use stratal::LeakDetector;
use stratal_support::dice::Dice;

const THREADS: u64 = 6;
const FORKS: usize = 60;

#[test]
fn a_child_of_allocating_threads_allocates() {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for seed in 0..THREADS {
            let is_over = &is_over;
            scope.spawn(move || {
                let mut dice = Dice::new(seed);
                // In debug builds one of them notes what it allocates, under a lock of its own.
                let _scope = (seed == 0).then(LeakDetector::scope);
                while !is_over.load(Ordering::Relaxed) {
                    churn(&mut dice, 30);
                    // Lets the forking thread have its turn.
                    thread::sleep(Duration::from_millis(1));
                }
            });
        }
        for fork in 0..FORKS {
            let mut command = Command::new("true");
            // SAFETY: the closure allocates and frees, which is what this allocator promises to allow after a fork.
            unsafe {
                command.pre_exec(move || {
                    churn(&mut Dice::new(fork as u64), 100);
                    Ok(())
                })
            };
            assert!(command.status().unwrap().success(), "fork {fork}");
        }
        is_over.store(true, Ordering::Relaxed);
    });
}

/// Allocates and frees blocks of mixed sizes, slabs and runs.
fn churn(dice: &mut Dice, rounds: usize) {
    let mut held: Vec<Vec<u8>> = Vec::new();
    for _ in 0..rounds {
        let len = 1 << dice.below(18);
        held.push(vec![len as u8; len + dice.below(64)]);
        if held.len() > 32 {
            let gone = held.swap_remove(dice.below(held.len()));
            assert!(gone.iter().all(|&byte| byte == gone[0]));
        }
    }
}
