//! A policy of the application, contained: it may choose badly, it cannot choose wrongly, hang or unwind the engine.
//!
//! Beside it a list of what is evictable is kept, in order of idleness. A victim that is not on the list, or none
//! where one may go, is replaced by the longest idle copy; a policy that panics is asked no more, and the list
//! decides from then on.

use super::Evict;
use super::lru::Lru;
use crate::object::{ChunkKey, NextUse};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Holds another policy to its contract.
#[derive(Debug)]
pub struct Contained {
    /// `None` once it has panicked.
    inner: Option<Box<dyn Evict>>,
    name: &'static str,
    idle: Lru,
    /// The position asked for last, and how many overdue copies it may still name.
    overdue: (u64, usize),
}

impl Contained {
    /// Contains a policy that holds nothing yet.
    #[must_use]
    pub fn new(inner: Box<dyn Evict>) -> Self {
        let mut contained = Self { inner: Some(inner), name: "contained", idle: Lru::new(), overdue: (0, 0) };
        if let Some(name) = contained.ask(|inner| inner.name()) {
            contained.name = name;
        }
        contained
    }

    /// Asks the policy; `None` where it has panicked, now or before.
    fn ask<T>(&mut self, question: impl FnOnce(&mut dyn Evict) -> T) -> Option<T> {
        let inner = self.inner.as_mut()?;
        let answer = catch_unwind(AssertUnwindSafe(|| question(&mut **inner)));
        if answer.is_err() {
            let broken = self.inner.take();
            // What panics in its methods may panic when it is dropped.
            drop(catch_unwind(AssertUnwindSafe(|| drop(broken))));
        }
        answer.ok()
    }
}

impl Evict for Contained {
    fn name(&self) -> &'static str {
        self.name
    }

    fn insert(&mut self, key: ChunkKey, bytes: u64, next_use: NextUse) {
        self.idle.insert(key, bytes, next_use);
        self.ask(|inner| inner.insert(key, bytes, next_use));
    }

    fn insert_unused(&mut self, key: ChunkKey, bytes: u64, next_use: NextUse) {
        self.idle.insert_unused(key, bytes, next_use);
        self.ask(|inner| inner.insert_unused(key, bytes, next_use));
    }

    fn remove(&mut self, key: ChunkKey) -> bool {
        self.ask(|inner| inner.remove(key));
        self.idle.remove(key)
    }

    fn gone(&mut self, key: ChunkKey) {
        self.ask(|inner| inner.gone(key));
        self.idle.gone(key);
    }

    fn forget(&mut self, key: ChunkKey) {
        self.ask(|inner| inner.forget(key));
        self.idle.forget(key);
    }

    fn victim(&mut self, not_before: Option<NextUse>) -> Option<ChunkKey> {
        let chosen = self.ask(|inner| inner.victim(not_before)).flatten();
        if let Some(key) = chosen.filter(|key| self.idle.remove(*key)) {
            self.idle.gone(key);
            return Some(key);
        }
        if chosen.is_none() && not_before.is_some() {
            // It may know why none should go; nobody waits for this room.
            return None;
        }
        let key = self.idle.victim(not_before)?;
        self.ask(|inner| inner.gone(key));
        Some(key)
    }

    fn overdue(&mut self, now: u64) -> Option<ChunkKey> {
        if self.overdue.0 != now {
            self.overdue = (now, self.idle.len());
        }
        self.overdue.1 = self.overdue.1.checked_sub(1)?;
        self.ask(|inner| inner.overdue(now)).flatten().filter(|key| self.idle.remove(*key))
    }

    fn reset(&mut self, next_use: &mut dyn FnMut(ChunkKey) -> NextUse) {
        self.idle.reset(next_use);
        self.ask(|inner| inner.reset(next_use));
    }

    fn len(&self) -> usize {
        self.idle.len()
    }
}

#[cfg(test)]
mod tests;
