//! Every chunk of every object, dense: two array indexes from a key to its record.
//!
//! Invariant: an object's index names nothing else until all its chunks are gone.

use super::state::{Broken, Chunk, CopyState, Refused};
use crate::object::ChunkKey;
use crate::tier::TierId;

/// What the home of a new object holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Birth {
    /// A read-only origin holds generation 0 of every chunk.
    AtOrigin,
    /// Nothing yet: each chunk is born by a first write.
    Unborn,
}

/// The residency of all objects.
#[derive(Debug, Default)]
pub struct Table {
    tiers: usize,
    objects: Vec<Option<Box<[Chunk]>>>,
    free: Vec<u32>,
}

impl Table {
    /// An empty table over a topology of `tiers` tiers.
    #[must_use]
    pub fn new(tiers: usize) -> Self {
        Self { tiers, objects: Vec::new(), free: Vec::new() }
    }

    /// Adds an object of `chunks` chunks and gives it an index, the lowest cost one free.
    pub fn add(&mut self, chunks: u32, birth: Birth) -> u32 {
        let chunk = match birth {
            Birth::AtOrigin => Chunk::at_origin(self.tiers),
            Birth::Unborn => Chunk::unborn(self.tiers),
        };
        let record = Some(vec![chunk; chunks as usize].into_boxed_slice());
        if let Some(index) = self.free.pop() {
            self.objects[index as usize] = record;
            return index;
        }
        self.objects.push(record);
        u32::try_from(self.objects.len() - 1).unwrap_or(u32::MAX)
    }

    /// The record of a chunk.
    #[must_use]
    pub fn get(&self, key: ChunkKey) -> Option<&Chunk> {
        self.chunks(key.object)?.get(key.chunk as usize)
    }

    /// The record of a chunk, to change it.
    pub fn get_mut(&mut self, key: ChunkKey) -> Option<&mut Chunk> {
        self.chunks_mut(key.object)?.get_mut(key.chunk as usize)
    }

    /// All chunks of an object, in order.
    #[must_use]
    pub fn chunks(&self, object: u32) -> Option<&[Chunk]> {
        self.objects.get(object as usize)?.as_deref()
    }

    /// All chunks of an object, to change them.
    pub fn chunks_mut(&mut self, object: u32) -> Option<&mut [Chunk]> {
        self.objects.get_mut(object as usize)?.as_deref_mut()
    }

    /// Removes an object whose chunks are all gone (forgotten, nothing held) and frees its index.
    ///
    /// # Errors
    /// `Busy` while a chunk still holds something; `Absent` where there is no such object.
    pub fn remove(&mut self, object: u32) -> Result<(), Refused> {
        let chunks = self.chunks(object).ok_or(Refused::Absent)?;
        if !chunks.iter().all(Chunk::is_gone) {
            return Err(Refused::Busy);
        }
        self.objects[object as usize] = None;
        self.free.push(object);
        Ok(())
    }

    /// Every chunk with its key.
    pub fn iter(&self) -> impl Iterator<Item = (ChunkKey, &Chunk)> {
        let objects =
            (0_u32..).zip(&self.objects).filter_map(|(object, chunks)| Some((object, chunks.as_deref()?)));
        objects.flat_map(|(object, chunks)| {
            (0_u32..).zip(chunks).map(move |(chunk, record)| (ChunkKey { object, chunk }, record))
        })
    }

    /// Bytes that copies in `tier` occupy, in-flight ones included, where `bytes` says what one copy takes: equals
    /// the ledger of that tier.
    pub fn occupied_bytes(&self, tier: TierId, mut bytes: impl FnMut(ChunkKey) -> u64) -> u64 {
        let present = self.iter().filter(|(_, chunk)| chunk.state(tier) != CopyState::Absent);
        present.map(|(key, _)| bytes(key)).sum()
    }

    /// Walks the invariants of every chunk.
    ///
    /// # Errors
    /// The first chunk that breaks one.
    pub fn check(&self) -> Result<(), (ChunkKey, Broken)> {
        self.iter().try_for_each(|(key, chunk)| chunk.check().map_err(|broken| (key, broken)))
    }
}

#[cfg(test)]
mod tests;
