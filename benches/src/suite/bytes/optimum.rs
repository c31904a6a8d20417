//! What MIN and LRU read of a sequence of unit tensors, by the definitions: no code is shared with the engine.

use std::collections::{HashMap, VecDeque};

/// Misses of each lease of `leases`, by Belady's choice in a memory of `room` that holds `present`: what is used last,
/// or never, goes.
pub(super) fn min(leases: &[usize], room: usize, present: &[usize]) -> Vec<bool> {
    let mut uses: HashMap<usize, VecDeque<usize>> = HashMap::new();
    for (at, tensor) in leases.iter().enumerate() {
        uses.entry(*tensor).or_default().push_back(at);
    }
    let mut present = present.to_vec();
    let mut missed = Vec::with_capacity(leases.len());
    for tensor in leases {
        uses.get_mut(tensor).map(VecDeque::pop_front);
        let here = present.contains(tensor);
        if !here {
            if present.len() == room {
                let next = |one| uses.get(one).and_then(VecDeque::front).copied().unwrap_or(usize::MAX);
                let last = (0..present.len()).max_by_key(|at| next(&present[*at]));
                last.map(|at| present.swap_remove(at));
            }
            present.push(*tensor);
        }
        missed.push(!here);
    }
    missed
}

/// The last `room` tensors that were used, the latest last: what LRU holds after `leases`.
pub(super) fn latest(leases: &[usize], room: usize) -> Vec<usize> {
    let mut held: Vec<usize> = Vec::new();
    for tensor in leases.iter().rev().filter(|_| room > 0) {
        if held.len() < room && !held.contains(tensor) {
            held.push(*tensor);
        }
    }
    held.reverse();
    held
}

/// Misses by what was used longest ago.
pub(super) fn lru(leases: &[usize], room: usize) -> Vec<bool> {
    let mut present: VecDeque<usize> = VecDeque::new();
    let mut missed = Vec::with_capacity(leases.len());
    for tensor in leases {
        let here = present.iter().position(|one| one == tensor);
        match here {
            Some(at) => drop(present.remove(at)),
            None if present.len() == room => drop(present.pop_front()),
            None => {}
        }
        present.push_back(*tensor);
        missed.push(here.is_none());
    }
    missed
}

#[cfg(test)]
mod tests;
