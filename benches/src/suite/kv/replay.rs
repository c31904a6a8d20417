//! A memory of keys: requests in, hits out. The policy under test only orders what is here.

use super::trace::Requests;
use std::hint::black_box;
use std::time::Instant;
use stratal::tiering::object::{ChunkKey, NextUse};
use stratal::tiering::residency::evict::{
    Evict, adaptive::Adaptive, arc::Arc, guided::Guided, lfu::Lfu, lru::Lru, s3_fifo::S3Fifo, slru::Slru,
};

/// The policies that the adaptive one is held against.
pub(super) const RIVALS: [&str; 5] = ["lru", "lfu", "s3-fifo", "slru", "arc"];

/// Belady's choice, by a program of its own that shares no code with the policies.
pub(super) const MIN: &str = "MIN";

/// One trace in a memory of one size.
#[derive(Debug)]
pub(super) struct Replay<'a> {
    requests: &'a Requests,
    percent: u32,
    capacity_bytes: u64,
}

impl<'a> Replay<'a> {
    pub(super) fn new(requests: &'a Requests, percent: u32) -> Self {
        let capacity_bytes = (requests.distinct_bytes() * u64::from(percent) / 100).max(1);
        Self { requests, percent, capacity_bytes }
    }

    /// Hits per hundred requests.
    pub(super) fn hits(&self, policy: &str) -> f64 {
        let which = (self.percent, policy.to_owned());
        if let Some(known) = self.requests.known.borrow().get(&which) {
            return *known;
        }
        let hits = match policy {
            MIN => self.farthest_first(),
            _ => self.play(&mut *named(policy), policy == "min"),
        };
        let hits = 100.0 * hits as f64 / self.requests.keys.len() as f64;
        self.requests.known.borrow_mut().insert(which, hits);
        hits
    }

    pub(super) fn ns_per_request(&self, policy: &str) -> f64 {
        let mut policy = named(policy);
        let begun = Instant::now();
        black_box(self.play(&mut *policy, false));
        begun.elapsed().as_nanos() as f64 / self.requests.keys.len() as f64
    }

    fn play(&self, policy: &mut dyn Evict, hinted: bool) -> usize {
        let mut present = vec![false; self.requests.bytes.len()];
        let (mut used_bytes, mut hits) = (0, 0);
        for (at, &key) in self.requests.keys.iter().enumerate() {
            let bytes = self.requests.bytes[key as usize];
            let chunk = ChunkKey { object: 0, chunk: key };
            if present[key as usize] {
                hits += 1;
                policy.remove(chunk);
            } else if bytes > self.capacity_bytes {
                continue;
            }
            while !present[key as usize]
                && used_bytes + bytes > self.capacity_bytes
                && let Some(victim) = policy.victim(None)
            {
                present[victim.chunk as usize] = false;
                used_bytes -= self.requests.bytes[victim.chunk as usize];
                policy.gone(victim);
            }
            if !std::mem::replace(&mut present[key as usize], true) {
                used_bytes += bytes;
            }
            let next = if hinted { self.requests.next[at] } else { None };
            policy.insert(chunk, bytes, next.map_or(NextUse::Never, NextUse::At));
        }
        hits
    }

    /// MIN: what is needed last goes first.
    fn farthest_first(&self) -> usize {
        let mut place: Vec<Option<u64>> = vec![None; self.requests.bytes.len()];
        let mut order = std::collections::BTreeSet::new();
        let (mut used_bytes, mut hits) = (0, 0);
        for (at, &key) in self.requests.keys.iter().enumerate() {
            let bytes = self.requests.bytes[key as usize];
            if let Some(next) = place[key as usize].take() {
                hits += 1;
                used_bytes -= bytes;
                order.remove(&(next, key));
            }
            if bytes > self.capacity_bytes {
                continue;
            }
            while used_bytes + bytes > self.capacity_bytes
                && let Some((_, victim)) = order.pop_last()
            {
                place[victim as usize] = None;
                used_bytes -= self.requests.bytes[victim as usize];
            }
            let next = self.requests.next[at].unwrap_or(u64::MAX);
            place[key as usize] = Some(next);
            order.insert((next, key));
            used_bytes += bytes;
        }
        hits
    }
}

fn named(policy: &str) -> Box<dyn Evict> {
    match policy {
        "lru" => Box::new(Lru::new()),
        "lfu" => Box::new(Lfu::new()),
        "s3-fifo" => Box::new(S3Fifo::new()),
        "slru" => Box::new(Slru::new()),
        "arc" => Box::new(Arc::new()),
        "min" => Box::new(Guided::new(Box::new(Adaptive::new()))),
        _ => Box::new(Adaptive::new()),
    }
}
