//! Objects come and go without ever sharing an index, and the bytes counted are those present.

use super::super::state::Source;
use super::*;

const DRAM: TierId = TierId(0);

fn key(object: u32, chunk: u32) -> ChunkKey {
    ChunkKey { object, chunk }
}

/// An index is given again only when every chunk of its object is gone.
#[test]
fn an_index_is_reused_only_when_all_is_gone() {
    let mut table = Table::new(1);
    let (a, b) = (table.add(2, Birth::AtOrigin), table.add(1, Birth::Unborn));
    assert_eq!((a, b), (0, 1));
    let chunk = table.get_mut(key(a, 1)).unwrap();
    chunk.begin_fill(DRAM, Source::Home).unwrap();
    table.chunks_mut(a).unwrap().iter_mut().for_each(super::super::state::Chunk::forget);
    assert_eq!(table.remove(a), Err(Refused::Busy));
    assert_eq!(table.add(1, Birth::AtOrigin), 2);
    let _ = table.get_mut(key(a, 1)).unwrap().fill_done(DRAM).unwrap();
    assert_eq!(table.remove(a), Ok(()));
    assert_eq!(table.remove(a), Err(Refused::Absent));
    assert_eq!((table.get(key(a, 0)).is_none(), table.add(3, Birth::AtOrigin)), (true, a));
    assert_eq!(table.chunks(a).map(<[Chunk]>::len), Some(3));
}

/// Bytes present count copies in flight, in this tier only.
#[test]
fn occupied_bytes_count_copies_in_flight() {
    let mut table = Table::new(2);
    let object = table.add(3, Birth::AtOrigin);
    for chunk in [0, 2] {
        table.get_mut(key(object, chunk)).unwrap().begin_fill(DRAM, Source::Home).unwrap();
    }
    let _ = table.get_mut(key(object, 0)).unwrap().fill_done(DRAM).unwrap();
    let bytes = |key: ChunkKey| 10 + u64::from(key.chunk);
    assert_eq!((table.occupied_bytes(DRAM, bytes), table.occupied_bytes(TierId(1), bytes)), (22, 0));
    assert_eq!((table.iter().count(), table.check()), (3, Ok(())));
}

/// A key outside the table is nothing, not a panic.
#[test]
fn unknown_keys_are_nothing() {
    let mut table = Table::new(1);
    let object = table.add(1, Birth::AtOrigin);
    assert!(table.get(key(object, 1)).is_none() && table.get(key(9, 0)).is_none());
    assert!(table.get_mut(key(object, 1)).is_none() && table.chunks_mut(9).is_none());
}
