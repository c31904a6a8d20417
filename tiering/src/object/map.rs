//! A map from chunks to small values by two array indexes: no hashing on hot paths.
//!
//! Chunk keys are dense, so a row per object and a cell per chunk waste little; cells that were never written read
//! as the default.

use super::ChunkKey;

/// Values by chunk; grows on write.
///
/// ```
/// use stratal_tiering::object::{ChunkKey, map::ChunkMap};
/// let mut uses = ChunkMap::<u32>::new();
/// let key = ChunkKey { object: 3, chunk: 1 };
/// *uses.entry(key) += 2;
/// assert_eq!((uses.get(key), uses.get(ChunkKey { object: 9, chunk: 0 })), (2, 0));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ChunkMap<T> {
    rows: Vec<Vec<T>>,
}

impl<T: Clone + Default> ChunkMap<T> {
    /// An empty map.
    #[must_use]
    pub const fn new() -> Self {
        Self { rows: Vec::new() }
    }

    /// The value of a chunk, or the default where none was written.
    #[must_use]
    pub fn get(&self, key: ChunkKey) -> T {
        self.peek(key).cloned().unwrap_or_default()
    }

    /// The value of a chunk, if its cell exists.
    #[must_use]
    pub fn peek(&self, key: ChunkKey) -> Option<&T> {
        self.rows.get(key.object as usize)?.get(key.chunk as usize)
    }

    /// The cell of a chunk, made with the default where it did not exist.
    pub fn entry(&mut self, key: ChunkKey) -> &mut T {
        let (object, chunk) = (key.object as usize, key.chunk as usize);
        if self.rows.len() <= object {
            self.rows.resize_with(object + 1, Vec::new);
        }
        let row = &mut self.rows[object];
        if row.len() <= chunk {
            row.resize_with(chunk + 1, T::default);
        }
        &mut row[chunk]
    }

    /// Takes the value of a chunk, leaving the default; allocates nothing.
    pub fn take(&mut self, key: ChunkKey) -> T {
        let cell = self.rows.get_mut(key.object as usize).and_then(|row| row.get_mut(key.chunk as usize));
        cell.map(std::mem::take).unwrap_or_default()
    }

    /// Every cell that exists, with its key.
    pub fn iter(&self) -> impl Iterator<Item = (ChunkKey, &T)> {
        let rows = (0_u32..).zip(&self.rows);
        rows.flat_map(|(object, row)| {
            (0_u32..).zip(row).map(move |(chunk, cell)| (ChunkKey { object, chunk }, cell))
        })
    }

    /// Every cell that exists, with its key, to change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (ChunkKey, &mut T)> {
        let rows = (0_u32..).zip(&mut self.rows);
        rows.flat_map(|(object, row)| {
            (0_u32..).zip(row).map(move |(chunk, cell)| (ChunkKey { object, chunk }, cell))
        })
    }

    /// Forgets every value, keeping the memory of the rows.
    pub fn clear(&mut self) {
        self.rows.iter_mut().for_each(Vec::clear);
    }
}
