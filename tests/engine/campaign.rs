//! Promise: a hundred thousand faults of the disk, one after the other and all at once, and not one wrong byte, no hang,
//! and no error that does not say what it is.
//!
//! Small engines by the hundred, each whole (budget, worker, store, follower) on a simulated disk with a seed of its
//! own. What is injected is counted where it happens ([`Tally`](stratal::tiering::io::sim::Tally)):
//!
//! ```text
//! rough      short, failed, late and overtaking transfers; futures dropped at every await point   Io
//! damaged    flipped, torn and misdirected ones that claim success, of a store with checksums     Corrupt, Poisoned
//! full       ENOSPC at every single write of a program, one engine for each                       NoSpace
//! ```
//!
//! Every engine's memory is refused registration. `STRATAL_FAULT_POINTS` sets another count: `tests/campaign/faults.sh`
//! goes on to a million.

use std::collections::BTreeSet;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use stratal::tiering::io::sim::{Fault, Faults, Sim, Tally};
use stratal::{Codec, Dyn, Engine, Error, ErrorKind, Policy, Tensor, TierKind};
use stratal_support::dice::Dice;
use tempfile::TempDir;

/// Error numbers, the same on every Linux that this runs on.
const EIO: i32 = 5;
const ENODEV: i32 = 19;
const ENOSPC: i32 = 28;
const ETIMEDOUT: i32 = 110;

/// Faults of the default suite.
const POINTS: u64 = 100_000;

/// Most faults of one engine's life come within so many operations.
const OPERATIONS: usize = 600;

/// Words of a tensor: four pages.
const WORDS: usize = 4096 / 8 * 4;

const TENSORS: usize = 14;

/// Polls before a future is dropped.
const POLLS_MAX: usize = 4;

/// Memory where the machine lends some to files: the simulator is the disk here.
fn directory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| crate::world::directory())
}

/// Of the 14 tensors, 6 fit.
fn engine(dir: &Path, faults: Faults, codec: Codec) -> Engine {
    let budget = if codec == Codec::Raw { "96 KiB" } else { "8 MiB" };
    let policy = Policy::builder().tier("dram", TierKind::Dram, budget).spill_directory(dir);
    let policy = policy.codec(codec).deadline("60 s").build().unwrap();
    Engine::builder().policy(policy).driver(move || Ok(Box::new(Sim::open(16, faults)?))).build().unwrap()
}

/// A word of a tensor in a round: noise, or a constant in every fifth round, which the store keeps without a write.
fn word(tensor: usize, round: u64, at: usize) -> u64 {
    let at = if round.is_multiple_of(5) { 0 } else { at as u64 };
    (at ^ round << 32 ^ (tensor as u64) << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23)
}

/// A tensor, and the round that was written last; `None` where the store has lost it, and said so.
struct State {
    index: usize,
    tensor: Tensor<u64, (Dyn,)>,
    round: Option<u64>,
}

impl State {
    fn write(&mut self, round: u64) -> Result<(), Error> {
        let mut lease = self.tensor.write()?;
        let words = lease.as_mut_slice().iter_mut().enumerate();
        words.for_each(|(at, found)| *found = word(self.index, round, at));
        self.round = Some(round);
        Ok(())
    }

    fn check(&self, words: &[u64]) {
        let round = self.round.expect("a lost tensor is not served");
        let wrong = words.iter().enumerate().find(|(at, found)| **found != word(self.index, round, *at));
        assert_eq!(wrong, None, "{} is not of round {round}", self.tensor.name());
    }

    fn read(&self) -> Result<(), Error> {
        self.check(&self.tensor.read()?);
        Ok(())
    }

    /// A future that is polled a few times and dropped, whatever has become of it; whether it still waited then.
    fn give_up(&self, polls: usize) -> Result<bool, Error> {
        let mut future = pin!(self.tensor.read_async());
        for _ in 0..polls {
            match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(lease) => return lease.map(|lease| self.check(&lease)).map(|()| false),
                Poll::Pending => std::thread::yield_now(),
            }
        }
        Ok(true)
    }
}

