//! The store: one spill file per disk, and a record of each copy in them.
//!
//! Copies go to the disks in turn, so that reads and writes of many chunks use all of them. A disk without room is
//! left out until something on it is released; only when all are full is there no space.
//!
//! Invariant: a record names an extent of one disk, or none yet; an extent belongs to one record and goes back to its
//! disk with it.
//!
//! ```text
//! slot 0 ──> record { disk 0, extent, checksum }      disk 0  |#0##|#2#|......|
//! slot 1 ──> record { disk 1, extent, checksum }      disk 1  |##1##|.........|
//! slot 2 ──> record { disk 0, extent, checksum }
//! ```

use super::checksum::Checksum;
use super::codec::{Form, Seal};
use super::extent::{Extent, Extents};
use super::index::{Index, StoredChunk};
use super::spill::SpillFile;
use crate::error::{Error, ErrorKind, Result};
use crate::io::file::IoFile;
use crate::policy::Disk;
use crate::residency::state::ExtentSlot;
use std::path::Path;
use std::sync::Arc;

/// Where a copy lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which disk of the store.
    pub disk: u16,
    /// Byte offset in its file.
    pub offset: u64,
    /// Bytes that belong to the copy there: whole blocks.
    pub len: u64,
}

/// What was written of a copy, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// What the stored bytes are.
    pub form: Form,
    /// How many there are; the rest of the extent is padding.
    pub bytes: u32,
    /// What they add up to.
    pub checksum: Checksum,
    /// What they open with, if they are encrypted.
    pub seal: Option<Seal>,
}

/// One copy in the store.
#[derive(Debug, Default)]
struct Record {
    place: Option<(u16, Extent)>,
    written: Option<Written>,
    /// Who holds it besides the first holder.
    more_holders: u32,
}

/// A disk as the store uses it.
#[derive(Debug)]
struct Stripe {
    file: SpillFile,
    /// The shortest length that was refused since something was released.
    refused_bytes: Option<u64>,
}

/// Spilled copies on one or several disks, by slot. Dropping it gives all their space back.
///
/// ```
/// use stratal_tiering::policy::Disk;
/// use stratal_tiering::store::Store;
/// # fn main() -> Result<(), stratal_tiering::error::Error> {
/// let disk = |capacity| Disk { directory: std::env::temp_dir(), capacity_bytes: Some(capacity) };
/// let mut store = Store::create(&[disk(1 << 20), disk(1 << 20)], None)?;
/// let slots = [store.reserve(400_000)?, store.reserve(400_000)?];
/// let disks = slots.map(|slot| store.place(slot).map(|place| place.disk));
/// assert_eq!(disks, [Some(0), Some(1)]);
/// slots.into_iter().for_each(|slot| store.release(slot));
/// assert_eq!(store.used_bytes(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Store {
    stripes: Vec<Stripe>,
    /// The disk that is asked first next time.
    next: usize,
    capacity: Option<u64>,
    records: Vec<Option<Record>>,
    free: Vec<u32>,
}

impl Store {
    /// Makes an empty spill file on each disk; together they never hold more than `capacity_bytes`.
    ///
    /// # Errors
    /// Those of [`SpillFile::create`], of the first disk that takes no file; `Policy` without any disk.
    pub fn create(disks: &[Disk], capacity_bytes: Option<u64>) -> Result<Self> {
        if disks.is_empty() || disks.len() > usize::from(u16::MAX) {
            let message = format!("a store has from 1 to 65535 disks, not {}", disks.len());
            return Err(Error::new(ErrorKind::Policy, message));
        }
        let stripe = |disk: &Disk| {
            let capacity = disk.capacity_bytes.into_iter().chain(capacity_bytes).min();
            let file = SpillFile::create(&disk.directory, capacity)?;
            Ok(Stripe { file, refused_bytes: None })
        };
        Ok(Self {
            stripes: disks.iter().map(stripe).collect::<Result<_>>()?,
            next: 0,
            capacity: capacity_bytes,
            records: Vec::new(),
            free: Vec::new(),
        })
    }

