//! Whichever of several policies would have read the fewest bytes of late, found by shadow caches.
//!
//! ```text
//!              ┌─> shadow lru      ┐                 each shadow holds keys, no bytes, as many as memory holds
//!   every use ─┼─> shadow s3-fifo  ├─ hits ─> leader ─> victims: what the leader's shadow does not hold,
//!              └─> shadow …        ┘                               then what its shadow would evict next
//! ```
//!
//! While memory holds few copies every shadow is complete, and after a change of leader memory turns into what the
//! new leader's shadow holds as fast as it misses: no more is lost than that. (Subramanian et al., "Adaptive
//! Caches", MICRO 2006.) Beyond `COPIES_COMPLETE` copies the shadows hold a sample of the keys, chosen by hash,
//! in proportionally less memory (Waldspurger et al., "Efficient MRC Construction with SHARDS", FAST 2015), and the
//! leader orders the copies themselves.
//!
//! Cost: at most `COPIES_COMPLETE` nodes, and as many ghosts, of 56 bytes in each shadow; 24 bytes for every copy,
//! and when sampling one node more; each use updates every shadow that samples its key. Everything is O(1)
//! amortised, but a change of leader takes a look at every copy.

mod contest;
mod expert;
mod memory;
mod shadow;

use super::Evict;
use crate::object::map::ChunkMap;
use crate::object::{ChunkKey, NextUse};
use contest::Contest;
use expert::{EXPERTS, Ordered};
use memory::Memory;
use shadow::{Sampling, Shadow};
use std::collections::VecDeque;

/// Copies up to which shadows are complete.
const COPIES_COMPLETE: usize = 1 << 15;

/// What is known of a copy in memory; no bytes where there is none.
#[derive(Clone, Copy, Debug, Default)]
struct Resident {
    bytes: u64,
    evictable: bool,
    next_use: Option<NextUse>,
}

/// Follows the policy whose shadow hits the most bytes.
#[derive(Debug)]
pub struct Adaptive {
    residents: ChunkMap<Resident>,
    bytes: u64,
    copies: usize,
    evictable: usize,
    memory: Memory,
    sampling: Sampling,
    shadows: [Shadow; EXPERTS.len()],
    contest: Contest,
    /// Copies that the leader's shadow does not hold, if they are still here and evictable. Unless sampling.
    strangers: VecDeque<ChunkKey>,
    /// The copies in the order of the leader, when sampling.
    order: Option<Box<dyn Ordered>>,
}

impl Default for Adaptive {
    fn default() -> Self {
        Self::new()
    }
}

impl Adaptive {
    /// An empty policy.
    #[must_use]
    pub fn new() -> Self {
        Self {
            residents: ChunkMap::new(),
            bytes: 0,
            copies: 0,
            evictable: 0,
            memory: Memory::default(),
            sampling: Sampling::default(),
            shadows: EXPERTS.map(Shadow::new),
            contest: Contest::new(),
            strangers: VecDeque::new(),
            order: None,
        }
    }

