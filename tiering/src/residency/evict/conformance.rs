//! What every eviction policy owes the engine, as a suite that each of them runs, against a naive set.

use super::Evict;
use crate::object::{ChunkKey, NextUse};
use proptest::prelude::*;
use std::collections::HashMap;

/// One call to a policy.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call {
    Insert(ChunkKey, NextUse),
    InsertUnused(ChunkKey, NextUse),
    Gone(ChunkKey),
    Forget(ChunkKey),
    Remove(ChunkKey),
    Victim(Option<NextUse>),
    Overdue(u64),
    Reset(u64),
}

/// Keys of a few objects, so that calls meet.
pub(super) fn key() -> impl Strategy<Value = ChunkKey> {
    (0_u32..3, 0_u32..6).prop_map(|(object, chunk)| ChunkKey { object, chunk })
}

/// Near positions, so that ties are common.
pub(super) fn next_use() -> impl Strategy<Value = NextUse> {
    prop_oneof![
        3 => (0_u64..12).prop_map(NextUse::At),
        2 => (0_u64..12).prop_map(NextUse::Streamed),
        1 => Just(NextUse::Never),
    ]
}

/// Sequences of calls.
pub(super) fn calls() -> impl Strategy<Value = Vec<Call>> {
    let call = prop_oneof![
        5 => (key(), next_use()).prop_map(|(key, next_use)| Call::Insert(key, next_use)),
        2 => (key(), next_use()).prop_map(|(key, next_use)| Call::InsertUnused(key, next_use)),
        2 => key().prop_map(Call::Remove),
        1 => key().prop_map(Call::Gone),
        1 => key().prop_map(Call::Forget),
        2 => prop::option::of(next_use()).prop_map(Call::Victim),
        1 => (0_u64..14).prop_map(Call::Overdue),
        1 => (1_u64..9).prop_map(Call::Reset),
    ];
    prop::collection::vec(call, 0..120)
}

/// A new prediction for a key, of no meaning but deterministic.
pub(super) fn predict(seed: u64, key: ChunkKey) -> NextUse {
    match (u64::from(key.object) * 7 + u64::from(key.chunk) * 3) * seed % 13 {
        0 => NextUse::Never,
        odd if odd % 2 == 1 => NextUse::Streamed(odd),
        even => NextUse::At(even),
    }
}

/// Plays calls on a policy and a naive set, and checks what holds for any policy: it holds exactly what was put in
/// and not taken out, a victim is one of its own and yields to the limit, an overdue copy is overdue, and without a
/// limit there is a victim whenever there is a copy.
pub(super) fn conforms(policy: &mut dyn Evict, calls: &[Call]) {
    let mut held: HashMap<ChunkKey, NextUse> = HashMap::new();
    for call in calls {
        match *call {
            Call::Insert(key, next_use) => {
                policy.insert(key, 4096, next_use);
                held.insert(key, next_use);
            }
            Call::InsertUnused(key, next_use) => {
                policy.insert_unused(key, 4096, next_use);
                held.insert(key, next_use);
            }
            Call::Gone(key) => {
                policy.gone(key);
                held.remove(&key);
            }
            Call::Forget(key) => {
                policy.forget(key);
                held.remove(&key);
            }
            Call::Remove(key) => assert_eq!(policy.remove(key), held.remove(&key).is_some()),
            Call::Victim(limit) => match policy.victim(limit) {
                Some(victim) => {
                    let next_use = held.remove(&victim).expect("a victim is one of the copies");
                    assert!(
                        limit.is_none_or(|limit| next_use.yields_to(limit)),
                        "{victim:?} {next_use:?} {limit:?}"
                    );
                }
                None => assert!(held.is_empty() || limit.is_some()),
            },
            Call::Overdue(now) => {
                if let Some(key) = policy.overdue(now) {
                    let next_use = held.remove(&key).expect("an overdue copy is one of the copies");
                    assert!(next_use.position().expect("it was predicted") < now);
                }
            }
            Call::Reset(seed) => {
                policy.reset(&mut |key| predict(seed, key));
                held.iter_mut().for_each(|(key, next_use)| *next_use = predict(seed, *key));
            }
        }
        assert_eq!((policy.len(), policy.is_empty()), (held.len(), held.is_empty()));
    }
    while let Some(victim) = policy.victim(None) {
        assert!(held.remove(&victim).is_some());
    }
    assert!(held.is_empty());
}