/// One program on one engine.
struct Life {
    engine: Engine,
    states: Vec<State>,
    dice: Dice,
    allowed: &'static [ErrorKind],
    cancelled: u64,
    refused: BTreeSet<String>,
}

impl Life {
    fn new(dir: &Path, faults: Faults, codec: Codec, allowed: &'static [ErrorKind]) -> Self {
        let dice = Dice::new(faults.seed);
        let engine = engine(dir, faults, codec);
        let made = (0..TENSORS).map(|index| State {
            index,
            tensor: engine.zeros(&format!("state.{index}"), [WORDS]).unwrap(),
            round: Some(0),
        });
        let states = made.collect();
        let mut life = Self { engine, states, dice, allowed, cancelled: 0, refused: BTreeSet::new() };
        // Round 0 of a tensor is what the oracle says, not zeros.
        (0..TENSORS).for_each(|pick| life.insist(pick, 0));
        life
    }

    /// Takes an outcome: an error must be one that such a disk may cause, and name its tensor.
    fn took(&mut self, pick: usize, outcome: Result<(), Error>) -> bool {
        let Err(error) = outcome else { return true };
        let seed = format!("{error}");
        assert!(self.allowed.contains(&error.kind()), "{error}");
        assert!(error.fact("tensor").is_some(), "names no tensor: {seed}");
        if matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Poisoned) {
            self.states[pick].round = None;
        }
        self.refused.insert(format!("{:?}", error.kind()));
        false
    }

    /// Writes until it succeeds: at most as often as bad luck allows.
    fn insist(&mut self, pick: usize, round: u64) {
        for _ in 0..1000 {
            let outcome = self.states[pick].write(round);
            if self.took(pick, outcome) {
                return;
            }
        }
        panic!("{} cannot be written any more:\n{}", self.states[pick].tensor.name(), self.engine.report());
    }

    fn operate(&mut self, round: u64) {
        let pick = self.dice.below(TENSORS);
        if self.states[pick].round.is_none() {
            return self.insist(pick, round);
        }
        let outcome = match self.dice.below(8) {
            0..3 => self.states[pick].write(round),
            3 => {
                let polls = 1 + self.dice.below(POLLS_MAX);
                self.states[pick].give_up(polls).map(|waited| self.cancelled += u64::from(waited))
            }
            4 => {
                self.states[pick].tensor.prefetch();
                Ok(())
            }
            _ => self.states[pick].read(),
        };
        self.took(pick, outcome);
    }

    /// After its program: everything that was not lost is there, whole, and the books are right.
    fn end(mut self) -> (u64, BTreeSet<String>) {
        for pick in 0..TENSORS {
            for _ in 0..1000 {
                if self.states[pick].round.is_none() {
                    break;
                }
                let outcome = self.states[pick].read();
                if self.took(pick, outcome) {
                    break;
                }
            }
        }
        let report = self.engine.report();
        assert!(report.peak_bytes <= report.budget_bytes, "{report}");
        assert_eq!(report.leases, 0, "{report}");
        (self.cancelled, self.refused)
    }
}

/// What a seed makes of the disk.
fn rough(seed: u64, tally: &Arc<Tally>) -> Faults {
    Faults {
        short_per_mille: 300,
        fail_per_mille: [0, 60, 150][(seed % 3) as usize],
        errno: [EIO, ENODEV, ETIMEDOUT][(seed / 3 % 3) as usize],
        delay_waits: (seed % 5) as u32,
        reorder: !seed.is_multiple_of(4),
        tally: Arc::clone(tally),
        ..Faults::none(seed)
    }
}

fn damaged(seed: u64, tally: &Arc<Tally>) -> Faults {
    Faults { damage_per_mille: 120, fail_per_mille: 0, ..rough(seed, tally) }
}

