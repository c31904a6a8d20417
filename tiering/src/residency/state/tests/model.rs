//! Random sequences of transitions, failures included, against a model that holds the bytes.
//!
//! The model knows nothing of states: it keeps what every place really contains (a number per write), moves contents
//! when transfers end, and throws contents away when the chunk says that something may be freed. After every step
//! the latest write must still be somewhere, and whoever reads must see it.
//!
//! Which failure is where: `no_order_of_calls_loses_or_mixes_bytes` meets each of these by chance,
//! `every_failure_is_met` shows that it does, and the engine's suites play them with real bytes (`tests/engine`).
//!
//! | from | what fails | to | calls here | with real bytes |
//! |---|---|---|---|---|
//! | filling | short, failed, wrong checksum, cancelled | absent, as before | `EndFill(_, false)` | `campaign`, `faults`, `checksums` |
//! | filling | a write elsewhere overtakes it | absent, bytes freed | `EndFill(_, true)` | `campaign` |
//! | filling | the object is dropped | absent, then gone | `Forget`, `EndFill` | `streaming`, `futures` |
//! | resident, clean | the only medium has failed | poisoned (media) | `Poison` | `checksums`, `persist` |
//! | poisoned (media) | read again from its home | resident | `BeginFill(_, Home)` | – |
//! | poisoned | overwritten whole | resident, dirty | `Born` | `spill`, `checksums`, `campaign` |
//! | leased exclusively | the writer panics | poisoned (torn) | `ReleaseExclusive(_, Torn)` | `spill` |
//! | leased exclusively | given up, its home has the bytes | absent | `ReleaseExclusive(_, Abandoned)` | – |
//! | leased exclusively | given up, nothing has them | poisoned (torn) | `ReleaseExclusive(_, Abandoned)` | – |
//! | draining | no space, an error | resident, as dirty as before | `EndDrain(_, false)` | `campaign`, `spill`, `means` |
//! | draining | a write overtakes it | resident, its extent freed | `EndDrain(_, true)` | `campaign` |
//! | draining | the object is dropped | gone, its extent freed | `Forget`, `EndDrain` | `spill` |
//! | leased | the object is dropped | gone with its last lease | `Forget`, `ReleaseShared` | `hits` |

use super::super::*;
use proptest::prelude::*;
use std::collections::HashMap;

const TIERS: u8 = 3;

#[derive(Clone, Copy, Debug)]
enum Call {
    Born(TierId),
    BeginFill(TierId, Source),
    EndFill(TierId, bool),
    BeginDrain(TierId),
    EndDrain(TierId, bool),
    LeaseShared(TierId),
    ReleaseShared(TierId),
    LeaseExclusive(TierId),
    ReleaseExclusive(TierId, Exclusive),
    Evict(TierId),
    Reclaim,
    ReclaimExtent,
    Poison,
    Forget,
}

fn tier() -> impl Strategy<Value = TierId> {
    (0..TIERS).prop_map(TierId)
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![Just(Source::Home), tier().prop_map(Source::Tier)]
}

fn ending() -> impl Strategy<Value = Exclusive> {
    prop_oneof![
        6 => Just(Exclusive::Written),
        2 => Just(Exclusive::Untouched),
        1 => Just(Exclusive::Torn),
        1 => Just(Exclusive::Abandoned),
    ]
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        1 => tier().prop_map(Call::Born),
        8 => (tier(), source()).prop_map(|(tier, source)| Call::BeginFill(tier, source)),
        8 => (tier(), prop::bool::weighted(0.8)).prop_map(|(tier, works)| Call::EndFill(tier, works)),
        6 => tier().prop_map(Call::BeginDrain),
        8 => (tier(), prop::bool::weighted(0.7)).prop_map(|(tier, works)| Call::EndDrain(tier, works)),
        5 => tier().prop_map(Call::LeaseShared),
        6 => tier().prop_map(Call::ReleaseShared),
        6 => tier().prop_map(Call::LeaseExclusive),
        8 => (tier(), ending()).prop_map(|(tier, how)| Call::ReleaseExclusive(tier, how)),
        8 => tier().prop_map(Call::Evict),
        4 => Just(Call::Reclaim),
        3 => Just(Call::ReclaimExtent),
        1 => Just(Call::Poison),
        1 => Just(Call::Forget),
    ]
}

