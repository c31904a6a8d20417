//! The index of a named store: which tensors it holds and where, safe across crashes.
//!
//! Invariant: a tensor is in the index that is read after a crash if and only if its commit had returned, or was under
//! way and became whole; extents of a tensor that was replaced or removed are given back only after the commit that
//! says so.

mod journal;
mod medium;
mod record;

pub use record::{Stored, StoredChunk};

use crate::error::{Error, ErrorKind, Result};
use crate::store::checksum::Checksum;
use medium::{Journal, Medium};
use record::Record;
use std::collections::HashMap;
use std::io;
use std::path::Path;

/// The journal begins with this block.
const SUPERBLOCK_BYTES: usize = 64;
const MAGIC: &[u8; 8] = b"STRATAL\n";
const VERSION: u32 = 1;

/// Payload of one commit of a compacted journal.
const COMPACT_BYTES: usize = 1 << 20;

/// A journal is compacted once it is so many times as long as its records, and longer than this.
const SLACK: usize = 3;
const SHORT_BYTES: usize = 1 << 20;

/// The tensors of a named store.
#[derive(Debug)]
pub struct Index {
    medium: Box<dyn Medium>,
    store: u64,
    disks: u16,
    tensors: HashMap<Box<str>, Stored>,
    next_seq: u64,
    end: usize,
    live_bytes: usize,
    /// After a failed write nobody knows what is on the medium: no more commits until it is opened anew.
    broken: bool,
}

impl Index {
    /// Opens the index at `path`, or makes an empty one for a store of `disks` disks.
    ///
    /// # Errors
    /// `Format` where the file is damaged, or of a store with other disks; `Io`.
    pub fn open(path: &Path, disks: u16) -> Result<Self> {
        let named = |error: Error| error.with("file", path.display());
        Self::over(Box::new(Journal::new(path.to_path_buf())), disks).map_err(named)
    }

    fn over(medium: Box<dyn Medium>, disks: u16) -> Result<Self> {
        let Some(bytes) = medium.read()? else {
            let mut id = [0; 8];
            super::random::fill(&mut id)?;
            let mut index = Self::empty(medium, u64::from_le_bytes(id), disks);
            index.compact()?;
            return Ok(index);
        };
        let store = superblock(&bytes, disks)?;
        let replay = journal::replay(&bytes, SUPERBLOCK_BYTES, store)?;
        let mut index = Self::empty(medium, store, disks);
        (index.next_seq, index.end) = (replay.next_seq, replay.end);
        for payload in replay.payloads {
            let mut payload = &bytes[payload];
            while !payload.is_empty() {
                let before = payload.len();
                let record = Record::read(&mut payload)?;
                index.apply(record, before - payload.len());
            }
        }
        if index.end < bytes.len() {
            // A torn commit lies behind: nothing of it may be taken for a later one.
            index.compact()?;
        }
        Ok(index)
    }

    fn empty(medium: Box<dyn Medium>, store: u64, disks: u16) -> Self {
        let (tensors, end) = (HashMap::new(), SUPERBLOCK_BYTES);
        Self { medium, store, disks, tensors, next_seq: 0, end, live_bytes: 0, broken: false }
    }

    /// The tensors, in no order.
    pub fn tensors(&self) -> impl Iterator<Item = &Stored> {
        self.tensors.values()
    }

