//! Tensors by position and by name: what every reader of a checkpoint sees of it.
//!
//! Invariant: names are unique, and `by_name` holds the index of each.

use super::dtype::StoredDtype;
use crate::error::{Error, ErrorKind, Result};
use std::collections::HashMap;
use std::sync::Arc;

/// One tensor of a checkpoint: what it is, and where its bytes lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorEntry {
    /// Unique name.
    pub name: Arc<str>,
    /// How its elements are stored.
    pub dtype: StoredDtype,
    /// Dims, outermost first; empty for a scalar. Rows are contiguous, the last dim varies fastest.
    pub shape: Vec<usize>,
    /// Index into [`Checkpoint::files`](super::Checkpoint::files).
    pub file: u32,
    /// First byte, counted from the start of that file.
    pub offset: u64,
    /// Bytes: product of the shape times the width of the dtype. 0 where a dim is 0.
    pub bytes: u64,
}

impl TensorEntry {
    /// Number of elements.
    #[must_use]
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// First byte after the tensor, counted from the start of its file.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.offset + self.bytes
    }

    /// Whether its first byte lies on a multiple of `alignment` bytes in the file.
    #[must_use]
    pub fn is_aligned_to(&self, alignment: u64) -> bool {
        self.offset.is_multiple_of(alignment)
    }
}

/// Entries in file order, and the way to one by name.
#[derive(Debug)]
pub(super) struct Catalogue {
    entries: Vec<TensorEntry>,
    by_name: HashMap<Arc<str>, usize>,
}

impl Catalogue {
    /// Indexes `entries`, keeping their order.
    ///
    /// # Errors
    /// `Format` naming the tensor when two entries share a name.
    pub(super) fn new(entries: Vec<TensorEntry>) -> Result<Self> {
        let mut by_name = HashMap::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            if by_name.insert(Arc::clone(&entry.name), index).is_some() {
                return Err(
                    Error::new(ErrorKind::Format, "two tensors have one name").with("tensor", &entry.name)
                );
            }
        }
        Ok(Self { entries, by_name })
    }

    /// Entries in file order.
    pub(super) fn entries(&self) -> &[TensorEntry] {
        &self.entries
    }

    /// Gives the entries back.
    pub(super) fn into_entries(self) -> Vec<TensorEntry> {
        self.entries
    }

    /// The position of the entry called `name`.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The entry called `name`.
    pub(super) fn get(&self, name: &str) -> Option<&TensorEntry> {
        self.by_name.get(name).map(|index| &self.entries[*index])
    }
}
