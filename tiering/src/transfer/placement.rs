//! How an object lies in its file and in its copy.
//!
//! The copy of an object in host memory is a run of bytes called its content, cut into chunks. Direct I/O moves
//! whole aligned blocks, so content may begin a little before the object: `shift` bytes. When that keeps the
//! object aligned as its user needs, the disk writes straight into the copy. When it does not, each piece is read
//! into staging and copied to its place: one copy, counted.
//!
//! ```text
//! file      ....|--block--|--block--|--block--|....
//! object             [=================)
//! content       [shift====================)        direct: content begins at the block boundary
//! ```

use crate::object::CHUNK_BYTES;

/// How an object lies in its file and in its copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// File offset of the first byte of content.
    pub file_offset: u64,
    /// Bytes of content before the object.
    pub shift: u64,
    /// Bytes of the object.
    pub bytes: u64,
    /// Whether the disk may write straight into the copy.
    pub direct: bool,
}

impl Placement {
    /// Places an object of `bytes` at `offset` of a file whose I/O needs offsets aligned to `file_align`, for a user
    /// who needs its first byte aligned to `memory_align`; both are powers of two.
    #[must_use]
    pub fn new(offset: u64, bytes: u64, file_align: u64, memory_align: u64) -> Self {
        let shift = offset & (file_align - 1);
        if shift & (memory_align - 1) == 0 {
            Self { file_offset: offset - shift, shift, bytes, direct: true }
        } else {
            Self { file_offset: offset, shift: 0, bytes, direct: false }
        }
    }

    /// An object without a file: its content is its bytes.
    #[must_use]
    pub fn unfiled(bytes: u64) -> Self {
        Self { file_offset: 0, shift: 0, bytes, direct: true }
    }

    /// Bytes of content.
    #[must_use]
    pub fn content_bytes(&self) -> u64 {
        self.shift + self.bytes
    }

    /// Chunks of content; an empty object has none.
    #[must_use]
    pub fn chunks(&self) -> u32 {
        if self.bytes == 0 { 0 } else { self.content_bytes().div_ceil(CHUNK_BYTES) as u32 }
    }

    /// Bytes of content in `chunk`.
    #[must_use]
    pub fn chunk_bytes(&self, chunk: u32) -> u64 {
        (self.content_bytes() - u64::from(chunk) * CHUNK_BYTES).min(CHUNK_BYTES)
    }

    /// The chunks that `range`, in bytes of the object and not empty, touches: first and last.
    #[must_use]
    pub fn chunks_of(&self, range: &std::ops::Range<u64>) -> std::ops::RangeInclusive<u32> {
        let first = (self.shift + range.start) / CHUNK_BYTES;
        let last = (self.shift + range.end.max(range.start + 1) - 1) / CHUNK_BYTES;
        first as u32..=last as u32
    }
}