    /// A tensor by name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Stored> {
        self.tensors.get(name)
    }

    /// Puts tensors in, in one commit; safe once this returns. Gives back those that they replace.
    ///
    /// # Errors
    /// `Io` or `NoSpace` of the medium; `Unsupported` where a name is too long.
    pub fn put(&mut self, tensors: Vec<Stored>) -> Result<Vec<Stored>> {
        if let Some(stored) = tensors.iter().find(|stored| !record::is_name(&stored.name)) {
            let message = format!("a name of {} bytes cannot be stored", stored.name.len());
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        self.commit(tensors.into_iter().map(Record::Tensor).collect())
    }

    /// Takes a tensor out; gone for good once this returns. Gives it back, if it was there.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub fn remove(&mut self, name: &str) -> Result<Option<Stored>> {
        if self.get(name).is_none() {
            return Ok(None);
        }
        Ok(self.commit(vec![Record::Removed(name.into())])?.pop())
    }

    /// Commits nothing any more: what its records would name may not be on the medium.
    pub fn give_up(&mut self) {
        self.broken = true;
    }

    fn commit(&mut self, records: Vec<Record>) -> Result<Vec<Stored>> {
        if self.broken {
            return Err(Error::new(ErrorKind::Io, "the store's index failed before; open the store anew"));
        }
        let mut payload = Vec::new();
        let mut lengths = Vec::new();
        for record in &records {
            let before = payload.len();
            record.write(&mut payload);
            lengths.push(payload.len() - before);
        }
        if payload.len() > journal::PAYLOAD_MAX {
            return Err(Error::new(ErrorKind::Unsupported, "so many chunks cannot be committed at once"));
        }
        let mut bytes = Vec::new();
        journal::append(&mut bytes, self.store, self.next_seq, &payload);
        let written = self.medium.write(&bytes, self.end as u64).and_then(|()| self.medium.sync());
        if let Err(cause) = written {
            self.broken = true;
            return Err(failed(cause));
        }
        self.next_seq += 1;
        self.end += bytes.len();
        let replaced =
            records.into_iter().zip(lengths).filter_map(|(record, len)| self.apply(record, len)).collect();
        if self.end > SHORT_BYTES && self.end > SLACK * self.live_bytes {
            self.compact()?;
        }
        Ok(replaced)
    }

    /// Takes a record in; gives back the tensor that it replaces or removes.
    fn apply(&mut self, record: Record, len: usize) -> Option<Stored> {
        let replaced = match record {
            Record::Removed(name) => self.tensors.remove(&name),
            Record::Tensor(stored) => {
                self.live_bytes += len;
                self.tensors.insert(stored.name.clone(), stored)
            }
        };
        if let Some(replaced) = &replaced {
            self.live_bytes = self.live_bytes.saturating_sub(replaced.record_bytes());
        }
        replaced
    }

    /// Writes the journal anew, without what was replaced or removed.
    fn compact(&mut self) -> Result<()> {
        let mut bytes = head(self.store, self.disks).to_vec();
        let (mut payload, mut seq) = (Vec::new(), 0);
        for stored in self.tensors.values() {
            Record::Tensor(stored.clone()).write(&mut payload);
            if payload.len() > COMPACT_BYTES {
                journal::append(&mut bytes, self.store, seq, &payload);
                seq += 1;
                payload.clear();
            }
        }
        if !payload.is_empty() {
            journal::append(&mut bytes, self.store, seq, &payload);
            seq += 1;
        }
        if let Err(cause) = self.medium.replace(&bytes) {
            self.broken = true;
            return Err(failed(cause));
        }
        (self.next_seq, self.end) = (seq, bytes.len());
        Ok(())
    }
}

impl Stored {
    /// Bytes of its record.
    fn record_bytes(&self) -> usize {
        10 + self.name.len() + self.dtype.len() + 8 * self.shape.len() + 40 * self.chunks.len()
    }
}

fn failed(cause: io::Error) -> Error {
    let full = matches!(cause.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    let kind = if full { ErrorKind::NoSpace } else { ErrorKind::Io };
    Error::new(kind, "the store's index cannot be written").caused_by(cause)
}

fn head(store: u64, disks: u16) -> [u8; SUPERBLOCK_BYTES] {
    let mut head = [0; SUPERBLOCK_BYTES];
    head[..8].copy_from_slice(MAGIC);
    head[8..12].copy_from_slice(&VERSION.to_le_bytes());
    head[12..14].copy_from_slice(&disks.to_le_bytes());
    head[16..24].copy_from_slice(&store.to_le_bytes());
    let sum = Checksum::of(&head[..60]).bits();
    head[60..].copy_from_slice(&sum.to_le_bytes());
    head
}

/// The number of the store that a superblock names.
fn superblock(bytes: &[u8], disks: u16) -> Result<u64> {
    let wrong = |what: String| Error::new(ErrorKind::Format, what);
    let head = bytes.first_chunk::<SUPERBLOCK_BYTES>().ok_or_else(|| wrong("no index of a store".into()))?;
    let mut id = [0; 8];
    id.copy_from_slice(&head[16..24]);
    let store = u64::from_le_bytes(id);
    let theirs = u16::from_le_bytes([head[12], head[13]]);
    if head[..8] != *MAGIC || head[8..12] != VERSION.to_le_bytes() {
        return Err(wrong("no index of a store of this version".into()));
    }
    if *head != self::head(store, theirs) {
        return Err(wrong("the head of the store's index is damaged".into()));
    }
    if theirs != disks {
        return Err(wrong(format!("the store has {theirs} disks, the policy names {disks}")));
    }
    Ok(store)
}

#[cfg(test)]
mod tests;