    /// Opens the files of the named store: those that its index, read before, says are in use keep their bytes.
    ///
    /// # Errors
    /// Those of [`SpillFile::open`].
    pub fn open(disks: &[Disk], capacity_bytes: Option<u64>, name: &str, index: &Index) -> Result<Self> {
        let mut used = vec![Vec::new(); disks.len()];
        let places = index.tensors().flat_map(|stored| &stored.chunks).filter_map(|chunk| chunk.place);
        for place in places {
            let missing = || Error::new(ErrorKind::Format, "the store's index names a disk that it has not");
            used.get_mut(usize::from(place.disk)).ok_or_else(missing)?.push((place.offset, place.len));
        }
        let stripe = |((number, disk), used): ((usize, &Disk), Vec<(u64, u64)>)| {
            let capacity = disk.capacity_bytes.into_iter().chain(capacity_bytes).min();
            let file = SpillFile::open(&disk.directory, &format!("{name}.{number}.data"), capacity, used)?;
            Ok(Stripe { file, refused_bytes: None })
        };
        let stripes = disks.iter().enumerate().zip(used).map(stripe).collect::<Result<_>>()?;
        Ok(Self { stripes, next: 0, capacity: capacity_bytes, records: Vec::new(), free: Vec::new() })
    }

    /// A slot for a chunk that the index of the store names: whoever adopts it owns its extent, and adopts it once.
    pub fn adopt(&mut self, chunk: &StoredChunk) -> ExtentSlot {
        let place = chunk.place.map(|place| (place.disk, Extents::claim(place.offset, place.len)));
        self.insert(Record { place, written: Some(chunk.written), more_holders: 0 })
    }

    /// A slot for a chunk of one value.
    pub fn constant(&mut self, word: u64) -> ExtentSlot {
        let written = Written { form: Form::Constant(word), ..Written::default() };
        self.insert(Record { place: None, written: Some(written), more_holders: 0 })
    }

    /// One more holder of a slot: it is given up with the last of them.
    pub fn retain(&mut self, slot: ExtentSlot) {
        if let Some(record) = self.record_mut(slot) {
            record.more_holders += 1;
        }
    }

    /// What the index is to say of a slot; `None` until it was written.
    #[must_use]
    pub fn describe(&self, slot: ExtentSlot) -> Option<StoredChunk> {
        Some(StoredChunk { place: self.place(slot), written: self.written(slot)? })
    }

    /// The files of all disks, to synchronise.
    #[must_use]
    pub fn files(&self) -> Vec<Arc<IoFile>> {
        self.stripes.iter().map(|stripe| Arc::clone(stripe.file.file())).collect()
    }

    /// The file of a disk, to attach to a driver.
    #[must_use]
    pub fn file(&self, disk: u16) -> Option<&Arc<IoFile>> {
        self.stripes.get(usize::from(disk)).map(|stripe| stripe.file.file())
    }

    /// The directory of a disk.
    #[must_use]
    pub fn directory(&self, disk: u16) -> Option<&Path> {
        self.stripes.get(usize::from(disk)).map(|stripe| stripe.file.dir())
    }

    /// Directory, bytes in use and whether the disk is full, for each disk.
    pub fn disks(&self) -> impl Iterator<Item = (&Path, u64, bool)> {
        self.stripes
            .iter()
            .map(|stripe| (stripe.file.dir(), stripe.file.used_bytes(), stripe.refused_bytes.is_some()))
    }