/// The failures that a call can be, by what it changed.
const FAILURES: [&str; 13] = [
    "fill failed",
    "fill overtaken",
    "filled chunk dropped",
    "medium failed",
    "medium read again",
    "rewritten whole",
    "torn",
    "given up, back home",
    "given up, lost",
    "spill failed",
    "spill overtaken",
    "draining chunk dropped",
    "leased chunk dropped",
];

/// Which failure a call was, if it was one.
fn failure(before: &Chunk, call: Call, after: &Chunk) -> Option<&'static str> {
    let tiers = || (0..TIERS).map(TierId);
    let (healed, hurt) = (
        before.poison().is_some() && after.poison().is_none(),
        before.poison().is_none() && after.poison().is_some(),
    );
    match call {
        Call::EndFill(tier, works) if before.state(tier) == CopyState::Filling => match works {
            false => Some("fill failed"),
            true if after.state(tier) == CopyState::Absent => Some("fill overtaken"),
            true => healed.then_some("medium read again"),
        },
        Call::EndDrain(_, works) if before.draining_to().is_some() && after.draining_to().is_none() => {
            match works {
                false => Some("spill failed"),
                true => after.home_place().is_none().then_some("spill overtaken"),
            }
        }
        Call::ReleaseExclusive(_, Exclusive::Torn) => hurt.then_some("torn"),
        Call::ReleaseExclusive(tier, Exclusive::Abandoned) if before.is_leased() && !after.is_leased() => {
            let gone = after.state(tier) == CopyState::Absent;
            if hurt { Some("given up, lost") } else { gone.then_some("given up, back home") }
        }
        Call::Poison => hurt.then_some("medium failed"),
        Call::Born(_) => healed.then_some("rewritten whole"),
        Call::Forget if before.is_leased() => Some("leased chunk dropped"),
        Call::Forget if before.draining_to().is_some() => Some("draining chunk dropped"),
        Call::Forget => {
            tiers().any(|tier| before.state(tier) == CopyState::Filling).then_some("filled chunk dropped")
        }
        _ => None,
    }
}

/// What one write left; `None` is torn or half-filled.
type Content = Option<u64>;

/// The bytes, wherever they are.
#[derive(Debug, Default)]
struct Bytes {
    copies: HashMap<TierId, Content>,
    extents: HashMap<ExtentSlot, Content>,
    origin: Content,
    /// The latest complete write; what every reader must see.
    latest: Content,
    writes: u64,
    slots: u64,
    /// What a fill under way will leave in its tier, and the extent it reads.
    filling: HashMap<TierId, (Content, Option<ExtentSlot>)>,
    /// The spill under way, and what it read.
    draining: Option<(TierId, ExtentSlot, Content)>,
    leases: HashMap<TierId, u32>,
    exclusive: Option<TierId>,
    forgotten: bool,
}

impl Bytes {
    fn read(&self, source: Source, chunk: &Chunk) -> Content {
        match (source, chunk.home_place()) {
            (Source::Tier(tier), _) => self.copies[&tier],
            (Source::Home, Some(HomePlace::Origin)) => self.origin,
            (Source::Home, Some(HomePlace::Extent(slot))) => self.extents[&slot],
            (Source::Home, None) => panic!("a fill from a home that does not hold the bytes"),
        }
    }

    /// Frees a copy; nobody may be using it.
    fn free(&mut self, tier: TierId) {
        assert!(self.copies.remove(&tier).is_some(), "freed twice: {tier:?}");
        assert_eq!(self.leases.get(&tier).copied().unwrap_or(0), 0, "freed under a lease");
        assert!(self.exclusive != Some(tier), "freed under an exclusive lease");
        assert!(self.draining.is_none_or(|(from, ..)| from != tier), "freed under a spill");
    }

    /// Frees an extent; no fill may be reading it. Returns what it held.
    fn free_extent(&mut self, slot: ExtentSlot) -> Content {
        assert!(self.filling.values().all(|(_, extent)| *extent != Some(slot)), "freed under a fill");
        self.extents.remove(&slot).expect("an extent is freed once")
    }

    fn write(&mut self, tier: TierId) {
        self.writes += 1;
        self.latest = Some(self.writes);
        self.copies.insert(tier, self.latest);
    }

