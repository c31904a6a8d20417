//! Chunk arithmetic and byte sums that every budget depends on.

use super::map::ChunkMap;
use super::*;

/// The chunks of an object cover its bytes exactly, whatever its size.
#[test]
fn chunks_cover_an_object_exactly() {
    for bytes in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 7 * CHUNK_BYTES + 12_345] {
        let count = u32::try_from(chunk_count(bytes)).unwrap();
        let sum: u64 = (0..count).map(|chunk| chunk_bytes(bytes, chunk)).sum();
        assert_eq!(sum, bytes);
        assert_eq!(chunk_bytes(bytes, count), 0);
        assert!((0..count).all(|chunk| chunk_bytes(bytes, chunk) > 0));
    }
}

/// Distinct bytes count a chunk once however often it is used.
#[test]
fn distinct_bytes_count_a_chunk_once() {
    let touch = |chunk, bytes| Touch { chunk: ChunkKey { object: 0, chunk }, bytes };
    let steps = vec![
        Step { touches: vec![touch(0, 10), touch(1, 20)] },
        Step { touches: vec![touch(1, 20), touch(2, 5)] },
    ];
    assert_eq!(steps[0].bytes(), 30);
    assert_eq!(Trace { steps }.distinct_bytes(), 35);
}

/// Reading an unwritten cell gives the default and taking one empties it.
#[test]
fn map_reads_defaults_and_takes() {
    let mut map = ChunkMap::<u8>::new();
    let key = ChunkKey { object: 2, chunk: 3 };
    assert_eq!((map.get(key), map.take(key), map.peek(key)), (0, 0, None));
    *map.entry(key) = 7;
    assert_eq!((map.take(key), map.get(key)), (7, 0));
}
