//! Memory for descriptors (heaps, slabs, segments), apart from the memory it describes: no overflow of a block
//! reaches it.
//!
//! It is cut from chunks and never given back; slab descriptors, the only kind that comes and goes, are reused.

use std::ptr::{self, NonNull};

use super::slab::Slab;
use super::source::Source;

/// Bytes reserved at a time.
const CHUNK: usize = 1 << 20;

/// Descriptor memory of one pool.
#[derive(Debug)]
pub(crate) struct Meta {
    /// What is left of the newest chunk.
    rest: *mut u8,
    rest_bytes: usize,
    reserved_bytes: usize,
    /// Descriptors of closed slabs, linked through `next`.
    spare: *const Slab,
    #[cfg(test)]
    chunks: Vec<(NonNull<u8>, usize)>,
}

// SAFETY: it owns what its pointers lead to, and is reached through a lock.
unsafe impl Send for Meta {}

impl Meta {
    pub(crate) const fn new() -> Self {
        Self {
            rest: ptr::null_mut(),
            rest_bytes: 0,
            reserved_bytes: 0,
            spare: ptr::null(),
            #[cfg(test)]
            chunks: Vec::new(),
        }
    }

    /// Bytes of addresses it took from the system.
    pub(crate) fn reserved_bytes(&self) -> usize {
        self.reserved_bytes
    }

    /// `bytes` of zeroed memory, aligned to 128, for as long as the pool lives.
    pub(crate) fn take(&mut self, source: &Source, bytes: usize) -> Option<NonNull<u8>> {
        let bytes = bytes.checked_next_multiple_of(128)?;
        if bytes > CHUNK / 4 {
            // Large pieces are chunks of their own, so that none abandons what is left of another.
            let start = source.reserve(bytes, 1)?;
            self.reserved_bytes += bytes;
            #[cfg(test)]
            self.chunks.push((start, bytes));
            return Some(start);
        }
        if bytes > self.rest_bytes {
            let chunk = CHUNK;
            let start = source.reserve(chunk, 1)?;
            self.reserved_bytes += chunk;
            #[cfg(test)]
            self.chunks.push((start, chunk));
            self.rest = start.as_ptr();
            self.rest_bytes = chunk;
        }
        let taken = NonNull::new(self.rest)?;
        self.rest = self.rest.wrapping_add(bytes);
        self.rest_bytes -= bytes;
        Some(taken)
    }

    /// A descriptor for a slab, its contents old.
    pub(crate) fn take_slab(&mut self, source: &Source) -> Option<&Slab> {
        let slab = match NonNull::new(self.spare.cast_mut()) {
            Some(spare) => spare,
            None => self.take(source, size_of::<Slab>())?.cast::<Slab>(),
        };
        // SAFETY: zeroed memory is a slab of class 0 with no bit set; a spare one was a slab before. Both are aligned
        // and stay alive with the pool.
        let slab = unsafe { slab.as_ref() };
        if ptr::eq(slab, self.spare) {
            self.spare = slab.next.get();
        }
        Some(slab)
    }

    /// Takes back the descriptor of a closed slab.
    pub(crate) fn put_slab(&mut self, slab: &Slab) {
        slab.next.set(self.spare);
        self.spare = slab;
    }

    /// Every chunk, to be released by the test that ends the pool.
    #[cfg(test)]
    pub(crate) fn chunks(&self) -> &[(NonNull<u8>, usize)] {
        &self.chunks
    }
}