    /// Bytes in use on all disks, in whole blocks.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.stripes.iter().map(|stripe| stripe.file.used_bytes()).sum()
    }

    /// Whether every disk has refused since something on it was released.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.stripes.iter().all(|stripe| stripe.refused_bytes.is_some())
    }

    /// A slot with `len` bytes of some disk, rounded up to whole blocks. Their contents are whatever was there.
    ///
    /// # Errors
    /// `NoSpace` when no disk has room, naming the directories; nothing changed then.
    pub fn reserve(&mut self, len: u64) -> Result<ExtentSlot> {
        let place = self.find(len)?;
        Ok(self.insert(Record { place: Some(place), ..Record::default() }))
    }

    /// A slot without an extent: for a copy whose length is not known yet.
    pub fn reserve_later(&mut self) -> ExtentSlot {
        self.insert(Record::default())
    }

    /// Gives such a slot `len` bytes of some disk.
    ///
    /// # Errors
    /// As [`Self::reserve`]; `Missing` where there is no such slot.
    pub fn extend(&mut self, slot: ExtentSlot, len: u64) -> Result<Place> {
        if self.record(slot).is_some_and(|record| record.place.is_none()) {
            let place = self.find(len)?;
            if let Some(record) = self.record_mut(slot) {
                record.place = Some(place);
            }
        }
        self.place(slot).ok_or_else(|| Error::new(ErrorKind::Missing, "the store has no such slot"))
    }

    /// Gives a slot up; the last holder's extent goes back. No flight may be over it.
    pub fn release(&mut self, slot: ExtentSlot) {
        if let Some(record) = self.record_mut(slot)
            && let Some(fewer) = record.more_holders.checked_sub(1)
        {
            record.more_holders = fewer;
            return;
        }
        let Some(record) = self.index(slot).and_then(|index| self.records[index].take()) else { return };
        // The index came from this table, whose indexes have 32 bits.
        self.free.push(slot.0 as u32);
        self.free_place(record.place);
    }

    fn free_place(&mut self, place: Option<(u16, Extent)>) {
        if let Some((disk, extent)) = place {
            let stripe = &mut self.stripes[usize::from(disk)];
            stripe.file.release(extent);
            stripe.refused_bytes = None;
        }
    }

    /// Where the copy of a slot lies.
    #[must_use]
    pub fn place(&self, slot: ExtentSlot) -> Option<Place> {
        let (disk, extent) = self.record(slot)?.place.as_ref()?;
        Some(Place { disk: *disk, offset: extent.offset(), len: extent.len() })
    }

    /// Notes that a slot was written whole, and how. A constant chunk needs no extent: it goes back.
    pub fn note(&mut self, slot: ExtentSlot, written: Written) {
        let Some(record) = self.record_mut(slot) else { return };
        record.written = Some(written);
        if let Form::Constant(_) = written.form {
            let place = record.place.take();
            self.free_place(place);
        }
    }

    /// What was written to a slot; `None` until it was.
    #[must_use]
    pub fn written(&self, slot: ExtentSlot) -> Option<Written> {
        self.record(slot)?.written
    }

    /// A write to this disk found no room although it was reserved, as on file systems that cannot reserve: the disk
    /// is left out until something on it is released.
    pub fn refuse(&mut self, disk: u16) {
        if let Some(stripe) = self.stripes.get_mut(usize::from(disk)) {
            stripe.refused_bytes = Some(0);
        }
    }

    /// Space on the first disk, in turn, that has some.
    fn find(&mut self, len: u64) -> Result<(u16, Extent)> {
        if let Some(capacity) = self.capacity
            && self.stripes.len() > 1
            && self.used_bytes().saturating_add(len) > capacity
        {
            let message = format!("the store cannot take {len} bytes more: its capacity is used up");
            let error = Error::new(ErrorKind::NoSpace, message).with("capacity_bytes", capacity);
            return Err(self.named(error));
        }
        let count = self.stripes.len();
        let mut refused = None;
        for turn in 0..count {
            let at = (self.next + turn) % count;
            let stripe = &mut self.stripes[at];
            if stripe.refused_bytes.is_some_and(|refused| len >= refused) && count > 1 {
                continue;
            }
            match stripe.file.reserve(len) {
                Ok(extent) => {
                    self.next = (at + 1) % count;
                    return Ok((at as u16, extent));
                }
                Err(error) => {
                    stripe.refused_bytes = Some(len);
                    refused = Some(error);
                }
            }
        }
        match refused {
            Some(error) if count == 1 => Err(error),
            cause => {
                let message = format!("each of the {count} disks of the store refuses {len} bytes more");
                let error = self.named(Error::new(ErrorKind::NoSpace, message));
                Err(match cause {
                    Some(cause) => error.caused_by(cause),
                    None => error,
                })
            }
        }
    }

    fn named(&self, error: Error) -> Error {
        let directories: Vec<_> =
            self.stripes.iter().map(|stripe| stripe.file.dir().display().to_string()).collect();
        error.with("directories", directories.join(", ")).with("used_bytes", self.used_bytes())
    }

    fn insert(&mut self, record: Record) -> ExtentSlot {
        match self.free.pop() {
            Some(index) => {
                self.records[index as usize] = Some(record);
                ExtentSlot(u64::from(index))
            }
            None => {
                self.records.push(Some(record));
                ExtentSlot(self.records.len() as u64 - 1)
            }
        }
    }

    fn index(&self, slot: ExtentSlot) -> Option<usize> {
        usize::try_from(slot.0).ok().filter(|index| *index < self.records.len())
    }

    fn record_mut(&mut self, slot: ExtentSlot) -> Option<&mut Record> {
        let index = self.index(slot)?;
        self.records[index].as_mut()
    }

    fn record(&self, slot: ExtentSlot) -> Option<&Record> {
        self.records[self.index(slot)?].as_ref()
    }
}

#[cfg(test)]
mod tests;