/// A copy as the naive models of reactive policies hold it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) key: ChunkKey,
    pub(super) bytes: u64,
    /// Leased or wanted.
    pub(super) out: bool,
    /// Not used yet.
    pub(super) fresh: bool,
    pub(super) count: u8,
}

/// A reactive policy written as plainly as possible: lists are vectors, the oldest first.
pub(super) trait Naive: Default {
    /// Every list of copies that are here or out.
    fn lists(&mut self) -> Vec<&mut Vec<Held>>;
    /// A copy that was not present came.
    fn enter(&mut self, held: Held);
    /// A copy was used, again or for the first time; it is taken out of its list where `moves`.
    fn used(&mut self, list: usize, at: usize, again: bool);
    /// Back from a lease that did not use it.
    fn back(&mut self, list: usize, at: usize);
    /// The copy to evict: its list and place. Some copy is not out.
    fn candidate(&mut self) -> (usize, usize);
    /// A copy was evicted from a list.
    fn evicted(&mut self, list: usize, held: Held);
    /// A chunk is gone for good.
    fn forget_ghost(&mut self, key: ChunkKey);
    /// A copy is about to go from its list by other ways.
    fn leaving(&mut self, _list: usize, _at: usize) {}
}

fn find(naive: &mut impl Naive, key: ChunkKey) -> Option<(usize, usize)> {
    let lists = naive.lists();
    let place = |(index, list): (usize, &mut Vec<Held>)| {
        list.iter().position(|held| held.key == key).map(|at| (index, at))
    };
    lists.into_iter().enumerate().find_map(place)
}

fn put(naive: &mut impl Naive, key: ChunkKey, bytes: u64, used: bool) {
    let Some((list, at)) = find(naive, key) else {
        return naive.enter(Held { key, bytes, out: false, fresh: !used, count: 0 });
    };
    let held = &mut naive.lists().swap_remove(list)[at];
    let (was_out, again) = (std::mem::take(&mut held.out), !held.fresh);
    held.fresh &= !used;
    match (used, was_out) {
        (true, _) => naive.used(list, at, again),
        (false, true) => naive.back(list, at),
        (false, false) => {}
    }
}

/// Plays calls on a policy and its naive model, with chunks of several sizes: they choose the same victims.
pub(super) fn agrees<N: Naive>(policy: &mut dyn Evict, calls: &[Call]) {
    let mut naive = N::default();
    for call in calls {
        match *call {
            Call::Insert(key, next_use) => {
                policy.insert(key, bytes_of(key), next_use);
                put(&mut naive, key, bytes_of(key), true);
            }
            Call::InsertUnused(key, next_use) => {
                policy.insert_unused(key, bytes_of(key), next_use);
                put(&mut naive, key, bytes_of(key), false);
            }
            Call::Remove(key) => {
                policy.remove(key);
                if let Some((list, at)) = find(&mut naive, key) {
                    naive.lists().swap_remove(list)[at].out = true;
                }
            }
            Call::Gone(key) | Call::Forget(key) => {
                if let Some((list, at)) = find(&mut naive, key) {
                    naive.leaving(list, at);
                    naive.lists().swap_remove(list).remove(at);
                }
                if matches!(call, Call::Forget(_)) {
                    policy.forget(key);
                    naive.forget_ghost(key);
                } else {
                    policy.gone(key);
                }
            }
            Call::Victim(_) | Call::Overdue(_) | Call::Reset(_) => {
                let here = naive.lists().iter().any(|list| list.iter().any(|held| !held.out));
                let expected = here.then(|| {
                    let (list, at) = naive.candidate();
                    naive.leaving(list, at);
                    let held = naive.lists().swap_remove(list).remove(at);
                    naive.evicted(list, held);
                    held.key
                });
                assert_eq!(policy.victim(None), expected);
            }
        }
    }
}

/// Sizes that differ.
pub(super) fn bytes_of(key: ChunkKey) -> u64 {
    1 + u64::from(key.chunk % 3) * 2
}
