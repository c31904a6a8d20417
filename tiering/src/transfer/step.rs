//! The steps of a fill or a spill: which span of which file, how many bytes must arrive.

use super::placement::Placement;
use super::staging::PIECE_BYTES;
use crate::object::CHUNK_BYTES;

/// An aligned span of a file that one flight moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSpan {
    /// Aligned byte offset.
    pub offset: u64,
    /// Aligned length; may reach past the end of the file.
    pub len: u32,
    /// Bytes that must arrive.
    pub need: u32,
}

impl FileSpan {
    /// The aligned span around `start .. end`, and how far into it `start` lies.
    fn around(start: u64, end: u64, align: u64) -> (Self, u32) {
        let offset = start & !(align - 1);
        let len = (end - offset).next_multiple_of(align);
        (Self { offset, len: len as u32, need: (end - offset) as u32 }, (start - offset) as u32)
    }
}

/// One piece of a staged fill: the span to read, and which bytes of it go where in the chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PieceStep {
    /// What to read into staging.
    pub span: FileSpan,
    /// First byte of interest in the staging block.
    pub source: u32,
    /// Where it goes in the chunk.
    pub target: u32,
    /// Bytes of interest.
    pub bytes: u32,
}

/// The one read that fills `chunk` of a direct placement.
#[must_use]
pub fn chunk_span(placement: &Placement, chunk: u32, align: u64) -> FileSpan {
    let start = placement.file_offset + u64::from(chunk) * CHUNK_BYTES;
    FileSpan::around(start, start + placement.chunk_bytes(chunk), align).0
}

/// The reads that fill `chunk` of a placement that is not direct, piece by piece.
pub fn piece_steps(placement: &Placement, chunk: u32, align: u64) -> impl Iterator<Item = PieceStep> + use<> {
    let start = placement.file_offset + u64::from(chunk) * CHUNK_BYTES;
    let total = placement.chunk_bytes(chunk);
    (0..total.div_ceil(PIECE_BYTES)).map(move |piece| {
        let target = piece * PIECE_BYTES;
        let bytes = (total - target).min(PIECE_BYTES);
        let (span, source) = FileSpan::around(start + target, start + target + bytes, align);
        PieceStep { span, source, target: target as u32, bytes: bytes as u32 }
    })
}

/// The write that spills, or the read that restores, a block of `bytes` (whole pages) at `offset` of the spill file.
#[must_use]
pub fn spill_span(offset: u64, bytes: usize) -> FileSpan {
    FileSpan { offset, len: bytes as u32, need: bytes as u32 }
}
