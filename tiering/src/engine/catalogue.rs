//! What the engine keeps of each object besides its residency: name, place in its file, window, blocks.
//!
//! Invariant: a chunk's block is here exactly while its host copy is resident and no transfer owns it.

use super::advice::Walk;
use super::lease::{Entry, Gates};
use crate::device::host::{Block, FRAME_BYTES, Window};
use crate::error::{Error, ErrorKind, Result};
use crate::io::FileSlot;
use crate::io::file::IoFile;
use crate::object::{CHUNK_BYTES, ChunkKey};
use crate::policy::Codec;
use crate::store::codec::pay::Habit;
use crate::tier::TenantId;
use crate::transfer::Placement;
use std::collections::HashMap;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;

/// Where an object's durable bytes live.
#[derive(Clone, Debug)]
pub(super) enum Home {
    /// In a file that is only read.
    Origin(Arc<OriginFile>),
    /// Nowhere until a chunk is spilled.
    Spill,
}

/// A file that objects live in, and its slot at the driver once attached.
#[derive(Debug)]
pub(super) struct OriginFile {
    pub(super) file: Arc<IoFile>,
    pub(super) slot: std::sync::OnceLock<FileSlot>,
}

/// The engine's side of one chunk.
#[derive(Debug, Default)]
pub(super) struct Seat {
    pub(super) block: Option<Block>,
    /// Requests that wait for this chunk.
    pub(super) wanted: u32,
    /// Failed fetches since the last good one.
    pub(super) failures: u32,
    /// Fetched ahead of need and not leased since.
    pub(super) ahead: bool,
    /// Of those, fetched because of a hint: its bytes count against the window.
    pub(super) hinted: bool,
    /// Counted among the dirty bytes.
    pub(super) dirty: bool,
    /// In the queue of chunks to write back.
    pub(super) queued: bool,
    /// Whether the spill under way makes room: the copy goes when it has ended.
    pub(super) leaving: bool,
    /// A writer is about to overwrite all of it: it needs room but no bytes.
    pub(super) reborn: bool,
    /// The lease, counted from the engine's first, that the application says uses it next.
    pub(super) due: Option<u64>,
    /// Not needed for long, says the application: in the queue of what goes first.
    pub(super) dismissed: bool,
    /// Kept by advice: no victim.
    pub(super) resident: bool,
}

/// The place of one chunk in its object's window.
#[derive(Debug)]
pub(super) struct WindowPlace {
    window: Arc<Window>,
    offset: usize,
}

impl WindowPlace {
    /// Moves a block here.
    ///
    /// # Errors
    /// Those of [`Block::move_into`]; the block stays where it was.
    pub(super) fn take(&self, block: &mut Block) -> Result<()> {
        block.move_into(&self.window, self.offset)
    }
}

/// One object.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) name: Arc<str>,
    pub(super) placement: Placement,
    pub(super) home: Home,
    pub(super) window: Option<Arc<Window>>,
    /// Through which hits pass without the lock.
    pub(super) gates: Arc<Gates>,
    /// Holds of the gates that are counted as leases, until they tell of their end.
    pub(super) inside: usize,
    /// The entry of a dropped tensor, while somebody is inside its gates.
    pub(super) anchor: Option<Arc<Entry>>,
    pub(super) seats: Vec<Seat>,
    /// The object this one is a slice of, and which bytes of it.
    pub(super) slice_of: Option<(u32, Range<u64>)>,
    /// Alignment that any slice of it needs: that of its element.
    pub(super) element_align: u64,
    /// How the store keeps it.
    pub(super) codec: Codec,
    /// Whether encoding it has paid.
    pub(super) habit: Habit,
    /// Where the latest slice lease ended: the next one going on there reads whole chunks.
    pub(super) slice_end: u64,
    /// How the application says that it walks through it.
    pub(super) walk: Walk,
    /// Whose it is.
    pub(super) tenant: TenantId,
    /// Whether its handle is gone.
    pub(super) forgotten: bool,
}

