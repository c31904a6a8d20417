//! Small slices of large tensors that are only read, such as rows of an embedding table: fetched alone.
//!
//! A chunk is 2 MiB; a row may have a kilobyte. When a lease asks for few bytes whose chunk is not here, a copy of
//! just those bytes is made: an object of its own, placed on the same file, evicted like any other. Leases that walk
//! on where the last one ended read whole chunks instead.

use super::advice::Walk;
use super::catalogue::{Home, Object};
use super::request::Span;
use super::state::{Core, Shared};
use crate::error::Result;
use crate::object::{ChunkKey, Generation};
use crate::residency::state::{Chunk, CopyState};
use crate::transfer::Placement;
use std::ops::Range;
use std::sync::Arc;
use stratal_runtime::tensor::managed::Access;

/// Largest lease that is fetched alone.
const SLICE_BYTES_MAX: u64 = 64 << 10;

/// Which chunks serve a lease, and where its bytes lie in their object.
#[derive(Debug)]
pub(super) struct Lent {
    pub(super) span: Span,
    pub(super) start: u64,
    pub(super) len: usize,
    pub(super) is_slice: bool,
}

impl Shared {
    /// Chooses the copy that serves a lease: the object's chunks, or a slice of its own.
    ///
    /// # Errors
    /// Those of adding an object.
    pub(super) fn choose_copy(
        &self,
        core: &mut Core,
        index: u32,
        range: Range<u64>,
        access: Access,
    ) -> Result<Lent> {
        let len = (range.end - range.start) as usize;
        if let Some(slice) = self.slice_for(core, index, &range, access)? {
            return Ok(Lent {
                span: Span { object: slice, chunks: 0..=self.last(core, slice) },
                start: 0,
                len,
                is_slice: true,
            });
        }
        let object = core.catalogue.live(index)?;
        let span = Span { object: index, chunks: object.placement.chunks_of(&range) };
        Ok(Lent { span, start: range.start, len, is_slice: false })
    }

    fn last(&self, core: &Core, index: u32) -> u32 {
        core.catalogue.get(index).map_or(0, |object| object.placement.chunks().saturating_sub(1))
    }

    /// The slice object for a range, made if need be; `None` where whole chunks serve better.
    fn slice_for(
        &self,
        core: &mut Core,
        index: u32,
        range: &Range<u64>,
        access: Access,
    ) -> Result<Option<u32>> {
        let Some(object) = core.catalogue.get_mut(index) else { return Ok(None) };
        let Home::Origin(origin) = &object.home else { return Ok(None) };
        let small = range.end - range.start <= SLICE_BYTES_MAX && object.window.is_some();
        let follows = std::mem::replace(&mut object.slice_end, range.end) == range.start;
        let walking = follows && object.walk != Walk::Random;
        if access != Access::Read || !small || walking {
            return Ok(None);
        }
        let (origin, align) = (Arc::clone(origin), object.element_align);
        let (name, placement, tenant) = (Arc::clone(&object.name), object.placement, object.tenant);
        if self.chunks_serve(core, index, &placement, range) {
            return Ok(None);
        }
        if let Some(slice) = core.catalogue.slice(index, range) {
            return Ok(Some(slice));
        }
        let offset = placement.file_offset + placement.shift + range.start;
        let placed = Placement::new(offset, range.end - range.start, origin.file.offset_align(), align);
        let mut slice = Object::new(name, placed, Home::Origin(origin), align)?;
        slice.slice_of = Some((index, range.clone()));
        slice.tenant = tenant;
        self.add_object(core, slice).map(Some)
    }

    /// Whether whole chunks serve a range better: they are here or coming, or one was written or torn, so that the
    /// origin no longer tells.
    fn chunks_serve(&self, core: &Core, index: u32, placement: &Placement, range: &Range<u64>) -> bool {
        let chunks = || {
            let keys = placement.chunks_of(range).map(|chunk| ChunkKey { object: index, chunk });
            keys.filter_map(|key| core.table.get(key))
        };
        let present = chunks().all(|chunk| chunk.state(self.host) != CopyState::Absent);
        let changed = |chunk: &Chunk| chunk.generation() != Generation::default() || chunk.poison().is_some();
        present || chunks().any(changed)
    }
}
