//! Tensors that outlive the engine: their chunks in the named store, and their records in its index.
//!
//! Invariant: a tensor is acknowledged once its data were synchronised and, after that, its record was. Its extents have
//! a holder of their own, besides the tensor in memory, until a later commit replaces or removes the record; so writing
//! to the tensor, or dropping it, changes nothing of what was persisted.
//!
//! ```text
//! persist ── dirty chunks ──> worker spills them ──> slots held ──> queue ──> one thread: sync data, commit all, sync
//! ```

use super::Engine;
use super::catalogue::{Home, Object};
use super::lease::Entry;
use super::state::{Core, Shared};
use super::worker::Outbox;
use crate::error::{Error, ErrorKind, Result};
use crate::io::Lane;
use crate::object::ChunkKey;
use crate::residency::state::{ExtentSlot, HomePlace};
use crate::store::codec::Form;
use crate::store::named::sync;
use crate::store::{Named, Stored};
use crate::transfer::Placement;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;
use stratal_runtime::tensor::{AnyTensor, DType, Element, Layout, Shape, Tensor};

/// A tensor in the named store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTensor {
    /// Its name.
    pub name: String,
    /// Its dtype, by name.
    pub dtype: String,
    /// Its shape.
    pub shape: Vec<u64>,
    /// Bytes that it takes in the store, in whole blocks.
    pub stored_bytes: u64,
}

/// The named store of an engine.
#[derive(Debug)]
pub(super) struct Keeping {
    named: Mutex<Named>,
    wishes: Mutex<Vec<Wish>>,
}

/// A tensor to be committed.
#[derive(Debug)]
struct Wish {
    stored: Stored,
    slots: Vec<ExtentSlot>,
    outcome: Arc<OnceLock<Result<()>>>,
}

/// What the core knows of persisting.
#[derive(Debug, Default)]
pub(super) struct Flush {
    /// Dirty chunks that somebody waits for.
    wanted: BTreeSet<ChunkKey>,
    /// Why chunks of an object could not be written.
    failed: Vec<(u32, Error)>,
    /// Slots that the index holds, of the tensors that were persisted or opened in this life.
    held: HashMap<Box<str>, Vec<ExtentSlot>>,
}

impl Keeping {
    pub(super) fn new(named: Named) -> Self {
        Self { named: Mutex::new(named), wishes: Mutex::default() }
    }

    /// Whether a chunk of the store is encoded.
    pub(super) fn holds_encoded(&self) -> bool {
        let plain = |form| matches!(form, Form::Raw | Form::Constant(_));
        self.named().index.tensors().flat_map(|stored| &stored.chunks).any(|chunk| !plain(chunk.written.form))
    }

    fn named(&self) -> MutexGuard<'_, Named> {
        self.named.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wishes to commit together: each name once.
    fn batch(&self) -> Vec<Wish> {
        let mut wishes = self.wishes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut names = BTreeSet::new();
        let repeated = wishes.iter().position(|wish| !names.insert(wish.stored.name.clone()));
        let count = repeated.unwrap_or(wishes.len());
        wishes.drain(..count).collect()
    }
}

impl Engine {
    /// Makes the present bytes of a tensor safe in the named store, under the tensor's name: once this returns they
    /// survive the engine, the process and the machine. What is written to the tensor later is not persisted until it is
    /// persisted again; a tensor of the same name that was persisted before is replaced, in one step.
    ///
    /// Calls of several threads are committed together. No lease of the tensor may be held meanwhile.
    ///
    /// ```
    /// use stratal_tiering::engine::Engine;
    /// use stratal_tiering::policy::Policy;
    /// use stratal_tiering::tier::TierKind;
    /// use stratal_runtime::tensor::Dyn;
    /// # fn main() -> stratal_tiering::error::Result<()> {
    /// # let directory = tempfile::tempdir()?;
    /// let policy = || Policy::builder().tier("dram", TierKind::Dram, "8 MiB").spill_store("training");
    /// let policy = || policy().spill_directory(directory.path()).build();
    /// let engine = Engine::builder().policy(policy()?).build()?;
    /// let moments = engine.zeros::<f32, (Dyn,)>("moments", [1000])?;
    /// moments.write()?.fill(0.5);
    /// engine.persist(moments.as_any())?;
    /// drop((moments, engine));
    ///
    /// let engine = Engine::builder().policy(policy()?).build()?; // perhaps after a crash
    /// let moments = engine.open_tensor::<f32, (Dyn,)>("moments")?;
    /// assert_eq!(moments.read()?[999], 0.5);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Unsupported` where the policy names no store, or the tensor's home is a checkpoint; `Missing` where it is none of
    /// this engine; `Poisoned`; `NoSpace` or `Io` of the medium, after which nothing more is persisted until the store is
    /// opened anew; `Deadline` where a lease or the disk kept it too long; `Closed`.
    pub fn persist(&self, tensor: &AnyTensor) -> Result<()> {
        let shared = &self.handle.0;
        let keeping = shared.keeping()?;
        let index = self.index_of(tensor)?;
        let wish = shared.gather(index, tensor)?;
        shared.commit(keeping, wish).map_err(|error| error.with("tensor", tensor.name()))
    }

