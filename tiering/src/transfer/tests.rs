//! Promises of placements and staging: every byte of an object is read once, to where its user finds it.

use super::{PIECE_BYTES, Placement, STAGING_BLOCK_BYTES, StagedFill, chunk_span, piece_steps};
use crate::device::host::{FRAME_BYTES, FramePool};
use crate::object::CHUNK_BYTES;
use proptest::prelude::*;

proptest! {
    /// Chunks tile the content, and each is read by one aligned span that holds all of it.
    #[test]
    fn chunks_of_a_direct_placement_tile_it(offset in 0_u64..1 << 40, bytes in 1_u64..9 << 20) {
        let offset = offset & !63;
        let placement = Placement::new(offset, bytes, 4096, 64);
        prop_assert!(placement.direct);
        prop_assert_eq!(placement.file_offset + placement.shift, offset);
        let mut content = 0;
        for chunk in 0..placement.chunks() {
            let span = chunk_span(&placement, chunk, 4096);
            prop_assert_eq!(span.offset % 4096, 0);
            prop_assert_eq!(span.len % 4096, 0);
            prop_assert!(u64::from(span.len) <= CHUNK_BYTES);
            prop_assert_eq!(u64::from(span.need), placement.chunk_bytes(chunk));
            prop_assert_eq!(span.offset, placement.file_offset + content);
            content += placement.chunk_bytes(chunk);
        }
        prop_assert_eq!(content, placement.content_bytes());
    }

    /// Pieces of an unaligned placement cover each byte of the chunk once and fit a staging block.
    #[test]
    fn pieces_cover_a_chunk_once(offset in 0_u64..1 << 40, bytes in 1_u64..5 << 20) {
        let placement = Placement::new(offset | 1, bytes, 4096, 64);
        prop_assert!(!placement.direct);
        for chunk in 0..placement.chunks() {
            let mut target = 0;
            for step in piece_steps(&placement, chunk, 4096) {
                prop_assert!(step.span.len as usize <= STAGING_BLOCK_BYTES);
                prop_assert_eq!(step.target, target);
                prop_assert!(u64::from(step.bytes) <= PIECE_BYTES);
                let read = step.span.offset + u64::from(step.source);
                prop_assert_eq!(read, (offset | 1) + u64::from(chunk) * CHUNK_BYTES + u64::from(target));
                prop_assert!(step.source + step.bytes <= step.span.need);
                target += step.bytes;
            }
            prop_assert_eq!(u64::from(target), placement.chunk_bytes(chunk));
        }
    }
}

/// A range names exactly the chunks that hold its bytes.
#[test]
fn a_range_names_its_chunks() {
    let placement = Placement::new(4096 + 512, 3 * CHUNK_BYTES, 4096, 64);
    assert_eq!(placement.chunks(), 4);
    assert_eq!(placement.chunks_of(&(0..1)), 0..=0);
    assert_eq!(placement.chunks_of(&(CHUNK_BYTES - 512..CHUNK_BYTES)), 1..=1);
    assert_eq!(placement.chunks_of(&(CHUNK_BYTES - 513..CHUNK_BYTES)), 0..=1);
    assert_eq!(placement.chunks_of(&(0..3 * CHUNK_BYTES)), 0..=3);
    assert_eq!(Placement::unfiled(0).chunks(), 0);
}

/// A failed piece fails the fill only when all pieces under way have ended, and the target comes back.
#[test]
fn a_failed_piece_ends_the_fill_after_the_others() {
    let mut pool = FramePool::new(2 * FRAME_BYTES as u64);
    pool.add(pool.growth().unwrap().commit().unwrap());
    let target = pool.alloc(FRAME_BYTES).unwrap();
    let staging = pool.alloc(STAGING_BLOCK_BYTES).unwrap();
    let placement = Placement::new(1, CHUNK_BYTES, 4096, 64);
    let mut fill = StagedFill::new(target, piece_steps(&placement, 0, 4096));
    let first = fill.next_piece().unwrap();
    assert!(fill.next_piece().is_some());
    fill.fail(std::io::Error::other("planted").into());
    assert!(fill.next_piece().is_none());
    assert!(!fill.is_over());
    assert_eq!(fill.land(&first, &staging), PIECE_BYTES);
    assert!(fill.is_over());
    let (target, failed) = fill.finish();
    assert_eq!(target.bytes(), FRAME_BYTES);
    assert!(failed.is_some());
}