    fn play(&mut self, chunk: &mut Chunk, call: Call) {
        match call {
            Call::Born(tier) if chunk.born(tier).is_ok() => {
                assert!(!self.copies.contains_key(&tier) && !self.filling.contains_key(&tier));
                self.write(tier);
            }
            Call::BeginFill(tier, source) => self.begin_fill(chunk, tier, source),
            Call::EndFill(tier, works) => self.end_fill(chunk, tier, works),
            Call::BeginDrain(tier) => self.begin_drain(chunk, tier),
            Call::EndDrain(tier, works) => self.end_drain(chunk, tier, works),
            Call::LeaseShared(tier) if chunk.lease_shared(tier).is_ok() => {
                assert_eq!(
                    (self.copies[&tier], self.exclusive),
                    (self.latest, None),
                    "a reader sees the latest write"
                );
                *self.leases.entry(tier).or_default() += 1;
            }
            Call::ReleaseShared(tier) => {
                let held = self.leases.entry(tier).or_default();
                assert_eq!(chunk.release_shared(tier).is_ok(), *held > 0);
                *held = held.saturating_sub(1);
            }
            Call::LeaseExclusive(tier) if chunk.lease_exclusive(tier).is_ok() => {
                assert!(self.leases.values().all(|held| *held == 0) && self.exclusive.is_none());
                assert!(self.draining.is_none_or(|(from, ..)| from != tier), "a transfer reads the copy");
                assert_eq!(self.copies[&tier], self.latest);
                self.exclusive = Some(tier);
            }
            Call::ReleaseExclusive(tier, how) => self.release_exclusive(chunk, tier, how),
            Call::Evict(tier) if chunk.evict(tier).is_ok() => self.free(tier),
            Call::Reclaim => {
                if let Some(tier) = chunk.reclaim() {
                    assert!(self.forgotten || self.copies[&tier] != self.latest, "only garbage is reclaimed");
                    self.free(tier);
                }
            }
            Call::ReclaimExtent => {
                if let Some(slot) = chunk.reclaim_extent() {
                    let content = self.free_extent(slot);
                    assert!(self.forgotten || content != self.latest, "only garbage is reclaimed");
                }
            }
            Call::Poison => chunk.set_poison(Poison::Media),
            Call::Forget => {
                chunk.forget();
                self.forgotten = true;
            }
            _ => {}
        }
    }

    fn begin_fill(&mut self, chunk: &mut Chunk, tier: TierId, source: Source) {
        let before = chunk.clone();
        if chunk.begin_fill(tier, source).is_ok() {
            assert!(!self.copies.contains_key(&tier) && !self.filling.contains_key(&tier));
            let content = self.read(source, &before);
            assert_eq!(content, self.latest, "a fill reads the latest write");
            let extent = match (source, before.home_place()) {
                (Source::Home, Some(HomePlace::Extent(slot))) => Some(slot),
                _ => None,
            };
            self.filling.insert(tier, (content, extent));
        }
    }

    fn end_fill(&mut self, chunk: &mut Chunk, tier: TierId, works: bool) {
        let Some((content, _)) = self.filling.remove(&tier) else {
            let ended = if works { chunk.fill_done(tier).is_ok() } else { chunk.fill_failed(tier).is_ok() };
            return assert!(!ended, "a fill ended that had not begun");
        };
        if !works {
            return chunk.fill_failed(tier).expect("a fill is under way");
        }
        if chunk.fill_done(tier).expect("a fill is under way") == Filled::Ready {
            self.copies.insert(tier, content);
        }
    }

    fn begin_drain(&mut self, chunk: &mut Chunk, tier: TierId) {
        self.slots += 1;
        let slot = ExtentSlot(self.slots);
        if chunk.begin_drain(tier, slot).is_ok() {
            assert!(self.draining.is_none() && self.exclusive != Some(tier));
            self.draining = Some((tier, slot, self.copies[&tier]));
        }
    }