/// The life of one seed. Returns the futures that were given up, and the kinds of errors.
fn live(dir: &Path, seed: u64, tally: &Arc<Tally>) -> (u64, BTreeSet<String>) {
    let is_damaged = seed.is_multiple_of(2);
    let faults = if is_damaged { damaged(seed, tally) } else { rough(seed, tally) };
    let allowed: &[ErrorKind] =
        if is_damaged { &[ErrorKind::Corrupt, ErrorKind::Poisoned] } else { &[ErrorKind::Io] };
    let codec = if seed % 32 == 8 { Codec::Lossless } else { Codec::Raw };
    let mut life = Life::new(dir, faults, codec, allowed);
    (1..=OPERATIONS as u64).for_each(|round| life.operate(round));
    life.end()
}

fn wanted() -> u64 {
    let said = std::env::var("STRATAL_FAULT_POINTS").ok();
    said.map_or(POINTS, |said| said.parse().expect("STRATAL_FAULT_POINTS is a count"))
}

/// Short, failed, late, overtaking, flipped, torn and misdirected transfers, and futures given up, until there were a
/// hundred thousand of them.
#[test]
fn a_hundred_thousand_faults_and_no_wrong_byte() {
    let (dir, wanted) = (directory(), wanted());
    let (tally, next, given_up) = (Arc::<Tally>::default(), AtomicU64::new(0), AtomicU64::new(0));
    let points = || tally.total() + given_up.load(Ordering::Relaxed);
    let kinds: BTreeSet<String> = std::thread::scope(|scope| {
        let lives = || {
            let mut kinds = BTreeSet::new();
            while points() < wanted {
                let (cancelled, refused) = live(dir.path(), next.fetch_add(1, Ordering::Relaxed), &tally);
                given_up.fetch_add(cancelled, Ordering::Relaxed);
                kinds.extend(refused);
            }
            kinds
        };
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(lives)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let (lives, given_up) = (next.into_inner(), given_up.into_inner());
    println!(
        "{} faults in {lives} engines: {tally}, {given_up} given up; {kinds:?}",
        tally.total() + given_up
    );
    assert!(tally.total() + given_up >= wanted, "{tally}");
    for (kind, times) in [
        ("short", tally.short.get()),
        ("failed", tally.failed.get()),
        ("flipped", tally.flipped.get()),
        ("torn", tally.torn.get()),
        ("astray", tally.astray.get()),
        ("late", tally.late.get()),
        ("reordered", tally.reordered.get()),
        ("unregistered", tally.unregistered.get()),
        ("given up", given_up),
    ] {
        assert!(times * 1000 >= wanted, "{kind}: {tally}, {given_up} given up");
    }
    assert!(["Corrupt", "Io"].iter().all(|kind| kinds.contains(*kind)), "{kinds:?}");
}

/// A fixed program whose k-th write finds the disk full, for every k that it has: the error says so, nothing that was
/// written before is lost, and with room again everything goes on.
#[test]
fn a_full_disk_at_every_write_loses_nothing() {
    let dir = directory();
    let (mut met, mut refusals) = (0, 0);
    for nth in 0.. {
        let faults = Faults::none(nth).at_write(nth, Fault::Fail(ENOSPC));
        let tally = Arc::clone(&faults.tally);
        let mut life = Life::new(dir.path(), faults, Codec::Raw, &[ErrorKind::NoSpace]);
        for round in 1..=3 {
            for pick in 0..TENSORS {
                // What cannot be written stays as it was; half of the tensors make room for the others.
                let outcome = life.states[pick].write(round);
                if !life.took(pick, outcome) {
                    refusals += 1;
                    life.states.iter().for_each(|state| drop(state.read()));
                }
            }
        }
        // With what was given up the others have room, full disk or not.
        life.states.truncate(TENSORS / 2);
        life.states.iter().for_each(|state| state.read().unwrap());
        if tally.failed.get() == 0 {
            break;
        }
        met += tally.failed.get();
    }
    println!("a full disk at each of {met} writes, {refusals} leases refused");
    assert!(met >= 20, "the program writes {met} times");
}