impl Object {
    /// # Errors
    /// `OutOfMemory` when no addresses are left for its window.
    pub(super) fn new(name: Arc<str>, placement: Placement, home: Home, element_align: u64) -> Result<Self> {
        let content = placement.content_bytes();
        let window = if content > CHUNK_BYTES {
            let reserved = Window::reserve(usize::try_from(content).unwrap_or(usize::MAX));
            Some(Arc::new(reserved.map_err(|error| error.with("tensor", &name))?))
        } else {
            None
        };
        let seats = (0..placement.chunks()).map(|_| Seat::default()).collect();
        Ok(Self {
            name,
            placement,
            home,
            window,
            gates: Arc::new(Gates::new(placement)),
            inside: 0,
            anchor: None,
            seats,
            slice_of: None,
            element_align,
            codec: Codec::default(),
            habit: Habit::default(),
            slice_end: u64::MAX,
            walk: Walk::default(),
            tenant: TenantId::default(),
            forgotten: false,
        })
    }

    /// Bytes of memory that a copy of `chunk` takes: whole pages.
    pub(super) fn copy_bytes(&self, chunk: u32) -> u64 {
        self.placement.chunk_bytes(chunk).next_multiple_of(crate::device::host::PAGE_BYTES as u64)
    }

    /// Where a copy of `chunk` must lie, if the object has a window.
    pub(super) fn place(&self, chunk: u32) -> Option<WindowPlace> {
        let window = Arc::clone(self.window.as_ref()?);
        Some(WindowPlace { window, offset: chunk as usize * FRAME_BYTES })
    }

    /// The address of byte `offset` of the object, whose chunk is resident.
    pub(super) fn address(&self, offset: u64) -> Option<NonNull<u8>> {
        let start = match &self.window {
            Some(window) => window.start(),
            None => self.seats.first()?.block.as_ref()?.address(),
        };
        let distance = usize::try_from(self.placement.shift + offset).ok()?;
        NonNull::new(start.as_ptr().wrapping_add(distance))
    }
}

/// All objects by index, and the slices of them that have copies of their own.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    objects: Vec<Option<Object>>,
    slices: HashMap<(u32, Range<u64>), u32>,
}

impl Catalogue {
    /// Puts an object at the index that the residency table gave it.
    pub(super) fn insert(&mut self, index: u32, object: Object) {
        let at = index as usize;
        if at >= self.objects.len() {
            self.objects.resize_with(at + 1, || None);
        }
        if let Some(slice) = &object.slice_of {
            self.slices.insert(slice.clone(), index);
        }
        self.objects[at] = Some(object);
    }

    pub(super) fn remove(&mut self, index: u32) -> Option<Object> {
        self.unlist(index);
        self.objects.get_mut(index as usize)?.take()
    }

    /// Offers a slice to no further lease.
    pub(super) fn unlist(&mut self, index: u32) {
        let slice = self.get(index).and_then(|object| object.slice_of.clone());
        if let Some(slice) = slice
            && self.slices.get(&slice) == Some(&index)
        {
            self.slices.remove(&slice);
        }
    }

    pub(super) fn get(&self, index: u32) -> Option<&Object> {
        self.objects.get(index as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut Object> {
        self.objects.get_mut(index as usize)?.as_mut()
    }

    /// The object behind a handle that is still there.
    ///
    /// # Errors
    /// `Missing` when it was dropped.
    pub(super) fn live(&self, index: u32) -> Result<&Object> {
        let gone = || Error::new(ErrorKind::Missing, "the tensor was dropped").with("object", index);
        self.get(index).filter(|object| !object.forgotten).ok_or_else(gone)
    }

    pub(super) fn seat(&self, key: ChunkKey) -> Option<&Seat> {
        self.get(key.object)?.seats.get(key.chunk as usize)
    }

    pub(super) fn seat_mut(&mut self, key: ChunkKey) -> Option<&mut Seat> {
        self.get_mut(key.object)?.seats.get_mut(key.chunk as usize)
    }

    /// The object that holds a copy of exactly these bytes of `object`, if a slice lease made one.
    pub(super) fn slice(&self, object: u32, range: &Range<u64>) -> Option<u32> {
        self.slices.get(&(object, range.clone())).copied()
    }

    /// Slices of an object.
    pub(super) fn slices_of(&self, object: u32) -> Vec<u32> {
        self.slices.iter().filter(|((of, _), _)| *of == object).map(|(_, index)| *index).collect()
    }

    /// Holds that came through the gates of all objects.
    pub(super) fn gated_holds(&self) -> usize {
        self.objects.iter().flatten().map(|object| object.gates.holds() + object.inside).sum()
    }

    /// The name of an object, for errors.
    pub(super) fn name(&self, index: u32) -> Arc<str> {
        self.get(index).map_or_else(|| Arc::from("?"), |object| Arc::clone(&object.name))
    }
}