    /// The policy that is followed now.
    #[must_use]
    pub fn leader(&self) -> &'static str {
        EXPERTS[self.contest.leader()].name()
    }

    fn put(&mut self, key: ChunkKey, bytes: u64, next_use: NextUse, used: bool) {
        let next = Resident { bytes, evictable: true, next_use: Some(next_use) };
        let before = std::mem::replace(self.residents.entry(key), next);
        self.bytes = self.bytes - before.bytes + bytes;
        self.copies += usize::from(before.bytes == 0);
        self.evictable += usize::from(!before.evictable);
        match &mut self.order {
            Some(order) if used => order.insert(key, bytes, next_use),
            Some(order) => order.insert_unused(key, bytes, next_use),
            None => {}
        }
        self.memory.used(self.copies);
        if self.sampling.takes(key) {
            self.shadow(key, bytes, next_use, used);
        }
        if self.copies >> self.sampling.shift > COPIES_COMPLETE {
            self.sample_fewer();
        }
    }

    /// Plays one use on the shadows, and follows the leader they say.
    fn shadow(&mut self, key: ChunkKey, bytes: u64, next_use: NextUse, used: bool) {
        let Self { shadows, strangers, contest, sampling, .. } = self;
        let capacity_bytes = (self.memory.capacity_bytes() >> sampling.shift).max(1);
        let mut hits = [false; EXPERTS.len()];
        let complete = self.order.is_none();
        for (index, (shadow, hit)) in shadows.iter_mut().zip(&mut hits).enumerate() {
            let leads = complete && index == contest.leader();
            let mut evicted = |key| {
                if leads {
                    strangers.push_back(key);
                }
            };
            *hit = shadow.admit((key, bytes, next_use), used, capacity_bytes, &mut evicted);
        }
        let (present_bytes, copies) = (self.bytes >> sampling.shift, self.copies >> sampling.shift);
        if used && contest.note(hits, bytes, present_bytes, copies) {
            self.follow();
        }
        if self.strangers.len() > 2 * self.copies + 64 {
            self.find_strangers();
        }
    }

    /// Turns to the new leader.
    fn follow(&mut self) {
        let leader = self.contest.leader();
        let Some(mut old) = self.order.take() else { return self.find_strangers() };
        let mut new = EXPERTS[leader].make();
        while let Some(key) = old.victim(None) {
            let Resident { bytes, next_use, .. } = self.residents.get(key);
            new.insert_unused(key, bytes, next_use.unwrap_or(NextUse::Never));
        }
        self.order = Some(new);
    }

    /// The copies that the leader's shadow does not hold.
    fn find_strangers(&mut self) {
        let leader = &self.shadows[self.contest.leader()].policy;
        let here = self.residents.iter().filter(|(_, resident)| resident.evictable);
        self.strangers = here.map(|(key, _)| key).filter(|key| !leader.holds(*key)).collect();
    }

    /// Halves the keys that shadows see. They begin anew; the copies keep the leader's order.
    fn sample_fewer(&mut self) {
        self.sampling.shift += 1;
        let leader = self.contest.leader();
        if self.order.is_none() {
            self.find_strangers();
            let mut order = EXPERTS[leader].make();
            let shadow = &mut self.shadows[leader];
            let rest = std::iter::from_fn(|| shadow.evict(None));
            for key in self.strangers.drain(..).chain(rest) {
                let Resident { bytes, evictable, next_use } = self.residents.get(key);
                if evictable {
                    order.insert_unused(key, bytes, next_use.unwrap_or(NextUse::Never));
                }
            }
            self.order = Some(order);
        }
        self.shadows = EXPERTS.map(Shadow::new);
    }

    /// The victim while shadows are complete: a stranger to the leader, or what its shadow would evict.
    fn complete_victim(&mut self, not_before: Option<NextUse>) -> Option<ChunkKey> {
        let Self { residents, strangers, shadows, contest, .. } = self;
        let shadow = &mut shadows[contest.leader()];
        while let Some(key) = strangers.front().copied() {
            let Resident { evictable, next_use, .. } = residents.get(key);
            if !evictable || shadow.policy.holds(key) {
                strangers.pop_front();
            } else if not_before.zip(next_use).is_some_and(|(limit, next_use)| !next_use.yields_to(limit)) {
                break;
            } else {
                return strangers.pop_front();
            }
        }
        std::iter::from_fn(|| shadow.evict(not_before)).find(|key| residents.get(*key).evictable)
    }

    /// A copy is no longer in memory.
    fn leave(&mut self, key: ChunkKey) {
        let resident = self.residents.take(key);
        self.bytes -= resident.bytes;
        self.copies -= usize::from(resident.bytes > 0);
        self.evictable -= usize::from(resident.evictable);
    }
}

impl Evict for Adaptive {
    fn name(&self) -> &'static str {
        "adaptive"
    }

    fn insert(&mut self, key: ChunkKey, bytes: u64, next_use: NextUse) {
        self.put(key, bytes, next_use, true);
    }

    fn insert_unused(&mut self, key: ChunkKey, bytes: u64, next_use: NextUse) {
        self.put(key, bytes, next_use, false);
    }

    fn remove(&mut self, key: ChunkKey) -> bool {
        if !self.residents.get(key).evictable {
            return false;
        }
        self.residents.entry(key).evictable = false;
        self.evictable -= 1;
        if let Some(order) = &mut self.order {
            order.remove(key);
        }
        if self.sampling.takes(key) {
            for shadow in &mut self.shadows {
                shadow.policy.remove(key);
            }
        }
        true
    }

    fn gone(&mut self, key: ChunkKey) {
        let Resident { bytes, .. } = self.residents.get(key);
        self.leave(key);
        if let Some(order) = &mut self.order {
            order.gone(key);
        }
        // Shadows that would have kept it do: it is theirs to evict again.
        for shadow in &mut self.shadows {
            if bytes > 0 && shadow.policy.holds(key) {
                shadow.policy.insert_unused(key, bytes, NextUse::Never);
            }
        }
    }

    fn forget(&mut self, key: ChunkKey) {
        self.leave(key);
        if let Some(order) = &mut self.order {
            order.forget(key);
        }
        self.shadows.iter_mut().for_each(|shadow| shadow.forget(key));
    }

    fn victim(&mut self, not_before: Option<NextUse>) -> Option<ChunkKey> {
        if self.evictable == 0 {
            return None;
        }
        self.memory.full_at(self.bytes);
        let victim = match &mut self.order {
            Some(order) => order.victim(not_before),
            None => self.complete_victim(not_before),
        }?;
        self.leave(victim);
        Some(victim)
    }

    fn overdue(&mut self, _now: u64) -> Option<ChunkKey> {
        None
    }

    fn reset(&mut self, next_use: &mut dyn FnMut(ChunkKey) -> NextUse) {
        for (key, resident) in self.residents.iter_mut().filter(|(_, resident)| resident.bytes > 0) {
            resident.next_use = Some(next_use(key));
        }
        self.shadows.iter_mut().for_each(|shadow| shadow.policy.reset(next_use));
        if let Some(order) = &mut self.order {
            order.reset(next_use);
        }
    }

    fn len(&self) -> usize {
        self.evictable
    }
}

#[cfg(test)]
mod tests;