    /// A tensor of the named store, as it was persisted last. Nothing is read before its first lease. It is a tensor like
    /// any other: what is written to it is persisted when that is asked.
    ///
    /// # Errors
    /// `Missing` where the store has no such tensor; `Dtype` or `Shape` where it is another; `Unsupported` where the
    /// policy names no store; `Format` where its record is impossible.
    pub fn open_tensor<T: Element, S: Shape>(&self, name: &str) -> Result<Tensor<T, S>> {
        Tensor::from_any(self.open_tensor_any(name)?).map_err(Into::into)
    }

    /// As [`Self::open_tensor`], with the dtype and shape that were stored.
    ///
    /// # Errors
    /// As [`Self::open_tensor`].
    pub fn open_tensor_any(&self, name: &str) -> Result<AnyTensor> {
        let shared = &self.handle.0;
        let named = shared.keeping()?.named();
        let missing = || Error::new(ErrorKind::Missing, "the store has no such tensor").with("tensor", name);
        let stored = named.index.get(name).ok_or_else(missing)?;
        let (dtype, shape, bytes) = judge(stored).map_err(|error| error.with("tensor", name))?;
        let name: Arc<str> = Arc::from(name);
        let object =
            Object::new(Arc::clone(&name), Placement::unfiled(bytes), Home::Spill, dtype.size() as u64)?;
        let gates = Arc::clone(&object.gates);
        let mut core = shared.lock();
        let index = shared.add_object(&mut core, object)?;
        shared.bring_home(&mut core, index, stored)?;
        drop(core);
        AnyTensor::managed(dtype, &shape, Entry::managed(&self.handle, index, gates, name))
    }

    /// The tensors of the named store, by name.
    ///
    /// # Errors
    /// `Unsupported` where the policy names no store.
    pub fn stored(&self) -> Result<Vec<StoredTensor>> {
        let named = self.handle.0.keeping()?.named();
        let mut tensors: Vec<_> = named.index.tensors().map(StoredTensor::of).collect();
        tensors.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(tensors)
    }

    /// Takes a tensor out of the named store, for good; whether there was one. Tensors that were opened stay as they are.
    ///
    /// # Errors
    /// `Unsupported` where the policy names no store; `NoSpace` or `Io` of the medium.
    pub fn remove_stored(&self, name: &str) -> Result<bool> {
        let shared = &self.handle.0;
        let mut named = shared.keeping()?.named();
        let Some(removed) = named.index.remove(name)? else { return Ok(false) };
        shared.release_stored(&mut shared.lock(), &removed);
        Ok(true)
    }
}

impl StoredTensor {
    fn of(stored: &Stored) -> Self {
        Self {
            name: stored.name.to_string(),
            dtype: stored.dtype.to_string(),
            shape: stored.shape.clone(),
            stored_bytes: stored.chunks.iter().filter_map(|chunk| chunk.place).map(|place| place.len).sum(),
        }
    }
}