    fn end_drain(&mut self, chunk: &mut Chunk, tier: TierId, works: bool) {
        let Some((_, slot, content)) = self.draining.take_if(|(from, ..)| *from == tier) else {
            let ended = if works { chunk.drain_done(tier).is_ok() } else { chunk.drain_failed(tier).is_ok() };
            return assert!(!ended, "a spill ended that had not begun");
        };
        assert_eq!(self.copies[&tier], content, "the copy changed under its spill");
        if !works {
            return assert_eq!(chunk.drain_failed(tier), Ok(slot));
        }
        match chunk.drain_done(tier).expect("a spill is under way") {
            Drained::Clean { replaced } => {
                assert_eq!(content, self.latest, "clean means that the home has the latest write");
                self.extents.insert(slot, content);
                let _ = replaced.map(|replaced| self.free_extent(replaced));
            }
            Drained::Superseded { discard } => assert_eq!(discard, slot),
        }
    }

    fn release_exclusive(&mut self, chunk: &mut Chunk, tier: TierId, how: Exclusive) {
        let held = self.exclusive.take_if(|held| *held == tier).is_some();
        let ended = chunk.release_exclusive(tier, how);
        assert_eq!(ended.is_ok(), held);
        match ended {
            Ok(Ended::Advanced(_)) => self.write(tier),
            Ok(Ended::Dropped) => {
                self.free(tier);
                if how == Exclusive::Torn {
                    // Whatever is left is of before the write that tore.
                    self.latest = None;
                }
            }
            Ok(Ended::Unchanged) | Err(_) => {}
        }
    }

    /// What must hold at every moment.
    fn holds(&self, chunk: &Chunk) {
        assert_eq!(chunk.check(), Ok(()));
        let somewhere = self.copies.values().chain(self.extents.values()).chain([&self.origin]);
        let lost = self.latest.is_none() || !somewhere.into_iter().any(|content| *content == self.latest);
        assert!(
            !lost || self.forgotten || chunk.poison().is_some() || self.writes == 0,
            "the latest write is lost"
        );
        for tier in (0..TIERS).map(TierId) {
            let present = self.copies.contains_key(&tier) || self.filling.contains_key(&tier);
            assert_eq!(chunk.state(tier) != CopyState::Absent, present, "bytes and state agree in {tier:?}");
            assert!(!chunk.is_valid(tier) || chunk.poison().is_some() || self.copies[&tier] == self.latest);
        }
        let at_home = match chunk.home_place() {
            Some(HomePlace::Origin) => self.origin,
            Some(HomePlace::Extent(slot)) => self.extents[&slot],
            None => None,
        };
        assert!(at_home.is_none() || at_home == self.latest, "a home that counts as current is");
        assert!(
            !chunk.is_gone()
                || (self.copies.is_empty() && self.extents.is_empty() && self.filling.is_empty())
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// Whatever is called in whatever order, nothing is lost, nothing stale is read, nothing is freed while in use.
    #[test]
    fn no_order_of_calls_loses_or_mixes_bytes(
        at_origin in any::<bool>(),
        calls in prop::collection::vec(call(), 0..150),
    ) {
        let mut chunk =
            if at_origin { Chunk::at_origin(usize::from(TIERS)) } else { Chunk::unborn(usize::from(TIERS)) };
        let mut bytes = Bytes::default();
        if at_origin {
            (bytes.origin, bytes.latest) = (Some(0), Some(0));
        }
        for call in calls {
            bytes.play(&mut chunk, call);
            bytes.holds(&chunk);
        }
    }
}

/// The strategy above meets every failure of the table, many times over.
#[test]
fn every_failure_is_met() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let lives = (any::<bool>(), prop::collection::vec(call(), 0..150));
    let mut met: HashMap<&str, u32> = HashMap::new();
    for _ in 0..3000 {
        let (at_origin, calls) = lives.new_tree(&mut runner).unwrap().current();
        let tiers = usize::from(TIERS);
        let mut chunk = if at_origin { Chunk::at_origin(tiers) } else { Chunk::unborn(tiers) };
        let mut bytes = Bytes::default();
        if at_origin {
            (bytes.origin, bytes.latest) = (Some(0), Some(0));
        }
        for call in calls {
            let before = chunk.clone();
            bytes.play(&mut chunk, call);
            bytes.holds(&chunk);
            if let Some(failure) = failure(&before, call, &chunk) {
                *met.entry(failure).or_default() += 1;
            }
        }
    }
    for failure in FAILURES {
        assert!(met.get(failure).is_some_and(|times| *times >= 10), "{failure}: {met:?}");
    }
}