/// Dtype, shape and bytes of a tensor whose record is possible.
fn judge(stored: &Stored) -> Result<(DType, Vec<usize>, u64)> {
    let impossible =
        |what: &str| Error::new(ErrorKind::Format, format!("the store's record is impossible: {what}"));
    let dtype = DType::ALL.iter().find(|dtype| dtype.name() == &*stored.dtype).copied();
    let dtype = dtype.ok_or_else(|| impossible("it names no dtype"))?;
    let shape: Vec<usize> = stored
        .shape
        .iter()
        .map(|size| usize::try_from(*size))
        .collect::<Result<_, _>>()
        .map_err(|_| impossible("its shape"))?;
    let bytes = Layout::row_major(&shape, dtype.size())?.num_bytes() as u64;
    let placement = Placement::unfiled(bytes);
    if placement.chunks() as usize != stored.chunks.len() {
        return Err(impossible("its chunks are not those of its shape"));
    }
    let whole = |(chunk, number): (&crate::store::StoredChunk, u32)| {
        let pages = placement.chunk_bytes(number).next_multiple_of(crate::device::host::PAGE_BYTES as u64);
        let raw = chunk.written.form != Form::Raw || u64::from(chunk.written.bytes) == pages;
        raw && chunk.place.is_none_or(|place| place.len <= crate::object::CHUNK_BYTES.max(pages))
    };
    if !stored.chunks.iter().zip(0..).all(whole) {
        return Err(impossible("a chunk has another length"));
    }
    Ok((dtype, shape, bytes))
}

impl Shared {
    fn keeping(&self) -> Result<&Keeping> {
        let none =
            || Error::new(ErrorKind::Unsupported, "the policy names no store: give `spill.store` a name");
        self.keeping.as_ref().ok_or_else(none)
    }

    /// Waits until the store holds every chunk of a tensor as it is now, and takes hold of their slots.
    fn gather(&self, index: u32, tensor: &AnyTensor) -> Result<Wish> {
        let since = Instant::now();
        let mut core = self.lock();
        loop {
            core.open()?;
            self.catch_up(&mut core);
            core.catalogue.live(index)?;
            if let Some(slots) = self.clean_slots(&mut core, index)? {
                return self.wish(&mut core, slots, tensor);
            }
            let left = self.policy.deadline().checked_sub(since.elapsed()).filter(|left| !left.is_zero());
            let Some(left) = left else {
                let message = "the tensor was leased, or the disk too slow, for as long as a call may wait";
                return Err(Error::new(ErrorKind::Deadline, message).with("tensor", tensor.name()));
            };
            self.wake();
            core = self.changed.wait_timeout(core, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The slots of all chunks, `None` for one that nobody has written; or nothing yet, and the dirty ones are on their
    /// way.
    fn clean_slots(&self, core: &mut Core, object: u32) -> Result<Option<Vec<Option<ExtentSlot>>>> {
        if let Some(at) = core.flush.failed.iter().position(|(failed, _)| *failed == object) {
            let (_, error) = core.flush.failed.swap_remove(at);
            return Err(error.with("tensor", core.catalogue.name(object)));
        }
        let mut slots = Vec::new();
        let mut dirty = Vec::new();
        for (chunk, number) in core.table.chunks(object).unwrap_or_default().iter().zip(0..) {
            let named = |error: Error| error.with("tensor", core.catalogue.name(object));
            if chunk.poison().is_some() {
                return Err(named(Error::new(ErrorKind::Poisoned, "a chunk of it was lost or torn")));
            }
            match chunk.home_place() {
                _ if chunk.is_unborn() => slots.push(None),
                Some(HomePlace::Extent(slot)) => slots.push(Some(slot)),
                Some(HomePlace::Origin) => {
                    return Err(named(Error::new(
                        ErrorKind::Unsupported,
                        "its home is a checkpoint, which is safe already",
                    )));
                }
                None => dirty.push(ChunkKey { object, chunk: number }),
            }
        }
        let clean = dirty.is_empty();
        // What only a device holds comes to the host first, and is written from there.
        let away = dirty
            .iter()
            .filter(|key| self.device_with(core, **key).is_some() && self.is_fetchable(core, **key));
        let away: Vec<_> = away.copied().collect();
        core.hints.extend(away);
        core.flush.wanted.extend(dirty);
        Ok(clean.then_some(slots))
    }

    fn wish(&self, core: &mut Core, slots: Vec<Option<ExtentSlot>>, tensor: &AnyTensor) -> Result<Wish> {
        let Some(store) = &mut core.store else {
            return Err(Error::new(ErrorKind::Missing, "the store is not open"));
        };
        let hold = |slot: Option<ExtentSlot>| match slot {
            Some(slot) => {
                store.retain(slot);
                slot
            }
            None => store.constant(0),
        };
        let slots: Vec<_> = slots.into_iter().map(hold).collect();
        let chunks: Vec<_> = slots.iter().filter_map(|slot| store.describe(*slot)).collect();
        debug_assert_eq!(chunks.len(), slots.len(), "a clean chunk was written");
        let stored = Stored {
            name: tensor.name().into(),
            dtype: tensor.dtype().name().into(),
            shape: tensor.shape().iter().map(|size| *size as u64).collect(),
            chunks,
        };
        Ok(Wish { stored, slots, outcome: Arc::default() })
    }

    /// Commits a wish, and with it those that others have queued meanwhile.
    fn commit(&self, keeping: &Keeping, wish: Wish) -> Result<()> {
        let outcome = Arc::clone(&wish.outcome);
        keeping.wishes.lock().unwrap_or_else(PoisonError::into_inner).push(wish);
        loop {
            let mut named = keeping.named();
            if let Some(outcome) = outcome.get() {
                return outcome.as_ref().copied().map_err(Error::retold);
            }
            let batch = keeping.batch();
            let files = self.lock().store.as_ref().map(|store| store.files()).unwrap_or_default();
            let synced = files.iter().try_for_each(|file| sync(file));
            if synced.is_err() {
                // What the system has dropped is dropped: a second try would succeed and tell a lie.
                named.index.give_up();
            }
            let stored = batch.iter().map(|wish| wish.stored.clone()).collect();
            let done = synced.and_then(|()| named.index.put(stored));
            let mut core = self.lock();
            if let Ok(replaced) = &done {
                replaced.iter().for_each(|replaced| self.release_stored(&mut core, replaced));
            }
            for Wish { stored, slots, outcome } in batch {
                let told = done.as_ref().map(|_| ()).map_err(Error::retold);
                if told.is_ok() {
                    core.flush.held.insert(stored.name, slots);
                }
                // After a failure nobody knows what the medium says: the extents stay as they are.
                let first = outcome.set(told).is_ok();
                debug_assert!(first, "a wish is committed once");
            }
        }
    }

    /// The index no longer names these chunks: they are given up, by whoever holds them for it.
    fn release_stored(&self, core: &mut Core, stored: &Stored) {
        let held = core.flush.held.remove(&stored.name);
        let Some(store) = &mut core.store else { return };
        match held {
            Some(slots) => slots.into_iter().for_each(|slot| store.release(slot)),
            None => stored.chunks.iter().for_each(|chunk| {
                let slot = store.adopt(chunk);
                store.release(slot);
            }),
        }
    }

    /// Gives the chunks of a new object their bytes in the store.
    fn bring_home(&self, core: &mut Core, object: u32, stored: &Stored) -> Result<()> {
        let Core { store: Some(store), flush, table, .. } = core else {
            return Err(Error::new(ErrorKind::Missing, "the store is not open"));
        };
        let slots = flush
            .held
            .entry(stored.name.clone())
            .or_insert_with(|| stored.chunks.iter().map(|chunk| store.adopt(chunk)).collect());
        for (chunk, slot) in table.chunks_mut(object).unwrap_or_default().iter_mut().zip(slots) {
            chunk.adopt_home(*slot)?;
            store.retain(*slot);
        }
        Ok(())
    }

    /// Starts spilling the chunks that persisting waits for.
    pub(super) fn start_flush(&self, core: &mut Core, outbox: &mut Outbox) {
        if core.flush.wanted.is_empty() {
            return;
        }
        let wanted: Vec<_> = core.flush.wanted.iter().copied().collect();
        for key in wanted {
            if outbox.is_full(Lane::WriteBack) {
                return;
            }
            let dirty = core.table.get(key).is_some_and(|chunk| chunk.is_dirty());
            if !dirty {
                core.flush.wanted.remove(&key);
                self.changed.notify_all();
            } else if core.table.get(key).is_some_and(|chunk| chunk.is_spillable(self.host))
                && let Err(error) = self.start_spill(core, outbox, key, Lane::WriteBack, false)
            {
                self.flush_failed(core, key, &error);
            }
        }
    }

    /// A chunk that persisting may wait for cannot be written.
    pub(super) fn flush_failed(&self, core: &mut Core, key: ChunkKey, error: &Error) {
        if core.flush.wanted.remove(&key) {
            core.flush.failed.push((key.object, error.retold()));
            self.changed.notify_all();
        }
    }
}
